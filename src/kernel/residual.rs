//! The direct residual x − Wh, frame by frame: the only source of reported errors.
//!
//! The shortcut ‖X‖² − 2⟨X, WH⟩ + ‖WH‖² is the difference of large sums: in f32 it can read 0 where the truth is 2e-4.

use super::{inner, norm_squared, rolled, rolled_mut};
use crate::columns::{Data, Observed};
use crate::scalar::Real;

/// `r` −= W h, every entry component by component. M·K multiply-adds.
#[inline(never)]
pub(crate) fn residual_into<T: Real, const M: usize, const K: usize>(w: &[[T; M]; K], h: &[T; K], r: &mut [T; M]) {
    let r = rolled_mut(r);
    // Four components share the loads and stores of r.
    let (tiles, rest) = w.as_chunks::<4>();
    let (factors, factor_rest) = h.as_chunks::<4>();
    for ([a, b, c, d], &[e, f, g, h]) in tiles.iter().zip(factors) {
        let (a, b, c, d) = (rolled(a), rolled(b), rolled(c), rolled(d));
        for ((((r, &a), &b), &c), &d) in r.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *r = *r - a * e - b * f - c * g - d * h;
        }
    }
    for (column, &h) in rest.iter().zip(factor_rest) {
        for (r, &w) in r.iter_mut().zip(rolled(column)) {
            *r -= w * h;
        }
    }
}

/// `out` = W h, every entry component by component. M·K multiply-adds.
pub(crate) fn product_into<T: Real, const M: usize, const K: usize>(w: &[[T; M]; K], h: &[T; K], out: &mut [T; M]) {
    *out = [T::ZERO; M];
    residual_into(w, h, out);
    for out in rolled_mut(out) {
        *out = T::ZERO - *out;
    }
}

/// ‖unit·(x_j − W h_j)‖², weighted, for every frame, handed to `each` in order. One pass over X, M numbers of stack.
fn for_each_frame<T: Real, const M: usize, const K: usize, O: Observed>(
    x: &Data<'_, T, M, O>,
    w: &[[T; M]; K],
    h: &[[T; K]],
    unit: T,
    mut each: impl FnMut(usize, T),
) {
    let mut r = [T::ZERO; M];
    for (j, h) in h.iter().enumerate() {
        x.read(j, &mut r);
        residual_into(w, h, &mut r);
        // What is predicted of a missing entry may overflow in this unit, and infinity times no
        // weight is not 0.
        x.hide(j, &mut r);
        for r in rolled_mut(&mut r) {
            *r *= unit;
        }
        let energy = if O::ALL {
            norm_squared(&r)
        } else {
            let plain = r;
            x.weigh(j, &mut r);
            inner(&plain, &r)
        };
        each(j, energy);
    }
}

/// ‖unit·(X − WH)‖² / ‖X‖², with ‖X‖² as `x` states it: `unit` is 1 unless `x` is read in another scale than that.
pub(crate) fn residual<T: Real, const M: usize, const K: usize, O: Observed>(
    x: &Data<'_, T, M, O>,
    w: &[[T; M]; K],
    h: &[[T; K]],
    unit: T,
) -> T {
    let mut sum = T::ZERO;
    for_each_frame(x, w, h, unit, |_, energy| sum += energy);
    sum / x.energy()
}

/// The frame with the largest residual, and that ‖x_j − W h_j‖² / ‖X‖².
pub(crate) fn worst_frame<T: Real, const M: usize, const K: usize, O: Observed>(
    x: &Data<'_, T, M, O>,
    w: &[[T; M]; K],
    h: &[[T; K]],
) -> (usize, T) {
    let mut worst = (0, T::ZERO);
    for_each_frame(x, w, h, T::ONE, |j, energy| {
        if energy > worst.1 {
            worst = (j, energy);
        }
    });
    (worst.0, worst.1 / x.energy())
}
