//! The sealed scalar trait [`Real`]. The only module that names `libm`.
//!
//! Everything above works with `+ − × ÷ √` (and, for one loss, a logarithm) on one type, so the bits of a result are the same on every target: no fused
//! multiply-add, no `std` float method, no second floating-point type in an expression.

use core::fmt::{Debug, Display, LowerExp};
use core::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A scalar the solvers compute with: `f32` or `f64`.
///
/// Sealed. The constants are the tolerances of the numerics, one value per precision; each says what it is relative to.
///
/// # Example
///
/// ```
/// use tinynmf::Real;
/// assert_eq!(f32::exp2i(-3), 0.125);
/// assert_eq!(Real::exponent(0.3_f64), -2); // 2⁻² ≤ 0.3 < 2⁻¹
/// ```
pub trait Real:
    sealed::Sealed
    + Copy
    + PartialEq
    + PartialOrd
    + Default
    + Debug
    + Display
    + LowerExp
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
{
    /// What the language calls it.
    const NAME: &'static str;
    /// Bytes it takes.
    const BYTES: usize;
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// ½.
    const HALF: Self;
    /// 2.
    const TWO: Self;
    /// +∞, the "no value yet" of running minima.
    const INFINITY: Self;
    /// Smallest exponent `e` for which 2^e is a normal number.
    const MIN_EXPONENT: i32;
    /// Largest exponent `e` for which 2^e is finite.
    const MAX_EXPONENT: i32;
    /// Smallest diagonal entry of a Gram that is divided by; below, the component counts as zero.
    ///
    /// Far above the smallest normal number, so that the reciprocal and its products stay finite.
    const TINY: Self;
    /// Pivot of a unit-diagonal Cholesky factor below which a column counts as linearly dependent, and the relative
    /// ridge it then gets. A few dozen units in the last place: above the rounding noise of a Gram, below real structure.
    const RIDGE: Self;
    /// Gradient, relative to the largest cross product of the unit-diagonal system, that exact NNLS accepts as zero.
    const OPTIMAL: Self;
    /// Energy ‖w‖²‖h‖² relative to ‖X‖² at or below which a component is dead.
    const DEAD: Self;
    /// Squared relative error below which nothing is left that a revived component could explain.
    const EXPLAINED: Self;
    /// Squared relative error below which the rounding of the row-wise form inside a sweep decides
    /// comparisons (relative error 1e-2 in f32, 1e-7 in f64): the direct residual takes its place.
    /// At 1e-3 the row-wise form is off by up to 3 % in f32, and sweeps that gain less would be
    /// taken back.
    const ROW_WISE: Self;
    /// Squared relative error that is below the resolution of the scalar (relative error 1e-6 in f32, 1e-14 in f64).
    const FLOOR: Self;
    /// Decrease of the squared relative error that is rounding.
    const NO_DECREASE: Self;
    /// Default of [`Stop::rel_tol`](crate::Stop::rel_tol), 1e-4.
    const REL_TOL: Self;
    /// Share of the first pass's squared step below which further passes over a vector are not worth their cost, 0.01.
    const PASS_RATIO: Self;
    /// Energy of a row, relative to the mean, below which Kaczmarz never projects on it, 1e-4.
    const FAINT: Self;
    /// Default of [`Kaczmarz::decay`](crate::Kaczmarz::decay), 0.1.
    const DECAY: Self;
    /// Share of the squared error by which a sweep of Kaczmarz must lower it to keep its relaxation, 0.02.
    const PROGRESS: Self;
    /// Added to the lengths that a joint Kaczmarz step divides by, relative to the mean square of the factors: 1e-6.
    const JOINT: Self;
    /// The golden ratio less 1: multiples of it, taken modulo 1, cover [0, 1) evenly however many there are.
    const GOLDEN: Self;
    /// Ridge of a block of Kaczmarz rows, relative to the diagonal, 1e-3.
    const BLOCK_RIDGE: Self;
    /// Ridge of [`RandomAls::masked`](crate::RandomAls::masked) and its like, 0.1.
    const MASKED: Self;
    /// Default of [`Online::half_life`](crate::Online::half_life), 69 frames: each fades to 0.99 of what it was.
    const HALF_LIFE: Self;
    /// ln 2.
    const LN_2: Self;
    /// log₁₀ 2.
    const LOG10_2: Self;
    /// Half the distance from 1 to the next number: what one rounding is off by at most,
    /// relatively.
    const ROUNDOFF: Self;
    /// Squared relative residual below which the rounding of a cross product is a large part of
    /// what is left of a frame (relative residual 1e-3 in f32, 1e-7 in f64).
    const NEARLY: Self;
    /// β₀ = ½, η = 1.5, γ = 1.05, γ̄ = 1.01 of the extrapolation (Ang & Gillis 2019).
    const MOMENTUM: [Self; 4];

    /// Square root, correctly rounded.
    #[must_use]
    fn sqrt(self) -> Self;
    /// ln(1 + self), within an ulp.
    #[must_use]
    fn ln_1p(self) -> Self;
    /// Magnitude.
    #[must_use]
    fn abs(self) -> Self;
    /// True unless infinite or NaN.
    fn is_finite(self) -> bool;
    /// ⌊log₂|self|⌋ from the exponent field; subnormal numbers and 0 give [`MIN_EXPONENT`](Real::MIN_EXPONENT) − 1.
    fn exponent(self) -> i32;
    /// 2^e exactly, with `e` clamped to the normal range.
    fn exp2i(e: i32) -> Self;
    /// The nearest value to a count (frames, features).
    fn from_count(n: usize) -> Self;
    /// Exact for `i16` and `u8`, the raw formats of analogue-to-digital converters.
    fn from_i32(n: i32) -> Self;
    /// Uniform in [0, 1) from the top 24 (f32) or 53 (f64) of 64 random bits.
    fn unit(bits: u64) -> Self;
    /// The representation, zero-extended: what digests hash.
    fn bits(self) -> u64;

    /// The larger value; `self` if `other` is NaN.
    #[must_use]
    fn at_least(self, other: Self) -> Self {
        if other > self { other } else { self }
    }
    /// `max(0, self)`; 0 if `self` is NaN.
    #[must_use]
    fn positive(self) -> Self {
        if self > Self::ZERO { self } else { Self::ZERO }
    }
}

/// `y`·`scale`·`outward`, in the order in which no product leaves the range unless the result does.
pub(crate) fn unscaled<T: Real>(y: T, scale: T, outward: T) -> T {
    if !(y > T::ZERO) {
        // Whatever the length of a part that is not in use.
        T::ZERO
    } else if (scale > T::ONE) == (outward > T::ONE) {
        y * scale * outward
    } else {
        y * (scale * outward)
    }
}

/// Far from where squares, `power` = 1, or the number itself, 2, would over- or underflow.
pub(crate) fn in_range<T: Real>(value: T, power: i32) -> bool {
    value.exponent().abs() <= power * (T::MAX_EXPONENT / 3)
}

macro_rules! real {
    ($t:ty, $bits:ty, $sqrt:path, $ln_1p:path, $mantissa:literal, $bias:literal, $unit:literal, { $($name:ident = $value:expr),+ $(,)? }) => {
        impl Real for $t {
            const NAME: &'static str = stringify!($t);
            const BYTES: usize = size_of::<$t>();
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const HALF: Self = 0.5;
            const TWO: Self = 2.0;
            const INFINITY: Self = <$t>::INFINITY;
            const MIN_EXPONENT: i32 = 1 - $bias;
            const MAX_EXPONENT: i32 = $bias;
            $(const $name: Self = $value;)+
            const REL_TOL: Self = 1e-4;
            const PASS_RATIO: Self = 0.01;
            const FAINT: Self = 1e-4;
            const DECAY: Self = 0.1;
            const PROGRESS: Self = 0.02;
            const JOINT: Self = 1e-6;
            const BLOCK_RIDGE: Self = 1e-3;
            const MASKED: Self = 0.1;
            const HALF_LIFE: Self = 69.0;
            const MOMENTUM: [Self; 4] = [0.5, 1.5, 1.05, 1.01];

            #[inline]
            fn sqrt(self) -> Self {
                $sqrt(self)
            }
            #[inline]
            fn ln_1p(self) -> Self {
                $ln_1p(self)
            }
            #[inline]
            fn abs(self) -> Self {
                <$t>::from_bits(self.to_bits() & (<$bits>::MAX >> 1))
            }
            #[inline]
            fn is_finite(self) -> bool {
                self.abs() < Self::INFINITY
            }
            #[inline]
            fn exponent(self) -> i32 {
                (self.abs().to_bits() >> $mantissa) as i32 - $bias
            }
            #[inline]
            fn exp2i(e: i32) -> Self {
                let e = e.clamp(Self::MIN_EXPONENT, Self::MAX_EXPONENT);
                <$t>::from_bits(((e + $bias) as $bits) << $mantissa)
            }
            #[inline]
            fn from_count(n: usize) -> Self {
                n as $t
            }
            #[inline]
            fn from_i32(n: i32) -> Self {
                n as $t
            }
            #[inline]
            fn unit(bits: u64) -> Self {
                (bits >> (63 - $mantissa)) as $t * $unit
            }
            #[inline]
            fn bits(self) -> u64 {
                self.to_bits() as u64
            }
        }
    };
}

// The unit factor is 2^-(mantissa + 1): every draw is a multiple of it and exact.
real!(f32, u32, libm::sqrtf, libm::log1pf, 23, 127, 5.960_464_5e-8, {
    TINY = 7.888_609e-31,      // 2^-100
    GOLDEN = 0.618_034,
    LN_2 = core::f32::consts::LN_2,
    LOG10_2 = core::f32::consts::LOG10_2,
    ROUNDOFF = f32::EPSILON / 2.0,
    NEARLY = 1e-6,
    RIDGE = 1e-6,
    OPTIMAL = 5e-7,
    DEAD = 1e-12,
    EXPLAINED = 1e-9,
    ROW_WISE = 1e-4,
    FLOOR = 1e-12,
    NO_DECREASE = 1e-14,
});
real!(f64, u64, libm::sqrt, libm::log1p, 52, 1023, 1.110_223_024_625_156_5e-16, {
    TINY = 9.332_636_185_032_189e-302, // 2^-1000
    GOLDEN = 0.618_033_988_749_894_8,
    LN_2 = core::f64::consts::LN_2,
    LOG10_2 = core::f64::consts::LOG10_2,
    ROUNDOFF = f64::EPSILON / 2.0,
    NEARLY = 1e-14,
    RIDGE = 1e-13,
    OPTIMAL = 2e-13,
    DEAD = 1e-21,
    EXPLAINED = 1e-18,
    ROW_WISE = 1e-14,
    FLOOR = 1e-28,
    NO_DECREASE = 1e-30,
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_are_exact_and_clamped() {
        assert_eq!(f32::exp2i(0), 1.0);
        assert_eq!(f32::exp2i(-126), f32::MIN_POSITIVE);
        assert_eq!(f32::exp2i(-1000), f32::MIN_POSITIVE);
        assert_eq!(f32::exp2i(127) * f32::exp2i(-126), 2.0);
        assert_eq!(f64::exp2i(10), 1024.0);
        assert_eq!(f32::TINY, f32::exp2i(-100));
        assert_eq!(f64::TINY, f64::exp2i(-1000));
    }

    #[test]
    fn exponent_is_the_floor_of_the_logarithm() {
        for (x, e) in [(1.0_f32, 0), (0.99, -1), (2.0, 1), (-3.0, 1), (0.0, -127), (1e-45, -127)] {
            assert_eq!(Real::exponent(x), e, "{x}");
        }
        assert_eq!(Real::exponent(1e300_f64), 996);
    }

    #[test]
    fn unit_draws_stay_below_one() {
        assert_eq!(<f32 as Real>::unit(0), 0.0);
        assert!(<f32 as Real>::unit(u64::MAX) < 1.0);
        assert!(<f64 as Real>::unit(u64::MAX) < 1.0);
        assert_eq!(<f32 as Real>::unit(1 << 63), 0.5);
        assert_eq!(<f64 as Real>::unit(1 << 63), 0.5);
    }

    #[test]
    fn guards_treat_nan_as_nothing() {
        assert_eq!(f32::NAN.positive(), 0.0);
        assert_eq!(1.0_f32.at_least(f32::NAN), 1.0);
        assert!(!Real::is_finite(f32::NAN) && !Real::is_finite(f32::INFINITY) && Real::is_finite(f32::MAX));
    }
}
