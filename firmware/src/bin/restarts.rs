//! The best of five starts, and where each of them ended.
#![no_std]
#![no_main]

use static_cell::ConstStaticCell;
use tinynmf::{Error, Factors, Nmf, Problem, Quantized, RestartLog, Start, Workspace};
use tinynmf_firmware::{Line, data, hash, image, take};

image!(run);

type Fit = Factors<f32, 16, 32, 4>;

fn run() -> Result<(), Error> {
    static BEST: ConstStaticCell<Fit> = ConstStaticCell::new(Factors::zeros());
    static TRIAL: ConstStaticCell<Fit> = ConstStaticCell::new(Factors::zeros());
    static WORKSPACE: ConstStaticCell<Workspace<f32, 16, 32, 4>> = ConstStaticCell::new(Workspace::new());
    let best = take(&BEST);
    let x = Quantized { frames: &data::PIANO, scale: data::PIANO_SCALE };
    let problem = Problem::<f32, 16, 32, _>::from_columns(&x)?;
    let log: RestartLog<f32, 5> =
        Nmf::default().fit_restarts(&problem, |_| Start::Uniform, best, take(&TRIAL), take(&WORKSPACE))?;
    for (r, outcome) in log.restarts().iter().enumerate() {
        Line::new()
            .text("restart")
            .number(r as u64)
            .number(outcome.sweeps.into())
            .share(outcome.relative_error)
            .print();
    }
    Line::new().text("best").number(log.best() as u64).hex(hash(best.w.iter())).hex(hash(best.h.iter())).print();
    Ok(())
}
