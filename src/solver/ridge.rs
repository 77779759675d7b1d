//! The ridge of the solvers for missing entries.
//!
//! They lower e + ½λp instead of e alone. e is the relative error, e² = Σ v_ij(x_ij −
//! w_i·h_j)²/‖X‖² over the observed entries. p is v̄ Σ_k ‖w_k‖²‖h_k‖²/‖X‖², with v̄ the mean weight
//! of all entries: the same for every scaling of the factors, and a sum over all entries, so that a
//! vector with few observed ones pays as much for its size as the others.
//!
//! For one vector, e² + δp has normal equations. √ is concave: a step that lowers e² + δp with δ =
//! λe, e that of the start of the sweep, lowers e + ½λp. It adds δv̄‖w_k‖² to the diagonal of the
//! Gram of a column of H, δv̄‖h_k‖² to that of a row of W.

use super::revival::row_energies;
use crate::columns::{Data, Observed};
use crate::error::{Error, Setting};
use crate::kernel;
use crate::scalar::Real;

/// λv̄.
#[derive(Clone, Copy)]
pub(super) struct Ridge<T>(T);

impl<T: Real> Ridge<T> {
    pub(super) const fn none() -> Self {
        Self(T::ZERO)
    }

    /// λ = `weight` for the entries of `x`.
    pub(super) fn new<const M: usize, O: Observed>(weight: T, x: &Data<'_, T, M, O>) -> Self {
        Self(if weight > T::ZERO { weight * x.mean_weight() } else { T::ZERO })
    }

    /// (e + ½λp)² for the squared relative error e².
    pub(super) fn objective<const M: usize, const K: usize, O: Observed>(
        self,
        x: &Data<'_, T, M, O>,
        w: &[[T; M]; K],
        h: &[[T; K]],
        error: T,
    ) -> T {
        if !(self.0 > T::ZERO) {
            return error;
        }
        let sum = error.sqrt() + self.penalty(x, w, h);
        sum * sum
    }

    /// What that is above e².
    pub(super) fn excess<const M: usize, const K: usize, O: Observed>(
        self,
        x: &Data<'_, T, M, O>,
        w: &[[T; M]; K],
        h: &[[T; K]],
    ) -> T {
        if !(self.0 > T::ZERO) {
            return T::ZERO;
        }
        let error = kernel::residual(x, w, h, T::ONE);
        self.objective(x, w, h, error) - error
    }

    /// λv̄e of factors with this objective.
    pub(super) fn damping<const M: usize, const K: usize, O: Observed>(
        self,
        x: &Data<'_, T, M, O>,
        w: &[[T; M]; K],
        h: &[[T; K]],
        objective: T,
    ) -> T {
        if !(self.0 > T::ZERO) {
            return T::ZERO;
        }
        let error = (objective.sqrt() - self.penalty(x, w, h)).positive();
        // A start may be worse than no factors at all.
        self.0 * if error < T::ONE { error } else { T::ONE }
    }

    /// ½λp.
    fn penalty<const M: usize, const K: usize, O: Observed>(
        self,
        x: &Data<'_, T, M, O>,
        w: &[[T; M]; K],
        h: &[[T; K]],
    ) -> T {
        let lengths = kernel::diagonal(w).into_iter().zip(row_energies(h));
        let size = lengths.fold(T::ZERO, |size, (w, h)| size + w * h);
        T::HALF * self.0 * size / x.energy()
    }
}

/// Adds the setter to a solver with a `ridge` field.
macro_rules! ridge_setter {
    () => {
        /// λ of the [ridge](crate::missing_entries), finite and ≥ 0. Default 0: none.
        #[must_use]
        pub const fn ridge(mut self, weight: T) -> Self {
            self.ridge = weight;
            self
        }
    };
}
pub(super) use ridge_setter;

/// Whether λ is in range.
pub(super) fn validate<T: Real>(weight: T) -> Result<(), Error> {
    if weight >= T::ZERO && weight.is_finite() { Ok(()) } else { Err(Error::Setting(Setting::Ridge)) }
}
