//! Lays out the memory of the board, links each image, and quantises the recorded data into tables for flash.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const KB: u32 = 1 << 10;
const MB: u32 = 1 << 20;

/// Where memory lies on a board.
struct Board {
    flash: (u32, u32),
    ram: (u32, u32),
}

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = env::var("TARGET").expect("cargo sets TARGET");
    println!("cargo:rerun-if-changed=build.rs");

    println!("cargo:rustc-check-cfg=cfg(armv6m, armv7m, armv8m)");
    let (core, board) = match target.split('-').next() {
        Some("thumbv6m") => ("armv6m", Board { flash: (0, 256 * KB), ram: (0x2000_0000, 16 * KB) }),
        Some("thumbv7m" | "thumbv7em") => ("armv7m", Board { flash: (0, 4 * MB), ram: (0x2000_0000, 4 * MB) }),
        Some("thumbv8m.main") => ("armv8m", Board { flash: (0x1000_0000, 4 * MB), ram: (0x3800_0000, 4 * MB) }),
        // The data alone are of use on a host, to its linter.
        _ => ("riscv", Board { flash: (0x8000_0000, MB), ram: (0x8010_0000, 4 * MB) }),
    };
    if core.starts_with("arm") {
        println!("cargo:rustc-cfg={core}");
    }
    for image in images(root) {
        let folder = out.join(&image);
        fs::create_dir_all(&folder).expect("OUT_DIR is writable");
        fs::write(folder.join("memory.x"), memory(&board, &image)).expect("OUT_DIR is writable");
        println!("cargo:rustc-link-arg-bin={image}=-L{}", folder.display());
        println!("cargo:rustc-link-arg-bin={image}=-Tlink.x");
    }

    if env::var_os("CARGO_FEATURE_C").is_some() {
        compile_c(root, core);
    }

    let mut tables = String::new();
    let digits = read(root, "digits.csv");
    table(&mut tables, "DIGITS", "i16", &digits[..64], 1.0);
    table(&mut tables, "MANY_DIGITS", "u8", &digits[..1000], 1.0);
    let bands = bands(&read(root, "piano_65x128.csv"));
    let largest = bands.iter().flatten().fold(0.0, |largest: f64, &value| largest.max(value));
    table(&mut tables, "PIANO", "i16", &bands, 4095.0 / largest);
    chords(root, &mut tables);
    fs::write(out.join("tables.rs"), tables).expect("OUT_DIR is writable");
}

/// The linker's map. The stack lies at the low end of the RAM: one that overflows leaves the RAM, or meets write-protected code,
/// and faults instead of eating statics.
fn memory(board: &Board, image: &str) -> String {
    let (ram, length) = board.ram;
    // 24 templates and codes in them take 17 KB: linked for every board, run where there is so much.
    let length = if image == "piano" { length.max(32 * KB) } else { length };
    // Most images keep factors in statics; this one has workspaces on the stack.
    let stack = match image {
        "digest" | "digest_codes" => length * 3 / 4,
        // Keeps the cost of 1000 frames.
        "encode" | "encode_q15" => 12 * KB,
        // Three sides, each with its own arrays.
        "versus" => 16 * KB,
        // Codes in 24 parts.
        "piano" => 12 * KB,
        _ => 4 * KB,
    };
    // This one is only ever linked: it need not fit.
    let flash = if image == "nopanic" { 16 * MB } else { board.flash.1 };
    let aliases = ["TEXT", "RODATA", "DATA", "BSS", "HEAP"];
    let aliases = aliases.map(|name| {
        let region = if matches!(name, "TEXT" | "RODATA") { "FLASH" } else { "RAM" };
        format!("REGION_ALIAS(\"REGION_{name}\", {region});\n")
    });
    format!(
        "MEMORY\n{{\n  FLASH (rx) : ORIGIN = {}, LENGTH = {}\n  STACK (rw) : ORIGIN = {ram}, LENGTH = {stack}\n  RAM (rwx) : ORIGIN = {}, \
         LENGTH = {}\n}}\n{}REGION_ALIAS(\"REGION_STACK\", STACK);\n_stack_start = {};\n_stack_end = {ram};\n",
        board.flash.0,
        flash,
        ram + stack,
        length - stack,
        aliases.concat(),
        ram + stack,
    )
}

/// The C side of `versus`, as one would compile it for the core. `CMSIS_DSP` says where the sources of that library are.
fn compile_c(root: &Path, core: &str) {
    println!("cargo:rerun-if-env-changed=CMSIS_DSP");
    let cmsis = PathBuf::from(env::var_os("CMSIS_DSP").expect("CMSIS_DSP is the folder of the CMSIS-DSP sources"));
    let cpu = match core {
        "armv7m" => ["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16"],
        _ => ["-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16"],
    };
    let mut build = cc::Build::new();
    build.compiler("arm-none-eabi-gcc").no_default_flags(true).warnings(false);
    build
        .flags(["-O3", "-mthumb", "-mfloat-abi=hard", "-ffunction-sections", "-fno-math-errno", "-std=c11"])
        .flags(cpu);
    // Without it the package's headers ask for those of a CPU vendor.
    build.flag("-D__GNUC_PYTHON__");
    build.include(cmsis.join("Include")).include(cmsis.join("PrivateInclude"));
    for file in ["plain", "cmsis"] {
        let path = root.join(format!("c/{file}.c"));
        println!("cargo:rerun-if-changed={}", path.display());
        build.file(path);
    }
    for function in ["mult", "vec_mult", "trans", "cholesky", "solve_lower_triangular", "solve_upper_triangular"] {
        build.file(cmsis.join(format!("Source/MatrixFunctions/arm_mat_{function}_f32.c")));
    }
    build.compile("versus");
}

fn images(root: &Path) -> Vec<String> {
    let bin = root.join("src/bin");
    println!("cargo:rerun-if-changed={}", bin.display());
    let files = fs::read_dir(bin).expect("src/bin");
    let paths = files.map(|file| file.expect("an entry of src/bin").path());
    paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}

/// The lines of a file of numbers.
fn read(root: &Path, name: &str) -> Vec<Vec<f64>> {
    let path = root.join("../data").join(name);
    println!("cargo:rerun-if-changed={}", path.display());
    let reader = csv::ReaderBuilder::new().has_headers(false).comment(Some(b'#')).from_path(&path);
    let mut reader = reader.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = reader.records().map(|record| record.expect("a CSV record"));
    lines.map(|line| line.iter().map(|field| field.trim().parse().expect("a number")).collect()).collect()
}

/// 32 frames of 16 bands: the mean of four neighbouring bins and of four neighbouring frames. `rows`: 65 bins × 128 frames.
fn bands(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mean = |band: usize, frame: usize| {
        let bins = rows.iter().skip(1 + 4 * band).take(4);
        bins.flat_map(|row| row.iter().skip(4 * frame).take(4)).sum::<f64>() / 16.0
    };
    (0..32).map(|frame| (0..16).map(|band| mean(band, frame)).collect()).collect()
}

/// The isolated notes, and the first chords with their score.
fn chords(root: &Path, out: &mut String) {
    const SHOWN: usize = 160;
    let notes: Vec<Vec<f64>> = read(root, "piano_notes.csv").iter().map(|line| line[1..].to_vec()).collect();
    let takes: Vec<Vec<Vec<i16>>> = notes
        .chunks(10)
        .map(|takes| takes.iter().map(|take| take.iter().map(|&x| x as i16).collect()).collect())
        .collect();
    writeln!(out, "pub static PIANO_NOTES: [[[i16; 96]; 10]; 24] = {takes:?};").expect("memory");
    table(out, "PIANO_CHORDS", "i16", &read(root, "piano_chords.csv")[..SHOWN], 1.0);
    let score = read(root, "piano_score.csv").into_iter().filter(|line| line[0] < SHOWN as f64);
    let mut score: Vec<(u16, u8)> = score.map(|line| (line[0] as u16, line[2] as u8 - 60)).collect();
    score.sort();
    writeln!(out, "pub static PIANO_SCORE: [(u16, u8); {}] = {score:?};", score.len()).expect("memory");
}

/// `pub static NAME: [[COUNT; M]; N]`, one frame per element, values times `scale`.
fn table(out: &mut String, name: &str, count: &str, frames: &[Vec<f64>], scale: f64) {
    let counts = frames.iter().map(|frame| frame.iter().map(|value| (value * scale).round() as i16).collect());
    let counts: Vec<Vec<i16>> = counts.collect();
    let (frames, features) = (counts.len(), counts[0].len());
    writeln!(out, "pub static {name}: [[{count}; {features}]; {frames}] = {counts:?};").expect("memory");
}
