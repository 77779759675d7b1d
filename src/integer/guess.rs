//! Coordinate descent in 16 bits: which components a frame needs, and roughly how much of each.

use super::arithmetic::rounded;

/// A point has this many bits less than its gradient: one product of 15 bits of the Gram and a step is a step of the gradient.
const BELOW: u32 = 15;

/// `y` ← some passes of coordinate descent on ½yᵀĜy − bᵀy over y ≥ 0 from y = 0, to 1/2¹⁴.
///
/// A product costs one short multiplication. Nothing overflows if |b| ≤ 2³⁰/n with n ≥ K a power of two: with Ĝ ≥ 0 and y ≥ 0 every
/// step sets y_k ≤ max(0, b_k), so that |b − Ĝy| ≤ (K + 1)·max|b|.
#[inline(never)]
pub(super) fn descend<const K: usize>(gram: &[[i32; K]; K], b: &[i32; K], passes: u32, y: &mut [i32; K]) {
    *y = [0; K];
    let mut sums = *b;
    for _ in 0..passes {
        let mut moved = false;
        for k in 0..K {
            let before = y[k];
            // The diagonal is 1, or 0 for a component whose b is 0.
            let after = (before + rounded(sums[k], BELOW)).max(0);
            let step = after - before;
            if step == 0 {
                continue;
            }
            moved = true;
            y[k] = after;
            for (sum, &g) in sums.iter_mut().zip(&gram[k]) {
                *sum -= (g >> BELOW) * step;
            }
        }
        if !moved {
            break;
        }
    }
    for y in y.iter_mut() {
        *y <<= BELOW;
    }
}
