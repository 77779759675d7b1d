//! Times the encoders written in Rust.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use ndarray::{ArrayView1, ArrayView2, ShapeBuilder};
use tinynmf::Encoder;
use tinynmf::nalgebra::{SMatrix, SVector};

use super::case::{Case, cases};
use crate::Result;
use crate::exchange::{self, append};
use crate::scalar::Scalar;

/// Frames that are timed together: enough to hide the clock, few enough to fit between two interruptions.
const BLOCK: usize = 50;

/// How long an encoder is measured, in every round.
#[derive(Clone, Copy)]
pub struct Effort {
    pub seconds: f64,
    /// At least so many passes over all frames, whatever they take.
    pub passes: u32,
}

pub fn measure(folder: &Path, build: &str, round: &str, effort: Effort) -> Result<()> {
    for case in cases(folder)? {
        let found = match (case.m, case.k) {
            (64, 8) => encoders::<64, 8>(&case, effort),
            (64, 16) => encoders::<64, 16>(&case, effort),
            (129, 6) => encoders::<129, 6>(&case, effort),
            (129, 32) => encoders::<129, 32>(&case, effort),
            (m, k) => return Err(format!("{}: no encoder for {m}×{k}", case.name).into()),
        };
        for Found { encoder, micros, codes } in found {
            let encoder = format!("{encoder}{build}");
            append(&folder.join("encode.csv"), &format!("{round},{},{encoder},{micros}", case.name))?;
            exchange::write(&folder.join(format!("{}.{encoder}.h", case.name)), &codes)?;
        }
    }
    Ok(())
}

struct Found {
    encoder: String,
    micros: f64,
    codes: Vec<f64>,
}

fn encoders<const M: usize, const K: usize>(case: &Case, effort: Effort) -> [Found; 3] {
    [tinynmf::<f32, M, K>(case, effort), tinynmf::<f64, M, K>(case, effort), peer(case, effort)]
}

fn tinynmf<T: Scalar, const M: usize, const K: usize>(case: &Case, effort: Effort) -> Found {
    let w = SMatrix::<T, M, K>::from_fn(|i, k| T::narrow(case.w[k * M + i]));
    let encoder = Encoder::new(&w);
    let (frames, []) = case.x.as_chunks::<M>() else { unreachable!("{}: a frame is cut off", case.name) };
    let frames: Vec<_> = frames.iter().map(|frame| SVector::<T, M>::from_fn(|i, _| T::narrow(frame[i]))).collect();
    let mut h = SVector::from_fn(|_, _| T::ZERO);
    let micros = time(&frames, effort, |x| {
        black_box(encoder.encode(black_box(x), &mut h));
        black_box(&h);
    });
    let mut codes = Vec::new();
    for x in &frames {
        encoder.encode(x, &mut h);
        codes.extend(h.iter().map(|&h| h.wide()));
    }
    Found { encoder: format!("tinynmf {}", T::NAME), micros, codes }
}

/// The crate nnls, given W column by column, the order that it is fastest in.
fn peer(case: &Case, effort: Effort) -> Found {
    let w = ArrayView2::from_shape((case.m, case.k).f(), &case.w).expect("K columns of M");
    let frames: Vec<_> = case.x.chunks_exact(case.m).map(ArrayView1::from).collect();
    let micros = time(&frames, effort, |&x| {
        black_box(nnls::nnls(black_box(w), black_box(x)));
    });
    let codes = frames.iter().flat_map(|&x| nnls::nnls(w, x).0).collect();
    Found { encoder: "nnls f64".into(), micros, codes }
}

/// µs per frame: the fastest pass over every block, and the mean of the blocks.
fn time<F>(frames: &[F], effort: Effort, mut encode: impl FnMut(&F)) -> f64 {
    let mut fastest = vec![f64::INFINITY; frames.len().div_ceil(BLOCK)];
    let (begin, mut passes) = (Instant::now(), 0);
    while passes < effort.passes || begin.elapsed().as_secs_f64() < effort.seconds {
        for (fastest, block) in fastest.iter_mut().zip(frames.chunks(BLOCK)) {
            let begin = Instant::now();
            block.iter().for_each(&mut encode);
            *fastest = fastest.min(begin.elapsed().as_secs_f64());
        }
        passes += 1;
    }
    1e6 * fastest.iter().sum::<f64>() / frames.len() as f64
}
