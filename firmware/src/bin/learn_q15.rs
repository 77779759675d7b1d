//! Learns dictionaries from recorded counts without a floating-point instruction: a piano in 16 bands, and handwritten digits.
#![no_std]
#![no_main]

use rand_xorshift::XorShiftRng;
use static_cell::ConstStaticCell;
use tinynmf::Error;
use tinynmf::integer::{QuantizedFactors, QuantizedWorkspace};
use tinynmf::rand_core::SeedableRng;
use tinynmf_firmware::measure::{instructions, report, stack};
use tinynmf_firmware::{Line, data, hash_bytes, image, take};

image!(run);

const SWEEPS: u64 = 5;

/// Name, features, frames, parts, where the frames lie.
macro_rules! shapes {
    ($($shape:ident: $m:literal, $n:literal, $k:literal, $data:ident;)+) => {
        fn run() -> Result<(), Error> {
            $($shape::all();)+
            Ok(())
        }

        $(mod $shape {
            use super::*;

            type Factors = QuantizedFactors<$m, $n, $k>;
            type Workspace = QuantizedWorkspace<i16, $m, $n, $k>;

            static FACTORS: ConstStaticCell<Factors> = ConstStaticCell::new(Factors::zeros());
            static WORKSPACE: ConstStaticCell<Workspace> = ConstStaticCell::new(Workspace::new());

            #[inline(never)]
            pub(super) fn all() {
                const SHAPE: &str = stringify!($shape);
                let (factors, ws) = (take(&FACTORS), take(&WORKSPACE));
                factors.init(&mut XorShiftRng::seed_from_u64(1));
                let spent = instructions(|| {
                    for _ in 0..SWEEPS {
                        sweep(factors, ws);
                    }
                });
                report(SHAPE, "sweep instructions", spent / SWEEPS);
                report(SHAPE, "sweep stack", stack(|| _ = sweep(factors, ws)));
                let residual = sweep(factors, ws);
                let digest = hash_bytes(factors.h().iter().flatten().flat_map(|h| h.to_le_bytes()));
                Line::new().text(SHAPE).number(residual).hex(digest).print();
            }

            /// What is left of the frames.
            #[inline(never)]
            fn sweep(factors: &mut Factors, ws: &mut Workspace) -> u64 {
                factors.sweep(&data::$data, ws).residual_squared
            }
        })+
    };
}

shapes! {
    s16x32x4: 16, 32, 4, PIANO;
    s64x64x8: 64, 64, 8, DIGITS;
}
