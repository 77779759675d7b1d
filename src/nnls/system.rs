//! The Gram scaled to unit diagonal, and the Cholesky factor of the part of it that is in use.
//!
//! With d_k = 1/√G_kk ([`Equations`](super::Equations)), Ĝ = DGD has ones on the diagonal, whatever the sizes of the components. [`Mixed`] keeps its off-diagonal entries
//! above the diagonal of one K×K array and the factor of the chosen principal submatrix on and below it: K² numbers and K bytes.
//! [`Prepared`] finds Ĝ where the caller keeps it, both triangles, so that rows can be walked, and has K² numbers for the factor. The factor is LΔLᵀ with unit diagonal in L: no square root. Its rows stand in the order in which components
//! were added, so that one more costs one row, and a smaller set keeps the rows before the first that leaves.
//!
//! **Dependent columns.** A pivot below [`Real::RIDGE`] is rounding noise of a Gram, not structure. It is raised to that
//! value, or to its own magnitude where it is more negative than that: so large is the noise. LΔLᵀ then exceeds Ĝ by a
//! non-negative diagonal, so a step computed with it still never overshoots: it minimises a function that lies above the
//! objective and touches it at the current point. Repeating the step from the new gradient removes the bias that a fixed
//! ridge would leave.

use crate::scalar::Real;

/// Inverse pivots up to two to this power are taken for the inverse of the Gram itself.
const SMALL: i32 = 4;

/// Where Ĝ and the factor lie.
pub(crate) trait Store<T: Real, const K: usize> {
    /// What Ĝ_kk is above 1, the same for all k.
    fn surplus(&self) -> T;

    /// Ĝ_kq for q ≠ k, both below K.
    fn entry(&self, k: usize, q: usize) -> T;

    /// `gradient` −= y·Ĝ_·q, but for what is above 1 on the diagonal.
    fn subtract(&self, q: usize, y: T, gradient: &mut [T; K]);

    /// Below the diagonal L, by places in the order of the system; on it 1/Δ, with a minus sign if the pivot was raised.
    fn factor(&self) -> &[[T; K]; K];

    /// As [`factor`](Store::factor), to write on and below the diagonal.
    fn factor_mut(&mut self) -> &mut [[T; K]; K];
}

/// Ĝ above the diagonal, the factor on and below it.
pub(crate) struct Mixed<T, const K: usize>([[T; K]; K]);

impl<T: Real, const K: usize> Store<T, K> for Mixed<T, K> {
    fn surplus(&self) -> T {
        T::ZERO
    }

    #[inline]
    fn entry(&self, k: usize, q: usize) -> T {
        // Never larger than K − 1; the bound spares a check.
        let (k, q) = (k.min(K - 1), q.min(K - 1));
        if q < k { self.0[q][k] } else { self.0[k][q] }
    }

    #[inline]
    fn subtract(&self, q: usize, y: T, gradient: &mut [T; K]) {
        let q = q.min(K - 1);
        for k in 0..q {
            gradient[k] -= self.0[k][q] * y;
        }
        gradient[q] -= y;
        for k in q + 1..K {
            gradient[k] -= self.0[q][k] * y;
        }
    }

    #[inline]
    fn factor(&self) -> &[[T; K]; K] {
        &self.0
    }

    #[inline]
    fn factor_mut(&mut self) -> &mut [[T; K]; K] {
        &mut self.0
    }
}

/// Ĝ of a dictionary, with `l2` added to the ones on its diagonal.
pub(crate) struct Prepared<'g, T, const K: usize> {
    gram: &'g [[T; K]; K],
    l2: T,
    factor: [[T; K]; K],
}

impl<T: Real, const K: usize> Store<T, K> for Prepared<'_, T, K> {
    #[inline]
    fn surplus(&self) -> T {
        self.l2
    }

    #[inline]
    fn entry(&self, k: usize, q: usize) -> T {
        self.gram[k.min(K - 1)][q.min(K - 1)]
    }

    #[inline]
    fn subtract(&self, q: usize, y: T, gradient: &mut [T; K]) {
        for (gradient, &entry) in gradient.iter_mut().zip(&self.gram[q.min(K - 1)]) {
            *gradient -= entry * y;
        }
    }

    #[inline]
    fn factor(&self) -> &[[T; K]; K] {
        &self.factor
    }

    #[inline]
    fn factor_mut(&mut self) -> &mut [[T; K]; K] {
        &mut self.factor
    }
}

pub(crate) struct System<S, const K: usize> {
    store: S,
    /// The factored components are the first `count`.
    order: [u8; K],
    count: u16,
}

impl<T: Real, const K: usize> System<Mixed<T, K>, K> {
    pub(crate) const fn new() -> Self {
        const { assert!(K <= 256, "K, the number of components, is 256 at most") };
        Self { store: Mixed([[T::ZERO; K]; K]), order: [0; K], count: 0 }
    }

    /// Sets Ĝ_qk, q < k. What was factored before is void: [`clear`](Self::clear).
    pub(crate) fn set(&mut self, q: usize, k: usize, value: T) {
        if let Some(entry) = self.store.0.get_mut(q).and_then(|row| row.get_mut(k)) {
            *entry = value;
        }
    }
}

impl<'g, T: Real, const K: usize> System<Prepared<'g, T, K>, K> {
    pub(crate) const fn prepared(gram: &'g [[T; K]; K], l2: T) -> Self {
        const { assert!(K <= 256, "K, the number of components, is 256 at most") };
        Self { store: Prepared { gram, l2, factor: [[T::ZERO; K]; K] }, order: [0; K], count: 0 }
    }
}

impl<S, const K: usize> System<S, K> {
    /// How many components are factored.
    pub(crate) fn count(&self) -> usize {
        usize::from(self.count).min(K)
    }

    /// The factored components in the order of their places.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> {
        // No entry is larger; the bound spares a check.
        self.order.iter().take(self.count()).map(|&k| usize::from(k).min(K - 1))
    }

    /// Nothing is factored any more.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }

    /// Keeps the first `count` components only.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count as u16);
    }

    /// Takes the last component out again.
    pub(crate) fn pop(&mut self) {
        self.count = self.count.saturating_sub(1);
    }

    /// Makes the factor that of the components of `set`. Rows that are still valid are kept; each new one costs half the
    /// square of its place in multiply-adds.
    #[inline]
    pub(crate) fn factor<T: Real>(&mut self, set: &[bool; K])
    where
        S: Store<T, K>,
    {
        let kept = self.places().take_while(|&k| set[k]).count();
        self.count = kept as u16;
        for k in 0..K {
            if set[k] && !self.places().take(kept).any(|known| known == k) {
                self.add(k);
            }
        }
    }

    /// One more component at the end of the factor.
    #[inline(never)]
    pub(crate) fn add<T: Real>(&mut self, k: usize)
    where
        S: Store<T, K>,
    {
        let (k, place) = (k.min(K - 1), self.count().min(K - 1));
        // With y from L·y = Ĝ_Pk the new row of L is Δ⁻¹y: it takes the place of y at the end.
        // In a row of its own meanwhile: one walk along two rows for every entry.
        let mut row = [T::ZERO; K];
        // Bounds that are constants: small triangles are written out.
        for p in 0..K {
            if p >= place {
                break;
            }
            let mut sum = self.store.entry(k, usize::from(self.order[p]));
            let known = &self.store.factor()[p];
            for q in 0..p {
                sum -= known[q] * row[q];
            }
            row[p] = sum;
        }
        let mut pivot = T::ONE + self.store.surplus();
        let factor = self.store.factor_mut();
        for p in 0..K {
            if p >= place {
                break;
            }
            let y = row[p];
            let entry = y * factor[p][p].abs();
            pivot -= y * entry;
            factor[place][p] = entry;
        }
        let raised = !(pivot >= T::RIDGE);
        if raised {
            pivot = -T::RIDGE.at_least(-pivot);
        }
        factor[place][place] = T::ONE / pivot;
        self.order[place] = k as u8;
        self.count = place as u16 + 1;
    }

    /// Keeps the places where `y` is positive; what comes after the first that leaves is factored anew.
    pub(crate) fn keep_positive<T: Real>(&mut self, y: &[T; K])
    where
        S: Store<T, K>,
    {
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
    pub(crate) fn gather<T: Real>(&self, values: &[T; K], y: &mut [T; K]) {
        for (y, k) in y.iter_mut().zip(self.places()) {
            *y = values[k];
        }
    }

    /// `y` ← (LΔLᵀ)⁻¹y, by places. K² multiply-adds at most. Returns yᵀ(LΔLᵀ)⁻¹y.
    pub(crate) fn solve_places<T: Real>(&self, y: &mut [T; K]) -> T
    where
        S: Store<T, K>,
    {
        let (count, factor) = (self.count(), self.store.factor());
        for (p, row) in factor.iter().enumerate().take(count) {
            let mut sum = y[p];
            for (&l, &y) in row.iter().zip(y.iter()).take(p) {
                sum -= l * y;
            }
            y[p] = sum;
        }
        // Lᵀ by rows of L, from the last place on.
        let mut product = T::ZERO;
        for p in 0..count {
            let z = y[p];
            y[p] = z * factor[p][p].abs();
            product += z * y[p];
        }
        for p in (0..count).rev() {
            let value = y[p];
            for (y, &l) in y.iter_mut().zip(&factor[p]).take(p) {
                *y -= l * value;
            }
        }
        product
    }

    /// `gradient` −= Ĝ_·P·y, with y by places: K multiply-adds for each.
    pub(crate) fn subtract_places<T: Real>(&self, y: &[T; K], gradient: &mut [T; K])
    where
        S: Store<T, K>,
    {
        for (&y, q) in y.iter().zip(self.places()) {
            self.store.subtract(q, y, gradient);
        }
        let surplus = self.store.surplus();
        if surplus > T::ZERO {
            for (&y, q) in y.iter().zip(self.places()) {
                gradient[q] -= surplus * y;
            }
        }
    }

    /// `x` ← (LΔLᵀ)⁻¹x on the factored set, 0 elsewhere.
    pub(crate) fn solve<T: Real>(&self, x: &mut [T; K])
    where
        S: Store<T, K>,
    {
        let mut y = [T::ZERO; K];
        self.gather(x, &mut y);
        self.solve_places(&mut y);
        *x = [T::ZERO; K];
        for (y, k) in y.into_iter().zip(self.places()) {
            x[k] = y;
        }
    }

    /// About the largest entry of (LΔLᵀ)⁻¹; ∞ if a pivot was raised. The largest 1/Δ where that is
    /// small, otherwise two steps of inverse iteration from its place.
    pub(crate) fn amplification<T: Real>(&self) -> T
    where
        S: Store<T, K>,
    {
        let (mut largest, mut place) = (T::ZERO, 0);
        for (p, row) in self.store.factor().iter().enumerate().take(self.count()) {
            let inverse = if row[p] > T::ZERO { row[p] } else { T::INFINITY };
            if inverse > largest {
                (largest, place) = (inverse, p);
            }
        }
        if !(largest > T::exp2i(SMALL)) || !largest.is_finite() {
            return largest;
        }
        let mut y = [T::ZERO; K];
        if let Some(y) = y.get_mut(place) {
            *y = T::ONE;
        }
        for _ in 0..2 {
            self.solve_places(&mut y);
            let size = y.iter().fold(T::ZERO, |size, y| size.at_least(y.abs()));
            largest = largest.at_least(size);
            for y in &mut y {
                *y *= T::ONE / size;
            }
        }
        largest
    }

    /// Number of factored components whose pivot is real structure.
    pub(crate) fn rank<T: Real>(&self) -> usize
    where
        S: Store<T, K>,
    {
        let factor = self.store.factor();
        (0..self.count()).filter(|&p| factor[p][p] > T::ZERO).count()
    }
}
