//! Non-negative least squares, learning and following without floating-point operations, for cores that have no unit for them.
//!
//! A [`QuantizedDictionary`] is W in `i16` or `i8`, an [`IntegerEncoder`] explains frames of counts by it: `u8`, `i16` or `u16`, as a converter
//! delivers them. The answer is exact to some units of the last place, in 30 bits throughout, and has the same bits everywhere.
//! [`QuantizedFactors`] learns a dictionary, [`IntegerOnline`] improves one frame by frame.
//! [`no_fpu`](crate::no_fpu) has figures, bounds and their proof.

mod active_set;
mod arithmetic;
mod dictionary;
mod encoder;
mod entry;
mod error;
mod factor;
mod frame;
mod guess;
mod learning;
mod online;
mod source;
mod state;

pub use dictionary::{QuantizationLoss, QuantizedDictionary};
pub use encoder::{IntegerEncoder, IntegerEncoding};
pub use entry::{Count, Entry};
pub use error::Unquantizable;
pub use learning::{QuantizedFactors, QuantizedSweep, QuantizedWorkspace};
pub use online::{IntegerOnline, IntegerUpdate};
pub use state::IntegerOnlineState;
