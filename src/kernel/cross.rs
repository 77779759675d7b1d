//! Cross products c = Wᵀx for a block of columns, and the gradient c − G f.

use super::{Frames, LANES, Lanes};
use crate::scalar::Real;

/// Components that share one pass over the features: 4 × [`LANES`] running sums fit the vector registers.
const TILE: usize = 4;

/// `out[k][l]` = Σᵢ w\[k\]\[i\] · x\[i\]\[l\], sequential in i. M·K multiply-adds a lane.
pub(crate) fn cross<T: Real, const M: usize, const K: usize>(
    w: &[[T; M]; K],
    x: &Frames<T, M>,
    out: &mut [Lanes<T>; K],
) {
    let (tiles, rest) = w.as_chunks::<TILE>();
    let (outs, out_rest) = out.as_chunks_mut::<TILE>();
    for (w, out) in tiles.iter().zip(outs) {
        tile(w, x, out);
    }
    for (w, out) in rest.iter().zip(out_rest) {
        tile::<T, M, 1>(core::array::from_ref(w), x, core::array::from_mut(out));
    }
}

fn tile<T: Real, const M: usize, const R: usize>(w: &[[T; M]; R], x: &Frames<T, M>, out: &mut [Lanes<T>; R]) {
    let mut sums = [[T::ZERO; LANES]; R];
    for i in 0..M {
        let x = x.row(i);
        // Adds nothing. Where products are made in software this is worth a test.
        if LANES == 1 && x[0] == T::ZERO {
            continue;
        }
        unrolled!(r < R, {
            let w = w[r][i];
            unrolled!(l < LANES, sums[r][l] += w * x[l]);
        });
    }
    *out = sums;
}

/// `out` = cross − gram · factor, sequential in the components. K² multiply-adds a lane.
pub(crate) fn gradient<T: Real, const K: usize>(
    gram: &[[T; K]; K],
    cross: &[Lanes<T>; K],
    factor: &[Lanes<T>; K],
    out: &mut [Lanes<T>; K],
) {
    for k in 0..K {
        let mut sum = cross[k];
        for q in 0..K {
            for l in 0..LANES {
                sum[l] -= gram[k][q] * factor[q][l];
            }
        }
        out[k] = sum;
    }
}
