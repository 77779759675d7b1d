//! One frame followed from a dictionary, and nothing else: what that costs in flash, the dictionary (2048 bytes) included.
#![no_std]
#![no_main]

use core::hint::black_box;

use static_cell::ConstStaticCell;
use tinynmf::nalgebra::SVector;
use tinynmf::{Error, Online, OnlineState};
use tinynmf_firmware::digits::W;
use tinynmf_firmware::{FAILED, exit, image};

image!(run);

static STATE: ConstStaticCell<OnlineState<f32, 64, 8>> = ConstStaticCell::new(OnlineState::new());

fn run() -> Result<(), Error> {
    let Some(state) = STATE.try_take() else { exit(FAILED) };
    state.reset(&W)?;
    let (x, mut h) = (black_box(SVector::<f32, 64>::zeros()), SVector::zeros());
    black_box(Online::new().push(state, &x, &mut h));
    black_box(&h);
    Ok(())
}
