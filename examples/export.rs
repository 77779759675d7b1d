//! Learns 8 parts of handwritten digits and writes them as Rust source that a firmware includes.
//!
//! ```sh
//! cargo run --release --example export                          # writes target/digits.rs
//! cargo run --release --example export -- firmware/src/digits.rs
//! ```
//!
//! Learns from the last 797 images, so that the first 1000 are new to the device.

use std::error::Error;
use std::path::PathBuf;

use tinynmf::{Encoder, Factors, Nmf, Problem, RestartLog, Start, Workspace};
use tinynmf_examples::data;

const M: usize = 64;
const N: usize = 797;
const K: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let images = data::cast::<f32, M>(&data::frames("digits.csv"));
    let (_, images) = images.split_at(images.len() - N);
    let problem = Problem::<f32, M, N, _>::from_columns(images)?;
    let (mut best, mut trial) = (Box::new(Factors::<f32, M, N, K>::zeros()), Box::new(Factors::zeros()));
    let mut ws = Box::new(Workspace::new());
    let log: RestartLog<f32, 8> =
        Nmf::default().pilots(30).fit_restarts(&problem, |_| Start::Uniform, &mut best, &mut trial, &mut ws)?;
    best.normalize();
    best.sort();
    println!("relative error of {K} parts on {N} images: {:.4}", log.outcome().relative_error);

    let mut source = String::new();
    Encoder::new(&best.w).write_source(&mut source)?;
    let target = data::target("digits.rs");
    let path = std::env::args_os().nth(1).map_or(target, PathBuf::from);
    std::fs::write(&path, source)?;
    println!("written: {}", path.display());
    Ok(())
}
