//! Kaczmarz: what a projection costs, and a fit by row projections.
#![no_std]
#![no_main]

use rand_xorshift::XorShiftRng;
use static_cell::ConstStaticCell;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::rand_core::SeedableRng;
use tinynmf::{Error, Factors, Kaczmarz, KaczmarzWorkspace, Nmf, Problem, Quantized, Spa, Stop, kaczmarz};
use tinynmf_firmware::measure::{instructions, report, stack};
use tinynmf_firmware::{Line, data, hash, image, take};

image!(run);

fn run() -> Result<(), Error> {
    system();
    project::<3>("s10x1x3");
    project::<4>("s16x32x4");
    project::<8>("s64x64x8");
    s16x32x4::learn()
}

/// 300 projections solve a consistent system of ten equations in three unknowns.
fn system() {
    let mut a = SMatrix::<f32, 10, 3>::zeros();
    for (column, frame) in a.data.0.iter_mut().zip(data::PIANO.iter().rev()) {
        for (value, &count) in column.iter_mut().zip(frame) {
            *value = f32::from(count);
        }
    }
    let mut b = SVector::<f32, 10>::zeros();
    a.mul_to(&SVector::<f32, 3>::new(1.0, 0.0, 2.0), &mut b);
    let mut x = SVector::zeros();
    let mut rng = XorShiftRng::seed_from_u64(1);
    let count = instructions(|| kaczmarz::solve(&a, &b, &mut x, 300, &mut rng));
    report("s10x1x3", "300 projections instructions", count);
    Line::new().text("system").hex(hash(x.iter())).print();
}

fn project<const K: usize>(shape: &str) {
    let mut row = SVector::<f32, K>::zeros();
    for (value, &count) in row.iter_mut().zip(data::DIGITS.as_flattened().iter().skip(2)) {
        *value = f32::from(count);
    }
    let mut h = SVector::repeat(1.0);
    let count = instructions(|| step(&row, &mut h));
    report(shape, "projection instructions", count);
    Line::new().text("projection ").text(shape).hex(hash(h.iter())).print();
}

#[inline(never)]
fn step<const K: usize>(row: &SVector<f32, K>, h: &mut SVector<f32, K>) {
    kaczmarz::project(row, 3.0, 1.0, h);
}

mod s16x32x4 {
    use super::*;

    type Fit = Factors<f32, 16, 32, 4>;
    type Work = KaczmarzWorkspace<f32, 16, 32, 4>;
    type Data = Quantized<'static, i16, f32, 16>;

    pub(super) fn learn() -> Result<(), Error> {
        static FACTORS: ConstStaticCell<Fit> = ConstStaticCell::new(Factors::zeros());
        static WORKSPACE: ConstStaticCell<Work> = ConstStaticCell::new(KaczmarzWorkspace::new());
        let (factors, ws) = (take(&FACTORS), take(&WORKSPACE));
        let x = Quantized { frames: &data::PIANO, scale: data::PIANO_SCALE };
        let problem = Problem::<f32, 16, 32, _>::from_columns(&x)?;
        factors.init(&problem, Spa);
        let mut result = Ok(());
        let count = instructions(|| result = fit(&problem, factors, ws, 1));
        result?;
        report("s16x32x4", "kaczmarz sweep instructions", count);
        factors.init(&problem, Spa);
        let depth = stack(|| result = fit(&problem, factors, ws, 50));
        report("s16x32x4", "fit stack", depth);
        result
    }

    #[inline(never)]
    fn fit(
        problem: &Problem<'_, f32, 16, 32, Data>,
        factors: &mut Fit,
        ws: &mut Work,
        sweeps: u32,
    ) -> Result<(), Error> {
        let outcome = Nmf::new(Kaczmarz::new()).stop(Stop::new().max_sweeps(sweeps)).fit(problem, factors, ws)?;
        let (w, h) = (hash(factors.w.iter()), hash(factors.h.iter()));
        Line::new().text("kaczmarz").number(outcome.sweeps.into()).share(outcome.relative_error).hex(w).hex(h).print();
        Ok(())
    }
}
