//! What the examples and the experiments share. Empty on a microcontroller, so that the workspace builds for one.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(not(target_os = "none"))]

pub mod data;
pub mod drift;
pub mod piano;
pub mod plot;
