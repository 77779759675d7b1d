//! One frame of counts: energy and cross product, exact; the cross product then as large as the solver can take it.

use core::hint::black_box;
use core::ops::AddAssign;

use super::arithmetic::{UNIT, long_bits};
use super::dictionary::QuantizedDictionary;
use super::entry::{Count, Entry};

/// Σ x², and a number that is at least every |x| and at most twice the largest, or 1.
#[inline(never)]
pub(super) fn energy<C: Count, const M: usize>(x: &[C; M]) -> (u64, i32) {
    if C::PEAK < 1 << 8 {
        // 2¹⁶ squares fit, and more features there are not.
        let square = |&x: &C| {
            let x: i32 = x.into();
            (x * x) as u32
        };
        // A loop written out takes stack.
        return (x.iter().take(black_box(M)).map(square).sum::<u32>().into(), C::PEAK);
    }
    let (mut sum, mut all) = (0_u64, 0);
    for &x in x.iter() {
        let x: i32 = x.into();
        sum += u64::from(x.unsigned_abs() * x.unsigned_abs());
        all |= x ^ (x >> 31);
    }
    (sum, all + 1)
}

impl<I: Entry, const M: usize, const K: usize> QuantizedDictionary<I, M, K> {
    /// `b` ← `b` + ⟨q_k, x⟩, divided by 2 to the power that is returned, rounded down. No feature is above `peak`; `whole`: the largest
    /// peak with which no sum over a frame leaves 32 bits.
    #[inline(never)]
    pub(super) fn cross<C: Count>(&self, x: &[C; M], peak: i32, whole: i32, b: &mut [i32; K]) -> i32 {
        if peak <= whole {
            self.accumulate(x, b);
            return 0;
        }
        let mut sums = b.map(i64::from);
        self.accumulate(x, &mut sums);
        let shift = (largest(sums.iter().copied()) - 31).max(0);
        for (b, &sum) in b.iter_mut().zip(&sums) {
            *b = (sum >> shift) as i32;
        }
        shift
    }

    #[inline(always)]
    fn accumulate<C: Count, S: AddAssign + From<i32>>(&self, x: &[C; M], sums: &mut [S; K]) {
        for (row, &x) in self.rows.iter().zip(x) {
            let x: i32 = x.into();
            // Adds nothing, and many features of many frames are 0.
            if x != 0 {
                for (sum, &q) in sums.iter_mut().zip(row) {
                    *sum += S::from(q.into() * x);
                }
            }
        }
    }

    /// From sums that were divided by 2^shift to cross products ⟨q_k, x⟩/‖q_k‖·2^point with the point that is returned: magnitudes up to 2^top. Off by
    /// half a unit, and by what a unit of the sums has become.
    #[inline(never)]
    pub(super) fn level(&self, shift: i32, top: i32, b: &mut [i32; K]) -> i32 {
        let product = |b: i32, inverse: i32| i64::from(b) * i64::from(inverse);
        let products = b.iter().zip(&self.inverse).map(|(&b, &inverse)| product(b, inverse));
        // What has no more bits is exact.
        let excess = (largest(products) - top).max(0);
        let half = (1_i64 << excess) >> 1;
        for (b, &inverse) in b.iter_mut().zip(&self.inverse) {
            *b = ((product(*b, inverse) + half) >> excess) as i32;
        }
        self.exponent + UNIT as i32 - shift - excess
    }
}

/// Bits of the largest magnitude.
#[inline(always)]
fn largest(values: impl Iterator<Item = i64>) -> i32 {
    long_bits(values.fold(0, |all, value| all | (value ^ (value >> 63))).cast_unsigned())
}
