//! One frame encoded in integers, and nothing else: what that costs in flash, the dictionary (1360 bytes) included.
#![no_std]
#![no_main]

use core::hint::black_box;

use tinynmf::Error;
use tinynmf::integer::IntegerEncoder;
use tinynmf_firmware::digits_q15::W;
use tinynmf_firmware::image;

image!(run);

static ENCODER: IntegerEncoder<'static, i16, i16, 64, 8> = IntegerEncoder::new(&W);

fn run() -> Result<(), Error> {
    let (x, mut h) = (black_box([0_i16; 64]), [0; 8]);
    black_box(ENCODER.encode(&x, &mut h));
    black_box(&h);
    Ok(())
}
