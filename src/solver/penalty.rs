//! L1 and L2 penalties, relative to the Gram.

use super::revival::row_energies;
use crate::columns::Data;
use crate::error::{Error, Setting};
use crate::kernel::{self, rolled, rolled_mut};
use crate::scalar::Real;

/// Weights above 2 to this power act like it: long before that they leave nothing of a factor.
const HEAVY: i32 = 40;

/// Penalties on W and H, the same for every solver that works on normal equations, and for the
/// codes of [`Encoder`](crate::Encoder) and [`Online`](crate::Online).
///
/// A fit minimises
///
/// ½‖X − WH‖² + λ₁ Σⱼ‖xⱼ‖ Σ_k‖w_k‖h_kj + ½λ₂ Σ_k‖w_k‖²‖h_k‖²
///
/// with the weights on H, plus the mirror image with those on W: there ‖xᵢ‖ is the length of a
/// *row* of X, and rows h_k and columns w_k change places. These are the penalties that the
/// coefficients of *unit-length* parts would get, relative to the length of the frame. The weights
/// therefore mean the same for every scaling of the factors and of the data, and for faint frames
/// as for loud ones.
///
/// **Codes.** A frame of length ‖x‖ gets h with the smallest ½‖x − Wh‖² + λ₁‖x‖ Σ‖w_k‖h_k + ½λ₂
/// Σ‖w_k‖²h_k². Encoding it with the `l1_h` and `l2_h` of a converged fit as
/// [`l1`](crate::Encoder::l1) and [`l2`](crate::Encoder::l2) gives its column of H, unless the fit
/// had penalties on W.
///
/// # Settings
///
/// L1: 0.01 … 0.3 makes a factor sparse; from 1 on it is 0. L2: 1e-3 … 0.1 makes it smooth. 0, the
/// default, is none.
///
/// The setters change the type of the solver: `Hals<T>` becomes `Hals<T, true>`, and
/// [`fixed`](crate::Hals::fixed) makes the next parameter true. A program that names only `Hals<T>`
/// carries no code for either. Where a weight is known only at run time, set it, be it 0.
///
/// ```
/// use tinynmf::{Hals, Nmf};
/// const SPARSE: Nmf<f32, Hals<f32, true>> = Nmf::new(Hals::new().l1_h(0.1));
/// const GUIDED: Nmf<f32, Hals<f32, false, true>> = Nmf::new(Hals::new().fixed(2));
/// ```
///
/// # Notes
///
/// In the normal equations λ₂ multiplies the diagonal of the Gram by 1 + λ₂, and λ₁ takes
/// λ₁‖x‖√G_kk from the cross product. The other factor bears a penalty by its lengths: a quadratic
/// that lies above it and touches it where the sweep stands, a ridge on that Gram. The objective
/// falls in every sweep, the plain error need not.
/// [`Outcome::objective`](crate::Outcome::objective) reports it, relative to ½‖X‖², and of several
/// restarts the one with the smallest is kept. Known columns of W have no penalty.
///
/// # References
///
/// D. R. Hunter, K. Lange, A tutorial on MM algorithms, The American Statistician 58, 2004.
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
    #[must_use]
    pub const fn none() -> Self {
        Self { l1_w: T::ZERO, l1_h: T::ZERO, l2_w: T::ZERO, l2_h: T::ZERO }
    }

    /// The penalties, if a weight is not 0. `PENALIZED` is false for a solver without a call of a
    /// setter: fits with it carry no code for penalties.
    pub(crate) fn given<const PENALIZED: bool>(&self) -> Option<&Self> {
        if PENALIZED && self.is_set() { Some(self) } else { None }
    }

    #[inline(never)] // one copy
    fn is_set(&self) -> bool {
        *self != Self::none()
    }

    /// The weights on H.
    pub(crate) fn on_h(&self) -> Weights<T> {
        Weights::new(self.l1_h, self.l2_h)
    }

    /// The weights on W.
    pub(crate) fn on_w(&self) -> Weights<T> {
        Weights::new(self.l1_w, self.l2_w)
    }

    /// Twice the penalties of both factors over ‖X‖², the unit of a squared relative error. One
    /// pass over X where an L1 weight is set. The first `fixed` components are known.
    #[inline(never)] // off the path of fits without a penalty
    pub(crate) fn of<const M: usize, const K: usize>(
        &self,
        x: &Data<'_, T, M>,
        w: &[[T; M]; K],
        h: &[[T; K]],
        fixed: usize,
    ) -> T {
        let (on_h, on_w) = (self.on_h(), self.on_w());
        let (parts, mut amounts) = (kernel::diagonal(w), row_energies(h));
        let mut sum = T::ZERO;
        for (k, (&part, amount)) in parts.iter().zip(&mut amounts).enumerate() {
            sum += on_h.l2 * part * *amount;
            if k < fixed {
                *amount = T::ZERO;
            }
            sum += on_w.l2 * part * *amount;
        }
        if on_h.l1 > T::ZERO || on_w.l1 > T::ZERO {
            let (mut frame, mut rows) = ([T::ZERO; M], [T::ZERO; M]);
            let mut lengths = T::ZERO;
            for (j, h) in rolled(h).iter().enumerate() {
                x.read(j, &mut frame);
                lengths += kernel::length(&frame) * of_unit_parts(&parts, h.iter());
                for (row, &x) in rolled_mut(&mut rows).iter_mut().zip(rolled(&frame)) {
                    *row += x * x;
                }
            }
            sum += T::TWO * on_h.l1 * lengths;
            let mut lengths = T::ZERO;
            for (i, row) in rolled(&rows).iter().enumerate() {
                lengths += row.sqrt() * of_unit_parts(&amounts, w.iter().filter_map(|w| w.get(i)));
            }
            sum += T::TWO * on_w.l1 * lengths;
        }
        sum / x.energy()
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

/// Σ of the coefficients that parts of these energies would have at unit length.
#[inline(never)] // one copy
fn of_unit_parts<'v, T: Real, const K: usize>(energies: &[T; K], coefficients: impl Iterator<Item = &'v T>) -> T {
    energies.iter().zip(coefficients).fold(T::ZERO, |sum, (&energy, &coefficient)| sum + energy.sqrt() * coefficient)
}

/// The weights on one factor.
#[derive(Clone, Copy)]
pub(crate) struct Weights<T> {
    pub l1: T,
    pub l2: T,
}

impl<T: Real> Weights<T> {
    pub(crate) const fn none() -> Self {
        Self { l1: T::ZERO, l2: T::ZERO }
    }

    fn new(l1: T, l2: T) -> Self {
        let heavy = T::exp2i(HEAVY);
        let bounded = |weight: T| if weight < heavy { weight } else { heavy };
        Self { l1: bounded(l1), l2: bounded(l2) }
    }
}

/// Adds the setters of penalties and known components to a solver with the fields `penalty` and
/// `fixed`. Its type then says that it has them.
macro_rules! penalty_and_fixed_setters {
    ($solver:ident { $($other:ident),* }) => {
        /// λ₁ on W, [`Penalty`]. Default 0.
        #[must_use]
        pub const fn l1_w(self, weight: T) -> $solver<T, true, KNOWN> {
            self.with(Penalty { l1_w: weight, ..self.penalty }, self.fixed)
        }

        /// λ₁ on H, [`Penalty`]. Default 0.
        #[must_use]
        pub const fn l1_h(self, weight: T) -> $solver<T, true, KNOWN> {
            self.with(Penalty { l1_h: weight, ..self.penalty }, self.fixed)
        }

        /// λ₂ on W, [`Penalty`]. Default 0.
        #[must_use]
        pub const fn l2_w(self, weight: T) -> $solver<T, true, KNOWN> {
            self.with(Penalty { l2_w: weight, ..self.penalty }, self.fixed)
        }

        /// λ₂ on H, [`Penalty`]. Default 0.
        #[must_use]
        pub const fn l2_h(self, weight: T) -> $solver<T, true, KNOWN> {
            self.with(Penalty { l2_h: weight, ..self.penalty }, self.fixed)
        }

        /// The first so many components are known: their columns of W never change by a bit, their
        /// rows of H adapt. Set them by
        /// [`Factors::init_with_known`](crate::Factors::init_with_known). At most K, default 0.
        ///
        /// A column may be of any size; it is read in a unit of its own. Entries that are more than
        /// 2¹⁶⁵ (f32) or 2¹⁰⁶¹ (f64) apart have none: [`Error::PartSize`]. Coefficients that the
        /// scalar cannot hold, since the column is too small beside X, end the fit with
        /// [`Error::CoefficientRange`].
        #[must_use]
        pub const fn fixed(self, components: usize) -> $solver<T, PENALIZED, true> {
            self.with(self.penalty, components)
        }

        const fn with<const P: bool, const F: bool>(self, penalty: Penalty<T>, fixed: usize) -> $solver<T, P, F> {
            $solver { penalty, fixed, $($other: self.$other),* }
        }
    };
}
pub(crate) use penalty_and_fixed_setters;
