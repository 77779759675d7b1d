//! Following a stream: what is learnt, what is kept, what is refused, and that nothing breaks.

#[path = "../common/mod.rs"]
mod common;

/// Runs a generic check in both precisions.
macro_rules! both {
    ($check:ident $(, $argument:expr)*) => {{
        $check::<f32>($($argument),*);
        $check::<f64>($($argument),*);
    }};
}

mod anything;
mod components;
mod learning;
mod range;
mod settings;
mod state;

use common::*;
use rand_xorshift::XorShiftRng;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::nnls::NnlsStatus;
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{Encoder, Error, Factors, Nmf, Online, OnlineState, Real, RestartLog, Setting, Start, Update, Workspace};

/// Error of the best batch fit of the digits with K 8, from many starts.
const DIGITS_BATCH: f64 = 0.3548;

fn frame<T: Real, const M: usize>(x: &[T; M]) -> SVector<T, M> {
    SVector::from(*x)
}

fn push<T: Real, const M: usize, const K: usize>(
    online: Online<T>,
    state: &mut OnlineState<T, M, K>,
    x: &[T; M],
) -> Update<T> {
    online.push(state, &frame(x), &mut SVector::from([T::ZERO; K]))
}

fn follow<T: Real, const M: usize, const K: usize>(
    online: Online<T>,
    state: &mut OnlineState<T, M, K>,
    frames: &[[T; M]],
) {
    for x in frames {
        push(online, state, x);
    }
}

/// ‖X − WH‖/‖X‖ with the best H for the dictionary as it stands.
fn static_error<T: Real, const M: usize, const K: usize>(w: &SMatrix<T, M, K>, frames: &[[T; M]]) -> f64 {
    let encoder = Encoder::new(w);
    let mut h = SVector::from([T::ZERO; K]);
    let (mut residual, mut energy) = (0.0, 0.0);
    for x in frames {
        residual += to_f64(encoder.encode(&frame(x), &mut h).residual).powi(2);
        energy += x.iter().map(|&x| to_f64(x).powi(2)).sum::<f64>();
    }
    (residual / energy).sqrt()
}

/// Root mean square of the relative residuals that a stream was met with.
fn windowed<T: Real, const M: usize, const K: usize>(
    online: Online<T>,
    state: &mut OnlineState<T, M, K>,
    frames: &[[T; M]],
) -> f64 {
    let squares: f64 = frames.iter().map(|x| to_f64(push(online, state, x).relative_residual).powi(2)).sum();
    (squares / frames.len() as f64).sqrt()
}

fn words<T: Real, const M: usize, const K: usize>(state: &OnlineState<T, M, K>) -> Vec<u64> {
    let OnlineState { w, gram, scale, a, b, .. } = state;
    let numbers = w.iter().chain(gram).chain(scale).chain(a).chain(b).chain([
        &state.loudness,
        &state.half_life,
        &state.retention,
    ]);
    numbers.map(|value| value.bits()).chain([state.exponent as u64, u64::from(state.next)]).collect()
}

fn assert_sound<T: Real, const M: usize, const K: usize>(state: &OnlineState<T, M, K>, what: &str) {
    let OnlineState { w, gram, scale, a, b, .. } = state;
    for value in w.iter().chain(gram).chain(scale).chain(a).chain(b) {
        assert!(value.is_finite() && *value >= T::ZERO, "{what}, {}: {value:e} in the state", scalar::<T>());
    }
}

fn cosine<T: Real, const M: usize>(a: &[T; M], b: &[T; M]) -> f64 {
    let inner = |a: &[T; M], b: &[T; M]| a.iter().zip(b).map(|(&a, &b)| to_f64(a) * to_f64(b)).sum::<f64>();
    inner(a, b) / (inner(a, a) * inner(b, b)).sqrt()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

fn shuffled<const M: usize>(frames: &[[f64; M]], seed: u64) -> Vec<[f64; M]> {
    let mut rng = XorShiftRng::seed_from_u64(seed);
    let mut frames = frames.to_vec();
    for j in (1..frames.len()).rev() {
        frames.swap(j, (rng.next_u64() % (j as u64 + 1)) as usize);
    }
    frames
}

fn matrix<T: Real, const M: usize, const K: usize>(parts: &[[f64; M]]) -> SMatrix<T, M, K> {
    SMatrix::from_fn(|i, k| from_f64(parts[k][i]))
}

/// K parts, half of whose entries are zero.
fn parts<const M: usize, const K: usize>(seed: u64) -> Vec<[f64; M]> {
    let (values, mut places) = (random::<M>(seed, K), random::<M>(seed + 500, K));
    for (part, values) in places.iter_mut().zip(&values) {
        let mut order: [usize; M] = std::array::from_fn(|i| i);
        order.sort_by(|&a, &b| part[a].total_cmp(&part[b]));
        *part = [0.0; M];
        for &i in &order[M / 2..] {
            part[i] = 0.1 + values[i];
        }
    }
    places
}

/// Frames of `parts`, a third of the amounts zero, with noise of `level` times the mean entry on every entry.
fn stream<const M: usize, const K: usize>(parts: &[[f64; M]], seed: u64, l: usize, level: f64) -> Vec<[f64; M]> {
    let amounts: Vec<[f64; K]> =
        random(seed, l).iter().map(|h: &[f64; K]| h.map(|h| f64::max(0.0, 1.5 * h - 0.5))).collect();
    let mut frames = product(parts, &amounts);
    let mean = frames.iter().flatten().sum::<f64>() / (l * M) as f64;
    for (x, noise) in frames.iter_mut().zip(random::<M>(seed + 1, l)) {
        for (x, noise) in x.iter_mut().zip(noise) {
            *x = f64::max(0.0, *x + level * mean * (2.0 * noise - 1.0));
        }
    }
    frames
}

/// A shuffle of the digits, and its first eight frames with 5 % noise.
fn digits(all: &[[f64; 64]], seed: u64) -> (Vec<[f32; 64]>, SMatrix<f32, 64, 8>) {
    let frames = shuffled(all, seed);
    let noise = random::<64>(seed + 7777, 8);
    let mean = all.iter().flatten().sum::<f64>() / (64 * all.len()) as f64;
    let start = SMatrix::from_fn(|i, k| (frames[k][i] + 0.05 * mean * noise[k][i]) as f32);
    (cast(&frames), start)
}

/// A state in the middle of a stream.
fn midway<T: Real>() -> OnlineState<T, 12, 3> {
    let mut state = OnlineState::new();
    follow(Online::new(), &mut state, &cast::<T, 12>(&noisy::<12, 50, 3>(1, 0.3)));
    state
}

fn assert_consistent<T: Real, const M: usize, const K: usize>(state: &OnlineState<T, M, K>, tolerance: f64) {
    let w: Vec<Vec<f64>> = state.w.data.0.iter().map(|w| w.iter().map(|&w| to_f64(w)).collect()).collect();
    let inner = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for k in 0..K {
        let length = inner(&w[k], &w[k]).sqrt();
        assert!((to_f64(state.scale[k]) * length - 1.0).abs() <= tolerance, "scale {k}");
        for q in 0..K {
            let expected = inner(&w[k], &w[q]) / (length * inner(&w[q], &w[q]).sqrt());
            assert!((to_f64(state.gram[(k, q)]) - expected).abs() <= tolerance, "gram {k} {q}");
            assert_eq!(state.gram[(k, q)], state.gram[(q, k)]);
        }
    }
}
