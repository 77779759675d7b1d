//! Exact non-negative least squares: an active-set method on the unit-diagonal system.
//!
//! With P the set of components in use and g = b − Ĝx, one solve takes the Newton step Ĝ_PP⁻¹g_P, as far as x stays
//! non-negative; components that reach zero leave P. Once g_P vanishes, the component with the largest positive gradient
//! enters. Every accepted step lowers the objective, so no set repeats; the bound on solves catches what rounding adds. A step that
//! rounding has spoiled is undone, and the component that caused it is not tried again before the set has changed.
//!
//! Because each step starts from the current gradient, the method corrects its own rounding and the raised pivots of
//! [`System`]: what counts as solved is the gradient, not the solve.

use super::system::{Store, System};
use super::{NnlsStatus, bound};
use crate::scalar::Real;

/// Solves in a row that only polish g_P before it is taken as it is: rounding may hold it above the tolerance.
const POLISH: u32 = 4;

/// What [`ActiveSet::solve`] found out; see `NnlsReport` for the first four.
pub(crate) struct Solution<T> {
    pub status: NnlsStatus,
    pub kkt: T,
    pub solves: u32,
    pub rank: usize,
    /// By how much the solve lowered ½hᵀGh − cᵀh, against the start that was passed in.
    pub decrease: T,
}

impl<T: Real> Solution<T> {
    /// Sets `status` and `kkt` by the `gradient` of `x`: |g_k| where x_k is positive, max(0, g_k)
    /// where it is 0.
    pub(crate) fn judge<S, const K: usize>(
        &mut self,
        active_set: &ActiveSet<'_, S, K>,
        x: &[T; K],
        gradient: &[T; K],
        largest: T,
    ) {
        let (mut inside, mut outside) = (T::ZERO, T::ZERO);
        for (&x, &gradient) in x.iter().zip(gradient) {
            if x > T::ZERO {
                inside = inside.at_least(gradient.abs());
            } else {
                outside = outside.at_least(gradient);
            }
        }
        let (violation, enough) = (inside.at_least(outside), noise(largest));
        self.kkt = if largest > T::ZERO { violation / largest } else { T::ZERO };
        self.status = if violation <= enough {
            NnlsStatus::Optimal
        } else if inside <= enough && active_set.system.count() >= active_set.limit {
            NnlsStatus::Limited
        } else {
            NnlsStatus::Bound
        };
    }

    pub(super) fn failed(solves: u32) -> Self {
        Self { status: NnlsStatus::NonFinite, kkt: T::INFINITY, solves, rank: 0, decrease: T::ZERO }
    }
}

pub(crate) struct ActiveSet<'s, S, const K: usize> {
    system: &'s mut System<S, K>,
    /// No more components than this may be in use.
    limit: usize,
}

impl<'s, S, const K: usize> ActiveSet<'s, S, K> {
    pub(crate) fn new(system: &'s mut System<S, K>, limit: usize) -> Self {
        Self { system, limit }
    }

    /// Minimises ½xᵀĜx − bᵀx over x ≥ 0 from the positive entries of `x`; `gradient` = b − Ĝx at
    /// the end. `b` must be finite.
    pub(crate) fn solve<T: Real>(&mut self, b: &[T; K], x: &mut [T; K], gradient: &mut [T; K]) -> Solution<T>
    where
        S: Store<T, K>,
    {
        let mut largest = T::ZERO;
        let mut used = [false; K];
        let mut sum = T::ZERO;
        for ((x, used), &b) in x.iter_mut().zip(&mut used).zip(b) {
            largest = largest.at_least(b.abs());
            // Refuses the infinity of a component without energy.
            *used = *x > T::ZERO && x.is_finite();
            *x = if *used { *x } else { T::ZERO };
            sum += *x;
        }
        // By places: the unknowns in use, then the step, then the point it leads to.
        let mut y = [T::ZERO; K];
        self.system.factor(&used);
        self.system.gather(x, &mut y);
        self.gradient(b, &y, gradient);
        // Summed over the steps: a difference of two objectives has no digits left once the fit is good.
        let mut decrease = T::ZERO;
        if sum > T::ZERO {
            let start = self.objective(b, &y, gradient);
            // Non-negative columns: a start that is better than 0 has Σx ≤ 2K·max|b|. Columns that cancel allow more, but there
            // the rounding of Ĝx hides the gradient.
            if !(start <= T::ZERO && sum <= T::TWO * T::from_count(K) * largest) {
                // What 0 gives away against it; nothing if it was no number.
                decrease = if start.is_finite() { start } else { T::ZERO };
                *x = [T::ZERO; K];
                self.system.clear();
                *gradient = *b;
            }
        }
        let mut solution = self.improve(b, x, gradient, largest, (0, true));
        solution.decrease += decrease;
        solution
    }

    /// Factors the components with positive entries in `x`: what [`improve`](Self::improve) starts
    /// from.
    pub(crate) fn start<T: Real>(&mut self, x: &[T; K])
    where
        S: Store<T, K>,
    {
        self.system.clear();
        for (k, &x) in x.iter().enumerate() {
            if x > T::ZERO {
                self.system.add(k);
            }
        }
    }

    /// `values` += Ĝx, for an `x` whose components are factored.
    pub(crate) fn add_product<T: Real>(&self, x: &[T; K], values: &mut [T; K])
    where
        S: Store<T, K>,
    {
        let mut y = [T::ZERO; K];
        for (y, k) in y.iter_mut().zip(self.system.places()) {
            *y = -x[k];
        }
        self.system.subtract_places(&y, values);
    }

    /// The largest 1/Δ, the inverse of a pivot, among the components in use and those that could
    /// take their place: outside, with a gradient above −`noise`. ∞ if one of them is no more than
    /// rounding noise. So much, relative to the largest cross product, an error of the gradient
    /// moves a coefficient.
    #[inline(never)]
    pub(crate) fn amplification<T: Real>(&mut self, x: &[T; K], gradient: &[T; K], noise: T) -> T
    where
        S: Store<T, K>,
    {
        let count = self.system.count();
        for k in 0..K {
            if !(x[k] > T::ZERO) && gradient[k] >= -noise {
                self.system.add(k);
            }
        }
        let largest = self.system.amplification();
        self.system.truncate(count);
        largest
    }

    /// The steps from an `x` whose positive entries are factored and whose `gradient` is given to
    /// rounding: only where a step leads matters, and there the gradient is formed anew. `largest`:
    /// that of |b|. `done`: how many solves there were before, and whether the gradient counts as
    /// solved where it is below the tolerance; if not, a step polishes it first.
    pub(crate) fn improve<T: Real>(
        &mut self,
        b: &[T; K],
        x: &mut [T; K],
        gradient: &mut [T; K],
        largest: T,
        done: (u32, bool),
    ) -> Solution<T>
    where
        S: Store<T, K>,
    {
        let (mut solves, mut settled) = done;
        let mut y = [T::ZERO; K];
        let used = &mut x.map(|x| x > T::ZERO);
        let mut decrease = T::ZERO;
        let tolerance = T::OPTIMAL * largest;
        let mut refused = [false; K];
        let mut any_refused = false;
        let mut polished = 0;
        let (mut violation, mut candidate) = inspect(used, &refused, gradient, tolerance);
        while solves < bound(K) {
            let enters = settled && (polished == POLISH || violation <= tolerance);
            settled = true;
            if enters {
                if candidate == K || self.system.count() >= self.limit {
                    break;
                }
                set(used, candidate, true);
                self.system.add(candidate);
                violation = violation.at_least(value(gradient, candidate));
                polished = 0;
            }
            solves += 1;
            self.system.gather(gradient, &mut y);
            let mut gain = self.system.solve_places(&mut y);
            let last = self.system.count().saturating_sub(1);
            if enters && !(value(&y, last) > T::ZERO) && solves < bound(K) {
                solves += 1;
                // An ill-conditioned P amplifies the rounding left in g_P until it outweighs the gradient that enters.
                // Without g_P the step is that gradient times a diagonal entry of the inverse: positive.
                y = [T::ZERO; K];
                set(&mut y, last, value(gradient, candidate));
                gain = self.system.solve_places(&mut y);
            }
            let alpha = self.advance(x, &mut y, used);
            let full = alpha == T::ONE;
            // α·sᵀg − ½α²·sᵀĜs with sᵀĜs ≤ sᵀg = gain; equal unless a pivot was raised.
            gain = alpha * (T::ONE - T::HALF * alpha) * gain;
            self.gradient(b, &y, gradient);
            let (left, next) = inspect(used, &refused, gradient, tolerance);
            if full && left > tolerance && left >= violation {
                // Dependent columns: nothing but rounding bounds the step, and the next one would be larger. A full step has
                // changed y alone, not the set.
                self.system.gather(x, &mut y);
                self.gradient(b, &y, gradient);
                if enters {
                    self.system.pop();
                    set(used, candidate, false);
                    set(&mut refused, candidate, true);
                    any_refused = true;
                }
                polished = POLISH;
                (violation, candidate) = inspect(used, &refused, gradient, tolerance);
                continue;
            }
            decrease += gain;
            for (&y, k) in y.iter().zip(self.system.places()) {
                x[k] = y;
            }
            (violation, candidate) = (left, next);
            if full {
                polished += 1;
            } else {
                polished = 0;
                self.system.keep_positive(&y);
            }
            if any_refused {
                any_refused = false;
                refused = [false; K];
                (violation, candidate) = inspect(used, &refused, gradient, tolerance);
            }
        }

        // Rounding may have refused every candidate or held g_P up: what counts is what is left.
        let (mut size, mut objective) = (T::ZERO, T::ZERO);
        for k in 0..K {
            size += gradient[k].abs() + x[k];
            objective -= x[k] * (b[k] + gradient[k]);
        }
        if !size.is_finite() {
            *x = [T::ZERO; K];
            return Solution::failed(solves);
        }
        let mut solution =
            Solution { status: NnlsStatus::Bound, kkt: T::ZERO, solves, rank: self.system.rank(), decrease };
        solution.judge(self, x, gradient, largest);
        if solution.status == NnlsStatus::Bound && objective > T::ZERO {
            // Rounding led to a point that is worse than 0.
            solution.decrease += T::HALF * objective;
            *x = [T::ZERO; K];
            *gradient = *b;
            self.system.clear();
            solution.rank = 0;
            solution.judge(self, x, gradient, largest);
        }
        solution
    }

    /// `gradient` = b − Ĝ_·P·y, y by places.
    #[inline(never)]
    fn gradient<T: Real>(&self, b: &[T; K], y: &[T; K], gradient: &mut [T; K])
    where
        S: Store<T, K>,
    {
        // In registers, where K is small.
        let mut sums = *b;
        self.system.subtract_places(y, &mut sums);
        *gradient = sums;
    }

    /// ½xᵀĜx − bᵀx with x by places, from the gradient b − Ĝx.
    #[inline(never)]
    fn objective<T: Real>(&self, b: &[T; K], x: &[T; K], gradient: &[T; K]) -> T {
        let mut sum = T::ZERO;
        for (&x, k) in x.iter().zip(self.system.places()) {
            sum -= T::HALF * x * (b[k] + gradient[k]);
        }
        sum
    }

    /// `step` ← x + α·step, by places, with the largest α ≤ 1 that keeps it ≥ 0; components that reach 0 are no longer used. Returns
    /// α, or a little less than 1 if it is 1 but something reached 0.
    #[inline(never)]
    fn advance<T: Real>(&self, x: &[T; K], step: &mut [T; K], used: &mut [bool; K]) -> T {
        let mut alpha = T::ONE;
        let mut blocking = K;
        for (&step, k) in step.iter().zip(self.system.places()) {
            if !(x[k] + step > T::ZERO) {
                // −step ≥ x > 0 here, so the ratio is in (0, 1].
                let ratio = x[k] / -step;
                if blocking == K || ratio < alpha {
                    alpha = ratio;
                    blocking = k;
                }
            }
        }
        for (step, k) in step.iter_mut().zip(self.system.places()) {
            let value = x[k] + alpha * *step;
            let keeps = value > T::ZERO && blocking != k;
            *step = if keeps { value } else { T::ZERO };
            used[k] = keeps;
        }
        if blocking < K && alpha == T::ONE { T::ONE - T::RIDGE } else { alpha }
    }
}

/// The largest |gradient| of a component in use, and the component at zero that lowers the objective fastest, K if there is
/// none. A pair of numbers comes back in registers; an `Option` in it would cost stack at every call.
#[inline(never)]
fn inspect<T: Real, const K: usize>(
    used: &[bool; K],
    refused: &[bool; K],
    gradient: &[T; K],
    tolerance: T,
) -> (T, usize) {
    let (mut violation, mut best, mut candidate) = (T::ZERO, tolerance, K);
    for k in 0..K {
        let g = gradient[k];
        if used[k] {
            violation = violation.at_least(g.abs());
        } else if g > best && !refused[k] {
            best = g;
            candidate = k;
        }
    }
    (violation, candidate)
}

/// A violation up to which the conditions hold: three times what an iteration aims at, so that
/// rounding does not decide.
pub(crate) fn noise<T: Real>(largest: T) -> T {
    (T::TWO + T::ONE) * (T::OPTIMAL * largest)
}

fn value<T: Real, const K: usize>(values: &[T; K], k: usize) -> T {
    values.get(k).copied().unwrap_or(T::ZERO)
}

fn set<V, const K: usize>(values: &mut [V; K], k: usize, value: V) {
    if let Some(place) = values.get_mut(k) {
        *place = value;
    }
}
