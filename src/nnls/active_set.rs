//! Exact non-negative least squares: an active-set method on the unit-diagonal system.
//!
//! With P the set of components in use and g = b − Ĝx, one solve takes the Newton step Ĝ_PP⁻¹g_P, as far as x stays
//! non-negative; components that reach zero leave P. Once g_P vanishes, the component with the largest positive gradient
//! enters. Every accepted step lowers the objective, so no set repeats; the bound on solves catches what rounding adds. A step that
//! rounding has spoiled is undone, and the component that caused it is not tried again before the set has changed.
//!
//! Because each step starts from the current gradient, the method corrects its own rounding and the raised pivots of
//! [`System`]: what counts as solved is the gradient, not the solve.

use super::system::System;
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

pub(crate) struct ActiveSet<'s, T, const K: usize> {
    system: &'s mut System<T, K>,
}

impl<'s, T: Real, const K: usize> ActiveSet<'s, T, K> {
    pub(crate) fn new(system: &'s mut System<T, K>) -> Self {
        Self { system }
    }

    /// Minimises over h ≥ 0 from the positive entries of `h`.
    pub(crate) fn solve(&mut self, cross: &[T; K], h: &mut [T; K]) -> Solution<T> {
        let mut b = *cross;
        let mut largest = T::ZERO;
        let mut finite = self.system.is_finite();
        for (b, &scale) in b.iter_mut().zip(self.system.scale()) {
            *b *= scale;
            finite &= b.is_finite();
            largest = largest.at_least(b.abs());
        }
        let mut x = [T::ZERO; K];
        for ((x, &h), &scale) in x.iter_mut().zip(h.iter()).zip(self.system.scale()) {
            let start = h / scale;
            // Also refuses NaN, and the infinity of a component without energy.
            if start > T::ZERO && start.is_finite() {
                *x = start;
            }
        }
        let mut gradient = b;
        self.system.subtract(&x, &mut gradient);
        let start = objective(&x, &b, &gradient);
        // Summed over the steps: a difference of two objectives has no digits left once the fit is good.
        let mut decrease = T::ZERO;
        // Non-negative columns: a start that is better than 0 has Σx ≤ 2K·max|b|. Columns that cancel allow more, but there
        // the rounding of Ĝx hides the gradient.
        let sum = x.iter().fold(T::ZERO, |sum, &x| sum + x);
        if !(start <= T::ZERO && sum <= T::TWO * T::from_count(K) * largest) {
            // What 0 gives away against it; nothing if it was no number.
            decrease = if start.is_finite() { start } else { T::ZERO };
            x = [T::ZERO; K];
            gradient = b;
        }
        if !finite {
            return Solution { status: NnlsStatus::NonFinite, kkt: T::INFINITY, solves: 0, rank: 0, decrease: T::ZERO };
        }

        let tolerance = T::OPTIMAL * largest;
        let mut used = x.map(|x| x > T::ZERO);
        let mut refused = [false; K];
        let mut polished = 0;
        let mut solves = 0;
        while solves < bound(K) {
            let mut entered = None;
            let mut violation = passive(&used, &gradient);
            if polished == POLISH || violation <= tolerance {
                entered = candidate(&used, &refused, &gradient, tolerance);
                let Some(k) = entered else { break };
                set(&mut used, k, true);
                violation = passive(&used, &gradient);
                polished = 0;
            }
            solves += 1;
            let mut step = gradient;
            self.system.factor(&used);
            self.system.solve(&mut step);
            if let Some(k) = entered
                && !step.get(k).is_some_and(|&step| step > T::ZERO)
                && solves < bound(K)
            {
                solves += 1;
                // An ill-conditioned P amplifies the rounding left in g_P until it outweighs the gradient that enters.
                // Without g_P the step is that gradient times a diagonal entry of the inverse: positive.
                step = gradient;
                for (q, step) in step.iter_mut().enumerate() {
                    if q != k {
                        *step = T::ZERO;
                    }
                }
                self.system.solve(&mut step);
            }
            let (old, old_used, slope) = (x, used, gradient);
            let full = advance(&mut x, &step, &mut used);
            gradient = b;
            self.system.subtract(&x, &mut gradient);
            let left = passive(&used, &gradient);
            if full && left > tolerance && left >= violation {
                // Dependent columns: nothing but rounding bounds the step, and the next one would be larger.
                (x, used) = (old, old_used);
                gradient = b;
                self.system.subtract(&x, &mut gradient);
                polished = POLISH;
                if let Some(k) = entered {
                    set(&mut used, k, false);
                    set(&mut refused, k, true);
                }
                continue;
            }
            for k in 0..K {
                decrease += T::HALF * (x[k] - old[k]) * (slope[k] + gradient[k]);
            }
            polished = if full { polished + 1 } else { 0 };
            refused = [false; K];
        }

        let end = objective(&x, &b, &gradient);
        if !end.is_finite() {
            return Solution { status: NnlsStatus::NonFinite, kkt: T::INFINITY, solves, rank: 0, decrease: T::ZERO };
        }
        let violation = passive(&used, &gradient).at_least(dual(&used, &gradient));
        // Rounding may have refused every candidate or held g_P up: what counts is what is left.
        let optimal = violation <= (T::TWO + T::ONE) * tolerance;
        for ((h, &x), &scale) in h.iter_mut().zip(&x).zip(self.system.scale()) {
            *h = x * scale;
        }
        self.system.factor(&used);
        Solution {
            status: if optimal { NnlsStatus::Optimal } else { NnlsStatus::Bound },
            kkt: if largest > T::ZERO { violation / largest } else { T::ZERO },
            solves,
            rank: self.system.rank(),
            decrease,
        }
    }
}

/// ½xᵀĜx − bᵀx, from the gradient b − Ĝx.
fn objective<T: Real, const K: usize>(x: &[T; K], b: &[T; K], gradient: &[T; K]) -> T {
    let mut sum = T::ZERO;
    for ((&x, &b), &g) in x.iter().zip(b).zip(gradient) {
        sum -= T::HALF * x * (b + g);
    }
    sum
}

/// Largest |gradient| of a component in use.
fn passive<T: Real, const K: usize>(used: &[bool; K], gradient: &[T; K]) -> T {
    used.iter().zip(gradient).filter(|&(&used, _)| used).fold(T::ZERO, |worst, (_, g)| worst.at_least(g.abs()))
}

/// Largest positive gradient of a component at zero.
fn dual<T: Real, const K: usize>(used: &[bool; K], gradient: &[T; K]) -> T {
    used.iter().zip(gradient).filter(|&(&used, _)| !used).fold(T::ZERO, |worst, (_, &g)| worst.at_least(g))
}

/// The component at zero that lowers the objective fastest.
fn candidate<T: Real, const K: usize>(
    used: &[bool; K],
    refused: &[bool; K],
    gradient: &[T; K],
    tolerance: T,
) -> Option<usize> {
    let mut best = tolerance;
    let mut found = None;
    for k in 0..K {
        if !used[k] && !refused[k] && gradient[k] > best {
            best = gradient[k];
            found = Some(k);
        }
    }
    found
}

/// x ← x + αstep with the largest α ≤ 1 that keeps x ≥ 0; components that reach 0 leave the set. True for a full step.
fn advance<T: Real, const K: usize>(x: &mut [T; K], step: &[T; K], used: &mut [bool; K]) -> bool {
    let mut alpha = T::ONE;
    let mut blocking = None;
    for k in 0..K {
        if used[k] && !(x[k] + step[k] > T::ZERO) {
            // −step ≥ x > 0 here, so the ratio is in (0, 1].
            let ratio = x[k] / -step[k];
            if blocking.is_none() || ratio < alpha {
                alpha = ratio;
                blocking = Some(k);
            }
        }
    }
    for k in 0..K {
        if !used[k] {
            continue;
        }
        let value = x[k] + alpha * step[k];
        let keeps = value > T::ZERO && blocking != Some(k);
        x[k] = if keeps { value } else { T::ZERO };
        used[k] = keeps;
    }
    blocking.is_none()
}

fn set<const K: usize>(flags: &mut [bool; K], k: usize, value: bool) {
    if let Some(flag) = flags.get_mut(k) {
        *flag = value;
    }
}
