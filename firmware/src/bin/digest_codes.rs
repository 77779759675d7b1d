//! The bits of encoders and of a stream: the constants of the host's `tests/digest`, on every board.
#![no_std]
#![no_main]

#[expect(dead_code)] // the other image has the rest of it
#[path = "../../../tests/digest/fits.rs"]
mod fits;

use fits::{Fit, codes_and_stream};
use tinynmf::Error;
use tinynmf_firmware::print::compared;
use tinynmf_firmware::{FAILED, exit, image};

image!(run);

fn run() -> Result<(), Error> {
    let mut wrong = 0;
    for Fit { name, digest, expected_f32, .. } in codes_and_stream::<f32>() {
        wrong += compared("f32", name, digest()?, expected_f32);
    }
    for Fit { name, digest, expected_f64, .. } in codes_and_stream::<f64>() {
        wrong += compared("f64", name, digest()?, expected_f64);
    }
    if wrong > 0 { exit(FAILED) } else { Ok(()) }
}
