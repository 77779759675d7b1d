//! Frames of `data/`, dictionaries made from them, and random numbers: what the tests of the encoders share.
#![allow(dead_code)]

use std::sync::OnceLock;

use rand_xorshift::XorShiftRng;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{Hals, Real};

use super::common::*;

pub fn digits() -> &'static [[f64; 64]] {
    static DIGITS: OnceLock<Vec<[f64; 64]>> = OnceLock::new();
    DIGITS.get_or_init(|| data::frames("digits.csv"))
}

pub fn piano() -> &'static [[f64; 129]] {
    static PIANO: OnceLock<Vec<[f64; 129]>> = OnceLock::new();
    PIANO.get_or_init(|| data::rows("piano_129x250.csv"))
}

pub fn vectors<T: Real, const M: usize>(frames: &[[f64; M]]) -> Vec<SVector<T, M>> {
    cast::<T, M>(frames).into_iter().map(SVector::from).collect()
}

/// Parts learnt from N frames in five sweeps.
pub fn learnt<T: Real, const M: usize, const N: usize, const K: usize>(frames: &[[f64; M]]) -> SMatrix<T, M, K> {
    let x = cast::<T, M>(frames);
    let problem = checked::<T, M, N>(&x);
    let mut factors = uniform::<T, M, N, K>(&problem, 1);
    fit(Hals::new(), sweeps(5), &problem, &mut factors);
    factors.w
}

/// Every seventh digit.
pub fn digit_parts<T: Real, const K: usize>() -> SMatrix<T, 64, K> {
    let frames: Vec<_> = digits().iter().copied().step_by(7).collect();
    learnt::<T, 64, 257, K>(&frames)
}

/// K frames by chance.
pub fn picked<T: Real, const M: usize, const K: usize>(frames: &[[f64; M]], seed: u64) -> SMatrix<T, M, K> {
    let mut draw = Draw::new(seed);
    SMatrix::from_columns(&std::array::from_fn::<_, K, _>(|_| {
        SVector::from(frames[draw.below(frames.len())].map(from_f64))
    }))
}

/// xorshift.
pub struct Draw(XorShiftRng);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(XorShiftRng::seed_from_u64(seed))
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        <f64 as Real>::unit(self.0.next_u64())
    }

    /// Uniform in [−1, 1).
    pub fn signed(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    /// Entries from [0, 1).
    pub fn matrix<T: Real, const R: usize, const C: usize>(&mut self) -> SMatrix<T, R, C> {
        SMatrix::from_fn(|_, _| from_f64(self.unit()))
    }

    /// Entries from [−1, 1).
    pub fn signed_matrix<T: Real, const R: usize, const C: usize>(&mut self) -> SMatrix<T, R, C> {
        SMatrix::from_fn(|_, _| from_f64(self.signed()))
    }

    /// What no code looks like: NaN, infinities, negative, huge and tiny numbers.
    pub fn garbage<T: Real, const K: usize>(&mut self) -> SVector<T, K> {
        let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e30, 1e-30, 0.0, 1.0];
        SVector::from_fn(|_, _| from_f64(values[self.below(values.len())]))
    }
}
