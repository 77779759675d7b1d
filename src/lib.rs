//! Non-negative matrix factorisation inside a microcontroller: no heap, no operating system, no panics, sizes fixed at
//! compile time.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub use nalgebra;
pub use rand_core;

mod columns;
mod error;
mod factors;
mod fit;
mod history;
mod init;
mod kernel;
pub mod nnls;
mod outcome;
mod problem;
mod restarts;
mod scalar;
mod solver;
mod stop;

pub use columns::{Columns, Full, Quantized};
pub use error::{Error, Setting};
pub use factors::Factors;
pub use fit::{Nmf, Run, Workspace};
pub use history::History;
pub use init::{Init, RandomColumns, Spa, Start, Uniform};
pub use outcome::{Observer, Outcome, Progress};
pub use problem::{Data, Problem};
pub use restarts::RestartLog;
pub use scalar::Real;
pub use solver::{
    Als, AlsWorkspace, AlternateWorkspace, Anls, AnlsWorkspace, Chain, ChainWorkspace, Hals, Momentum,
    MomentumWorkspace, Penalty, Solver, Sweep,
};
pub use stop::{Status, Stop};
