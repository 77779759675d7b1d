//! Non-negative least squares without floating-point operations, for cores that have no unit for them: [`IntegerEncoder`].

mod active_set;
mod arithmetic;
mod dictionary;
mod encoder;
mod entry;
mod error;
mod factor;
mod frame;
mod guess;
mod source;

pub use dictionary::{QuantizationLoss, QuantizedDictionary};
pub use encoder::{IntegerEncoder, IntegerEncoding};
pub use entry::{Count, Entry};
pub use error::Unquantizable;
