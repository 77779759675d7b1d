//! Best factors so far, for iterations whose objective may rise.

use nalgebra::{ArrayStorage, SMatrix};

use super::Sweep;
use super::ridge::Ridge;
use crate::columns::{Data, Observed};
use crate::kernel;
use crate::scalar::Real;

/// The latest factors, which the iteration goes on from. The caller's are the best ones.
pub(crate) struct Latest<T, const M: usize, const N: usize, const K: usize> {
    w: SMatrix<T, M, K>,
    h: SMatrix<T, K, N>,
    /// Of the caller's factors; none before the first sweep.
    best: Option<Value<T>>,
    /// Objective of the latest factors, and of those before the last sweep.
    objective: T,
    before: T,
    /// λ, and what it is for this X.
    weight: T,
    ridge: Ridge<T>,
}

/// What factors are worth, relative to ‖X‖².
#[derive(Clone, Copy)]
struct Value<T> {
    /// Squared error with ridge or penalty: what decides.
    objective: T,
    /// Squared error: what is reported.
    error: T,
}

impl<T: Real, const M: usize, const N: usize, const K: usize> Latest<T, M, N, K> {
    pub(crate) const fn new() -> Self {
        Self {
            w: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; M]; K])),
            h: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; K]; N])),
            best: None,
            objective: T::ZERO,
            before: T::ZERO,
            weight: T::ZERO,
            ridge: Ridge::none(),
        }
    }

    /// The next sweep is the first of a fit.
    pub(crate) fn begin(&mut self) {
        self.best = None;
    }

    /// λ of the [`Ridge`].
    pub(crate) fn set_ridge(&mut self, weight: T) {
        self.weight = weight;
    }

    /// As [`sweep_penalized`](Latest::sweep_penalized), without a penalty.
    pub(crate) fn sweep<O: Observed>(
        &mut self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        iterate: impl FnOnce(&mut [[T; M]; K], &mut [[T; K]], T) -> Sweep<T>,
    ) -> Sweep<T> {
        self.sweep_penalized(x, w, h, |_, _| T::ZERO, iterate)
    }

    /// Runs `iterate` on the latest factors, with the damping of its ridge, and hands them out if
    /// they are the best: if their squared error, ridge and `penalty` add up to no more than those
    /// of the caller's.
    ///
    /// The decrease reported is how far this objective of the latest factors moved, up or down: a
    /// sweep that is worse than the best is no sign of an end.
    pub(crate) fn sweep_penalized<O: Observed>(
        &mut self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        penalty: impl Fn(&[[T; M]; K], &[[T; K]]) -> T,
        iterate: impl FnOnce(&mut [[T; M]; K], &mut [[T; K]], T) -> Sweep<T>,
    ) -> Sweep<T> {
        let best = match self.best {
            Some(best) => best,
            None => {
                self.w.clone_from(w);
                self.h.clone_from(h);
                self.ridge = Ridge::new(self.weight, x);
                let (w, h) = (&w.data.0, h.data.0.as_slice());
                let error = kernel::residual(x, w, h, T::ONE);
                let objective = self.ridge.objective(x, w, h, error) + penalty(w, h);
                self.objective = if objective.is_finite() { objective } else { T::INFINITY };
                Value { objective: self.objective, error }
            }
        };
        let (latest_w, latest_h) = (&mut self.w.data.0, self.h.data.0.as_mut_slice());
        let damping = self.ridge.damping(x, latest_w, latest_h, self.objective);
        let mut sweep = iterate(latest_w, latest_h, damping);
        let objective = self.ridge.objective(x, latest_w, latest_h, sweep.error) + penalty(latest_w, latest_h);
        self.before = core::mem::replace(&mut self.objective, objective);
        sweep.decrease = (self.before - objective).abs();
        if objective <= best.objective {
            w.clone_from(&self.w);
            h.clone_from(&self.h);
            self.best = Some(Value { objective, error: sweep.error });
        } else {
            self.best = Some(best);
            // NaN must not pass for "no progress": an error that is not a number stays in the report.
            if objective.is_finite() {
                sweep.error = best.error;
            }
        }
        sweep
    }

    /// True if the last sweep lowered the objective of the latest factors by `share` of itself at
    /// least.
    pub(crate) fn fell_by(&self, share: T) -> bool {
        self.objective <= (T::ONE - share) * self.before
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
        iterate: impl FnOnce(&mut [[T; M]; K], &mut [[T; K]], T) -> Sweep<T>,
    ) -> Sweep<T> {
        let last = self.best;
        let mut sweep = self.sweep(x, w, h, iterate);
        let best = self.best.unwrap_or(Value { objective: self.objective, error: sweep.error });
        if let Some(last) = last {
            sweep.decrease = last.objective - best.objective;
        }
        if !(self.objective <= T::ONE.at_least(best.objective)) {
            self.w.clone_from(w);
            self.h.clone_from(h);
            sweep = Sweep::new(T::ZERO, best.error);
            sweep.accepted = false;
            self.objective = best.objective;
        }
        sweep
    }
}
