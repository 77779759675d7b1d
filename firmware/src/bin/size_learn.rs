//! HALS from a random start, and nothing else: what learning 64×32 at K 4 costs in flash and statics.
#![no_std]
#![no_main]

use core::hint::black_box;

use rand_xorshift::XorShiftRng;
use static_cell::ConstStaticCell;
use tinynmf::rand_core::SeedableRng;
use tinynmf::{AlternateWorkspace, Error, Factors, Nmf, Problem, Uniform};
use tinynmf_firmware::{FAILED, exit, image, measure};

image!(run);

static FACTORS: ConstStaticCell<Factors<f32, 64, 32, 4>> = ConstStaticCell::new(Factors::zeros());
static WORKSPACE: ConstStaticCell<AlternateWorkspace<f32, 64, 4>> = ConstStaticCell::new(AlternateWorkspace::new());

fn run() -> Result<(), Error> {
    let (Some(factors), Some(ws)) = (FACTORS.try_take(), WORKSPACE.try_take()) else { exit(FAILED) };
    let problem = Problem::<f32, 64, 32, _>::from_columns(&measure::Made)?;
    factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(black_box(1))));
    black_box(Nmf::small().fit(&problem, factors, ws)?);
    Ok(())
}
