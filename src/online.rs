//! Following a stream: [`Online`] encodes every frame and improves the dictionary a little.

use nalgebra::{ArrayStorage, SMatrix, SVector};

use crate::align::{Alignment, matching, permute, swap};
use crate::dictionary::{Dictionary, Encoding, Rules, first, first_mut, prepare};
use crate::error::{Error, Setting};
use crate::kernel::{self, Frame};
use crate::nnls::NnlsStatus;
use crate::scalar::Real;

/// Exponents of the frames may leave that of the statistics by this much before those are scaled.
const LOUDER: i32 = 10;
const FAINTER: i32 = -30;
/// Statistics are not scaled up beyond 2 to this power.
const CEILING: i32 = 40;
/// A component that is silent, or nearly so, fades no further than to the weight of this many frames like the present one.
const MEMORY: usize = 4;
/// Lengths of the parts that an [`OnlineState`] starts from: 2 to the power −40 … 40.
const LENGTHS: i32 = 40;

/// Learns from a stream, one frame at a time, without storing frames.
///
/// Every frame is encoded exactly; the statistics A = Σ yyᵀ and B = Σ xyᵀ fade and take it in; then one component (or more) is set to
/// the minimiser of ½tr(WᵀWA) − tr(WᵀB), non-negative, at its old length. A component that is silent fades no further than to the
/// weight of four frames: a part that was not heard for a year is not replaced by the first frame that needs it.
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
/// A frame with a NaN or an infinity is refused: nothing changes. A zero frame gives h = 0 and teaches nothing. A component that
/// is zero, at the start or because nothing is left of it, gets the part of the next frame that the others do not explain. Frames
/// may become louder or fainter without bound: the statistics follow by powers of two. x·2^e from the first frame on gives the
/// same W, while numbers stay normal. What is much fainter than what came before counts little until that has faded. Noise of some
/// percent of the frames wears a part away that stays silent for thousands of them.
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

/// The dictionary that [`Online`] improves, and what it remembers of the frames.
///
/// Plain data: a copy of all fields, kept anywhere, goes on with the same bits (feature `serde` for formats). Its fields are public
/// for that.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound(serialize = "T: Real + serde::Serialize", deserialize = "T: Real + serde::Deserialize<'de>"))
)]
#[non_exhaustive]
pub struct OnlineState<T, const M: usize, const K: usize> {
    /// Basis, or dictionary: M×K. Every part keeps the length that it had at [`reset`](OnlineState::reset); 1 for one that was zero.
    pub w: SMatrix<T, M, K>,
    /// Its Gram, scaled to unit diagonal; zero rows for zero parts.
    pub gram: SMatrix<T, K, K>,
    /// 1/‖w_k‖, 0 for a zero part.
    pub scale: SVector<T, K>,
    /// A by columns: column k is the faded sum of y_k·y, y the amounts of unit-length parts, times 2^(−2·exponent).
    pub a: SMatrix<T, K, K>,
    /// B: column k is the faded sum of y_k·x, times 2^(−2·exponent).
    pub b: SMatrix<T, M, K>,
    /// The power of two by which frames are divided.
    pub exponent: i32,
    /// The component that is improved next.
    pub next: u32,
    /// The half-life for which [`retention`](OnlineState::retention) was computed.
    pub half_life: T,
    /// 2^(−1/half_life).
    pub retention: T,
}

impl<T: Real, const M: usize, const K: usize> OnlineState<T, M, K> {
    /// An empty dictionary and no memory; for a `static`.
    pub const fn new() -> Self {
        const { assert!(M > 0 && K > 0, "a dictionary needs at least one feature and one component") };
        Self {
            w: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; M]; K])),
            gram: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; K]; K])),
            scale: SVector::from_array_storage(ArrayStorage([[T::ZERO; K]; 1])),
            a: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; K]; K])),
            b: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; M]; K])),
            exponent: 0,
            next: 0,
            half_life: T::ZERO,
            retention: T::ZERO,
        }
    }

    /// Starts over from a dictionary, each part of which counts for a frame ([`Online::trust`]). Zero columns are learnt from the first
    /// frames.
    ///
    /// # Errors
    ///
    /// [`Error::InitialW`] for the first entry that is negative or not finite, and for the first column that is not zero and whose length is
    /// not between 2⁻⁴⁰ and 2⁴⁰. The state is then as it was.
    pub fn reset(&mut self, w: &SMatrix<T, M, K>) -> Result<(), Error> {
        for (column, values) in w.data.0.iter().enumerate() {
            let mut energy = T::ZERO;
            for (row, &value) in values.iter().enumerate() {
                if !(value >= T::ZERO && value.is_finite()) {
                    return Err(Error::InitialW { row, column });
                }
                energy += value * value;
            }
            let usable = energy >= T::exp2i(-2 * LENGTHS) && energy <= T::exp2i(2 * LENGTHS);
            if !usable && values.iter().any(|&value| value > T::ZERO) {
                return Err(Error::InitialW { row: 0, column });
            }
        }
        self.w.clone_from(w);
        prepare(&w.data.0, None, &mut self.gram.data.0, first_mut(&mut self.scale));
        self.forget();
        Ok(())
    }

    /// Empties the statistics; the dictionary stays.
    pub fn forget(&mut self) {
        self.a.data.0 = [[T::ZERO; K]; K];
        self.b.data.0 = [[T::ZERO; M]; K];
        self.next = 0;
    }

    /// Puts the components in the order of an earlier dictionary and gives every part the length it had there, as
    /// [`Factors::align_to`](crate::Factors::align_to); statistics follow. A part whose earlier length is not between 2⁻⁴⁰ and 2⁴⁰ keeps its own.
    pub fn align_to(&mut self, previous: &SMatrix<T, M, K>) -> Alignment<T, K> {
        let alignment = matching(&self.w.data.0, &previous.data.0);
        permute(&alignment.order, |k, q| {
            swap(&mut self.w.data.0, k, q);
            swap(&mut self.b.data.0, k, q);
            swap(first_mut(&mut self.scale), k, q);
            for square in [&mut self.gram.data.0, &mut self.a.data.0] {
                swap(square, k, q);
                for column in square {
                    swap(column, k, q);
                }
            }
        });
        let scales = first_mut(&mut self.scale).iter_mut();
        for ((w, scale), previous) in self.w.data.0.iter_mut().zip(scales).zip(&previous.data.0) {
            let length = kernel::length(previous);
            if *scale > T::ZERO && length >= T::exp2i(-LENGTHS) && length <= T::exp2i(LENGTHS) {
                for w in w {
                    *w *= *scale * length;
                }
                *scale = T::ONE / length;
            }
        }
        alignment
    }

    fn dictionary(&self) -> Dictionary<'_, T, M, K> {
        Dictionary { w: &self.w.data.0, weights: None, gram: &self.gram.data.0, scale: first(&self.scale) }
    }

    /// Largest A_kk.
    fn memory(&self) -> T {
        self.a.data.0.iter().enumerate().fold(T::ZERO, |most, (k, a)| most.at_least(a[k]))
    }

    /// Brings the statistics to the scale of a frame whose largest entry is below 2^`exponent`.
    fn follow(&mut self, exponent: i32) {
        // Whatever a state that was put together by hand holds.
        self.exponent = self.exponent.clamp(T::MIN_EXPONENT, -T::MIN_EXPONENT);
        let memory = self.memory();
        if !(memory > T::ZERO) {
            self.exponent = exponent;
            return;
        }
        let change = exponent - self.exponent;
        let change = if change > LOUDER {
            change
        } else if change < FAINTER {
            change.max((memory.exponent() - CEILING) / 2).min(0)
        } else {
            0
        };
        if change != 0 {
            self.exponent += change;
            // Squares of 2^−change, each step a normal number.
            let step = T::exp2i(-change);
            for value in self.a.data.0.as_flattened_mut() {
                *value = *value * step * step;
            }
            for value in self.b.data.0.as_flattened_mut() {
                *value = *value * step * step;
            }
        }
    }

    /// Fades the statistics and adds the frame to those of the components in `y`. A part without a past has been seen in `trust` frames
    /// like this one.
    fn fold(&mut self, x: &[T; M], y: &[T; K], trust: T) {
        let trust = if trust > T::exp2i(CEILING) { T::exp2i(CEILING) } else { trust.positive() };
        let inward = T::exp2i(-self.exponent);
        let energy = y.iter().fold(T::ZERO, |sum, &y| sum + y * y);
        let kept = energy * T::from_count(MEMORY);
        let columns = self.a.data.0.iter_mut().zip(&mut self.b.data.0);
        for (k, ((a, b), &amount)) in columns.zip(y).enumerate() {
            let fades = a[k] > kept;
            if !(amount > T::ZERO || fades) {
                continue;
            }
            let retention = if fades { self.retention } else { T::ONE };
            if a[k] == T::ZERO && trust > T::ZERO {
                // Of the size of its share: a trace of it does not decide what the part looked like.
                let past = trust * (energy / T::from_count(K)).at_least(amount * amount);
                a[k] = past;
                if let (Some(w), Some(&scale)) = (self.w.data.0.get(k), first(&self.scale).get(k)) {
                    for (b, &w) in kernel::rolled_mut(b).iter_mut().zip(kernel::rolled(w)) {
                        *b = past * (w * scale);
                    }
                }
            }
            for (a, &y) in a.iter_mut().zip(y) {
                *a = *a * retention + amount * y;
            }
            for (b, &x) in kernel::rolled_mut(b).iter_mut().zip(kernel::rolled(x)) {
                *b = *b * retention + amount * (x * inward);
            }
        }
    }

    /// Sets component `k` to its non-negative minimiser. Returns the squared distance it moved, at unit length; none if there is nothing
    /// to improve it by.
    fn improve(&mut self, k: usize) -> Option<T> {
        let scale = *first(&self.scale).get(k)?;
        let statistics = self.a.data.0.get(k)?;
        let energy = *statistics.get(k)?;
        if !(energy > T::TINY && scale > T::ZERO) {
            return None;
        }
        let mut coefficients = *statistics;
        for (coefficient, &scale) in coefficients.iter_mut().zip(first(&self.scale)) {
            *coefficient *= scale;
        }
        // The new part, and what it differs from the old one by.
        let mut part = *self.b.data.0.get(k)?;
        kernel::residual_into(&self.w.data.0, &coefficients, &mut part);
        let old = self.w.data.0.get_mut(k)?;
        for (part, &old) in kernel::rolled_mut(&mut part).iter_mut().zip(kernel::rolled(old)) {
            *part = (old * scale + *part / energy).positive();
        }
        let length = kernel::norm_squared(&part).sqrt();
        if !length.is_finite() {
            return None;
        }
        if !(length > T::ZERO) {
            self.bury(k);
            return Some(T::ONE);
        }
        let mut moved = T::ZERO;
        let unit = T::ONE / length;
        for (old, &part) in kernel::rolled_mut(old).iter_mut().zip(kernel::rolled(&part)) {
            let d = part * unit - *old * scale;
            moved += d * d;
            *old = part * unit / scale;
        }
        // The part was longer than 1 by `length`: so much more was there of it in the frames.
        for (q, a) in self.a.data.0.iter_mut().enumerate() {
            let Some(entry) = a.get_mut(k) else { continue };
            *entry *= length;
            if q == k {
                for value in a {
                    *value *= length;
                }
            }
        }
        for b in kernel::rolled_mut(self.b.data.0.get_mut(k)?) {
            *b *= length;
        }
        self.refresh(k);
        Some(moved)
    }

    /// The row and column of the Gram that belong to component `k`.
    fn refresh(&mut self, k: usize) {
        let (Some(part), Some(&scale)) = (self.w.data.0.get(k), first(&self.scale).get(k)) else { return };
        for (q, (w, &other)) in self.w.data.0.iter().zip(first(&self.scale)).enumerate() {
            let alive = scale > T::ZERO && other > T::ZERO;
            let value = if q == k { T::ONE } else { kernel::inner(part, w) * scale * other };
            let value = if alive { value } else { T::ZERO };
            for (row, column) in [(k, q), (q, k)] {
                if let Some(entry) = self.gram.data.0.get_mut(column).and_then(|column| column.get_mut(row)) {
                    *entry = value;
                }
            }
        }
    }

    /// Component `k` is no more.
    fn bury(&mut self, k: usize) {
        self.set(k, &[T::ZERO; M], T::ZERO);
    }

    /// Gives component `k` a new part of length 1/`scale`, without a past.
    fn set(&mut self, k: usize, part: &[T; M], scale: T) {
        let columns = self.w.data.0.iter_mut().zip(&mut self.a.data.0).zip(&mut self.b.data.0);
        let Some(((((w, a), b), d), _)) = columns.zip(first_mut(&mut self.scale)).zip(0..=k).nth(k) else { return };
        *w = *part;
        *a = [T::ZERO; K];
        *b = [T::ZERO; M];
        *d = scale;
        for a in &mut self.a.data.0 {
            if let Some(entry) = a.get_mut(k) {
                *entry = T::ZERO;
            }
        }
        self.refresh(k);
    }

    /// Gives component `k` what the others do not explain of a frame. False if that is nothing.
    fn revive(&mut self, k: usize, x: &[T; M], h: &[T; K], exponent: i32) -> bool {
        let (inward, mut part) = (T::exp2i(-exponent), *x);
        let mut code = *h;
        for code in &mut code {
            *code *= inward;
        }
        for part in kernel::rolled_mut(&mut part) {
            *part *= inward;
        }
        kernel::residual_into(&self.w.data.0, &code, &mut part);
        for part in kernel::rolled_mut(&mut part) {
            *part = part.positive();
        }
        let energy = kernel::norm_squared(&part);
        if !(energy > T::EXPLAINED && energy.is_finite()) {
            return false;
        }
        let unit = T::ONE / energy.sqrt();
        for part in kernel::rolled_mut(&mut part) {
            *part *= unit;
        }
        self.set(k, &part, T::ONE);
        true
    }
}

impl<T: Real, const M: usize, const K: usize> Default for OnlineState<T, M, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> Online<T> {
    /// A half-life of 69 frames, one component a frame, nothing fixed.
    pub const fn new() -> Self {
        Self { half_life: T::HALF_LIFE, components_per_frame: 1, fixed: 0, trust: T::ONE, l1: T::ZERO, l2: T::ZERO }
    }

    /// Frames after which a frame counts half: each fades by 2^(−1/half_life). Default 69 (0.99 a frame); infinite: nothing is ever
    /// forgotten. Short ones follow fast changes, long ones average over noise. Above 0.
    pub const fn half_life(mut self, frames: T) -> Self {
        self.half_life = frames;
        self
    }

    /// How many components are improved after each frame, in turn. Default 1; K costs K times as much and gets a little closer.
    pub const fn components_per_frame(mut self, components: usize) -> Self {
        self.components_per_frame = components;
        self
    }

    /// The first so many components are known, and their columns of W never change by a bit: background, calibrated parts. Default 0.
    pub const fn fixed(mut self, components: usize) -> Self {
        self.fixed = components;
        self
    }

    /// For how many frames a part of the first dictionary counts ([`OnlineState::reset`]). Default 1, right for a guess; some hundred keep a
    /// dictionary that was learnt with care until the stream has shown as much.
    pub const fn trust(mut self, frames: T) -> Self {
        self.trust = frames;
        self
    }

    /// λ₁ of the codes, as [`Encoder::l1`](crate::Encoder::l1). Default 0.
    pub const fn l1(mut self, weight: T) -> Self {
        self.l1 = weight;
        self
    }

    /// λ₂ of the codes, as [`Encoder::l2`](crate::Encoder::l2). Default 0.
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
        let mut encoding = state.dictionary().encode(x, h, &rules);
        let mut update = Update::of(&encoding);
        let peak = Frame { x, unit: T::ONE, weights: None }.largest().unwrap_or(T::ZERO);
        if encoding.status == NnlsStatus::NonFinite || peak == T::ZERO || self.components_per_frame == 0 {
            return update;
        }
        let exponent = (peak.exponent() + 1).clamp(T::MIN_EXPONENT, -T::MIN_EXPONENT);
        let zero = first(&state.scale).iter().skip(self.fixed).position(|&scale| scale == T::ZERO);
        if let Some(k) = zero
            && encoding.relative_residual * encoding.relative_residual > T::EXPLAINED
            && state.revive(k + self.fixed, x, h, exponent)
        {
            update.revived = true;
            encoding = state.dictionary().encode(x, h, &rules);
            if encoding.status == NnlsStatus::NonFinite {
                return update;
            }
        }
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
        state.fold(x, &y, self.trust);
        update.learned = true;
        update.drift = self.improve(state);
        update
    }

    /// Improves the components whose turn it is. Returns the drift.
    fn improve<const M: usize, const K: usize>(&self, state: &mut OnlineState<T, M, K>) -> T {
        let (mut moved, mut improved) = (T::ZERO, 0);
        for _ in self.fixed.min(K)..K {
            let k = (state.next as usize).max(self.fixed).min(K - 1);
            state.next = if k + 1 < K { k as u32 + 1 } else { 0 };
            if let Some(distance) = state.improve(k) {
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
