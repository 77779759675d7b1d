//! One frame encoded in f32, and nothing else: what that costs in flash, the dictionary (2336 bytes) included.
#![no_std]
#![no_main]

use core::hint::black_box;

use tinynmf::Error;
use tinynmf::nalgebra::SVector;
use tinynmf_firmware::digits::ENCODER;
use tinynmf_firmware::image;

image!(run);

fn run() -> Result<(), Error> {
    let (x, mut h) = (black_box(SVector::<f32, 64>::zeros()), SVector::zeros());
    black_box(ENCODER.encode(&x, &mut h));
    black_box(&h);
    Ok(())
}
