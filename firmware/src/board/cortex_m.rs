//! Cortex-M: SysTick counts and interrupts.

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::{SYST, syst::SystClkSource};
use cortex_m_rt::{ExceptionFrame, exception};

use crate::{FAULT, Line, exit};

/// SysTick counts down 24 bits.
const LONGEST: u32 = 0x00FF_FFFF;

/// Picoseconds per tick on the emulated board, where `-icount shift=6` makes an instruction 64 ns.
#[cfg(armv6m)]
const TICK: u64 = 62_500; // 16 MHz
#[cfg(armv7m)]
const TICK: u64 = 40_000; // 25 MHz
#[cfg(armv8m)]
const TICK: u64 = 50_000; // 20 MHz
const INSTRUCTION: u64 = 64_000;

static WRAPS: AtomicU32 = AtomicU32::new(0);

/// Starts the counter.
pub fn start() {
    every(LONGEST);
}

/// An interrupt every `ticks` of the processor clock; see [`deadlines`].
pub fn every(ticks: u32) {
    // SAFETY: one core, and nobody else uses SysTick.
    let mut timer = unsafe { cortex_m::Peripherals::steal() }.SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(ticks.min(LONGEST));
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
    WRAPS.store(0, Ordering::Relaxed);
}

/// Interrupts since the last [`every`].
pub fn deadlines() -> u32 {
    WRAPS.load(Ordering::Relaxed)
}

/// Instructions since the start, off by the length of a tick at most.
pub fn instructions() -> u64 {
    loop {
        let wraps = WRAPS.load(Ordering::Relaxed);
        let ticks = LONGEST - SYST::get_current().min(LONGEST);
        if wraps == WRAPS.load(Ordering::Relaxed) {
            return ((u64::from(wraps) << 24) + u64::from(ticks)) * (TICK / 500) / (INSTRUCTION / 500);
        }
    }
}

/// Runs `f` with interrupts off.
pub fn without_interrupts<R>(f: impl FnOnce() -> R) -> R {
    cortex_m::interrupt::free(|_| f())
}

pub(super) fn stack_pointer() -> usize {
    cortex_m::register::msp::read() as usize
}

pub(super) fn stack_end() -> usize {
    unsafe extern "C" {
        static _stack_end: u32;
    }
    &raw const _stack_end as usize
}

#[exception]
fn SysTick() {
    // One core and one writer: no atomic increment needed, which a Cortex-M0 does not have.
    WRAPS.store(WRAPS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    Line::new().text("fault: hard fault at").hex(u64::from(frame.pc())).print();
    exit(FAULT)
}

#[exception]
unsafe fn DefaultHandler(number: i16) -> ! {
    Line::new().text("fault: exception").number(u64::from(number.unsigned_abs())).print();
    exit(FAULT)
}
