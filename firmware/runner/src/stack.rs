//! The worst-case stack, from the machine code: what every function takes off the stack pointer, whom it calls, and the deepest
//! path from a given root.
//!
//! It errs to the safe side: everything a function may push counts at once, a jump to another function counts as a call, and a
//! call through a pointer may reach every function whose address lies in read-only data (the tables of `dyn`).

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use object::{Object, ObjectSection, SectionKind};
use rustc_demangle::demangle;

use crate::Result;
use crate::board::Board;
use crate::build::Image;
use crate::tools::Tools;

#[derive(Default)]
struct Function {
    /// Demangled, without the hash.
    name: String,
    /// Bytes.
    frame: u64,
    calls: BTreeSet<u64>,
    /// The same by symbol: where the listing gives no address.
    named_calls: BTreeSet<String>,
    /// As the linker knows it.
    symbol: String,
    /// Calls through a pointer.
    indirect: bool,
}

/// The functions of an image by address.
pub struct Graph {
    functions: BTreeMap<u64, Function>,
    /// Functions whose address lies in read-only data.
    pointed_to: BTreeSet<u64>,
}

impl Graph {
    pub fn read(image: &Image, board: &Board, tools: &Tools) -> Result<Self> {
        let listing = Command::new(&tools.objdump)
            .args(["-d", "--no-show-raw-insn", "--no-print-imm-hex", board.features])
            .arg(&image.path)
            .output();
        let listing = listing.map_err(|error| format!("llvm-objdump: {error}"))?;
        let data = std::fs::read(&image.path).map_err(|error| format!("{}: {error}", image.path.display()))?;
        let memory = Memory::parse(&data)?;
        let functions = parse(&String::from_utf8_lossy(&listing.stdout), &memory);
        // Thumb code is pointed to with the lowest bit set.
        Ok(Self::link(functions, memory.words().map(|word| word & !1)))
    }

    /// Resolves calls by name, and drops what leads to no function.
    fn link(mut functions: BTreeMap<u64, Function>, words: impl Iterator<Item = u64>) -> Self {
        let starts: BTreeSet<u64> = functions.keys().copied().collect();
        let symbols = functions.iter().map(|(&address, function)| (function.symbol.clone(), address));
        let symbols: BTreeMap<String, u64> = symbols.collect();
        for function in functions.values_mut() {
            let named = function.named_calls.iter().filter_map(|name| symbols.get(name));
            function.calls.extend(named);
            function.calls.retain(|call| starts.contains(call));
        }
        let pointed_to = words.filter(|word| starts.contains(word)).collect();
        Self { functions, pointed_to }
    }

    /// The deepest path below and including the function of that name, without the caller's own frame. Bytes.
    pub fn depth(&self, root: &str) -> Result<u64> {
        let is_root =
            |name: &str| name.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with("::<"));
        let found = self.functions.iter().filter(|(_, function)| is_root(&function.name)).map(|(&address, _)| address);
        let found: Vec<u64> = found.collect();
        match found.as_slice() {
            [] => Err(format!("no function {root} in the image")),
            several => Ok(several.iter().map(|&address| self.below(address, &mut BTreeMap::new())).max().unwrap_or(0)),
        }
    }

    fn below(&self, address: u64, known: &mut BTreeMap<u64, u64>) -> u64 {
        if let Some(&depth) = known.get(&address) {
            return depth;
        }
        // A cycle would end here; `recursion` has refused it before.
        known.insert(address, 0);
        let Some(function) = self.functions.get(&address) else { return 0 };
        let deepest = self.callees(function).map(|callee| self.below(callee, known)).max().unwrap_or(0);
        let depth = function.frame + deepest;
        known.insert(address, depth);
        depth
    }

    fn callees<'g>(&'g self, function: &'g Function) -> impl Iterator<Item = u64> + 'g {
        let pointed_to = self.pointed_to.iter().filter(|_| function.indirect);
        function.calls.iter().chain(pointed_to).copied()
    }

    /// A function that can reach itself.
    pub fn recursion(&self) -> Option<String> {
        let mut done = BTreeSet::new();
        self.functions.keys().find_map(|&address| self.cycle(address, &mut Vec::new(), &mut done))
    }

    fn cycle(&self, address: u64, path: &mut Vec<u64>, done: &mut BTreeSet<u64>) -> Option<String> {
        let function = self.functions.get(&address)?;
        if let Some(start) = path.iter().position(|&above| above == address) {
            let names =
                path.iter().skip(start).filter_map(|above| self.functions.get(above)).map(|above| above.name.as_str());
            return Some(names.collect::<Vec<_>>().join(" → "));
        }
        if !done.insert(address) {
            return None;
        }
        path.push(address);
        let found = self.callees(function).find_map(|callee| self.cycle(callee, path, done));
        path.pop();
        found
    }
}

/// The parts of the image that lie in flash.
struct Memory<'d> {
    code: Vec<(u64, &'d [u8])>,
    data: Vec<(u64, &'d [u8])>,
}

impl<'d> Memory<'d> {
    fn parse(image: &'d [u8]) -> Result<Self> {
        let file = object::File::parse(image).map_err(|error| error.to_string())?;
        let mut memory = Self { code: Vec::new(), data: Vec::new() };
        for section in file.sections() {
            let Ok(bytes) = section.data() else { continue };
            match section.kind() {
                SectionKind::Text => memory.code.push((section.address(), bytes)),
                // The vector table is data too, but nobody calls through it.
                SectionKind::ReadOnlyData | SectionKind::Data if section.name() != Ok(".vector_table") => {
                    memory.data.push((section.address(), bytes));
                }
                _ => {}
            }
        }
        Ok(memory)
    }

    fn words(&self) -> impl Iterator<Item = u64> {
        let words = self.data.iter().flat_map(|(_, bytes)| bytes.as_chunks::<4>().0);
        words.map(|&word| u64::from(u32::from_le_bytes(word)))
    }

    /// The word of a literal pool.
    fn literal(&self, address: u64) -> Option<u32> {
        self.code.iter().find_map(|(start, bytes)| {
            let at = usize::try_from(address.checked_sub(*start)?).ok()?;
            Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
        })
    }
}

/// Reads what llvm-objdump prints.
fn parse(listing: &str, memory: &Memory) -> BTreeMap<u64, Function> {
    let mut functions: BTreeMap<u64, Function> = BTreeMap::new();
    let mut address = 0;
    // Constants that were put into a register, for frames too large for an immediate.
    let mut constants: BTreeMap<String, i64> = BTreeMap::new();
    for line in listing.lines() {
        if let Some((start, name)) = line.strip_suffix(">:").and_then(|line| line.split_once(" <")) {
            if name.starts_with("$") {
                continue;
            }
            address = u64::from_str_radix(start, 16).unwrap_or(0);
            let function = functions.entry(address).or_default();
            function.name = format!("{:#}", demangle(name));
            function.symbol = name.to_owned();
            constants.clear();
            continue;
        }
        let Some((_, instruction)) = line.split_once(":\t").or_else(|| line.split_once(": ")) else { continue };
        let Some(function) = functions.get_mut(&address) else { continue };
        let mut parts = instruction.trim().splitn(2, ['\t', ' ']);
        let (name, operands) = (parts.next().unwrap_or(""), parts.next().unwrap_or("").trim());
        let name = name.trim_end_matches(".w").trim_end_matches(".n");
        function.frame += taken(name, operands, &constants);
        note_constant(name, operands, memory, &mut constants);
        match target(operands) {
            // A jump to its own start is a loop, a call would be recursion.
            Some(Target::Address(to)) if to != address || is_call(name) => _ = function.calls.insert(to),
            Some(Target::Symbol(symbol)) if symbol != function.symbol || is_call(name) => {
                function.named_calls.insert(symbol);
            }
            Some(_) => {}
            None => {
                let jumps = matches!(name, "blx" | "bx" | "jalr" | "jr");
                function.indirect |= jumps && !matches!(operands, "lr" | "ra");
            }
        }
    }
    functions
}

fn is_call(name: &str) -> bool {
    matches!(name, "bl" | "blx" | "jal" | "jalr")
}

enum Target {
    Address(u64),
    Symbol(String),
}

/// What stands in `… <symbol>`: nothing if it is a place inside a function.
fn target(operands: &str) -> Option<Target> {
    let (before, symbol) = operands.split_once(" <")?;
    let symbol = symbol.split_once('>').map_or(symbol, |(symbol, _)| symbol);
    if symbol.contains("+0x") || symbol.starts_with('$') {
        return None;
    }
    let number = before.rsplit([' ', ',', '\t']).find_map(|part| part.strip_prefix("0x"));
    match number {
        Some(number) => u64::from_str_radix(number, 16).ok().map(Target::Address),
        None => Some(Target::Symbol(symbol.to_owned())),
    }
}

/// Bytes that an instruction takes off the stack pointer.
fn taken(name: &str, operands: &str, constants: &BTreeMap<String, i64>) -> u64 {
    let listed = |size: u64| {
        let list = operands.split_once('{').and_then(|(_, list)| list.split_once('}')).map_or("", |(list, _)| list);
        size * list.split(',').count() as u64
    };
    let immediate = |text: &str| text.trim().trim_start_matches('#').parse::<i64>().ok();
    let parts: Vec<&str> = operands.split(',').map(str::trim).collect();
    match name {
        "push" => listed(4),
        "vpush" if operands.contains("{d") => listed(8),
        "vpush" => listed(4),
        "stmdb" if operands.starts_with("sp!") => listed(4),
        "str" | "strd" if operands.ends_with("]!") && operands.contains("[sp, #-") => {
            let step = operands.rsplit("#-").next().map(|step| step.trim_end_matches("]!"));
            step.and_then(|step| step.parse().ok()).unwrap_or(0)
        }
        "sub" | "subw" | "add" | "addi" | "c.addi16sp" if parts.first() == Some(&"sp") => {
            let last = parts.last().copied().unwrap_or("");
            let value = immediate(last).or_else(|| constants.get(last).copied()).unwrap_or(0);
            let value = if name.starts_with("sub") { -value } else { value };
            u64::try_from(-value).unwrap_or(0)
        }
        _ => 0,
    }
}

/// Follows `ldr`, `movw`, `mov` and `lui`/`addi` of a constant.
fn note_constant(name: &str, operands: &str, memory: &Memory, constants: &mut BTreeMap<String, i64>) {
    let mut parts = operands.split(',').map(str::trim);
    let Some(register) = parts.next().map(str::to_owned) else { return };
    let rest: Vec<&str> = parts.collect();
    let immediate =
        |text: &str| text.trim_start_matches('#').split(' ').next().and_then(|text| text.parse::<i64>().ok());
    let value = match name {
        "ldr" if operands.contains("[pc") => {
            let address = operands.split("@ 0x").nth(1).and_then(|text| text.split(' ').next());
            let address = address.and_then(|text| u64::from_str_radix(text, 16).ok());
            address.and_then(|address| memory.literal(address)).map(|word| i64::from(word.cast_signed()))
        }
        "mov" | "movs" | "movw" | "li" => rest.first().and_then(|text| immediate(text)),
        "lui" => rest.first().and_then(|text| immediate(text)).map(|value| value << 12),
        "addi" if register != "sp" => {
            rest.first().zip(rest.last()).and_then(|(from, text)| Some(constants.get(*from)? + immediate(text)?))
        }
        _ => None,
    };
    match value {
        Some(value) => constants.insert(register, value),
        None => constants.remove(&register),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(listing: &str, pointed_to: &[u64]) -> Graph {
        let memory = Memory { code: vec![(0x100, &[0x00, 0xF8, 0xFF, 0xFF])], data: Vec::new() };
        Graph::link(parse(listing, &memory), pointed_to.iter().copied())
    }

    #[test]
    fn every_way_to_take_stack_counts() {
        let listing = "00000010 <a>:\n      10:      \tpush\t{r4, r5, r7, lr}\n      12:      \tvpush\t{d8, d9}\n      \
                       16:      \tsub.w\tsp, sp, #536\n      1a:      \tstr\tr4, [sp, #-16]!\n\
                       00000020 <thumb_large>:\n      20:      \tldr\tr7, [pc, #8]            @ 0x100 <a+0x90>\n      \
                       22:      \tadd\tsp, r7\n\
                       00000030 <riscv>:\n      30:      \taddi\tsp, sp, -32\n      32:      \taddi\tsp, sp, 32\n\
                       00000040 <riscv_large>:\n      40:      \tlui\ta0, 1\n      42:      \taddi\ta0, a0, -96\n      \
                       44:      \tsub\tsp, sp, a0\n";
        let graph = graph(listing, &[]);
        let depth = |name: &str| graph.depth(name).unwrap();
        assert_eq!(depth("a"), 16 + 16 + 536 + 16);
        assert_eq!(depth("thumb_large"), 2048, "the constant −2048 of the literal pool");
        assert_eq!(depth("riscv"), 32);
        assert_eq!(depth("riscv_large"), 4000);
    }

    #[test]
    fn the_deepest_path_goes_through_jumps_names_and_pointers() {
        let listing = "00000010 <top>:\n 10:\tpush\t{r4, lr}\n 12:\tbl\t0x20 <leaf> @ imm = #8\n 16:\tb.w\t0x30 <tail>\n\
                       00000020 <leaf>:\n 20:\tsub\tsp, #100\n 22:\tbx\tlr\n\
                       00000030 <tail>:\n 30:\taddi\tsp, sp, -16\n 32:\tjalr\t-18(ra) <named>\n\
                       00000040 <named>:\n 40:\tsub\tsp, #200\n 42:\tblx\tr3\n\
                       00000050 <by_pointer>:\n 50:\tsub\tsp, #300\n";
        assert_eq!(graph(listing, &[]).depth("top").unwrap(), 8 + 16 + 200);
        assert_eq!(graph(listing, &[0x50]).depth("top").unwrap(), 8 + 16 + 200 + 300);
        assert!(graph(listing, &[]).depth("nothing").is_err());
    }

    #[test]
    fn recursion_is_found_and_loops_are_not_mistaken_for_it() {
        let looping = "00000010 <spin>:\n 10:\tj\t0x10 <spin>\n";
        assert_eq!(graph(looping, &[]).recursion(), None);
        let direct = "00000010 <again>:\n 10:\tbl\t0x10 <again>\n";
        assert_eq!(graph(direct, &[]).recursion().unwrap(), "again");
        let mutual = "00000010 <a>:\n 10:\tbl\t0x20 <b>\n00000020 <b>:\n 20:\tbl\t0x10 <a>\n";
        assert_eq!(graph(mutual, &[]).recursion().unwrap(), "a → b");
        let by_pointer = "00000010 <a>:\n 10:\tblx\tr0\n";
        assert_eq!(graph(by_pointer, &[0x10]).recursion().unwrap(), "a");
    }
}
