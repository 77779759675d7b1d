//! What all learners can do, and which there are.

use tinynmf::{Anls, Hals, Momentum};

#[cfg(feature = "ferrolearn")]
use super::ferrolearn::Ferrolearn;
use super::nnmf::Nnmf;
use super::ours::Ours;
use super::problem::Problem;
use crate::Result;

pub trait Learner {
    /// Library, algorithm, precision.
    fn name(&self) -> &str;

    /// Iterations from a start to an error, unless it takes more than `most`.
    fn count(&mut self, start: usize, error: f64, most: u32) -> Option<u32>;

    /// Seconds of one fit that ends after so many iterations, or at the error if it looks for itself; 0: no error.
    fn time(&mut self, start: usize, error: f64, iterations: u32) -> f64;
}

pub type Learners<'p> = Vec<Box<dyn Learner + 'p>>;

pub fn learners(problem: &Problem) -> Result<Learners<'_>> {
    match (problem.m, problem.n, problem.k) {
        (4, 4, 2) => {
            let mut all = common::<4, 4, 2>(problem);
            // It divides 0 by 0 on zero rows and columns, which most other data have.
            all.push(Box::new(Nnmf::<f32>::new("nnmf_nalgebra static MU f32", problem)));
            all.push(Box::new(Nnmf::<f64>::new("nnmf_nalgebra static MU f64", problem)));
            Ok(all)
        }
        (12, 10, 3) => Ok(common::<12, 10, 3>(problem)),
        (100, 80, 5) => Ok(common::<100, 80, 5>(problem)),
        (64, 100, 8) => Ok(common::<64, 100, 8>(problem)),
        (64, 100, 16) => Ok(common::<64, 100, 16>(problem)),
        (129, 250, 6) => Ok(common::<129, 250, 6>(problem)),
        (256, 1024, 16) => Ok(common::<256, 1024, 16>(problem)),
        (64, 1797, 8) => Ok(common::<64, 1797, 8>(problem)),
        (64, 1797, 16) => Ok(common::<64, 1797, 16>(problem)),
        (m, n, k) => Err(format!("{}: no learner for {m}×{n}, K {k}", problem.name).into()),
    }
}

fn common<const M: usize, const N: usize, const K: usize>(problem: &Problem) -> Learners<'_> {
    vec![
        Box::new(Ours::<f32, _, M, N, K>::new("tinynmf f32", Momentum::new(Hals::new()), problem)),
        Box::new(Ours::<f64, _, M, N, K>::new("tinynmf f64", Momentum::new(Hals::new()), problem)),
        Box::new(Ours::<f32, _, M, N, K>::new("tinynmf Hals f32", Hals::new(), problem)),
        Box::new(Ours::<f32, _, M, N, K>::new("tinynmf Momentum<Anls> f32", Momentum::new(Anls::new()), problem)),
        #[cfg(feature = "ferrolearn")]
        Box::new(Ferrolearn::<f32>::new("ferrolearn cd f32", problem)),
        #[cfg(feature = "ferrolearn")]
        Box::new(Ferrolearn::<f64>::new("ferrolearn cd f64", problem)),
    ]
}

/// Learners of which an iteration is timed; ours makes three full passes over every vector.
pub fn sweepers(problem: &Problem) -> Learners<'_> {
    const SHAPE: (usize, usize, usize) = (64, 1797, 16);
    if (problem.m, problem.n, problem.k) != SHAPE {
        return Vec::new();
    }
    let full = Hals::new().passes(3).pass_ratio(0.);
    vec![
        Box::new(Ours::<f32, _, 64, 1797, 16>::new("tinynmf Hals 3 passes f32", full, problem)),
        #[cfg(feature = "ferrolearn")]
        Box::new(Ferrolearn::<f32>::new("ferrolearn cd f32", problem)),
        #[cfg(feature = "ferrolearn")]
        Box::new(Ferrolearn::<f64>::new("ferrolearn cd f64", problem)),
    ]
}

/// The least number of iterations that is good enough, to within 1 %, if there is one up to `most`: by doubling, then by
/// halving the gap.
#[cfg(feature = "ferrolearn")]
pub fn search(most: u32, mut good: impl FnMut(u32) -> bool) -> Option<u32> {
    let (mut low, mut high) = (0, 1);
    while !good(high) {
        if high == most {
            return None;
        }
        (low, high) = (high, most.min(2 * high));
    }
    while high - low > 1 + high / 100 {
        let middle = low + (high - low) / 2;
        if good(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}
