//! Codes by the Kullback–Leibler divergence.

use nalgebra::{SMatrix, SVector};

use crate::dictionary::{first, first_mut};
use crate::error::{Error, Setting};
use crate::kernel;
use crate::scalar::Real;

/// Explains frames by a fixed dictionary W: h ≥ 0 with a small Kullback–Leibler divergence D(x‖Wh) = Σ x·ln(x/y) − x + y, y = Wh.
///
/// For dictionaries from [`MuKl`](crate::MuKl), and for spectra and counts in which faint parts matter as loud ones do. A fixed number of
/// multiplicative updates from equal shares: D falls with every one, the work does not depend on the frame, and the result is
/// near the minimum, not at it ([`Encoder`](crate::Encoder) is exact).
///
/// # Shapes
///
/// w: M×K, x: M, both non-negative; h: K.
///
/// # Settings
///
/// [`passes`](KlEncoder::passes), [`warm`](KlEncoder::warm).
///
/// # Cost
///
/// A frame: 2·M·K multiply-adds and M divisions a pass, M logarithms at the end. Stack: 3M numbers.
///
/// # Notes
///
/// y is taken as Wh + ε, ε = 1e-12 (f32) or 1e-26 (f64) of the largest entry of x. x·2^e gives the same bits, scaled. A part whose
/// entries sum up to no more than 2⁻¹⁰⁰ (f32), 2⁻¹⁰⁰⁰ (f64), counts as zero.
///
/// # Example
///
/// ```
/// use tinynmf::{KlEncoder, nalgebra::{SMatrix, SVector}};
/// let w = SMatrix::<f32, 3, 2>::new(3., 0., 4., 1., 0., 1.);
/// let mut h = SVector::zeros();
/// let encoding = KlEncoder::new(&w)?.encode(&SVector::<f32, 3>::new(6., 13., 5.), &mut h)?;
/// assert!((h - SVector::<f32, 2>::new(2., 5.)).amax() < 1e-3);
/// assert!(encoding.relative < 1e-3);
/// # Ok::<(), tinynmf::Error>(())
/// ```
///
/// # References
///
/// D. D. Lee, H. S. Seung, Algorithms for non-negative matrix factorization, NIPS 13, 2001.
#[derive(Clone, Debug, PartialEq)]
pub struct KlEncoder<'w, T, const M: usize, const K: usize> {
    w: &'w SMatrix<T, M, K>,
    /// Σᵢ w_ik.
    sums: [T; K],
    passes: u32,
    warm: bool,
}

/// What [`KlEncoder::encode`] found out about a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct KlEncoding<T> {
    /// D(x‖Wh), in the unit of x.
    pub divergence: T,
    /// √(2D/Σx): the measure that [`MuKl`](crate::MuKl) reports. A novelty score; 0 for a zero frame.
    pub relative: T,
}

impl<'w, T: Real, const M: usize, const K: usize> KlEncoder<'w, T, M, K> {
    /// 50 passes from equal shares.
    ///
    /// # Errors
    ///
    /// [`Error::InitialW`] for the first entry of W that is negative or not finite,
    /// [`Error::PartSize`] for the first column that sums up to infinity.
    pub fn new(w: &'w SMatrix<T, M, K>) -> Result<Self, Error> {
        const { assert!(M > 0 && K > 0, "a dictionary needs at least one feature and one component") };
        let mut sums = [T::ZERO; K];
        for (column, (sum, w)) in sums.iter_mut().zip(&w.data.0).enumerate() {
            for (row, &w) in w.iter().enumerate() {
                if !(w >= T::ZERO && w.is_finite()) {
                    return Err(Error::InitialW { row, column });
                }
                *sum += w;
            }
            if !sum.is_finite() {
                return Err(Error::PartSize { component: column });
            }
        }
        Ok(Self { w, sums, passes: 50, warm: false })
    }

    /// Multiplicative updates for every frame, at least 1. Default 50.
    #[must_use]
    pub const fn passes(mut self, passes: u32) -> Self {
        self.passes = passes;
        self
    }

    /// Starts each frame from the coefficients in `h`, those that are not positive excepted: they get an equal share. Default false.
    #[must_use]
    pub const fn warm(mut self, warm: bool) -> Self {
        self.warm = warm;
        self
    }

    /// The code of one frame; h is left alone where x is refused.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`], [`Error::Negative`] with column 0, for the first such entry of x;
    /// [`Error::Setting`] for no passes; [`Error::CoefficientRange`] if a coefficient is too large
    /// for the scalar in the unit of x, [`Error::Diverged`] if it is even in units of the frame.
    pub fn encode(&self, x: &SVector<T, M>, h: &mut SVector<T, K>) -> Result<KlEncoding<T>, Error> {
        if self.passes == 0 {
            return Err(Error::Setting(Setting::KlPasses));
        }
        let mut peak = T::ZERO;
        for (row, &value) in x.iter().enumerate() {
            if !value.is_finite() {
                return Err(Error::NonFinite { row, column: 0 });
            }
            if value < T::ZERO {
                return Err(Error::Negative { row, column: 0 });
            }
            peak = peak.at_least(value);
        }
        let h = first_mut(h);
        if peak == T::ZERO {
            *h = [T::ZERO; K];
            return Ok(KlEncoding { divergence: T::ZERO, relative: T::ZERO });
        }
        let exponent = (peak.exponent() + 1).clamp(T::MIN_EXPONENT, -T::MIN_EXPONENT);
        let (inward, outward) = (T::exp2i(-exponent), T::exp2i(exponent));
        let frame = first(x).map(|x| x * inward);
        let total = frame.iter().fold(T::ZERO, |sum, &x| sum + x);
        let share = total / T::from_count(self.sums.iter().filter(|&&sum| sum > T::TINY).count());
        let mut y = [T::ZERO; K];
        for ((y, &h), &sum) in y.iter_mut().zip(h.iter()).zip(&self.sums) {
            let known = h * inward;
            if sum > T::TINY {
                *y = if self.warm && known > T::ZERO && known.is_finite() { known } else { share / sum };
            }
        }
        for _ in 0..self.passes {
            kernel::improve_column(&self.w.data.0, &self.sums, &frame, &mut y);
        }
        let mut divergence = T::ZERO;
        for (&x, model) in frame.iter().zip(kernel::model(&self.w.data.0, &y)) {
            divergence += kernel::divergence_term(x, model);
        }
        if !(divergence.is_finite() && y.iter().all(|y| y.is_finite())) {
            return Err(Error::Diverged { sweeps: self.passes });
        }
        if let Some(component) = y.iter().position(|&y| !(y * outward).is_finite()) {
            return Err(Error::CoefficientRange { component });
        }
        *h = y.map(|y| y * outward);
        Ok(KlEncoding { divergence: divergence * outward, relative: (T::TWO * divergence / total).sqrt() })
    }
}
