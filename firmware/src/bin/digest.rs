//! The bits of one fixed fit per solver: the constants of the host's `tests/digest`, on every board.
#![no_std]
#![no_main]

#[path = "../../../tests/digest/fits.rs"]
mod fits;

use fits::fits;
use tinynmf::Error;
use tinynmf_firmware::{FAILED, Line, exit, image};

image!(run);

fn run() -> Result<(), Error> {
    let mut wrong = 0;
    for fit in fits::<f32>() {
        wrong += line("f32", fit.name, (fit.digest)()?, fit.expected_f32);
    }
    for fit in fits::<f64>() {
        wrong += line("f64", fit.name, (fit.digest)()?, fit.expected_f64);
    }
    if wrong > 0 { exit(FAILED) } else { Ok(()) }
}

fn line(precision: &str, name: &str, digest: u64, expected: u64) -> u32 {
    let line = Line::new().text(precision).hex(digest).text(" ").text(name);
    if digest == expected {
        line.print();
        return 0;
    }
    line.text(": should be").hex(expected).print();
    1
}
