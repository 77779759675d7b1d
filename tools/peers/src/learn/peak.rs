//! How many multiplications and additions of f32 a core does in a second, in the instruction set of this build.

use std::hint::black_box;
use std::time::Instant;

#[cfg(not(target_feature = "avx"))]
type Register = wide::f32x4;
#[cfg(target_feature = "avx")]
type Register = wide::f32x8;

const LANES: usize = size_of::<Register>() / size_of::<f32>();
/// Independent chains, enough to hide the latencies of both operations and few enough for 16 registers.
const CHAINS: usize = 12;
const STEPS: u32 = 10_000;
const TRIALS: u32 = 100;

/// flop/s. No contraction: two operations with two roundings, as everywhere in this crate.
pub fn measure() -> f64 {
    let mut fastest = f64::INFINITY;
    for _ in 0..TRIALS {
        let begin = Instant::now();
        black_box(chains(black_box(0.999), black_box(1e-3)));
        fastest = fastest.min(begin.elapsed().as_secs_f64());
    }
    f64::from(STEPS) * (2 * CHAINS * LANES) as f64 / fastest
}

#[inline(never)]
fn chains(factor: f32, term: f32) -> [Register; CHAINS] {
    let (factor, term) = (Register::splat(factor), Register::splat(term));
    let mut chains = [term; CHAINS];
    for _ in 0..STEPS {
        for chain in &mut chains {
            *chain = *chain * factor + term;
        }
    }
    chains
}
