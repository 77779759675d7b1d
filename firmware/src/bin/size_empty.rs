//! Nothing: what the sizes of the other images are compared with.
#![no_std]
#![no_main]

use tinynmf::Error;
use tinynmf_firmware::image;

image!(run);

fn run() -> Result<(), Error> {
    Ok(())
}
