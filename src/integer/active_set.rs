//! Exact non-negative least squares in fixed point: the active-set method of [`nnls`](crate::nnls) on integers.
//!
//! With P the set of components in use and g = b − Ĝy, one solve takes the Newton step Ĝ_PP⁻¹g_P, as far as y stays non-negative;
//! components that reach zero leave P. Once g_P vanishes, the component with the largest positive gradient enters. g is formed from
//! y and b anew after every step: what counts as solved is the gradient of the integers that are returned, not the step.

use super::arithmetic::{UNIT, mul30, scaled};
use super::factor::Factor;
use crate::nnls::{NnlsStatus, bound};

/// Solves in a row that only polish g_P before it is taken as it is.
const POLISH: u32 = 3;

/// How a solve ended.
pub(super) struct Solution {
    pub status: NnlsStatus,
    /// Largest violation of the optimality conditions as computed, in units of b.
    pub violation: i32,
    pub solves: u32,
}

/// The gradient is computed to half a unit for every component in use, and as much is left by rounding y.
pub(super) const fn resolution<const K: usize>() -> i32 {
    K as i32 / 2 + 2
}

/// `gradient` ← b − Ĝy, to half a unit for each y_j > 0. With |b| ≤ 2²⁹ and 0 ≤ y_j ≤ 2³⁰/K nothing overflows.
#[inline(never)]
pub(super) fn gradient<const K: usize>(gram: &[[i32; K]; K], b: &[i32; K], y: &[i32; K], gradient: &mut [i32; K]) {
    let mut sums = *b;
    let mut active = 0;
    for (row, &y) in gram.iter().zip(y) {
        if y > 0 {
            active += 1;
            for (sum, &g) in sums.iter_mut().zip(row) {
                *sum -= mul30(g, y);
            }
        }
    }
    // Every product was rounded down: half a unit on average.
    for sum in &mut sums {
        *sum -= active / 2;
    }
    *gradient = sums;
}

/// Improves `y` ≥ 0 until no component in use has a gradient above `tolerance`, and no other one a positive one above it.
/// `gradient`: that of `y`, before and after.
#[inline(never)]
pub(super) fn solve<const K: usize>(
    gram: &[[i32; K]; K],
    b: &[i32; K],
    y: &mut [i32; K],
    g: &mut [i32; K],
    tolerance: i32,
) -> Solution {
    let mut factor = Factor::<K>::new();
    for k in 0..K {
        if y[k] > 0 {
            factor.add(gram, k);
        }
    }
    let mut refused = [false; K];
    let mut any_refused = false;
    let mut step = [0; K];
    let (mut polished, mut solves) = (0, 0);
    let (mut violation, mut candidate) = inspect(y, &refused, g, tolerance);
    while solves < bound(K) {
        let enters = polished == POLISH || violation <= tolerance;
        if enters {
            if candidate >= K {
                break;
            }
            factor.add(gram, candidate);
            polished = 0;
        }
        solves += 1;
        let mut shift = factor.solve(g, &mut step);
        if enters && step.get(factor.count().saturating_sub(1)).is_some_and(|&step| step <= 0) {
            // The rounding left in g_P outweighs the gradient that enters. Without it the step is that gradient times a diagonal
            // entry of the inverse: positive.
            let mut alone = [0; K];
            if let (Some(alone), Some(&g)) = (alone.get_mut(candidate), g.get(candidate)) {
                *alone = g;
            }
            solves += 1;
            shift = factor.solve(&alone, &mut step);
        }
        let full = advance(&factor, y, &mut step, shift);
        gradient(gram, b, y, g);
        let (left, next) = inspect(y, &refused, g, tolerance);
        let entered = !enters || y.get(candidate).is_some_and(|&y| y > 0);
        if !entered || full && left > tolerance && left >= violation {
            // Dependent columns: nothing but rounding bounds the step. Undone; a full step has changed no set.
            for (&before, k) in step.iter().zip(factor.places()) {
                y[k] = before;
            }
            gradient(gram, b, y, g);
            if enters {
                factor.pop();
                if let Some(refused) = refused.get_mut(candidate) {
                    *refused = true;
                }
                any_refused = true;
            }
            polished = POLISH;
            (violation, candidate) = inspect(y, &refused, g, tolerance);
            continue;
        }
        polished = if full { polished + 1 } else { 0 };
        if !full {
            factor.keep_positive(gram, y);
        }
        (violation, candidate) = (left, next);
        if any_refused {
            any_refused = false;
            refused = [false; K];
            (violation, candidate) = inspect(y, &refused, g, tolerance);
        }
    }
    let mut violation = 0;
    for (&y, &g) in y.iter().zip(g.iter()) {
        violation = violation.max(if y > 0 { g.abs() } else { g });
    }
    let status = if violation <= tolerance { NnlsStatus::Optimal } else { NnlsStatus::Bound };
    Solution { status, violation, solves }
}

/// `y` ← y + α·step with the largest α ≤ 1 that keeps it ≥ 0; `step` ← what y was, by places. True if α is 1 and nothing reached 0.
#[inline(never)]
fn advance<const K: usize>(factor: &Factor<K>, y: &mut [i32; K], step: &mut [i32; K], shift: i32) -> bool {
    /// Fractions of a step, in bits.
    const FINE: i32 = 15;
    let (mut alpha, mut blocking) = (1 << FINE, K);
    for (step, k) in step.iter_mut().zip(factor.places()) {
        // To where the whole step leads.
        *step = scaled(*step, shift).saturating_add(y[k]);
        if *step <= 0 {
            // Both with at most 16 bits, so that the quotient of 15 takes one short division.
            let distance = y[k].abs_diff(*step);
            let excess = (32 - FINE as u32 - 1).saturating_sub(distance.leading_zeros());
            let ratio =
                ((y[k] as u32 >> excess) << FINE).checked_div(distance >> excess).map_or(0, |ratio| ratio as i32);
            if blocking == K || ratio < alpha {
                (alpha, blocking) = (ratio, k);
            }
        }
    }
    for (step, k) in step.iter_mut().zip(factor.places()) {
        let (before, mut after) = (y[k], *step);
        if blocking < K {
            let distance = after.saturating_sub(before).clamp(-(1 << UNIT), 1 << UNIT);
            // What grows from 0 stays in the set.
            after = before + mul30(distance, alpha << (UNIT as i32 - FINE));
            after = if k == blocking { 0 } else { after.max(i32::from(distance > 0)) };
        }
        (y[k], *step) = (after.min(Factor::<K>::LIMIT), before);
    }
    blocking == K
}

/// The largest |g_k| of a component with y_k > 0, and the component at 0 whose gradient is the largest above the tolerance, K if
/// there is none.
#[inline(never)]
fn inspect<const K: usize>(y: &[i32; K], refused: &[bool; K], g: &[i32; K], tolerance: i32) -> (i32, usize) {
    let (mut violation, mut best, mut candidate) = (0, tolerance, K);
    for k in 0..K {
        if y[k] > 0 {
            violation = violation.max(g[k].abs());
        } else if g[k] > best && !refused[k] {
            (best, candidate) = (g[k], k);
        }
    }
    (violation, candidate)
}
