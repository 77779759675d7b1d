//! Learning: the expected time with restarts until a relative error is reached.

mod count;
mod ert;
#[cfg(feature = "ferrolearn")]
mod ferrolearn;
mod learner;
mod nnmf;
mod ours;
mod peak;
mod plan;
mod prepare;
mod problem;
mod report;
mod sweeps;
mod time;

pub use count::count;
pub use plan::plan;
pub use prepare::prepare;
pub use report::report;
pub use time::time;
