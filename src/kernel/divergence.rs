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

/// x·ln(x/y) − x + y, without the cancellation that shows where y is near x.
pub(crate) fn divergence_term<T: Real>(x: T, y: T) -> T {
    if !(x > T::ZERO) {
        y
    } else if y < x {
        (x * ((x - y) / y).ln_1p() - (x - y)).positive()
    } else {
        ((y - x) - x * ((y - x) / x).ln_1p()).positive()
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
        // (δ²/2)·x for y = (1 + δ)x: nothing is left of it in the plain form.
        let near = divergence_term(1.0_f32, 1.0001);
        assert!((near / 5e-9 - 1.0).abs() < 0.05, "{near:e}");
    }
}
