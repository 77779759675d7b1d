//! A dictionary as Rust source.

use core::fmt;

use super::Encoder;
use crate::scalar::Real;

impl<T: Real, const M: usize, const K: usize> Encoder<'_, T, M, K> {
    /// Writes the encoder as Rust source: `W`, its prepared parts and `ENCODER`, statics that a firmware includes and that cost no RAM
    /// and no time at start.
    ///
    /// Every number stands there as its bits, so that nothing is rounded. Settings are not
    /// written: set them again. Formats integers only, which cannot panic.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    ///
    /// # Example
    ///
    /// ```
    /// use tinynmf::{Encoder, nalgebra::Matrix2};
    /// let w = Matrix2::new(1.0_f32, 0.0, 0.0, 2.0);
    /// let mut source = String::new();
    /// Encoder::new(&w).write_source(&mut source)?;
    /// assert!(source.contains("pub static W: SMatrix<f32, 2, 2>"));
    /// assert!(source.contains("pub static ENCODER: Encoder<'static, f32, 2, 2>"));
    /// # Ok::<(), core::fmt::Error>(())
    /// ```
    pub fn write_source(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let name = T::NAME;
        out.write_str(
            "// A dictionary for `tinynmf::Encoder`, written by `Encoder::write_source`: one part after the other, every number as its bits.\n\
             use tinynmf::Encoder;\n\
             use tinynmf::nalgebra::{ArrayStorage, SMatrix, SVector};\n\n",
        )?;
        writeln!(out, "/// {M} features × {K} parts.")?;
        writeln!(out, "pub static W: SMatrix<{name}, {M}, {K}> =")?;
        array(out, &self.w.data.0)?;
        writeln!(out, "\n/// Its Gram, scaled to unit diagonal.")?;
        writeln!(out, "pub static GRAM: SMatrix<{name}, {K}, {K}> =")?;
        array(out, &self.gram.data.0)?;
        writeln!(out, "\n/// One over the length of each part.")?;
        writeln!(out, "pub static SCALE: SVector<{name}, {K}> =")?;
        array(out, &self.scale.data.0)?;
        if let Some(weights) = self.weights {
            writeln!(out, "\n/// How much each feature counts.")?;
            writeln!(out, "pub static WEIGHTS: SVector<{name}, {M}> =")?;
            array(out, &weights.data.0)?;
        }
        writeln!(out, "\n/// Ready to encode.")?;
        write!(out, "pub static ENCODER: Encoder<'static, {name}, {M}, {K}> = ")?;
        out.write_str(match self.weights {
            None => "Encoder::from_parts(&W, &GRAM, &SCALE);\n",
            Some(_) => "Encoder::from_weighted_parts(&W, &WEIGHTS, &GRAM, &SCALE);\n",
        })
    }
}

/// `    SMatrix::from_array_storage(ArrayStorage([[…], …]));`
fn array<T: Real, const R: usize>(out: &mut dyn fmt::Write, columns: &[[T; R]]) -> fmt::Result {
    out.write_str("    SMatrix::from_array_storage(ArrayStorage([\n")?;
    for column in columns {
        out.write_str("        [")?;
        for (i, value) in column.iter().enumerate() {
            out.write_str(match i {
                0 => "",
                _ if i % 4 == 0 => ",\n         ",
                _ => ", ",
            })?;
            write!(out, "{}::from_bits(0x{:0width$x})", T::NAME, value.bits(), width = T::BYTES * 2)?;
        }
        out.write_str("],\n")?;
    }
    out.write_str("    ]));\n")
}
