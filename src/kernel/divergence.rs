//! The generalised Kullback–Leibler divergence D(x‖y) = Σ x·ln(x/y) − x + y, y = Wh + ε, and multiplicative updates that lower it.
//!
//! ε = 1e-12 (f32) or 1e-26 (f64), for data of at most about 1: D is then finite for every start.

use super::{inner, product_into};
use crate::scalar::Real;

/// y = Wh + ε.
pub(crate) fn model<T: Real, const M: usize, const K: usize>(w: &[[T; M]; K], h: &[T; K]) -> [T; M] {
    let mut y = [T::ZERO; M];
    product_into(w, h, &mut y);
    y.map(|y| y + T::RIDGE * T::RIDGE)
}

/// x/y.
pub(crate) fn ratios<T: Real, const M: usize, const K: usize>(w: &[[T; M]; K], h: &[T; K], x: &[T; M]) -> [T; M] {
    let mut ratio = model(w, h);
    for (ratio, &x) in ratio.iter_mut().zip(x) {
        *ratio = x / *ratio;
    }
    ratio
}

pub(crate) fn column_sums<T: Real, const M: usize, const K: usize>(w: &[[T; M]; K]) -> [T; K] {
    let mut sums = [T::ZERO; K];
    for (sum, w) in sums.iter_mut().zip(w) {
        *sum = w.iter().fold(T::ZERO, |sum, &w| sum + w);
    }
    sums
}

/// h_k ← h_k·Σᵢ w_ik·x_i/y_i / Σᵢ w_ik, all components from the same y; then zeros that ought not to be.
#[inline(never)]
pub(crate) fn improve_column<T: Real, const M: usize, const K: usize>(
    w: &[[T; M]; K],
    parts: &[T; K],
    x: &[T; M],
    h: &mut [T; K],
) {
    let ratio = ratios(w, h, x);
    let mut locked = false;
    for ((h, w), &part) in h.iter_mut().zip(w).zip(parts) {
        if part > T::TINY {
            let gain = inner(w, &ratio);
            locked |= *h == T::ZERO && gain > part;
            *h = *h * gain / part;
        }
    }
    if !locked {
        return;
    }
    for k in 0..K {
        if h[k] > T::ZERO || !(parts[k] > T::TINY) {
            continue;
        }
        let y = model(w, h);
        h[k] = newton(w[k].iter().copied().zip(x.iter().copied().zip(y)), parts[k]);
    }
}

/// The Newton step of one coefficient away from zero, 0 if it is held there: (Σ a·x/y − Σ a) / Σ a²·x/y². The slope is concave
/// in the coefficient, so the step ends before the minimum.
pub(crate) fn newton<T: Real>(terms: impl Iterator<Item = (T, (T, T))>, sum: T) -> T {
    let (mut gain, mut bend) = (T::ZERO, T::ZERO);
    for (a, (x, y)) in terms {
        let ratio = a / y;
        gain += ratio * x;
        bend += ratio * ratio * x;
    }
    if gain > sum && bend > T::TINY { (gain - sum) / bend } else { T::ZERO }
}

/// x·ln(x/y) − x + y for x ≥ 0 and y ≥ ε, without the cancellation that shows where y is near x. A
/// y that is not finite passes.
pub(crate) fn divergence_term<T: Real>(x: T, y: T) -> T {
    if !(x > T::ZERO) {
        y
    } else if y < x {
        (x * ((x - y) / y).ln_1p() - (x - y)).positive()
    } else {
        let above = (y - x) / x;
        // An x so far below y that the ratio overflows: x·ln(y/x) is nothing beside y.
        if above.is_finite() { ((y - x) - x * above.ln_1p()).positive() } else { y }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_the_divergence() {
        for (x, y) in [(1.0_f64, 2.0), (2.0, 1.0), (1.0, 1e-26), (1e-30, 1.0), (0.5, 0.5)] {
            let plain = x * (x / y).ln() - x + y;
            assert!((divergence_term(x, y) - plain).abs() <= 1e-14 * plain.max(1.0), "{x} {y}");
        }
        assert_eq!(divergence_term(0.0_f32, 0.25), 0.25);
        assert!(divergence_term(1.0_f32, f32::NAN).is_nan() && divergence_term(1.0, f32::INFINITY) == f32::INFINITY);
        // (δ²/2)·x for y = (1 + δ)x: nothing is left of it in the plain form.
        let near = divergence_term(1.0_f32, 1.0001);
        assert!((near / 5e-9 - 1.0).abs() < 0.05, "{near:e}");
    }

    /// x from the smallest number to 2, y from ε to the largest: f64 is the reference of f32. That
    /// of f64 takes the logarithm of the mantissas and of the exponents apart.
    #[test]
    fn terms_are_right_over_the_whole_range() {
        fn split(x: f64) -> (f64, f64) {
            let exponent = if x < f64::MIN_POSITIVE { -1074 } else { Real::exponent(x) };
            (x / 2_f64.powi(exponent / 2) / 2_f64.powi(exponent - exponent / 2), f64::from(exponent))
        }
        fn reference(x: f64, y: f64) -> (f64, f64) {
            let near = x < 2.0 * y && y < 2.0 * x;
            let ((a, e), (b, f)) = (split(x), split(y));
            let log = if near { ((x - y) / y).ln_1p() } else { (a / b).ln() + (e - f) * core::f64::consts::LN_2 };
            (x * log - (x - y), x * log.abs() + (x - y).abs())
        }
        let mantissas = [1.0, 1.0 + 1e-6, 1.25, 1.9];
        for (e, f) in (-149..2).flat_map(|e| (-39..127).step_by(3).map(move |f| (e, f))).chain((-39..1).map(|e| (e, e)))
        {
            for (a, b) in mantissas.into_iter().flat_map(|a| mantissas.map(|b| (a, b))) {
                let (x, y) = ((a * 2_f64.powi(e)) as f32, (b * 2_f64.powi(f)) as f32);
                let (right, size) = reference(f64::from(x), f64::from(y));
                let off = (f64::from(divergence_term(x, y)) - right).abs();
                assert!(off <= 3e-7 * size, "{x:e} {y:e}: {off:e} off {right:e}");
            }
        }
        for (e, f) in (-1074..2).step_by(5).flat_map(|e| (-86..1023).step_by(7).map(move |f| (e, f))) {
            for (a, b) in mantissas.into_iter().flat_map(|a| mantissas.map(|b| (a, b))) {
                let (x, y) = (a * 2_f64.powi(e / 2) * 2_f64.powi(e - e / 2), b * 2_f64.powi(f));
                let (right, size) = reference(x, y);
                let off = (divergence_term(x, y) - right).abs();
                assert!(off <= 6e-16 * size, "{x:e} {y:e}: {off:e} off {right:e}");
            }
        }
    }
}
