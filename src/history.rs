//! The error trace of a fit in a fixed buffer.

use core::ops::ControlFlow;

use heapless::Vec;

use crate::outcome::{Observer, Progress};

/// Records the relative error after every n-th sweep, the first CAP of them. An [`Observer`].
///
/// # Example
///
/// ```
/// use tinynmf::{Factors, History, Nmf, Problem, Spa, Workspace, nalgebra::SMatrix};
/// let x = SMatrix::<f32, 3, 3>::new(1., 2., 3., 2., 1., 1., 0., 4., 1.);
/// let problem = Problem::new(&x)?;
/// let (mut factors, mut ws) = (Factors::<f32, 3, 3, 2>::zeros(), Workspace::new());
/// factors.init(&problem, Spa);
/// let mut history = History::<f32, 100>::new();
/// let outcome = Nmf::default().fit_with(&problem, &mut factors, &mut ws, &mut history)?;
/// assert_eq!(history.errors().len(), outcome.sweeps as usize);
/// # Ok::<(), tinynmf::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct History<T, const CAP: usize> {
    errors: Vec<T, CAP>,
    every: u32,
}

impl<T, const CAP: usize> History<T, CAP> {
    /// Records every sweep.
    #[must_use]
    pub const fn new() -> Self {
        Self::every(1)
    }

    /// Records every n-th sweep; 0 records nothing.
    #[must_use]
    pub const fn every(n: u32) -> Self {
        Self { errors: Vec::new(), every: n }
    }

    /// The relative errors, oldest first.
    pub fn errors(&self) -> &[T] {
        &self.errors
    }

    /// Forgets the trace, for the next fit.
    pub fn clear(&mut self) {
        self.errors.clear();
    }
}

impl<T, const CAP: usize> Default for History<T, CAP> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy, const CAP: usize> Observer<T> for History<T, CAP> {
    fn observe(&mut self, progress: &Progress<T>) -> ControlFlow<()> {
        // A full buffer keeps the beginning of the trace, where things happen.
        let _ = self.errors.push(progress.relative_error);
        ControlFlow::Continue(())
    }

    fn every(&self) -> u32 {
        self.every
    }
}
