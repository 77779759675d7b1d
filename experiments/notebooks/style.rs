//! The updates as the notebooks make them, faults included, for the pictures alone.

use rand_xorshift::XorShiftRng;
use rayon::prelude::*;
use tinynmf::Real;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::nnls::least_squares;
use tinynmf::rand_core::{Rng, SeedableRng};

use crate::data;

type X = SMatrix<f64, 12, 10>;

/// The median over starts, entry by entry.
pub fn median_trace(starts: u64, trace: &(dyn Fn(u64) -> Vec<f64> + Sync)) -> Vec<f64> {
    let traces: Vec<Vec<f64>> = (0..starts).into_par_iter().map(trace).collect();
    let length = traces.iter().map(Vec::len).min().unwrap_or(0);
    (0..length)
        .map(|t| {
            let mut column: Vec<f64> = traces.iter().map(|trace| trace[t]).collect();
            column.sort_by(f64::total_cmp);
            column[column.len() / 2]
        })
        .collect()
}

/// ‖A‖_F.
pub fn norm<const R: usize, const C: usize>(a: &SMatrix<f64, R, C>) -> f64 {
    a.iter().map(|a| a * a).sum::<f64>().sqrt()
}

fn uniform<const R: usize, const C: usize>(rng: &mut XorShiftRng) -> SMatrix<f64, R, C> {
    SMatrix::from_fn(|_, _| <f64 as Real>::unit(rng.next_u64()))
}

fn below(rng: &mut XorShiftRng, n: usize) -> usize {
    (rng.next_u64() % n as u64) as usize
}

/// `nmf`: WH is not formed anew between the updates of W and H.
pub fn stale_mu(v: &[[f64; 4]], seed: u64, iterations: usize) -> Vec<f64> {
    let v = SMatrix::<f64, 4, 4>::from_fn(|i, j| v[j][i]);
    let mut rng = XorShiftRng::seed_from_u64(seed);
    let (mut w, mut h) = (uniform::<4, 2>(&mut rng), uniform::<2, 4>(&mut rng));
    (0..iterations)
        .map(|_| {
            let model = w * h;
            let (up, down) = (v * h.transpose(), model * h.transpose());
            let new = w.zip_zip_map(&up, &down, |w, up, down| w * up / down);
            let (up, down) = (w.transpose() * v, w.transpose() * model);
            h = h.zip_zip_map(&up, &down, |h, up, down| h * up / down);
            w = new;
            norm(&(v - w * h)) / norm(&v)
        })
        .collect()
}

fn x() -> X {
    let frames = data::notebook_x();
    X::from_fn(|i, j| frames[j][i])
}

/// `nmfals`: one random column and one random row at a time by least squares, both indices from 0..k.
pub fn narrow_als(seed: u64, iterations: usize) -> Vec<f64> {
    let x = x();
    let mut rng = XorShiftRng::seed_from_u64(seed);
    let (mut w, mut h) = (uniform::<12, 3>(&mut rng), uniform::<3, 10>(&mut rng));
    (0..iterations)
        .map(|_| {
            let (i, j) = (below(&mut rng, 3), below(&mut rng, 3));
            let mut solution = SVector::<f64, 3>::zeros();
            least_squares(&(w.transpose() * w), &(w.transpose() * x.column(j)), &mut solution);
            h.set_column(j, &solution);
            least_squares(&(h * h.transpose()), &(h * x.row(i).transpose()), &mut solution);
            w.set_row(i, &solution.transpose());
            norm(&(x - w * h)) / norm(&x)
        })
        .collect()
}

/// `nmfrk`, ten projections at a time: rows drawn uniformly, full steps, indices from 0..k, no projection onto the orthant.
pub fn narrow_rk(seed: u64, iterations: usize) -> Vec<f64> {
    let x = x();
    let mut rng = XorShiftRng::seed_from_u64(seed);
    let (mut w, mut h) = (uniform::<12, 3>(&mut rng), uniform::<3, 10>(&mut rng));
    (0..iterations)
        .map(|_| {
            let (i, j) = (below(&mut rng, 3), below(&mut rng, 3));
            for _ in 0..10 {
                let c = below(&mut rng, 12);
                let row = w.row(c).transpose();
                let rest = x[(c, j)] - row.dot(&h.column(j));
                let moved = h.column(j) + row * (rest / row.dot(&row));
                h.set_column(j, &moved);
            }
            for _ in 0..10 {
                let c = below(&mut rng, 10);
                let column = h.column(c).clone_owned();
                let rest = x[(i, c)] - w.row(i).transpose().dot(&column);
                let moved = w.row(i) + (column * (rest / column.dot(&column))).transpose();
                w.set_row(i, &moved);
            }
            norm(&(x - w * h)) / norm(&x)
        })
        .collect()
}
