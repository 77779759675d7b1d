//! A dictionary of integers as Rust source.

use core::fmt;

use super::dictionary::QuantizedDictionary;
use super::entry::Entry;

impl<I: Entry, const M: usize, const K: usize> QuantizedDictionary<I, M, K> {
    /// Writes the dictionary as Rust source: a static `W` that a firmware includes. Gram and lengths are computed at compile time.
    ///
    /// Formats integers only, which cannot panic.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    ///
    /// # Example
    ///
    /// ```
    /// use tinynmf::integer::QuantizedDictionary;
    /// let w = QuantizedDictionary::<i8, 2, 1>::new(&[[127, 64]], &[0.5]);
    /// let mut source = String::new();
    /// w.write_source(&mut source)?;
    /// assert!(source.contains("pub static W: QuantizedDictionary<i8, 2, 1>"));
    /// assert!(source.contains("[127, 64],"));
    /// # Ok::<(), core::fmt::Error>(())
    /// ```
    pub fn write_source(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let name = I::NAME;
        out.write_str(
            "// A dictionary for `tinynmf::integer::IntegerEncoder`, written by `QuantizedDictionary::write_source`: one part after the other.\n\
             use tinynmf::integer::QuantizedDictionary;\n\n",
        )?;
        writeln!(out, "/// {M} features × {K} parts.")?;
        writeln!(
            out,
            "pub static W: QuantizedDictionary<{name}, {M}, {K}> = QuantizedDictionary::<{name}, {M}, {K}>::new("
        )?;
        out.write_str("    &[\n")?;
        for k in 0..K {
            out.write_str("        [")?;
            for (i, row) in self.rows.iter().enumerate() {
                out.write_str(separator(i, 16))?;
                let entry: i32 = row.get(k).map_or(0, |&q| q.into());
                write!(out, "{entry}")?;
            }
            out.write_str("],\n")?;
        }
        out.write_str("    ],\n    &[")?;
        for (k, scale) in self.scale.iter().enumerate() {
            out.write_str(separator(k, 4))?;
            write!(out, "f32::from_bits(0x{:08x})", scale.to_bits())?;
        }
        out.write_str("],\n);\n")
    }
}

/// What stands before number `i` of a list with so many in a line.
fn separator(i: usize, line: usize) -> &'static str {
    match i.checked_rem(line) {
        _ if i == 0 => "",
        Some(0) => ",\n         ",
        _ => ", ",
    }
}
