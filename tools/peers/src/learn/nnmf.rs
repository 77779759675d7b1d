//! Multiplicative updates of nnmf_nalgebra on V. It looks at the error itself; its start is drawn anew in every call and
//! cannot be chosen.

use std::hint::black_box;
use std::iter::Sum;
use std::time::Instant;

use nalgebra_0_32::{ComplexField, SMatrix};
use nnmf_nalgebra::non_negative_matrix_factorization_static as factorise;
use rand_0_8::distributions::{Distribution, Standard};

use super::learner::Learner;
use super::problem::Problem;
use crate::scalar::Scalar;

/// A time is the mean of so many calls.
const CALLS: u32 = 100;

pub struct Nnmf<T> {
    name: &'static str,
    x: SMatrix<T, 4, 4>,
    squared: f64,
}

impl<T> Nnmf<T>
where
    T: Scalar + ComplexField<RealField = T> + PartialOrd + Sum,
    Standard: Distribution<T>,
{
    pub fn new(name: &'static str, problem: &Problem) -> Self {
        let x = SMatrix::from_fn(|i, j| T::narrow(problem.x[4 * j + i]));
        Self { name, x, squared: problem.x.iter().map(|value| value * value).sum() }
    }

    fn fit(&self, error: f64, most: u32) -> (SMatrix<T, 4, 2>, SMatrix<T, 2, 4>) {
        factorise(black_box(&self.x), most as usize, T::narrow(error * error * self.squared))
    }
}

impl<T> Learner for Nnmf<T>
where
    T: Scalar + ComplexField<RealField = T> + PartialOrd + Sum,
    Standard: Distribution<T>,
{
    fn name(&self) -> &str {
        self.name
    }

    fn count(&mut self, _: usize, error: f64, most: u32) -> Option<u32> {
        let (w, h) = self.fit(error, most);
        let rest = self.x - w * h;
        let rest: f64 = rest.iter().map(|&value| Scalar::wide(value) * Scalar::wide(value)).sum();
        ((rest / self.squared).sqrt() <= 1.0001 * error).then_some(most)
    }

    fn time(&mut self, _: usize, error: f64, iterations: u32) -> f64 {
        let begin = Instant::now();
        for _ in 0..CALLS {
            black_box(self.fit(error, iterations));
        }
        begin.elapsed().as_secs_f64() / f64::from(CALLS)
    }
}
