//! A dictionary in integers: [`QuantizedDictionary`].
//!
//! Column k of W is w_k ≈ q_k·‖w_k‖/‖q_k‖ with integers q_k whose largest is that of their type: a direction of its own precision, and
//! a length. Everything a frame needs besides, the Gram of the directions and 1/‖q_k‖, follows from the integers by integer
//! arithmetic, on the host, on the device or at compile time, always with the same bits.

use nalgebra::SMatrix;

use super::arithmetic::{UNIT, bits, moved, mul30};
use super::entry::{Entry, sealed};
use super::error::Unquantizable;
use crate::dictionary::prepare;
use crate::scalar::Real;

/// Largest number of features: an amount has 24 bits before the point at most, and Σ q_k stays below 2³⁰.
const MOST_FEATURES: usize = 1 << 15;
/// With more than half as many components as there may be: 23 bits.
const MOST_FEATURES_OF_MANY: usize = 1 << 13;
/// Largest number of components: each costs bits of an amount, and has one in a word.
const MOST_COMPONENTS: usize = 32;

/// A dictionary of `i16` or `i8` for [`IntegerEncoder`](super::IntegerEncoder), its Gram and its lengths.
///
/// # Shapes
///
/// M features × K components, M ≤ 32768, K ≤ 32, M ≤ 8192 for K > 16; entries ≥ 0. Zero columns are allowed and never take part. Bytes: M·K entries, 4K² for the Gram, 8K for
/// the lengths, 12.
///
/// # Notes
///
/// Everything is computed from the entries with integers, so a `const` or `static` made by `new` costs neither RAM nor time at start, and a
/// dictionary that was quantised on a device has the bits of one that was quantised on the host.
///
/// # Example
///
/// ```
/// use tinynmf::integer::{IntegerEncoder, QuantizedDictionary};
/// use tinynmf::nalgebra::SMatrix;
///
/// static W: QuantizedDictionary<i16, 4, 2> =
///     QuantizedDictionary::<i16, 4, 2>::new(&[[32767, 0, 0, 0], [0, 0, 16384, 32767]], &[1.0, 0.5]);
///
/// let w = SMatrix::<f32, 4, 2>::new(1., 0., 0., 0., 0., 2., 0., 1.);
/// let quantized = QuantizedDictionary::<i16, 4, 2>::quantize(&w).unwrap();
/// let loss = quantized.loss(&w);
/// assert!(loss.column < 2e-5 && loss.gram < 2e-5);
/// let mut h = [0; 2];
/// IntegerEncoder::new(&W).encode(&[100_i16, 0, 0, 0], &mut h);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedDictionary<I, const M: usize, const K: usize> {
    /// By features: one load of x serves all components.
    pub(super) rows: [[I; K]; M],
    /// ⟨q_k, q_j⟩/(‖q_k‖‖q_j‖), [`UNIT`] bits after the point; zero rows for zero columns.
    pub(super) gram: [[i32; K]; K],
    /// 2^exponent/‖q_k‖, [`UNIT`] bits after the point, at most 1; 0 for a zero column.
    pub(super) inverse: [i32; K],
    /// ⌊log₂⌋ of the smallest ‖q_k‖.
    pub(super) exponent: i32,
    /// The largest Σ_i q_ik.
    pub(super) sum: i32,
    /// At least 1, and above the largest 2^exponent·Σ_i q_ik/‖q_k‖: with max|x_i| that bounds every
    /// cross product.
    pub(super) gain: i32,
    /// 1/‖w_k‖, 0 for a zero column.
    pub(super) scale: [f32; K],
}

/// What quantising a dictionary costs, see [`QuantizedDictionary::loss`]. All relative; Ŵ is the quantised W.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct QuantizationLoss<T> {
    /// The largest ‖w_k − ŵ_k‖/‖w_k‖.
    pub column: T,
    /// The largest change of an entry of the Gram of unit-length columns.
    pub gram: T,
    /// √Σ(‖w_k − ŵ_k‖/‖w_k‖)². The smallest residual with Ŵ is at most this share of ‖x‖ above the one with W: for non-negative parts
    /// ‖(W − Ŵ)h‖ ≤ Σ‖w_k − ŵ_k‖h_k ≤ this·‖Wh‖ at any h ≥ 0, and ‖Wh‖ ≤ ‖x‖ at the best one.
    pub residual: T,
}

impl<I: Entry, const M: usize, const K: usize> QuantizedDictionary<I, M, K> {
    /// No part at all, to [`assign`](Self::assign) to: what a `static` in RAM starts with.
    #[must_use]
    pub const fn zeros() -> Self {
        const {
            assert!(M > 0 && K > 0, "a dictionary needs at least one feature and one component");
            assert!(M <= MOST_FEATURES, "sums over more than 32768 features may overflow");
            assert!(
                M <= MOST_FEATURES_OF_MANY || 2 * K <= MOST_COMPONENTS,
                "an integer dictionary of more than 16 components has at most 8192 features"
            );
            assert!(K <= MOST_COMPONENTS, "an integer dictionary has at most 32 components");
        };
        Self {
            rows: [[I::ZERO; K]; M],
            gram: [[0; K]; K],
            inverse: [0; K],
            exponent: 0,
            sum: 0,
            gain: 1,
            scale: [0.0; K],
        }
    }

    /// Quantises W: the largest entry of each column becomes the largest integer, the others are rounded to the nearest.
    ///
    /// # Errors
    ///
    /// The first entry that is not finite or negative, or the first column whose length f32 cannot hold; see [`Unquantizable`].
    ///
    /// # Cost
    ///
    /// M·K(K + 1)/2 multiply-adds each in `T` and in integers, K divisions and roots; not meant for every frame.
    pub fn quantize<T: Real>(w: &SMatrix<T, M, K>) -> Result<Self, Unquantizable> {
        let mut dictionary = Self::zeros();
        dictionary.assign(w)?;
        Ok(dictionary)
    }

    /// As [`quantize`](Self::quantize), in place: for a dictionary in RAM that is learnt anew now and then. After an error it is as it was.
    ///
    /// # Errors
    ///
    /// Those of [`quantize`](Self::quantize).
    pub fn assign<T: Real>(&mut self, w: &SMatrix<T, M, K>) -> Result<(), Unquantizable> {
        for (column, w) in w.data.0.iter().enumerate() {
            for (row, &w) in w.iter().enumerate() {
                if !w.is_finite() {
                    return Err(Unquantizable::NonFinite { row, column });
                }
                if w < T::ZERO {
                    return Err(Unquantizable::Negative { row, column });
                }
            }
        }
        let (mut gram, mut lengths) = ([[T::ZERO; K]; K], [T::ZERO; K]);
        prepare(&w.data.0, None, &mut gram, &mut lengths);
        let mut scale = [0.0; K];
        for (column, (scale, &length)) in scale.iter_mut().zip(&lengths).enumerate() {
            let part = w.data.0.get(column);
            let empty = part.is_some_and(|part| part.iter().all(|&w| w == T::ZERO));
            *scale = single(length);
            let normal = scale.is_normal() && (1.0 / *scale).is_normal();
            if !(normal || empty && *scale == 0.0) {
                return Err(Unquantizable::Length { column });
            }
        }
        self.scale = scale;
        for (k, w) in w.data.0.iter().enumerate() {
            let largest = w.iter().fold(T::ZERO, |largest, &w| largest.at_least(w));
            for (row, &w) in self.rows.iter_mut().zip(w) {
                let value = if largest > T::ZERO { nearest(w / largest * T::from_i32(I::MAX)) } else { 0 };
                if let Some(entry) = row.get_mut(k) {
                    *entry = I::from_i32(value);
                }
            }
        }
        I::prepare(self);
        Ok(())
    }

    /// What of `w` is lost in this dictionary.
    ///
    /// # Cost
    ///
    /// As [`quantize`](Self::quantize).
    pub fn loss<T: Real>(&self, w: &SMatrix<T, M, K>) -> QuantizationLoss<T> {
        let (mut exact, mut gram) = ([[T::ZERO; K]; K], [[T::ZERO; K]; K]);
        let (mut lengths, mut scale) = ([T::ZERO; K], [T::ZERO; K]);
        prepare(&w.data.0, None, &mut exact, &mut lengths);
        let mut columns = [[T::ZERO; M]; K];
        for (k, column) in columns.iter_mut().enumerate() {
            for (entry, row) in column.iter_mut().zip(&self.rows) {
                *entry = T::from_i32(row.get(k).map_or(0, |&q| q.into()));
            }
        }
        prepare(&columns, None, &mut gram, &mut scale);
        let mut loss = QuantizationLoss { column: T::ZERO, gram: T::ZERO, residual: T::ZERO };
        for k in 0..K {
            let mut change = T::ZERO;
            for (&w, &q) in w.data.0[k].iter().zip(&columns[k]) {
                let difference = w * lengths[k] - q * scale[k];
                change += difference * difference;
            }
            loss.residual += change;
            loss.column = loss.column.at_least(change.sqrt());
            for j in 0..K {
                loss.gram = loss.gram.at_least((exact[k][j] - gram[k][j]).abs());
            }
        }
        loss.residual = loss.residual.sqrt();
        loss
    }

    /// Entry q of feature `i` in component `k`; 0 outside.
    pub fn entry(&self, i: usize, k: usize) -> i32 {
        self.rows.get(i).and_then(|row| row.get(k)).map_or(0, |&q| q.into())
    }

    /// The Gram of the columns at unit length, 30 bits after the point; zero rows for zero columns.
    pub fn gram(&self) -> &[[i32; K]; K] {
        &self.gram
    }

    /// 1/‖w_k‖ for every component, 0 for a zero column.
    pub fn scale(&self) -> &[f32; K] {
        &self.scale
    }
}

impl<const M: usize, const K: usize> QuantizedDictionary<i16, M, K> {
    /// Makes the positive entries of `part` column `k`, the largest of them 15 bits long, by a shift to the right that is returned; None for
    /// a zero column. Whatever follows from the entries is left to the caller.
    pub(super) fn set(&mut self, k: usize, part: impl Iterator<Item = i32> + Clone) -> Option<i32> {
        let largest = part.clone().fold(0, i32::max);
        let shift = bits(largest.unsigned_abs()) - 15;
        for (row, value) in self.rows.iter_mut().zip(part) {
            row[k] = sealed::Sealed::from_i32(moved(value.max(0), -shift));
        }
        (largest > 0).then_some(shift)
    }
}

/// The integer next to a value in [0, 2¹⁵], halves to the even one.
fn nearest<T: Real>(value: T) -> i32 {
    // Added to it, the last bit of the sum is worth 1.
    let (point, mask) = if T::BYTES == 4 { (23, 0x007f_ffff) } else { (52, 0x7fff_ffff) };
    ((T::exp2i(point) + value).bits() & mask) as i32
}

/// The nearest f32.
fn single<T: Real>(value: T) -> f32 {
    if T::BYTES == 4 { f32::from_bits(value.bits() as u32) } else { f64::from_bits(value.bits()) as f32 }
}

/// A root: that of 2^(2·the first), in [2³⁰, 2³¹].
pub(super) type Root = (u32, u32);

/// Twice the shift that brings a sum of squares into [2⁶⁰, 2⁶²), halved; and the root of what it becomes.
pub(super) const fn root(square: u64) -> Root {
    if square == 0 {
        return (0, 0);
    }
    // Sums of squares are below 2⁴⁵.
    let shift = (square.leading_zeros() - 2) / 2;
    let square = square << (2 * shift);
    let root = square.isqrt();
    // To the nearest: (root + ½)² = root² + root + ¼.
    (shift, (if square - root * root > root { root + 1 } else { root }) as u32)
}

/// product/(‖a‖‖b‖) with [`UNIT`] bits after the point, rounded; `a` and `b` as [`root`] gives them.
const fn cosine(product: u64, a: Root, b: Root) -> i32 {
    if a.1 == 0 || b.1 == 0 {
        return 0;
    }
    let product = product << (a.0 + b.0);
    // In two digits to the base 2³¹: every step stays below 2⁶⁴.
    let (length, other) = (a.1 as u64, b.1 as u64);
    let (whole, rest) = (product / length, product % length);
    let quotient = ((whole << 31) + (rest << 31) / length) / other;
    let value = (quotient + 1) >> 1;
    if value > 1 << UNIT { 1 << UNIT } else { value as i32 }
}

macro_rules! entry {
    ($t:ty, $bits:literal) => {
        impl Entry for $t {
            const NAME: &'static str = stringify!($t);
            const MAX: i32 = <$t>::MAX as i32;
            const BITS: i32 = $bits;
            const ZERO: Self = 0;
        }

        impl sealed::Sealed for $t {
            fn from_i32(value: i32) -> Self {
                value.clamp(0, Self::MAX as i32) as Self
            }

            fn prepare<const M: usize, const K: usize>(dictionary: &mut QuantizedDictionary<Self, M, K>) {
                dictionary.prepare();
            }
        }

        impl<const M: usize, const K: usize> QuantizedDictionary<$t, M, K> {
            /// A dictionary from its entries, one column after the other, and 1/‖w_k‖, as
            /// [`write_source`](QuantizedDictionary::write_source) writes them. Everything else is
            /// computed, in a `const` or `static` at compile time. Negative entries count as 0; a
            /// column whose largest entry is below half of the largest integer is doubled until it
            /// is not. A zero column has no length: its scale counts as 0.
            #[must_use]
            pub const fn new(columns: &[[$t; M]; K], scale: &[f32; K]) -> Self {
                let mut dictionary = Self::zeros();
                let mut k = 0;
                while k < K {
                    let (mut i, mut all) = (0, 0);
                    while i < M {
                        let entry = columns[k][i];
                        dictionary.rows[i][k] = if entry > 0 { entry } else { 0 };
                        all |= dictionary.rows[i][k];
                        i += 1;
                    }
                    let shift = if all > 0 { all.leading_zeros() - 1 } else { 0 };
                    i = 0;
                    while i < M {
                        dictionary.rows[i][k] <<= shift;
                        i += 1;
                    }
                    dictionary.scale[k] = if all > 0 { scale[k] } else { 0.0 };
                    k += 1;
                }
                dictionary.prepare();
                dictionary
            }

            /// Everything that follows from the entries.
            const fn prepare(&mut self) {
                self.prepare_component(K, &mut [(0, 0); K]);
            }

            /// What follows from the entries of component `changed`, if nothing else has changed since the rest was prepared; of all
            /// components for K. `roots`: the lengths.
            pub(super) const fn prepare_component(&mut self, changed: usize, roots: &mut [Root; K]) {
                let mut k = 0;
                self.exponent = 0;
                let mut first = true;
                while k < K {
                    if changed == K || changed == k {
                        roots[k] = root(self.inner(k, k));
                    }
                    if roots[k].1 > 0 {
                        // ‖q‖ = root/2^shift with root in [2³⁰, 2³¹).
                        let exponent = UNIT as i32 - roots[k].0 as i32;
                        if first || exponent < self.exponent {
                            self.exponent = exponent;
                        }
                        first = false;
                    }
                    k += 1;
                }
                k = 0;
                (self.sum, self.gain) = (0, 0);
                while k < K {
                    let (shift, root) = (roots[k].0, roots[k].1 as u64);
                    self.inverse[k] = 0;
                    if root > 0 {
                        // 2^exponent/‖q‖ is 2^(exponent + shift) over the root, and exponent + shift ≤ 30.
                        let one = 1_u64 << (self.exponent + shift as i32 + UNIT as i32);
                        self.inverse[k] = ((one + root / 2) / root) as i32;
                    }
                    let mut j = 0;
                    while j < k {
                        if changed == K || changed == k || changed == j {
                            let value = cosine(self.inner(k, j), roots[k], roots[j]);
                            (self.gram[k][j], self.gram[j][k]) = (value, value);
                        }
                        j += 1;
                    }
                    self.gram[k][k] = if root > 0 { 1 << UNIT } else { 0 };
                    let (mut sum, mut i) = (0, 0);
                    while i < M {
                        sum += self.rows[i][k] as i32;
                        i += 1;
                    }
                    let gain = mul30(sum, self.inverse[k]) + 1;
                    self.sum = if sum > self.sum { sum } else { self.sum };
                    self.gain = if gain > self.gain { gain } else { self.gain };
                    k += 1;
                }
            }

            /// Σ_i q_ik·q_ij, below 2⁴⁵.
            const fn inner(&self, k: usize, j: usize) -> u64 {
                let (mut sum, mut i) = (0, 0);
                while i < M {
                    let row = &self.rows[i];
                    sum += (row[k] as i32 * row[j] as i32) as u64;
                    i += 1;
                }
                sum
            }
        }
    };
}

entry!(i16, 15);
entry!(i8, 7);
