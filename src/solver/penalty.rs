//! L1 and L2 penalties, relative to the Gram.

use crate::error::{Error, Setting};
use crate::scalar::Real;

/// Penalties on W and H, the same for every solver that works on normal equations.
///
/// Each half sweep minimises ½‖x − Wh‖² + λ₁σ Σ‖w_k‖h_k + ½λ₂ Σ‖w_k‖²h_k² over its vectors: the penalties that the
/// coefficients of *unit-length* parts would get, so that they mean the same for every scaling of the factors and of the
/// data. σ is the root mean square length of the frames (for H) or of the rows of X (for W). In the normal equations λ₂
/// multiplies the diagonal of the Gram by 1 + λ₂, λ₁ takes λ₁σ√G_kk from the cross product.
///
/// Useful values: L1 0.01 … 0.3 for sparse factors, L2 1e-3 … 0.1 for smooth ones; 0, the default, is none. The error no
/// longer falls in every sweep once a penalty is set: what falls is the penalised error of each half. The stop rule then looks at
/// how far the error still moves, two sweeps in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Penalty<T> {
    /// λ₁ on W.
    pub l1_w: T,
    /// λ₁ on H.
    pub l1_h: T,
    /// λ₂ on W.
    pub l2_w: T,
    /// λ₂ on H.
    pub l2_h: T,
}

impl<T: Real> Penalty<T> {
    /// No penalty.
    pub const fn none() -> Self {
        Self { l1_w: T::ZERO, l1_h: T::ZERO, l2_w: T::ZERO, l2_h: T::ZERO }
    }

    /// An exact decrease needs no second opinion, a difference of two errors does.
    pub(crate) fn patience(&self) -> u32 {
        if *self == Self::none() { 1 } else { 2 }
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        let settings = [
            (self.l1_w, Setting::L1W),
            (self.l1_h, Setting::L1H),
            (self.l2_w, Setting::L2W),
            (self.l2_h, Setting::L2H),
        ];
        for (value, setting) in settings {
            if !(value >= T::ZERO && value.is_finite()) {
                return Err(Error::Setting(setting));
            }
        }
        Ok(())
    }
}

/// Adds the four setters to a solver with a `penalty` field.
macro_rules! penalty_setters {
    () => {
        /// λ₁ on W, [`Penalty`]. Default 0.
        pub const fn l1_w(mut self, weight: T) -> Self {
            self.penalty.l1_w = weight;
            self
        }

        /// λ₁ on H, [`Penalty`]. Default 0.
        pub const fn l1_h(mut self, weight: T) -> Self {
            self.penalty.l1_h = weight;
            self
        }

        /// λ₂ on W, [`Penalty`]. Default 0.
        pub const fn l2_w(mut self, weight: T) -> Self {
            self.penalty.l2_w = weight;
            self
        }

        /// λ₂ on H, [`Penalty`]. Default 0.
        pub const fn l2_h(mut self, weight: T) -> Self {
            self.penalty.l2_h = weight;
            self
        }
    };
}
pub(crate) use penalty_setters;

/// Adds the setter to a solver with a `fixed` field.
macro_rules! fixed_setter {
    () => {
        /// The first so many components are known: their columns of W, 0 or with a largest entry between 2⁻⁴⁰ and 2⁴⁰, never change by a
        /// bit; their rows of H adapt. Set them by [`Factors::init_with_known`](crate::Factors::init_with_known). At most K, default 0.
        pub const fn fixed(mut self, components: usize) -> Self {
            self.fixed = components;
            self
        }
    };
}
pub(crate) use fixed_setter;
