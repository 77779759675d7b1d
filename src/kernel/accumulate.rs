//! The statistics A = HHᵀ and B = XHᵀ, folded in block by block, sequential in the frames.

use super::{LANES, VECTOR};
use crate::scalar::Real;

/// Frames that are folded into a row of B in one walk over it.
const GROUP: usize = if LANES < 4 { LANES } else { 4 };
/// Components that share the loads of x.
const TILE: usize = if VECTOR { 2 } else { 4 };

/// A += Σₗ hₗhₗᵀ and B += Σₗ xₗhₗᵀ. K² + M·K multiply-adds a frame. Frames beyond the given h count nothing.
///
/// `columns`: the block of X, one frame per element; `h`: its K-vectors; `b`: M×K by columns.
pub(crate) fn accumulate<T: Real, const M: usize, const K: usize>(
    columns: &[[T; M]; LANES],
    h: &[[T; K]],
    a: &mut [[T; K]; K],
    b: &mut [[T; M]; K],
) {
    let mut factors = [[T::ZERO; K]; LANES];
    for (factor, h) in factors.iter_mut().zip(h) {
        *factor = *h;
    }
    for k in 0..K {
        let mut row = a[k];
        for h in &factors {
            for q in 0..K {
                row[q] += h[k] * h[q];
            }
        }
        a[k] = row;
    }
    let (groups, _) = columns.as_chunks::<GROUP>();
    let (factors, _) = factors.as_chunks::<GROUP>();
    for (group, factors) in groups.iter().zip(factors) {
        let (tiles, rest) = b.as_chunks_mut::<TILE>();
        for (t, b) in tiles.iter_mut().enumerate() {
            fold(group, factors, t * TILE, b);
        }
        for (b, k) in rest.iter_mut().zip(K / TILE * TILE..) {
            fold::<T, M, K, 1>(group, factors, k, core::array::from_mut(b));
        }
    }
}

/// Adds the group's frames to the R columns of B from `first` on; neighbouring features are independent sums and fill the vector lanes.
fn fold<T: Real, const M: usize, const K: usize, const R: usize>(
    group: &[[T; M]; GROUP],
    factors: &[[T; K]; GROUP],
    first: usize,
    b: &mut [[T; M]; R],
) {
    let mut h = [[T::ZERO; GROUP]; R];
    for (l, factor) in factors.iter().enumerate() {
        for (h, &value) in h.iter_mut().zip(factor.iter().skip(first)) {
            h[l] = value;
        }
    }
    for i in 0..M {
        if LANES == 1 && group[0][i] == T::ZERO {
            continue;
        }
        unrolled!(r < R, {
            let mut sum = b[r][i];
            unrolled!(l < GROUP, sum += group[l][i] * h[r][l]);
            b[r][i] = sum;
        });
    }
}
