//! One frame encoded in integers, and nothing else: what that costs in flash besides the dictionary.
#![no_std]
#![no_main]

use core::hint::black_box;

use tinynmf::Error;
use tinynmf::integer::{IntegerEncoder, QuantizedDictionary};
use tinynmf_firmware::image;

image!(run);

/// Without parts, so that nothing but zeros lies in flash; which dictionary it is does not matter to the code.
static NOTHING: [u32; 1] = [0];

fn run() -> Result<(), Error> {
    let dictionary = black_box(QuantizedDictionary::<i16, 64, 8>::zeros());
    let encoder = IntegerEncoder::new(black_box(&dictionary));
    let (x, mut h) = (black_box([NOTHING.len() as i16; 64]), [0; 8]);
    black_box(encoder.encode(&x, &mut h));
    black_box(&h);
    Ok(())
}
