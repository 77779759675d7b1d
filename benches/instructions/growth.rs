//! How a HALS sweep grows with M, N and K: models of its instructions, fitted to the counts.

// The example `growth` only draws.
#![allow(dead_code)]

use tinynmf::nalgebra::{Matrix3, Vector3};
use tinynmf::nnls;

use crate::figure::Figure;

/// The figure that the models are about: three passes over every vector, on noise, which lets no vector rest early.
pub const SWEEP: &str = "hals sweep on noise";

/// The shape that every series runs through.
pub const BASE: [usize; 3] = [64, 128, 8];

/// Instructions as a sum of three terms, each times a coefficient ≥ 0.
pub struct Model {
    /// Which of M, N, K grows.
    pub dimension: usize,
    /// With the coefficients a, b and c.
    pub formula: &'static str,
    terms: fn(f64, f64, f64) -> [f64; 3],
    /// Largest relative deviation that is allowed.
    pub tolerance: f64,
}

/// What a sweep does besides the frames (WᵀW, the rows of W) does not depend on N, and what it does besides the features (the passes over
/// the columns of H) not on M: lines with an offset. In K: the products with X, the passes and the K×K sums, the rest of every vector; a K
/// that is no multiple of 4 takes a little more.
pub const MODELS: [Model; 3] = [
    Model { dimension: 0, formula: "a·M + c", terms: |m, _, _| [m, 0.0, 1.0], tolerance: 0.05 },
    Model { dimension: 1, formula: "a·N + c", terms: |_, n, _| [n, 0.0, 1.0], tolerance: 0.01 },
    Model {
        dimension: 2,
        formula: "a·M·N·K + b·(M+N)·K² + c·(M+N)",
        terms: |m, n, k| [m * n * k, (m + n) * k * k, m + n],
        tolerance: 0.10,
    },
];

/// A model with its coefficients.
pub struct Fit {
    pub coefficients: [f64; 3],
    /// The point with the largest deviation, and count ÷ model − 1 there.
    pub worst: ([usize; 3], f64),
}

impl Model {
    /// The counts in which only this dimension differs from [`BASE`], in its order.
    pub fn series(&self, figures: &[Figure]) -> Vec<([usize; 3], f64)> {
        let others_as_base = |shape: &[usize; 3]| (0..3).all(|d| d == self.dimension || shape[d] == BASE[d]);
        let mut series: Vec<_> = figures
            .iter()
            .filter(|figure| figure.key.what == SWEEP && others_as_base(&figure.key.shape))
            .map(|figure| (figure.key.shape, figure.median as f64))
            .collect();
        series.sort_by_key(|(shape, _)| shape[self.dimension]);
        series
    }

    /// Least squares of the relative deviations.
    pub fn fit(&self, series: &[([usize; 3], f64)]) -> Fit {
        let (mut gram, mut cross, mut coefficients) = (Matrix3::zeros(), Vector3::zeros(), Vector3::zeros());
        for &(shape, count) in series {
            let row = Vector3::from(self.terms(shape)) / count;
            gram += row * row.transpose();
            cross += row;
        }
        nnls::solve(&gram, &cross, &mut coefficients);
        let coefficients = coefficients.into();
        let deviation = |&(shape, count): &([usize; 3], f64)| (shape, count / self.value(&coefficients, shape) - 1.0);
        let worst = series.iter().map(deviation).max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
        Fit { coefficients, worst: worst.unwrap_or((BASE, f64::INFINITY)) }
    }

    /// What the model says.
    pub fn value(&self, coefficients: &[f64; 3], shape: [usize; 3]) -> f64 {
        self.terms(shape).iter().zip(coefficients).map(|(term, coefficient)| term * coefficient).sum()
    }

    fn terms(&self, [m, n, k]: [usize; 3]) -> [f64; 3] {
        (self.terms)(m as f64, n as f64, k as f64)
    }

    /// The fit in words.
    pub fn report(&self, fit: &Fit) -> String {
        let ([a, b, c], ([m, n, k], deviation)) = (fit.coefficients, fit.worst);
        let percent = 100.0 * deviation;
        format!("{}: a {a:.3}, b {b:.3}, c {c:.1}; farthest off at {m}×{n}×{k}, {percent:+.1} %", self.formula)
    }
}
