//! Size moved between a column of W and a row of H: by powers of two, so that the product keeps its bits, but for `level`.

use super::{rolled, rolled_mut};
use crate::scalar::Real;

/// Exponents of w_k and h_k may differ by this much before anything is moved: far more than any healthy fit shows, far
/// less than what endangers a square.
const SLACK: i32 = 32;

fn largest<T: Real>(values: impl Iterator<Item = T>) -> T {
    values.fold(T::ZERO, |largest, value| largest.at_least(value.abs()))
}

/// Brings every component from `first` on whose w_k and h_k have drifted apart by more than 2³² back to about equal size.
pub(crate) fn balance<T: Real, const M: usize, const K: usize>(w: &mut [[T; M]; K], h: &mut [[T; K]], first: usize) {
    for k in first..K {
        let (a, b) = (largest(rolled(&w[k]).iter().copied()), largest(h.iter().map(|h| h[k])));
        let drift = a.exponent() - b.exponent();
        // A zero vector has no size; nothing can be moved to or from it.
        if a > T::ZERO && b > T::ZERO && drift.abs() > SLACK {
            shift(w, h, k, -(drift / 2));
        }
    }
}

/// Gives every w_k unit length, and the length to h_k.
pub(crate) fn level_w<T: Real, const M: usize, const K: usize>(w: &mut [[T; M]; K], h: &mut [[T; K]]) {
    for k in 0..K {
        let energy = rolled(&w[k]).iter().fold(T::ZERO, |sum, &w| sum + w * w);
        if energy > T::TINY {
            let length = energy.sqrt();
            stretch(w, h, k, T::ONE / length, length);
        }
    }
}

/// Gives every h_k unit length, and the length to w_k.
pub(crate) fn level_h<T: Real, const M: usize, const K: usize>(w: &mut [[T; M]; K], h: &mut [[T; K]]) {
    for k in 0..K {
        let energy = h.iter().fold(T::ZERO, |sum, h| sum + h[k] * h[k]);
        if energy > T::TINY {
            let length = energy.sqrt();
            stretch(w, h, k, length, T::ONE / length);
        }
    }
}

/// Gives the entries of w_k and h_k the same mean square.
pub(crate) fn level<T: Real, const M: usize, const K: usize>(w: &mut [[T; M]; K], h: &mut [[T; K]]) {
    for k in 0..K {
        let a = rolled(&w[k]).iter().fold(T::ZERO, |sum, &w| sum + w * w) / T::from_count(M);
        let b = h.iter().fold(T::ZERO, |sum, h| sum + h[k] * h[k]) / T::from_count(h.len());
        if a > T::TINY && b > T::TINY {
            let ratio = (b.sqrt() / a.sqrt()).sqrt();
            stretch(w, h, k, ratio, T::ONE / ratio);
        }
    }
}

fn stretch<T: Real, const M: usize, const K: usize>(w: &mut [[T; M]; K], h: &mut [[T; K]], k: usize, on_w: T, on_h: T) {
    if let Some(w) = w.get_mut(k) {
        for w in rolled_mut(w) {
            *w *= on_w;
        }
    }
    for h in h {
        if let Some(h) = h.get_mut(k) {
            *h *= on_h;
        }
    }
}

/// Zeros every component from `first` on that is so large, beside an X of at most 1, that the squares of its entries overflow. After
/// [`balance`] only a start that explains nothing has such.
pub(crate) fn clear_overflowing<T: Real, const M: usize, const K: usize>(
    w: &mut [[T; M]; K],
    h: &mut [[T; K]],
    first: usize,
) {
    for k in first..K {
        let (a, b) = (largest(rolled(&w[k]).iter().copied()), largest(h.iter().map(|h| h[k])));
        // 20: sums of a million squares.
        if a.at_least(b).exponent() > T::MAX_EXPONENT / 2 - 20 {
            w[k] = [T::ZERO; M];
            for h in h.iter_mut() {
                h[k] = T::ZERO;
            }
        }
    }
}

/// W ← W·2^exponent, but for the components before `first`: their rows of H take it. A component of W that would overflow first hands the
/// excess to its row of H.
pub(crate) fn rescale<T: Real, const M: usize, const K: usize>(
    w: &mut [[T; M]; K],
    h: &mut [[T; K]],
    exponent: i32,
    first: usize,
) {
    for k in 0..K {
        if k < first {
            scale_row(h, k, exponent);
            continue;
        }
        let reached = largest(rolled(&w[k]).iter().copied()).exponent() + exponent;
        if reached >= T::MAX_EXPONENT {
            shift(w, h, k, T::MAX_EXPONENT - 1 - reached);
        }
        scale(&mut w[k], exponent);
    }
}

/// w_k ← w_k·2^exponent, h_k ← h_k·2^-exponent.
fn shift<T: Real, const M: usize, const K: usize>(w: &mut [[T; M]; K], h: &mut [[T; K]], k: usize, exponent: i32) {
    if let Some(w) = w.get_mut(k) {
        scale(w, exponent);
    }
    scale_row(h, k, -exponent);
}

/// h_k ← h_k·2^exponent.
fn scale_row<T: Real, const K: usize>(h: &mut [[T; K]], k: usize, exponent: i32) {
    let (first, second) = halves::<T>(exponent);
    for h in h {
        if let Some(h) = h.get_mut(k) {
            *h = *h * first * second;
        }
    }
}

#[inline(never)]
fn scale<T: Real>(w: &mut [T], exponent: i32) {
    let (first, second) = halves::<T>(exponent);
    for w in rolled_mut(w) {
        *w = *w * first * second;
    }
}

/// 2^exponent as two factors, so that an exponent outside the normal range is still a finite step.
fn halves<T: Real>(exponent: i32) -> (T, T) {
    (T::exp2i(exponent / 2), T::exp2i(exponent - exponent / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balance_keeps_the_product_and_ignores_zeros() {
        let mut w = [[1e-30_f32, 3e-30], [0.0, 0.0], [1.0, 2.0]];
        let mut h = [[1e20_f32, 5.0, 1.0], [2e20, 5.0, 1.0]];
        let before = (w[0][1] * h[1][0], h[0][1], w[2]);
        balance(&mut w, &mut h, 0);
        assert_eq!((w[0][1] * h[1][0], h[0][1], w[2]), before);
        assert!(w[0][1] > 1e-8 && h[0][0] < 1e-2);
    }

    #[test]
    fn rescale_never_overflows() {
        let mut w = [[3.0_f32, 0.5]];
        let mut h = [[0.25_f32]];
        rescale(&mut w, &mut h, 127, 0);
        assert!(w[0][0].is_finite() && w[0][0] > 1e37);
        assert_eq!(f64::from(w[0][0]) * f64::from(h[0][0]), 0.75 * 2.0_f64.powi(127));
    }
}
