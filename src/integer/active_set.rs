//! Exact non-negative least squares in fixed point: the active-set method of [`nnls`](crate::nnls) on integers.
//!
//! With P the set of components in use and g = b − Ĝy, one solve takes the Newton step Ĝ_PP⁻¹g_P, as far as y stays non-negative;
//! components that reach zero leave P. Once g_P vanishes, the component with the largest positive gradient enters. The first step
//! goes from y straight towards Ĝ_PP⁻¹b_P. g is formed anew from y and b after every step: what counts as solved is the gradient of
//! the integers that are returned, not the step.

use super::arithmetic::{UNIT, counted, fraction, mul30, product};
use super::factor::Factor;
use crate::nnls::bound;

/// Solves in a row that only polish g_P before it is taken as it is.
const POLISH: u32 = 3;

/// How a solve ended.
pub(super) struct Solution {
    /// Largest violation of the optimality conditions as computed, in units of b.
    pub violation: i32,
    pub solves: u32,
}

/// `gradient` ← b − Ĝy, to half a unit for each y_j > 0. With |b| ≤ 2²⁹ and 0 ≤ y_j ≤ 2³⁰/K nothing overflows.
#[inline(never)]
fn gradient<const K: usize>(gram: &[[i32; K]; K], b: &[i32; K], y: &[i32; K], gradient: &mut [i32; K]) {
    *gradient = *b;
    let mut active = 0;
    for (row, &y) in gram.iter().zip(y) {
        if y > 0 {
            active += 1;
            for (sum, &g) in gradient.iter_mut().zip(row) {
                *sum -= mul30(g, y);
            }
        }
    }
    // Every product was rounded down: half a unit on average.
    for sum in gradient {
        *sum -= active / 2;
    }
}

/// Improves `y` ≥ 0 until no component in use has a gradient above `zero`, and no other one a positive one above it. `g`: the
/// gradient on return.
#[inline(always)]
pub(super) fn solve<const K: usize>(
    gram: &[[i32; K]; K],
    b: &[i32; K],
    y: &mut [i32; K],
    g: &mut [i32; K],
    zero: i32,
) -> Solution {
    let mut factor = Factor::<K>::new();
    for (k, &y) in y.iter().enumerate().take(counted(K)) {
        if y > 0 {
            factor.add(gram, k);
        }
    }
    // In place of the gradient of 0, from where the first step is counted.
    *g = *b;
    let mut first = factor.count() > 0;
    let (mut polished, mut solves) = (0, 0);
    // Components that rounding has kept out, and whether the set has changed since.
    let (mut refused, mut changed) = (0_u32, false);
    // The component that entered with the last step, K if none, and the violation before it.
    let (mut entered, mut before) = (K, i32::MAX);
    loop {
        let mut entering = 0;
        if !first {
            let (violation, candidate) = inspect(y, g, refused, zero);
            let risen = violation > zero && violation >= before;
            if let Some(last) = y.get_mut(entered) {
                if risen || *last == 0 {
                    // Dependent columns: nothing but rounding bounds the step. What entered leaves again and is refused, and what it
                    // spoiled is polished.
                    refused |= 1 << (entered & 31);
                    *last = 0;
                    factor.keep_positive(gram, y);
                    gradient(gram, b, y, g);
                    (entered, before, polished) = (K, i32::MAX, 0);
                    continue;
                }
                changed = true;
            } else if risen {
                polished = POLISH;
            }
            if solves >= bound(K) {
                break;
            }
            (entered, before) = (K, violation);
            if violation <= zero || polished >= POLISH {
                if candidate < K {
                    factor.add(gram, candidate);
                    entering = g.get(candidate).map_or(0, |&g| g);
                    (entered, before, polished) = (candidate, violation.max(entering), 0);
                } else if refused != 0 && changed {
                    (refused, changed) = (0, false);
                    continue;
                } else {
                    break;
                }
            }
        }
        solves += 1;
        factor.gather(g);
        factor.solve(g);
        let place = factor.count().saturating_sub(1).min(K - 1);
        if entering > 0 && g[place] <= 0 {
            // The rounding left in g_P outweighs the gradient that enters. Without it the step is that gradient times a diagonal
            // entry of the inverse: positive.
            *g = [0; K];
            g[place] = entering;
            factor.solve(g);
        }
        polished += 1;
        if !advance(&factor, y, g, first) {
            polished = 0;
            before = i32::MAX;
            factor.keep_positive(gram, y);
        }
        first = false;
        gradient(gram, b, y, g);
    }
    let mut violation = 0;
    for (&y, &g) in y.iter().zip(g.iter()).take(counted(K)) {
        violation = violation.max(if y > 0 { g.abs() } else { g });
    }
    Solution { violation, solves }
}

/// `y` ← y + α·step with the largest α ≤ 1 that keeps it ≥ 0; `first`: the step is from 0, not from y. `step`, by places, is lost. True if α is
/// 1 and nothing reached 0.
#[inline(never)]
fn advance<const K: usize>(factor: &Factor<K>, y: &mut [i32; K], step: &mut [i32; K], first: bool) -> bool {
    let (mut alpha, mut blocking) = (1 << UNIT, K);
    for (step, k) in step.iter_mut().zip(factor.places()) {
        // To where the whole step leads.
        let before = y[k];
        let after = step.saturating_add(if first { 0 } else { before });
        *step = after;
        if after <= 0 {
            let ratio = fraction(before, before.abs_diff(after).max(1));
            if blocking == K || ratio < alpha {
                (alpha, blocking) = (ratio, k);
            }
        }
    }
    for (&mut mut after, k) in step.iter_mut().zip(factor.places()) {
        if blocking < K {
            let before = y[k];
            let distance = after.saturating_sub(before).clamp(-(1 << UNIT), 1 << UNIT);
            // What grows from 0 stays in the set.
            after = before + product(distance, alpha);
            after = if k == blocking { 0 } else { after.max(i32::from(distance > 0)) };
        }
        y[k] = after.min(1 << Factor::<K>::WIDTH);
    }
    blocking == K
}

/// The largest |g_k| of a component with y_k > 0, and the component at 0 whose gradient is the largest above the tolerance, K if
/// there is none.
#[inline(never)]
fn inspect<const K: usize>(y: &[i32; K], g: &[i32; K], refused: u32, tolerance: i32) -> (i32, usize) {
    let (mut violation, mut best, mut candidate) = (0, tolerance, K);
    for (k, (&y, &g)) in y.iter().zip(g).enumerate().take(counted(K)) {
        if y > 0 {
            violation = violation.max(g.abs());
        } else if g > best && (refused >> k) & 1 == 0 {
            (best, candidate) = (g, k);
        }
    }
    (violation, candidate)
}
