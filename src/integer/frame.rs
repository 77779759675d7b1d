//! One frame of counts: energy and cross product, exact; the cross product then as large as the solver can take it.

use super::arithmetic::{UNIT, bits, mul30, rounded};
use super::dictionary::QuantizedDictionary;
use super::entry::{Count, Entry};

/// Cross products and the binary point they share.
pub(super) struct Cross<const K: usize> {
    /// ⟨q_k, x⟩/‖q_k‖·2^point, the largest in [2^(top − 1), 2^top]; all 0 for a frame that no part resembles.
    pub b: [i32; K],
    pub point: i32,
}

/// Σ x², and a number that is at least every |x| and less than twice the largest, or 1.
#[inline(never)]
pub(super) fn energy<C: Count, const M: usize>(x: &[C; M]) -> (u64, i32) {
    if C::PEAK < 1 << 8 {
        // 2¹⁶ squares fit, and more features there are not.
        let square = |&x: &C| {
            let x: i32 = x.into();
            (x * x) as u32
        };
        return (x.iter().map(square).sum::<u32>().into(), C::PEAK);
    }
    let (mut sum, mut all) = (0_u64, 0);
    for &x in x {
        let x: i32 = x.into();
        sum += u64::from(x.unsigned_abs() * x.unsigned_abs());
        all |= x ^ (x >> 31);
    }
    (sum, all + 1)
}

impl<I: Entry, const M: usize, const K: usize> QuantizedDictionary<I, M, K> {
    /// Cross products with a frame of which no feature is above `peak`, the largest scaled to `top` bits. `whole`: the largest peak with
    /// which no sum over a frame leaves 32 bits.
    ///
    /// Sums over so many features that none can overflow are 32 bits long, sums of these 64: a single product is below 2³¹.
    #[inline(never)]
    pub(super) fn cross<C: Count>(&self, x: &[C; M], peak: i32, whole: i32, top: i32) -> Cross<K> {
        let together = if peak <= whole { M } else { 1 << (31 - I::BITS - bits(peak)).clamp(0, 24) };
        let mut totals = [0_i64; K];
        for (rows, x) in self.rows.chunks(together).zip(x.chunks(together)) {
            let mut sums = [0; K];
            for (row, &x) in rows.iter().zip(x) {
                let x: i32 = x.into();
                // Adds nothing, and many features of many frames are 0.
                if x != 0 {
                    for (sum, &q) in sums.iter_mut().zip(row) {
                        let q: i32 = q.into();
                        *sum += q * x;
                    }
                }
            }
            for (total, sum) in totals.iter_mut().zip(sums) {
                *total += i64::from(sum);
            }
        }
        self.leveled(&totals, top)
    }

    #[inline(never)]
    fn leveled(&self, totals: &[i64; K], top: i32) -> Cross<K> {
        let all = totals.iter().fold(0, |all, &total| all | (total ^ (total >> 63)));
        let mut cross = Cross { b: [0; K], point: 0 };
        // A magnitude of −1 has no bits, but is not 0.
        let shift = UNIT as i32 - 1 - (64 - all.leading_zeros() as i32);
        let mut all = 0;
        for ((b, &total), &inverse) in cross.b.iter_mut().zip(totals).zip(&self.inverse) {
            let total = if shift >= 0 { (total as i32) << shift } else { (total >> -shift) as i32 };
            *b = mul30(total, inverse);
            all |= *b ^ (*b >> 31);
        }
        let excess = bits(all) - top;
        for b in &mut cross.b {
            *b = if excess >= 0 { rounded(*b, excess as u32) } else { *b << -excess };
        }
        cross.point = shift + self.exponent - excess;
        cross
    }
}
