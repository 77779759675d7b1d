//! One solver after another: a search and its finish.

use nalgebra::SMatrix;

use super::{Solver, Sweep};
use crate::columns::{Data, Observed};
use crate::error::{Error, Setting};
use crate::scalar::Real;

/// Runs `first` until the stop rule is met, then `second` under the same rule. Built by [`Nmf::finish`](crate::Nmf::finish).
///
/// Reaching the target error ends both. The error and objective reported are those of `second`.
///
/// # Cost
///
/// That of the two solvers, one after the other; both workspaces side by side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Chain<A, B> {
    first: A,
    second: B,
}

impl<A, B> Chain<A, B> {
    /// `first`, then `second`.
    #[must_use]
    pub const fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

/// The workspaces of both solvers and which of them is at work.
#[derive(Default)]
pub struct ChainWorkspace<A, B> {
    first: A,
    second: B,
    finishing: bool,
}

impl<A, B> ChainWorkspace<A, B> {
    /// From the two workspaces; for a `static` or the stack.
    #[must_use]
    pub const fn with(first: A, second: B) -> Self {
        Self { first, second, finishing: false }
    }
}

impl<T, const M: usize, const N: usize, const K: usize, O, A, B> Solver<T, M, N, K, O> for Chain<A, B>
where
    T: Real,
    O: Observed,
    A: Solver<T, M, N, K, O>,
    B: Solver<T, M, N, K, O>,
{
    type Workspace = ChainWorkspace<A::Workspace, B::Workspace>;

    fn begin(&self, ws: &mut Self::Workspace) {
        ws.finishing = false;
        self.first.begin(&mut ws.first);
    }

    fn sweep(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        ws: &mut Self::Workspace,
    ) -> Sweep<T> {
        if ws.finishing { self.second.sweep(x, w, h, &mut ws.second) } else { self.first.sweep(x, w, h, &mut ws.first) }
    }

    fn objective(&self, x: &Data<'_, T, M, O>, w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>) -> T {
        self.second.objective(x, w, h)
    }

    fn penalty(&self, x: &Data<'_, T, M, O>, w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>) -> T {
        self.second.penalty(x, w, h)
    }

    fn validate(&self) -> Result<(), Error> {
        if self.first.fixed() != self.second.fixed() {
            return Err(Error::Setting(Setting::Fixed));
        }
        self.first.validate()?;
        self.second.validate()
    }

    /// The more patient of the two, so that a stage never ends on less evidence than it asks for.
    fn patience(&self) -> u32 {
        self.first.patience().max(self.second.patience())
    }

    fn confirm(&self, ws: &mut Self::Workspace) -> bool {
        if ws.finishing { self.second.confirm(&mut ws.second) } else { self.first.confirm(&mut ws.first) }
    }

    fn fixed(&self) -> usize {
        self.first.fixed()
    }

    fn signed(&self) -> bool {
        self.first.signed()
    }

    fn advance(&self, ws: &mut Self::Workspace) -> bool {
        if ws.finishing {
            return self.second.advance(&mut ws.second);
        }
        if !self.first.advance(&mut ws.first) {
            ws.finishing = true;
            self.second.begin(&mut ws.second);
        }
        true
    }
}
