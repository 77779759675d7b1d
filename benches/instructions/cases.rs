//! What is counted: fixed work on fixed data, through the public interface.

use rand_xorshift::XorShiftRng;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::nnls;
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{
    Anls, Encoder, Factors, Hals, Kaczmarz, Momentum, Nmf, Online, OnlineState, Problem, Real, Solver, Spa, Stop,
    Uniform,
};

use crate::callgrind::count;
use crate::data::{self, cast, from_f64};
use crate::figure::Key;
use crate::growth;

/// Sweeps counted one by one, after one that is not: the first one also sums up the energy of the rows of X.
const SWEEPS: usize = 5;
/// Frames encoded, pushed or solved for.
const FRAMES: usize = 100;
/// Sweeps that learn a dictionary.
const LEARNING: u32 = 30;

/// Does everything once. Each call of [`count`] is one count of the figure that it names.
pub fn run() {
    let digits = data::frames::<64>("digits.csv");
    let few = &digits[..100];
    let notebook = data::notebook_x();
    let piano = data::rows::<129>("piano_129x250.csv");
    let swimmer = data::rows::<220>("swimmer_220x256.csv");

    hals::<f32, 12, 10, 3>(&notebook);
    hals::<f64, 12, 10, 3>(&notebook);
    hals::<f32, 64, 100, 8>(few);
    hals::<f64, 64, 100, 8>(few);
    hals::<f32, 64, 1797, 16>(&digits);
    hals::<f32, 129, 250, 6>(&piano);
    hals::<f32, 220, 256, 16>(&swimmer);

    let default = Momentum::new(Hals::new());
    sweeps::<f32, 64, 100, 8, _>("default sweep", default, few);
    sweeps::<f32, 64, 1797, 16, _>("default sweep", default, &digits);
    sweeps::<f32, 129, 250, 6, _>("default sweep", default, &piano);
    sweeps::<f32, 12, 10, 3, _>("anls sweep", Anls::new(), &notebook);
    sweeps::<f32, 64, 100, 8, _>("anls sweep", Anls::new(), few);
    sweeps::<f32, 12, 10, 3, _>("kaczmarz sweep", Kaczmarz::new(), &notebook);
    sweeps::<f32, 64, 100, 8, _>("kaczmarz sweep", Kaczmarz::new(), few);

    // The frames that follow those the dictionary was learnt from; of the piano there are no others.
    frames::<f32, 64, 100, 8>(few, &digits[100..]);
    frames::<f64, 64, 100, 8>(few, &digits[100..]);
    frames::<f32, 64, 100, 16>(few, &digits[100..]);
    frames::<f32, 129, 250, 6>(&piano, &piano);
    frames::<f32, 129, 250, 32>(&piano, &piano);

    grow();
}

/// HALS with exactly three passes over every vector that has not come to rest.
fn three_passes<T: Real, const M: usize, const N: usize, const K: usize>(what: &str, frames: &[[f64; M]]) {
    sweeps::<T, M, N, K, _>(what, Hals::new().pass_ratio(T::ZERO), frames);
}

fn hals<T: Real, const M: usize, const N: usize, const K: usize>(frames: &[[f64; M]]) {
    three_passes::<T, M, N, K>("hals sweep", frames);
}

fn sweeps<T: Real, const M: usize, const N: usize, const K: usize, S>(what: &str, solver: S, frames: &[[f64; M]])
where
    S: Solver<T, M, N, K> + Copy,
    S::Workspace: Default,
{
    let x = cast::<T, M>(frames);
    let problem = Problem::<T, M, N, _>::from_columns(&x[..]).expect("clean data");
    let (mut factors, mut ws) = (Box::new(Factors::<T, M, N, K>::zeros()), Box::<S::Workspace>::default());
    factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(0)));
    let nmf = Nmf::new(solver).stop(Stop::new().rel_tol(T::ZERO));
    let mut run = nmf.start(&problem, &mut factors, &mut ws).expect("clean settings");
    let mut step = || _ = run.step().expect("a sweep");
    step();
    for _ in 0..SWEEPS {
        count(&Key::new::<T>(what, [M, N, K]), &mut step);
    }
}

/// One frame at a time, with a dictionary learnt from `past`: the code, the system that gives it, and learning from it.
fn frames<T: Real, const M: usize, const N: usize, const K: usize>(past: &[[f64; M]], now: &[[f64; M]]) {
    let w = dictionary::<T, M, N, K>(past);
    let encoder = Encoder::new(&w);
    let weights = SVector::from_fn(|i, _| if i == 0 { T::ZERO } else { T::ONE });
    let weighted = Encoder::weighted(&w, &weights).expect("clean weights");
    let mut state = OnlineState::<T, M, K>::new();
    state.reset(&w).expect("a clean dictionary");
    let gram = SMatrix::<T, K, K>::from_fn(|a, b| inner(&w.data.0[a], &w.data.0[b]));
    for frame in cast::<T, M>(&now[..FRAMES]) {
        let (x, zeros) = (SVector::from(frame), SVector::repeat(T::ZERO));
        let cross = SVector::from_fn(|k, _| inner(&w.data.0[k], &frame));
        let mut h = zeros;
        let key = |what| Key::new::<T>(what, [M, 1, K]);
        count(&key("encode"), &mut || _ = encoder.encode(&x, &mut h));
        count(&key("weighted encode"), &mut || _ = weighted.encode(&x, &mut h));
        count(&key("online push"), &mut || _ = Online::new().push(&mut state, &x, &mut h));
        h = zeros;
        count(&key("nnls solve"), &mut || _ = nnls::solve(&gram, &cross, &mut h));
    }
}

fn inner<T: Real>(a: &[T], b: &[T]) -> T {
    a.iter().zip(b).fold(T::ZERO, |sum, (&a, &b)| sum + a * b)
}

fn dictionary<T: Real, const M: usize, const N: usize, const K: usize>(frames: &[[f64; M]]) -> SMatrix<T, M, K> {
    let x = cast::<T, M>(frames);
    let problem = Problem::<T, M, N, _>::from_columns(&x[..]).expect("clean data");
    let (mut factors, mut ws) = (Box::new(Factors::<T, M, N, K>::zeros()), Box::default());
    factors.init(&problem, Spa);
    let stop = Stop::new().rel_tol(T::ZERO).max_sweeps(LEARNING);
    Nmf::small().stop(stop).fit(&problem, &mut factors, &mut ws).expect("a fit");
    factors.normalize();
    factors.w
}

/// Sweeps over noise, each dimension in turn. Sizes are multiples of eight where they can be: vectors are taken eight at a time.
fn grow() {
    macro_rules! noise {
        ($([$($m:literal $n:literal $k:literal),+])+) => { $($(three_passes::<f32, $m, $n, $k>(growth::SWEEP, &noise($n));)+)+ };
    }
    noise! {
        [64 16 8, 64 32 8, 64 64 8, 64 128 8, 64 256 8, 64 512 8, 64 1024 8]
        [4 128 8, 8 128 8, 16 128 8, 32 128 8, 48 128 8, 96 128 8, 128 128 8, 192 128 8, 256 128 8]
        [64 128 2, 64 128 3, 64 128 4, 64 128 5, 64 128 6, 64 128 7, 64 128 10, 64 128 12]
        [64 128 14, 64 128 16, 64 128 20, 64 128 24, 64 128 28, 64 128 32]
    }
}

/// Dense frames of full rank: no vector comes to rest within a few sweeps, so that every pass is done.
fn noise<const M: usize>(frames: usize) -> Vec<[f64; M]> {
    let mut rng = XorShiftRng::seed_from_u64(1);
    (0..frames).map(|_| std::array::from_fn(|_| from_f64(<f64 as Real>::unit(rng.next_u64())))).collect()
}
