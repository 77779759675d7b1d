//! Restarts on all cores of a desktop with the bits of the serial ones, and a fit of megabytes on a stack of 256 KiB.
//!
//! ```sh
//! cargo run --release --example parallel
//! ```
//!
//! [`Nmf::fit_restarts`] draws restart r from `seed + r`, so that any core can repeat it alone. Of equal errors the first one counts, there
//! and here. Factors and workspaces are built in their boxes; the data is a `Vec` that was never an array.

use std::error::Error;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use rand_xorshift::XorShiftRng;
use rayon::prelude::*;
use tinynmf::rand_core::SeedableRng;
use tinynmf::{Factors, Hals, Momentum, Nmf, Problem, RestartLog, Start, Stop, Uniform, Workspace};
use tinynmf_examples::data;

const M: usize = 64;
const N: usize = 1797;
const K: usize = 16;
const RESTARTS: usize = 16;
/// Frames of the large fit.
const MANY: usize = 20_000;
/// Stack of the thread that does it.
const STACK: usize = 256 << 10;

type Fit = Factors<f32, M, N, K>;
type Default = Nmf<f32, Momentum<Hals<f32>>>;

fn main() -> Result<(), Box<dyn Error>> {
    let digits = data::cast::<f32, M>(&data::frames("digits.csv"));
    restarts(&digits)?;
    // Frames by columns: a boxed slice of any length, checked against N by `Problem`.
    let many: Box<[[f32; M]]> = digits.iter().cycle().take(MANY).copied().collect();
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || large(&many))?;
    thread.join().map_err(|_| "the thread with the small stack")??;
    Ok(())
}

/// A box whose contents are written where they lie. `Box::new` may build them on the stack first.
///
/// That no copy passes over the stack is what the optimiser does, not what the language promises: a debug build needs more of it. What
/// holds at every level is a static, `static FACTORS: Mutex<Factors<…>> = Mutex::new(Factors::zeros())`.
fn in_place<V>(make: fn() -> V) -> Box<V> {
    Box::write(Box::new_uninit(), make())
}

fn restarts(x: &[[f32; M]]) -> Result<(), Box<dyn Error>> {
    let problem = Problem::<f32, M, N, _>::from_columns(x)?;
    let nmf = Nmf::default().seed(7).stop(Stop::new().max_sweeps(40));

    let begin = Instant::now();
    let (mut serial, mut trial, mut ws) = (in_place(Fit::zeros), in_place(Fit::zeros), in_place(Workspace::new));
    let log: RestartLog<f32, RESTARTS> =
        nmf.fit_restarts(&problem, |_| Start::Uniform, &mut serial, &mut trial, &mut ws)?;
    let serial_time = begin.elapsed();

    let begin = Instant::now();
    let (restart, error, parallel) = on_all_cores(&nmf, 7, &problem)?;
    let parallel_time = begin.elapsed();

    assert_eq!((restart, error.to_bits()), (log.best(), log.outcome().relative_error.to_bits()));
    assert!(bits(&serial).eq(bits(&parallel)), "the same bits");
    println!(
        "{RESTARTS} restarts, {M}×{N}, K {K}: restart {restart} is best, relative error {error:.4}, the same bits"
    );
    println!(
        "serial {:.2} s, on {} threads {:.2} s: {:.2} times as fast",
        serial_time.as_secs_f64(),
        rayon::current_num_threads(),
        parallel_time.as_secs_f64(),
        serial_time.as_secs_f64() / parallel_time.as_secs_f64()
    );
    Ok(())
}

/// The best of the restarts: its number, error and factors.
fn on_all_cores(
    nmf: &Default,
    seed: u64,
    problem: &Problem<'_, f32, M, N, [[f32; M]]>,
) -> Result<(usize, f32, Box<Fit>), Box<dyn Error>> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} restarts {elapsed}")?;
    let bar = ProgressBar::new(RESTARTS as u64).with_style(style);
    let one = |restart: usize| {
        let (mut factors, mut ws) = (in_place(Fit::zeros), in_place(Workspace::new));
        factors.init(problem, Uniform(&mut XorShiftRng::seed_from_u64(seed + restart as u64)));
        let outcome = nmf.fit(problem, &mut factors, &mut ws)?;
        bar.inc(1);
        Ok::<_, tinynmf::Error>((restart, outcome.relative_error, factors))
    };
    let better = |a: (usize, f32, Box<Fit>), b: (usize, f32, Box<Fit>)| {
        // Whichever core was first: of equal errors the smaller number.
        if (b.1, b.0) < (a.1, a.0) { b } else { a }
    };
    let best = (0..RESTARTS).into_par_iter().map(one).try_reduce_with(|a, b| Ok(better(a, b)));
    bar.finish_and_clear();
    Ok(best.ok_or("no restarts")??)
}

fn bits(factors: &Fit) -> impl Iterator<Item = u32> {
    factors.w.iter().chain(&factors.h).map(|value| value.to_bits())
}

/// W, H, their copies in the workspace and X are megabytes; the stack holds none of them.
fn large(x: &[[f32; M]]) -> Result<(), tinynmf::Error> {
    let begin = Instant::now();
    let problem = Problem::<f32, M, MANY, _>::from_columns(x)?;
    let (mut factors, mut ws) = (in_place(Factors::<f32, M, MANY, K>::zeros), in_place(Workspace::new));
    factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(0)));
    let outcome = Nmf::default().stop(Stop::new().max_sweeps(30)).fit(&problem, &mut factors, &mut ws)?;
    let elapsed: Duration = begin.elapsed();
    let boxes = size_of_val(&*factors) + size_of_val(&*ws);
    assert!(boxes > 8 * STACK && outcome.relative_error < 0.27, "{boxes} bytes, {outcome:?}");
    println!(
        "{M}×{MANY}, K {K}: relative error {:.4} in {} sweeps, {:.2} s; {:.1} MB in boxes, {:.1} MB of data, {} KiB of stack",
        outcome.relative_error,
        outcome.sweeps,
        elapsed.as_secs_f64(),
        boxes as f64 / 1e6,
        size_of_val(x) as f64 / 1e6,
        STACK >> 10
    );
    Ok(())
}
