//! The codes of a thousand frames, to the bit those of every board: the host prints what the image `encode_q15` prints.

use std::fmt::Write as _;

use super::dictionaries::digits_q15::W;
use super::*;

/// 16, the largest pixel, becomes 32752.
const FULL_SCALE: i16 = 2047;

/// FNV-1a.
pub(super) fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

fn line<C: Count>(name: &str, cast: impl Fn(f64) -> C) -> String {
    let encoder = IntegerEncoder::new(&W);
    let (mut solves, mut digest, mut novel, mut kkt) = (0, 0, 0, 0);
    for x in &digits()[..1000] {
        let mut h = [0; 8];
        let encoding = encoder.encode(&x.map(&cast), &mut h);
        assert_eq!(encoding.status, NnlsStatus::Optimal);
        solves += encoding.solves;
        novel += u32::from(encoding.residual_squared > encoding.energy / 4);
        kkt = kkt.max(encoding.kkt);
        digest ^= hash(h.iter().flat_map(|h| h.to_le_bytes()));
    }
    format!("s64x1x8 {name} {solves} {novel} {kkt} {digest:016x}")
}

#[test]
fn host_and_boards_agree() {
    let mut printed = String::new();
    writeln!(printed, "{}", line("encode u8", |x| x as u8)).unwrap();
    writeln!(printed, "{}", line("encode i16", |x| x as i16 * FULL_SCALE)).unwrap();
    assert_eq!(printed, include_str!("../../firmware/expected/encode_q15.out"));
}

#[allow(dead_code)]
#[path = "../../build.rs"]
mod build;

/// The Arm architecture manuals: 16-bit Thumb (Armv4T to Armv6-M, and Armv8-M Baseline) has `MULS`
/// alone; `SMULL` comes with 32-bit Thumb and with the Arm instruction set from Armv4 on.
#[test]
fn cores_without_a_long_multiplication_are_known_by_the_target() {
    for target in ["thumbv4t-none-eabi", "thumbv5te-none-eabi", "thumbv6m-none-eabi", "thumbv8m.base-none-eabi"] {
        assert!(build::is_short(target), "{target}");
    }
    for target in [
        "armv4t-none-eabi",
        "armv5te-none-eabi",
        "armv7r-none-eabihf",
        "thumbv7m-none-eabi",
        "thumbv7em-none-eabihf",
        "thumbv7neon-unknown-linux-gnueabihf",
        "thumbv8m.main-none-eabi",
        "thumbv8m.main-none-eabihf",
        "riscv32imc-unknown-none-elf",
        "x86_64-unknown-linux-gnu",
    ] {
        assert!(!build::is_short(target), "{target}");
    }
}
