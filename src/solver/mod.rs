//! The iterations: [`Solver`] and one file per method.

mod als;
mod alternate;
mod anls;
mod best;
mod chain;
mod hals;
mod kaczmarz;
mod kaczmarz_entry;
mod momentum;
mod mu;
mod mu_kl;
mod penalty;
mod random_als;
mod revival;
mod ridge;
mod walk;

use nalgebra::SMatrix;

use crate::columns::{Data, Full, Observed};
use crate::error::Error;
use crate::scalar::Real;

pub use als::{Als, AlsWorkspace};
pub use alternate::AlternateWorkspace;
pub use anls::{Anls, AnlsWorkspace};
pub use chain::{Chain, ChainWorkspace};
pub use hals::Hals;
pub use kaczmarz::{Kaczmarz, KaczmarzWorkspace};
pub use kaczmarz_entry::{KaczmarzEntry, KaczmarzEntryWorkspace};
pub use momentum::{Momentum, MomentumWorkspace};
pub use mu::Mu;
pub use mu_kl::{MuKl, MuKlWorkspace};
pub use penalty::Penalty;
pub use random_als::{RandomAls, RandomAlsWorkspace};

/// One way to improve factors, a sweep at a time: all of H once, then all of W once.
///
/// Settings in `self`, state in the workspace, both chosen by the caller. A solver written outside the crate works with
/// every driver; `O` says which entries of X it needs ([`Full`]: all).
///
/// # Contract
///
/// W and H are in the scale of `x`, finite and non-negative, and stay so. After a sweep they hold the best iterate the
/// solver is willing to stand for: a driver may stop after any sweep.
#[diagnostic::on_unimplemented(
    message = "the solver `{Self}` cannot fit data of which `{O}` entries are observed, or not with these sizes",
    note = "with missing entries or weights (`Masked`), use `Kaczmarz`, `KaczmarzEntry` or `RandomAls`"
)]
pub trait Solver<T: Real, const M: usize, const N: usize, const K: usize, O: Observed = Full> {
    /// State between sweeps, and scratch. Has a `const fn new()` for statics.
    type Workspace;

    /// Forgets the last fit (momentum, best-so-far, generator).
    fn begin(&self, ws: &mut Self::Workspace);

    /// One sweep, in place.
    fn sweep(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        ws: &mut Self::Workspace,
    ) -> Sweep<T>;

    /// ‖X − WH‖² / ‖X‖² as a direct residual, column by column; M numbers of stack. Another loss reports its own measure.
    fn objective(&self, x: &Data<'_, T, M, O>, w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>) -> T {
        crate::kernel::residual(x, &w.data.0, h.data.0.as_slice(), T::ONE)
    }

    /// What the solver minimises besides the [`objective`](Solver::objective), in the same unit:
    /// twice its penalties over ‖X‖². Of several fits the one with the smallest sum is kept.
    /// Default 0.
    fn penalty(&self, x: &Data<'_, T, M, O>, w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>) -> T {
        let _ = (x, w, h);
        T::ZERO
    }

    /// The first setting that is out of range.
    fn validate(&self) -> Result<(), Error> {
        Ok(())
    }

    /// How many settled sweeps in a row it takes to call the iteration converged, default 5. A
    /// saddle lowers the decreases for a few sweeps and then raises them: with one sweep, 13 % of
    /// the starts of `Hals` on a 5×4 matrix ended at a saddle, with five none of 1000. If the first
    /// sweep of a stage is settled, so was the start, and one is enough.
    fn patience(&self) -> u32 {
        5
    }

    /// Called when enough sweeps have settled: true if the solver wants one more to decide, taken in its most reliable way.
    fn confirm(&self, ws: &mut Self::Workspace) -> bool {
        let _ = ws;
        false
    }

    /// True if the factors may be negative, so that a fit may start from such.
    fn signed(&self) -> bool {
        false
    }

    /// How many of the first components are known: drivers and starts leave their columns of W alone, as the solver does.
    fn fixed(&self) -> usize {
        0
    }

    /// Called when the stop rule is met: true if the solver goes on with a second stage, to which the rule then applies
    /// anew.
    fn advance(&self, ws: &mut Self::Workspace) -> bool {
        let _ = ws;
        false
    }
}

/// What one sweep did. Errors and decreases are squared and relative to ‖X‖².
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sweep<T> {
    /// Decrease of the squared error, penalties included. Telescoped over the single steps by the
    /// monotone solvers: accurate where the difference of two errors is not. Extrapolated and
    /// projected sweeps can only give the distance of two errors. At least 0; 0 for a sweep that
    /// was taken back.
    pub decrease: T,
    /// Squared error of the factors after the sweep. Summed row by row, good to 1e-3 of its value,
    /// down to a relative error of 1e-2 in f32 (1e-7 in f64); a direct residual, one more pass over
    /// X, below that and after a revival.
    pub error: T,
    /// Dead components that were revived. A sweep that revives never counts as settled.
    pub revived: u32,
    /// False if the solver took the sweep back. It still counts as one.
    pub accepted: bool,
}

impl<T: Real> Sweep<T> {
    /// An accepted sweep without revival.
    #[must_use]
    pub const fn new(decrease: T, error: T) -> Self {
        Self { decrease, error, revived: 0, accepted: true }
    }
}
