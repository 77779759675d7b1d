//! What a fit reports: [`Progress`] on the way, [`Outcome`] at the end, to an [`Observer`] in between.

use core::ops::ControlFlow;

use crate::problem::Unobserved;
use crate::stop::Status;

/// The state of a fit after a sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress<T> {
    /// Sweeps so far, rejected ones included.
    pub sweeps: u32,
    /// ‖X−WH‖_F/‖X‖_F of the factors as they stand. A direct residual when an observer sees it; from
    /// [`Run::step`](crate::Run::step) the row-wise form of the sweep (good to 1e-3 of its value down to 1e-2 in f32).
    pub relative_error: T,
    /// Decrease of the squared error in this sweep, relative to ‖X‖².
    pub decrease: T,
    /// Dead components revived in this sweep.
    pub revived: u32,
    /// False if the solver took this sweep back.
    pub accepted: bool,
}

/// The result of a fit. The factors are where the caller put them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome<T> {
    /// How the iteration ended.
    pub status: Status,
    /// Sweeps done, rejected ones included.
    pub sweeps: u32,
    /// ‖X−WH‖_F/‖X‖_F, the direct residual by columns.
    pub relative_error: T,
    /// What was minimised: the square of `relative_error` plus twice the penalties over ‖X‖²
    /// ([`Penalty`](crate::Penalty)). Of several restarts the one with the smallest is kept.
    pub objective: T,
    /// Dead components revived on the way.
    pub revived: u32,
    /// Features and frames without an observed entry, whose factors are 0.
    pub unobserved: Unobserved,
}

/// Watches a fit: progress bars, error traces, time limits.
///
/// Implemented for closures `FnMut(&Progress<T>) -> ControlFlow<()>`, for [`History`](crate::History) and for `()`, which
/// watches nothing and costs nothing.
///
/// # Example
///
/// ```
/// use core::ops::ControlFlow;
/// use tinynmf::{Factors, Nmf, Problem, Progress, Status, Spa, Workspace, nalgebra::SMatrix};
/// let x = SMatrix::<f32, 3, 3>::new(1., 2., 3., 2., 1., 1., 0., 4., 1.);
/// let problem = Problem::new(&x)?;
/// let (mut factors, mut ws) = (Factors::<f32, 3, 3, 2>::zeros(), Workspace::new());
/// factors.init(&problem, Spa);
/// let mut brief = |progress: &Progress<f32>| if progress.sweeps < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
/// let outcome = Nmf::default().fit_with(&problem, &mut factors, &mut ws, &mut brief)?;
/// assert_eq!((outcome.status, outcome.sweeps), (Status::Interrupted, 2));
/// # Ok::<(), tinynmf::Error>(())
/// ```
pub trait Observer<T> {
    /// Called after a sweep; `Break` ends the fit with [`Status::Interrupted`].
    fn observe(&mut self, progress: &Progress<T>) -> ControlFlow<()>;

    /// Call every this many sweeps; each call costs one pass over X for the direct residual. 0: never. Default 1.
    fn every(&self) -> u32 {
        1
    }
}

impl<T> Observer<T> for () {
    fn observe(&mut self, _: &Progress<T>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn every(&self) -> u32 {
        0
    }
}

impl<T, F: FnMut(&Progress<T>) -> ControlFlow<()>> Observer<T> for F {
    fn observe(&mut self, progress: &Progress<T>) -> ControlFlow<()> {
        self(progress)
    }
}
