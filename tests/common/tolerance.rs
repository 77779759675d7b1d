//! Every tolerance of the tests, each with its reason. Errors are relative errors ‖X − WH‖/‖X‖, as functions of the scalar
//! where rounding sets them. u is the unit roundoff: 6e-8 in f32, 1.1e-16 in f64.

use tinynmf::Real;

use super::{Promise, single};

fn of<T: Real>(f32: f64, f64: f64) -> f64 {
    if single::<T>() { f32 } else { f64 }
}

/// Rise of the error in one sweep, relative to it. A sweep that moves nothing rounds every entry of both factors once; the
/// residual is a sum over all of them, its error some u.
pub fn rise<T: Real>() -> f64 {
    of::<T>(1e-6, 1e-14)
}

/// Error of an exact fit. Rounding the entries of W and H leaves about u·√K of ‖X‖, a sweep that starts there some more:
/// 2e-7 is typical in f32, 16u is allowed. In f64 90u.
pub fn floor<T: Real>() -> f64 {
    of::<T>(1e-6, 1e-14)
}

/// As `floor`, for an error measured twice. Where factors may be negative and K is above the rank, entries a hundred times those of
/// X cancel, and the rounding of their products shows.
pub fn measured<T: Real>(promise: Promise) -> f64 {
    if promise.non_negative { floor::<T>() } else { 100.0 * floor::<T>() }
}

/// As `floor`, where a Gram may be singular, as with K above the rank. A solve turns the rounding of a gradient, u of the
/// cross product, into a step along directions that hardly change the product; with pivots down to `RIDGE` the energy of
/// what it does change is u²/RIDGE, the error u/√RIDGE: 6e-5 in f32, 3.5e-10 in f64. Five times that.
pub fn singular<T: Real>(promise: Promise) -> f64 {
    if promise.solves { of::<T>(3e-4, 2e-9) } else { floor::<T>() }
}

/// Error above which the decrease of a sweep is more than rounding, and the stop rule therefore exact: ten floors.
pub fn resolved<T: Real>() -> f64 {
    10.0 * floor::<T>()
}

/// Difference of two fits that are the same but for the order or rounding of their sums, after ten sweeps, relative to the
/// largest entry of a factor. A fit on noisy data amplifies rounding by less than ten in so few sweeps: 170u, 900u.
///
/// Where every step builds on the one before, and Grams follow by rank-1 changes, five times that.
pub fn same_path<T: Real>(promise: Promise) -> f64 {
    let block = of::<T>(1e-5, 1e-13);
    if promise.shuffles { 5.0 * block } else { block }
}

/// A reported error against the same formula in f64, relative to it (`floor` comes on top for errors near zero). The
/// residual is formed directly, so only the rounding of its sums shows.
pub fn reported<T: Real>() -> f64 {
    of::<T>(1e-6, 1e-14)
}

/// Error of a fit against the known optimum, relative. Quadratic in the distance from it: rounding alone.
pub fn optimum<T: Real>() -> f64 {
    of::<T>(1e-6, 1e-14)
}

/// An entry of W·H after `normalize`, and other products formed twice, relative. Entries are sums of at most six
/// non-negative terms, each rounded about four times: 16u, 90u.
pub fn product<T: Real>() -> f64 {
    of::<T>(1e-6, 1e-14)
}

/// The sum of the same terms of W·H in another order, in f64, relative.
pub const REORDERED: f64 = 1e-15;

/// `rel_tol` that counts as converged for a warm restart: a hundredth of the default.
pub const TIGHT: f64 = 1e-6;

/// Error that the linear convergence of coordinate descent reaches on small exact problems in 500 sweeps. The slowest,
/// HALS with one pass on 6×5 with K 5, ends at 8.1e-6.
pub const EXACT: f64 = 1e-5;

/// The same for multiplicative updates, whose error falls like one over the number of sweeps: 1.3e-5 measured at most.
pub const EXACT_CREEPING: f64 = 3e-5;

/// The same for random projections, in 30 sweeps of them: 2.3e-3 measured at most.
pub const WANDERING: f64 = 1e-2;

/// Error of the default solver on exact data of rank 3 after 200 sweeps, at every scale. Measured 5e-7 at most in f32.
pub const EXACT_DEFAULT: f64 = 1e-3;

/// A column of H of a penalised fit after 500 sweeps against the exact code of its frame, relative
/// to its largest amount. In f32 the last sweeps move W by rounding, and a code by that over the
/// smallest eigenvalue of the Gram: 1.1e-4 measured at most. In f64 HALS with one pass is still on
/// its way: 8.6e-8.
pub fn code<T: Real>() -> f64 {
    of::<T>(3e-4, 3e-7)
}

/// The same for multiplicative updates, which creep towards zeros, after 2000 sweeps: 0.018
/// measured at most.
pub const CREEPING_CODE: f64 = 0.05;
