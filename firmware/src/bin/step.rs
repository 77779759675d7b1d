//! A fit in slices of time: a timer interrupt ends each slice, the program does something else, and the fit goes on. It must
//! end with the same bits as one that was left alone.
#![no_std]
#![no_main]

use core::ops::ControlFlow;

use static_cell::ConstStaticCell;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::{AlternateWorkspace, Error, Factors, Nmf, Outcome, Problem, Quantized, Spa, nnls};
use tinynmf_firmware::{FAILED, Line, board, data, exit, hash, image, take};

image!(run);

const M: usize = 16;
const N: usize = 32;
const K: usize = 4;
/// Ticks of the timer in a slice: less than a sweep without floating-point unit, several sweeps with one.
const SLICE: u32 = 250_000;

fn run() -> Result<(), Error> {
    static FACTORS: ConstStaticCell<Factors<f32, M, N, K>> = ConstStaticCell::new(Factors::zeros());
    static WORKSPACE: ConstStaticCell<AlternateWorkspace<f32, M, K>> = ConstStaticCell::new(AlternateWorkspace::new());
    let (factors, ws) = (take(&FACTORS), take(&WORKSPACE));
    let x = Quantized { frames: &data::PIANO, scale: data::PIANO_SCALE };
    let problem = Problem::<f32, M, N, _>::from_columns(&x)?;
    let nmf = Nmf::small();

    factors.init(&problem, Spa);
    let outcome = nmf.fit(&problem, factors, ws)?;
    let alone = line("alone", &outcome, factors);

    factors.init(&problem, Spa);
    let mut slices = 1;
    let outcome = {
        let mut fit = nmf.start(&problem, factors, ws)?;
        board::every(SLICE);
        let mut deadline = board::deadlines();
        loop {
            match fit.step()? {
                ControlFlow::Break(outcome) => break outcome,
                ControlFlow::Continue(_) if board::deadlines() != deadline => {
                    other_work();
                    slices += 1;
                    deadline = board::deadlines();
                }
                ControlFlow::Continue(_) => {}
            }
        }
    };
    let sliced = line("sliced", &outcome, factors);
    // How many depends on the speed of the board; that it was interrupted at all does not.
    if alone != sliced || slices < 2 {
        Line::new().text("wrong: slices").number(slices).print();
        exit(FAILED);
    }
    Ok(())
}

fn line(name: &str, outcome: &Outcome<f32>, factors: &Factors<f32, M, N, K>) -> (u64, u64) {
    let digest = (hash(factors.w.iter()), hash(factors.h.iter()));
    let sweeps = outcome.sweeps.into();
    Line::new().text(name).number(sweeps).share(outcome.relative_error).hex(digest.0).hex(digest.1).print();
    digest
}

/// Something else that uses stack and floating-point registers.
fn other_work() {
    let gram = SMatrix::<f32, K, K>::from_diagonal_element(2.0);
    let mut h = SVector::zeros();
    if nnls::solve(&gram, &SVector::repeat(1.0), &mut h).kkt > 1e-6 {
        exit(FAILED);
    }
}
