//! Frames of counts in a dictionary of integers: [`IntegerEncoder`].

use core::marker::PhantomData;

use super::active_set::{Solution, solve};
use super::arithmetic::{UNIT, bits, long_bits, shift_by};
use super::dictionary::QuantizedDictionary;
use super::entry::{Count, Entry};
use super::factor::Factor;
use super::frame::energy;
use super::guess::descend;
use crate::nnls::NnlsStatus;
use crate::scalar::Real;

/// Passes of coordinate descent that guess the active set; exact least squares does the rest. Digits, K 8, on a Cortex-M0: with five
/// 16 000 instructions in the median and 33 600 in the worst frame, with six 16 600 and 31 300, with eight 17 300 and 29 700.
const PASSES: u32 = 6;

/// Explains frames of counts by a dictionary of integers: h ≥ 0 with the smallest ‖x − Wh‖, without a floating-point operation.
///
/// Minimises ½‖x − Σ h_k q_k/‖q_k‖‖² over h ≥ 0, where q_k are the integer columns of a [`QuantizedDictionary`]: h_k is the
/// **amount** of component k, the coefficient of its direction at unit length, in counts. In fixed point:
/// `h[k]` / 2^[`binary_point`](IntegerEncoder::binary_point). `h[k]` · [`unit`](IntegerEncoder::unit)`(k)` is the coefficient of W.
///
/// # Shapes
///
/// x: M counts of `u8`, `i16` or `u16`, any of them; h: K. The type of the counts is that of the encoder: it sets the binary point.
///
/// # Cost
///
/// A frame: M·K short multiply-adds, fewer where counts are 0; 6K² short ones for a guess of the active set; products of 30 bits for a active
/// components: a³/6 to factor their Gram, a² for a solve and a·K for the gradient after it. A component that enters or leaves costs a
/// solve, a gradient, and the rows of the factor behind it: [`nnls::bound`](crate::nnls::bound)`(K)` solves at most, one or two typically. No
/// division. Stack: K² half words and 4K words, and saved registers: 424 bytes for K = 8 on a Cortex-M3.
///
/// # Notes
///
/// Exact to the reported number of LSBs ([`IntegerEncoding::kkt`]): for [`NnlsStatus::Optimal`] at most 3⌊K/2⌋ + 10 if the lengths ‖q_k‖
/// are within a factor of K of each other, as they are after `quantize` for M ≤ K²; on real frames some 6. No frame leaves the range;
/// [`no_fpu`](crate::no_fpu) has the proof. Cold: the same frame gives the same code, whatever came before.
/// A zero frame, and a frame of which every part disagrees, gives h = 0. Of equal columns the residual is still the smallest, and h one of
/// several solutions.
///
/// # Example
///
/// ```
/// use tinynmf::integer::{IntegerEncoder, QuantizedDictionary};
/// static W: QuantizedDictionary<i16, 4, 2> =
///     QuantizedDictionary::<i16, 4, 2>::new(&[[30000, 0, 30000, 0], [0, 30000, 0, 0]], &[0.5, 1.0]); // 1/‖w_k‖
/// static ENCODER: IntegerEncoder<'static, i16, i16, 4, 2> = IntegerEncoder::new(&W);
///
/// let mut h = [0; 2];
/// let encoding = ENCODER.encode(&[300, 50, 300, 7], &mut h);
/// let lsb = f64::from(-ENCODER.binary_point()).exp2();
/// assert!((f64::from(h[0]) * lsb - 300.0 * 2_f64.sqrt()).abs() < 0.01);
/// assert!((f64::from(h[1]) * lsb - 50.0).abs() < 0.01);
/// assert_eq!((encoding.residual_squared, encoding.energy), (49, 182_549)); // the 7: nothing else is left
/// ```
///
/// # References
///
/// C. L. Lawson, R. J. Hanson, Solving Least Squares Problems, 1974, chapter 23.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerEncoder<'q, C, I, const M: usize, const K: usize> {
    dictionary: &'q QuantizedDictionary<I, M, K>,
    /// The largest peak with which no sum over a frame leaves 32 bits.
    whole: i32,
    /// What the rounding of 1/‖q‖ adds to [`OFF`](Self::OFF); as much again where bits of sums are dropped.
    coarse: i32,
    point: i32,
    counts: PhantomData<C>,
}

/// What [`IntegerEncoder::encode`] found out about a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IntegerEncoding {
    /// [`NnlsStatus::Optimal`], or [`NnlsStatus::Bound`] where columns are so alike that fixed point resolves no more descent: h is feasible
    /// and the best found, `kkt` says how good.
    pub status: NnlsStatus,
    /// ‖x − Wh‖², in counts², to K·1.5e-7 of the energy in all tests, some 1e-8 on real frames, and to 2 counts².
    pub residual_squared: u64,
    /// ‖x‖², in counts², exact.
    pub energy: u64,
    /// At most so many LSBs of an amount violate the optimality conditions: |g_k| where h_k > 0, max(0, g_k) where h_k = 0, with g_k =
    /// ⟨q_k, x − Wh⟩/‖q_k‖. A bound that holds for the integers that are returned, rounding included.
    pub kkt: u32,
    /// Triangular solves done, at most [`nnls::bound`](crate::nnls::bound) of K.
    pub solves: u32,
    /// Components with a positive amount.
    pub active: usize,
}

impl IntegerEncoding {
    /// ‖x − Wh‖ / ‖x‖, 0 for a zero frame: a novelty score. Takes a division and a root in `T`; without floats compare
    /// `residual_squared` with a share of `energy`.
    pub fn relative_residual<T: Real>(&self) -> T {
        let shift = self.energy.leading_zeros();
        let top = |value: u64| T::from_i32(((value << shift) >> 33) as i32);
        // An energy of 0 has a residual of 0.
        if self.energy == 0 { T::ZERO } else { (top(self.residual_squared) / top(self.energy)).sqrt() }
    }
}

impl<'q, C: Count, I: Entry, const M: usize, const K: usize> IntegerEncoder<'q, C, I, M, K> {
    /// Bits that a cross product may have: room for the sum of K of them and one more.
    const TOP: i32 = Factor::<K>::WIDTH - 1;

    /// What a gradient is off by at most, in units of a cross product: half a unit for every component and one for their last bit, one for the cross
    /// product, and less than one for the Gram.
    const OFF: i32 = K as i32 / 2 + 3;

    /// Gradient that counts as zero: twice that, since a step is as inexact.
    const ZERO: i32 = 2 * Self::OFF;

    /// An encoder for frames of `C`. A few instructions; in a `static`, none.
    #[must_use]
    pub const fn new(dictionary: &'q QuantizedDictionary<I, M, K>) -> Self {
        // A zero dictionary has no sum that could overflow.
        let sum = if dictionary.sum > 0 { dictionary.sum } else { 1 };
        let (mut smallest, mut k) = (1 << UNIT, 0);
        while k < K {
            let inverse = dictionary.inverse[k];
            smallest = if inverse > 0 && inverse < smallest { inverse } else { smallest };
            k += 1;
        }
        // Of the longest column 1/‖q‖ has the fewest bits: its rounding is at most so many units of a cross product, half a unit if
        // that is 0, and a unit of a sum of 32 bits is as much.
        let excess = Self::TOP - bits(smallest.cast_unsigned());
        let coarse = if excess >= 0 { 1 << excess } else { 0 };
        let point = Self::TOP + dictionary.exponent - long_bits(dictionary.gain as u64 * C::PEAK as u64);
        Self { dictionary, whole: i32::MAX / sum, coarse, point, counts: PhantomData }
    }

    /// Bits after the point of an amount: `h[k]` = 1 means 2^−binary_point counts. At least 1, and chosen so that no frame leaves the range: the
    /// more, the narrower the counts.
    pub const fn binary_point(&self) -> i32 {
        self.point
    }

    /// The code of one frame. `h` is overwritten.
    pub fn encode(&self, x: &[C; M], h: &mut [i32; K]) -> IntegerEncoding {
        let (energy, peak) = energy(x);
        let (mut b, mut g) = ([0; K], [0; K]);
        let shift = self.dictionary.cross(x, peak, self.whole, &mut b);
        let point = self.dictionary.level(shift, Self::TOP, &mut b);
        let gram = &self.dictionary.gram;
        let excess = (point - self.point).max(0);
        descend(gram, &b, PASSES, h);
        let Solution { violation, solves } = solve(gram, &b, h, &mut g, Self::ZERO);
        // To the nearest. No frame has a point below that of the encoder, which is at least 1.
        let explained = ((explained(&b, h, &g) >> (2 * point - 1).clamp(0, 63)) + 1) >> 1;
        let residual_squared = energy.saturating_sub(explained);
        let status = if violation <= Self::ZERO { NnlsStatus::Optimal } else { NnlsStatus::Bound };
        // What the gradient may be off by, and what rounding the amounts adds.
        let rounding = if excess > 0 { K as i32 / 2 + 2 } else { 1 };
        let off = Self::OFF + if shift > 0 { 2 * self.coarse } else { self.coarse };
        let kkt = (((violation + off) >> excess.min(31)) + rounding).unsigned_abs();
        shift_by(h, -excess);
        let active = h.iter().filter(|&&h| h > 0).count();
        IntegerEncoding { status, residual_squared, energy, kkt, solves, active }
    }

    /// The dictionary.
    pub fn dictionary(&self) -> &'q QuantizedDictionary<I, M, K> {
        self.dictionary
    }

    /// What an amount of 1 LSB is as a coefficient of W, for component `k`: `h[k]` · unit(k) is h_k of x ≈ Wh. 0 for a zero column.
    pub fn unit(&self, k: usize) -> f32 {
        self.dictionary.scale.get(k).map_or(0.0, |&scale| scale * f32::exp2i(-self.point))
    }
}

/// Σ y_k(b_k + g_k) = ‖x‖² − ‖x − Wh‖², in units of b squared.
#[inline(never)]
fn explained<const K: usize>(b: &[i32; K], y: &[i32; K], g: &[i32; K]) -> u64 {
    let mut sum = 0;
    for ((&y, &b), &g) in y.iter().zip(b).zip(g) {
        if y > 0 {
            sum += i64::from(y) * i64::from(b + g);
        }
    }
    sum.max(0).unsigned_abs()
}
