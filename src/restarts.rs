//! Several fits from different starts, the best one kept: [`Nmf::fit_restarts`].

use core::ops::ControlFlow;

use heapless::Vec;
use rand_core::SeedableRng;
use rand_xorshift::XorShiftRng;

use crate::columns::Columns;
use crate::error::{Error, Setting};
use crate::factors::Factors;
use crate::fit::{Nmf, Run};
use crate::init::{RandomColumns, Spa, Start, Uniform};
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::scalar::Real;
use crate::solver::Solver;
use crate::stop::Stop;

/// What [`Nmf::fit_restarts`] did: the outcome of every restart, which was best, and the outcome of the factors returned.
#[derive(Clone, Debug)]
pub struct RestartLog<T, const R: usize> {
    restarts: Vec<Outcome<T>, R>,
    best: usize,
    outcome: Outcome<T>,
}

impl<T: Copy, const R: usize> RestartLog<T, R> {
    /// The outcome of each restart, or of each pilot, in order. Shorter than R if an observer broke off.
    pub fn restarts(&self) -> &[Outcome<T>] {
        &self.restarts
    }

    /// Index of the restart whose factors were kept.
    pub fn best(&self) -> usize {
        self.best
    }

    /// The outcome of the factors in `best`. With pilots its sweeps are those of the continuation.
    pub fn outcome(&self) -> Outcome<T> {
        self.outcome
    }
}

impl<T: Real, S> Nmf<T, S> {
    /// R fits from the starts that `start` names; the factors with the smallest
    /// [`objective`](Outcome::objective), which is the error where no penalty is set, end in
    /// `best`.
    ///
    /// Restart `r` draws from a generator seeded with `seed + r`, so any of them can be repeated alone. With
    /// [`pilots`](Nmf::pilots) every restart is cut short and the best one is continued to the end.
    ///
    /// # Shapes
    ///
    /// best: overwritten, read by [`Start::Keep`]; known components of the solver are those of its W. trial: scratch.
    ///
    /// # Errors
    ///
    /// As [`fit`](Nmf::fit), and [`Error::Setting`] for no restarts or pilots of no sweeps. The initial factors are checked
    /// only if `Start::Keep` reads them.
    ///
    /// # Example
    ///
    /// ```
    /// use tinynmf::{Factors, Nmf, Problem, RestartLog, Start, Workspace, nalgebra::SMatrix};
    /// let x = SMatrix::<f32, 4, 4>::new(5., 4., 0., 2., 4., 3., 0., 1., 3., 2., 4., 5., 2., 1., 5., 4.);
    /// let (mut best, mut trial, mut ws) = (Factors::<f32, 4, 4, 2>::zeros(), Factors::zeros(), Workspace::new());
    /// let log: RestartLog<f32, 3> =
    ///     Nmf::default().fit_restarts(&Problem::new(&x)?, |_| Start::Uniform, &mut best, &mut trial, &mut ws)?;
    /// assert!((log.outcome().relative_error - 0.067464).abs() < 1e-5);
    /// # Ok::<(), tinynmf::Error>(())
    /// ```
    pub fn fit_restarts<const M: usize, const N: usize, const K: usize, const R: usize, C>(
        &self,
        problem: &Problem<'_, T, M, N, C>,
        start: impl FnMut(usize) -> Start,
        best: &mut Factors<T, M, N, K>,
        trial: &mut Factors<T, M, N, K>,
        ws: &mut S::Workspace,
    ) -> Result<RestartLog<T, R>, Error>
    where
        S: Solver<T, M, N, K, C::Observed>,
        C: Columns<T, M> + ?Sized,
    {
        self.fit_restarts_with(problem, start, best, trial, ws, &mut |_, _| ControlFlow::Continue(()))
    }

    /// As [`fit_restarts`](Nmf::fit_restarts); `each` sees every restart as it ends and may break off the rest.
    ///
    /// # Errors
    ///
    /// As [`fit_restarts`](Nmf::fit_restarts).
    pub fn fit_restarts_with<const M: usize, const N: usize, const K: usize, const R: usize, C>(
        &self,
        problem: &Problem<'_, T, M, N, C>,
        mut start: impl FnMut(usize) -> Start,
        best: &mut Factors<T, M, N, K>,
        trial: &mut Factors<T, M, N, K>,
        ws: &mut S::Workspace,
        each: &mut dyn FnMut(usize, &Outcome<T>) -> ControlFlow<()>,
    ) -> Result<RestartLog<T, R>, Error>
    where
        S: Solver<T, M, N, K, C::Observed>,
        C: Columns<T, M> + ?Sized,
    {
        if R == 0 {
            return Err(Error::Setting(Setting::Restarts));
        }
        if self.pilots == Some(0) {
            return Err(Error::Setting(Setting::Pilots));
        }
        self.stop.validate()?;
        self.solver.validate()?;
        let fixed = self.solver.fixed();
        best.check_known(fixed, self.solver.signed())?;
        let mut restarts = Vec::new();
        let mut kept: Option<(usize, Outcome<T>)> = None;
        for r in 0..R {
            let start = start(r);
            if r == 0 && start == Start::Keep {
                best.check(self.solver.signed())?; // later it holds what the solver left
            }
            begin(start, self.seed.wrapping_add(r as u64), problem, best, trial);
            if start != Start::Keep {
                trial.keep_known(&best.w.data.0, fixed);
            }
            let outcome = self.one(problem, trial, ws)?;
            if kept.is_none_or(|(_, best)| outcome.objective < best.objective) {
                kept = Some((r, outcome));
                best.clone_from(trial);
            }
            let _ = restarts.push(outcome); // R pushes into a capacity of R
            if each(r, &outcome).is_break() {
                break;
            }
        }
        let Some((index, mut outcome)) = kept else {
            return Err(Error::Setting(Setting::Restarts));
        };
        if self.pilots.is_some() {
            outcome = self.fit(problem, best, ws)?;
        }
        Ok(RestartLog { restarts, best: index, outcome })
    }

    /// One restart: a whole fit, or a pilot.
    fn one<const M: usize, const N: usize, const K: usize, C>(
        &self,
        problem: &Problem<'_, T, M, N, C>,
        trial: &mut Factors<T, M, N, K>,
        ws: &mut S::Workspace,
    ) -> Result<Outcome<T>, Error>
    where
        S: Solver<T, M, N, K, C::Observed>,
        C: Columns<T, M> + ?Sized,
    {
        match self.pilots {
            None => Run::new(&self.solver, self.stop, problem, trial, ws).finish_with(&mut ()),
            Some(sweeps) => {
                let stop = Stop { rel_tol: T::ZERO, max_sweeps: sweeps, ..self.stop };
                Run::new(&self.solver, stop, problem, trial, ws).first_stage_only().finish_with(&mut ())
            }
        }
    }
}

fn begin<T: Real, const M: usize, const N: usize, const K: usize, C>(
    start: Start,
    seed: u64,
    problem: &Problem<'_, T, M, N, C>,
    best: &Factors<T, M, N, K>,
    trial: &mut Factors<T, M, N, K>,
) where
    C: Columns<T, M> + ?Sized,
{
    let mut rng = XorShiftRng::seed_from_u64(seed);
    match start {
        Start::Uniform => trial.init(problem, Uniform(&mut rng)),
        Start::Columns => trial.init(problem, RandomColumns(&mut rng)),
        Start::Spa => trial.init(problem, Spa),
        Start::Keep => trial.clone_from(best),
    }
}
