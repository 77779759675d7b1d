//! The factor of the Gram on the active set.
//!
//! Ĝ = LΔLᵀ with unit lower triangular L, whose entries reach 1/√Δ: too wide a range for a fixed point. With e_p such that
//! D_p = 4^e_p·Δ_p lies in [1, 4), and the columns of L divided by 2^e_p, Ĝ = CDCᵀ: C is a Cholesky factor but for factors between 1
//! and 2, its entries stay within ±1, and no root is taken. Every row has its diagonal 2^−e_p and 1/D_p beside it. Rows and columns are in the order of
//! the components, with holes where one is not in use: a hole has a zero in every vector.

use super::arithmetic::{UNIT, bits, folded, halves, mul_halves, product, reciprocal, shift_by};

/// Two below the unit: products u of C and D reach 2, and twice that for what is not exact.
const PIVOT: u32 = UNIT - 2;

/// Pivot, [`PIVOT`] bits after the point, that a component which depends on the others gets: above the rounding of a Gram and
/// its factor, some units in the last place for each component.
const RIDGE: i32 = 1 << (PIVOT - 20);

/// Bits of an exponent.
const BITS: i32 = 4;
const LAST: i32 = (1 << BITS) - 1;

pub(super) struct Factor<const K: usize> {
    /// Of every entry of C the high half below the diagonal and the low half above: half the memory of a square of words, and as short
    /// products want it.
    halves: [[i16; K]; K],
    /// 1/D, and e in its last [`BITS`] bits; 0 for a component that is not in use.
    diagonal: [i32; K],
    /// What is added to the diagonal of Ĝ: a Gram of dependent columns is indefinite by its rounding.
    ridge: i32,
}

impl<const K: usize> Factor<K> {
    /// Bits of the numbers in a solve: a sum of K products of them with entries of C stays below 2³⁰.
    pub(super) const WIDTH: i32 = UNIT as i32 - K.next_power_of_two().trailing_zeros() as i32;

    pub(super) const fn new() -> Self {
        Self { halves: [[0; K]; K], diagonal: [0; K], ridge: 0 }
    }

    /// Factors the Gram of the components where `y` is positive; of the components before `from` none has changed. a³/6 products for a
    /// components, and as many again if a pivot is below the ridge: once for a frame. `u`: anything.
    #[inline(never)]
    pub(super) fn assign(&mut self, gram: &[[i32; K]; K], y: &[i32; K], from: usize, u: &mut [i32; K]) {
        let mut k = from;
        while k < K {
            self.diagonal[k] = 0;
            if y[k] > 0 && !self.append(&gram[k], k, u) && self.ridge == 0 {
                (self.ridge, k) = (RIDGE, 0);
            } else {
                k += 1;
            }
        }
    }

    /// Row `k`. False if it ends at the ridge.
    #[inline(always)]
    fn append(&mut self, gram: &[i32; K], k: usize, u: &mut [i32; K]) -> bool {
        const MOST: i32 = (1 << PIVOT) - 1;
        // u = Ĝ_k·C⁻ᵀ, with PIVOT bits after the point. Rows end where their pivot would not stay positive: Σ c·u ≤ 1 + ridge in each, and
        // by Cauchy and Schwarz no sum here reaches 2.
        for (u, &g) in u.iter_mut().zip(gram) {
            *u = g >> (UNIT - PIVOT);
        }
        let (mut pivot, mut fits) = ((1 << PIVOT) + self.ridge, true);
        for p in 0..k {
            let mut c = 0;
            if fits {
                self.forward(u, p);
                self.raise(u, p, UNIT as i32);
                c = product(u[p], self.diagonal[p]).clamp(-MOST, MOST) << (UNIT - PIVOT);
                pivot -= product(c, u[p]);
                fits = pivot >= RIDGE;
            }
            let (high, low) = halves(if fits { c } else { 0 });
            (self.halves[k][p], self.halves[p][k]) = (high as i16, low as i16);
        }
        let mut pivot = pivot.max(RIDGE).cast_unsigned();
        let mut exponent = 0;
        while pivot < 1 << PIVOT {
            pivot <<= 2;
            exponent += 1;
        }
        self.diagonal[k] = (reciprocal(pivot << 1) & !LAST) | exponent;
        fits
    }

    /// `v` ← (CDCᵀ)⁻¹v for the components in use, 0 for the others, held within ±2³⁰. a² products.
    #[inline(never)]
    pub(super) fn solve(&self, v: &mut [i32; K]) {
        let all = v.iter().fold(0, |all, &v| all | folded(v));
        let mut shift = bits(all) - (Self::WIDTH - 1);
        shift_by(v, -shift);
        for p in 0..K {
            self.forward(v, p);
            shift += self.raise(v, p, Self::WIDTH);
        }
        for (v, &diagonal) in v.iter_mut().zip(&self.diagonal) {
            *v = product(*v, diagonal);
        }
        for p in (0..K).rev() {
            shift += self.raise(v, p, Self::WIDTH);
            self.backward(v, p);
        }
        shift_by(v, shift);
    }

    /// Row `p` of v ← C⁻¹v, after those before it, but for its diagonal.
    #[inline(never)]
    fn forward(&self, v: &mut [i32; K], p: usize) {
        let p = p.min(K - 1);
        if self.diagonal[p] == 0 {
            return;
        }
        let mut sum = v[p];
        for q in 0..p {
            if v[q] != 0 {
                sum -= mul_halves(self.halves[p][q].into(), self.halves[q][p].into(), v[q]);
            }
        }
        v[p] = sum;
    }

    /// Column `p` of v ← C⁻ᵀv, after those behind it, but for its diagonal.
    #[inline(never)]
    fn backward(&self, v: &mut [i32; K], p: usize) {
        let p = p.min(K - 1);
        let value = v[p];
        if value != 0 {
            for q in 0..p {
                v[q] -= mul_halves(self.halves[p][q].into(), self.halves[q][p].into(), value);
            }
        }
    }

    /// The diagonal: `v[p]` ← 2^e·v[p], 0 for what is not in use. Where that leaves `width` bits v is divided by a power of two first, as a
    /// linear system allows at any time; its exponent is returned.
    #[inline(never)]
    fn raise(&self, v: &mut [i32; K], p: usize, width: i32) -> i32 {
        let p = p.min(K - 1);
        if self.diagonal[p] == 0 {
            v[p] = 0;
            return 0;
        }
        let exponent = self.diagonal[p] & LAST;
        let mut excess = 0;
        if v[p].abs() > (1 << width) >> exponent {
            excess = bits(folded(v[p])) - (width - exponent);
            shift_by(v, -excess);
        }
        v[p] <<= exponent;
        excess
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn q30(value: f64) -> i32 {
        (value * f64::from(1 << UNIT)) as i32
    }

    #[test]
    fn steps_solve_the_system() {
        for cosine in [0.0, 0.5, 0.99, 0.9999] {
            let (one, near, far) = (q30(1.0), q30(cosine), q30(0.1));
            let gram = [[one, near, far], [near, one, far], [far, far, one]];
            let mut factor = Factor::<3>::new();
            factor.assign(&gram, &[1; 3], 0, &mut [0; 3]);
            let gradient = [1 << 14, 9_000, -500];
            let mut step = gradient;
            factor.solve(&mut step);
            let y = step.map(f64::from);
            // What can be asked for: rounding is relative to the answer.
            let largest = y.iter().fold(0.0, |largest: f64, y| largest.max(y.abs()));
            for k in 0..3 {
                let product: f64 = (0..3).map(|j| f64::from(gram[k][j]) / f64::from(1 << UNIT) * y[j]).sum();
                let off = (product - f64::from(gradient[k])).abs();
                assert!(off < 2.0 + largest * 1e-6, "{cosine}: {product} for {}", gradient[k]);
            }
        }
    }

    #[test]
    fn dependent_columns_keep_numbers_in_range() {
        let gram = [[1 << UNIT; 4]; 4];
        let mut factor = Factor::<4>::new();
        factor.assign(&gram, &[1; 4], 0, &mut [0; 4]);
        // Nothing but rounding: the answer is large and meaningless, but there is one.
        factor.solve(&mut [5, -7, 3, 1 << 28]);
        factor.solve(&mut [i32::MAX, i32::MIN, 3, 1 << 28]);
    }
}
