//! One frame of counts: energy and cross product, exact; the cross product then as large as the solver can take it.

use super::arithmetic::{UNIT, bits, counted, product, shift_by};
use super::dictionary::QuantizedDictionary;
use super::entry::{Count, Entry};

/// Σ x², and a number that is at least every |x| and less than twice the largest, or 1.
#[inline(never)]
pub(super) fn energy<C: Count, const M: usize>(x: &[C; M]) -> (u64, i32) {
    if C::PEAK < 1 << 8 {
        // 2¹⁶ squares fit, and more features there are not.
        let square = |&x: &C| {
            let x: i32 = x.into();
            (x * x) as u32
        };
        return (x.iter().take(counted(M)).map(square).sum::<u32>().into(), C::PEAK);
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
    /// `b` ← ⟨q_k, x⟩·2^shift with the shift that is returned: all below 2²⁹. No feature is above `peak`; `whole`: the largest peak with
    /// which no sum over a frame leaves 32 bits.
    #[inline(never)]
    pub(super) fn cross<C: Count>(&self, x: &[C; M], peak: i32, whole: i32, b: &mut [i32; K]) -> i32 {
        if peak <= whole {
            let sums = self.narrow(x);
            let all = sums.iter().fold(0, |all, &sum| all | (sum ^ (sum >> 31)));
            // A magnitude of −1 has no bits, but is not 0.
            let shift = UNIT as i32 - 1 - bits(all);
            *b = sums;
            shift_by(b, shift);
            return shift;
        }
        let sums = self.wide(x);
        let all = sums.iter().fold(0, |all, &sum| all | (sum ^ (sum >> 63)));
        let shift = UNIT as i32 - 1 - (64 - all.leading_zeros() as i32);
        for (b, &sum) in b.iter_mut().zip(&sums) {
            *b = if shift >= 0 { (sum as i32) << shift } else { (sum >> -shift) as i32 };
        }
        shift
    }

    /// Sums of 32 bits.
    #[inline(always)]
    fn narrow<C: Count>(&self, x: &[C; M]) -> [i32; K] {
        let mut sums = [0; K];
        for (row, &x) in self.rows.iter().zip(x) {
            let x: i32 = x.into();
            // Adds nothing, and many features of many frames are 0.
            if x != 0 {
                for (sum, &q) in sums.iter_mut().zip(row) {
                    *sum += q.into() * x;
                }
            }
        }
        sums
    }

    /// Sums of 64 bits, of pairs of products: two of them have 32 bits, with a sign if counts have one.
    #[inline(always)]
    fn wide<C: Count>(&self, x: &[C; M]) -> [i64; K] {
        let mut sums = [0; K];
        let ((pairs, last), (xs, x_last)) = (self.rows.as_chunks::<2>(), x.as_chunks::<2>());
        for ([row, next], &[x, y]) in pairs.iter().zip(xs) {
            let (x, y): (i32, i32) = (x.into(), y.into());
            if x | y != 0 {
                for ((sum, &q), &r) in sums.iter_mut().zip(row).zip(next) {
                    let pair = (q.into() * x).wrapping_add(r.into() * y);
                    *sum += if C::SIGNED { i64::from(pair) } else { i64::from(pair.cast_unsigned()) };
                }
            }
        }
        for (row, &x) in last.iter().zip(x_last) {
            for (sum, &q) in sums.iter_mut().zip(row) {
                *sum += i64::from(q.into() * x.into());
            }
        }
        sums
    }

    /// From sums that were shifted by so many bits to cross products ⟨q_k, x⟩/‖q_k‖·2^point with the point that is returned: the largest
    /// magnitude lies in [2^(top − 1), 2^top]; all 0 for a frame that no part resembles. Off by less than a unit.
    #[inline(never)]
    pub(super) fn level(&self, shift: i32, top: i32, b: &mut [i32; K]) -> i32 {
        let all = b.iter().zip(&self.inverse).take(counted(K)).fold(0, |all, (&b, &inverse)| {
            let b = product(b, inverse);
            all | (b ^ (b >> 31))
        });
        let excess = bits(all) - top;
        // Short parts beside long ones make cross products small before they are large enough: bits from below the point.
        let fine = (-excess).clamp(0, UNIT as i32);
        for (b, &inverse) in b.iter_mut().zip(&self.inverse).take(counted(K)) {
            *b = if fine > 0 {
                ((i64::from(*b) * i64::from(inverse)) >> (UNIT as i32 - fine)) as i32
            } else {
                product(*b, inverse)
            };
        }
        shift_by(b, -(excess + fine));
        shift + self.exponent - excess
    }
}
