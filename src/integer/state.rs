//! What an integer stream is remembered by: [`IntegerOnlineState`].

use super::arithmetic::{UNIT, bits, folded, halves, long_bits, moved, mul30, product, reciprocal, rounded, shift_by};
use super::dictionary::{QuantizedDictionary, Root};
use super::entry::Count;
use super::factor::Factor;
use crate::online::{MEMORY, UNEVEN};

/// Bits of an amount in the statistics: with a count of 16 bits a product has 30.
const AMOUNT: i32 = 14;
/// Bits after the point of [`IntegerOnlineState::loudness`].
const POINT: i32 = 12;
/// By so much it falls in 2^fade frames: 4 in a half-life of 0.69·2^fade.
const QUIETER: i32 = 23_552;

/// The dictionary that [`IntegerOnline`](crate::integer::IntegerOnline) improves, and what it remembers of the frames.
///
/// # Shapes
///
/// M features × K components, M and K as in a [`QuantizedDictionary`]. Bytes: its own, 4K(M + K +
/// 3), 8.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerOnlineState<const M: usize, const K: usize> {
    pub(super) w: QuantizedDictionary<i16, M, K>,
    /// A by columns: column k is the faded sum of y_k·y, times 2^−exponents\[k\].
    a: [[i32; K]; K],
    /// B: column k is the faded sum of y_k·x, times 2^−exponents\[k\].
    b: [[i32; M]; K],
    /// Every component has a floating point of its own: only ratios within its columns matter to it.
    exponents: [i32; K],
    /// Lengths of the columns of W, as they follow from its entries.
    roots: [Root; K],
    /// log₂ of Σ y² of the loudest recent frame, [`POINT`] bits after the point. A louder frame
    /// raises it at once; it falls by 4 in a half-life.
    loudness: i32,
    /// The component that is improved next.
    pub(super) next: u32,
}

/// A frame and its amounts, as the statistics take them: y·2^exponent counts.
pub(super) struct Amounts<const K: usize> {
    y: [i32; K],
    exponent: i32,
    energy: u64,
}

impl<const K: usize> Amounts<K> {
    /// From h, `point` bits after the point.
    pub(super) fn new(h: &[i32; K], point: i32) -> Self {
        let mut y = *h;
        let shift = bits(y.iter().fold(0, |all, &y| all | folded(y))) - AMOUNT;
        shift_by(&mut y, -shift);
        let energy = y.iter().map(|&y| u64::from((y * y).unsigned_abs())).sum();
        Self { y, exponent: shift - point, energy }
    }
}

impl<const M: usize, const K: usize> IntegerOnlineState<M, K> {
    /// Bits of the statistics: room for the sum of K of them and one more.
    const TOP: i32 = Factor::<K>::WIDTH - 1;

    /// An empty dictionary and no memory; for a `static`. Parts are then learnt from the first frames.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            w: QuantizedDictionary::zeros(),
            a: [[0; K]; K],
            b: [[0; M]; K],
            exponents: [0; K],
            roots: [(0, 0); K],
            loudness: 0,
            next: 0,
        }
    }

    /// Starts over from a dictionary. Zero columns are learnt from the first frames.
    pub fn reset(&mut self, w: &QuantizedDictionary<i16, M, K>) {
        self.w.clone_from(w);
        self.w.prepare_component(K, &mut self.roots);
        self.forget();
    }

    /// Empties the statistics; the dictionary stays.
    pub fn forget(&mut self) {
        self.a.as_flattened_mut().fill(0);
        self.b.as_flattened_mut().fill(0);
        (self.loudness, self.next) = (0, 0);
    }

    /// W as it is now. Parts keep the length they had at [`reset`](Self::reset); 1 for one that was zero then, or later.
    pub fn w(&self) -> &QuantizedDictionary<i16, M, K> {
        &self.w
    }

    /// Fades the statistics by 2^−fade and adds the frame, no count of which is above `peak`, to
    /// those of the components that have an amount. A part without a past has been seen in `trust`
    /// frames like this one; of one that is made of this frame, `revived`, the frame itself counts
    /// for as many.
    pub(super) fn fold<C: Count>(
        &mut self,
        x: &[C; M],
        peak: i32,
        amounts: &Amounts<K>,
        (fade, trust): (u32, u32),
        revived: Option<usize>,
    ) {
        // Of a frame that no part resembles there is nothing to weigh the past against.
        if amounts.energy > 0 {
            let loudness = (long_bits(amounts.energy) + 2 * amounts.exponent) << POINT;
            self.loudness = loudness.max(self.loudness - (QUIETER >> fade));
            for k in 0..K {
                self.fold_column(k, x, peak, amounts, (fade, trust), revived == Some(k));
            }
        }
    }

    #[inline(never)]
    fn fold_column<C: Count>(
        &mut self,
        k: usize,
        x: &[C; M],
        peak: i32,
        &Amounts { ref y, exponent, energy }: &Amounts<K>,
        (fade, trust): (u32, u32),
        revived: bool,
    ) {
        let k = k.min(K - 1);
        // What no frames as loud as the recent ones can leave: Σ(1 − 2^−fade)ⁿ of them, and those
        // that the first dictionary counts for.
        let most = (self.loudness >> POINT) + bits(trust + (1 << fade)) + UNEVEN;
        let (a, b, unit) = (&mut self.a[k], &mut self.b[k], &mut self.exponents[k]);
        let (amount, past) = (y[k], a[k].unsigned_abs());
        let fades = u64::from(past) > scaled(energy * MEMORY as u64, 2 * exponent - *unit);
        if amount == 0 && !fades {
            return;
        }
        let left = past > 0 && bits(past) + *unit > most;
        if past == 0 || left {
            // Of the size of its share: a trace of it does not decide what the part looked like.
            *a = [0; K];
            let square = (amount * amount).unsigned_abs();
            let share = if revived { 0 } else { energy / K as u64 };
            // What is left of louder frames counts as a first dictionary.
            let frames = if left { trust.max(1) } else { trust };
            let past = u64::from(frames) * share.max(square.into());
            let excess = long_bits(past) - (Self::TOP - 1);
            *unit = 2 * exponent + excess;
            a[k] = scaled(past, -excess) as i32;
            for (b, row) in b.iter_mut().zip(&self.w.rows) {
                let direction = (i64::from(row[k]) * i64::from(self.w.inverse[k])) >> self.w.exponent.clamp(0, 31);
                *b = product(a[k], direction as i32);
            }
        } else if fades {
            for value in a.iter_mut().chain(b.iter_mut()) {
                *value -= rounded(*value, fade);
            }
        }
        if amount > 0 {
            // Every term has a bit less than the statistics may have.
            let most = bits(amount.unsigned_abs()) + (bits(peak.unsigned_abs()) + exponent).max(AMOUNT + 2 * exponent);
            let excess = most - self.exponents[k] - (Self::TOP - 1);
            if excess > 0 {
                self.shift(k, excess);
            }
            let (a, b, unit) = (&mut self.a[k], &mut self.b[k], &mut self.exponents[k]);
            for (a, &y) in a.iter_mut().zip(y) {
                *a += moved(amount * y, 2 * exponent - *unit);
            }
            for (b, &x) in b.iter_mut().zip(x) {
                *b += moved(amount * x.into(), exponent - *unit);
            }
        }
        self.level(k);
    }

    /// Moves the point of the statistics of component `k`: they are divided by 2^shift.
    fn shift(&mut self, k: usize, shift: i32) {
        let k = k.min(K - 1);
        shift_by(&mut self.a[k], -shift);
        shift_by(&mut self.b[k], -shift);
        self.exponents[k] += shift;
    }

    /// Gives the statistics of component `k` all bits they may have, or two less.
    fn level(&mut self, k: usize) {
        let k = k.min(K - 1);
        let all = self.a[k].iter().chain(&self.b[k]).fold(0, |all, &value| all | folded(value));
        let excess = bits(all) - Self::TOP;
        if all > 0 && !(-2..=0).contains(&excess) {
            self.shift(k, excess);
        }
    }

    /// a_qk ← ratio·2^(shift − 30)·a_qk, where there is room for it.
    fn scale(&mut self, q: usize, k: usize, ratio: i32, shift: i32) {
        let (q, k) = (q.min(K - 1), k.min(K - 1));
        let value = product(self.a[q][k], ratio);
        let excess = bits(value.unsigned_abs()) + shift - Self::TOP;
        let excess = if value > 0 && excess > 0 { excess } else { 0 };
        if excess > 0 {
            self.shift(q, excess);
        }
        self.a[q][k] = moved(value, shift - excess);
    }

    /// Sets component `k` to its non-negative minimiser. False if there is nothing to improve it by.
    #[inline(never)]
    pub(super) fn improve(&mut self, k: usize) -> bool {
        let k = k.min(K - 1);
        let own = self.a[k][k];
        if own <= 0 || self.w.inverse[k] == 0 {
            return false;
        }
        // w_k·a_kk is what b_k holds besides the other parts: its direction is all that is asked for.
        let mut others = self.a[k];
        others[k] = 0;
        let mut part = self.b[k];
        self.subtract(&others, &mut part);
        let Some(shift) = self.assign(k, &part) else { return true };
        // How long the part is by the statistics: so much more was there of it in the frames.
        let (places, length) = self.roots[k];
        let size = bits(own.unsigned_abs());
        let mantissa =
            product((length >> 1).cast_signed(), reciprocal(own.cast_unsigned() << (30 - size).clamp(0, 31)));
        let excess = shift - places as i32 - size + 32;
        for q in 0..K {
            if q != k {
                self.scale(q, k, mantissa, excess);
            }
        }
        for value in self.a[k].iter_mut().chain(&mut self.b[k]) {
            *value = product(*value, mantissa);
        }
        self.exponents[k] += excess;
        self.scale(k, k, mantissa, excess);
        self.level(k);
        true
    }

    /// Gives component `k`, which is zero, what the others do not explain of a frame, `point` bits after the point of h. False if that is
    /// nothing.
    pub(super) fn revive<C: Count>(&mut self, k: usize, x: &[C; M], h: &[i32; K], point: i32) -> bool {
        let mut part = [0; M];
        for (part, &x) in part.iter_mut().zip(x) {
            // A bit less than h has: room for the sum of K of them.
            *part = moved(x.into(), point - 1);
        }
        self.subtract(&h.map(|h| h >> 1), &mut part);
        let k = k.min(K - 1);
        let revived = self.assign(k, &part).is_some();
        self.w.scale[k] = if revived { 1.0 } else { 0.0 };
        revived
    }

    /// `part` ← `part` − Σ_j amounts_j·w_j, of parts of unit length.
    #[inline(never)]
    fn subtract(&self, amounts: &[i32; K], part: &mut [i32; M]) {
        let mut coefficients = [(0, 0); K];
        for ((coefficient, &amount), &inverse) in coefficients.iter_mut().zip(amounts).zip(&self.w.inverse) {
            *coefficient = halves(mul30(amount, inverse));
        }
        for (part, row) in part.iter_mut().zip(&self.w.rows) {
            let mut sum = 0;
            for (&(high, low), &q) in coefficients.iter().zip(row) {
                let q = i32::from(q);
                sum += q * high + ((q * low) >> (UNIT / 2));
            }
            *part -= moved(sum, UNIT as i32 / 2 - self.w.exponent);
        }
    }

    /// Makes the positive entries of `part` component `k`, and returns by how much they were shifted to the right. None, and the component is
    /// no more, if no entry is positive.
    fn assign(&mut self, k: usize, part: &[i32; M]) -> Option<i32> {
        let shift = self.w.set(k, part.iter().copied());
        if shift.is_none() {
            self.bury(k);
        } else {
            self.w.prepare_component(k, &mut self.roots);
        }
        shift
    }

    /// Component `k`, whose column is zero, is no more.
    fn bury(&mut self, k: usize) {
        self.a[k].fill(0);
        self.b[k].fill(0);
        self.w.scale[k] = 0.0;
        for a in &mut self.a {
            a[k] = 0;
        }
        self.w.prepare_component(k, &mut self.roots);
    }
}

impl<const M: usize, const K: usize> Default for IntegerOnlineState<M, K> {
    fn default() -> Self {
        Self::new()
    }
}

/// ⌊2^shift·v⌋, or as much as 64 bits hold.
fn scaled(v: u64, shift: i32) -> u64 {
    if shift <= 0 {
        v.checked_shr(shift.unsigned_abs()).unwrap_or(0)
    } else if v.leading_zeros() as i32 > shift {
        v << shift
    } else if v > 0 {
        u64::MAX
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use rand_core::{Rng, SeedableRng};
    use rand_xorshift::XorShiftRng;

    use super::*;
    use crate::integer::IntegerOnline;

    fn within<const M: usize, const K: usize>(state: &IntegerOnlineState<M, K>) {
        let limit = 1 << IntegerOnlineState::<M, K>::TOP;
        let entries = state.a.iter().flatten().chain(state.b.iter().flatten());
        assert!(entries.copied().all(|value| value.abs() <= limit));
        // A component without a past has none at all.
        for (k, a) in state.a.iter().enumerate() {
            assert!(a[k] > 0 || state.w.inverse[k] > 0 || (a.iter().all(|&a| a == 0) && state.w.scale[k] == 0.0));
        }
    }

    /// Parts that are all but silent, and grow by a factor that the statistics of others have no room for.
    #[test]
    fn lengths_that_others_have_no_room_for() {
        let columns: [[i16; 9]; 8] = core::array::from_fn(|k| {
            let mut column = [0; 9];
            column[k] = i16::MAX;
            column[8] = if k > 0 { 1 } else { 0 };
            column
        });
        let mut state = IntegerOnlineState::<9, 8>::new();
        state.reset(&QuantizedDictionary::<i16, 9, 8>::new(&columns, &[1.0; 8]));
        let mut push = |x: [u16; 9]| {
            IntegerOnline::new().fade(1).trust(0).push(&mut state, &x, &mut [0; 8]);
            within(&state);
        };
        for (j, first) in (1..8).flat_map(|j| [(j, 0), (j, 3)]) {
            let mut x = [0; 9];
            (x[0], x[j], x[8]) = (first, 32_767, 1);
            push(x);
        }
        for (place, count) in [(7, 1), (8, 65_535)] {
            for _ in 0..17 {
                let mut x = [0; 9];
                x[place] = count;
                push(x);
            }
        }
    }

    /// Random streams whose loudness varies by five decades, in which most counts are 0 or all.
    #[test]
    fn statistics_keep_a_bit() {
        fn stream<const M: usize, const K: usize>() {
            let mut rng = XorShiftRng::seed_from_u64((M * K) as u64);
            let mut draw = || rng.next_u32() >> 16;
            for (fade, trust) in [(1, 0), (6, 1), (12, 65_535)] {
                let mut state = IntegerOnlineState::<M, K>::new();
                for _ in 0..150 {
                    let (loudness, empty) = (draw() & 15, draw() & 3);
                    let x: [u16; M] =
                        core::array::from_fn(|_| if draw() & 3 < empty { 0 } else { (draw() >> loudness) as u16 });
                    IntegerOnline::new().fade(fade).trust(trust).push(&mut state, &x, &mut [0; K]);
                    within(&state);
                }
            }
        }
        stream::<1, 1>();
        stream::<512, 1>();
        stream::<9, 8>();
        stream::<64, 8>();
        stream::<300, 3>();
        stream::<40, 32>();
    }

    #[test]
    fn nothing_is_revived_from_nothing() {
        let mut state = IntegerOnlineState::<4, 2>::new();
        let update = IntegerOnline::new().push(&mut state, &[-100_i16; 4], &mut [0; 2]);
        assert!(!update.revived && state.w.rows == [[0; 2]; 4]);
    }
}
