//! Alternating least squares by the normal equations, projected or unconstrained.

use nalgebra::SMatrix;

use super::alternate::{AlternateWorkspace, Rule};
use super::best::Latest;
use super::penalty::{Penalty, penalty_and_fixed_setters};
use super::{Solver, Sweep};
use crate::columns::{Complete, Data};
use crate::error::Error;
use crate::kernel::{self, Block, LANES, Lanes};
use crate::nnls::Equations;
use crate::scalar::Real;

/// ALS: every vector is the unconstrained least squares solution, negative entries then set to 0.
///
/// One Cholesky factor serves all vectors of a half sweep, so a sweep is cheap and the first few bring the error down fast.
/// Setting negatives to 0 is not the constrained minimum: the error can rise and stalls above what [`Hals`](crate::Hals)
/// reaches (digits 64×100, K 8: 15 %). The best factors so far are kept, the search goes on from the latest
/// ones; finish with [`Anls`](crate::Anls) or `Hals`.
///
/// [`Als::unconstrained`] leaves negative entries in: plain low-rank approximation, no NMF. It may start from factors with
/// negative entries.
///
/// # Cost
///
/// A sweep: 2·M·N·K + (M + N)·3K² multiply-adds.
/// Workspace: [`AlternateWorkspace`], K² + K, and (M + N)·K for the second copy of the factors.
///
/// # Notes
///
/// A singular Gram is factored with its dependent pivots raised ([`nnls`](crate::nnls)); the solution is then one of many.
///
/// # References
///
/// P. Paatero, U. Tapper, Positive matrix factorization, Environmetrics 5, 1994. M. W. Berry et al., Algorithms and
/// applications for approximate nonnegative matrix factorization, Comput. Stat. Data Anal. 52, 2007 (section 3.3).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Als<T, const PENALIZED: bool = false, const KNOWN: bool = false> {
    clip: bool,
    penalty: Penalty<T>,
    fixed: usize,
}

impl<T: Real> Als<T> {
    /// Projected onto the non-negative orthant.
    #[must_use]
    pub const fn new() -> Self {
        Self { clip: true, penalty: Penalty::none(), fixed: 0 }
    }

    /// Without the projection: factors may be negative.
    #[must_use]
    pub const fn unconstrained() -> Self {
        Self { clip: false, penalty: Penalty::none(), fixed: 0 }
    }
}

impl<T: Real, const PENALIZED: bool, const KNOWN: bool> Als<T, PENALIZED, KNOWN> {
    penalty_and_fixed_setters!(Als { clip });
}

impl<T: Real> Default for Als<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The alternation's workspace, one K×K system, and the latest factors beside the best ones.
pub struct AlsWorkspace<T, const M: usize, const N: usize, const K: usize> {
    alternate: AlternateWorkspace<T, M, K>,
    equations: Equations<T, K>,
    latest: Latest<T, M, N, K>,
}

impl<T: Real, const M: usize, const N: usize, const K: usize> AlsWorkspace<T, M, N, K> {
    /// An empty workspace, for a `static` or the stack.
    #[must_use]
    pub const fn new() -> Self {
        Self { alternate: AlternateWorkspace::new(), equations: Equations::new(), latest: Latest::new() }
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize> Default for AlsWorkspace<T, M, N, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize, const PENALIZED: bool, const KNOWN: bool, O: Complete>
    Solver<T, M, N, K, O> for Als<T, PENALIZED, KNOWN>
{
    type Workspace = AlsWorkspace<T, M, N, K>;

    fn begin(&self, ws: &mut Self::Workspace) {
        ws.alternate.begin(self.fixed);
        ws.latest.begin();
    }

    fn sweep(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        ws: &mut Self::Workspace,
    ) -> Sweep<T> {
        let x = O::complete(x);
        let AlsWorkspace { alternate, equations, latest } = ws;
        let mut rule = Normal { equations, clip: self.clip };
        let penalty = self.penalty.given::<PENALIZED>();
        let penalty =
            |w: &[[T; M]; K], h: &[[T; K]]| penalty.map_or(T::ZERO, |penalty| penalty.of(x, w, h, self.fixed));
        latest.sweep_penalized(x, w, h, penalty, |w, h, _| {
            alternate.sweep::<PENALIZED, KNOWN>(x, w, h, &self.penalty, &mut rule)
        })
    }

    fn penalty(&self, x: &Data<'_, T, M, O>, w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>) -> T {
        let penalty = self.penalty.given::<PENALIZED>();
        penalty.map_or(T::ZERO, |penalty| penalty.of(O::complete(x), &w.data.0, h.data.0.as_slice(), self.fixed))
    }

    fn validate(&self) -> Result<(), Error> {
        self.penalty.given::<PENALIZED>().map_or(Ok(()), Penalty::validate)
    }

    fn signed(&self) -> bool {
        !self.clip
    }

    fn fixed(&self) -> usize {
        if KNOWN { self.fixed } else { 0 }
    }
}

struct Normal<'s, T, const K: usize> {
    equations: &'s mut Equations<T, K>,
    clip: bool,
}

impl<T: Real, const K: usize> Rule<T, K> for Normal<'_, T, K> {
    fn prepare(&mut self, gram: &[[T; K]; K]) {
        self.equations.set(gram);
        self.equations.factor_all();
    }

    fn improve(&mut self, gram: &[[T; K]; K], block: &mut Block<T, K>) -> Lanes<T> {
        for l in 0..LANES {
            let mut solution = block.cross.map(|lanes| lanes[l]);
            self.equations.solve(&mut solution);
            for (lanes, value) in block.factor.iter_mut().zip(solution) {
                lanes[l] = if self.clip { value.positive() } else { value };
            }
        }
        kernel::gradient(gram, &block.cross, &block.factor, &mut block.gradient);
        // Not a descent method; its decrease is the difference of errors that the sweep forms.
        [T::ZERO; LANES]
    }
}
