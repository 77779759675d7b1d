//! Ends in a fault on purpose: the runner must see a status, not a time-out.
#![no_std]
#![no_main]

use tinynmf::Error;
use tinynmf_firmware::{Line, image};

image!(run);

fn run() -> Result<(), Error> {
    Line::new().text("reads where nothing is").print();
    // SAFETY: not sound, and meant to be: the processor shall fault.
    unsafe { (0xE800_0000 as *const u32).read_volatile() };
    Line::new().text("and got away with it").print();
    Ok(())
}
