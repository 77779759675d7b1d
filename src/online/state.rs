//! What a stream is remembered by: [`OnlineState`].

use nalgebra::{ArrayStorage, SMatrix, SVector};

use crate::align::{Alignment, matching, permute, swap};
use crate::dictionary::{Dictionary, first, first_mut, prepare};
use crate::error::Error;
use crate::kernel;
use crate::scalar::Real;

use super::{MEMORY, UNEVEN};

/// Exponents of the frames may leave that of the statistics by this much before those are scaled.
const LOUDER: i32 = 10;
const FAINTER: i32 = -30;
/// Statistics are not scaled up beyond 2 to this power.
const CEILING: i32 = 40;
/// Frames that the statistics tell apart: 2 to this power, so that sums over them stay numbers.
const FRAMES: i32 = 30;
/// Largest exponent of the lengths of parts, and the largest of their inverses: 47 (f32), 383
/// (f64). Products of two parts, and of a part with statistics below 2^[`CEILING`] over the length
/// of another one, are then normal numbers.
const fn lengths<T: Real>() -> i32 {
    T::MAX_EXPONENT * 3 / 8
}

/// The dictionary that [`Online`](crate::Online) improves, and what it remembers of the frames.
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
    /// Σ y² of the loudest recent frame, times 2^(−2·exponent). A louder frame raises it at once;
    /// it falls by 2⁴ in a half-life.
    pub loudness: T,
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
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(M > 0 && K > 0, "a dictionary needs at least one feature and one component") };
        Self {
            w: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; M]; K])),
            gram: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; K]; K])),
            scale: SVector::from_array_storage(ArrayStorage([[T::ZERO; K]; 1])),
            a: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; K]; K])),
            b: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; M]; K])),
            loudness: T::ZERO,
            exponent: 0,
            next: 0,
            half_life: T::ZERO,
            retention: T::ZERO,
        }
    }

    /// Starts over from a dictionary, each part of which counts for a frame ([`Online::trust`](crate::Online::trust)). Zero columns are learnt
    /// from the first frames.
    ///
    /// # Errors
    ///
    /// [`Error::InitialW`] for the first entry that is negative or not finite, [`Error::PartSize`]
    /// for the first column that is not zero and whose length is not between 2⁻⁴⁷ and 2⁴⁷ (f32:
    /// 7e-15 … 1.4e14), 2⁻³⁸³ and 2³⁸³ (f64). The state is then as it was.
    pub fn reset(&mut self, w: &SMatrix<T, M, K>) -> Result<(), Error> {
        for (column, values) in w.data.0.iter().enumerate() {
            if let Some(row) = values.iter().position(|&value| !(value >= T::ZERO && value.is_finite())) {
                return Err(Error::InitialW { row, column });
            }
        }
        for (component, values) in w.data.0.iter().enumerate() {
            let length = kernel::length(values);
            if length > T::ZERO && !is_usable(length) {
                return Err(Error::PartSize { component });
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
        self.loudness = T::ZERO;
        self.next = 0;
    }

    /// Puts the components in the order of an earlier dictionary and gives every part the length it
    /// had there, as [`Factors::align_to`](crate::Factors::align_to); statistics follow. A part
    /// whose earlier length is out of the range of [`reset`](OnlineState::reset) keeps its own.
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
            if *scale > T::ZERO && is_usable(length) {
                for w in w {
                    *w *= *scale * length;
                }
                *scale = T::ONE / length;
            }
        }
        alignment
    }

    pub(super) fn dictionary(&self) -> Dictionary<'_, T, M, K> {
        Dictionary { w: &self.w.data.0, weights: None, gram: &self.gram.data.0, scale: first(&self.scale) }
    }

    /// Largest A_kk.
    fn memory(&self) -> T {
        self.a.data.0.iter().enumerate().fold(T::ZERO, |most, (k, a)| most.at_least(a[k]))
    }

    /// Brings the statistics to the scale of a frame whose largest entry is below 2^`exponent`.
    pub(super) fn follow(&mut self, exponent: i32) {
        // Whatever a state that was put together by hand holds.
        self.exponent = self.exponent.clamp(T::MIN_EXPONENT, -T::MIN_EXPONENT);
        let memory = self.memory();
        if !(memory > T::ZERO) {
            self.exponent = exponent;
            self.loudness = T::ZERO;
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
            self.loudness = self.loudness * step * step;
            for value in self.a.data.0.as_flattened_mut() {
                *value = *value * step * step;
            }
            for value in self.b.data.0.as_flattened_mut() {
                *value = *value * step * step;
            }
        }
    }

    /// Fades the statistics and adds the frame to those of the components in `y`. A part without a
    /// past has been seen in `trust` frames like this one; of one that is made of this frame,
    /// `revived`, the frame itself counts for as many.
    ///
    /// Returns what no A_kk can exceed that is made of frames as loud as the recent ones. What is
    /// above it is left of louder ones: the part then counts as one of a first dictionary.
    /// Otherwise a sensor that was stuck at full scale would outweigh the frames behind it for as
    /// many half-lives as its energy has more binary digits, and its parts would stay for good
    /// where they fall silent.
    pub(super) fn fold(&mut self, x: &[T; M], y: &[T; K], trust: T, revived: Option<usize>) -> T {
        let frames = T::exp2i(FRAMES);
        let trust = if trust > frames { frames } else { trust.positive() };
        let inward = T::exp2i(-self.exponent);
        let energy = y.iter().fold(T::ZERO, |sum, &y| sum + y * y);
        let kept = energy * T::from_count(MEMORY);
        let squared = self.retention * self.retention;
        self.loudness = (self.loudness * squared * squared).at_least(energy);
        let lost = T::ONE - self.retention;
        // Σ retentionⁿ.
        let lasting = if lost * frames > T::ONE { T::ONE / lost } else { frames };
        let most = self.loudness * (trust + lasting) * T::exp2i(UNEVEN);
        let columns = self.a.data.0.iter_mut().zip(&mut self.b.data.0);
        for (k, ((a, b), &amount)) in columns.zip(y).enumerate() {
            let fades = a[k] > kept;
            if !(amount > T::ZERO || fades) {
                continue;
            }
            let retention = if fades { self.retention } else { T::ONE };
            let left = a[k] > most;
            if left {
                (*a, *b) = ([T::ZERO; K], [T::ZERO; M]);
            }
            let frames = if left { trust.at_least(T::ONE) } else { trust };
            if a[k] == T::ZERO && frames > T::ZERO {
                // Of the size of its share: a trace of it does not decide what the part looked like.
                let share = if revived == Some(k) { T::ZERO } else { energy / T::from_count(K) };
                let past = frames * share.at_least(amount * amount);
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
        most
    }

    /// Sets component `k` to its non-negative minimiser. Returns the squared distance it moved, at
    /// unit length; none if there is nothing to improve it by. `most`: as [`fold`](Self::fold)
    /// returns it.
    pub(super) fn improve(&mut self, k: usize, most: T) -> Option<T> {
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
        // The part was longer than 1 by `length`: so much more was there of it in the frames. But
        // not more than there was of anything. Where a penalty or rounding has left next to nothing
        // of its amounts they stay as they are, and only the direction counts.
        let grown = if energy * length * length <= most { length } else { T::ONE };
        for (q, a) in self.a.data.0.iter_mut().enumerate() {
            let Some(&own) = a.get(q) else { continue };
            let Some(entry) = a.get_mut(k) else { continue };
            let value = *entry * grown;
            // By Cauchy and Schwarz no more is possible. A silent component does not fade: without
            // the bound its products with k would grow for ever.
            if q == k || value * value <= own * most {
                *entry = value;
            }
            if q == k {
                for value in a {
                    *value *= grown;
                }
            }
        }
        for b in kernel::rolled_mut(self.b.data.0.get_mut(k)?) {
            *b *= grown;
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
    pub(super) fn bury(&mut self, k: usize) {
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
    pub(super) fn revive(&mut self, k: usize, x: &[T; M], h: &[T; K], exponent: i32) -> bool {
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

/// Whether a part may have this length.
fn is_usable<T: Real>(length: T) -> bool {
    length >= T::exp2i(-lengths::<T>()) && length <= T::exp2i(lengths::<T>())
}

impl<T: Real, const M: usize, const K: usize> Default for OnlineState<T, M, K> {
    fn default() -> Self {
        Self::new()
    }
}
