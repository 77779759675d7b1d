//! A random start, HALS and a finish by exact least squares, and nothing else: what learning costs in flash.
#![no_std]
#![no_main]

use core::hint::black_box;

use rand_xorshift::XorShiftRng;
use static_cell::ConstStaticCell;
use tinynmf::rand_core::SeedableRng;
use tinynmf::{AlternateWorkspace, Anls, AnlsWorkspace, ChainWorkspace, Error, Factors, Nmf, Problem, Uniform};
use tinynmf_firmware::{image, measure, take};

image!(run);

type Work = ChainWorkspace<AlternateWorkspace<f32, 64, 4>, AnlsWorkspace<f32, 64, 4>>;

fn run() -> Result<(), Error> {
    static FACTORS: ConstStaticCell<Factors<f32, 64, 32, 4>> = ConstStaticCell::new(Factors::zeros());
    static WORKSPACE: ConstStaticCell<Work> =
        ConstStaticCell::new(ChainWorkspace::with(AlternateWorkspace::new(), AnlsWorkspace::new()));
    let factors = take(&FACTORS);
    let problem = Problem::<f32, 64, 32, _>::from_columns(&measure::Made)?;
    factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(black_box(1))));
    black_box(Nmf::small().finish(Anls::new()).fit(&problem, factors, take(&WORKSPACE))?);
    Ok(())
}
