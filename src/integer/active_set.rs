//! Exact non-negative least squares in fixed point: the active-set method of [`nnls`](crate::nnls) on integers.
//!
//! With P the set of components in use and g = b − Ĝy, one solve takes the Newton step Ĝ_PP⁻¹g_P, as far as y stays non-negative;
//! components that reach zero leave P. Once g_P vanishes, the component with the largest positive gradient enters. The first step
//! starts at 0: y is the positive part of Ĝ_PP⁻¹b_P for a guessed P. g is formed anew from y and b after every step: what counts as
//! solved is the gradient of the integers that are returned, not the step.

use super::arithmetic::{UNIT, fraction, mul30, product};
use super::factor::Factor;
use crate::nnls::bound;

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

/// `y` ← the minimiser over y ≥ 0: no component in use has a gradient above `zero`, and no other one a positive one above it. On entry those
/// that are thought to be in use are positive. `g`: the gradient on return.
#[inline(always)]
pub(super) fn solve<const K: usize>(
    gram: &[[i32; K]; K],
    b: &[i32; K],
    y: &mut [i32; K],
    g: &mut [i32; K],
    zero: i32,
) -> Solution {
    let mut factor = Factor::<K>::new();
    factor.assign(gram, y, 0, g);
    *y = [0; K];
    *g = *b;
    // Components that rounding has kept out.
    let (mut solves, mut refused) = (0, 0_u32);
    // The component that entered with the last step, K if none, and the violation before it.
    let (mut entered, mut before) = (K, i32::MAX);
    loop {
        factor.solve(g);
        solves += 1;
        let mut left = advance(y, g);
        let (violation, candidate, stalled) = loop {
            if left < K {
                factor.assign(gram, y, left, g);
                before = i32::MAX;
            }
            gradient(gram, b, y, g);
            let (violation, candidate) = inspect(y, g, refused, zero);
            let stalled = violation > zero && violation >= before;
            let Some(last) = y.get_mut(entered) else { break (violation, candidate, stalled) };
            if !stalled && *last > 0 {
                refused = 0;
                break (violation, candidate, stalled);
            }
            // Dependent columns: nothing but rounding bounds the step. What entered leaves again and is refused, and what it spoiled is
            // polished.
            *last = 0;
            refused |= 1 << (entered & 31);
            (left, entered) = (entered, K);
        };
        if solves >= bound(K) {
            break;
        }
        (entered, before) = (K, violation);
        if violation <= zero || stalled {
            let (Some(&entering), Some(y_entering)) = (g.get(candidate), y.get_mut(candidate)) else { break };
            // An LSB of it is in use.
            *y_entering = 1;
            factor.assign(gram, y, candidate, g);
            (entered, before) = (candidate, violation.max(entering));
            // Without the rounding left in g_P the step of what enters is positive: its gradient times a diagonal entry of the inverse.
            *g = [0; K];
            if let Some(g) = g.get_mut(candidate) {
                *g = entering;
            }
        }
    }
    let (violation, candidate) = inspect(y, g, 0, 0);
    Solution { violation: violation.max(g.get(candidate).map_or(0, |&g| g)), solves }
}

/// `y` ← y + α·step with the largest α ≤ 1 that keeps it ≥ 0; what was 0 stays 0 if its step is negative. The first component that stepped to
/// 0, K if there is none.
#[inline(never)]
fn advance<const K: usize>(y: &mut [i32; K], step: &[i32; K]) -> usize {
    let (mut alpha, mut blocking) = (1 << UNIT, K);
    for (k, (&y, &step)) in y.iter().zip(step).enumerate() {
        if y > 0 && y + step <= 0 {
            let ratio = fraction(y, step.unsigned_abs());
            if blocking == K || ratio < alpha {
                (alpha, blocking) = (ratio, k);
            }
        }
    }
    let mut left = K;
    for (k, (y, &step)) in y.iter_mut().zip(step).enumerate() {
        // What grows from 0 stays in the set.
        let after = (*y + product(step, alpha)).max(i32::from(step > 0));
        *y = if k == blocking { 0 } else { after.min(1 << Factor::<K>::WIDTH) };
        if *y == 0 && step != 0 {
            left = left.min(k);
        }
    }
    left
}

/// The largest |g_k| of a component with y_k > 0, and the component at 0 whose gradient is the largest above the tolerance, K if
/// there is none.
#[inline(never)]
fn inspect<const K: usize>(y: &[i32; K], g: &[i32; K], refused: u32, tolerance: i32) -> (i32, usize) {
    let (mut violation, mut best, mut candidate) = (0, tolerance, K);
    for (k, (&y, &g)) in y.iter().zip(g).enumerate() {
        if y > 0 {
            violation = violation.max(g.abs());
        } else if g > best && (refused >> k) & 1 == 0 {
            (best, candidate) = (g, k);
        }
    }
    (violation, candidate)
}
