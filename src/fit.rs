//! The driver: [`Nmf`] runs a solver under a stop rule, [`Run`] does so a sweep at a time.

use core::ops::ControlFlow;

use crate::columns::Columns;
use crate::error::Error;
use crate::factors::Factors;
use crate::kernel;
use crate::outcome::{Observer, Outcome, Progress};
use crate::problem::Problem;
use crate::scalar::Real;
use crate::solver::{Chain, Hals, Momentum, MomentumWorkspace, Solver, Sweep};
use crate::stop::{Status, Stop};

/// Workspace of the default solver, [`Momentum`]`<`[`Hals`]`>`, and of no other. With another solver
/// write `Default::default()` ([`Nmf`], section Workspace).
pub type Workspace<T, const M: usize, const N: usize, const K: usize> = MomentumWorkspace<T, M, N, K>;

/// A factorisation: a solver and when it stops.
///
/// [`Nmf::default`] is the recommended one: extrapolated HALS with three passes. [`Nmf::small`] is the one with the smallest
/// memory. Settings only, `Copy`, may be a `const`.
///
/// For spectra and other data whose parts are nearly collinear take
/// [`Momentum`]`<`[`Anls`](crate::Anls)`>`: an eighth of the sweeps.
///
/// # Workspace
///
/// Every solver has its own type of workspace. `Default::default()` fits all of them: the compiler
/// infers the type from the call.
///
/// ```
/// use tinynmf::{Anls, Factors, Nmf, Problem, Spa, nalgebra::SMatrix};
/// let x = SMatrix::<f32, 3, 3>::new(1., 2., 3., 2., 1., 3., 0., 1., 1.); // rank 2
/// let problem = Problem::new(&x)?;
/// let mut factors = Factors::<f32, 3, 3, 2>::zeros();
/// factors.init(&problem, Spa);
/// let mut ws = Default::default(); // here an AnlsWorkspace<f32, 3, 2>
/// let outcome = Nmf::new(Anls::new()).fit(&problem, &mut factors, &mut ws)?;
/// assert!(outcome.relative_error < 1e-5);
/// # Ok::<(), tinynmf::Error>(())
/// ```
///
/// A `static` needs the name of the type and its `const fn new()`, for example
/// [`AnlsWorkspace::new`](crate::AnlsWorkspace::new). [`Workspace`] belongs to the solver of
/// [`Nmf::default`] only. With `Anls` it is error E0308, "expected `&mut AnlsWorkspace<f32, 3, 2>`,
/// found `&mut MomentumWorkspace<_, _, _, _>`". The first of the two types is the right one:
///
/// ```compile_fail,E0308
/// # use tinynmf::{Anls, Error, Factors, Nmf, Problem, Workspace};
/// # fn fit(problem: &Problem<f32, 3, 3>, factors: &mut Factors<f32, 3, 3, 2>) -> Result<(), Error> {
/// Nmf::new(Anls::new()).fit(problem, factors, &mut Workspace::new())?;
/// # Ok(())
/// # }
/// ```
///
/// # Example
///
/// ```
/// use tinynmf::{Anls, AnlsWorkspace, ChainWorkspace, Factors, Hals, Nmf, Problem, Spa, Stop, nalgebra::SMatrix};
/// const FIT: Nmf<f32, Hals<f32>> = Nmf::new(Hals::new()).stop(Stop::new().max_sweeps(200).target(1e-3));
/// let x = SMatrix::<f32, 3, 3>::new(1., 2., 3., 2., 1., 1., 0., 4., 1.);
/// let problem = Problem::new(&x)?;
/// let mut factors = Factors::<f32, 3, 3, 2>::zeros();
/// factors.init(&problem, Spa);
/// let mut ws = ChainWorkspace::with(Default::default(), AnlsWorkspace::new());
/// FIT.finish(Anls::default()).fit(&problem, &mut factors, &mut ws)?;
/// # Ok::<(), tinynmf::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Nmf<T, S> {
    pub(crate) solver: S,
    pub(crate) stop: Stop<T>,
    pub(crate) seed: u64,
    pub(crate) pilots: Option<u32>,
}

impl<T: Real> Default for Nmf<T, Momentum<Hals<T>>> {
    /// Extrapolated HALS with three passes, the default stop rule.
    fn default() -> Self {
        Self::new(Momentum::new(Hals::new()))
    }
}

impl<T: Real> Nmf<T, Hals<T>> {
    /// The smallest memory: plain HALS, one copy of the factors, a workspace that does not grow with N. About twice the
    /// sweeps of the default.
    #[must_use]
    pub const fn small() -> Self {
        Self::new(Hals::new())
    }
}

impl<T: Real, S: Copy> Nmf<T, S> {
    /// `solver` under the default [`Stop`].
    #[must_use]
    pub const fn new(solver: S) -> Self {
        Self { solver, stop: Stop::new(), seed: 0, pilots: None }
    }

    /// When to stop.
    #[must_use]
    pub const fn stop(mut self, stop: Stop<T>) -> Self {
        self.stop = stop;
        self
    }

    /// Seed of [`fit_restarts`](Nmf::fit_restarts): restart `r` draws from `seed + r`. Default 0.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Restarts become pilots of this many sweeps, the best of which is continued to the end. Below 10 sweeps the order of
    /// the pilots says nothing about the order of their ends; 30 is a good value (digits 64×100, K 8, best of 8: within 1e-3 of the
    /// best known error in 93 % of 1000 trials; 20 sweeps: 82 %; a single start: 43 %).
    #[must_use]
    pub const fn pilots(mut self, sweeps: u32) -> Self {
        self.pilots = Some(sweeps);
        self
    }

    /// Then goes on with `solver` under the same stop rule. Workspace: [`ChainWorkspace`](crate::ChainWorkspace).
    #[must_use]
    pub const fn finish<F: Copy>(self, solver: F) -> Nmf<T, Chain<S, F>> {
        Nmf { solver: Chain::new(self.solver, solver), stop: self.stop, seed: self.seed, pilots: self.pilots }
    }
}

impl<T: Real, S> Nmf<T, S> {
    /// Factorises X from the factors as they are, in place.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`], [`Error::InitialW`], [`Error::InitialH`], [`Error::PartSize`] before
    /// anything is touched; [`Error::Diverged`] if the solver produced a number that is not finite;
    /// [`Error::CoefficientRange`] if the coefficients of a known component are too large for the
    /// scalar.
    ///
    /// # Cost
    ///
    /// That of the solver's sweeps, and one pass over X for the error at the end.
    ///
    /// # Example
    ///
    /// ```
    /// use tinynmf::{Factors, Nmf, Problem, Spa, Workspace, nalgebra::SMatrix};
    /// let x = SMatrix::<f32, 4, 4>::new(5., 4., 0., 2., 4., 3., 0., 1., 3., 2., 4., 5., 2., 1., 5., 4.);
    /// let problem = Problem::new(&x)?;
    /// let (mut factors, mut ws) = (Factors::<f32, 4, 4, 2>::zeros(), Workspace::new());
    /// factors.init(&problem, Spa);
    /// let outcome = Nmf::default().fit(&problem, &mut factors, &mut ws)?;
    /// assert!((outcome.relative_error - 0.067464).abs() < 1e-5);
    /// # Ok::<(), tinynmf::Error>(())
    /// ```
    pub fn fit<const M: usize, const N: usize, const K: usize, C>(
        &self,
        problem: &Problem<'_, T, M, N, C>,
        factors: &mut Factors<T, M, N, K>,
        ws: &mut S::Workspace,
    ) -> Result<Outcome<T>, Error>
    where
        S: Solver<T, M, N, K, C::Observed>,
        C: Columns<T, M> + ?Sized,
    {
        self.fit_with(problem, factors, ws, &mut ())
    }

    /// As [`fit`](Nmf::fit), watched by an [`Observer`].
    ///
    /// # Errors
    ///
    /// As [`fit`](Nmf::fit).
    pub fn fit_with<const M: usize, const N: usize, const K: usize, C>(
        &self,
        problem: &Problem<'_, T, M, N, C>,
        factors: &mut Factors<T, M, N, K>,
        ws: &mut S::Workspace,
        observer: &mut dyn Observer<T>,
    ) -> Result<Outcome<T>, Error>
    where
        S: Solver<T, M, N, K, C::Observed>,
        C: Columns<T, M> + ?Sized,
    {
        self.start(problem, factors, ws)?.finish_with(observer)
    }

    /// Begins a fit that is taken a sweep at a time: feed the watchdog, serve the radio, then take the next
    /// [`step`](Run::step).
    ///
    /// # Errors
    ///
    /// [`Error::Setting`], [`Error::InitialW`], [`Error::InitialH`], [`Error::PartSize`].
    pub fn start<'r, const M: usize, const N: usize, const K: usize, C>(
        &'r self,
        problem: &'r Problem<'_, T, M, N, C>,
        factors: &'r mut Factors<T, M, N, K>,
        ws: &'r mut S::Workspace,
    ) -> Result<Run<'r, T, M, N, K, S, C>, Error>
    where
        S: Solver<T, M, N, K, C::Observed>,
        C: Columns<T, M> + ?Sized,
    {
        self.stop.validate()?;
        self.solver.validate()?;
        factors.check(self.solver.signed())?;
        factors.check_known(self.solver.fixed(), self.solver.signed())?;
        Ok(Run::new(&self.solver, self.stop, problem, factors, ws))
    }
}

/// A fit in progress, from [`Nmf::start`].
///
/// While it exists the factors are in the scale of the solver; when it ends or is dropped they are back in the unit of X, as
/// good as the last sweep left them.
pub struct Run<'r, T, const M: usize, const N: usize, const K: usize, S, C>
where
    T: Real,
    S: Solver<T, M, N, K, C::Observed>,
    C: Columns<T, M> + ?Sized,
{
    solver: &'r S,
    stop: Stop<T>,
    problem: &'r Problem<'r, T, M, N, C>,
    factors: &'r mut Factors<T, M, N, K>,
    ws: &'r mut S::Workspace,
    /// A second stage, if the solver has one, is part of this run.
    staged: bool,
    sweeps: u32,
    stage_sweeps: u32,
    settled: u32,
    /// Decrease of the last accepted sweep of this stage, +∞ before the first.
    decrease: T,
    /// The solver was asked to confirm that it has settled; the next accepted sweep decides.
    confirming: bool,
    revived: u32,
    last: Progress<T>,
    /// Powers of two by which the columns of known components are divided while the run exists.
    units: [i32; K],
    /// How the run ended. The factors are then back in the unit of X.
    outcome: Option<Result<Outcome<T>, Error>>,
}

impl<'r, T, const M: usize, const N: usize, const K: usize, S, C> Run<'r, T, M, N, K, S, C>
where
    T: Real,
    S: Solver<T, M, N, K, C::Observed>,
    C: Columns<T, M> + ?Sized,
{
    /// From checked settings and factors.
    pub(crate) fn new(
        solver: &'r S,
        stop: Stop<T>,
        problem: &'r Problem<'r, T, M, N, C>,
        factors: &'r mut Factors<T, M, N, K>,
        ws: &'r mut S::Workspace,
    ) -> Self {
        let fixed = solver.fixed();
        let (w, h) = (&mut factors.w.data.0, factors.h.data.0.as_mut_slice());
        let units = kernel::unit_exponents(w, fixed);
        kernel::rescale(w, h, -problem.scale().exponent(), known(&units.map(|unit| -unit), fixed));
        kernel::balance(w, h, fixed);
        kernel::merge_equal(w, h, fixed);
        problem.clear_unobserved(w, h);
        solver.begin(ws);
        Self {
            solver,
            stop,
            problem,
            factors,
            ws,
            staged: true,
            sweeps: 0,
            stage_sweeps: 0,
            settled: 0,
            decrease: T::INFINITY,
            confirming: false,
            revived: 0,
            last: Progress { sweeps: 0, relative_error: T::INFINITY, decrease: T::ZERO, revived: 0, accepted: true },
            units,
            outcome: None,
        }
    }

    /// Leaves out the second stage of the solver.
    pub(crate) fn first_stage_only(mut self) -> Self {
        self.staged = false;
        self
    }

    /// One sweep. `Break` with the outcome when the stop rule is met, and on every call after that.
    ///
    /// Calling this until it breaks is [`Nmf::fit`], bit for bit.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`], [`Error::CoefficientRange`].
    pub fn step(&mut self) -> Result<ControlFlow<Outcome<T>, Progress<T>>, Error> {
        if let Some(outcome) = self.outcome {
            return outcome.map(ControlFlow::Break);
        }
        let data = self.problem.data();
        let sweep = self.solver.sweep(&data, &mut self.factors.w, &mut self.factors.h, self.ws);
        self.sweeps = self.sweeps.saturating_add(1);
        self.stage_sweeps = self.stage_sweeps.saturating_add(1);
        self.revived = self.revived.saturating_add(sweep.revived);
        if !sweep.error.is_finite() {
            return Err(Error::Diverged { sweeps: self.sweeps });
        }
        self.last = Progress {
            sweeps: self.sweeps,
            relative_error: sweep.error.sqrt(),
            decrease: sweep.decrease,
            revived: sweep.revived,
            accepted: sweep.accepted,
        };
        if let Some(status) = self.judge(&sweep) {
            let goes_on = status != Status::TargetReached && self.staged && self.solver.advance(self.ws);
            if !goes_on {
                return self.end(status).map(ControlFlow::Break);
            }
            self.stage_sweeps = 0;
            self.settled = 0;
            self.decrease = T::INFINITY;
            self.confirming = false;
        }
        Ok(ControlFlow::Continue(self.last))
    }

    /// ‖X−WH‖_F/‖X‖_F of the factors as they stand, the direct residual. One pass over X. Infinite
    /// after [`Error::CoefficientRange`].
    pub fn relative_error(&self) -> T {
        match self.outcome {
            Some(outcome) => outcome.map_or(T::INFINITY, |outcome| outcome.relative_error),
            None => self.squared_error().sqrt(),
        }
    }

    /// Steps to the end, showing the observer what it asks for.
    pub(crate) fn finish_with(mut self, observer: &mut dyn Observer<T>) -> Result<Outcome<T>, Error> {
        loop {
            let step = self.step()?;
            if self.sweeps.checked_rem(observer.every()) == Some(0) {
                let progress = Progress { relative_error: self.relative_error(), ..self.last };
                if observer.observe(&progress).is_break() && step.is_continue() {
                    return self.end(Status::Interrupted);
                }
            }
            if let ControlFlow::Break(outcome) = step {
                return Ok(outcome);
            }
        }
    }

    fn squared_error(&self) -> T {
        self.solver.objective(&self.problem.data(), &self.factors.w, &self.factors.h)
    }

    /// Whether the stop rule is met.
    fn judge(&mut self, sweep: &Sweep<T>) -> Option<Status> {
        let target = self.stop.target * self.stop.target;
        // The error inside a sweep only says when the direct one is worth its pass over X: it is off by rounding, far less than a 64th.
        let near = target + target * T::exp2i(-6) + T::ROW_WISE;
        if target > T::ZERO && sweep.error <= near && self.squared_error() <= target {
            return Some(Status::TargetReached);
        }
        if self.is_settled(sweep) {
            return Some(Status::Converged);
        }
        (self.stage_sweeps >= self.stop.max_sweeps).then_some(Status::MaxSweeps)
    }

    /// Whether the iteration has come to rest. A sweep that was taken back says nothing.
    fn is_settled(&mut self, sweep: &Sweep<T>) -> bool {
        if !(sweep.accepted && self.stop.rel_tol > T::ZERO) {
            return false;
        }
        let enough = self.stop.rel_tol * sweep.error + T::NO_DECREASE;
        let before = core::mem::replace(&mut self.decrease, sweep.decrease);
        // Decreases that grow lead away from a saddle. Far below the tolerance that is rounding.
        let grows = sweep.decrease > before && sweep.decrease > enough * T::exp2i(-2);
        if sweep.revived > 0 || ((sweep.decrease > enough || grows) && sweep.error > T::FLOOR) {
            self.settled = 0;
            self.confirming = false;
            return false;
        }
        self.settled = self.settled.saturating_add(1);
        // The first sweep of every stage is a plain one: if it is settled, so was the start.
        if self.confirming || self.stage_sweeps == 1 {
            return true;
        }
        if self.settled < self.solver.patience() {
            return false;
        }
        self.confirming = self.solver.confirm(self.ws);
        !self.confirming
    }

    fn end(&mut self, status: Status) -> Result<Outcome<T>, Error> {
        let error = self.squared_error();
        let objective = error + self.solver.penalty(&self.problem.data(), &self.factors.w, &self.factors.h);
        if !objective.is_finite() {
            return Err(Error::Diverged { sweeps: self.sweeps });
        }
        let outcome = Outcome {
            status,
            sweeps: self.sweeps,
            relative_error: error.sqrt(),
            objective,
            revived: self.revived,
            unobserved: self.problem.unobserved(),
        };
        let ended = match self.restore() {
            Some(component) => Err(Error::CoefficientRange { component }),
            None => Ok(outcome),
        };
        self.outcome = Some(ended);
        ended
    }

    /// Back to the unit of X. Returns the first known component whose coefficients are then too
    /// large for the scalar.
    fn restore(&mut self) -> Option<usize> {
        let (w, h) = (&mut self.factors.w.data.0, self.factors.h.data.0.as_mut_slice());
        let fixed = self.solver.fixed();
        kernel::rescale(w, h, self.problem.scale().exponent(), known(&self.units, fixed));
        kernel::bound_rows(h, fixed)
    }
}

/// The exponents of the first `fixed` components.
fn known<const K: usize>(units: &[i32; K], fixed: usize) -> &[i32] {
    units.get(..fixed).unwrap_or(units)
}

impl<T, const M: usize, const N: usize, const K: usize, S, C> Drop for Run<'_, T, M, N, K, S, C>
where
    T: Real,
    S: Solver<T, M, N, K, C::Observed>,
    C: Columns<T, M> + ?Sized,
{
    fn drop(&mut self) {
        if self.outcome.is_none() {
            self.restore();
        }
    }
}
