//! Joint Kaczmarz: one observed entry moves one row of W and one column of H.

use nalgebra::SMatrix;
use rand_xorshift::XorShiftRng;

use super::revival::row_energies;
use super::ridge::{self, Ridge, ridge_setter};
use super::walk::{PATIENCE, Pace, Walk, pace_setters};
use super::{Solver, Sweep};
use crate::columns::{Data, Observed};
use crate::error::Error;
use crate::factors::Factors;
use crate::kaczmarz::row;
use crate::kernel;
use crate::random::below;
use crate::scalar::Real;

/// Joint Kaczmarz: each observed entry x_ij moves row i of W and column j of H onto x_ij = w_i·h_j, once a sweep, in random
/// order.
///
/// w_i ← w_i + a·h_j and h_j ← h_j + a·w_i, negatives set to 0, with a = λ(x_ij − w_i·h_j)/(‖w_i‖² + ‖h_j‖² + ε), where ε is 1e-6 of
/// the mean square of the factors. The
/// denominator has both lengths, so that a faint row never takes a long step. No table, no Gram: the method for ratings and
/// other data with most entries missing, and for entries that arrive one at a time and are not kept ([`observe`](KaczmarzEntry::observe)).
///
/// The best factors so far are kept, the search goes on from the latest ones. A sweep that ends
/// worse than no factors at all is taken back and the relaxation halved. After 12 sweeps without a
/// new best the walk returns to the best factors with half the relaxation; it has converged once
/// that no longer moves the error.
///
/// # Missing entries
///
/// Works on [`Masked`](crate::Masked) data; an entry with weight below 1 takes shorter steps in proportion.
/// [`masked`](KaczmarzEntry::masked) adds the ridge that hidden entries call for ([Missing
/// entries](crate::missing_entries)): each step also divides both vectors by 1 plus their share of
/// it. [`ridge`](KaczmarzEntry::ridge) λ: default 0, `masked` 0.1; `observe` has none.
///
/// # Settings
///
/// [`relaxation`](KaczmarzEntry::relaxation) λ and [`decay`](KaczmarzEntry::decay) d: λ/(1 + d·t), where t counts the sweeps
/// that did not lower the squared error by 2 %; default 1/(1 + 0.1·t). [`seed`](KaczmarzEntry::seed) of the order, default 0.
///
/// # Cost
///
/// A sweep: 6K multiply-adds for each observed entry, read singly, and M·N·K for the error.
/// Workspace: (M + N)·K for the second copy of the factors, and M + N.
///
/// # Example
///
/// ```
/// use tinynmf::{Factors, KaczmarzEntry, KaczmarzEntryWorkspace, Mask, Nmf, Problem, Uniform, nalgebra::SMatrix};
/// use tinynmf::rand_core::SeedableRng;
/// let x = SMatrix::<f32, 3, 3>::new(1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 3.0, 6.0, f32::NAN); // rank 1
/// let observed = [[true, true, true], [true, true, true], [true, true, false]];
/// let x = Mask { columns: &x, observed: &observed };
/// let problem = Problem::<f32, 3, 3, _>::from_columns(&x)?;
/// let mut factors = Factors::<f32, 3, 3, 1>::zeros();
/// factors.init(&problem, Uniform(&mut rand_xorshift::XorShiftRng::seed_from_u64(1)));
/// Nmf::new(KaczmarzEntry::new()).fit(&problem, &mut factors, &mut KaczmarzEntryWorkspace::new())?;
/// assert!((factors.w[(2, 0)] * factors.h[(0, 2)] - 9.0).abs() < 1e-2);
/// # Ok::<(), tinynmf::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct KaczmarzEntry<T> {
    pace: Pace<T>,
    ridge: T,
}

impl<T: Real> KaczmarzEntry<T> {
    /// λ = 1/(1 + t/10).
    #[must_use]
    pub const fn new() -> Self {
        Self { pace: Pace::new(), ridge: T::ZERO }
    }

    /// As [`new`](KaczmarzEntry::new), with the [ridge](crate::missing_entries) of 0.1 that missing
    /// entries call for.
    #[must_use]
    pub const fn masked() -> Self {
        Self { ridge: T::MASKED, ..Self::new() }
    }

    ridge_setter!();

    pace_setters!();

    /// One entry x of feature `i` and frame `j`, with the relaxation λ as set: for entries that are not kept.
    ///
    /// X is never stored, nor anything but the factors. Entries should be of the order of 1. Indices outside the factors and
    /// values that are negative or not finite change nothing. 6K multiply-adds.
    ///
    /// # Example
    ///
    /// ```
    /// use tinynmf::{Factors, KaczmarzEntry, nalgebra::SMatrix};
    /// let mut factors = Factors { w: SMatrix::<f32, 2, 1>::repeat(1.0), h: SMatrix::<f32, 1, 2>::repeat(1.0) };
    /// for _ in 0..40 {
    ///     KaczmarzEntry::new().observe(0, 1, 0.25, &mut factors);
    /// }
    /// assert!((factors.w[(0, 0)] * factors.h[(0, 1)] - 0.25).abs() < 1e-5);
    /// ```
    pub fn observe<const M: usize, const N: usize, const K: usize>(
        &self,
        i: usize,
        j: usize,
        x: T,
        factors: &mut Factors<T, M, N, K>,
    ) {
        if i < M
            && x >= T::ZERO
            && x.is_finite()
            && let Some(h) = factors.h.data.0.get_mut(j)
        {
            project(&mut factors.w.data.0, h, i, x, self.pace.relaxation, T::JOINT);
        }
    }
}

impl<T: Real> Default for KaczmarzEntry<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// State of [`KaczmarzEntry`].
pub struct KaczmarzEntryWorkspace<T, const M: usize, const N: usize, const K: usize> {
    walk: Walk<T, M, N, K>,
    /// Mean weights, where there is a ridge.
    features: [T; M],
    frames: [T; N],
}

impl<T: Real, const M: usize, const N: usize, const K: usize> KaczmarzEntryWorkspace<T, M, N, K> {
    /// An empty workspace, for a `static` or the stack.
    #[must_use]
    pub const fn new() -> Self {
        Self { walk: Walk::new(), features: [T::ONE; M], frames: [T::ONE; N] }
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize> Default for KaczmarzEntryWorkspace<T, M, N, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize, O: Observed> Solver<T, M, N, K, O> for KaczmarzEntry<T> {
    type Workspace = KaczmarzEntryWorkspace<T, M, N, K>;

    fn begin(&self, ws: &mut Self::Workspace) {
        ws.walk.begin(&self.pace, self.ridge);
    }

    fn sweep(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        ws: &mut Self::Workspace,
    ) -> Sweep<T> {
        let KaczmarzEntryWorkspace { walk, features, frames } = ws;
        walk.sweep(x, w, h, &self.pace, |w, h, relaxation, damping, rng| {
            // Rows of W and columns of H share the steps in proportion to their lengths: of one size, they share evenly.
            kernel::level(w, h);
            if damping > T::ZERO {
                mean_weights(x, features, frames);
            }
            // The mean square of a component is now the same in both factors.
            let squares = row_energies(h).map(|energy| damping * energy / T::from_count(N));
            let guard = T::JOINT * (mean_square(w.as_flattened()) + mean_square(h.as_flattened()));
            for (i, j) in Order::new(rng, M, N) {
                if x.is_observed(i, j)
                    && let Some(h) = h.get_mut(j)
                {
                    let weight = x.weight(i, j);
                    let share = if weight < T::ONE { weight } else { T::ONE };
                    let step = project(w, h, i, x.entry(i, j), relaxation * share, guard);
                    if damping > T::ZERO
                        && let (Some(&feature), Some(&frame)) = (features.get(i), frames.get(j))
                    {
                        shrink(w, h, i, &squares, step / feature, step / frame);
                    }
                }
            }
        })
    }

    fn penalty(&self, x: &Data<'_, T, M, O>, w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>) -> T {
        Ridge::new(self.ridge, x).excess(x, &w.data.0, h.data.0.as_slice())
    }

    fn validate(&self) -> Result<(), Error> {
        self.pace.validate()?;
        ridge::validate(self.ridge)
    }

    fn patience(&self) -> u32 {
        PATIENCE
    }

    fn confirm(&self, ws: &mut Self::Workspace) -> bool {
        ws.walk.calm();
        true
    }
}

/// Mean square of the entries of a factor.
fn mean_square<T: Real>(values: &[T]) -> T {
    values.iter().fold(T::ZERO, |sum, &value| sum + value * value) / T::from_count(values.len())
}

/// Moves row `i` of W and the column h onto w_i·h = x, both by the shortest way at once. `guard` keeps the division finite.
/// Returns λ over that sum of squares: what multiplies a gradient.
fn project<T: Real, const M: usize, const K: usize>(
    w: &mut [[T; M]; K],
    h: &mut [T; K],
    i: usize,
    x: T,
    relaxation: T,
    guard: T,
) -> T {
    let before = row(w, i);
    let (mut rest, mut energy) = (x, guard.at_least(T::TINY));
    for (&w, &h) in before.iter().zip(h.iter()) {
        rest -= w * h;
        energy += w * w + h * h;
    }
    let length = relaxation * rest / energy;
    // Longer steps would overshoot: the product of two vectors that both grow is not linear. Tiny ones double instead.
    let length = if length > T::ONE { T::ONE } else { length };
    for ((column, h), before) in w.iter_mut().zip(h).zip(before) {
        if let Some(w) = column.get_mut(i) {
            *w = (before + length * *h).positive();
        }
        *h = (*h + length * before).positive();
    }
    relaxation / energy
}

/// Divides the entries of row `i` of W and of the column h by 1 + their share of the ridge.
fn shrink<T: Real, const M: usize, const K: usize>(
    w: &mut [[T; M]; K],
    h: &mut [T; K],
    i: usize,
    squares: &[T; K],
    on_w: T,
    on_h: T,
) {
    for ((column, h), &square) in w.iter_mut().zip(h).zip(squares) {
        if let Some(w) = column.get_mut(i) {
            *w = *w / (T::ONE + on_w * square);
        }
        *h = *h / (T::ONE + on_h * square);
    }
}

/// Mean weight of every feature and every frame.
fn mean_weights<T: Real, const M: usize, const N: usize, O: Observed>(
    x: &Data<'_, T, M, O>,
    features: &mut [T; M],
    frames: &mut [T; N],
) {
    for (i, mean) in features.iter_mut().enumerate() {
        *mean = (0..N).fold(T::ZERO, |sum, j| sum + x.weight(i, j)) / T::from_count(N);
    }
    for (j, mean) in frames.iter_mut().enumerate() {
        *mean = (0..M).fold(T::ZERO, |sum, i| sum + x.weight(i, j)) / T::from_count(M);
    }
}

/// Every (i, j) once, in an order that needs no table: steps of a random stride through the entries, coprime to their
/// number.
struct Order {
    features: usize,
    entries: usize,
    stride: usize,
    at: usize,
    left: usize,
}

impl Order {
    fn new(rng: &mut XorShiftRng, features: usize, frames: usize) -> Self {
        let entries = features * frames;
        let mut stride = below(rng, entries).max(1);
        while divisor(stride, entries) != 1 {
            stride = if stride + 1 < entries { stride + 1 } else { 1 };
        }
        Self { features, entries, stride, at: below(rng, entries), left: entries }
    }
}

impl Iterator for Order {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        self.left = self.left.checked_sub(1)?;
        // entries − stride is the room before the wrap; a sum could overflow on small cores.
        self.at = if self.at >= self.entries - self.stride {
            self.at - (self.entries - self.stride)
        } else {
            self.at + self.stride
        };
        Some((self.at.checked_rem(self.features)?, self.at.checked_div(self.features)?))
    }
}

/// Greatest common divisor.
fn divisor(a: usize, b: usize) -> usize {
    let (mut a, mut b) = (a, b);
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    #[test]
    fn an_order_visits_every_entry_once() {
        let mut rng = XorShiftRng::seed_from_u64(1);
        for (features, frames) in [(1, 1), (1, 2), (2, 1), (12, 10), (7, 8), (64, 3)] {
            let mut seen = [[false; 64]; 64];
            for (i, j) in Order::new(&mut rng, features, frames) {
                assert!(!core::mem::replace(&mut seen[i][j], true), "({i}, {j}) twice");
            }
            assert_eq!(seen.as_flattened().iter().filter(|&&seen| seen).count(), features * frames);
        }
    }
}
