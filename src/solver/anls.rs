//! Alternating exact non-negative least squares.

use nalgebra::SMatrix;

use super::alternate::{AlternateWorkspace, Rule};
use super::penalty::{Penalty, penalty_and_fixed_setters};
use super::{Solver, Sweep};
use crate::columns::{Complete, Data};
use crate::error::Error;
use crate::kernel::{self, Block, LANES, Lanes};
use crate::nnls::{Equations, NnlsStatus};
use crate::scalar::Real;

/// ANLS: every column of H, then every row of W, is the exact non-negative least squares solution given the other factor.
///
/// The fewest sweeps of all; best at small K, as a finish ([`Nmf::finish`](crate::Nmf::finish)), and for data of exact low
/// rank. The error never rises. Each solve starts from the vector of the sweep before (the active-set method behind
/// [`nnls::solve`](crate::nnls::solve)).
///
/// # Cost
///
/// A sweep: 2·M·N·K + (M + N)·2K² multiply-adds and M + N solves, each bounded by [`nnls::bound`](crate::nnls::bound)`(K)` triangular
/// solves, one or two near convergence. For hard deadlines per sweep use [`Hals`](crate::Hals).
/// Workspace: [`AlternateWorkspace`] and K² + K numbers, independent of N.
///
/// # References
///
/// H. Kim, H. Park, Nonnegative matrix factorization based on alternating nonnegativity constrained least squares and
/// active set method, SIAM J. Matrix Anal. Appl. 30, 2008.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Anls<T, const PENALIZED: bool = false, const KNOWN: bool = false> {
    penalty: Penalty<T>,
    fixed: usize,
}

impl<T: Real> Anls<T> {
    /// No penalty.
    #[must_use]
    pub const fn new() -> Self {
        Self { penalty: Penalty::none(), fixed: 0 }
    }
}

impl<T: Real, const PENALIZED: bool, const KNOWN: bool> Anls<T, PENALIZED, KNOWN> {
    penalty_and_fixed_setters!(Anls {});
}

impl<T: Real> Default for Anls<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The alternation's workspace and one K×K system.
pub struct AnlsWorkspace<T, const M: usize, const K: usize> {
    alternate: AlternateWorkspace<T, M, K>,
    equations: Equations<T, K>,
}

impl<T: Real, const M: usize, const K: usize> AnlsWorkspace<T, M, K> {
    /// An empty workspace, for a `static` or the stack.
    #[must_use]
    pub const fn new() -> Self {
        Self { alternate: AlternateWorkspace::new(), equations: Equations::new() }
    }
}

impl<T: Real, const M: usize, const K: usize> Default for AnlsWorkspace<T, M, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize, const PENALIZED: bool, const KNOWN: bool, O: Complete>
    Solver<T, M, N, K, O> for Anls<T, PENALIZED, KNOWN>
{
    type Workspace = AnlsWorkspace<T, M, K>;

    fn begin(&self, ws: &mut Self::Workspace) {
        ws.alternate.begin(self.fixed);
    }

    fn sweep(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        ws: &mut Self::Workspace,
    ) -> Sweep<T> {
        let x = O::complete(x);
        let mut rule = Exact { equations: &mut ws.equations };
        ws.alternate.sweep::<PENALIZED, KNOWN>(x, &mut w.data.0, h.data.0.as_mut_slice(), &self.penalty, &mut rule)
    }

    fn penalty(&self, x: &Data<'_, T, M, O>, w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>) -> T {
        let penalty = self.penalty.given::<PENALIZED>();
        penalty.map_or(T::ZERO, |penalty| penalty.of(O::complete(x), &w.data.0, h.data.0.as_slice(), self.fixed))
    }

    fn fixed(&self) -> usize {
        if KNOWN { self.fixed } else { 0 }
    }

    fn validate(&self) -> Result<(), Error> {
        self.penalty.given::<PENALIZED>().map_or(Ok(()), Penalty::validate)
    }
}

struct Exact<'s, T, const K: usize> {
    equations: &'s mut Equations<T, K>,
}

impl<T: Real, const K: usize> Rule<T, K> for Exact<'_, T, K> {
    fn prepare(&mut self, gram: &[[T; K]; K]) {
        self.equations.set(gram);
    }

    fn improve(&mut self, gram: &[[T; K]; K], block: &mut Block<T, K>) -> Lanes<T> {
        let mut decrease = [T::ZERO; LANES];
        for (l, decrease) in decrease.iter_mut().enumerate() {
            let (cross, mut factor) = (block.cross.map(|lanes| lanes[l]), block.factor.map(|lanes| lanes[l]));
            let solution = self.equations.solve_non_negative(&cross, &mut factor);
            *decrease = solution.decrease;
            if solution.status == NnlsStatus::NonFinite {
                // A component whose square overflows: its vector starts over from zero, revival does the rest.
                factor = [T::ZERO; K];
            }
            for (lanes, value) in block.factor.iter_mut().zip(factor) {
                lanes[l] = value;
            }
        }
        kernel::gradient(gram, &block.cross, &block.factor, &mut block.gradient);
        decrease
    }
}
