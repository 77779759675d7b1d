//! The statistics A = HHᵀ and B = XHᵀ, folded in block by block, sequential in the frames.

use super::{LANES, Lanes, VECTOR};
use crate::scalar::Real;

/// Frames that are folded into a row of B in one walk over it.
const GROUP: usize = if LANES < 4 { LANES } else { 4 };
/// Components that share the loads of x.
const TILE: usize = if VECTOR { 2 } else { 4 };

/// A += Σₗ hₗhₗᵀ and B += Σₗ xₗhₗᵀ. K² + M·K multiply-adds a frame. Unused lanes must hold zeros.
///
/// `columns`: the block of X, one frame per element; `factor`: its K-vectors; `b`: M×K by columns.
pub(crate) fn accumulate<T: Real, const M: usize, const K: usize>(
    columns: &[[T; M]; LANES],
    factor: &[Lanes<T>; K],
    a: &mut [[T; K]; K],
    b: &mut [[T; M]; K],
) {
    for l in 0..LANES {
        for k in 0..K {
            let h = factor[k][l];
            for q in 0..K {
                a[k][q] += h * factor[q][l];
            }
        }
    }
    let (groups, _) = columns.as_chunks::<GROUP>();
    for (g, group) in groups.iter().enumerate() {
        let (tiles, rest) = b.as_chunks_mut::<TILE>();
        let (factors, factor_rest) = factor.as_chunks::<TILE>();
        for (b, h) in tiles.iter_mut().zip(factors) {
            fold(group, h, g, b);
        }
        for (b, h) in rest.iter_mut().zip(factor_rest) {
            fold::<T, M, 1>(group, core::array::from_ref(h), g, core::array::from_mut(b));
        }
    }
}

/// Adds the group's frames to R columns of B; neighbouring features are independent sums and fill the vector lanes.
fn fold<T: Real, const M: usize, const R: usize>(
    group: &[[T; M]; GROUP],
    factor: &[Lanes<T>; R],
    g: usize,
    b: &mut [[T; M]; R],
) {
    let mut h = [[T::ZERO; GROUP]; R];
    for (h, lanes) in h.iter_mut().zip(factor) {
        for (h, &value) in h.iter_mut().zip(lanes.iter().skip(g * GROUP)) {
            *h = value;
        }
    }
    for i in 0..M {
        unrolled!(r < R, {
            let mut sum = b[r][i];
            unrolled!(l < GROUP, sum += group[l][i] * h[r][l]);
            b[r][i] = sum;
        });
    }
}
