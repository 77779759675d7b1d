//! What the integration tests share: the register of solvers, planted data, starts, and measures taken in f64.
// Every test program compiles this module and uses a part of it.
#![allow(dead_code, unused_macros, unused_imports)]

pub mod cases;
#[path = "../../examples/common/data.rs"]
pub mod data;
pub mod tolerance;

pub use data::{cast, from_f64, notebook_v, notebook_x, to_f64};

use rand_xorshift::XorShiftRng;
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{Factors, Nmf, Outcome, Problem, RandomColumns, Real, Solver, Spa, Stop, Uniform};

/// What a registered solver promises.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    /// Type and settings.
    pub name: &'static str,
    /// Factors stay ≥ 0.
    pub non_negative: bool,
    /// Every half sweep lowers the error by itself. Without this, errors are compared and the best factors handed out.
    pub descends: bool,
    /// Solves K×K systems, which costs digits where they are singular.
    pub solves: bool,
    /// Converges too slowly for tests of where an iteration ends.
    pub creeps: bool,
    /// Takes columns and rows in a random order of their own.
    pub shuffles: bool,
    /// Sets negative numbers to 0, and may come to rest above the constrained minimum.
    pub stalls: bool,
    /// Moves at random about the solution.
    pub wanders: bool,
    /// Minimises the Kullback–Leibler divergence and reports √(2D/ΣX).
    pub kullback_leibler: bool,
}

impl Promise {
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            non_negative: true,
            descends: true,
            solves: false,
            creeps: false,
            shuffles: false,
            stalls: false,
            wanders: false,
            kullback_leibler: false,
        }
    }

    pub const fn signed(self) -> Self {
        Self { non_negative: false, ..self }
    }

    pub const fn compares(self) -> Self {
        Self { descends: false, ..self }
    }

    pub const fn solves(self) -> Self {
        Self { solves: true, ..self }
    }

    /// Slow, or held up where Grams are singular: no use where the others are good.
    pub fn is_weak(&self) -> bool {
        self.creeps || self.wanders || (self.shuffles && (self.stalls || !self.non_negative))
    }

    pub const fn stalls(self) -> Self {
        Self { stalls: true, ..self }
    }

    /// Random projections: slow, in its own order, never quite at rest.
    pub const fn wanders(self) -> Self {
        Self { wanders: true, shuffles: true, ..self }
    }

    pub const fn kullback_leibler(self) -> Self {
        Self { kullback_leibler: true, ..self }
    }

    pub const fn shuffles(self) -> Self {
        Self { shuffles: true, ..self }
    }

    pub const fn creeps(self) -> Self {
        Self { creeps: true, ..self }
    }
}

/// Runs an expression once for every solver: `for_each_solver!(f32, |promise, solver| …)`.
///
/// The list in here is the register. A new solver gets one line; `tests/fits/solvers.rs` fails while it is missing.
macro_rules! for_each_solver {
    ($t:ty, |$promise:ident, $solver:ident| $body:expr) => {
        for_each_solver! { @run $promise, $solver, $body;
            new("Als").compares().solves().stalls() => tinynmf::Als::<$t>::new(),
            new("Als::unconstrained").signed().compares().solves() => tinynmf::Als::<$t>::unconstrained(),
            new("Anls").solves() => tinynmf::Anls::<$t>::new(),
            new("Hals") => tinynmf::Hals::<$t>::new(),
            new("Hals, 1 pass") => tinynmf::Hals::<$t>::new().passes(1),
            new("Mu").creeps() => tinynmf::Mu::<$t>::new(),
            new("Mu, 5 passes").creeps() => tinynmf::Mu::<$t>::new().passes(5),
            new("RandomAls").solves().shuffles() => tinynmf::RandomAls::<$t>::new(),
            new("RandomAls, replacement").solves().shuffles() => tinynmf::RandomAls::<$t>::new().replacement(true),
            new("RandomAls::projected").solves().shuffles().stalls() => tinynmf::RandomAls::<$t>::projected(),
            new("RandomAls::unconstrained").signed().solves().shuffles() => tinynmf::RandomAls::<$t>::unconstrained(),
            new("Kaczmarz").wanders() => tinynmf::Kaczmarz::<$t>::new(),
            new("Kaczmarz, averaged").wanders() => tinynmf::Kaczmarz::<$t>::new().tail_average(true),
            new("Kaczmarz, blocks of 64").wanders() => tinynmf::Kaczmarz::<$t>::new().block(64),
            new("Kaczmarz::unconstrained, uniform").signed().wanders() =>
                tinynmf::Kaczmarz::<$t>::unconstrained().sampling(tinynmf::kaczmarz::Sampling::Uniform),
            new("KaczmarzEntry").wanders() => tinynmf::KaczmarzEntry::<$t>::new(),
            new("MuKl").creeps().kullback_leibler() => tinynmf::MuKl::new(),
            new("Momentum<Hals>").compares() => tinynmf::Momentum::new(tinynmf::Hals::<$t>::new()),
            new("Momentum<Anls>").compares().solves() => tinynmf::Momentum::new(tinynmf::Anls::<$t>::new()),
            new("Chain<Hals, Anls>").solves() =>
                tinynmf::Chain::new(tinynmf::Hals::<$t>::new(), tinynmf::Anls::<$t>::new()),
        }
    };
    (@run $promise:ident, $solver:ident, $body:expr; $(new($name:literal)$(.$what:ident())* => $which:expr),+ $(,)?) => {{
        $({
            let ($promise, $solver) = ($crate::common::Promise::new($name)$(.$what())*, $which);
            $body
        })+
    }};
}
pub(crate) use for_each_solver;

/// A solver as the tests use it: copied, and with a workspace made on the spot.
pub trait Tested<T: Real, const M: usize, const N: usize, const K: usize>:
    Solver<T, M, N, K, Workspace: Default> + Copy
{
}

impl<T: Real, const M: usize, const N: usize, const K: usize, S> Tested<T, M, N, K> for S where
    S: Solver<T, M, N, K, Workspace: Default> + Copy
{
}

/// Data as the tests hold them: a slice of frames.
pub type Checked<'a, T, const M: usize, const N: usize> = Problem<'a, T, M, N, [[T; M]]>;

pub fn checked<T: Real, const M: usize, const N: usize>(x: &[[T; M]]) -> Checked<'_, T, M, N> {
    Problem::from_columns(x).expect("clean data")
}

/// A stop rule that only counts sweeps.
pub fn sweeps<T: Real>(count: u32) -> Stop<T> {
    Stop::new().rel_tol(T::ZERO).max_sweeps(count)
}

/// A fit that must succeed, with a workspace of its own.
pub fn fit<T: Real, S: Tested<T, M, N, K>, const M: usize, const N: usize, const K: usize>(
    solver: S,
    stop: Stop<T>,
    problem: &Checked<'_, T, M, N>,
    factors: &mut Factors<T, M, N, K>,
) -> Outcome<T> {
    Nmf::new(solver).stop(stop).fit(problem, factors, &mut S::Workspace::default()).expect("a fit")
}

/// The named ways to start, and how many random ones of each.
#[derive(Clone, Copy, Debug)]
pub enum Begin {
    Uniform(u64),
    Columns(u64),
    Spa,
}

pub fn begin<T: Real, const M: usize, const N: usize, const K: usize>(
    problem: &Checked<'_, T, M, N>,
    start: Begin,
) -> Factors<T, M, N, K> {
    let mut factors = Factors::zeros();
    match start {
        Begin::Uniform(seed) => factors.init(problem, Uniform(&mut XorShiftRng::seed_from_u64(seed))),
        Begin::Columns(seed) => factors.init(problem, RandomColumns(&mut XorShiftRng::seed_from_u64(seed))),
        Begin::Spa => factors.init(problem, Spa),
    }
    factors
}

pub fn uniform<T: Real, const M: usize, const N: usize, const K: usize>(
    problem: &Checked<'_, T, M, N>,
    seed: u64,
) -> Factors<T, M, N, K> {
    begin(problem, Begin::Uniform(seed))
}

/// L vectors of R numbers from U[0, 1).
pub fn random<const R: usize>(seed: u64, l: usize) -> Vec<[f64; R]> {
    let mut rng = XorShiftRng::seed_from_u64(seed);
    (0..l).map(|_| std::array::from_fn(|_| <f64 as Real>::unit(rng.next_u64()))).collect()
}

/// W·H, frame by frame; `w` by columns, `h` by frames.
pub fn product<const M: usize, const K: usize>(w: &[[f64; M]], h: &[[f64; K]]) -> Vec<[f64; M]> {
    h.iter().map(|h| std::array::from_fn(|i| w.iter().zip(h).map(|(w, h)| w[i] * h).sum())).collect()
}

/// Exact data of rank K (or less), all positive.
pub fn planted<const M: usize, const N: usize, const K: usize>(seed: u64) -> Vec<[f64; M]> {
    product(&random::<M>(seed, K), &random::<K>(seed + 1000, N))
}

/// Exact data plus noise: `level` is the relative size of a uniform error on every entry.
pub fn noisy<const M: usize, const N: usize, const K: usize>(seed: u64, level: f64) -> Vec<[f64; M]> {
    let mut x = planted::<M, N, K>(seed);
    for (x, noise) in x.iter_mut().zip(random::<M>(seed + 2000, N)) {
        for (x, noise) in x.iter_mut().zip(noise) {
            *x *= 1.0 + level * (2.0 * noise - 1.0);
        }
    }
    x
}

/// ‖X − WH‖/‖X‖ in f64. Everything is divided by the largest entry first, so that no square overflows.
pub fn error<T: Real, const M: usize, const N: usize, const K: usize>(
    x: &[[T; M]],
    factors: &Factors<T, M, N, K>,
) -> f64 {
    let unit = x.iter().flatten().fold(0.0, |unit, &x| f64::max(unit, to_f64(x)));
    let (mut residual, mut energy) = (0.0, 0.0);
    for (j, x) in x.iter().enumerate() {
        for (i, &x) in x.iter().enumerate() {
            let model: f64 = (0..K).map(|k| to_f64(factors.w[(i, k)]) / unit * to_f64(factors.h[(k, j)])).sum();
            let x = to_f64(x) / unit;
            residual += (x - model) * (x - model);
            energy += x * x;
        }
    }
    (residual / energy).sqrt()
}

/// What a solver minimises and reports, in f64: [`error`] or √(2D/ΣX).
pub fn measure<T: Real, const M: usize, const N: usize, const K: usize>(
    promise: Promise,
    x: &[[T; M]],
    factors: &Factors<T, M, N, K>,
) -> f64 {
    if !promise.kullback_leibler {
        return error(x, factors);
    }
    // The unit in which solvers see X, and with it the ε of the loss.
    let largest = x.iter().flatten().fold(0.0, |unit, &x| f64::max(unit, to_f64(x)));
    let unit = f64::exp2i(Real::exponent(largest) + 1);
    let (mut divergence, mut total) = (0.0, 0.0);
    for (j, x) in x.iter().enumerate() {
        for (i, &x) in x.iter().enumerate() {
            let model: f64 = (0..K).map(|k| to_f64(factors.w[(i, k)]) / unit * to_f64(factors.h[(k, j)])).sum();
            let (x, y) = (to_f64(x) / unit, model + if single::<T>() { 1e-12 } else { 1e-26 });
            divergence += divergence_term(x, y);
            total += x;
        }
    }
    (2.0 * divergence.max(0.0) / total).sqrt()
}

/// x·ln(x/y) − x + y. The plain form loses every digit where y is near x, and the quotient
/// overflows where x is far below y.
pub fn divergence_term(x: f64, y: f64) -> f64 {
    let above = (y - x) / x;
    match above.is_finite() {
        true => (y - x) - x * above.ln_1p(),
        false if x > 0.0 => (y - x) - x * (y.ln() - x.ln()),
        false => y,
    }
}

/// All numbers of both factors, W first.
pub fn numbers<T: Real, const M: usize, const N: usize, const K: usize>(
    factors: &Factors<T, M, N, K>,
) -> impl Iterator<Item = T> {
    factors.w.iter().chain(factors.h.iter()).copied()
}

pub fn bits<T: Real, const M: usize, const N: usize, const K: usize>(factors: &Factors<T, M, N, K>) -> Vec<u64> {
    numbers(factors).map(Real::bits).collect()
}

/// Panics unless every number is finite and, where promised, none is negative.
pub fn assert_sound<T: Real, const M: usize, const N: usize, const K: usize>(
    promise: Promise,
    factors: &Factors<T, M, N, K>,
    what: &str,
) {
    for value in numbers(factors) {
        assert!(value.is_finite(), "{}, {what}: {value} in the factors", promise.name);
        assert!(value >= T::ZERO || !promise.non_negative, "{}, {what}: {value} in the factors", promise.name);
    }
}

/// Name of the scalar, for messages.
pub fn scalar<T: Real>() -> &'static str {
    if single::<T>() { "f32" } else { "f64" }
}

/// True for f32.
pub fn single<T: Real>() -> bool {
    size_of::<T>() == size_of::<f32>()
}

/// Collects what fails, so that one run shows all of it; panics at its end if there was anything.
#[derive(Default)]
pub struct Findings(Vec<String>);

impl Findings {
    pub fn expect(&mut self, holds: bool, message: impl FnOnce() -> String) {
        if !holds {
            self.0.push(message());
        }
    }
}

impl Drop for Findings {
    fn drop(&mut self) {
        if !self.0.is_empty() && !std::thread::panicking() {
            panic!("{} findings:\n{}", self.0.len(), self.0.join("\n"));
        }
    }
}
