//! Components that keep their places: dictionaries put in the order and the units of an earlier one.

use crate::common::*;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::nnls::NnlsStatus;
use tinynmf::{Factors, Hals, Momentum, Online, OnlineState, Real, Stop};

/// Cosine of the angle between two columns, in f64; 0 for a zero one. Scaled first, so that no square leaves the range.
fn cosine<T: Real, const M: usize>(a: &[T; M], b: &[T; M]) -> f64 {
    let unit = |v: &[T; M]| {
        let largest = v.iter().fold(0.0, |largest, &v| f64::max(largest, to_f64(v)));
        v.map(|v| if largest > 0.0 { to_f64(v) / largest } else { 0.0 })
    };
    let inner = |a: &[f64; M], b: &[f64; M]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (a, b) = (unit(a), unit(b));
    let size = (inner(&a, &a) * inner(&b, &b)).sqrt();
    if size > 0.0 { inner(&a, &b) / size } else { 0.0 }
}

/// The largest sum of cosines that any order of `w` gives.
fn best_sum<T: Real, const M: usize, const K: usize>(w: &SMatrix<T, M, K>, previous: &SMatrix<T, M, K>) -> f64 {
    fn from<T: Real, const M: usize>(w: &[[T; M]], previous: &[[T; M]], row: usize, taken: &mut Vec<bool>) -> f64 {
        if row == previous.len() {
            return 0.0;
        }
        let mut most = f64::NEG_INFINITY;
        for k in 0..w.len() {
            if !taken[k] {
                taken[k] = true;
                most = most.max(cosine(&w[k], &previous[row]) + from(w, previous, row + 1, taken));
                taken[k] = false;
            }
        }
        most
    }
    from(&w.data.0, &previous.data.0, 0, &mut vec![false; K])
}

fn sum<T: Real>(similarity: &[T]) -> f64 {
    similarity.iter().map(|&value| to_f64(value)).sum()
}

fn factors<T: Real, const M: usize, const N: usize, const K: usize>(seed: u64) -> Factors<T, M, N, K> {
    let (w, h) = (random::<M>(seed, K), random::<K>(seed + 1, N));
    Factors { w: SMatrix::from_fn(|i, k| from_f64(w[k][i])), h: SMatrix::from_fn(|k, j| from_f64(h[j][k])) }
}

/// Component k of the result is component `order[k]`, its part `lengths[k]` times as long and its amounts as much smaller.
fn moved<T: Real, const M: usize, const N: usize, const K: usize>(
    factors: &Factors<T, M, N, K>,
    order: &[usize; K],
    lengths: &[f64; K],
) -> Factors<T, M, N, K> {
    Factors {
        w: SMatrix::from_fn(|i, k| from_f64(to_f64(factors.w[(i, order[k])]) * lengths[k])),
        h: SMatrix::from_fn(|k, j| from_f64(to_f64(factors.h[(order[k], j)]) / lengths[k])),
    }
}

/// Two numbers that differ by rounding of some products and quotients: 16u and 90u, as for W·H.
fn near<T: Real>(a: T, b: T) -> bool {
    (to_f64(a) - to_f64(b)).abs() <= tolerance::product::<T>() * to_f64(b).abs()
}

/// Every order of K places.
fn orders<const K: usize>() -> Vec<[usize; K]> {
    fn extend<const K: usize>(order: [usize; K], place: usize, orders: &mut Vec<[usize; K]>) {
        if place == K {
            orders.push(order);
        }
        for k in place..K {
            let mut next = order;
            next.swap(place, k);
            extend(next, place + 1, orders);
        }
    }
    let mut all = Vec::new();
    extend(std::array::from_fn(|k| k), 0, &mut all);
    all
}

#[test]
fn permuted_and_scaled_copies_are_undone() {
    fn check<T: Real>() {
        let plain = factors::<T, 12, 7, 4>(1);
        for order in orders::<4>() {
            for lengths in [[1.0; 4], [3.0, 0.25, 7.5, 1e-3], [1e15, 1e-15, 1.0, 1e8]] {
                let mut factors = moved(&plain, &order, &lengths);
                let mut before = SMatrix::from_fn(|_, _| T::ZERO);
                factors.reconstruct_into(&mut before);
                let alignment = factors.align_to(&plain.w);
                for k in 0..4 {
                    assert_eq!(order[alignment.order[k]], k, "{order:?}");
                    assert!(near(alignment.similarity[k], T::ONE), "{alignment:?}");
                }
                assert!(numbers(&factors).zip(numbers(&plain)).all(|(a, b)| near(a, b)), "{order:?} {lengths:?}");
                let mut after = SMatrix::from_fn(|_, _| T::ZERO);
                factors.reconstruct_into(&mut after);
                assert!(after.iter().zip(&before).all(|(&a, &b)| near(a, b)), "{order:?} {lengths:?}");
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

/// A power of two in the lengths is undone to the bit, without it too.
#[test]
fn an_aligned_dictionary_is_left_alone() {
    let plain = factors::<f32, 12, 7, 4>(2);
    let mut factors = plain.clone();
    let alignment = factors.align_to(&plain.w);
    assert_eq!((alignment.order, bits(&factors)), ([0, 1, 2, 3], bits(&plain)));
    let mut factors = moved(&plain, &[2, 0, 3, 1], &[4.0, 0.125, 1.0, 1024.0]);
    assert_eq!(factors.align_to(&plain.w).order, [1, 3, 0, 2]);
    assert_eq!(bits(&factors), bits(&plain));
}

/// Against every order, with ties, duplicates and zero columns among the parts.
#[test]
fn no_order_is_more_similar() {
    fn check<T: Real, const K: usize>() {
        for seed in 0..60 {
            let parts = |seed: u64| {
                let mut w = factors::<T, 5, 1, K>(seed).w;
                // Sparse and coarse: many cosines are 0 or the same.
                if !seed.is_multiple_of(3) {
                    w.iter_mut().for_each(|w| *w = from_f64((3.0 * to_f64(*w) - 1.0).max(0.0).floor()));
                }
                if seed % 4 == 1 {
                    w.set_column(K - 1, &w.column(0).into_owned());
                }
                w
            };
            let (w, previous) = (parts(2 * seed), parts(3 * seed + 1));
            let mut factors = Factors::<T, 5, 1, K> { w, h: SMatrix::from_fn(|_, _| T::ONE) };
            let alignment = factors.align_to(&previous);
            let mut places = alignment.order;
            places.sort_unstable();
            assert!(places.iter().copied().eq(0..K), "{alignment:?}");
            for k in 0..K {
                let similarity = cosine(&w.data.0[alignment.order[k]], &previous.data.0[k]);
                assert!((to_f64(alignment.similarity[k]) - similarity).abs() <= tolerance::product::<T>());
            }
            let best = best_sum(&w, &previous);
            // The sum of K rounded cosines.
            let slack = K as f64 * tolerance::product::<T>();
            assert!((sum(&alignment.similarity) - best).abs() <= slack, "{w}{previous}{alignment:?} {best}");
        }
    }
    check::<f32, 1>();
    check::<f32, 2>();
    check::<f32, 3>();
    check::<f32, 4>();
    check::<f32, 5>();
    check::<f32, 6>();
    check::<f64, 6>();
}

/// A part that is zero in either dictionary keeps its length and gets a place that is left over.
#[test]
fn zero_parts_take_the_places_that_are_left() {
    fn check<T: Real>() {
        let plain = factors::<T, 12, 7, 4>(3);
        let zero = SVector::from([T::ZERO; 12]);
        let mut factors = moved(&plain, &[3, 1, 0, 2], &[2.0; 4]);
        factors.w.set_column(1, &zero);
        let h = factors.h.row(1).into_owned();
        let alignment = factors.align_to(&plain.w);
        assert_eq!((alignment.order, alignment.similarity[1]), ([2, 1, 3, 0], T::ZERO));
        assert!(factors.w.column(1) == zero && factors.h.row(1) == h);

        let mut previous = plain.w;
        previous.set_column(2, &zero);
        let mut factors = moved(&plain, &[3, 1, 0, 2], &[2.0; 4]);
        let expected = factors.clone();
        let alignment = factors.align_to(&previous);
        assert_eq!((alignment.order, alignment.similarity[2]), ([2, 1, 3, 0], T::ZERO));
        assert!(factors.w.column(2) == expected.w.column(3) && factors.h.row(2) == expected.h.row(3));

        let nothing = SMatrix::from_fn(|_, _| T::ZERO);
        let mut factors = plain.clone();
        assert_eq!(factors.align_to(&nothing).similarity, [T::ZERO; 4]);
        let mut shares = Vec::from_iter(numbers(&factors).map(to_f64));
        let mut expected = Vec::from_iter(numbers(&plain).map(to_f64));
        shares.sort_by(f64::total_cmp);
        expected.sort_by(f64::total_cmp);
        assert_eq!(shares, expected);
        let mut factors = Factors::<T, 12, 7, 4>::zeros();
        assert_eq!(factors.align_to(&plain.w).similarity, [T::ZERO; 4]);
        assert_eq!(factors, Factors::zeros());
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn one_component_only_changes_its_length() {
    let plain = factors::<f32, 12, 7, 1>(4);
    let mut factors = moved(&plain, &[0], &[16.0]);
    let alignment = factors.align_to(&plain.w);
    assert!(alignment.order == [0] && near(alignment.similarity[0], 1.0));
    assert_eq!(bits(&factors), bits(&plain));
}

/// Parts of any size the scalar holds: shapes decide, not sizes.
#[test]
fn sizes_do_not_decide() {
    let plain = factors::<f32, 12, 7, 3>(5);
    for sizes in [[1e15, 1e-15, 1.0], [1e-30, 1e30, 1e-30], [1e37, 1e37, 1e-37]] {
        let mut previous = plain.w;
        for k in 0..3 {
            previous.set_column(k, &(plain.w.column(k) * sizes[k]));
        }
        for mut factors in [moved(&plain, &[1, 2, 0], &[1.0; 3]), moved(&plain, &[1, 2, 0], &[1e15, 1e-15, 1e-10])] {
            let alignment = factors.align_to(&previous);
            assert_eq!(alignment.order, [2, 0, 1], "{sizes:?}");
            assert!(alignment.similarity.iter().all(|&similarity| near(similarity, 1.0)), "{alignment:?}");
            assert!(numbers(&factors).all(|value| value.is_finite() && value >= 0.0), "{sizes:?}");
        }
    }
}

/// A dictionary that is trained again, from another start, on other frames of the same parts: component k is component k.
#[test]
fn trained_again_components_keep_their_identity() {
    let parts = SMatrix::<f64, 24, 4>::from_fn(|i, k| if (i / 3 + 2 * k) % 8 < 3 { 1.0 + (i % 3) as f64 } else { 0.0 });
    let fitted = |seed: u64| {
        let amounts: Vec<[f64; 4]> =
            random(seed, 120).iter().map(|h: &[f64; 4]| h.map(|h| f64::max(0.0, 1.6 * h - 0.6))).collect();
        let x = cast::<f32, 24>(&product(&parts.data.0, &amounts));
        let problem = checked::<f32, 24, 120>(&x);
        let mut factors = uniform::<f32, 24, 120, 4>(&problem, seed);
        let end = fit(Momentum::new(Hals::new()), Stop::new().rel_tol(1e-7), &problem, &mut factors);
        assert!(end.relative_error < 0.01, "{end:?}");
        (factors, x)
    };
    let (mut first, _) = fitted(10);
    first.normalize();
    for seed in 11..16 {
        let (mut again, x) = fitted(seed);
        let before = error(&x, &again);
        let alignment = again.align_to(&first.w);
        // Frames without the other parts fix every part: what is left is the distance to convergence.
        assert!(alignment.similarity.iter().all(|&similarity| similarity >= 0.99), "seed {seed}: {alignment:?}");
        for k in 0..4 {
            let similar: Vec<f64> = (0..4).map(|q| cosine(&again.w.data.0[k], &first.w.data.0[q])).collect();
            assert!((0..4).all(|q| q == k || similar[q] < similar[k]), "seed {seed}: {similar:?}");
        }
        assert!((error(&x, &again) - before).abs() <= 1e-6, "seed {seed}"); // W·H to rounding, 16u
    }
}

/// Two fits of the digits: most parts are found again, and the similarities reported are those of the aligned parts.
#[test]
fn two_fits_of_the_digits_are_matched() {
    let x = cast::<f32, 64>(&data::frames::<64>("digits.csv")[..100]);
    let problem = checked::<f32, 64, 100>(&x);
    let fitted = |seed| {
        let mut factors = uniform::<f32, 64, 100, 8>(&problem, seed);
        fit(Momentum::new(Hals::new()), Stop::new(), &problem, &mut factors);
        factors
    };
    let previous = fitted(1);
    for seed in 2..6 {
        let mut factors = fitted(seed);
        let (unaligned, before) = (factors.clone(), error(&x, &factors));
        let alignment = factors.align_to(&previous.w);
        let as_they_were: f64 = (0..8).map(|k| cosine(&unaligned.w.data.0[k], &previous.w.data.0[k])).sum();
        assert!(sum(&alignment.similarity) >= as_they_were + 1.0, "{alignment:?}");
        assert!(alignment.similarity.iter().filter(|&&similarity| similarity > 0.8).count() >= 4, "{alignment:?}");
        for k in 0..8 {
            assert!(
                (f64::from(alignment.similarity[k]) - cosine(&factors.w.data.0[k], &previous.w.data.0[k])).abs() < 1e-5
            );
            let length = |w: &[f32; 64]| w.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>().sqrt();
            assert!((length(&factors.w.data.0[k]) / length(&previous.w.data.0[k]) - 1.0).abs() < 1e-5);
        }
        assert!((error(&x, &factors) - before).abs() <= 1e-6); // W·H to rounding, 16u
    }
}

/// A state in the middle of a stream, with parts of different lengths, and the frames after it.
fn midway<T: Real>() -> (OnlineState<T, 12, 4>, Vec<[T; 12]>) {
    let frames = cast::<T, 12>(&noisy::<12, 300, 4>(20, 0.2));
    let mut state = OnlineState::new();
    let start = random::<12>(21, 4);
    state.reset(&SMatrix::from_fn(|i, k| from_f64(start[k][i] * [1.0, 5.0, 0.2, 30.0][k]))).expect("a dictionary");
    for x in &frames[..150] {
        Online::new().push(&mut state, &SVector::from(*x), &mut SVector::from([T::ZERO; 4]));
    }
    (state, frames[150..].to_vec())
}

/// Aligned to a permuted and scaled copy of itself, a state explains and learns as before, in other places and units.
#[test]
fn a_state_is_aligned_with_its_statistics() {
    fn check<T: Real>() {
        let tolerance = if single::<T>() { 1e-5 } else { 1e-13 };
        for order in orders::<4>() {
            let (plain, frames) = midway::<T>();
            let lengths = [3.0, 0.01, 100.0, 1.0];
            let previous = SMatrix::from_fn(|i, k| from_f64(to_f64(plain.w[(i, order[k])]) * lengths[k]));
            let mut state = plain.clone();
            let alignment = state.align_to(&previous);
            assert_eq!(alignment.order, order);
            assert!(alignment.similarity.iter().all(|&similarity| near(similarity, T::ONE)));
            assert!(state.w.iter().zip(&previous).all(|(&a, &b)| near(a, b)), "{order:?}");
            assert_consistent(&state, tolerance);
            for k in 0..4 {
                assert!(state.b.column(k) == plain.b.column(order[k]));
                for q in 0..4 {
                    assert!(state.a[(q, k)] == plain.a[(order[q], order[k])]);
                }
            }
            // Improving all components keeps their order out of it.
            let online = Online::new().fixed(0).half_life(from_f64(30.0));
            let mut other = plain.clone();
            for (n, x) in frames.iter().enumerate() {
                let (mut h, mut expected) = (SVector::from([T::ZERO; 4]), SVector::from([T::ZERO; 4]));
                let update = online.push(&mut state, &SVector::from(*x), &mut h);
                let before = online.push(&mut other, &SVector::from(*x), &mut expected);
                assert!(update.status == NnlsStatus::Optimal && update.learned, "{update:?}");
                if n == 0 {
                    let change = (to_f64(update.residual) - to_f64(before.residual)).abs();
                    assert!(change <= tolerance * to_f64(before.residual), "{order:?}: {change:e}");
                }
            }
            // Which component is improved after which frame differs, and with it the path: not where it leads.
            let end = |state: &OnlineState<T, 12, 4>| {
                let encoder = tinynmf::Encoder::new(&state.w);
                let mut h = SVector::from([T::ZERO; 4]);
                frames
                    .iter()
                    .map(|x| to_f64(encoder.encode(&SVector::from(*x), &mut h).residual).powi(2))
                    .sum::<f64>()
                    .sqrt()
            };
            assert!((end(&state) / end(&other) - 1.0).abs() <= 0.03, "{} {}", end(&state), end(&other));
            assert_consistent(&state, tolerance);
        }
    }
    check::<f32>();
    check::<f64>();
}

/// The Gram has the cosines of W, the scales are its inverse lengths.
fn assert_consistent<T: Real, const M: usize, const K: usize>(state: &OnlineState<T, M, K>, tolerance: f64) {
    for k in 0..K {
        let length = state.w.column(k).iter().map(|&w| to_f64(w).powi(2)).sum::<f64>().sqrt();
        assert!((to_f64(state.scale[k]) * length - 1.0).abs() <= tolerance, "scale {k}: {}", state.scale[k]);
        for q in 0..K {
            let expected = cosine(&state.w.data.0[k], &state.w.data.0[q]);
            assert!((to_f64(state.gram[(k, q)]) - expected).abs() <= tolerance, "gram {k} {q}");
        }
    }
}

/// An earlier part of a length that `reset` refuses gives a place, but no length.
#[test]
fn an_empty_or_strange_dictionary_leaves_the_lengths_of_a_state() {
    let (plain, _) = midway::<f32>();
    for (size, kept) in [(0.0, true), (1e-20, true), (1e20, true), (1e10, false), (1e-10, false)] {
        let mut state = plain.clone();
        let alignment = state.align_to(&(plain.w * size));
        if size > 0.0 {
            assert_eq!(alignment.order, [0, 1, 2, 3], "{size:e}");
        }
        assert_eq!(state.scale == plain.scale, kept || alignment.order != [0, 1, 2, 3], "{size:e}");
        assert!(state.w.iter().chain(&state.gram).chain(&state.scale).all(|value| value.is_finite()));
        assert_consistent(&state, 1e-5);
    }
    // A state that has learnt nothing.
    let mut empty = OnlineState::<f32, 12, 4>::new();
    assert_eq!(empty.align_to(&plain.w).similarity, [0.0; 4]);
    assert_eq!(empty, OnlineState::new());
}
