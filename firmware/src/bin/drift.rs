//! A camera is turned by a quarter half-way: a fixed dictionary against one that follows, the core of the desktop example.
#![no_std]
#![no_main]

#[path = "../../../examples/common/drift.rs"]
mod drift;

use drift::{Follower, K, M, turned};
use static_cell::ConstStaticCell;
use tinynmf::{Error, OnlineState};
use tinynmf_firmware::{FAILED, Line, data, digits, exit, hash, image, take};

image!(run);

/// Images before the turn, and after it.
const HALF: usize = 200;

fn run() -> Result<(), Error> {
    static STATE: ConstStaticCell<OnlineState<f32, M, K>> = ConstStaticCell::new(OnlineState::new());
    let mut follower = Follower::new(&digits::W, take(&STATE))?;
    // Mean squares over the last half of each half.
    let mut errors = [[0.0; 2]; 2];
    for (n, image) in data::MANY_DIGITS.iter().take(2 * HALF).enumerate() {
        let after = n >= HALF;
        let (still, following) = if after { follower.step(&turned(image)) } else { follower.step(image) };
        if n % HALF >= HALF / 2 {
            for (sum, residual) in
                errors[usize::from(after)].iter_mut().zip([still.relative_residual, following.relative_residual])
            {
                *sum += residual * residual / (HALF / 2) as f32;
            }
        }
    }
    let [[still, following], [still_after, following_after]] = errors;
    Line::new().text("before").share(still).share(following).print();
    Line::new().text("after").share(still_after).share(following_after).hex(hash(follower.state.w.iter())).print();
    // Squares: the fixed dictionary is lost, the other within two thirds of its error.
    if following_after > 0.5 * still_after || following > 1.1 * still {
        exit(FAILED);
    }
    Ok(())
}
