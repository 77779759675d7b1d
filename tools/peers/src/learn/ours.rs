//! Any solver of this crate.

use std::hint::black_box;
use std::time::Instant;

use tinynmf::nalgebra::SMatrix;
use tinynmf::{Factors, Nmf, Outcome, Problem, Solver, Status, Stop};

use super::learner::Learner;
use super::problem::{self, relative_error};
use crate::scalar::Scalar;

/// A target that is reached in T may be missed by this share in f64.
const ROUNDING: f64 = 0.01;

pub struct Ours<'p, T, S, const M: usize, const N: usize, const K: usize>
where
    T: Scalar,
    S: Solver<T, M, N, K>,
{
    name: &'static str,
    solver: S,
    problem: &'p problem::Problem,
    x: Vec<[T; M]>,
    factors: Box<Factors<T, M, N, K>>,
    ws: Box<S::Workspace>,
}

impl<'p, T, S, const M: usize, const N: usize, const K: usize> Ours<'p, T, S, M, N, K>
where
    T: Scalar,
    S: Solver<T, M, N, K> + Copy,
    S::Workspace: Default,
{
    pub fn new(name: &'static str, solver: S, problem: &'p problem::Problem) -> Self {
        let (columns, []) = problem.x.as_chunks::<M>() else { unreachable!("{}: a column is cut off", problem.name) };
        Self {
            name,
            solver,
            problem,
            x: columns.iter().map(|column| column.map(T::narrow)).collect(),
            factors: Box::new(Factors::zeros()),
            ws: Box::default(),
        }
    }

    /// Seconds from the raw columns to the outcome, which includes the check of the data.
    fn fit(&mut self, start: usize, error: f64, most: u32) -> (f64, Outcome<T>) {
        let (w, h) = &self.problem.starts[start];
        self.factors.w = SMatrix::from_fn(|i, k| T::narrow(w[k * M + i]));
        self.factors.h = SMatrix::from_fn(|k, j| T::narrow(h[j * K + k]));
        let stop = Stop::new().rel_tol(T::ZERO).target(T::narrow(error)).max_sweeps(most);
        let nmf = Nmf::new(self.solver).stop(stop);
        let begin = Instant::now();
        let problem = Problem::<T, M, N, _>::from_columns(black_box(&self.x[..])).expect("clean data");
        let outcome = nmf.fit(&problem, black_box(&mut self.factors), &mut self.ws).expect("a fit");
        let seconds = begin.elapsed().as_secs_f64();
        black_box(&self.factors);
        (seconds, outcome)
    }
}

impl<T, S, const M: usize, const N: usize, const K: usize> Learner for Ours<'_, T, S, M, N, K>
where
    T: Scalar,
    S: Solver<T, M, N, K> + Copy,
    S::Workspace: Default,
{
    fn name(&self) -> &str {
        self.name
    }

    fn count(&mut self, start: usize, error: f64, most: u32) -> Option<u32> {
        let (_, outcome) = self.fit(start, error, most);
        let wide = |values: &[T]| values.iter().map(|value| value.wide()).collect::<Vec<_>>();
        let found = relative_error(self.problem, &wide(self.factors.w.as_slice()), &wide(self.factors.h.as_slice()));
        let reached = outcome.status == Status::TargetReached;
        assert!(
            !reached || found <= error * (1. + ROUNDING),
            "{} {}: {found:e} > {error:e}",
            self.problem.name,
            self.name
        );
        reached.then_some(outcome.sweeps)
    }

    fn time(&mut self, start: usize, error: f64, iterations: u32) -> f64 {
        self.fit(start, error, iterations).0
    }
}
