//! One frame encoded in integers, and nothing else: what that costs in flash. The dictionary lies in RAM and is all zeros, which takes none.
#![no_std]
#![no_main]

use core::hint::black_box;

use static_cell::ConstStaticCell;
use tinynmf::Error;
use tinynmf::integer::{IntegerEncoder, QuantizedDictionary};
use tinynmf_firmware::{image, take};

image!(run);

static DICTIONARY: ConstStaticCell<QuantizedDictionary<i16, 64, 8>> =
    ConstStaticCell::new(QuantizedDictionary::zeros());

fn run() -> Result<(), Error> {
    let encoder = IntegerEncoder::new(take(&DICTIONARY));
    let (x, mut h) = (black_box([0_i16; 64]), [0; 8]);
    black_box(encoder.encode(&x, &mut h));
    black_box(&h);
    Ok(())
}
