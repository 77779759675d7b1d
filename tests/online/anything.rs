//! Every setting that `validate` accepts, and every finite frame.

use super::*;

/// What a stream is made of: the ends of the range, and numbers in between.
struct Draw(XorShiftRng);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        (self.0.next_u64() >> 33) % n
    }

    fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len() as u64) as usize]
    }

    /// 2^−e … 2^e, subnormal numbers and the largest number among them.
    fn size<T: Real>(&mut self) -> T {
        match self.below(8) {
            0 => T::exp2i(T::MAX_EXPONENT) * (T::TWO - T::exp2i(-20)),
            1 => T::exp2i(T::MIN_EXPONENT) * T::exp2i(-20),
            2 => T::exp2i(T::MIN_EXPONENT),
            3 | 4 => T::ONE,
            _ => T::exp2i(self.below(2 * T::MAX_EXPONENT as u64) as i32 - T::MAX_EXPONENT),
        }
    }

    /// A setting ≥ 0: any size, and rather often the usual one.
    fn setting<T: Real>(&mut self, usual: T) -> T {
        match self.below(3) {
            0 => usual,
            1 => self.of(&[T::ZERO, T::ONE, from_f64(1.7e12)]),
            _ => self.size(),
        }
    }

    fn online<T: Real>(&mut self) -> Online<T> {
        let half_life = match self.below(3) {
            0 => from_f64(69.0),
            1 => self.of(&[T::INFINITY, T::ONE, from_f64(0.1)]),
            _ => self.size(),
        };
        Online::new()
            .half_life(half_life)
            .components_per_frame(self.of(&[1, 2, usize::MAX]))
            .fixed(self.of(&[0, 0, 1, 2]))
            .trust(self.setting(T::ONE))
            .l1(self.setting(T::ZERO))
            .l2(self.setting(T::ZERO))
    }

    /// Sizes change never, rarely or with every frame; entries are zero, alike or differ by all the
    /// range has.
    fn frame<T: Real, const M: usize>(&mut self, size: T) -> SVector<T, M> {
        let kind = self.below(4);
        SVector::from_fn(|_, _| match (kind, self.below(4)) {
            (0, _) => size,
            (1, 0) => self.size(),
            (_, 0) => T::ZERO,
            (2, 1) => T::ZERO - size,
            _ => size * T::unit(self.0.next_u64()),
        })
    }
}

/// A frame is taken in as a whole or not at all, and what is left is numbers.
fn stream<T: Real, const M: usize, const K: usize>(seed: u64, findings: &mut Findings) {
    let mut draw = Draw(XorShiftRng::seed_from_u64(seed + 1));
    let online = draw.online::<T>();
    let mut state = OnlineState::<T, M, K>::new();
    if draw.below(2) == 0 {
        let lengths: [T; K] = std::array::from_fn(|_| T::exp2i(draw.below(71) as i32 - 35));
        let w = SMatrix::from_fn(|_, k| lengths[k] * T::unit(draw.0.next_u64()));
        state.reset(&w).unwrap();
    }
    let steadiness = draw.of(&[1, 4, 1000]);
    let mut size = draw.size::<T>();
    for n in 0..40 {
        if draw.below(steadiness) == 0 {
            size = draw.size();
        }
        let x = draw.frame::<T, M>(size);
        let (before, mut h) = (state.clone(), SVector::from([T::ONE; K]));
        let update = online.push(&mut state, &x, &mut h);
        let OnlineState { w, gram, scale, a, b, .. } = &state;
        let numbers = w.iter().chain(gram).chain(scale).chain(a).chain(b).chain(&h);
        let sound =
            numbers.copied().all(|value| value.is_finite()) && w.iter().chain(&h).all(|&value| value >= T::ZERO);
        let refused = update.status == NnlsStatus::NonFinite;
        let untouched = words(&state) == words(&before) && h == SVector::from([T::ONE; K]);
        let whole = if refused { untouched && !update.learned && !update.revived } else { true };
        findings.expect(sound && whole, || {
            format!(
                "{} {M}×{K}, seed {seed}, frame {n}: {online:?}\n{x:?}\n{update:?}\n{before:?}\n{state:?}\n{h:?}",
                scalar::<T>()
            )
        });
        if !sound {
            return;
        }
    }
}

#[test]
fn no_setting_and_no_frame_poisons_the_state() {
    fn check<T: Real>(findings: &mut Findings) {
        for seed in 0..1600 {
            match seed % 4 {
                0 => stream::<T, 1, 1>(seed, findings),
                1 => stream::<T, 3, 4>(seed, findings),
                2 => stream::<T, 9, 2>(seed, findings),
                _ => stream::<T, 6, 3>(seed, findings),
            }
        }
    }
    let mut findings = Findings::default();
    both!(check, &mut findings);
}
