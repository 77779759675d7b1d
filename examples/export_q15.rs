//! Quantises the firmware's dictionary of handwritten digits to `i16` and writes it as Rust source.
//!
//! ```sh
//! cargo run --release --example export_q15                          # writes target/digits_q15.rs
//! cargo run --release --example export_q15 -- firmware/src/digits_q15.rs
//! ```
//!
//! `--example export` learns it. Prints what quantising loses, for `i16` and for `i8`.

#[rustfmt::skip]
#[allow(dead_code)]
#[path = "../firmware/src/digits.rs"]
mod digits;

use std::error::Error;
use std::path::PathBuf;

use tinynmf::integer::QuantizedDictionary;
use tinynmf_examples::data;

fn main() -> Result<(), Box<dyn Error>> {
    let dictionary = QuantizedDictionary::<i16, 64, 8>::quantize(&digits::W)?;
    println!("i16: {:?}", dictionary.loss(&digits::W));
    println!("i8: {:?}", QuantizedDictionary::<i8, 64, 8>::quantize(&digits::W)?.loss(&digits::W));
    let mut source = String::new();
    dictionary.write_source(&mut source)?;
    let target = data::target("digits_q15.rs");
    let path = std::env::args_os().nth(1).map_or(target, PathBuf::from);
    std::fs::write(&path, source)?;
    println!("written: {}", path.display());
    Ok(())
}
