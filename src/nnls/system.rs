//! The Gram scaled to unit diagonal, and the Cholesky factor of the part of it that is in use.
//!
//! With d_k = 1/√G_kk, Ĝ = DGD has ones on the diagonal, whatever the sizes of the components. Its off-diagonal entries
//! live above the diagonal of one K×K array, the factor L of the chosen principal submatrix on and below it, so that a
//! system costs K² + K numbers. Rows of L belong to components in their natural order; those of components that are not
//! in use are zero, so a change of the set leaves every row before the first difference valid.
//!
//! **Dependent columns.** A pivot below [`Real::RIDGE`] is rounding noise of a Gram, not structure. It is raised to that
//! value, or to its own magnitude where it is more negative than that: so large is the noise. L·Lᵀ then exceeds Ĝ by a
//! non-negative diagonal, so a step computed with it still never overshoots: it minimises a function that lies above the
//! objective and touches it at the current point. Repeating the step from the new gradient removes the bias that a fixed
//! ridge would leave.

use crate::scalar::Real;

pub(crate) struct System<T, const K: usize> {
    /// Above the diagonal Ĝ, on and below it L, with 1/L_kk on the diagonal.
    mixed: [[T; K]; K],
    /// d_k = 1/√G_kk; 0 where the component has no energy.
    scale: [T; K],
    /// The set whose rows of L are stored.
    factored: [bool; K],
    /// Pivots that were raised, per row.
    raised: [bool; K],
    /// Every entry of the Gram was finite.
    finite: bool,
}

impl<T: Real, const K: usize> System<T, K> {
    pub(crate) const fn new() -> Self {
        Self { mixed: [[T::ZERO; K]; K], scale: [T::ZERO; K], factored: [false; K], raised: [false; K], finite: true }
    }

    /// Takes over a Gram, given by columns: its diagonal and its lower triangle, the entries `gram[q][k]`, q < k.
    pub(crate) fn set(&mut self, gram: &[[T; K]; K]) {
        for k in 0..K {
            // Below TINY the reciprocal and what is multiplied with it would overflow.
            let usable = gram[k][k] > T::TINY && gram[k][k].is_finite();
            self.scale[k] = if usable { T::ONE / gram[k][k].sqrt() } else { T::ZERO };
        }
        self.finite = true;
        for k in 0..K {
            for q in 0..k {
                self.finite &= gram[q][k].is_finite();
                self.mixed[q][k] = gram[q][k] * self.scale[k] * self.scale[q];
            }
            self.finite &= gram[k][k].is_finite();
            self.mixed[k][k] = T::ZERO;
        }
        self.factored = [false; K];
        for k in 0..K {
            self.clear_row(k);
        }
    }

    /// d: multiplies a cross product, and the scaled unknowns on the way back.
    pub(crate) fn scale(&self) -> &[T; K] {
        &self.scale
    }

    /// False if the Gram held NaN or an infinity.
    pub(crate) fn is_finite(&self) -> bool {
        self.finite
    }

    /// `values` ← D·values: a cross product into the scaled system, scaled unknowns out of it.
    pub(crate) fn scale_by(&self, values: &mut [T; K]) {
        for (value, &scale) in values.iter_mut().zip(&self.scale) {
            *value *= scale;
        }
    }

    /// Makes L the factor for every component that has energy.
    pub(crate) fn factor_all(&mut self) {
        let used = self.scale.map(|scale| scale > T::ZERO);
        self.factor(&used);
    }

    /// `gradient` −= Ĝ·step.
    pub(crate) fn subtract(&self, step: &[T; K], gradient: &mut [T; K]) {
        for k in 0..K {
            let mut sum = gradient[k];
            for q in 0..k {
                sum -= self.mixed[q][k] * step[q];
            }
            // A component without energy has a zero row: its unit diagonal is a fiction that its zero step never meets.
            sum -= step[k];
            for q in k + 1..K {
                sum -= self.mixed[k][q] * step[q];
            }
            gradient[k] = sum;
        }
    }

    /// Makes L the factor for the components of `set`. Rows that are still valid are kept. At most K³/6 multiply-adds.
    pub(crate) fn factor(&mut self, set: &[bool; K]) {
        let mut valid = true;
        for k in 0..K {
            valid &= set[k] == self.factored[k];
            if valid {
                continue;
            }
            self.factored[k] = set[k];
            self.clear_row(k);
            if !set[k] {
                continue;
            }
            let mut pivot = T::ONE;
            for q in 0..k {
                if !set[q] {
                    continue;
                }
                let mut sum = self.mixed[q][k];
                for p in 0..q {
                    sum -= self.mixed[k][p] * self.mixed[q][p];
                }
                let value = sum * self.mixed[q][q];
                self.mixed[k][q] = value;
                pivot -= value * value;
            }
            self.raised[k] = !(pivot >= T::RIDGE);
            if self.raised[k] {
                pivot = T::RIDGE.at_least(-pivot);
            }
            self.mixed[k][k] = T::ONE / pivot.sqrt();
        }
    }

    /// `x` ← (L·Lᵀ)⁻¹x on the factored set, 0 elsewhere. K² multiply-adds.
    pub(crate) fn solve(&self, x: &mut [T; K]) {
        for k in 0..K {
            let mut sum = x[k];
            for q in 0..k {
                sum -= self.mixed[k][q] * x[q];
            }
            // 0 on the diagonal of an unused row clears its entry.
            x[k] = sum * self.mixed[k][k];
        }
        for k in (0..K).rev() {
            let mut sum = x[k];
            for q in k + 1..K {
                sum -= self.mixed[q][k] * x[q];
            }
            x[k] = sum * self.mixed[k][k];
        }
    }

    /// Number of factored components whose pivot is real structure.
    pub(crate) fn rank(&self) -> usize {
        self.factored.iter().zip(&self.raised).filter(|&(&used, &raised)| used && !raised).count()
    }

    fn clear_row(&mut self, k: usize) {
        if let (Some(row), Some(raised)) = (self.mixed.get_mut(k), self.raised.get_mut(k)) {
            *raised = false;
            for value in row.iter_mut().take(k + 1) {
                *value = T::ZERO;
            }
        }
    }
}
