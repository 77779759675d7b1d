//! The factor of the Gram on the active set, one row for each component that enters.
//!
//! Ĝ = LΔLᵀ with unit lower triangular L, whose entries reach 1/√Δ: too wide a range for a fixed point. With e_p such that
//! D_p = 4^e_p·Δ_p lies in [1, 4), and the columns of L divided by 2^e_p, Ĝ = CDCᵀ: C is a Cholesky factor but for factors between 1
//! and 2, its entries stay within ±1, and no root is taken. Every row has its diagonal 2^−e_p and 1/D_p beside it.

use super::arithmetic::{UNIT, bits, halves, mul_halves, product, reciprocal, shift_by};

/// One below the unit: products u of C and D reach 2.
const PIVOT: u32 = UNIT - 1;

/// Pivot, [`PIVOT`] bits after the point, that a component which depends on the others gets: above the rounding of a Gram and
/// its factor, some units in the last place for each component.
const RIDGE: i32 = 1 << (PIVOT - 20);

/// Bits of an exponent.
const BITS: i32 = 4;
const LAST: i32 = (1 << BITS) - 1;

pub(super) struct Factor<const K: usize> {
    /// C by places, of every entry the high half below the diagonal and the low half above: half the memory of a square of words, and
    /// as short products want it.
    halves: [[i16; K]; K],
    /// By places: 1/D, and e in its last [`BITS`] bits.
    diagonal: [i32; K],
    /// The component at each place.
    order: [u8; K],
    count: usize,
}

impl<const K: usize> Factor<K> {
    /// Bits of the numbers in a solve: a sum of K products of them with entries of C stays below 2³⁰.
    pub(super) const WIDTH: i32 = UNIT as i32 - K.next_power_of_two().trailing_zeros() as i32;

    pub(super) const fn new() -> Self {
        Self { halves: [[0; K]; K], diagonal: [0; K], order: [0; K], count: 0 }
    }

    pub(super) fn count(&self) -> usize {
        self.count.min(K)
    }

    /// The components in use, by places.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> + '_ {
        self.order.iter().take(self.count).map(|&k| usize::from(k).min(K - 1))
    }

    /// Appends a component. a²/2 products for a components in use.
    #[inline(never)]
    pub(super) fn add(&mut self, gram: &[[i32; K]; K], k: usize) {
        let (k, place) = (k.min(K - 1), self.count.min(K - 1));
        let gram = &gram[k];
        let mut pivot = 1 << PIVOT;
        let mut u = [0; K];
        for p in 0..place {
            // u = Ĝ_k·C⁻ᵀ, with PIVOT bits after the point.
            let mut sum = gram[usize::from(self.order[p]).min(K - 1)] >> (UNIT - PIVOT);
            for i in 0..p {
                sum -= mul_halves(self.halves[p][i].into(), self.halves[i][p].into(), u[i]);
            }
            let exponent = self.diagonal[p] & LAST;
            // Within ±2 by Cauchy and Schwarz, and to rounding.
            let limit = (1 << UNIT) >> exponent;
            sum = sum.clamp(-limit, limit) << exponent;
            u[p] = sum;
            const MOST: i32 = (1 << PIVOT) - 1;
            let c = product(sum, self.diagonal[p]).clamp(-MOST, MOST) << (UNIT - PIVOT);
            pivot -= product(c, sum);
            let (high, low) = halves(c);
            (self.halves[place][p], self.halves[p][place]) = (high as i16, low as i16);
        }
        let mut pivot = pivot.max(RIDGE).cast_unsigned();
        let mut exponent = 0;
        while pivot < 1 << PIVOT {
            pivot <<= 2;
            exponent += 1;
        }
        self.diagonal[place] = (reciprocal(pivot) & !LAST) | exponent;
        self.order[place] = k as u8;
        self.count = place + 1;
    }

    /// Keeps the components where `y` is positive; what comes after the first that leaves is factored anew.
    pub(super) fn keep_positive(&mut self, gram: &[[i32; K]; K], y: &[i32; K]) {
        let count = self.count();
        self.count = 0;
        let mut untouched = true;
        for p in 0..count {
            let k = usize::from(self.order[p]).min(K - 1);
            if y[k] <= 0 {
                untouched = false;
            } else if untouched {
                self.count = p + 1;
            } else {
                // Read before it is overwritten: places only move forward.
                self.add(gram, k);
            }
        }
    }

    /// `v` ← v_P, by places.
    #[inline(never)]
    pub(super) fn gather(&self, v: &mut [i32; K]) {
        let from = *v;
        for (v, k) in v.iter_mut().zip(self.places()) {
            *v = from[k];
        }
    }

    /// `v` ← (CDCᵀ)⁻¹v by places, held within ±(2³¹ − 1). a² products.
    #[inline(never)]
    pub(super) fn solve(&self, v: &mut [i32; K]) {
        let count = self.count();
        let all = v.iter().take(count).fold(0, |all, &v| all | (v ^ (v >> 31)));
        let mut shift = bits(all) - (Self::WIDTH - 1);
        shift_by(v, -shift);
        for p in 0..count {
            let mut sum = v[p];
            for q in 0..p {
                sum -= mul_halves(self.halves[p][q].into(), self.halves[q][p].into(), v[q]);
            }
            v[p] = sum;
            shift += Self::raise(v, p, self.diagonal[p] & LAST);
        }
        for (v, &diagonal) in v.iter_mut().zip(&self.diagonal).take(count) {
            *v = product(*v, diagonal);
        }
        for p in (0..count).rev() {
            shift += Self::raise(v, p, self.diagonal[p] & LAST);
            let value = v[p];
            for q in 0..p {
                v[q] -= mul_halves(self.halves[p][q].into(), self.halves[q][p].into(), value);
            }
        }
        shift_by(v, shift);
    }

    /// `v[p]` ← 2^exponent·v[p]. Where that leaves the range everything is divided by a power of two first, as a linear system allows at any
    /// time; its exponent is returned.
    #[inline(always)]
    fn raise(v: &mut [i32; K], p: usize, exponent: i32) -> i32 {
        let mut shift = 0;
        if v[p].abs() > (1 << Self::WIDTH) >> exponent {
            shift = bits(v[p]) - (Self::WIDTH - exponent);
            shift_by(v, -shift);
        }
        v[p] <<= exponent;
        shift
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
            for k in [2, 0, 1] {
                factor.add(&gram, k);
            }
            let gradient = [1 << 14, 9_000, -500];
            let mut step = gradient;
            factor.gather(&mut step);
            factor.solve(&mut step);
            let mut y = [0.0; 3];
            for (&step, k) in step.iter().zip(factor.places()) {
                y[k] = f64::from(step);
            }
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
        for k in 0..4 {
            factor.add(&gram, k);
        }
        // Nothing but rounding: the answer is large and meaningless, but there is one.
        factor.solve(&mut [5, -7, 3, 1 << 28]);
        factor.solve(&mut [i32::MAX, i32::MIN, 3, 1 << 28]);
    }
}
