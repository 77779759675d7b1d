//! Loops on arrays: the only place that walks the features of X.
//!
//! **Lanes are columns.** A [`Block`] carries [`LANES`] neighbouring columns of X (or rows of W) through cross product,
//! passes and accumulation together. Each lane sums in plain sequential order, so the bits do not depend on `LANES`, and
//! the compiler turns `[T; LANES]` loops into vector instructions without help. No `Result`, no policy, no random numbers
//! in here.

mod accumulate;
mod balance;
mod cross;
mod descent;
mod frames;
mod gram;
mod residual;

use crate::scalar::Real;

pub(crate) use accumulate::accumulate;
pub(crate) use balance::{balance, rescale};
pub(crate) use cross::{cross, gradient};
pub(crate) use descent::{Descent, descend};
pub(crate) use frames::{Frames, LANES, Lanes};
pub(crate) use gram::{diagonal, gram, inner, norm_squared};
pub(crate) use residual::{residual, residual_into, worst_frame};

/// A block of K-vectors, one per lane: what a rule reads and improves.
pub(crate) struct Block<T, const K: usize> {
    /// Right-hand sides Wᵀx, less the L1 penalty.
    pub cross: [Lanes<T>; K],
    /// The unknowns: start values on entry, improved values on exit.
    pub factor: [Lanes<T>; K],
    /// cross − gram · factor, on entry and on exit.
    pub gradient: [Lanes<T>; K],
}

impl<T: Real, const K: usize> Block<T, K> {
    pub(crate) const fn zero() -> Self {
        Self { cross: [[T::ZERO; LANES]; K], factor: [[T::ZERO; LANES]; K], gradient: [[T::ZERO; LANES]; K] }
    }
}
