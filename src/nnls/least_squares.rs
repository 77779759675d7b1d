//! Unconstrained least squares on the unit-diagonal system.

use nalgebra::{SMatrix, SVector};

use super::Equations;
use crate::scalar::Real;

/// Unconstrained least squares on the normal equations: x = G⁻¹c. Returns the numerical rank of G.
///
/// With G = AᵀA and c = Aᵀb this is the least squares solution of Ax ≈ b, without forming an inverse. Cholesky of the Gram
/// scaled to unit diagonal, one step of refinement.
///
/// # Shapes
///
/// gram: K×K, symmetric positive semi-definite; its lower triangle and diagonal are read. cross: K. x: K, overwritten.
///
/// # Cost
///
/// K³/6 + 4K² multiply-adds, K square roots, K² + 4K numbers of stack.
///
/// # Notes
///
/// Where G is singular to within rounding, the dependent pivots are raised to 1e-6 (f32) or 1e-13 (f64) of the diagonal: x is
/// then one of many solutions, and the rank is below K. A component whose diagonal entry is zero gets 0. NaN and infinities in the
/// input pass to x.
///
/// # Example
///
/// ```
/// use tinynmf::nalgebra::{Matrix2, Vector2};
/// use tinynmf::nnls::least_squares;
/// let mut x = Vector2::zeros();
/// let rank = least_squares(&Matrix2::new(4.0_f64, 2.0, 2.0, 3.0), &Vector2::new(8.0, 7.0), &mut x);
/// assert_eq!(rank, 2);
/// assert!((x - Vector2::new(1.25, 1.5)).amax() < 1e-14);
/// ```
pub fn least_squares<T: Real, const K: usize>(
    gram: &SMatrix<T, K, K>,
    cross: &SVector<T, K>,
    x: &mut SVector<T, K>,
) -> usize {
    let mut equations = Equations::new();
    equations.set_all(&gram.data.0);
    equations.factor_all();
    x.clone_from(cross);
    let [x] = &mut x.data.0;
    equations.solve_refined(x);
    equations.rank()
}
