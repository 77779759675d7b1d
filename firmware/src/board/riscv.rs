//! RISC-V: `minstret` counts, the machine timer interrupts, memory protection guards the code against the stack.

use core::arch::{asm, global_asm};
use core::sync::atomic::{AtomicU32, Ordering};

// Brings in the start-up code.
use riscv::register::{mcause, mepc, minstret, mtval};
use riscv_rt as _;

use crate::{FAULT, Line, exit};

/// The core-local interruptor of QEMU's `virt`.
const TIME: *const u32 = 0x0200_BFF8 as *const u32;
const DEADLINE: *mut u32 = 0x0200_4000 as *mut u32;
/// Instructions per tick of the 10 MHz timer at `-icount shift=0`, 1 ns an instruction.
const TICK: u32 = 100;

const TIMER_INTERRUPT: usize = 7;

static DEADLINES: AtomicU32 = AtomicU32::new(0);
static PERIOD: AtomicU32 = AtomicU32::new(0);

// Traps have a stack of their own: one that overflowed cannot carry its own trap.
global_asm!(
    ".section .bss.trap_stack",
    ".balign 16",
    ".space 512",
    "tinynmf_trap_stack:",
    ".section .text.tinynmf_trap",
    ".balign 4",
    "tinynmf_trap:",
    "csrw mscratch, sp",
    "la sp, tinynmf_trap_stack",
    "addi sp, sp, -64",
    "sw ra, 0(sp)",
    "sw t0, 4(sp)",
    "sw t1, 8(sp)",
    "sw t2, 12(sp)",
    "sw t3, 16(sp)",
    "sw t4, 20(sp)",
    "sw t5, 24(sp)",
    "sw t6, 28(sp)",
    "sw a0, 32(sp)",
    "sw a1, 36(sp)",
    "sw a2, 40(sp)",
    "sw a3, 44(sp)",
    "sw a4, 48(sp)",
    "sw a5, 52(sp)",
    "sw a6, 56(sp)",
    "sw a7, 60(sp)",
    "call {trapped}",
    "lw ra, 0(sp)",
    "lw t0, 4(sp)",
    "lw t1, 8(sp)",
    "lw t2, 12(sp)",
    "lw t3, 16(sp)",
    "lw t4, 20(sp)",
    "lw t5, 24(sp)",
    "lw t6, 28(sp)",
    "lw a0, 32(sp)",
    "lw a1, 36(sp)",
    "lw a2, 40(sp)",
    "lw a3, 44(sp)",
    "lw a4, 48(sp)",
    "lw a5, 52(sp)",
    "lw a6, 56(sp)",
    "lw a7, 60(sp)",
    "csrr sp, mscratch",
    "mret",
    trapped = sym trapped,
);

/// Takes over the traps and write-protects the code, which lies below the stack.
pub fn start() {
    // SAFETY: machine mode, before any interrupt is enabled. Region 0: 1 MB at 0x8000_0000, read and execute, locked.
    unsafe {
        asm!(
            "la {trap}, tinynmf_trap",
            "csrw mtvec, {trap}",
            "csrw pmpaddr0, {address}",
            "csrw pmpcfg0, {rules}",
            trap = out(reg) _,
            address = in(reg) 0x8000_0000_u32 >> 2 | 0x0001_FFFF,
            rules = in(reg) 0x9D,
        );
    }
}

/// An interrupt every `ticks` instructions; see [`deadlines`].
pub fn every(ticks: u32) {
    PERIOD.store(ticks / TICK, Ordering::Relaxed);
    DEADLINES.store(0, Ordering::Relaxed);
    next_deadline();
    // SAFETY: the trap handler is in place.
    unsafe {
        riscv::register::mie::set_mtimer();
        riscv::interrupt::enable();
    }
}

/// Interrupts since the last [`every`].
pub fn deadlines() -> u32 {
    DEADLINES.load(Ordering::Relaxed)
}

/// Instructions since the start.
pub fn instructions() -> u64 {
    minstret::read64()
}

/// Runs `f` with interrupts off.
pub fn without_interrupts<R>(f: impl FnOnce() -> R) -> R {
    riscv::interrupt::free(f)
}

pub(super) fn stack_pointer() -> usize {
    let sp;
    // SAFETY: reads a register.
    unsafe { asm!("mv {}, sp", out(reg) sp) };
    sp
}

pub(super) fn stack_end() -> usize {
    unsafe extern "C" {
        static __estack: u32;
    }
    &raw const __estack as usize
}

/// Runs are shorter than 2³² ticks: the upper halves stay 0.
fn next_deadline() {
    // SAFETY: registers of the board.
    unsafe {
        let next = TIME.read_volatile().wrapping_add(PERIOD.load(Ordering::Relaxed));
        DEADLINE.add(1).write_volatile(0);
        DEADLINE.write_volatile(next);
    }
}

extern "C" fn trapped() {
    let cause = mcause::read();
    if cause.is_interrupt() && cause.code() == TIMER_INTERRUPT {
        DEADLINES.store(DEADLINES.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        next_deadline();
        return;
    }
    Line::new().text("fault: trap").number(cause.bits() as u64).text(" at").hex(mepc::read() as u64).print();
    Line::new().text("fault: on address").hex(mtval::read() as u64).print();
    exit(FAULT)
}
