//! The two notebooks this crate started from, experiment by experiment: what they printed, what
//! the corrected algorithms reach with the same number of updates, and where those end when left to
//! converge.
//!
//! ```sh
//! cargo run --release -p experiments --bin notebooks > docs/notebooks.md
//! ```
//!
//! Prints the page; the place of the picture and the time go to the standard error. Fails if a
//! median is above its bound. `ci.sh` compares the page with what this prints.

mod picture;
mod style;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use rand_xorshift::XorShiftRng;
use rayon::prelude::*;
use tinynmf::kaczmarz::Sampling;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{
    Als, Anls, Factors, Hals, History, HoldOut, Kaczmarz, KaczmarzEntry, Momentum, Mu, Nmf, Problem, RandomAls, Real,
    Solver, Stop, Uniform, nnls, rank_curve,
};
use tinynmf_examples::data;

const STARTS: u64 = 200;
/// One column and one row a hundred times, as the notebooks count, in sweeps over 10 columns and 12 rows.
const HUNDRED: u32 = 9;

struct Row {
    experiment: &'static str,
    printed: &'static str,
    ours: &'static str,
    budget: Vec<f64>,
    converged: Vec<f64>,
    /// The run fails if the median of the budget is above this: a reference error times a factor.
    bound: Option<f64>,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let begun = Instant::now();
    let v = data::notebook_v();
    let a = data::rows::<9>("seed_A.csv");
    let x = data::notebook_x();
    let bar = ProgressBar::new(19).with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}")?);
    let mut rows = Vec::new();
    let mut add = |row: Row| {
        bar.set_message(row.experiment);
        bar.inc(1);
        rows.push(row);
    };

    add(Row {
        experiment: "nmf(V, 2), 1000 iterations",
        printed: "does not run; mended 0.65 / 0.81 / 0.93",
        ours: "Mu",
        budget: fits::<4, 4, 2, _>(&v, |_| Mu::new(), 1000),
        converged: fits::<4, 4, 2, _>(&v, |_| Momentum::new(Hals::new()), 500),
        bound: None,
    });
    add(Row {
        experiment: "nmf(X, 3), 1000 iterations",
        printed: "NaN",
        ours: "Mu",
        budget: fits::<12, 10, 3, _>(&x, |_| Mu::new(), 1000),
        converged: fits::<12, 10, 3, _>(&x, |_| Momentum::new(Hals::new()), 500),
        bound: None,
    });
    add(Row {
        experiment: "nmf_als(A, 3), 100 iterations",
        printed: "0.282252",
        ours: "Als",
        budget: fits::<9, 7, 3, _>(&a, |_| Als::new(), 100),
        converged: finished::<9, 7, 3, _>(&a, |_| Als::new(), 100),
        bound: None,
    });
    add(Row {
        experiment: "nmf_als(X, 3), 100 iterations",
        printed: "worst 0.2018, 35 % above 1e-3",
        ours: "Als",
        budget: fits::<12, 10, 3, _>(&x, |_| Als::new(), 100),
        converged: finished::<12, 10, 3, _>(&x, |_| Als::new(), 100),
        bound: None,
    });
    add(Row {
        experiment: "x = (AᵀA)⁻¹Aᵀb, ‖Aᵀ(b−Ax)‖/‖Aᵀb‖",
        printed: "-",
        ours: "nnls::least_squares",
        budget: building_block(),
        converged: Vec::new(),
        bound: None,
    });
    add(Row {
        experiment: "ALS near the truth (0.00925), 1000 solves",
        printed: "0.0065862",
        ours: "RandomAls",
        budget: near(|seed| RandomAls::new().seed(seed), 45),
        converged: near(|seed| RandomAls::new().seed(seed), 2000),
        bound: Some(0.00925),
    });
    let unconstrained = |seed| RandomAls::unconstrained().seed(seed);
    add(Row {
        experiment: "nmfals(X, 3, 100, 10)",
        printed: "0.69635 (restarts 0.6644 to 0.7676)",
        ours: "RandomAls::unconstrained, replacement",
        budget: best_of_10(&x, |seed| unconstrained(seed).replacement(true), HUNDRED),
        converged: fits::<12, 10, 3, _>(&x, |seed| unconstrained(seed).replacement(true), 2000),
        bound: Some(3.2e-4),
    });
    add(Row {
        experiment: "nmfals(X, 3, 100, 1)",
        printed: "0.6644 to 0.7676",
        ours: "RandomAls::unconstrained",
        budget: fits::<12, 10, 3, _>(&x, unconstrained, HUNDRED),
        converged: fits::<12, 10, 3, _>(&x, unconstrained, 2000),
        bound: Some(2.4e-5),
    });
    add(Row {
        experiment: "nmfals(X, 3, 100, 10)",
        printed: "0.69635",
        ours: "RandomAls (exact NNLS)",
        budget: best_of_10(&x, |seed| RandomAls::new().seed(seed), HUNDRED),
        converged: fits::<12, 10, 3, _>(&x, |seed| RandomAls::new().seed(seed), 2000),
        bound: Some(4.2e-3),
    });
    add(Row {
        experiment: "nmfals(X, 3, 100, 10), as 2 × 45 sweeps",
        printed: "0.69635",
        ours: "Momentum<Hals>, the default",
        budget: best_of::<2, _>(&x, |_| Momentum::new(Hals::new()), 45),
        converged: fits::<12, 10, 3, _>(&x, |_| Momentum::new(Hals::new()), 500),
        bound: Some(8.6e-5),
    });
    add(Row {
        experiment: "Kaczmarz near the truth (0.00925), 100 × 5",
        printed: "0.4472",
        ours: "Kaczmarz, 5 projections",
        budget: near(|seed| Kaczmarz::new().projections(5).seed(seed), HUNDRED),
        converged: near(|seed| Kaczmarz::new().seed(seed), 2000),
        bound: Some(0.00925),
    });
    let constant = |projections: u32| move |seed| Kaczmarz::new().decay(0.0).projections(projections).seed(seed);
    for (projections, experiment, printed) in [
        (1, "nmfrk(X, 3, 100, 1, 10)", "1.658"),
        (5, "nmfrk(X, 3, 100, 5, 10)", "1.902"),
        (10, "nmfrk(X, 3, 100, 10, 10)", "2.847"),
    ] {
        add(Row {
            experiment,
            printed,
            ours: "Kaczmarz, no decay",
            budget: best_of_10(&x, constant(projections), HUNDRED),
            converged: fits::<12, 10, 3, _>(&x, constant(projections), 2000),
            bound: None,
        });
    }
    for (projections, experiment, bound) in
        [(10, "nmfrk(X, 3, 100, 10, 1)", 0.268), (1000, "nmfrk(X, 3, 100, 1000, 1)", 0.12)]
    {
        add(Row {
            experiment,
            printed: "0.330 / 2.740 / 1315 over all indices",
            ours: "Kaczmarz, no decay",
            budget: fits::<12, 10, 3, _>(&x, constant(projections), HUNDRED),
            converged: fits::<12, 10, 3, _>(&x, constant(projections), 400),
            bound: Some(bound),
        });
    }
    add(Row {
        experiment: "nmfrk(X, 3), 20 000 projections",
        printed: "2.847",
        ours: "KaczmarzEntry, no decay",
        budget: fits::<12, 10, 3, _>(&x, |seed| KaczmarzEntry::new().decay(0.0).seed(seed), 166),
        converged: fits::<12, 10, 3, _>(&x, |seed| KaczmarzEntry::new().decay(0.0).seed(seed), 400),
        bound: Some(4.4e-3),
    });
    add(Row {
        experiment: "row Kaczmarz, 2K projections, 400 sweeps of X",
        printed: "-",
        ours: "Kaczmarz, no decay",
        budget: fits::<12, 10, 3, _>(&x, constant(6), 400),
        converged: finished::<12, 10, 3, _>(&x, constant(6), 400),
        bound: Some(2e-7),
    });
    let (wide, reached) = two_thousand_frames();
    add(wide);
    bar.finish_and_clear();

    println!("{HEAD}");
    let above = print(&rows);
    let [kaczmarz, hals, default] = reached;
    println!(
        "
## Work to an error of 1e-3

200×2000 exact data of rank 4, factors half zero; millions of operations, median of 10 starts:

| Kaczmarz, K projections, λ 0.7 | Hals | the default, Momentum<Hals> |
| ---: | ---: | ---: |
| {kaczmarz:.1} | {hals:.0} | {default:.0} |

Counted as 5K + 3 + log₂C operations a projection onto one of C rows, and 6K + 3 a vector for the tables
and for levelling. The checks of the error are not counted. *When Kaczmarz* in
[choosing a solver](../src/choosing_a_solver.md) says for which data this holds.

## The number of parts

{}.",
        choice_of_rank()
    );
    let path = data::target("notebooks.svg");
    picture::draw(&path, &panels(&v, &x))?;
    eprintln!("picture: {}\n{:.1} s in all", path.display(), begun.elapsed().as_secs_f32());
    Ok(if above == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const HEAD: &str = "\
# The notebooks

What textbook updates reach when their common mistakes are mended, with the same number of updates.

Two notebooks started this crate. They try multiplicative updates, alternating least squares and Kaczmarz
projections on three small matrices: V (4×4), A (9×7) and X (12×10, exact, rank 3). Some of their programs
do not run, some end in NaN, and most draw their indices from 0 … K − 1 where they should draw from all
rows and columns. The table sets what they printed beside what the corrected algorithms reach.

Made by `cargo run --release -p experiments --bin notebooks > docs/notebooks.md`. The figures are the same
on every machine, and CI compares them.

It also draws the errors of the notebooks' updates beside those of the corrected ones:
`target/notebooks.svg`.

* *same budget*: the relative error after as many updates as the notebook makes; best, median and worst of
  200 random starts in f64. Where the notebook takes the best of R restarts, each of the 200 is a best of R.
* *left to converge*: the median of the same algorithm with many more sweeps, some of them finished by exact
  least squares.
* *bound*: the run fails if the median of the budget is above it. It is twice the median that NumPy programs of
  the same algorithm, written apart from this crate, reached with the same number of updates. \"Near the truth\"
  it is the error of the start, which no update may raise. In the last row it is the error of the next section.
  A dash: there is no independent figure, and nothing is checked.
";

/// Prints the table; returns the number of medians above their bounds.
fn print(rows: &[Row]) -> u32 {
    let mut above = 0;
    println!(
        "| experiment | notebook printed | here | same budget: best | median | worst | left to converge | bound |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for row in rows {
        let [best, median, worst] = three(&row.budget);
        let end = if row.converged.is_empty() { "-".to_owned() } else { short(three(&row.converged)[1]) };
        let bound = row.bound.map_or("-".to_owned(), |bound| {
            let good = median <= bound;
            above += u32::from(!good);
            format!("{}{}", short(bound), if good { "" } else { " ABOVE" })
        });
        let (best, median, worst) = (short(best), short(median), short(worst));
        let Row { experiment, printed, ours, .. } = row;
        println!("| {experiment} | {printed} | {ours} | {best} | {median} | {worst} | {end} | {bound} |");
    }
    above
}

fn short(value: f64) -> String {
    if value >= 1e-3 { format!("{value:.6}") } else { format!("{value:.1e}") }
}

/// Best, median, worst.
fn three(errors: &[f64]) -> [f64; 3] {
    let mut sorted = errors.to_vec();
    sorted.sort_by(f64::total_cmp);
    [sorted[0], sorted[sorted.len() / 2], sorted[sorted.len() - 1]]
}

fn fit<S, const M: usize, const N: usize, const K: usize>(
    frames: &[[f64; M]],
    factors: &mut Factors<f64, M, N, K>,
    solver: S,
    sweeps: u32,
) -> f64
where
    S: Solver<f64, M, N, K> + Copy,
    S::Workspace: Default,
{
    let problem = Problem::<f64, M, N, _>::from_columns(frames).expect("clean data");
    let nmf = Nmf::new(solver).stop(Stop::new().rel_tol(0.0).max_sweeps(sweeps));
    nmf.fit(&problem, factors, &mut Box::<S::Workspace>::default()).expect("a fit").relative_error
}

fn start<const M: usize, const N: usize, const K: usize>(frames: &[[f64; M]], seed: u64) -> Factors<f64, M, N, K> {
    let problem = Problem::<f64, M, N, _>::from_columns(frames).expect("clean data");
    let mut factors = Factors::zeros();
    factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(seed)));
    factors
}

/// One fit from each start.
fn fits<const M: usize, const N: usize, const K: usize, S>(
    frames: &[[f64; M]],
    solver: impl Fn(u64) -> S + Sync,
    sweeps: u32,
) -> Vec<f64>
where
    S: Solver<f64, M, N, K> + Copy,
    S::Workspace: Default,
{
    let one = |seed| fit(frames, &mut start::<M, N, K>(frames, seed), solver(seed), sweeps);
    (0..STARTS).into_par_iter().map(one).collect()
}

/// As `fits`, and then exact ANLS for as many sweeps as it takes.
fn finished<const M: usize, const N: usize, const K: usize, S>(
    frames: &[[f64; M]],
    solver: impl Fn(u64) -> S + Sync,
    sweeps: u32,
) -> Vec<f64>
where
    S: Solver<f64, M, N, K> + Copy,
    S::Workspace: Default,
{
    let one = |seed| {
        let mut factors = start::<M, N, K>(frames, seed);
        fit(frames, &mut factors, solver(seed), sweeps);
        fit(frames, &mut factors, Anls::new(), 500)
    };
    (0..STARTS).into_par_iter().map(one).collect()
}

/// The best of R restarts.
fn best_of<const R: u64, S>(frames: &[[f64; 12]], solver: impl Fn(u64) -> S + Sync, sweeps: u32) -> Vec<f64>
where
    S: Solver<f64, 12, 10, 3> + Copy,
    S::Workspace: Default,
{
    let one = |seed| fit(frames, &mut start::<12, 10, 3>(frames, seed), solver(seed), sweeps);
    let best = |set: u64| (0..R).map(|r| one(R * set + r)).fold(f64::INFINITY, f64::min);
    (0..STARTS).into_par_iter().map(best).collect()
}

fn best_of_10<S>(frames: &[[f64; 12]], solver: impl Fn(u64) -> S + Sync, sweeps: u32) -> Vec<f64>
where
    S: Solver<f64, 12, 10, 3> + Copy,
    S::Workspace: Default,
{
    best_of::<10, S>(frames, solver, sweeps)
}

/// From factors and weights plus 0.01·U(0, 1).
fn near<S>(solver: impl Fn(u64) -> S + Sync, sweeps: u32) -> Vec<f64>
where
    S: Solver<f64, 12, 10, 3> + Copy,
    S::Workspace: Default,
{
    let x = data::notebook_x();
    let one = |seed| fit(&x, &mut data::notebook_near_truth(seed), solver(seed), sweeps);
    (0..STARTS).into_par_iter().map(one).collect()
}

/// Least squares on 12×4 systems of which every second has two equal columns: how far the normal equations are from solved.
fn building_block() -> Vec<f64> {
    let one = |seed| {
        let mut rng = XorShiftRng::seed_from_u64(seed);
        let mut draw = || <f64 as Real>::unit(rng.next_u64());
        let mut a = SMatrix::<f64, 12, 4>::from_fn(|_, _| draw());
        if seed % 2 == 1 {
            a.set_column(3, &a.column(0).clone_owned());
        }
        let b = SVector::<f64, 12>::from_fn(|_, _| draw());
        let mut x = SVector::zeros();
        nnls::least_squares(&(a.transpose() * a), &(a.transpose() * b), &mut x);
        style::norm(&(a.transpose() * (b - a * x))) / style::norm(&(a.transpose() * b))
    };
    (0..STARTS).map(one).collect()
}

/// Exact data, 200×2000 of rank 4, half of the entries of the factors zero: where row Kaczmarz beats every method on normal
/// equations. Also the work to 1e-3.
fn two_thousand_frames() -> (Row, [f64; 3]) {
    const M: usize = 200;
    const N: usize = 2000;
    const K: usize = 4;
    // A seed that no start has, or its W would be the planted one.
    let mut rng = XorShiftRng::seed_from_u64(4242);
    let mut draw = || {
        let draw = <f64 as Real>::unit(rng.next_u64());
        if draw < 0.5 { 0.0 } else { draw }
    };
    let parts: [[f64; M]; K] = std::array::from_fn(|_| std::array::from_fn(|_| draw()));
    let x: Vec<[f64; M]> = (0..N)
        .map(|_| {
            let amounts: [f64; K] = std::array::from_fn(|_| draw());
            std::array::from_fn(|i| (0..K).map(|k| parts[k][i] * amounts[k]).sum())
        })
        .collect();
    let projection = |c: f64| 5.0 * K as f64 + 3.0 + c.log2();
    let vectors = N as f64 * projection(M as f64) + M as f64 * projection(N as f64);
    // Lengths for the table and its sums; levelling takes the lengths again and scales both factors twice.
    let round = K as f64 * vectors + ((6 * K + 3) * (M + N)) as f64;
    let kaczmarz = |seed| Kaczmarz::new().projections(K as u32).relaxation(0.7).decay(0.0).seed(seed);
    let (ends, work) = work_to_1e_3::<M, N, K, _>(&x, kaczmarz, round);
    // Cross products and statistics, then up to three passes and a gradient.
    let sweep = 4.0 * (M * N * K) as f64 + 10.0 * ((M + N) * K * K) as f64;
    let (_, by_hals) = work_to_1e_3::<M, N, K, _>(&x, |_| Hals::new(), sweep);
    let (_, by_default) = work_to_1e_3::<M, N, K, _>(&x, |_| Momentum::new(Hals::new()), sweep);
    let row = Row {
        experiment: "row Kaczmarz, 200×2000, K 4, exact, 100 sweeps",
        printed: "-",
        ours: "Kaczmarz, K projections, λ 0.7",
        budget: ends,
        converged: Vec::new(),
        bound: Some(1e-3),
    };
    (row, [work, by_hals, by_default])
}

/// Errors after 100 sweeps from ten starts, and the median of the operations, in millions, that it took to 1e-3.
fn work_to_1e_3<const M: usize, const N: usize, const K: usize, S>(
    x: &[[f64; M]],
    solver: impl Fn(u64) -> S + Sync,
    operations: f64,
) -> (Vec<f64>, f64)
where
    S: Solver<f64, M, N, K> + Copy,
    S::Workspace: Default,
{
    let problem = Problem::<f64, M, N, _>::from_columns(x).expect("clean data");
    let one = |seed| {
        let mut factors = Box::new(start::<M, N, K>(x, seed));
        let mut history = Box::new(History::<f64, 100>::new());
        let nmf = Nmf::new(solver(seed)).stop(Stop::new().rel_tol(0.0).max_sweeps(100));
        let ws = &mut Box::<S::Workspace>::default();
        let outcome = nmf.fit_with(&problem, &mut factors, ws, &mut *history).expect("a fit");
        let sweeps = history.errors().iter().position(|&error| error <= 1e-3);
        (outcome.relative_error, sweeps.map_or(f64::INFINITY, |n| (n as f64 + 1.0) * operations / 1e6))
    };
    let (errors, work): (Vec<f64>, Vec<f64>) = (0..10).into_par_iter().map(one).unzip();
    (errors, three(&work)[1])
}

/// K = 3 for X plus 5 % noise, over 20 draws of noise and folds.
fn choice_of_rank() -> String {
    let found = (0..20_u64)
        .into_par_iter()
        .filter(|&seed| {
            let mut rng = XorShiftRng::seed_from_u64(seed);
            let x = data::notebook_x()
                .into_iter()
                .map(|frame| frame.map(|x| x * (0.95 + 0.1 * <f64 as Real>::unit(rng.next_u64()))))
                .collect::<Vec<_>>();
            let problem = Problem::<f64, 12, 10, _>::from_columns(&x[..]).expect("clean data");
            let hold_out = HoldOut::new().folds(20).seed(1000 * seed);
            let curve = rank_curve!(hold_out, &problem, &Nmf::new(RandomAls::new()), [1, 2, 3, 4, 5]).expect("a curve");
            curve.best().is_some_and(|best| best.k == 3)
        })
        .count();
    format!("K = 3 found for X plus 5 % noise in {found} of 20 draws, by hidden entries (`HoldOut`, 20 folds)")
}

/// The notebooks' error traces beside the corrected ones.
fn panels(v: &[[f64; 4]], x: &[[f64; 12]]) -> [picture::Panel; 3] {
    // A sweep over X counts as 22 single updates; the notebooks' traces have one entry for each pair.
    let ours = |solver: &(dyn Fn(u64) -> Vec<f64> + Sync)| style::median_trace(100, solver);
    let updates = |solver| move |seed| history::<12, 10, 3, _, 100>(&data::notebook_x(), solver, seed);
    let theirs = |name: &str, trace: Vec<f64>, unit: f64| picture::Line::notebook(name, trace, unit);
    [
        picture::Panel {
            title: "nmf(V, 2)",
            steps: "iterations",
            lines: vec![
                theirs(
                    "notebook, mended: stale WH",
                    style::median_trace(100, &|seed| style::stale_mu(v, seed, 60)),
                    1.0,
                ),
                picture::Line::ours("Mu", ours(&|seed| history::<4, 4, 2, _, 60>(v, Mu::new(), seed)), 1.0),
                picture::Line::ours(
                    "Momentum<Hals>",
                    ours(&|seed| history::<4, 4, 2, _, 60>(v, Momentum::new(Hals::new()), seed)),
                    1.0,
                ),
            ],
        },
        picture::Panel {
            title: "nmfals(X, 3)",
            steps: "solves of a row or a column",
            lines: vec![
                theirs(
                    "notebook: indices 0..k only",
                    style::median_trace(100, &|seed| style::narrow_als(seed, 500)),
                    2.0,
                ),
                picture::Line::ours("RandomAls", ours(&updates(RandomAls::new())), 22.0),
                picture::Line::ours("RandomAls::unconstrained", ours(&updates(RandomAls::unconstrained())), 22.0),
            ],
        },
        picture::Panel {
            title: "nmfrk(X, 3)",
            steps: "projections",
            lines: vec![
                theirs(
                    "notebook: uniform rows, 0..k only",
                    style::median_trace(100, &|seed| style::narrow_rk(seed, 600)),
                    20.0,
                ),
                picture::Line::ours(
                    "Kaczmarz, no decay",
                    ours(&|seed| history::<12, 10, 3, _, 100>(x, Kaczmarz::new().decay(0.0), seed)),
                    132.0,
                ),
                picture::Line::ours(
                    "the same, uniform rows",
                    ours(&|seed| {
                        let solver = Kaczmarz::new().decay(0.0).sampling(Sampling::Uniform);
                        history::<12, 10, 3, _, 100>(x, solver, seed)
                    }),
                    132.0,
                ),
                picture::Line::ours(
                    "KaczmarzEntry, no decay",
                    ours(&|seed| history::<12, 10, 3, _, 100>(x, KaczmarzEntry::new().decay(0.0), seed)),
                    120.0,
                ),
            ],
        },
    ]
}

/// The error after each of `CAP` sweeps.
fn history<const M: usize, const N: usize, const K: usize, S, const CAP: usize>(
    frames: &[[f64; M]],
    solver: S,
    seed: u64,
) -> Vec<f64>
where
    S: Solver<f64, M, N, K> + Copy,
    S::Workspace: Default,
{
    let problem = Problem::<f64, M, N, _>::from_columns(frames).expect("clean data");
    let mut factors = start::<M, N, K>(frames, seed);
    let mut history = History::<f64, CAP>::new();
    let nmf = Nmf::new(solver).stop(Stop::new().rel_tol(0.0).max_sweeps(CAP as u32));
    nmf.fit_with(&problem, &mut factors, &mut S::Workspace::default(), &mut history).expect("a fit");
    history.errors().to_vec()
}
