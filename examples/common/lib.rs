//! What the examples and the experiments share.
#![cfg(not(target_os = "none"))]

pub mod data;
pub mod drift;
pub mod piano;
