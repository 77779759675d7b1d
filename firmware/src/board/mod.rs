//! The processor: its instruction counter, its timer, its stack, its faults.

#[cfg(target_arch = "arm")]
mod cortex_m;
#[cfg(target_arch = "arm")]
use cortex_m as core_support;
#[cfg(target_arch = "riscv32")]
mod riscv;
#[cfg(target_arch = "riscv32")]
use riscv as core_support;

pub use core_support::{deadlines, every, instructions, start, without_interrupts};

const PAINT: u32 = 0xA5A5_5A5A;
/// Bytes below the stack pointer that stay as they are while painting: the painter's own.
const SPARE: usize = 64;

/// Paints the free stack, from its end up to the stack pointer. Returns the stack pointer.
#[inline(always)]
pub(crate) fn paint() -> usize {
    let top = core_support::stack_pointer();
    let mut at = core_support::stack_end();
    while at < top - SPARE {
        // SAFETY: between the end of the stack and the stack pointer nothing lives; the addresses are multiples of four.
        unsafe { (at as *mut u32).write_volatile(PAINT) };
        at += 4;
    }
    top
}

/// Address of the lowest word of the stack that has been written to since it was painted.
#[inline(always)]
pub(crate) fn lowest_unpainted() -> usize {
    let mut at = core_support::stack_end();
    // SAFETY: as in `paint`; the first word in use ends the search.
    while unsafe { (at as *const u32).read_volatile() } == PAINT {
        at += 4;
    }
    at
}
