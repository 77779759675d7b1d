//! Quality of every solver on every problem, over many random starts, as CSV.
//!
//! ```sh
//! cargo run --release -p experiments --bin quality -- --starts 100
//! ```
//!
//! Options: `--starts n` (default 20; the two digits 64×1797 problems use at most 40), `--problem text` and `--solver text`
//! to select by part of the name, `--scalar f32|f64`.
//!
//! Start r is `Uniform` from seed r. Columns: best, median, worst relative error after the named number of sweeps with
//! rel_tol 0; share_1pct within 1 % of the best known (for exact data: relative error ≤ 1e-5); share_1e-3 within 1e-3,
//! absolute, of the best known; median_sweeps to that, over the starts that reach it; revived components per start;
//! stop_median and stop_sweeps with the default `Stop`. The errors of mu_kl are its own measure, √(2D/ΣX).

use std::ops::ControlFlow;

use data::{cast, to_f64};
use indicatif::{ProgressBar, ProgressStyle};
use rand_xorshift::XorShiftRng;
use rayon::prelude::*;
use tinynmf::rand_core::SeedableRng;
use tinynmf::{
    Als, Anls, Factors, Hals, Kaczmarz, KaczmarzEntry, Momentum, Mu, MuKl, Nmf, Problem, Progress, RandomAls, Real,
    Solver, Start, Stop, Uniform,
};
use tinynmf_examples::data;

/// A problem: its data, the sweeps it is judged after and the best error known.
struct Case<const M: usize, const N: usize, const K: usize> {
    name: &'static str,
    frames: Vec<[f64; M]>,
    sweeps: u32,
    best_known: f64,
    most_starts: u64,
}

/// What one start came to.
struct Ended {
    error: f64,
    hit: Option<u32>,
    revived: u32,
    stop_error: f64,
    stop_sweeps: u32,
}

struct Options {
    starts: u64,
    problem: String,
    solver: String,
    scalar: String,
}

fn options() -> Options {
    let mut options = Options { starts: 20, problem: String::new(), solver: String::new(), scalar: String::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| fail(&format!("{word} needs a value")));
        match word.as_str() {
            "--starts" => {
                options.starts =
                    value().parse().ok().filter(|&n| n > 0).unwrap_or_else(|| fail("--starts: a count ≥ 1"))
            }
            "--problem" => options.problem = value(),
            "--solver" => options.solver = value(),
            "--scalar" => options.scalar = value(),
            _ => fail(&format!("unknown option {word}; known: --starts --problem --solver --scalar")),
        }
    }
    options
}

fn fail(message: &str) -> ! {
    eprintln!("quality: {message}");
    std::process::exit(2)
}

fn main() {
    let options = options();
    // Factors and workspaces pass over the stack on their way into a box.
    rayon::ThreadPoolBuilder::new().stack_size(64 << 20).build_global().expect("the first use of the pool");
    println!(
        "problem,solver,scalar,starts,best,median,worst,share_1pct,share_1e-3,median_sweeps,revived,stop_median,stop_sweeps"
    );
    let digits = data::frames::<64>("digits.csv");
    let few = digits[..100].to_vec();
    all(&options, &Case::<12, 10, 3>::new("X_12x10_k3", data::notebook_x(), 300, 0.0));
    all(&options, &Case::<4, 4, 2>::new("V_4x4_k2", data::notebook_v(), 200, 0.06746359));
    all(&options, &Case::<9, 7, 3>::new("A_9x7_k3", data::rows("seed_A.csv"), 200, 0.2819159));
    all(&options, &Case::<64, 100, 4>::new("digits_64x100_k4", few.clone(), 200, 0.413038));
    all(&options, &Case::<64, 100, 8>::new("digits_64x100_k8", few.clone(), 200, 0.310992));
    all(&options, &Case::<64, 100, 16>::new("digits_64x100_k16", few, 200, 0.219346));
    all(&options, &Case::<65, 128, 6>::new("piano_65x128_k6", data::rows("piano_65x128.csv"), 200, 0.163259));
    all(&options, &Case::<129, 250, 6>::new("piano_129x250_k6", data::rows("piano_129x250.csv"), 200, 0.18153586));
    all(&options, &Case::<220, 256, 16>::new("swimmer_220x256_k16", data::rows("swimmer_220x256.csv"), 200, 0.0));
    all(&options, &Case::<150, 60, 4>::new("spectra_150x60_k4", data::rows("spectra_150x60.csv"), 200, 0.00191077));
    all(&options, &Case::<30, 40, 4>::new("ill_conditioned_30x40_k4", ill_conditioned(), 200, 0.0));
    all(&options, &Case::<20, 30, 6>::new("rank_2_20x30_k6", rank_deficient(), 200, 0.0));
    all(
        &options,
        &Case::<64, 1797, 8> { most_starts: 40, ..Case::new("digits_64x1797_k8", digits.clone(), 60, 0.354796) },
    );
    all(&options, &Case::<64, 1797, 16> { most_starts: 40, ..Case::new("digits_64x1797_k16", digits, 60, 0.256480) });
}

impl<const M: usize, const N: usize, const K: usize> Case<M, N, K> {
    fn new(name: &'static str, frames: Vec<[f64; M]>, sweeps: u32, best_known: f64) -> Self {
        Self { name, frames, sweeps, best_known, most_starts: u64::MAX }
    }
}

/// Exact, four parts of which two differ by 1 %, sizes over six decades.
fn ill_conditioned() -> Vec<[f64; 30]> {
    let mut parts: [[f64; 30]; 4] = planted(1);
    for i in 0..30 {
        parts[1][i] = parts[0][i] + 0.01 * parts[1][i];
        parts[3][i] *= 1e-6;
    }
    product(&parts, &planted::<40, 4>(2))
}

/// Exact, rank 2, to be fitted with six components.
fn rank_deficient() -> Vec<[f64; 20]> {
    product(&planted::<20, 2>(3), &planted::<30, 2>(4))
}

fn planted<const L: usize, const K: usize>(seed: u64) -> [[f64; L]; K] {
    use tinynmf::rand_core::Rng;
    let mut rng = XorShiftRng::seed_from_u64(seed);
    std::array::from_fn(|_| std::array::from_fn(|_| <f64 as Real>::unit(rng.next_u64())))
}

fn product<const M: usize, const N: usize, const K: usize>(w: &[[f64; M]; K], h: &[[f64; N]; K]) -> Vec<[f64; M]> {
    (0..N).map(|j| std::array::from_fn(|i| (0..K).map(|k| w[k][i] * h[k][j]).sum())).collect()
}

fn all<const M: usize, const N: usize, const K: usize>(options: &Options, case: &Case<M, N, K>) {
    if case.name.contains(&options.problem) {
        solvers::<f32, M, N, K>(options, case, "f32");
        solvers::<f64, M, N, K>(options, case, "f64");
    }
}

fn solvers<T: Real, const M: usize, const N: usize, const K: usize>(
    options: &Options,
    case: &Case<M, N, K>,
    scalar: &str,
) {
    if !scalar.contains(&options.scalar) {
        return;
    }
    let run = Report { options, case, scalar, x: cast::<T, M>(&case.frames) };
    run.solver("als", Als::new());
    run.solver("als_unconstrained", Als::unconstrained());
    run.solver("anls", Anls::new());
    run.solver("hals_1_pass", Hals::new().passes(1));
    run.solver("hals", Hals::new());
    run.solver("kaczmarz", Kaczmarz::new());
    run.solver("kaczmarz_entry", KaczmarzEntry::new());
    run.solver("mu", Mu::new());
    run.solver("mu_kl", MuKl::new());
    run.solver("random_als", RandomAls::new());
    run.solver("random_als_projected", RandomAls::projected());
    run.solver("random_als_unconstrained", RandomAls::unconstrained());
    run.solver("momentum_anls", Momentum::new(Anls::new()));
    run.solver("momentum_hals", Momentum::new(Hals::new()));
    run.pilots("momentum_hals_8_pilots", Momentum::new(Hals::new()));
}

struct Report<'a, T, const M: usize, const N: usize, const K: usize> {
    options: &'a Options,
    case: &'a Case<M, N, K>,
    scalar: &'a str,
    x: Vec<[T; M]>,
}

impl<T: Real, const M: usize, const N: usize, const K: usize> Report<'_, T, M, N, K> {
    /// Independent fits from `Uniform` starts.
    fn solver<S>(&self, name: &str, solver: S)
    where
        S: Solver<T, M, N, K> + Copy + Sync,
        S::Workspace: Default,
    {
        self.starts(name, |seed| {
            let problem = Problem::<T, M, N, _>::from_columns(&self.x[..]).expect("the data are clean");
            let mut ws = Box::<S::Workspace>::default();
            let mut factors = Box::new(Factors::<T, M, N, K>::zeros());
            let fresh = |factors: &mut Factors<T, M, N, K>| {
                factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(seed)));
            };
            fresh(&mut factors);
            let mut hit = None;
            let mut watch = |progress: &Progress<T>| {
                if hit.is_none() && self.near(to_f64(progress.relative_error)) {
                    hit = Some(progress.sweeps);
                }
                ControlFlow::Continue(())
            };
            let nmf = Nmf::new(solver).stop(self.judged());
            let outcome = nmf.fit_with(&problem, &mut factors, &mut ws, &mut watch).expect("a fit");
            fresh(&mut factors);
            let stopped = Nmf::new(solver).fit(&problem, &mut factors, &mut ws).expect("a fit");
            Ended {
                error: to_f64(outcome.relative_error),
                hit,
                revived: outcome.revived,
                stop_error: to_f64(stopped.relative_error),
                stop_sweeps: stopped.sweeps,
            }
        });
    }

    /// Eight pilots of 30 sweeps and the best continued: start r draws from seeds 8r … 8r + 7. Sweeps are those of the
    /// continuation.
    fn pilots<S>(&self, name: &str, solver: S)
    where
        S: Solver<T, M, N, K> + Copy + Sync,
        S::Workspace: Default,
    {
        self.starts(name, |seed| {
            let problem = Problem::<T, M, N, _>::from_columns(&self.x[..]).expect("the data are clean");
            let mut ws = Box::<S::Workspace>::default();
            let mut best = Box::new(Factors::<T, M, N, K>::zeros());
            let mut trial = best.clone();
            let mut fit = |stop: Stop<T>| {
                let nmf = Nmf::new(solver).seed(8 * seed).pilots(30).stop(stop);
                let log =
                    nmf.fit_restarts::<M, N, K, 8, _>(&problem, |_| Start::Uniform, &mut best, &mut trial, &mut ws);
                log.expect("a fit").outcome()
            };
            let (outcome, stopped) = (fit(self.judged()), fit(Stop::new()));
            Ended {
                error: to_f64(outcome.relative_error),
                hit: self.near(to_f64(outcome.relative_error)).then_some(outcome.sweeps),
                revived: outcome.revived,
                stop_error: to_f64(stopped.relative_error),
                stop_sweeps: stopped.sweeps,
            }
        });
    }

    fn judged(&self) -> Stop<T> {
        Stop::new().rel_tol(T::ZERO).max_sweeps(self.case.sweeps)
    }

    fn near(&self, error: f64) -> bool {
        error <= self.case.best_known + 1e-3
    }

    /// Runs the starts on all cores and prints the line.
    fn starts(&self, name: &str, one: impl Fn(u64) -> Ended + Sync) {
        if !name.contains(&self.options.solver) {
            return;
        }
        let starts = self.options.starts.min(self.case.most_starts);
        let bar = ProgressBar::new(starts).with_style(
            ProgressStyle::with_template("{msg:50} {bar:30} {pos}/{len} {elapsed}").expect("a valid template"),
        );
        bar.set_message(format!("{} {name} {}", self.case.name, self.scalar));
        let ends: Vec<Ended> = (0..starts)
            .into_par_iter()
            .map(|seed| {
                let end = one(seed);
                bar.inc(1);
                end
            })
            .collect();
        bar.finish_and_clear();
        let errors = sorted(ends.iter().map(|end| end.error));
        let limit = if self.case.best_known > 0.0 { 1.01 * self.case.best_known } else { 1e-5 };
        let share = |fits: &dyn Fn(f64) -> bool| {
            errors.iter().filter(|&&error| fits(error)).count() as f64 / errors.len() as f64
        };
        println!(
            "{},{name},{},{starts},{:.4e},{:.6e},{:.4e},{:.3},{:.3},{},{:.2},{:.6e},{}",
            self.case.name,
            self.scalar,
            errors[0],
            median(&errors),
            errors[errors.len() - 1],
            share(&|error| error <= limit),
            share(&|error| self.near(error)),
            median(&sorted(ends.iter().filter_map(|end| end.hit).map(f64::from))),
            ends.iter().map(|end| f64::from(end.revived)).sum::<f64>() / starts as f64,
            median(&sorted(ends.iter().map(|end| end.stop_error))),
            median(&sorted(ends.iter().map(|end| f64::from(end.stop_sweeps)))),
        );
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Mean of the two middle values; NaN of nothing.
fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        n => (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0,
    }
}
