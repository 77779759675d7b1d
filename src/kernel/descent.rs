//! Cyclic coordinate descent on ½fᵀGf − cᵀf over f ≥ 0, a block of vectors at a time.
//!
//! One step sets f_k to its minimiser with the others fixed, `max(0, f_k + g_k / G_kk)` with the gradient
//! g = c − Gf kept up to date. It lowers the objective by d(g_k − ½G_kk d) ≥ 0, d the step taken; the sum of these terms
//! is accurate where a difference of two objectives has lost every digit.
//!
//! Cichocki & Phan 2009 (HALS); inner passes after Gillis & Glineur 2012.

use super::{Block, LANES, Lanes, VECTOR};
use crate::scalar::Real;

/// Components that share one walk over the gradients: their steps stay in registers.
const TILE: usize = 4;

/// How long a vector is worked on.
#[derive(Clone, Copy)]
pub(crate) struct Descent<T> {
    /// Passes over the K coordinates, at most.
    pub passes: u32,
    /// A vector is left alone once a pass moves it by no more than this share (of squared length) of its first pass.
    pub ratio: T,
}

/// Improves every lane of the block; returns the decrease of the objective per lane.
///
/// `inverse[k]` is 1/G_kk, or 0 for a component without energy, which is then left as it is. 2K² + 9K flops a lane and pass.
pub(crate) fn descend<T: Real, const K: usize>(
    gram: &[[T; K]; K],
    inverse: &[T; K],
    block: &mut Block<T, K>,
    descent: Descent<T>,
) -> Lanes<T> {
    if VECTOR {
        return side_by_side(gram, inverse, block, descent);
    }
    let mut decrease = [T::ZERO; LANES];
    for (l, decrease) in decrease.iter_mut().enumerate() {
        *decrease = alone(gram, inverse, block, l, descent);
    }
    decrease
}

/// All lanes at once; one that has converged is frozen by a factor 0 instead of a branch.
fn side_by_side<T: Real, const K: usize>(
    gram: &[[T; K]; K],
    inverse: &[T; K],
    block: &mut Block<T, K>,
    descent: Descent<T>,
) -> Lanes<T> {
    let mut pass = Pass { gate: [T::ONE; LANES], step: [T::ZERO; LANES], decrease: [T::ZERO; LANES] };
    let mut enough = [T::ZERO; LANES];
    for n in 0..descent.passes {
        pass.step = [T::ZERO; LANES];
        let whole = K / TILE * TILE;
        for first in (0..whole).step_by(TILE) {
            pass.tile::<K, TILE>(gram, inverse, block, first);
        }
        for k in whole..K {
            pass.tile::<K, 1>(gram, inverse, block, k);
        }
        let mut open = false;
        for l in 0..LANES {
            if n == 0 {
                enough[l] = descent.ratio * pass.step[l];
            }
            // The first pass never freezes a vector that moved; one at rest would only repeat itself.
            if pass.step[l] == T::ZERO || (n > 0 && pass.step[l] <= enough[l]) {
                pass.gate[l] = T::ZERO;
            }
            open |= pass.gate[l] > T::ZERO;
        }
        if !open {
            break;
        }
    }
    pass.decrease
}

/// Where a pass over all lanes stands.
struct Pass<T> {
    /// 0 for a lane that rests, else 1.
    gate: Lanes<T>,
    /// Squared length of what was moved in this pass.
    step: Lanes<T>,
    decrease: Lanes<T>,
}

impl<T: Real> Pass<T> {
    /// One step in each of R components from `first` on. What the others' gradients lose to them is taken off in one walk, in the order of
    /// the steps: a load and a store for R multiply-adds.
    #[allow(clippy::large_stack_frames)] // the estimate adds up the copies of loops that are written out
    fn tile<const K: usize, const R: usize>(
        &mut self,
        gram: &[[T; K]; K],
        inverse: &[T; K],
        block: &mut Block<T, K>,
        first: usize,
    ) {
        let (Some(gram), Some(inverse)) = (part::<_, R>(gram, first), part::<_, R>(inverse, first)) else { return };
        let Block { factor, gradient, .. } = block;
        let (Some(factor), Some(own)) = (part_mut::<_, R>(factor, first), part_mut::<_, R>(gradient, first)) else {
            return;
        };
        let mut slopes = *own;
        let mut moved = [[T::ZERO; LANES]; R];
        unrolled!(r < R, {
            let diagonal = gram[r][(first + r).min(K - 1)];
            for l in 0..LANES {
                let (f, g) = (factor[r][l], slopes[r][l]);
                let d = ((f + g * inverse[r]).positive() - f) * self.gate[l];
                moved[r][l] = d;
                factor[r][l] = f + d;
                self.step[l] += d * d;
                self.decrease[l] += d * (g - T::HALF * diagonal * d);
            }
            unrolled!(q < R, {
                let entry = gram[r][(first + q).min(K - 1)];
                for l in 0..LANES {
                    slopes[q][l] -= entry * moved[r][l];
                }
            });
        });
        *own = slopes;
        for q in 0..K {
            if q >= first && q < first + R {
                continue;
            }
            // Lanes are the vectors here. Compilers for AVX-512 would rather gather over q.
            core::hint::black_box(());
            let mut slope = gradient[q];
            unrolled!(r < R, {
                for l in 0..LANES {
                    slope[l] -= gram[r][q] * moved[r][l];
                }
            });
            gradient[q] = slope;
        }
    }
}

/// R values from `first` on; none past the end.
fn part<V, const R: usize>(values: &[V], first: usize) -> Option<&[V; R]> {
    values.get(first..)?.first_chunk()
}

/// As [`part`], to write to.
fn part_mut<V, const R: usize>(values: &mut [V], first: usize) -> Option<&mut [V; R]> {
    values.get_mut(first..)?.first_chunk_mut()
}

/// One lane by itself, its vectors in registers; the same operations as [`side_by_side`].
fn alone<T: Real, const K: usize>(
    gram: &[[T; K]; K],
    inverse: &[T; K],
    block: &mut Block<T, K>,
    l: usize,
    descent: Descent<T>,
) -> T {
    let l = l.min(LANES - 1);
    let (mut factor, mut gradient) = (block.factor.map(|lanes| lanes[l]), block.gradient.map(|lanes| lanes[l]));
    let mut decrease = T::ZERO;
    let mut enough = T::ZERO;
    for pass in 0..descent.passes {
        let mut step = T::ZERO;
        for k in 0..K {
            let (f, g) = (factor[k], gradient[k]);
            let d = (f + g * inverse[k]).positive() - f;
            // Mostly a component that stays at 0. A branch costs more than the step where that is done in hardware.
            if LANES == 1 && d == T::ZERO {
                continue;
            }
            factor[k] = f + d;
            step += d * d;
            decrease += d * (g - T::HALF * gram[k][k] * d);
            for q in 0..K {
                gradient[q] -= gram[k][q] * d;
            }
        }
        if pass == 0 {
            enough = descent.ratio * step;
        }
        if step == T::ZERO || (pass > 0 && step <= enough) {
            break;
        }
    }
    for k in 0..K {
        block.factor[k][l] = factor[k];
        block.gradient[k][l] = gradient[k];
    }
    decrease
}
