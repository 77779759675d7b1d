//! When an iteration ends: [`Stop`], and how it ended: [`Status`].

use crate::error::{Error, Setting};
use crate::scalar::Real;

/// The stop rule of a fit.
///
/// # Settings
///
/// * [`rel_tol`](Stop::rel_tol), default 1e-4: a sweep is settled when it lowers the squared error by
///   no more than this share of it, and not by more than the sweep before. Growing decreases lead
///   away from a saddle; below a quarter of the tolerance they are taken for rounding. A sweep is
///   also settled if it ends below the resolution of the scalar (1e-6 in f32, 1e-14 in f64). The fit
///   ends after five settled sweeps in a row ([`Solver::patience`](crate::Solver::patience)); some
///   solvers then take one more to confirm it. If the very first sweep is settled, that is enough.
///   0: never.
/// * [`target`](Stop::target), default 0: ends as soon as the relative error, as a direct residual, is no larger. 0: never.
/// * [`max_sweeps`](Stop::max_sweeps), default 500. Every sweep counts, a rejected one too.
///
/// # Example
///
/// ```
/// use tinynmf::Stop;
/// const PATIENT: Stop<f32> = Stop::new().max_sweeps(200).rel_tol(1e-5).target(1e-3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stop<T> {
    pub(crate) rel_tol: T,
    pub(crate) target: T,
    pub(crate) max_sweeps: u32,
}

impl<T: Real> Stop<T> {
    /// The defaults: rel_tol 1e-4, no target, 500 sweeps.
    #[must_use]
    pub const fn new() -> Self {
        Self { rel_tol: T::REL_TOL, target: T::ZERO, max_sweeps: 500 }
    }

    /// Share of the squared error; finite, at least 0.
    #[must_use]
    pub const fn rel_tol(mut self, tolerance: T) -> Self {
        self.rel_tol = tolerance;
        self
    }

    /// Relative error ‖X−WH‖_F/‖X‖_F; finite, at least 0.
    #[must_use]
    pub const fn target(mut self, relative_error: T) -> Self {
        self.target = relative_error;
        self
    }

    /// Sweeps, at least 1. A finishing solver gets as many again.
    #[must_use]
    pub const fn max_sweeps(mut self, sweeps: u32) -> Self {
        self.max_sweeps = sweeps;
        self
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        if !(self.rel_tol >= T::ZERO && self.rel_tol.is_finite()) {
            return Err(Error::Setting(Setting::RelTol));
        }
        if !(self.target >= T::ZERO && self.target.is_finite()) {
            return Err(Error::Setting(Setting::Target));
        }
        if self.max_sweeps == 0 {
            return Err(Error::Setting(Setting::MaxSweeps));
        }
        Ok(())
    }
}

impl<T: Real> Default for Stop<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// How an iteration ended. None of these is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// The error no longer falls by more than the tolerance, or is below the resolution of the scalar.
    Converged,
    /// The target error is reached.
    TargetReached,
    /// The sweep limit is reached; the factors are good as far as the error says.
    MaxSweeps,
    /// An observer broke off.
    Interrupted,
}
