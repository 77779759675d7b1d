//! The Gram scaled to unit diagonal, and the Cholesky factor of the part of it that is in use.
//!
//! With d_k = 1/√G_kk ([`Equations`](super::Equations)), Ĝ = DGD has ones on the diagonal, whatever the sizes of the components. Its off-diagonal entries
//! live above the diagonal of one K×K array, the factor of the chosen principal submatrix on and below it, so that a system costs
//! K² numbers and K bytes. The factor is LΔLᵀ with unit diagonal in L: no square root. Its rows stand in the order in which components
//! were added, so that one more costs one row, and a smaller set keeps the rows before the first that leaves.
//!
//! **Dependent columns.** A pivot below [`Real::RIDGE`] is rounding noise of a Gram, not structure. It is raised to that
//! value, or to its own magnitude where it is more negative than that: so large is the noise. LΔLᵀ then exceeds Ĝ by a
//! non-negative diagonal, so a step computed with it still never overshoots: it minimises a function that lies above the
//! objective and touches it at the current point. Repeating the step from the new gradient removes the bias that a fixed
//! ridge would leave.

use crate::scalar::Real;

pub(crate) struct System<T, const K: usize> {
    /// Above the diagonal Ĝ, by components. Below it L, by places in `order`; on it 1/Δ, with a minus sign if
    /// the pivot was raised.
    mixed: [[T; K]; K],
    /// The factored components are the first `count`.
    order: [u8; K],
    count: u16,
}

impl<T: Real, const K: usize> System<T, K> {
    pub(crate) const fn new() -> Self {
        const { assert!(K <= 256, "places are stored in bytes") };
        Self { mixed: [[T::ZERO; K]; K], order: [0; K], count: 0 }
    }

    /// Takes over the entries `unit[q][k]`, q < k, times `shrink`.
    pub(crate) fn load(&mut self, unit: &[[T; K]; K], shrink: T) {
        self.clear();
        for k in 0..K {
            for q in 0..k {
                self.mixed[q][k] = unit[q][k] * shrink;
            }
        }
    }

    /// Sets Ĝ_qk, q < k. What was factored before is void: [`clear`](Self::clear).
    pub(crate) fn set(&mut self, q: usize, k: usize, value: T) {
        if let Some(entry) = self.mixed.get_mut(q).and_then(|row| row.get_mut(k)) {
            *entry = value;
        }
    }

    /// Makes the factor that of the components of `set`. Rows that are still valid are kept; each new one costs half the
    /// square of its place in multiply-adds.
    #[inline]
    pub(crate) fn factor(&mut self, set: &[bool; K]) {
        let kept = self.places().take_while(|&k| set[k]).count();
        self.count = kept as u16;
        for k in 0..K {
            if set[k] && !self.places().take(kept).any(|known| known == k) {
                self.add(k);
            }
        }
    }

    /// How many components are factored.
    pub(crate) fn count(&self) -> usize {
        usize::from(self.count).min(K)
    }

    /// The factored components in the order of their places.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> {
        // No entry is larger; the bound spares a check.
        self.order.iter().take(self.count()).map(|&k| usize::from(k).min(K - 1))
    }

    /// One more component at the end of the factor.
    #[inline(never)]
    pub(crate) fn add(&mut self, k: usize) {
        let (k, place) = (k.min(K - 1), self.count().min(K - 1));
        // With y from L·y = Ĝ_Pk the new row of L is Δ⁻¹y: it takes the place of y at the end.
        for p in 0..place {
            let mut sum = self.entry(k, usize::from(self.order[p]));
            for r in 0..p {
                sum -= self.mixed[p][r] * self.mixed[place][r];
            }
            self.mixed[place][p] = sum;
        }
        let mut pivot = T::ONE;
        for p in 0..place {
            let y = self.mixed[place][p];
            let entry = y * self.mixed[p][p].abs();
            pivot -= y * entry;
            self.mixed[place][p] = entry;
        }
        let raised = !(pivot >= T::RIDGE);
        if raised {
            pivot = -T::RIDGE.at_least(-pivot);
        }
        self.mixed[place][place] = T::ONE / pivot;
        self.order[place] = k as u8;
        self.count = place as u16 + 1;
    }

    /// Nothing is factored any more.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }

    /// Takes the last component out again.
    pub(crate) fn pop(&mut self) {
        self.count = self.count.saturating_sub(1);
    }

    /// Keeps the places where `y` is positive; what comes after the first that leaves is factored anew.
    pub(crate) fn keep_positive(&mut self, y: &[T; K]) {
        let count = self.count();
        self.count = 0;
        let mut untouched = true;
        for p in 0..count {
            if !(y[p] > T::ZERO) {
                untouched = false;
            } else if untouched {
                self.count = p as u16 + 1;
            } else {
                // Read before it is overwritten: places only move forward.
                self.add(usize::from(self.order[p]));
            }
        }
    }

    /// `y` ← the values of the factored components, by places.
    pub(crate) fn gather(&self, values: &[T; K], y: &mut [T; K]) {
        for (y, k) in y.iter_mut().zip(self.places()) {
            *y = values[k];
        }
    }

    /// Ĝ_kq.
    #[inline]
    pub(crate) fn entry(&self, k: usize, q: usize) -> T {
        // Never larger than K − 1; the bound spares a check.
        let (k, q) = (k.min(K - 1), q.min(K - 1));
        if q < k {
            self.mixed[q][k]
        } else if q > k {
            self.mixed[k][q]
        } else {
            T::ONE
        }
    }

    /// `y` ← (LΔLᵀ)⁻¹y, by places. K² multiply-adds at most. Returns yᵀ(LΔLᵀ)⁻¹y.
    pub(crate) fn solve_places(&self, y: &mut [T; K]) -> T {
        let count = self.count();
        for p in 0..count {
            let mut sum = y[p];
            for q in 0..p {
                sum -= self.mixed[p][q] * y[q];
            }
            y[p] = sum;
        }
        // Lᵀ by rows of L, from the last place on.
        let mut product = T::ZERO;
        for p in 0..count {
            let z = y[p];
            y[p] = z * self.mixed[p][p].abs();
            product += z * y[p];
        }
        for p in (0..count).rev() {
            let value = y[p];
            for q in 0..p {
                y[q] -= self.mixed[p][q] * value;
            }
        }
        product
    }

    /// `gradient` −= Ĝ_·P·y, with y by places: K multiply-adds for each.
    pub(crate) fn subtract_places(&self, y: &[T; K], gradient: &mut [T; K]) {
        for (&y, q) in y.iter().zip(self.places()) {
            for k in 0..q {
                gradient[k] -= self.mixed[k][q] * y;
            }
            gradient[q] -= y;
            for k in q + 1..K {
                gradient[k] -= self.mixed[q][k] * y;
            }
        }
    }

    /// `x` ← (LΔLᵀ)⁻¹x on the factored set, 0 elsewhere.
    pub(crate) fn solve(&self, x: &mut [T; K]) {
        let mut y = [T::ZERO; K];
        self.gather(x, &mut y);
        self.solve_places(&mut y);
        *x = [T::ZERO; K];
        for (y, k) in y.into_iter().zip(self.places()) {
            x[k] = y;
        }
    }

    /// Number of factored components whose pivot is real structure.
    pub(crate) fn rank(&self) -> usize {
        (0..self.count()).filter(|&p| self.mixed[p][p] > T::ZERO).count()
    }
}
