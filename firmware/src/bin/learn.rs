//! Learns dictionaries from recorded frames in flash, and measures the sweep and the stack of a fit.
#![no_std]
#![no_main]

use tinynmf::Error;
use tinynmf_firmware::image;

image!(run);

fn run() -> Result<(), Error> {
    s16x32x4::learn()?;
    s64x32x4::learn()?;
    // 7 KB of statics more than the 16 KB board has left.
    #[cfg(not(armv6m))]
    s64x64x8::learn()?;
    Ok(())
}

/// A module per shape, so that its functions have names of their own in the call graph.
macro_rules! shape {
    ($shape:ident, $m:literal, $n:literal, $k:literal, $frames:expr, $scale:expr) => {
        mod $shape {
            use static_cell::ConstStaticCell;
            use tinynmf::{
                AlternateWorkspace, Columns, Error, Factors, Hals, Nmf, Outcome, Problem, Quantized, Solver, Spa,
            };
            use tinynmf_firmware::measure::{instructions, report, stack};
            use tinynmf_firmware::{Line, data, hash, take};

            const SHAPE: &str = stringify!($shape);
            type Work = AlternateWorkspace<f32, $m, $k>;
            type Fit = Factors<f32, $m, $n, $k>;

            pub(super) fn learn() -> Result<(), Error> {
                static FACTORS: ConstStaticCell<Fit> = ConstStaticCell::new(Factors::zeros());
                static WORKSPACE: ConstStaticCell<Work> = ConstStaticCell::new(AlternateWorkspace::new());
                let (factors, ws) = (take(&FACTORS), take(&WORKSPACE));
                let x = Quantized { frames: $frames, scale: $scale };
                let problem = Problem::<f32, $m, $n, _>::from_columns(&x)?;

                // The first sweep also sums up the energy of the rows of X; any other is like the second.
                factors.init(&problem, Spa);
                Solver::<f32, $m, $n, $k>::begin(&Hals::new(), ws);
                Hals::new().sweep(&problem.data(), &mut factors.w, &mut factors.h, ws);
                let count = instructions(|| sweep(&problem, factors, ws));
                report(SHAPE, "sweep instructions", count);

                factors.init(&problem, Spa);
                let mut outcome = Err(Error::AllZero);
                let depth = stack(|| outcome = fit(&problem, factors, ws));
                report(SHAPE, "fit stack", depth);
                let outcome = outcome?;
                let (w, h) = (hash(factors.w.iter()), hash(factors.h.iter()));
                Line::new()
                    .text(SHAPE)
                    .number(outcome.sweeps.into())
                    .share(outcome.relative_error)
                    .hex(w)
                    .hex(h)
                    .print();
                Ok(())
            }

            #[inline(never)]
            fn sweep<C: Columns<f32, $m, Observed = tinynmf::Full>>(
                problem: &Problem<'_, f32, $m, $n, C>,
                factors: &mut Fit,
                ws: &mut Work,
            ) {
                Hals::new().sweep(&problem.data(), &mut factors.w, &mut factors.h, ws);
            }

            #[inline(never)]
            fn fit<C: Columns<f32, $m, Observed = tinynmf::Full>>(
                problem: &Problem<'_, f32, $m, $n, C>,
                factors: &mut Fit,
                ws: &mut Work,
            ) -> Result<Outcome<f32>, Error> {
                Nmf::small().fit(problem, factors, ws)
            }
        }
    };
}

shape!(s16x32x4, 16, 32, 4, &data::PIANO, data::PIANO_SCALE);
shape!(s64x32x4, 64, 32, 4, &data::DIGITS[..32], 1.0);
#[cfg(not(armv6m))]
shape!(s64x64x8, 64, 64, 8, &data::DIGITS, 1.0);
