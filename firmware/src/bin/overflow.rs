//! Overflows its stack on purpose: the runner must see a status, not a time-out.
#![no_std]
#![no_main]

use core::hint::black_box;

use tinynmf::Error;
use tinynmf_firmware::{Line, image};

image!(run);

fn run() -> Result<(), Error> {
    Line::new().text("recurses without end").print();
    black_box(deeper(black_box(0)));
    Line::new().text("and got away with it").print();
    Ok(())
}

#[inline(never)]
fn deeper(depth: u32) -> u32 {
    let frame = black_box([depth; 32]);
    if black_box(false) {
        return depth;
    }
    deeper(depth.wrapping_add(1)).wrapping_add(frame[3])
}
