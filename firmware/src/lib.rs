//! What every image shares: the board it runs on, printing without `core::fmt`, counting instructions, measuring stack.
//!
//! Images are programs for QEMU. Each prints what it found, a line at a time, and ends with an exit status. Lines that start with
//! `measured` are figures (`measured SHAPE METRIC VALUE`); all others are compared with `expected/`.
#![no_std]

use core::panic::PanicInfo;

use static_cell::ConstStaticCell;

pub mod board;
pub mod data;
#[rustfmt::skip] // as it was written
pub mod digits;
#[rustfmt::skip] // as it was written
pub mod digits_q15;
pub mod measure;
pub mod print;

pub use print::Line;

/// Exit status of an image that met an error of the library.
pub const FAILED: i32 = 2;
/// Exit status after a fault of the processor.
pub const FAULT: i32 = 70;

/// The entry of an image: starts the clocks, runs `$run: fn() -> Result<(), Error>`, ends with a status.
#[macro_export]
macro_rules! image {
    ($run:path) => {
        #[unsafe(no_mangle)]
        extern "C" fn main() -> ! {
            $crate::board::start();
            match $run() {
                Ok(()) => $crate::exit(0),
                Err(_) => $crate::exit($crate::FAILED),
            }
        }
    };
}

/// Ends the run with a status that the emulator hands on.
pub fn exit(status: i32) -> ! {
    semihosting::process::exit(status)
}

/// The one user of a static; a second one ends the run.
pub fn take<T>(cell: &'static ConstStaticCell<T>) -> &'static mut T {
    match cell.try_take() {
        Some(value) => value,
        None => {
            Line::new().text("a static was taken twice").print();
            exit(FAILED)
        }
    }
}

/// FNV-1a over the bits of numbers.
pub fn hash<'a, T: tinynmf::Real>(values: impl Iterator<Item = &'a T>) -> u64 {
    hash_bytes(values.flat_map(|value| value.bits().to_le_bytes()))
}

/// FNV-1a.
pub fn hash_bytes(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// An image in which a panic is reachable does not link.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    #[cfg(feature = "panics")]
    {
        Line::new().text("panic").print();
        exit(101)
    }
    #[cfg(not(feature = "panics"))]
    {
        unsafe extern "C" {
            fn a_panic_is_reachable() -> !;
        }
        // SAFETY: never runs; an image that holds this call does not link.
        unsafe { a_panic_is_reachable() }
    }
}
