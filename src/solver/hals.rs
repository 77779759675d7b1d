//! Hierarchical alternating least squares: coordinate descent on the normal equations.

use nalgebra::SMatrix;

use super::alternate::{AlternateWorkspace, Rule};
use super::penalty::{Penalty, penalty_and_fixed_setters};
use super::{Solver, Sweep};
use crate::columns::{Complete, Data};
use crate::error::{Error, Setting};
use crate::kernel::{self, Block, Descent, Lanes};
use crate::scalar::Real;

/// HALS: each coefficient in turn is set to its exact non-negative minimiser, a few passes per vector.
///
/// h_k ← max(0, h_k + (c_k − Σ_q G_kq h_q) / G_kk). The error never rises. No square root, no solve: the solver with the
/// smallest memory and code, and the base of the default ([`Momentum`](crate::Momentum)).
///
/// # Settings
///
/// [`passes`](Hals::passes): passes over each vector, default 3; 1 is the classical method (scikit-learn's `cd`).
/// [`pass_ratio`](Hals::pass_ratio): a vector is left once a pass moves it by no more than this share (of squared length) of
/// its first pass, default 0.01; 0 does every pass. Penalties: [`Penalty`]. [`fixed`](Hals::fixed): known components.
///
/// # Cost
///
/// A sweep: 2·M·N·K + (M + N)(passes + 2)K² multiply-adds, X read once.
/// Workspace: [`AlternateWorkspace`], independent of N.
///
/// # References
///
/// A. Cichocki, A.-H. Phan, Fast local algorithms for large scale nonnegative matrix and tensor factorizations, IEICE Trans.
/// E92-A, 2009. N. Gillis, F. Glineur, Accelerated multiplicative updates and hierarchical ALS algorithms for nonnegative
/// matrix factorization, Neural Computation 24, 2012.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Hals<T, const PENALIZED: bool = false, const KNOWN: bool = false> {
    passes: u32,
    pass_ratio: T,
    penalty: Penalty<T>,
    fixed: usize,
}

impl<T: Real> Hals<T> {
    /// Three passes, no penalty.
    #[must_use]
    pub const fn new() -> Self {
        Self { passes: 3, pass_ratio: T::PASS_RATIO, penalty: Penalty::none(), fixed: 0 }
    }
}

impl<T: Real, const PENALIZED: bool, const KNOWN: bool> Hals<T, PENALIZED, KNOWN> {
    /// Passes over each vector, at least 1.
    #[must_use]
    pub const fn passes(mut self, passes: u32) -> Self {
        self.passes = passes;
        self
    }

    /// When a vector is left early, in [0, 1].
    #[must_use]
    pub const fn pass_ratio(mut self, ratio: T) -> Self {
        self.pass_ratio = ratio;
        self
    }

    penalty_and_fixed_setters!(Hals { passes, pass_ratio });
}

impl<T: Real> Default for Hals<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize, const PENALIZED: bool, const KNOWN: bool, O: Complete>
    Solver<T, M, N, K, O> for Hals<T, PENALIZED, KNOWN>
{
    type Workspace = AlternateWorkspace<T, M, K>;

    fn begin(&self, ws: &mut Self::Workspace) {
        ws.begin(self.fixed);
    }

    fn sweep(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        ws: &mut Self::Workspace,
    ) -> Sweep<T> {
        let x = O::complete(x);
        let descent = Descent { passes: self.passes, ratio: self.pass_ratio };
        let mut rule = Coordinates { descent, inverse: [T::ZERO; K] };
        ws.sweep::<PENALIZED, KNOWN>(x, &mut w.data.0, h.data.0.as_mut_slice(), &self.penalty, &mut rule)
    }

    fn penalty(&self, x: &Data<'_, T, M, O>, w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>) -> T {
        let penalty = self.penalty.given::<PENALIZED>();
        penalty.map_or(T::ZERO, |penalty| penalty.of(O::complete(x), &w.data.0, h.data.0.as_slice(), self.fixed))
    }

    fn fixed(&self) -> usize {
        if KNOWN { self.fixed } else { 0 }
    }

    fn validate(&self) -> Result<(), Error> {
        if self.passes == 0 {
            return Err(Error::Setting(Setting::Passes));
        }
        if !(self.pass_ratio >= T::ZERO && self.pass_ratio <= T::ONE) {
            return Err(Error::Setting(Setting::PassRatio));
        }
        self.penalty.given::<PENALIZED>().map_or(Ok(()), Penalty::validate)
    }
}

struct Coordinates<T, const K: usize> {
    descent: Descent<T>,
    inverse: [T; K],
}

impl<T: Real, const K: usize> Rule<T, K> for Coordinates<T, K> {
    fn prepare(&mut self, gram: &[[T; K]; K]) {
        for k in 0..K {
            // A component without energy cannot lower the error: 0 leaves it as it is.
            self.inverse[k] = if gram[k][k] > T::TINY { T::ONE / gram[k][k] } else { T::ZERO };
        }
    }

    fn improve(&mut self, gram: &[[T; K]; K], block: &mut Block<T, K>) -> Lanes<T> {
        kernel::gradient(gram, &block.cross, &block.factor, &mut block.gradient);
        kernel::descend(gram, &self.inverse, block, self.descent)
    }
}
