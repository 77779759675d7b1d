//! Loops on arrays: where the arithmetic of a sweep happens.
//!
//! **Lanes are columns.** A [`Block`] carries [`LANES`] neighbouring columns of X (or rows of W) through cross product,
//! passes and accumulation together. Each lane sums in plain sequential order, so the bits do not depend on `LANES`, and
//! the compiler turns `[T; LANES]` loops into vector instructions without help. No `Result`, no policy, no random numbers
//! in here.

/// `body` for every lane, or every row of a tile, written out: at opt-level "s" a loop over them would keep its sums in memory
/// (three times the instructions on a Cortex-M4F).
macro_rules! unrolled {
    ($index:ident < $end:expr, $body:expr) => {
        unrolled!(@ $index, $end, $body, 0 1 2 3 4 5 6 7)
    };
    (@ $index:ident, $end:expr, $body:expr, $($value:literal)+) => {
        $(
            const { assert!($end <= 8) };
            if $value < $end {
                let $index: usize = $value;
                $body
            }
        )+
    };
}

mod accumulate;
mod balance;
mod cross;
mod descent;
mod divergence;
mod frames;
mod gram;
mod residual;
mod single;

use crate::scalar::Real;

pub(crate) use accumulate::accumulate;
pub(crate) use balance::{
    balance, bound_rows, level, level_h, level_w, merge_equal, rescale, unit_exponent, unit_exponents,
};
pub(crate) use cross::{cross, gradient};
pub(crate) use descent::{Descent, descend};
pub(crate) use divergence::{column_sums, divergence_term, improve_column, model, newton, ratios};
use frames::VECTOR;
pub(crate) use frames::{Frames, LANES, Lanes};
pub(crate) use gram::{diagonal, gram, inner, length, length_of, norm_squared};
pub(crate) use residual::{product_into, residual, residual_into, worst_frame};
pub(crate) use single::{FeatureWeights, Frame, descend_single, inner_scaled, unit};

/// The same values, their number hidden from the optimiser: it would write out every loop over M numbers, 100 KB of code for one
/// fit at opt-level 3 on a Cortex-M4F. For loops that are not the inner ones of a sweep.
pub(crate) fn rolled<V>(values: &[V]) -> &[V] {
    core::hint::black_box(values)
}

/// As [`rolled`], to write to.
pub(crate) fn rolled_mut<V>(values: &mut [V]) -> &mut [V] {
    core::hint::black_box(values)
}

/// A block of K-vectors, one per lane: what a rule reads and improves.
pub(crate) struct Block<T, const K: usize> {
    /// Right-hand sides Wᵀx, less the L1 penalty.
    pub cross: [Lanes<T>; K],
    /// The unknowns: start values on entry, improved values on exit.
    pub factor: [Lanes<T>; K],
    /// cross − gram · factor, on exit.
    pub gradient: [Lanes<T>; K],
}

impl<T: Real, const K: usize> Block<T, K> {
    pub(crate) const fn zero() -> Self {
        Self { cross: [[T::ZERO; LANES]; K], factor: [[T::ZERO; LANES]; K], gradient: [[T::ZERO; LANES]; K] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Data;

    const M: usize = 13;
    const N: usize = 11;
    const K: usize = 5;

    /// Small integers: every sum below is exact, so kernels and plain loops must agree to the bit.
    fn integer(seed: usize, i: usize, j: usize) -> f32 {
        ((seed * 7 + i * 5 + j * 3 + i * j) % 9) as f32
    }

    fn matrix<const R: usize, const C: usize>(seed: usize) -> [[f32; R]; C] {
        core::array::from_fn(|j| core::array::from_fn(|i| integer(seed, i, j)))
    }

    struct Example {
        x: [[f32; M]; N],
        w: [[f32; M]; K],
        h: [[f32; K]; N],
    }

    fn example() -> Example {
        Example { x: matrix(1), w: matrix(2), h: matrix(3) }
    }

    #[test]
    fn gram_and_cross_and_gradient_are_plain_sums() {
        let Example { x, w, h } = example();
        let mut g = [[0.0; K]; K];
        gram(&w, &mut g);
        let dot = |a: &[f32; M], b: &[f32; M]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        for k in 0..K {
            assert_eq!(diagonal(&w)[k], g[k][k]);
            for q in 0..K {
                assert_eq!(g[k][q], dot(&w[k], &w[q]));
            }
        }
        let columns = &x[..];
        let data = Data::new(&columns, 1.0, 1.0, 1.0);
        let mut frames = Frames::new();
        for first in (0..N).step_by(LANES) {
            frames.load(&data, first, LANES.min(N - first));
            let mut block = Block::zero();
            cross(&w, &frames, &mut block.cross);
            for l in 0..LANES.min(N - first) {
                for k in 0..K {
                    assert_eq!(block.cross[k][l], dot(&w[k], &x[first + l]));
                    block.factor[k][l] = h[first + l][k];
                }
            }
            gradient(&g, &block.cross, &block.factor, &mut block.gradient);
            for l in 0..LANES.min(N - first) {
                for k in 0..K {
                    let model: f32 = (0..K).map(|q| g[k][q] * h[first + l][q]).sum();
                    assert_eq!(block.gradient[k][l], block.cross[k][l] - model);
                }
            }
        }
    }

    #[test]
    fn accumulate_gathers_both_moments() {
        let Example { x, h, .. } = example();
        let columns = &x[..];
        let data = Data::new(&columns, 1.0, 1.0, 1.0);
        let (mut a, mut b) = ([[0.0; K]; K], [[0.0; M]; K]);
        let mut frames = Frames::new();
        for first in (0..N).step_by(LANES) {
            let count = LANES.min(N - first);
            frames.load(&data, first, count);
            accumulate(frames.columns(), &h[first..first + count], &mut a, &mut b);
        }
        for k in 0..K {
            for q in 0..K {
                assert_eq!(a[k][q], (0..N).map(|j| h[j][k] * h[j][q]).sum::<f32>());
            }
            for i in 0..M {
                assert_eq!(b[k][i], (0..N).map(|j| x[j][i] * h[j][k]).sum::<f32>());
            }
        }
    }

    #[test]
    fn residuals_are_direct() {
        let Example { x, w, h } = example();
        let squared = |i: usize, j: usize| {
            let r = x[j][i] - (0..K).map(|k| w[k][i] * h[j][k]).sum::<f32>();
            r * r
        };
        let residuals: [f32; N] = core::array::from_fn(|j| (0..M).map(|i| squared(i, j)).sum());
        let columns = &x[..];
        let data = Data::new(&columns, 1.0, 1.0, 2.0);
        assert_eq!(residual(&data, &w, &h, 1.0), residuals.iter().sum::<f32>() / 2.0);
        let worst = residuals.iter().copied().fold(0.0, f32::max);
        let (j, energy) = worst_frame(&data, &w, &h);
        assert_eq!((residuals[j], energy), (worst, worst / 2.0));
    }

    #[test]
    fn descent_ends_at_the_constrained_minimum_and_says_by_how_much() {
        let g = [[2.0_f64, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 1.5]];
        let c = [1.0, -2.0, 3.0];
        let objective = |f: &[f64; 3]| -> f64 {
            (0..3).map(|k| f[k] * (0.5 * (0..3).map(|q| g[k][q] * f[q]).sum::<f64>() - c[k])).sum()
        };
        let mut block = Block::zero();
        for k in 0..3 {
            block.cross[k][0] = c[k];
            block.factor[k][0] = 1.0;
        }
        gradient(&g, &block.cross.clone(), &block.factor.clone(), &mut block.gradient);
        let inverse = [0.5, 1.0 / 3.0, 1.0 / 1.5];
        let decrease = descend(&g, &inverse, &mut block, Descent { passes: 400, ratio: 0.0 });
        let f = block.factor.map(|lanes| lanes[0]);
        for k in 0..3 {
            let slope = block.gradient[k][0];
            assert!(slope < 1e-12 && (f[k] == 0.0 || slope > -1e-12), "KKT of component {k}: {} at {}", slope, f[k]);
        }
        assert!((objective(&[1.0; 3]) - objective(&f) - decrease[0]).abs() < 1e-12);
        assert_eq!(decrease[1..], [0.0; LANES - 1], "idle lanes rest");
    }
}
