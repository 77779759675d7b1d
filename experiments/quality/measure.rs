//! The problems, and what every start of a solver comes to.

use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressStyle};
use rand_xorshift::XorShiftRng;
use rayon::prelude::*;
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{Anls, Factors, Momentum, Nmf, Outcome, Problem, Progress, Real, Solver, Start, Stop, Uniform};
use tinynmf_examples::data;

use data::{cast, to_f64};

/// A problem: its data, the sweeps it is judged after and the best error known.
pub struct Case<const M: usize, const N: usize, const K: usize> {
    pub name: &'static str,
    #[allow(dead_code, reason = "only `quality_page` prints it")]
    pub title: &'static str,
    pub frames: Vec<[f64; M]>,
    pub sweeps: u32,
    pub best_known: f64,
    pub most_starts: u64,
}

impl<const M: usize, const N: usize, const K: usize> Case<M, N, K> {
    fn new(name: &'static str, title: &'static str, frames: Vec<[f64; M]>, sweeps: u32, best_known: f64) -> Self {
        Self { name, title, frames, sweeps, best_known, most_starts: u64::MAX }
    }

    fn near(&self, error: f64) -> bool {
        error <= self.best_known + 1e-3
    }
}

/// Called with every problem in turn.
pub trait Visitor {
    fn visit<const M: usize, const N: usize, const K: usize>(&mut self, case: &Case<M, N, K>);
}

pub fn every_problem(visitor: &mut impl Visitor) {
    let digits = data::frames::<64>("digits.csv");
    let few = digits[..100].to_vec();
    let (piano, short) = (data::rows("piano_129x250.csv"), data::rows("piano_65x128.csv"));
    let (swimmer, spectra) = (data::rows("swimmer_220x256.csv"), data::rows("spectra_150x60.csv"));
    let x = data::notebook_x();
    visitor.visit(&Case::<12, 10, 3>::new("X_12x10_k3", "notebook X 12×10, K 3, exact", x, 300, 0.0));
    let v = data::notebook_v();
    visitor.visit(&Case::<4, 4, 2>::new("V_4x4_k2", "notebook V 4×4, K 2", v, 200, 0.06746359));
    let a = data::rows("seed_A.csv");
    visitor.visit(&Case::<9, 7, 3>::new("A_9x7_k3", "notebook A 9×7, K 3", a, 200, 0.2819159));
    let title = "digits 64×100, K 4";
    visitor.visit(&Case::<64, 100, 4>::new("digits_64x100_k4", title, few.clone(), 200, 0.413038));
    let title = "digits 64×100, K 8";
    visitor.visit(&Case::<64, 100, 8>::new("digits_64x100_k8", title, few.clone(), 200, 0.310992));
    let title = "digits 64×100, K 16";
    visitor.visit(&Case::<64, 100, 16>::new("digits_64x100_k16", title, few, 200, 0.219346));
    let title = "piano 65×128, K 6";
    visitor.visit(&Case::<65, 128, 6>::new("piano_65x128_k6", title, short, 200, 0.163259));
    let title = "piano 129×250, K 6";
    visitor.visit(&Case::<129, 250, 6>::new("piano_129x250_k6", title, piano, 200, 0.18153586));
    let title = "swimmer 220×256, K 16, exact";
    visitor.visit(&Case::<220, 256, 16>::new("swimmer_220x256_k16", title, swimmer, 200, 0.0));
    let title = "ill-conditioned 30×40, K 4, exact";
    visitor.visit(&Case::<30, 40, 4>::new("ill_conditioned_30x40_k4", title, ill_conditioned(), 200, 0.0));
    let title = "rank 2, 20×30, K 6, exact";
    visitor.visit(&Case::<20, 30, 6>::new("rank_2_20x30_k6", title, rank_deficient(), 200, 0.0));
    let title = "spectra 150×60, K 4, nearly collinear";
    visitor.visit(&Case::<150, 60, 4>::new("spectra_150x60_k4", title, spectra, 200, 0.00191077));
    let title = "digits 64×1797, K 8";
    let case = Case::<64, 1797, 8>::new("digits_64x1797_k8", title, digits.clone(), 60, 0.354796);
    visitor.visit(&Case { most_starts: 40, ..case });
    let title = "digits 64×1797, K 16";
    let case = Case::<64, 1797, 16>::new("digits_64x1797_k16", title, digits, 60, 0.256480);
    visitor.visit(&Case { most_starts: 40, ..case });
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

/// Four overlapping bands `spread` apart on a common base, with 0.2 % of noise, and the condition of
/// the bands. The best error is that of five starts of exact solves in f64.
#[allow(dead_code, reason = "only `quality_page` asks for them")]
pub fn bands(spread: f64) -> (Case<30, 24, 4>, f64) {
    let band = |k: usize, i: usize| {
        let t = (i as f64 / 29.0 - 0.5 - 0.2 * spread * (k as f64 - 1.5)) / (0.15 + 0.01 * spread * k as f64);
        // Not `exp`, whose bits differ between machines.
        0.2 + 1.0 / ((1.0 + 0.25 * t * t) * (1.0 + 0.25 * t * t))
    };
    let w: [[f64; 30]; 4] = std::array::from_fn(|k| std::array::from_fn(|i| band(k, i)));
    let mut frames = product(&w, &planted::<24, 4>(77));
    for (frame, noise) in frames.iter_mut().zip(planted::<30, 24>(78)) {
        for (x, noise) in frame.iter_mut().zip(noise) {
            *x *= 1.0 + 0.002 * (2.0 * noise - 1.0);
        }
    }
    let mut case = Case::new("bands_30x24_k4", "bands 30×24, K 4", frames, 500, 0.0);
    case.best_known = Fits::<f64, 30, 24, 4>::new(&case, 5).solver("best", Momentum::new(Anls::new())).best;
    (case, condition(&w))
}

/// Largest over smallest singular value: by Jacobi rotations of WᵀW.
fn condition(w: &[[f64; 30]; 4]) -> f64 {
    let mut a: [[f64; 4]; 4] =
        std::array::from_fn(|p| std::array::from_fn(|q| w[p].iter().zip(&w[q]).map(|(x, y)| x * y).sum()));
    for _ in 0..30 {
        for (p, q) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
            let (s, c) = (0.5 * (2.0 * a[p][q]).atan2(a[q][q] - a[p][p])).sin_cos();
            for k in 0..4 {
                let (x, y) = (a[k][p], a[k][q]);
                (a[k][p], a[k][q]) = (c * x - s * y, s * x + c * y);
            }
            for k in 0..4 {
                let (x, y) = (a[p][k], a[q][k]);
                (a[p][k], a[q][k]) = (c * x - s * y, s * x + c * y);
            }
        }
    }
    let squares = [0, 1, 2, 3].map(|k| a[k][k]);
    (squares.iter().fold(0.0, |x: f64, y| x.max(*y)) / squares.iter().fold(f64::MAX, |x, y| x.min(*y))).sqrt()
}

fn planted<const L: usize, const K: usize>(seed: u64) -> [[f64; L]; K] {
    let mut rng = XorShiftRng::seed_from_u64(seed);
    std::array::from_fn(|_| std::array::from_fn(|_| <f64 as Real>::unit(rng.next_u64())))
}

fn product<const M: usize, const N: usize, const K: usize>(w: &[[f64; M]; K], h: &[[f64; N]; K]) -> Vec<[f64; M]> {
    (0..N).map(|j| std::array::from_fn(|i| (0..K).map(|k| w[k][i] * h[k][j]).sum())).collect()
}

/// What one start came to.
struct Ended {
    error: f64,
    hit: Option<u32>,
    revived: u32,
    /// Error and sweeps.
    stopped: Option<(f64, f64)>,
}

impl Ended {
    fn new<T: Real>(outcome: Outcome<T>, hit: Option<u32>, stopped: Option<Outcome<T>>) -> Self {
        Self {
            error: to_f64(outcome.relative_error),
            hit,
            revived: outcome.revived,
            stopped: stopped.map(|end| (to_f64(end.relative_error), f64::from(end.sweeps))),
        }
    }
}

/// What all starts of a solver came to.
#[allow(dead_code, reason = "`quality` prints all of it, `quality_page` some")]
pub struct Summary {
    pub starts: u64,
    pub best: f64,
    pub median: f64,
    pub worst: f64,
    /// Shares of the starts within 1 % of the best error known (exact data: at 1e-5 or below), and within 1e-3 of it.
    pub within_1_percent: f64,
    pub within_1e_3: f64,
    /// Median of the sweeps to the best error known + 1e-3, over the starts that reach it.
    pub sweeps: f64,
    /// Revived components a start.
    pub revived: f64,
    /// With the default `Stop`; NaN if that fit was left out.
    pub stop_median: f64,
    pub stop_sweeps: f64,
}

/// Fits one problem in one precision from the seeds 0 … `starts` − 1.
pub struct Fits<'a, T, const M: usize, const N: usize, const K: usize> {
    case: &'a Case<M, N, K>,
    x: Vec<[T; M]>,
    starts: u64,
    with_stop: bool,
}

impl<'a, T: Real, const M: usize, const N: usize, const K: usize> Fits<'a, T, M, N, K> {
    pub fn new(case: &'a Case<M, N, K>, starts: u64) -> Self {
        Self { case, x: cast::<T, M>(&case.frames), starts: starts.min(case.most_starts), with_stop: true }
    }

    /// Leaves out the second fit of every start, that with the default `Stop`.
    #[allow(dead_code, reason = "only `quality_page` does")]
    pub fn without_stop(self) -> Self {
        Self { with_stop: false, ..self }
    }

    /// Independent fits from `Uniform` starts.
    pub fn solver<S>(&self, name: &str, solver: S) -> Summary
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
                if hit.is_none() && self.case.near(to_f64(progress.relative_error)) {
                    hit = Some(progress.sweeps);
                }
                ControlFlow::Continue(())
            };
            let nmf = Nmf::new(solver).stop(self.judged());
            let outcome = nmf.fit_with(&problem, &mut factors, &mut ws, &mut watch).expect("a fit");
            let stopped = self.with_stop.then(|| {
                fresh(&mut factors);
                Nmf::new(solver).fit(&problem, &mut factors, &mut ws).expect("a fit")
            });
            Ended::new(outcome, hit, stopped)
        })
    }

    /// Eight pilots of 30 sweeps and the best continued: start r draws from seeds 8r … 8r + 7. Sweeps are those of the
    /// continuation.
    pub fn pilots<S>(&self, name: &str, solver: S) -> Summary
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
            let outcome = fit(self.judged());
            let stopped = self.with_stop.then(|| fit(Stop::new()));
            let hit = self.case.near(to_f64(outcome.relative_error)).then_some(outcome.sweeps);
            Ended::new(outcome, hit, stopped)
        })
    }

    fn judged(&self) -> Stop<T> {
        Stop::new().rel_tol(T::ZERO).max_sweeps(self.case.sweeps)
    }

    /// Runs the starts on all cores.
    fn starts(&self, name: &str, one: impl Fn(u64) -> Ended + Sync) -> Summary {
        let bar = ProgressBar::new(self.starts).with_style(
            ProgressStyle::with_template("{msg:50} {bar:30} {pos}/{len} {elapsed}").expect("a valid template"),
        );
        bar.set_message(format!("{} {name}", self.case.name));
        let ends: Vec<Ended> = (0..self.starts)
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
        Summary {
            starts: self.starts,
            best: errors[0],
            median: median(&errors),
            worst: errors[errors.len() - 1],
            within_1_percent: share(&|error| error <= limit),
            within_1e_3: share(&|error| self.case.near(error)),
            sweeps: median(&sorted(ends.iter().filter_map(|end| end.hit).map(f64::from))),
            revived: ends.iter().map(|end| f64::from(end.revived)).sum::<f64>() / self.starts as f64,
            stop_median: median(&sorted(ends.iter().filter_map(|end| end.stopped).map(|(error, _)| error))),
            stop_sweeps: median(&sorted(ends.iter().filter_map(|end| end.stopped).map(|(_, sweeps)| sweeps))),
        }
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
