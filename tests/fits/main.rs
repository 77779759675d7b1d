//! What every solver promises, on ordinary and on extreme data. One program: each would compile the solvers anew.

#[path = "../common/mod.rs"]
mod common;

mod align;
mod converged;
mod errors;
mod golden;
mod kaczmarz;
mod known;
mod kullback_leibler;
mod masked;
mod penalties;
mod properties;
mod quality;
mod rank;
mod solvers;
mod statics;
mod stress;
