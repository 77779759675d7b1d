//! One frame encoded exactly, and nothing else: what that costs in flash.
#![no_std]
#![no_main]

use core::hint::black_box;

use tinynmf::Error;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::nnls;
use tinynmf_firmware::image;

image!(run);

fn run() -> Result<(), Error> {
    let w = black_box(SMatrix::<f32, 64, 8>::zeros());
    let gram = black_box(SMatrix::<f32, 8, 8>::zeros());
    let x = black_box(SVector::<f32, 64>::zeros());
    let (mut cross, mut h) = (SVector::zeros(), SVector::zeros());
    w.tr_mul_to(&x, &mut cross);
    nnls::solve(&gram, &cross, &mut h);
    black_box(&h);
    Ok(())
}
