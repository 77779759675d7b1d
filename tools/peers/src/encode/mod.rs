//! Encoding of single frames: dictionaries and frames, timings, the report.

mod case;
mod measure;
mod prepare;
mod report;

pub use measure::{Effort, measure};
pub use prepare::prepare;
pub use report::report;
