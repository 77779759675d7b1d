//! Least squares in K unknowns on the normal equations: unconstrained, and non-negative by an active set.
//!
//! Everything here works on the Gram scaled to unit diagonal: without that scaling an f32 active set fails
//! on most dictionaries whose parts differ in size, with it on none (`tests/nnls/`).

mod active_set;
mod certainty;
mod equations;
mod least_squares;
mod system;

use nalgebra::{SMatrix, SVector};

use crate::scalar::Real;

pub(crate) use active_set::{ActiveSet, Solution, noise};
pub(crate) use certainty::digits;
pub(crate) use equations::Equations;
pub use least_squares::least_squares;
pub(crate) use system::{Prepared, System};

/// How [`solve`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NnlsStatus {
    /// The KKT conditions hold to the precision of the scalar: `kkt` ≤ 1.5e-6 in f32, 6e-13 in f64 as computed (rounding
    /// included), usually less than half of that.
    Optimal,
    /// The bound on the number of solves was reached, or rounding allows no further descent: `h` is feasible and the best
    /// found. `kkt` says how good.
    Bound,
    /// A bound on the number of components in use ([`Encoder::max_active`](crate::Encoder::max_active)) kept out one that would
    /// lower the residual. `h` is the exact solution in the components it uses.
    Limited,
    /// The KKT conditions hold as for [`Optimal`](NnlsStatus::Optimal), so that no other code
    /// leaves less, but not one digit of the coefficients is certain (`digits` < 1): components in
    /// use, or some that could take their place, depend on each other to the precision of the
    /// scalar. Sums of such components are as good as ever.
    IllConditioned,
    /// The Gram or the cross product holds NaN or an infinity: `h` is as it was. Or a product of theirs overflowed: `h` is 0.
    NonFinite,
}

impl NnlsStatus {
    /// What [`Optimal`](NnlsStatus::Optimal) becomes if so many digits are certain.
    pub(crate) fn with<T: Real>(self, digits: T) -> Self {
        if self == NnlsStatus::Optimal && !(digits >= T::ONE) { NnlsStatus::IllConditioned } else { self }
    }
}

/// Result of [`solve`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct NnlsReport<T> {
    /// How it ended.
    pub status: NnlsStatus,
    /// Largest violation of the optimality conditions, relative to the largest |cross| on the unit-diagonal system:
    /// |g_k| where h_k > 0, max(0, g_k) where h_k = 0, with g = cross − gram·h. As computed in `T`.
    pub kkt: T,
    /// How many decimal digits of the largest coefficient are certain in every coefficient, those
    /// of unit-length columns: the error is about 10^−digits of it. 0 … 6.6 in f32, 0 … 15.3 in
    /// f64. From the pivots of the components in use, and of those at zero that rounding could have
    /// kept out. A Gram squares the condition of its dictionary: parts that differ from each other
    /// by 1e-2 of their length cost four digits.
    pub digits: T,
    /// Triangular solves done, at most [`bound`] of K.
    pub solves: u32,
    /// Numerical rank of the Gram restricted to the components with h_k > 0. Less than their number where some of them are
    /// linearly dependent and the coefficients therefore not unique.
    pub rank: usize,
}

/// Largest number of solves that [`solve`] does for K unknowns: 3K + 10.
pub const fn bound(k: usize) -> u32 {
    let k = if k < u32::MAX as usize { k as u32 } else { u32::MAX };
    k.saturating_mul(3).saturating_add(10)
}

/// Exact non-negative least squares on the normal equations, warm-started.
///
/// Minimises ½hᵀGh − cᵀh over h ≥ 0; with G = WᵀW and c = Wᵀx that is ½‖x − Wh‖².
///
/// # Shapes
///
/// gram: K×K, symmetric positive semi-definite; its lower triangle and diagonal are read. cross: K. h: K; its positive
/// entries are the start (all zero: a cold start), the solution on return.
///
/// # Cost
///
/// At most [`bound`]`(K)` solves of at most K³/6 + 3K² multiply-adds; typically one per component
/// in use from a cold start, one or two from the solution of a similar frame; K²/2 … 3K² more for
/// the digits. K² + 4K numbers of stack and 3K bytes of flags, and saved registers: 800 bytes in
/// all for K = 8 in f32 on a Cortex-M4F. K is at most 256.
///
/// # Notes
///
/// Sizes are relative: any normal numbers will do, and a component whose diagonal entry is below
/// them gets 0. Where the Gram is singular the minimum is still reached; which of the minimisers,
/// depends on the start, and the status is [`NnlsStatus::IllConditioned`]. Negative or non-finite
/// entries of `h` count as
/// 0. A Gram that is not positive semi-definite gives a feasible h and a `kkt` that tells.
///
/// # Example
///
/// ```
/// use tinynmf::nalgebra::{Matrix2, Vector2};
/// use tinynmf::nnls::{NnlsStatus, solve};
/// let gram = Matrix2::new(2.0_f32, 1.0, 1.0, 2.0);
/// let mut h = Vector2::zeros();
/// let report = solve(&gram, &Vector2::new(2.0, -1.0), &mut h);
/// assert_eq!(report.status, NnlsStatus::Optimal);
/// assert!((h - Vector2::new(1.0, 0.0)).amax() < 1e-6); // unconstrained: (5/3, −4/3)
/// ```
///
/// # References
///
/// C. L. Lawson, R. J. Hanson, Solving Least Squares Problems, 1974, chapter 23. R. Bro, S. de Jong, A fast
/// non-negativity-constrained least squares algorithm, J. Chemometrics 11, 1997.
pub fn solve<T: Real, const K: usize>(
    gram: &SMatrix<T, K, K>,
    cross: &SVector<T, K>,
    h: &mut SVector<T, K>,
) -> NnlsReport<T> {
    let mut equations = Equations::new();
    equations.set_all(&gram.data.0);
    let ([cross], [h]) = (&cross.data.0, &mut h.data.0);
    let (solution, digits) = equations.solve_any_size(cross, h);
    NnlsReport { status: solution.status, kkt: solution.kkt, digits, solves: solution.solves, rank: solution.rank }
}
