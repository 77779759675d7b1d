//! Random indices and orders.

use rand_core::Rng;

/// Uniform on 0..n, to within n/2³²: the high half of a product. n ≤ 2³²; 0 for n = 0.
pub(crate) fn below<R: Rng + ?Sized>(rng: &mut R, n: usize) -> usize {
    ((u64::from(rng.next_u32()) * n as u64) >> 32) as usize
}

/// A random order of `items` (Fisher–Yates).
pub(crate) fn shuffle<R: Rng + ?Sized, E>(rng: &mut R, items: &mut [E]) {
    for i in (1..items.len()).rev() {
        let j = below(rng, i + 1);
        if let Some((last, head)) = items.get_mut(..=i).and_then(<[E]>::split_last_mut)
            && let Some(other) = head.get_mut(j)
        {
            core::mem::swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;
    use rand_xorshift::XorShiftRng;

    #[test]
    fn every_order_of_three_is_equally_likely() {
        let mut rng = XorShiftRng::seed_from_u64(1);
        let mut seen = [0; 27];
        for _ in 0..6000 {
            let mut items = [0, 1, 2];
            shuffle(&mut rng, &mut items);
            seen[items[0] * 9 + items[1] * 3 + items[2]] += 1;
        }
        let orders: [i32; 6] = core::array::from_fn(|i| *seen.iter().filter(|&&n| n > 0).nth(i).unwrap());
        assert!(orders.iter().all(|n| (850..1150).contains(n)), "{orders:?}");
    }

    #[test]
    fn nothing_to_choose_from() {
        let mut rng = XorShiftRng::seed_from_u64(1);
        assert_eq!((below(&mut rng, 0), below(&mut rng, 1)), (0, 0));
        shuffle::<_, u8>(&mut rng, &mut []);
    }
}
