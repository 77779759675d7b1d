//! Cyclic coordinate descent on ½fᵀGf − cᵀf over f ≥ 0, a block of vectors at a time.
//!
//! One step sets f_k to its minimiser with the others fixed, `max(0, f_k + g_k / G_kk)` with the gradient
//! g = c − Gf kept up to date. It lowers the objective by d(g_k − ½G_kk d) ≥ 0, d the step taken; the sum of these terms
//! is accurate where a difference of two objectives has lost every digit.
//!
//! Cichocki & Phan 2009 (HALS); inner passes after Gillis & Glineur 2012.

use super::{Block, LANES, Lanes, VECTOR};
use crate::scalar::Real;

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
    let Block { factor, gradient, .. } = block;
    let mut decrease = [T::ZERO; LANES];
    let mut enough = [T::ZERO; LANES];
    let mut gate = [T::ONE; LANES];
    for pass in 0..descent.passes {
        let mut step = [T::ZERO; LANES];
        for k in 0..K {
            let mut moved = [T::ZERO; LANES];
            for l in 0..LANES {
                let (f, g) = (factor[k][l], gradient[k][l]);
                let d = ((f + g * inverse[k]).positive() - f) * gate[l];
                moved[l] = d;
                factor[k][l] = f + d;
                step[l] += d * d;
                decrease[l] += d * (g - T::HALF * gram[k][k] * d);
            }
            for q in 0..K {
                for l in 0..LANES {
                    gradient[q][l] -= gram[k][q] * moved[l];
                }
            }
        }
        let mut open = false;
        for l in 0..LANES {
            if pass == 0 {
                enough[l] = descent.ratio * step[l];
            }
            // The first pass never freezes a vector that moved; one at rest would only repeat itself.
            if step[l] == T::ZERO || (pass > 0 && step[l] <= enough[l]) {
                gate[l] = T::ZERO;
            }
            open |= gate[l] > T::ZERO;
        }
        if !open {
            break;
        }
    }
    decrease
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
