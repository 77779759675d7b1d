//! The factor of the Gram on the active set, one row for each component that enters.
//!
//! Ĝ = LΔLᵀ with unit lower triangular L, whose entries reach 1/√Δ: too wide a range for a fixed point. With e_p such that
//! D_p = 4^e_p·Δ_p lies in [1, 4), and the columns of L divided by 2^e_p, Ĝ = CDCᵀ: C is a Cholesky factor but for factors between 1
//! and 2, its entries stay within ±1, and no root is taken. Every row has its diagonal 2^−e_p and 1/D_p beside it.

use super::arithmetic::{UNIT, bits, mul30, raised, reciprocal, scaled};

/// One below the unit: products u of C and D reach 2.
const PIVOT: u32 = UNIT - 1;

/// Pivot, [`PIVOT`] bits after the point, that a component which depends on the others gets: above the rounding of a Gram and
/// its factor, some units in the last place for each component.
const RIDGE: i32 = 1 << (PIVOT - 20);

/// Bits of the largest gradient in a solve, below those of the largest number in it: room for what the inverse amplifies.
const ROOM: i32 = 3;

pub(super) struct Factor<const K: usize> {
    /// C below the diagonal, 1/D on it, by places.
    rows: [[i32; K]; K],
    /// e, by places.
    exponents: [u8; K],
    /// The component at each place.
    order: [u8; K],
    count: usize,
}

impl<const K: usize> Factor<K> {
    /// ⌈log₂K⌉: a sum of K numbers of so many bits less than 30 is below 2³⁰.
    pub(super) const SPREAD: i32 = K.next_power_of_two().trailing_zeros() as i32;

    /// Largest number in a solve. A sum of K products with entries of C stays below 2³⁰.
    pub(super) const LIMIT: i32 = 1 << (UNIT as i32 - Self::SPREAD);

    pub(super) const fn new() -> Self {
        Self { rows: [[0; K]; K], exponents: [0; K], order: [0; K], count: 0 }
    }

    pub(super) fn count(&self) -> usize {
        self.count.min(K)
    }

    /// The components in use, by places.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> + '_ {
        self.order.iter().take(self.count).map(|&k| usize::from(k).min(K - 1))
    }

    /// Takes the last component out.
    pub(super) fn pop(&mut self) {
        self.count = self.count.saturating_sub(1);
    }

    /// Appends a component. a²/2 products for a components in use, one division.
    pub(super) fn add(&mut self, gram: &[[i32; K]; K], k: usize) {
        let (k, place) = (k.min(K - 1), self.count.min(K - 1));
        let (before, rest) = self.rows.split_at_mut(place);
        let Some(row) = rest.first_mut() else { return };
        // u = Ĝ_k· C⁻ᵀ, with PIVOT bits after the point.
        for (p, (other, &q)) in before.iter().zip(&self.order).enumerate() {
            let mut sum = gram[k][usize::from(q).min(K - 1)] >> (UNIT - PIVOT);
            for (&c, &u) in other.iter().zip(row.iter()).take(p) {
                sum -= mul30(c, u);
            }
            let exponent = self.exponents.get(p).map_or(0, |&e| u32::from(e));
            row[p.min(K - 1)] = raised(sum, exponent).clamp(-(1 << UNIT), 1 << UNIT);
        }
        let mut pivot = 1 << PIVOT;
        for (p, (other, u)) in before.iter().zip(row.iter_mut()).enumerate() {
            let c = mul30(*u, other[p.min(K - 1)]).clamp(-(1 << PIVOT), 1 << PIVOT) << (UNIT - PIVOT);
            pivot -= mul30(c, *u);
            *u = c;
        }
        let pivot = pivot.max(RIDGE);
        let exponent = (pivot.leading_zeros().saturating_sub(1) / 2) & 15;
        self.exponents[place] = exponent as u8;
        row[place] = reciprocal((pivot as u32) << (2 * exponent));
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

    /// `step` ← Ĝ_PP⁻¹g_P by places, to be shifted by what is returned. a² products, more only where the Gram is so ill-conditioned
    /// that the first attempt leaves the range.
    pub(super) fn solve(&self, gradient: &[i32; K], step: &mut [i32; K]) -> i32 {
        let all = self.places().fold(0, |all, k| all | (gradient[k] ^ (gradient[k] >> 31)));
        let mut shift = bits(all) - (UNIT as i32 - Self::SPREAD - ROOM);
        loop {
            for (step, k) in step.iter_mut().zip(self.places()) {
                *step = scaled(gradient[k], -shift);
            }
            // Shifted out altogether, it is 0, and so is its solution.
            if self.solve_places(step) || shift > UNIT as i32 {
                return shift;
            }
            shift += ROOM;
        }
    }

    /// `y` ← (CDCᵀ)⁻¹y by places. False if a number left the range.
    fn solve_places(&self, y: &mut [i32; K]) -> bool {
        let count = self.count();
        for p in 0..count {
            let row = &self.rows[p];
            let mut sum = y[p];
            for (&c, &y) in row.iter().zip(y.iter()).take(p) {
                sum -= mul30(c, y);
            }
            let exponent = u32::from(self.exponents[p]) & 15;
            if sum.abs() > Self::LIMIT >> exponent {
                return false;
            }
            y[p] = sum << exponent;
        }
        for p in 0..count {
            y[p] = mul30(y[p], self.rows[p][p]);
        }
        for p in (0..count).rev() {
            let exponent = u32::from(self.exponents[p]) & 15;
            if y[p].abs() > Self::LIMIT >> exponent {
                return false;
            }
            let value = y[p] << exponent;
            y[p] = value;
            for (y, &c) in y.iter_mut().zip(&self.rows[p]).take(p) {
                *y -= mul30(c, value);
            }
        }
        true
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
            let gram = [[q30(1.0), q30(cosine), 0], [q30(cosine), q30(1.0), q30(0.1)], [0, q30(0.1), q30(1.0)]];
            let mut factor = Factor::<3>::new();
            for k in [2, 0, 1] {
                factor.add(&gram, k);
            }
            let gradient = [1 << 20, 900_000, -5_000];
            let mut step = [0; 3];
            let shift = factor.solve(&gradient, &mut step);
            let mut y = [0.0; 3];
            for (&step, k) in step.iter().zip(factor.places()) {
                y[k] = f64::from(step) * f64::from(shift).exp2();
            }
            for k in 0..3 {
                let product: f64 = (0..3).map(|j| f64::from(gram[k][j]) / f64::from(1 << UNIT) * y[j]).sum();
                assert!((product - f64::from(gradient[k])).abs() < 0.5, "{cosine}: {product} for {}", gradient[k]);
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
        let mut step = [0; 4];
        // Nothing but rounding: the answer is large and meaningless, but there is one.
        factor.solve(&[5, -7, 3, 1 << 28], &mut step);
        factor.solve(&[i32::MAX, i32::MIN, 3, 1 << 28], &mut step);
    }
}
