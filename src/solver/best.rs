//! Best factors so far, for iterations whose error may rise.

use nalgebra::{ArrayStorage, SMatrix};

use super::Sweep;
use crate::columns::{Data, Observed};
use crate::kernel;
use crate::scalar::Real;

/// The latest factors, which the iteration goes on from. The caller's are the best ones.
pub(crate) struct Latest<T, const M: usize, const N: usize, const K: usize> {
    w: SMatrix<T, M, K>,
    h: SMatrix<T, K, N>,
    /// Squared error of the caller's factors; none before the first sweep.
    best: Option<T>,
    /// Their penalty.
    penalty: T,
    /// Squared error of the latest factors, and of those before the last sweep.
    error: T,
    before: T,
}

impl<T: Real, const M: usize, const N: usize, const K: usize> Latest<T, M, N, K> {
    pub(crate) const fn new() -> Self {
        Self {
            w: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; M]; K])),
            h: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; K]; N])),
            best: None,
            penalty: T::ZERO,
            error: T::ZERO,
            before: T::ZERO,
        }
    }

    /// The next sweep is the first of a fit.
    pub(crate) fn begin(&mut self) {
        self.best = None;
    }

    /// As [`sweep_penalized`](Latest::sweep_penalized), without a penalty.
    pub(crate) fn sweep<O: Observed>(
        &mut self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        iterate: impl FnOnce(&mut [[T; M]; K], &mut [[T; K]]) -> Sweep<T>,
    ) -> Sweep<T> {
        self.sweep_penalized(x, w, h, |_, _| T::ZERO, iterate)
    }

    /// Runs `iterate` on the latest factors and hands them out if they are the best: if their squared error and `penalty` add up to
    /// no more than those of the caller's.
    ///
    /// The decrease reported is how far the error of the latest factors moved, up or down: a sweep that is worse than the best
    /// is no sign of an end.
    pub(crate) fn sweep_penalized<O: Observed>(
        &mut self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        penalty: impl Fn(&[[T; M]; K], &[[T; K]]) -> T,
        iterate: impl FnOnce(&mut [[T; M]; K], &mut [[T; K]]) -> Sweep<T>,
    ) -> Sweep<T> {
        let best = match self.best {
            Some(best) => best,
            None => {
                self.w.clone_from(w);
                self.h.clone_from(h);
                let error = kernel::residual(x, &w.data.0, h.data.0.as_slice(), T::ONE);
                self.error = if error.is_finite() { error } else { T::INFINITY };
                self.penalty = penalty(&w.data.0, h.data.0.as_slice());
                self.error
            }
        };
        let mut sweep = iterate(&mut self.w.data.0, self.h.data.0.as_mut_slice());
        self.before = core::mem::replace(&mut self.error, sweep.error);
        sweep.decrease = (self.before - sweep.error).abs();
        let latest = penalty(&self.w.data.0, self.h.data.0.as_slice());
        if sweep.error + latest <= best + self.penalty {
            w.clone_from(&self.w);
            h.clone_from(&self.h);
            self.best = Some(sweep.error);
            self.penalty = latest;
        } else {
            self.best = Some(best);
            // NaN must not pass for "no progress": an error that is not a number stays in the report.
            if sweep.error.is_finite() {
                sweep.error = best;
            }
        }
        sweep
    }

    /// True if the last sweep lowered the squared error of the latest factors by `share` of itself at least.
    pub(crate) fn fell_by(&self, share: T) -> bool {
        self.error <= (T::ONE - share) * self.before
    }

    /// As [`sweep`](Latest::sweep), for iterations that can run away: factors that have become worse than none at all, or not
    /// finite, are put back to the best ones. The sweep is then not accepted.
    ///
    /// The latest error of such an iteration never rests. From the second sweep on the decrease is that of the best one.
    pub(crate) fn sweep_or_return<O: Observed>(
        &mut self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        iterate: impl FnOnce(&mut [[T; M]; K], &mut [[T; K]]) -> Sweep<T>,
    ) -> Sweep<T> {
        let last = self.best;
        let mut sweep = self.sweep(x, w, h, iterate);
        let best = self.best.unwrap_or(sweep.error);
        if let Some(last) = last {
            sweep.decrease = last - best;
        }
        if !(self.error <= T::ONE.at_least(best)) {
            self.w.clone_from(w);
            self.h.clone_from(h);
            sweep = Sweep::new(T::ZERO, best);
            sweep.accepted = false;
            self.error = best;
        }
        sweep
    }
}
