//! Size moved between a column of W and a row of H: by powers of two, so that the product keeps its bits, but for `level`.

use super::{rolled, rolled_mut};
use crate::scalar::Real;

/// Exponents of w_k and h_k may differ by this much before anything is moved: far more than any healthy fit shows, far
/// less than what endangers a square.
const SLACK: i32 = 32;

/// Bits that the largest entry of a column of W keeps above the subnormal numbers, for the smaller
/// ones beside it.
const ROOM: i32 = 24;

/// The largest of the entries `first`, `first` + `stride`, …: a column of W or a row of H.
#[inline(never)] // one copy
fn largest<T: Real>(values: &[T], first: usize, stride: usize) -> T {
    let (mut largest, mut place) = (T::ZERO, first);
    while let Some(value) = values.get(place) {
        largest = largest.at_least(value.abs());
        place += stride;
    }
    largest
}

/// The largest entries of w_k and h_k.
fn sizes<T: Real, const M: usize, const K: usize>(w: &[[T; M]; K], h: &[[T; K]], k: usize) -> (T, T) {
    (w.get(k).map_or(T::ZERO, |w| largest(w, 0, 1)), largest(h.as_flattened(), k, K))
}

/// Brings every component from `first` on whose w_k and h_k have drifted apart by more than 2³²
/// back to about equal size, and clears those that would overflow.
#[inline(never)] // one copy
pub(crate) fn balance<T: Real, const M: usize, const K: usize>(w: &mut [[T; M]; K], h: &mut [[T; K]], first: usize) {
    for k in 0..K {
        if k >= first {
            let (a, b) = sizes(w, h, k);
            let drift = a.exponent() - b.exponent();
            // A zero vector has no size; nothing can be moved to or from it.
            if a > T::ZERO && b > T::ZERO && drift.abs() > SLACK {
                shift(w, h, k, -(drift / 2));
            }
        }
        clear_overflowing(w, h, k, first);
    }
}

/// Zeros h_k if it is so large, beside an X of at most 1, that products of both factors overflow
/// when they are squared, and brings w_k to unit size, unless it is before `first`. Of balanced
/// components only a start that explains nothing has such. The shapes in W stay, and a sweep begins
/// with H.
fn clear_overflowing<T: Real, const M: usize, const K: usize>(
    w: &mut [[T; M]; K],
    h: &mut [[T; K]],
    k: usize,
    first: usize,
) {
    let (a, b) = sizes(w, h, k);
    let (a, b) = (a.exponent(), b.exponent());
    // 20: sums of a million squares.
    if a.max(b) > T::MAX_EXPONENT / 2 - 20 || a + b > T::MAX_EXPONENT / 2 - 10 {
        if k >= first {
            scale(&mut w[k], 0, 1, -a);
        }
        for h in rolled_mut(h) {
            h[k] = T::ZERO;
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

/// The power of two by which a column is divided so that its largest entry is in [½, 1), as far as
/// no entry then loses a bit: no normal number becomes a subnormal one, and columns with subnormal
/// entries are only multiplied. Also the exponent of the largest entry that is left.
#[inline(never)] // off the path of fits without known components
pub(crate) fn unit_exponent<T: Real, const M: usize>(w: &[T; M]) -> (i32, i32) {
    let (mut most, mut least) = (T::ZERO, T::INFINITY);
    for w in rolled(w) {
        most = most.at_least(w.abs());
        if w.abs() > T::ZERO && w.abs() < least {
            least = w.abs();
        }
    }
    if !(most > T::ZERO) {
        return (0, 0);
    }
    let exponent = (most.exponent() + 1).min(least.exponent() - T::MIN_EXPONENT);
    (exponent, most.exponent() - exponent)
}

/// [`unit_exponent`] of the first `count` columns, 0 for the others.
#[inline(never)] // as `unit_exponent`
pub(crate) fn unit_exponents<T: Real, const M: usize, const K: usize>(w: &[[T; M]; K], count: usize) -> [i32; K] {
    let mut exponents = [0; K];
    for (exponent, w) in exponents.iter_mut().zip(w).take(count) {
        (*exponent, _) = unit_exponent(w);
    }
    exponents
}

/// Of components that are equal in W and in H, one keeps the sum and the others become zero.
/// Updates that treat all components alike would never tell them apart; a zero component is
/// revived.
pub(crate) fn merge_equal<T: Real, const M: usize, const K: usize>(
    w: &mut [[T; M]; K],
    h: &mut [[T; K]],
    first: usize,
) {
    for k in first..K {
        let mut count = 1;
        for q in k + 1..K {
            if rolled(&w[q]) == rolled(&w[k]) && h.iter().all(|h| h[q] == h[k]) {
                count += 1;
                w[q] = [T::ZERO; M];
                for h in h.iter_mut() {
                    h[q] = T::ZERO;
                }
            }
        }
        if count > 1 {
            for h in h.iter_mut() {
                h[k] *= T::from_count(count);
            }
        }
    }
}

/// W ← W·2^exponent, but for known components: those get their own exponents of `known`, and their
/// rows of H what is left. A component of W that would overflow first hands the excess to its row
/// of H, and one that would lose digits as subnormal numbers takes from it what it lacks.
pub(crate) fn rescale<T: Real, const M: usize, const K: usize>(
    w: &mut [[T; M]; K],
    h: &mut [[T; K]],
    exponent: i32,
    known: &[i32],
) {
    for k in 0..K {
        if let Some(&own) = known.get(k) {
            scale(&mut w[k], 0, 1, own);
            scale(h.as_flattened_mut(), k, K, exponent - own);
            continue;
        }
        let size = largest(&w[k], 0, 1);
        let reached = size.exponent() + exponent;
        if reached >= T::MAX_EXPONENT {
            shift(w, h, k, T::MAX_EXPONENT - 1 - reached);
        } else if size > T::ZERO && reached < T::MIN_EXPONENT + ROOM {
            shift(w, h, k, T::MIN_EXPONENT + ROOM - reached);
        }
        scale(&mut w[k], 0, 1, exponent);
    }
}

/// Puts 2^[`MAX_EXPONENT`](Real::MAX_EXPONENT) for every infinity in the first `count` rows of H.
/// Returns the first row that had one.
#[inline(never)] // as `unit_exponent`
pub(crate) fn bound_rows<T: Real, const K: usize>(h: &mut [[T; K]], count: usize) -> Option<usize> {
    let bound = T::exp2i(T::MAX_EXPONENT);
    let mut first = None;
    for h in rolled_mut(h) {
        for (k, h) in h.iter_mut().enumerate().take(count) {
            if h.abs() == T::INFINITY {
                *h = if *h > T::ZERO { bound } else { -bound };
                first = Some(first.map_or(k, |first: usize| first.min(k)));
            }
        }
    }
    first
}

/// w_k ← w_k·2^exponent, h_k ← h_k·2^-exponent.
fn shift<T: Real, const M: usize, const K: usize>(w: &mut [[T; M]; K], h: &mut [[T; K]], k: usize, exponent: i32) {
    if let Some(w) = w.get_mut(k) {
        scale(w, 0, 1, exponent);
    }
    scale(h.as_flattened_mut(), k, K, -exponent);
}

/// Multiplies the entries `first`, `first` + `stride`, … by 2^exponent.
#[inline(never)] // one copy
fn scale<T: Real>(values: &mut [T], first: usize, stride: usize, exponent: i32) {
    let factors = steps::<T>(exponent);
    let mut place = first;
    while let Some(value) = values.get_mut(place) {
        for factor in factors {
            *value *= factor;
        }
        place += stride;
    }
}

/// 2^exponent as three factors, so that the way from the largest number to the smallest is finite
/// steps.
fn steps<T: Real>(exponent: i32) -> [T; 3] {
    let third = exponent / 3;
    [T::exp2i(third), T::exp2i(third), T::exp2i(exponent - 2 * third)]
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
    fn equal_components_become_one() {
        let mut w = [[1.0_f32, 2.0], [1.0, 2.0], [1.0, 2.0], [1.0, 2.0]];
        let mut h = [[1.0_f32, 3.0, 3.0, 3.0]];
        merge_equal(&mut w, &mut h, 1);
        assert_eq!(w, [[1.0, 2.0], [1.0, 2.0], [0.0, 0.0], [0.0, 0.0]]);
        assert_eq!(h, [[1.0, 9.0, 0.0, 0.0]]);
    }

    #[test]
    fn rescale_never_loses_digits() {
        let mut w = [[0.3_f32, 0.7]];
        let mut h = [[0.9_f32]];
        rescale(&mut w, &mut h, -148, &[]);
        let product = |i: usize| f64::from(w[0][i]) * f64::from(h[0][0]) * 2.0_f64.powi(148);
        assert_eq!([product(0), product(1)], [0.3_f32, 0.7].map(|w| f64::from(w) * f64::from(0.9_f32)));
    }

    #[test]
    fn rescale_never_overflows() {
        let mut w = [[3.0_f32, 0.5]];
        let mut h = [[0.25_f32]];
        rescale(&mut w, &mut h, 127, &[]);
        assert!(w[0][0].is_finite() && w[0][0] > 1e37);
        assert_eq!(f64::from(w[0][0]) * f64::from(h[0][0]), 0.75 * 2.0_f64.powi(127));
    }

    #[test]
    fn known_columns_come_back_to_the_bit() {
        for (column, span) in [
            ([3.0_f32, 0.7], -1),
            ([1e-45, 1e-42], -1),
            ([f32::MAX, 1.1], 1),
            ([1e30, 1.1e-20], 40),
            ([1e-10, 1e-43], -1),
            ([10.0, 1e-43], 4),
            ([0.0, 0.0], 0),
        ] {
            let (exponent, largest) = unit_exponent(&column);
            assert_eq!(largest, span, "{column:?}");
            let (mut w, mut h) = ([column], [[f32::exp2i(-20)]]);
            rescale(&mut w, &mut h, 5, &[-exponent]);
            assert_eq!(f64::from(h[0][0]), 2.0_f64.powi(exponent - 15));
            rescale(&mut w, &mut h, -5, &[exponent]);
            assert_eq!((w, h), ([column], [[f32::exp2i(-20)]]));
        }
    }
}
