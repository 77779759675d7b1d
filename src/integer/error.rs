//! Why a dictionary has no integer form: [`Unquantizable`].

use core::fmt;

/// A dictionary that [`QuantizedDictionary`](super::QuantizedDictionary) cannot represent.
///
/// # Example
///
/// ```
/// use tinynmf::integer::{QuantizedDictionary, Unquantizable};
/// use tinynmf::nalgebra::Matrix2;
/// let w = Matrix2::new(1.0_f32, 0.0, -2.0, 3.0);
/// let refused = QuantizedDictionary::<i16, 2, 2>::quantize(&w);
/// assert_eq!(refused.err(), Some(Unquantizable::Negative { row: 1, column: 0 }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unquantizable {
    /// An entry of W is NaN or infinite.
    NonFinite {
        /// Row of the entry: the feature.
        row: usize,
        /// Column of the entry: the component.
        column: usize,
    },
    /// An entry of W is negative. The bounds of the integer encoder are those of non-negative parts.
    Negative {
        /// Row of the entry: the feature.
        row: usize,
        /// Column of the entry: the component.
        column: usize,
    },
    /// The length of a part, or one over it, is no normal number in f32.
    Length {
        /// The component.
        column: usize,
    },
}

impl fmt::Display for Unquantizable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NonFinite { row, column } => write!(f, "W is not finite at row {row}, column {column}"),
            Self::Negative { row, column } => write!(f, "W is negative at row {row}, column {column}"),
            Self::Length { column } => write!(f, "the length of column {column} of W is out of range"),
        }
    }
}

impl core::error::Error for Unquantizable {}
