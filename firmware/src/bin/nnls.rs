//! Exact non-negative least squares: what a frame costs, cold, with the dictionary fixed.
#![no_std]
#![no_main]

use tinynmf::Error;
use tinynmf_firmware::image;

image!(run);

fn run() -> Result<(), Error> {
    s10x1x3::encode()?;
    s16x32x4::encode()?;
    s64x64x8::encode()
}

/// The first N frames are encoded with K frames from the end of the table as dictionary: real data, nothing to learn first.
macro_rules! shape {
    ($shape:ident, $m:literal, $n:literal, $k:literal, $table:expr) => {
        mod $shape {
            use static_cell::ConstStaticCell;
            use tinynmf::Error;
            use tinynmf::nalgebra::{ArrayStorage, SMatrix, SVector};
            use tinynmf::nnls::{self, NnlsReport, NnlsStatus};
            use tinynmf_firmware::measure::{instructions, median_and_worst, report, stack};
            use tinynmf_firmware::{FAILED, Line, data, exit, hash, take};

            const ZEROS: ArrayStorage<f32, $m, $k> = ArrayStorage([[0.0; $m]; $k]);
            const SHAPE: &str = stringify!($shape);
            type Dictionary = SMatrix<f32, $m, $k>;
            type Gram = SMatrix<f32, $k, $k>;
            type Cross = SVector<f32, $k>;

            #[inline(never)]
            pub(super) fn encode() -> Result<(), Error> {
                static DICTIONARY: ConstStaticCell<Dictionary> =
                    ConstStaticCell::new(SMatrix::from_array_storage(ZEROS));
                let w = take(&DICTIONARY);
                for (column, frame) in w.data.0.iter_mut().zip($table.iter().rev()) {
                    read(frame, column);
                }
                let mut gram = Gram::zeros();
                w.tr_mul_to(&*w, &mut gram);
                let mut spent = [0; $n];
                let (mut deepest, mut solves, mut digest) = (0, 0, 0);
                for (spent, frame) in spent.iter_mut().zip($table.iter()) {
                    let mut x = SVector::<f32, $m>::zeros();
                    let [column] = &mut x.data.0;
                    read(frame, column);
                    let (mut cross, mut h) = (Cross::zeros(), Cross::zeros());
                    w.tr_mul_to(&x, &mut cross);
                    let mut status = NnlsStatus::Bound;
                    *spent = instructions(|| status = solve(&gram, &cross, &mut h).status);
                    if status != NnlsStatus::Optimal {
                        exit(FAILED);
                    }
                    digest ^= hash(h.iter());
                    h = Cross::zeros();
                    let depth = stack(|| solves += solve(&gram, &cross, &mut h).solves);
                    deepest = depth.max(deepest);
                }
                let (median, worst) = median_and_worst(&spent);
                report(SHAPE, "median solve instructions", median);
                report(SHAPE, "worst solve instructions", worst);
                report(SHAPE, "solve stack", deepest);
                Line::new().text(SHAPE).number(solves.into()).hex(digest).print();
                Ok(())
            }

            fn read(counts: &[i16], column: &mut [f32; $m]) {
                for (value, &count) in column.iter_mut().zip(counts) {
                    *value = f32::from(count);
                }
            }

            #[inline(never)]
            fn solve(gram: &Gram, cross: &Cross, h: &mut Cross) -> NnlsReport<f32> {
                nnls::solve(gram, cross, h)
            }
        }
    };
}

shape!(s10x1x3, 10, 1, 3, data::PIANO);
shape!(s16x32x4, 16, 32, 4, data::PIANO);
shape!(s64x64x8, 64, 64, 8, data::DIGITS);
