//! Products, quotients and shifts of fixed-point numbers. None can overflow inside the bounds that its documentation names.

/// Binary point of what lies in [−1, 1]: Gram, factor, reciprocals. Such a number is at most 2³⁰ in magnitude.
pub(super) const UNIT: u32 = 30;

/// True on cores without a long multiplication, where it is a call, two dozen instructions more. No
/// `cfg` of the compiler tells them from the others: `build.rs` looks at the name of the target.
const SHORT: bool = cfg!(tinynmf_short);

/// Bits of the low half of a number with [`UNIT`] bits after the point.
const HALF: u32 = UNIT / 2;

/// ⌊a·b / 2³⁰⌋ for |a|, |b| ≤ 2³⁰.
#[inline(always)]
pub(super) const fn mul30(a: i32, b: i32) -> i32 {
    if SHORT {
        let (high, low) = halves(a);
        short(high, low, b)
    } else {
        long(a, b)
    }
}

/// As [`mul30`], as a call: where it is not made often.
#[inline(never)]
pub(super) fn product(a: i32, b: i32) -> i32 {
    mul30(a, b)
}

/// As [`mul30`], with a as [`halves`] gives it.
#[inline(always)]
pub(super) const fn mul_halves(high: i32, low: i32, b: i32) -> i32 {
    if SHORT { short(high, low, b) } else { long((high << HALF) | low, b) }
}

/// a = 2¹⁵·high + low, 0 ≤ low < 2¹⁵.
#[inline(always)]
pub(super) const fn halves(a: i32) -> (i32, i32) {
    (a >> HALF, a & ((1 << HALF) - 1))
}

#[inline(always)]
const fn long(a: i32, b: i32) -> i32 {
    ((a as i64 * b as i64) >> UNIT) as i32
}

/// By short products. The floor of the sum is that of its parts, and the middle products, each at most 2³⁰ − 2¹⁵, have room for the
/// carry of the low one.
#[inline(always)]
const fn short(high: i32, low: i32, b: i32) -> i32 {
    let (other_high, other_low) = halves(b);
    let middle = high * other_low + low * other_high + ((low * other_low) >> HALF);
    high * other_high + (middle >> HALF)
}

/// What it has the bits of: `bits(folded(v))` is n if −2ⁿ ≤ v < 2ⁿ for no smaller one.
#[inline(always)]
pub(super) const fn folded(v: i32) -> u32 {
    (v ^ (v >> 31)).cast_unsigned()
}

/// The position of the highest bit that is set, from 1; 0 for 0. By halves: Armv6-M and RV32 have no instruction for it, and what
/// replaces it is three times as long.
#[inline(never)]
pub(super) const fn bits(mut v: u32) -> i32 {
    let (mut bits, mut step) = (0, 16);
    while step > 0 {
        if v >> step > 0 {
            v >>= step;
            bits += step;
        }
        step /= 2;
    }
    bits + v as i32
}

/// As [`bits`], of 64.
#[inline(always)]
pub(super) const fn long_bits(v: u64) -> i32 {
    let high = (v >> 32) as u32;
    if high > 0 { 32 + bits(high) } else { bits(v as u32) }
}

/// `values` ← 2^shift·`values`, each as [`moved`].
#[inline(never)]
pub(super) fn shift_by(values: &mut [i32], shift: i32) {
    for v in values {
        *v = moved(*v, shift);
    }
}

/// 2^shift·v, rounded half up to the right and held within ±2³⁰ to the left.
#[inline(always)]
pub(super) fn moved(v: i32, shift: i32) -> i32 {
    let right = shift.wrapping_neg().clamp(0, 31);
    let left = shift.clamp(0, 31);
    let limit = (1 << UNIT) >> left;
    if right > 0 { rounded(v, right.unsigned_abs()) } else { v.clamp(-limit, limit) << left }
}

/// v / 2^shift, rounded half up.
#[inline(always)]
pub(super) fn rounded(v: i32, shift: u32) -> i32 {
    let shift = shift.min(31);
    // The last bit that is shifted out decides.
    (v >> shift) + if shift > 0 { (v >> (shift - 1)) & 1 } else { 0 }
}

/// 2⁵⁹/d for d in [2²⁹, 2³¹): 1/d as a fraction of 2³⁰ for d with 29 bits after the point. To 25 bits.
///
/// Newton's iteration r ← r(2 − dr) from a straight line: 4, 8, 15, 28 bits. A division takes 190 instructions where the core has none.
#[inline(never)]
pub(super) fn reciprocal(d: u32) -> i32 {
    // In [1, 2), and 1/d is below 1; a bit comes back at the end.
    let high = d >> 30;
    let d = (d >> high) as i32;
    // 15 bits after the point: 24/17 − 8/17·d is within 1/17 of 1/d.
    let short = d >> 14;
    let mut r = 46_261 - ((short * 15_420) >> 15);
    for _ in 0..2 {
        r = (r * ((1 << 16) - ((short * r) >> 15))) >> 15;
    }
    let start = r.min(1 << HALF) << HALF;
    // d with 29 bits after the point is d/2 with 30.
    let error = product(d, start);
    product(start, (1 << UNIT) - error) << 1 >> high
}

/// a/b as a fraction of 2³⁰, for 0 ≤ a ≤ b and b > 0. To 24 bits.
pub(super) fn fraction(a: i32, b: u32) -> i32 {
    let shift = 32 - bits(b);
    // In [½, 1) of 2³²; a below it.
    let (a, b) = (a.cast_unsigned() << shift >> 2, b << shift >> 1);
    // 2⁵⁹/b times a/2³⁰ is a quarter of what is asked for.
    product(a as i32, reciprocal(b)).min(1 << (UNIT - 2)) << 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOME: [i32; 14] =
        [0, 1, -1, 2, 7, -32767, 32768, -32769, 65535, 1 << 29, -(1 << 29) - 1, (1 << 30) - 1, 1 << 30, -(1 << 30)];

    #[test]
    fn products_by_halves_are_the_long_ones() {
        let mut x = 1_u32;
        let mut draw = || {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (x as i32) >> 1
        };
        let check = |a, b| {
            let (high, low) = halves(a);
            assert_eq!(short(high, low, b), long(a, b), "{a}·{b}");
            assert_eq!((high << HALF) | low, a);
        };
        for (a, b) in SOME.iter().flat_map(|&a| SOME.iter().map(move |&b| (a, b))) {
            check(a, b);
        }
        for _ in 0..100_000 {
            check(draw(), draw() >> (draw() & 15));
        }
    }

    #[test]
    fn reciprocals_have_25_bits() {
        for d in (0..48_u32).flat_map(|step| [0, 1, 65_535].map(|more| (1 << 29) + (step << 25) + more)) {
            let exact = (1_u64 << 59) as f64 / f64::from(d);
            let off = f64::from(reciprocal(d)) / exact - 1.0;
            assert!(off.abs() < 3e-8, "{d}: {off:e}");
        }
    }

    #[test]
    fn fractions_have_24_bits() {
        for b in [1, 2, 3, 5, 1000, 65_537, (1 << 30) + 1, i32::MAX as u32, u32::MAX] {
            for a in [0, 1, b / 3, b / 2, b - 1, b].map(|a| (a as i32).max(0)).into_iter().filter(|&a| a as u32 <= b) {
                let off = f64::from(fraction(a, b)) / f64::from(1 << UNIT) - f64::from(a) / f64::from(b);
                assert!(off.abs() < 1e-7, "{a}/{b}: {off:e}");
            }
        }
    }

    #[test]
    fn shifts_round_and_saturate() {
        let scaled = |v, shift| {
            let mut values = [v];
            shift_by(&mut values, shift);
            values[0]
        };
        assert_eq!([scaled(5, -1), scaled(-5, -1), scaled(6, -2), scaled(-6, -2)], [3, -2, 2, -1]);
        assert_eq!([scaled(i32::MAX, -31), scaled(i32::MIN, -31), scaled(i32::MIN, -99)], [1, -1, -1]);
        assert_eq!([scaled(3, 4), scaled(i32::MAX, 4), scaled(i32::MIN, 40)], [48, 1 << 30, 0]);
        assert_eq!([0, -1, 1, -4, 4, i32::MIN].map(|v| bits(folded(v))), [0, 0, 1, 2, 3, 31]);
        assert_eq!([0, 1, 1 << 32, u64::MAX].map(long_bits), [0, 1, 33, 64]);
    }
}
