//! HALS from the factors as they are, and nothing else: the smallest way to learn.
#![no_std]
#![no_main]

use core::hint::black_box;

use static_cell::ConstStaticCell;
use tinynmf::{AlternateWorkspace, Error, Factors, Nmf, Problem, Quantized};
use tinynmf_firmware::{data, image, take};

image!(run);

fn run() -> Result<(), Error> {
    static FACTORS: ConstStaticCell<Factors<f32, 16, 32, 4>> = ConstStaticCell::new(Factors::zeros());
    static WORKSPACE: ConstStaticCell<AlternateWorkspace<f32, 16, 4>> = ConstStaticCell::new(AlternateWorkspace::new());
    let factors = take(&FACTORS);
    factors.w.fill(black_box(0.5));
    factors.h.fill(black_box(0.5));
    let x = Quantized { frames: &data::PIANO, scale: data::PIANO_SCALE };
    let problem = Problem::<f32, 16, 32, _>::from_columns(&x)?;
    black_box(Nmf::small().fit(&problem, factors, take(&WORKSPACE))?);
    Ok(())
}
