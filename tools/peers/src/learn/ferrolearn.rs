//! Coordinate descent of ferrolearn-decomp, from its own starts: uniform factors from a seed.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;

use ferrolearn_core::Fit;
use ferrolearn_decomp::nmf::{NMF, NMFSolver};
use ndarray::Array2;

use super::learner::{Learner, search};
use super::problem::Problem;
use crate::scalar::Scalar;

pub struct Ferrolearn<T> {
    name: &'static str,
    /// A row a frame.
    x: Array2<T>,
    norm: f64,
    k: usize,
    /// Relative errors known, by start and iterations.
    errors: HashMap<(usize, u32), f64>,
}

impl<T: Scalar> Ferrolearn<T> {
    pub fn new(name: &'static str, problem: &Problem) -> Self {
        let x = problem.x.iter().map(|&value| T::narrow(value)).collect();
        Self {
            name,
            x: Array2::from_shape_vec((problem.n, problem.m), x).expect("N frames of M"),
            norm: problem.x.iter().map(|value| value * value).sum::<f64>().sqrt(),
            k: problem.k,
            errors: HashMap::new(),
        }
    }

    /// Seconds, relative error.
    fn fit(&self, start: usize, iterations: u32) -> (f64, f64)
    where
        T: num_traits::Float,
    {
        let nmf = NMF::<T>::new(self.k)
            .with_solver(NMFSolver::CoordinateDescent)
            .with_random_state(start as u64)
            .with_max_iter(iterations as usize)
            .with_tol(0.);
        let begin = Instant::now();
        let fitted = nmf.fit(black_box(&self.x), &()).expect("a fit");
        (begin.elapsed().as_secs_f64(), black_box(fitted).reconstruction_err().wide() / self.norm)
    }
}

impl<T: Scalar + num_traits::Float> Learner for Ferrolearn<T> {
    fn name(&self) -> &str {
        self.name
    }

    fn count(&mut self, start: usize, error: f64, most: u32) -> Option<u32> {
        search(most, |iterations| {
            let known = self.errors.get(&(start, iterations)).copied();
            let found = known.unwrap_or_else(|| self.fit(start, iterations).1);
            self.errors.insert((start, iterations), found);
            found <= error
        })
    }

    fn time(&mut self, start: usize, _: f64, iterations: u32) -> f64 {
        self.fit(start, iterations).0
    }
}
