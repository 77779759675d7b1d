//! One frame at a time in a dictionary that stays: [`Encoder`].

mod kl;
mod source;

use nalgebra::{ArrayStorage, SMatrix, SVector};

use crate::columns::{Columns, Full};
use crate::dictionary::{Dictionary, Encoding, Rules, first, first_mut, prepare};
use crate::error::{Error, Setting};
use crate::kernel::FeatureWeights;
use crate::nnls::NnlsStatus;
use crate::scalar::Real;

pub use kl::{KlEncoder, KlEncoding};

/// Explains frames by a fixed dictionary W: h ≥ 0 with the smallest ‖x − Wh‖, exactly (see Notes),
/// in bounded work.
///
/// Minimises ½‖x − Wh‖² + λ₁‖x‖ Σ‖w_k‖h_k + ½λ₂ Σ‖w_k‖²h_k² over h ≥ 0; with λ₁ = λ₂ = 0, the default, that is exact
/// non-negative least squares. Borrows W, which may lie in flash, and keeps its Gram and the lengths of its parts: K² + K numbers,
/// prepared once by [`new`](Encoder::new) or at compile time by [`from_parts`](Encoder::from_parts).
///
/// # Shapes
///
/// w: M×K, any finite values, zero columns allowed; x: M, any sign; h: K.
///
/// # Settings
///
/// [`max_active`](Encoder::max_active), [`l1`](Encoder::l1), [`l2`](Encoder::l2); weights per
/// feature by [`weighted`](Encoder::weighted).
///
/// # Cost
///
/// A frame: M·(K + a + 1) multiply-adds for a active components, 6K² for a guess of the active set, and at most
/// [`nnls::bound`](crate::nnls::bound)`(K)` solves of at most K³/6 + 3K², typically one or two. Stack: K² + 5K numbers and saved registers.
///
/// # Notes
///
/// The same frame gives the same bits, whatever came before. x·2^e gives the same bits scaled,
/// while numbers stay normal. A NaN or an infinity in x (at a feature that has a weight) gives
/// [`NnlsStatus::NonFinite`] and leaves h alone; a zero frame gives h = 0. Where columns of W are
/// linearly dependent the residual is still the smallest, and h one of several solutions.
///
/// *How exact*: h minimises the residual to rounding. How well that determines the amounts is up to the parts. The Gram squares
/// the condition of W, so about 6.6 − 2·log₁₀(condition) digits of the amounts are certain in f32, more where a frame is
/// explained to 1e-3, and none beyond a condition of 1e3 … 3e3 (f64: 15.3 digits, 3e6 … 1e7). [`Encoding::digits`] says it for
/// each frame. With less than one digit the status is [`NnlsStatus::IllConditioned`].
///
/// An amount below the smallest normal number is rounded like any other number, and what is
/// reported is true of the rounded code: where nothing else explains the frame, the status is
/// [`NnlsStatus::Bound`].
///
/// # Example
///
/// ```
/// use tinynmf::{Encoder, nalgebra::{SMatrix, SVector}};
/// static W: SMatrix<f32, 4, 2> = SMatrix::<f32, 4, 2>::new(3., 0., 4., 0., 0., 1., 0., 1.);
/// let encoder = Encoder::new(&W);
/// let mut h = SVector::zeros();
/// let encoding = encoder.encode(&SVector::<f32, 4>::new(6., 8., 5., 5.), &mut h);
/// assert!((h - SVector::<f32, 2>::new(2., 5.)).amax() < 1e-5);
/// assert!(encoding.relative_residual < 1e-6);
/// // Something new: no part explains it.
/// assert!(encoder.encode(&SVector::<f32, 4>::new(-4., 3., 0., 0.), &mut h).relative_residual > 0.9);
/// ```
///
/// # References
///
/// C. L. Lawson, R. J. Hanson, Solving Least Squares Problems, 1974, chapter 23. R. Bro, S. de Jong, A fast
/// non-negativity-constrained least squares algorithm, J. Chemometrics 11, 1997.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoder<'w, T, const M: usize, const K: usize> {
    w: &'w SMatrix<T, M, K>,
    weights: Option<&'w SVector<T, M>>,
    gram: SMatrix<T, K, K>,
    scale: SVector<T, K>,
    rules: Rules<T>,
}

impl<'w, T: Real, const M: usize, const K: usize> Encoder<'w, T, M, K> {
    /// Prepares a dictionary. M·K(K + 1)/2 multiply-adds, K square roots.
    ///
    /// A NaN or an infinity in W shows as [`NnlsStatus::NonFinite`] of every frame.
    #[must_use]
    pub fn new(w: &'w SMatrix<T, M, K>) -> Self {
        Self::prepared(w, None)
    }

    /// As [`new`](Encoder::new), for the weighted residual Σ v_i(x − Wh)_i². A feature of weight 0 is not read: a dead channel may hold
    /// anything, NaN too.
    ///
    /// A common factor of the weights changes nothing but the unit of the residual. A weight below
    /// 2⁻⁶³ (f64: 2⁻⁵¹¹) of the largest counts as 0.
    ///
    /// # Errors
    ///
    /// [`Error::Weight`], with column 0, for the first weight that is negative or not finite;
    /// [`Error::NoWeights`] if all are 0.
    pub fn weighted(w: &'w SMatrix<T, M, K>, weights: &'w SVector<T, M>) -> Result<Self, Error> {
        let mut any = false;
        for (row, &weight) in weights.iter().enumerate() {
            if !(weight >= T::ZERO && weight.is_finite()) {
                return Err(Error::Weight { row, column: 0 });
            }
            any |= weight > T::ZERO;
        }
        if !any {
            return Err(Error::NoWeights);
        }
        Ok(Self::prepared(w, Some(weights)))
    }

    fn prepared(w: &'w SMatrix<T, M, K>, weights: Option<&'w SVector<T, M>>) -> Self {
        const { assert!(M > 0 && K > 0, "a dictionary needs at least one feature and one component") };
        let (gram, scale) = (
            SMatrix::from_array_storage(ArrayStorage([[T::ZERO; K]; K])),
            SVector::from_array_storage(ArrayStorage([[T::ZERO; K]])),
        );
        let mut encoder = Self { w, weights, gram, scale, rules: Rules::none() };
        let features = weights.map(|weights| FeatureWeights::new(first(weights)));
        prepare(&w.data.0, features, &mut encoder.gram.data.0, first_mut(&mut encoder.scale));
        encoder
    }

    /// From parts that were prepared before: nothing is computed. In a `static` everything lies in flash.
    ///
    /// gram, scale: those of an [`Encoder::new`] for the same W ([`gram`](Encoder::gram), [`scale`](Encoder::scale)), as written by
    /// [`write_source`](Encoder::write_source). With others the codes are wrong, but finite.
    #[must_use]
    pub const fn from_parts(w: &'w SMatrix<T, M, K>, gram: &SMatrix<T, K, K>, scale: &SVector<T, K>) -> Self {
        const { assert!(M > 0 && K > 0, "a dictionary needs at least one feature and one component") };
        Self { w, weights: None, gram: copy(gram), scale: copy(scale), rules: Rules::none() }
    }

    /// As [`from_parts`](Encoder::from_parts), of a [`weighted`](Encoder::weighted) encoder.
    #[must_use]
    pub const fn from_weighted_parts(
        w: &'w SMatrix<T, M, K>,
        weights: &'w SVector<T, M>,
        gram: &SMatrix<T, K, K>,
        scale: &SVector<T, K>,
    ) -> Self {
        Self { weights: Some(weights), ..Self::from_parts(w, gram, scale) }
    }

    /// At most this many components are active: of those that are left, the one that lowers the residual fastest enters until there are
    /// so many, and every set is solved exactly (non-negative orthogonal matching pursuit). Default K.
    #[must_use]
    pub const fn max_active(mut self, components: usize) -> Self {
        self.rules.limit = components;
        self
    }

    /// λ₁: what makes codes sparse, relative to the frame, as in a fit
    /// ([`Penalty`](crate::Penalty)). 0.01 … 0.3 are useful, from 1 on every code is 0. Default 0.
    #[must_use]
    pub const fn l1(mut self, weight: T) -> Self {
        self.rules.l1 = weight;
        self
    }

    /// λ₂: what keeps coefficients of similar parts from trading places, relative to the Gram. 1e-3 … 0.1. Default 0.
    #[must_use]
    pub const fn l2(mut self, weight: T) -> Self {
        self.rules.l2 = weight;
        self
    }

    /// The first setting that is out of range. [`encode`](Encoder::encode) takes a weight that is negative or NaN for 0.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`].
    pub fn validate(&self) -> Result<(), Error> {
        for (weight, setting) in [(self.rules.l1, Setting::L1), (self.rules.l2, Setting::L2)] {
            if !(weight >= T::ZERO && weight.is_finite()) {
                return Err(Error::Setting(setting));
            }
        }
        Ok(())
    }

    /// The code of one frame; h is overwritten, and never read.
    pub fn encode(&self, x: &SVector<T, M>, h: &mut SVector<T, K>) -> Encoding<T> {
        self.dictionary().encode(first(x), first_mut(h), &self.rules)
    }

    /// The codes of N frames, one after the other: the bits are those of [`encode`](Encoder::encode). A frame that is not finite
    /// gets a zero code and is counted.
    ///
    /// # Errors
    ///
    /// [`Error::FrameCount`].
    pub fn encode_batch<const N: usize, C>(&self, x: &C, h: &mut SMatrix<T, K, N>) -> Result<BatchEncoding<T>, Error>
    where
        C: Columns<T, M, Observed = Full> + ?Sized,
    {
        if x.len() != N {
            return Err(Error::FrameCount { expected: N, got: x.len() });
        }
        let dictionary = self.dictionary();
        let mut batch = BatchEncoding { non_finite: 0, not_optimal: 0, kkt: T::ZERO, worst: None };
        let mut buf = [T::ZERO; M];
        for (j, h) in h.data.0.iter_mut().enumerate() {
            let encoding = dictionary.encode(x.column(j, &mut buf), h, &self.rules);
            if encoding.status == NnlsStatus::NonFinite {
                *h = [T::ZERO; K];
                batch.non_finite += 1;
                continue;
            }
            batch.not_optimal += usize::from(encoding.status != NnlsStatus::Optimal);
            batch.kkt = batch.kkt.at_least(encoding.kkt);
            if batch.worst.is_none_or(|(_, worst)| encoding.relative_residual > worst) {
                batch.worst = Some((j, encoding.relative_residual));
            }
        }
        Ok(batch)
    }

    /// The dictionary.
    pub fn w(&self) -> &'w SMatrix<T, M, K> {
        self.w
    }

    /// Its Gram, scaled to unit diagonal; zero rows for zero columns.
    pub fn gram(&self) -> &SMatrix<T, K, K> {
        &self.gram
    }

    /// 1/‖w_k‖ for every component, 0 for a zero column. With weights ‖w_k‖² is Σ v_i·w_ik², the
    /// weights divided by the power of four that brings the largest into [1, 4).
    pub fn scale(&self) -> &SVector<T, K> {
        &self.scale
    }

    fn dictionary(&self) -> Dictionary<'_, T, M, K> {
        Dictionary {
            w: &self.w.data.0,
            weights: self.weights.map(|weights| FeatureWeights::new(first(weights))),
            gram: &self.gram.data.0,
            scale: first(&self.scale),
        }
    }
}

/// What [`Encoder::encode_batch`] found out.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct BatchEncoding<T> {
    /// Frames that held NaN or an infinity; their codes are 0.
    pub non_finite: usize,
    /// Other frames whose status is not [`NnlsStatus::Optimal`].
    pub not_optimal: usize,
    /// Largest `kkt` of all frames.
    pub kkt: T,
    /// The frame with the largest relative residual, and that residual. None if no frame was finite.
    pub worst: Option<(usize, T)>,
}

const fn copy<T: Real, const R: usize, const C: usize>(from: &SMatrix<T, R, C>) -> SMatrix<T, R, C> {
    SMatrix::from_array_storage(ArrayStorage(from.data.0))
}
