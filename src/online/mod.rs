//! Following a stream: [`Online`] encodes every frame and improves the dictionary a little.

mod state;

use nalgebra::SVector;

use crate::dictionary::{Encoding, Rules, first, first_mut};
use crate::error::{Error, Setting};
use crate::kernel::Frame;
use crate::nnls::NnlsStatus;
use crate::scalar::Real;

pub use state::OnlineState;

/// A component that is silent, or nearly so, fades no further than to the weight of this many frames like the present one.
pub(crate) const MEMORY: usize = 4;

/// Frames whose energy is lower by up to 2 to this power take no weight from louder ones before
/// them.
pub(crate) const UNEVEN: i32 = 2;

/// Learns from a stream, one frame at a time, without storing frames.
///
/// Every frame is encoded exactly; the statistics A = Σ yyᵀ and B = Σ xyᵀ fade and take it in; then
/// some components, in turn, are each set to the minimiser of ½tr(WᵀWA) − tr(WᵀB), non-negative, at
/// its old length. A component that is silent fades no further than to the weight of four frames: a
/// part that was not heard for a year is not replaced by the first frame that needs it.
///
/// # Settings
///
/// [`half_life`](Online::half_life), [`trust`](Online::trust), [`components_per_frame`](Online::components_per_frame), [`fixed`](Online::fixed),
/// [`l1`](Online::l1), [`l2`](Online::l2).
///
/// # Cost
///
/// A frame: that of [`Encoder::encode`](crate::Encoder::encode), (M + K)·a multiply-adds for a active components, and 2·M·K for every component that
/// is improved. State: 2M·K + 2K² + K numbers and a few words ([`OnlineState`]); stack: M + K² + 6K numbers.
///
/// # Notes
///
/// A frame with a NaN or an infinity is refused: nothing changes. A zero frame gives h = 0 and
/// teaches nothing. A component that is zero, at the start or because nothing is left of it, gets
/// the part of the next frame that the others do not explain. Frames may become louder or fainter
/// without bound: the statistics follow by powers of two. x·2^e from the first frame on gives the
/// same W, while numbers stay normal. What is much fainter than what came before counts little at
/// first: the weight of loud frames falls by 12 dB in a half-life, until their parts count as a
/// first dictionary. So a sensor that was stuck at full scale does no lasting harm, and a part that
/// is heard only in loud frames, several half-lives apart, is learnt from the latest of them. Noise
/// of some percent of the frames wears a part away that stays silent for thousands of them.
///
/// Every setting that [`validate`](Online::validate) accepts and every finite frame leave numbers
/// that are finite, and h too; a frame whose code is not is refused as a whole.
///
/// # Example
///
/// ```
/// use tinynmf::{Online, OnlineState, nalgebra::{SVector, Vector3}};
/// let mut state = OnlineState::<f32, 3, 2>::new(); // empty: learns its parts from the first frames
/// let mut h = SVector::zeros();
/// for n in 0..1000 {
///     let (a, b) = ((n % 5) as f32, (n % 7) as f32);
///     Online::new().push(&mut state, &Vector3::new(a, a + b, 2.0 * b), &mut h);
/// }
/// assert!(Online::new().push(&mut state, &Vector3::new(3.0, 5.0, 4.0), &mut h).relative_residual < 0.05);
/// ```
///
/// # References
///
/// J. Mairal, F. Bach, J. Ponce, G. Sapiro, Online learning for matrix factorization and sparse coding, JMLR 11, 2010, algorithm 2,
/// with forgetting and non-negative projections.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Online<T> {
    half_life: T,
    components_per_frame: usize,
    fixed: usize,
    trust: T,
    l1: T,
    l2: T,
}

/// What [`Online::push`] did with a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Update<T> {
    /// How the encoding ended. [`NnlsStatus::NonFinite`]: the frame was refused; h and the state are as they were.
    pub status: NnlsStatus,
    /// ‖x − Wh‖ with the dictionary before it learnt from this frame.
    pub residual: T,
    /// The same over ‖x‖; 0 for a zero frame.
    pub relative_residual: T,
    /// Largest violation of the optimality conditions of the code.
    pub kkt: T,
    /// ‖ΔW‖/‖W‖, with every part taken at unit length: how far this frame moved the dictionary.
    pub drift: T,
    /// The statistics hold this frame.
    pub learned: bool,
    /// A zero component was set to what the others did not explain of this frame.
    pub revived: bool,
}

impl<T: Real> Update<T> {
    fn of(encoding: &Encoding<T>) -> Self {
        Self {
            status: encoding.status,
            residual: encoding.residual,
            relative_residual: encoding.relative_residual,
            kkt: encoding.kkt,
            drift: T::ZERO,
            learned: false,
            revived: false,
        }
    }
}

impl<T: Real> Online<T> {
    /// A half-life of 69 frames, three components a frame, a trust of one frame, nothing fixed: see
    /// `docs/forgetting.md` in the repository, which says by which rule and what others would
    /// bring.
    #[must_use]
    pub const fn new() -> Self {
        Self { half_life: T::HALF_LIFE, components_per_frame: 3, fixed: 0, trust: T::ONE, l1: T::ZERO, l2: T::ZERO }
    }

    /// Frames after which a frame counts half: each fades by 2^(−1/half_life). Default 69 (0.99 a frame); infinite: nothing is ever
    /// forgotten. Short ones follow fast changes, long ones average over noise. Above 0.
    #[must_use]
    pub const fn half_life(mut self, frames: T) -> Self {
        self.half_life = frames;
        self
    }

    /// How many components are improved after each frame, in turn. Default 3. One costs a third as
    /// much and ends 2 % higher on streams of some hundred frames; all get a little closer.
    #[must_use]
    pub const fn components_per_frame(mut self, components: usize) -> Self {
        self.components_per_frame = components;
        self
    }

    /// The first so many components are known, and their columns of W never change by a bit: background, calibrated parts. Default 0.
    #[must_use]
    pub const fn fixed(mut self, components: usize) -> Self {
        self.fixed = components;
        self
    }

    /// For how many frames a part of the first dictionary counts ([`OnlineState::reset`]). Default
    /// 1, right for a guess; some hundred keep a dictionary that was learnt with care until the
    /// stream has shown as much. The frame that a part is made of counts for as many more. More
    /// than 2³⁰ count as 2³⁰.
    #[must_use]
    pub const fn trust(mut self, frames: T) -> Self {
        self.trust = frames;
        self
    }

    /// λ₁ of the codes, as [`Encoder::l1`](crate::Encoder::l1). Default 0.
    #[must_use]
    pub const fn l1(mut self, weight: T) -> Self {
        self.l1 = weight;
        self
    }

    /// λ₂ of the codes, as [`Encoder::l2`](crate::Encoder::l2). Default 0.
    #[must_use]
    pub const fn l2(mut self, weight: T) -> Self {
        self.l2 = weight;
        self
    }

    /// The first setting that is out of range. [`push`](Online::push) takes a half-life that is not above 0 for the default, another number that is
    /// negative or NaN for 0, and no components a frame for an order not to learn.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`].
    pub fn validate(&self) -> Result<(), Error> {
        if !(self.half_life > T::ZERO) {
            return Err(Error::Setting(Setting::HalfLife));
        }
        if self.components_per_frame == 0 {
            return Err(Error::Setting(Setting::ComponentsPerFrame));
        }
        for (weight, setting) in [(self.trust, Setting::Trust), (self.l1, Setting::L1), (self.l2, Setting::L2)] {
            if !(weight >= T::ZERO && weight.is_finite()) {
                return Err(Error::Setting(setting));
            }
        }
        Ok(())
    }

    /// Encodes the frame, learns from it. h: its code, overwritten.
    pub fn push<const M: usize, const K: usize>(
        &self,
        state: &mut OnlineState<T, M, K>,
        x: &SVector<T, M>,
        h: &mut SVector<T, K>,
    ) -> Update<T> {
        let (x, h) = (first(x), first_mut(h));
        let rules = Rules { l1: self.l1, l2: self.l2, ..Rules::none() };
        let encoding = state.dictionary().encode(x, h, &rules);
        let mut update = Update::of(&encoding);
        let peak = Frame { x, unit: T::ONE, weights: None }.largest().unwrap_or(T::ZERO);
        if encoding.status == NnlsStatus::NonFinite || peak == T::ZERO || self.components_per_frame == 0 {
            return update;
        }
        let exponent = (peak.exponent() + 1).clamp(T::MIN_EXPONENT, -T::MIN_EXPONENT);
        let zero = first(&state.scale).iter().skip(self.fixed).position(|&scale| scale == T::ZERO);
        let mut revived = None;
        if let Some(k) = zero.map(|k| k + self.fixed)
            && encoding.relative_residual * encoding.relative_residual > T::EXPLAINED
            && state.revive(k, x, h, exponent)
        {
            let again = state.dictionary().encode(x, h, &rules);
            if again.status == NnlsStatus::NonFinite {
                // The amount of the new part is no number. Without it the frame has a code, which h
                // still is.
                state.bury(k);
            } else {
                revived = Some(k);
            }
        }
        update.revived = revived.is_some();
        let half_life = if self.half_life > T::ZERO { self.half_life } else { T::HALF_LIFE };
        if state.half_life != half_life {
            state.half_life = half_life;
            state.retention = retention(half_life);
        }
        state.follow(exponent);
        let inward = T::exp2i(-state.exponent);
        let mut y = [T::ZERO; K];
        for ((y, &h), &scale) in y.iter_mut().zip(h.iter()).zip(first(&state.scale)) {
            if scale > T::ZERO {
                *y = h * inward / scale;
            }
        }
        let most = state.fold(x, &y, self.trust, revived);
        update.learned = true;
        update.drift = self.improve(state, most);
        update
    }

    /// Improves the components whose turn it is. Returns the drift.
    fn improve<const M: usize, const K: usize>(&self, state: &mut OnlineState<T, M, K>, most: T) -> T {
        let (mut moved, mut improved) = (T::ZERO, 0);
        for _ in self.fixed.min(K)..K {
            let k = turn::<K>(&mut state.next, self.fixed);
            if let Some(distance) = state.improve(k, most) {
                moved += distance;
                improved += 1;
                if improved == self.components_per_frame {
                    break;
                }
            }
        }
        let alive = first(&state.scale).iter().filter(|&&scale| scale > T::ZERO).count();
        if moved > T::ZERO && alive > 0 { (moved / T::from_count(alive)).sqrt() } else { T::ZERO }
    }
}

impl<T: Real> Default for Online<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The component whose turn it is, none of the first `fixed`; then it is the turn of the one behind it.
pub(crate) fn turn<const K: usize>(next: &mut u32, fixed: usize) -> usize {
    let k = (*next as usize).max(fixed).min(K - 1);
    *next = if k + 1 < K { k as u32 + 1 } else { 0 };
    k
}

/// 2^(−1/half_life), by the series of the exponential function on a small fraction of the exponent: no other function of the target's library,
/// whose bits would differ.
fn retention<T: Real>(half_life: T) -> T {
    let mut t = T::LN_2 / half_life;
    // e^−80 of what was is nothing in either precision, beside what is.
    if !(t < T::from_count(80)) {
        return T::ZERO;
    }
    let mut doublings = 0;
    while t > T::ONE {
        t *= T::HALF;
        doublings += 1;
    }
    let (mut sum, mut term) = (T::ONE, T::ONE);
    for n in 1..19 {
        term = term * -t / T::from_count(n);
        sum += term;
    }
    for _ in 0..doublings {
        sum *= sum;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_is_the_power_of_two() {
        for half_life in [0.01_f64, 0.5, 1.0, 3.0, 69.0, 1e6] {
            let exact = (-1.0 / half_life).exp2();
            // A half-life below 1 is squared up, and its rounding with it.
            let doubled = (1.0 / half_life).max(1.0);
            assert!((retention(half_life) - exact).abs() <= 3e-16 * doubled * exact, "{half_life}");
            assert!((f64::from(retention(half_life as f32)) - exact).abs() <= 2e-7 * doubled * exact, "{half_life}");
        }
        assert_eq!(retention(f32::INFINITY), 1.0);
        assert_eq!(retention(1e-30_f32), 0.0);
    }
}
