//! What the linker made: sizes, and what must not be in an image.

use std::path::Path;

use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, elf};

use crate::Result;
use crate::board::Board;
use crate::build::Image;
use crate::figures::Figure;

/// Prefix of the images whose sizes are compared with that of the empty one.
pub const SIZED: &str = "size_";
pub const EMPTY: &str = "size_empty";

struct Size {
    flash: u64,
    ram: u64,
}

/// Flash and static RAM of the sized images above an empty one.
pub fn sizes(board: &Board, images: &[Image]) -> Result<Vec<Figure>> {
    let Some(empty) = images.iter().find(|image| image.name == EMPTY) else { return Ok(Vec::new()) };
    let base = size(&empty.path)?;
    let mut figures = Vec::new();
    for image in images.iter().filter(|image| image.name.starts_with(SIZED) && image.name != EMPTY) {
        let size = size(&image.path)?;
        let mut figure = |what: &str, value: u64| {
            let metric = format!("{what} above an empty image, opt {}", image.opt_level());
            figures.push(Figure { board: board.name, image: image.name.clone(), shape: String::new(), metric, value });
        };
        figure("flash", size.flash.saturating_sub(base.flash));
        figure("static RAM", size.ram.saturating_sub(base.ram));
    }
    Ok(figures)
}

fn size(path: &Path) -> Result<Size> {
    let data = read(path)?;
    let file = object::File::parse(&*data).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut size = Size { flash: 0, ram: 0 };
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
        // The linker's placeholder for the stack is no memory of the program's own.
        if !sh_flags.contains(elf::SHF_ALLOC) || section.name() == Ok(".stack") {
            continue;
        }
        let writable = sh_flags.contains(elf::SHF_WRITE);
        let stored = section.kind() != SectionKind::UninitializedData;
        size.ram += if writable { section.size() } else { 0 };
        size.flash += if stored { section.size() } else { 0 };
    }
    Ok(size)
}

/// Double-precision routines, by the names that Arm's run-time ABI and the compiler's own library give them.
const DOUBLE: [&str; 30] = [
    "__aeabi_dadd",
    "__aeabi_dsub",
    "__aeabi_drsub",
    "__aeabi_dmul",
    "__aeabi_ddiv",
    "__aeabi_dcmp",
    "__aeabi_cdcmp",
    "__aeabi_d2",
    "__aeabi_f2d",
    "__aeabi_i2d",
    "__aeabi_ui2d",
    "__aeabi_l2d",
    "__aeabi_ul2d",
    "__adddf3",
    "__subdf3",
    "__muldf3",
    "__divdf3",
    "__negdf2",
    "__cmpdf2",
    "__ltdf2",
    "__gtdf2",
    "__ledf2",
    "__gedf2",
    "__eqdf2",
    "__nedf2",
    "__unorddf2",
    "__extendsfdf2",
    "__truncdfsf2",
    "__fixdf",
    "__fixunsdf",
];
/// And those that make a double of an integer: `__floatsidf`, `__floatundidf`, …
const TO_DOUBLE: (&str, &str) = ("__float", "idf");

/// The same in single precision.
const SINGLE: [&str; 26] = [
    "__aeabi_fadd",
    "__aeabi_fsub",
    "__aeabi_frsub",
    "__aeabi_fmul",
    "__aeabi_fdiv",
    "__aeabi_fcmp",
    "__aeabi_cfcmp",
    "__aeabi_f2",
    "__aeabi_i2f",
    "__aeabi_ui2f",
    "__aeabi_l2f",
    "__aeabi_ul2f",
    "__addsf3",
    "__subsf3",
    "__mulsf3",
    "__divsf3",
    "__negsf2",
    "__cmpsf2",
    "__ltsf2",
    "__gtsf2",
    "__lesf2",
    "__gesf2",
    "__eqsf2",
    "__nesf2",
    "__unordsf2",
    "__fixsf",
];
const TO_SINGLE: (&str, &str) = ("__float", "isf");

/// Fails if the image of a core without floating-point unit holds a double-precision routine, or an integer image one of any precision.
pub fn without_soft_floats(image: &Image) -> Result<()> {
    let data = read(&image.path)?;
    let file = object::File::parse(&*data).map_err(|error| format!("{}: {error}", image.path.display()))?;
    let names = file.symbols().filter_map(|symbol| symbol.name().ok().map(str::to_owned));
    let is_one_of = |name: &str, routines: &[&str], (before, after): (&str, &str)| {
        routines.iter().any(|routine| name.contains(routine)) || (name.contains(before) && name.contains(after))
    };
    let found: Vec<String> = names
        .filter(|name| is_one_of(name, &DOUBLE, TO_DOUBLE) || image.is_integer() && is_one_of(name, &SINGLE, TO_SINGLE))
        .collect();
    if found.is_empty() { Ok(()) } else { Err(format!("holds soft floating point: {}", found.join(", "))) }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
