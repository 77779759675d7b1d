//! Random data and factors from fixed seeds: what holds for all of them.

use std::ops::ControlFlow;

use crate::common::cases::cases;
use crate::common::*;
use proptest::prelude::*;
use tinynmf::nalgebra::SMatrix;
use tinynmf::{Factors, Hals, History, Momentum, Nmf, Observer, Problem, Progress, Real, Spa, Status, Stop};

/// Non-negative numbers as data bring them: zeros, ordinary ones, and some decades of small and large ones.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        2 => Just(0.0),
        5 => 0.0..1.0_f64,
        1 => (-8.0..8.0_f64).prop_map(|exponent| 10_f64.powf(exponent)),
    ]
}

/// Frames that are not all zero.
fn frames<const M: usize, const N: usize>() -> impl Strategy<Value = Vec<[f64; M]>> {
    prop::collection::vec(prop::array::uniform::<_, M>(value()), N)
        .prop_filter("all zero", |x| x.iter().flatten().any(|&x| x > 0.0))
}

fn factors<T: Real, const M: usize, const N: usize, const K: usize>() -> impl Strategy<Value = Factors<T, M, N, K>> {
    let w = prop::collection::vec(prop::array::uniform::<_, M>(value()), K);
    let h = prop::collection::vec(prop::array::uniform::<_, K>(value()), N);
    (w, h).prop_map(|(w, h)| Factors {
        w: SMatrix::from_fn(|i, k| from_f64(w[k][i])),
        h: SMatrix::from_fn(|k, j| from_f64(h[j][k])),
    })
}

/// Every solver from a random start and from SPA: sound factors, an error that is true and no larger than at the start.
fn fits<T: Real, const M: usize, const N: usize, const K: usize>(frames: &[[f64; M]], seed: u64) {
    let x = cast::<T, M>(frames);
    let problem = checked::<T, M, N>(&x);
    for_each_solver!(T, |promise, solver| {
        for start in [Begin::Uniform(seed), Begin::Columns(seed), Begin::Spa] {
            let mut factors = begin::<T, M, N, K>(&problem, start);
            let before = measure(promise, &x, &factors);
            let outcome = fit(solver, Stop::new().max_sweeps(15), &problem, &mut factors);
            assert_sound(promise, &factors, &format!("{start:?}"));
            let (after, told) = (measure(promise, &x, &factors), to_f64(outcome.relative_error));
            let limit = before * (1.0 + tolerance::rise::<T>()) + tolerance::singular::<T>(promise);
            assert!(after <= limit, "{} {start:?}: {before:e} to {after:e}", promise.name);
            let slack = tolerance::reported::<T>() * told + tolerance::measured::<T>(promise);
            assert!((after - told).abs() <= slack, "{} {start:?}: {after:e}, reported {told:e}", promise.name);
        }
    });
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn every_fit_is_sound_and_no_worse_than_its_start(x in frames::<6, 9>(), seed in 0..1000_u64) {
        fits::<f32, 6, 9, 3>(&x, seed);
        fits::<f64, 6, 9, 3>(&x, seed);
    }

    /// K above the rank there can be, and a number of features that no group of eight fits.
    #[test]
    fn every_overcomplete_fit_is_sound(x in frames::<11, 4>(), seed in 0..1000_u64) {
        fits::<f32, 11, 4, 6>(&x, seed);
        fits::<f64, 11, 4, 6>(&x, seed);
    }
}

/// W·H entry by entry in f64: what `normalize` and `sort` may not change.
fn model<T: Real, const M: usize, const N: usize, const K: usize>(factors: &Factors<T, M, N, K>) -> Vec<f64> {
    let entry = |i: usize, j: usize| (0..K).map(|k| to_f64(factors.w[(i, k)]) * to_f64(factors.h[(k, j)])).sum();
    (0..N).flat_map(|j| (0..M).map(move |i| (i, j))).map(|(i, j)| entry(i, j)).collect()
}

fn assert_same_product(a: &[f64], b: &[f64], tolerance: f64) {
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= tolerance * b.abs(), "{a:e} instead of {b:e}");
    }
}

fn shares<T: Real, const M: usize, const N: usize, const K: usize>(factors: &Factors<T, M, N, K>) -> Vec<f64> {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let of = |k| {
        norm(&mut factors.w.column(k).iter().map(|&w| to_f64(w)))
            * norm(&mut factors.h.row(k).iter().map(|&h| to_f64(h)))
    };
    (0..K).map(of).collect()
}

fn arrange<T: Real>(before: &Factors<T, 5, 7, 4>) {
    let product = model(before);
    let rounding = tolerance::product::<T>();

    let mut normal = before.clone();
    normal.normalize();
    assert_same_product(&model(&normal), &product, rounding);
    for k in 0..4 {
        let length = normal.w.column(k).iter().map(|&w| to_f64(w) * to_f64(w)).sum::<f64>().sqrt();
        let empty = before.w.column(k).iter().all(|&w| w == T::ZERO);
        let expected = if empty { 0.0 } else { 1.0 };
        assert!((length - expected).abs() <= rounding, "component {k} has length {length}");
    }

    let mut sorted = before.clone();
    sorted.sort();
    // The same numbers in another order of the sum.
    assert_same_product(&model(&sorted), &product, tolerance::REORDERED);
    for pair in shares(&sorted).windows(2) {
        assert!(pair[1] <= pair[0] * (1.0 + rounding), "{pair:?}");
    }
    let mut again = sorted.clone();
    again.sort();
    assert_eq!(again, sorted);
    // Whole components move: every one of them is still there, bit for bit.
    let parts = |factors: &Factors<T, 5, 7, 4>| {
        let part =
            |k| -> Vec<u64> { factors.w.column(k).iter().chain(factors.h.row(k).iter()).map(|v| v.bits()).collect() };
        let mut parts: Vec<_> = (0..4).map(part).collect();
        parts.sort();
        parts
    };
    assert_eq!(parts(&sorted), parts(before));

    let mut out = SMatrix::from_element(T::INFINITY);
    before.reconstruct_into(&mut out);
    assert_same_product(&out.iter().map(|&v| to_f64(v)).collect::<Vec<_>>(), &product, rounding);
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn arranging_components_keeps_the_product_in_f32(factors in factors::<f32, 5, 7, 4>()) {
        arrange(&factors);
    }

    #[test]
    fn arranging_components_keeps_the_product_in_f64(factors in factors::<f64, 5, 7, 4>()) {
        arrange(&factors);
    }

    /// The error that `Factors` states is that of the formula, whatever the factors.
    #[test]
    fn the_error_of_any_factors_is_the_formula(x in frames::<5, 7>(), factors in factors::<f64, 5, 7, 4>()) {
        let problem = checked::<f64, 5, 7>(&x);
        let (told, formula) = (factors.relative_error(&problem), error(&x, &factors));
        prop_assert!((told - formula).abs() <= tolerance::product::<f64>() * formula, "{told:e}, {formula:e}");
    }
}

/// Equal shares keep their order.
#[test]
fn sorting_is_stable() {
    let mut factors = Factors::<f32, 2, 3, 4>::zeros();
    for k in 0..4 {
        factors.w[(0, k)] = 1.0;
        factors.h[(k, 0)] = if k == 2 { 5.0 } else { 1.0 };
        factors.h[(k, 2)] = 0.0;
        factors.w[(1, k)] = 0.0;
    }
    // A mark that does not change the share: the coefficient lies in another frame.
    factors.h.swap((1, 0), (1, 1));
    factors.h.swap((3, 0), (3, 2));
    factors.sort();
    let marks: Vec<usize> = (0..4).map(|k| (0..3).find(|&j| factors.h[(k, j)] > 0.0).unwrap()).collect();
    assert_eq!((factors.h[(0, 0)], marks), (5.0, vec![0, 0, 1, 2]));
}

proptest! {
    #![proptest_config(cases(24))]

    /// One entry every n-th sweep, as long as there is room; the fit is the one without a history.
    #[test]
    fn a_history_has_one_entry_per_interval(seed in 0..1000_u64, every in 0..6_u32, max_sweeps in 1..30_u32) {
        let x = cast::<f32, 12>(&random::<12>(seed, 10));
        let problem = checked::<f32, 12, 10>(&x);
        let nmf = Nmf::new(Momentum::new(Hals::new())).stop(Stop::new().max_sweeps(max_sweeps));
        let begun = uniform::<f32, 12, 10, 3>(&problem, seed);
        let (mut plain, mut watched, mut cut) = (begun.clone(), begun.clone(), begun);
        let mut ws = Default::default();
        let outcome = nmf.fit(&problem, &mut plain, &mut ws).unwrap();
        let mut history = History::<f32, 32>::every(every);
        prop_assert_eq!(nmf.fit_with(&problem, &mut watched, &mut ws, &mut history).unwrap(), outcome);
        prop_assert_eq!(bits(&watched), bits(&plain));
        let entries = outcome.sweeps.checked_div(every).unwrap_or(0);
        prop_assert_eq!(history.errors().len(), entries as usize);
        if every == 1 {
            prop_assert_eq!(history.errors().last(), Some(&outcome.relative_error));
        }
        // A full buffer keeps the beginning.
        let mut short = History::<f32, 3>::every(every);
        nmf.fit_with(&problem, &mut cut, &mut ws, &mut short).unwrap();
        prop_assert_eq!(short.errors(), &history.errors()[..history.errors().len().min(3)]);
        short.clear();
        prop_assert!(short.errors().is_empty());
    }

    /// Breaking off after sweep n leaves the factors of sweep n.
    #[test]
    fn an_observer_breaks_where_it_says(seed in 0..1000_u64, every in 1..4_u32, calls in 1..5_u32) {
        let x = cast::<f64, 12>(&random::<12>(seed, 10));
        let problem = checked::<f64, 12, 10>(&x);
        let begun = uniform::<f64, 12, 10, 3>(&problem, seed);
        let nmf = Nmf::new(Hals::new()).stop(sweeps(40));
        let mut factors = begun.clone();
        let mut observer = Patience { calls, every, seen: Vec::new() };
        let outcome = nmf.fit_with(&problem, &mut factors, &mut Default::default(), &mut observer).unwrap();
        prop_assert_eq!((outcome.status, outcome.sweeps), (Status::Interrupted, every * calls));
        prop_assert_eq!(&observer.seen, &(1..=calls).map(|call| call * every).collect::<Vec<_>>());
        let mut limited = begun;
        let expected = fit(Hals::new(), sweeps(every * calls), &problem, &mut limited);
        prop_assert_eq!(outcome.relative_error, expected.relative_error);
        prop_assert_eq!(bits(&factors), bits(&limited));
    }
}

/// Breaks at its n-th call.
struct Patience {
    calls: u32,
    every: u32,
    seen: Vec<u32>,
}

impl<T> Observer<T> for Patience {
    fn observe(&mut self, progress: &Progress<T>) -> ControlFlow<()> {
        self.seen.push(progress.sweeps);
        if self.seen.len() < self.calls as usize { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn every(&self) -> u32 {
        self.every
    }
}

/// An observer that breaks in the sweep in which the stop rule is met has nothing left to interrupt.
#[test]
fn the_stop_rule_comes_before_the_observer() {
    let x = cast::<f32, 12>(&random::<12>(1, 10));
    let problem = Problem::<f32, 12, 10, _>::from_columns(&x[..]).unwrap();
    let mut factors = Factors::<f32, 12, 10, 3>::zeros();
    factors.init(&problem, Spa);
    let nmf = Nmf::<f32, _>::default().stop(sweeps(5));
    let mut observer = Patience { calls: 5, every: 1, seen: Vec::new() };
    let outcome = nmf.fit_with(&problem, &mut factors, &mut Default::default(), &mut observer).unwrap();
    assert_eq!((outcome.status, outcome.sweeps), (Status::MaxSweeps, 5));
}
