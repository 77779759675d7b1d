//! Inner products: `Σᵢ xᵢ yᵢ` and the Gram matrix WᵀW.
//!
//! A single inner product would wait for each addition. It is therefore defined as eight interleaved sums, added up in
//! order at the end: the same bits on every target, and eight independent chains where the core can use them.

use crate::scalar::Real;

pub(super) const CHAINS: usize = 8;

/// Σ xᵢ yᵢ as eight interleaved sums.
#[inline(never)]
pub(crate) fn inner<T: Real, const M: usize>(x: &[T; M], y: &[T; M]) -> T {
    let mut sums = [T::ZERO; CHAINS];
    let (xs, x_rest) = x.as_chunks::<CHAINS>();
    let (ys, y_rest) = y.as_chunks::<CHAINS>();
    for (x, y) in xs.iter().zip(ys) {
        for c in 0..CHAINS {
            sums[c] += x[c] * y[c];
        }
    }
    for ((sum, &x), &y) in sums.iter_mut().zip(x_rest).zip(y_rest) {
        *sum += x * y;
    }
    total(sums)
}

/// The interleaved sums of an inner product, added up in order.
pub(super) fn total<T: Real>(sums: [T; CHAINS]) -> T {
    let mut total = T::ZERO;
    for sum in sums {
        total += sum;
    }
    total
}

/// ‖x‖².
pub(crate) fn norm_squared<T: Real, const M: usize>(x: &[T; M]) -> T {
    inner(x, x)
}

/// G = WᵀW, both triangles. M·K(K+1)/2 multiply-adds.
pub(crate) fn gram<T: Real, const M: usize, const K: usize>(w: &[[T; M]; K], g: &mut [[T; K]; K]) {
    for k in 0..K {
        for q in 0..=k {
            let value = inner(&w[k], &w[q]);
            g[k][q] = value;
            g[q][k] = value;
        }
    }
}

/// diag(WᵀW).
pub(crate) fn diagonal<T: Real, const M: usize, const K: usize>(w: &[[T; M]; K]) -> [T; K] {
    let mut diagonal = [T::ZERO; K];
    for (value, column) in diagonal.iter_mut().zip(w) {
        *value = norm_squared(column);
    }
    diagonal
}

/// ‖x‖ without over- or underflow of the squares.
#[inline(never)] // one copy
pub(crate) fn length<T: Real, const M: usize>(x: &[T; M]) -> T {
    let x = super::rolled(x);
    length_of(|| x.iter().copied())
}

pub(crate) fn length_of<T: Real, I: Iterator<Item = T>>(values: impl Fn() -> I) -> T {
    let largest = values().fold(T::ZERO, |largest, x| largest.at_least(x.abs()));
    // Both 2^exponent and its inverse must be normal numbers.
    let exponent = largest.exponent().clamp(T::MIN_EXPONENT, -T::MIN_EXPONENT);
    let inward = T::exp2i(-exponent);
    let sum = values().fold(T::ZERO, |sum, x| sum + (x * inward) * (x * inward));
    sum.sqrt() * T::exp2i(exponent)
}
