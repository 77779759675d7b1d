//! Choice of the rank by held-out entries.

use crate::common::*;
use tinynmf::{
    Error, Factors, HoldOut, KaczmarzEntry, Mask, Nmf, Problem, RandomAls, RankCurve, Real, Setting, Stop, rank_curve,
};

/// The notebook's X with 5 % noise: three parts are what its entries have in common.
#[test]
fn notebook_x_with_noise_has_rank_three() {
    fn check<T: Real>(seeds: u64) {
        let noise = random::<12>(1, 10);
        let mut frames = notebook_x();
        for (frame, noise) in frames.iter_mut().zip(&noise) {
            for (x, noise) in frame.iter_mut().zip(noise) {
                *x *= 1.0 + 0.05 * (2.0 * noise - 1.0);
            }
        }
        let x = cast::<T, 12>(&frames);
        let problem = checked::<T, 12, 10>(&x);
        for seed in 0..seeds {
            let nmf = Nmf::new(RandomAls::masked()).stop(Stop::new().max_sweeps(100));
            let curve =
                rank_curve!(HoldOut::new().folds(20).seed(1000 * seed), &problem, &nmf, [1, 2, 3, 4, 5]).unwrap();
            let errors: Vec<_> = curve.points().iter().map(|p| (p.k, to_f64(p.training), to_f64(p.held_out))).collect();
            assert_eq!(curve.best().map(|point| point.k), Some(3), "{} {seed}: {errors:?}", scalar::<T>());
            for pair in curve.points().windows(2) {
                assert!(pair[1].training < pair[0].training, "training errors fall with K");
            }
        }
    }
    check::<f32>(1);
    check::<f64>(2);
}

/// The held-out error of a fold is that of entries which the fit has not seen: formed again from the mask, in f64.
#[test]
fn a_point_is_what_it_says() {
    let x = noisy::<12, 10, 2>(1, 0.2);
    let problem = checked::<f64, 12, 10>(&x);
    let mut factors = Factors::<f64, 12, 10, 2>::zeros();
    let nmf = Nmf::new(RandomAls::new());
    let ten = HoldOut::new().folds(10).starts(2);
    let point = ten.point(&problem, &nmf, &mut factors, &mut Default::default()).unwrap();
    assert_eq!(point.k, 2);
    assert!(point.training < point.held_out && point.held_out < 0.5, "{point:?}");
    assert!(point.spread >= 0.0 && point.spread < point.held_out, "{point:?}");
    let again = ten.point(&problem, &nmf, &mut factors, &mut Default::default()).unwrap();
    assert_eq!(point, again);
    let other = ten.seed(7).point(&problem, &nmf, &mut factors, &mut Default::default()).unwrap();
    assert!(point != other);
}

/// Entries that were missing before stay missing in every fold.
#[test]
fn it_works_on_masked_data() {
    let x = planted::<12, 10, 2>(3);
    let known: [[bool; 12]; 10] = std::array::from_fn(|j| std::array::from_fn(|i| (i * 3 + j * 7) % 8 != 0));
    let run = |value: f64| {
        let mut x = x.clone();
        (0..10).for_each(|j| (0..12).filter(|&i| !known[j][i]).for_each(|i| x[j][i] = value));
        let columns = Mask { columns: &x[..], observed: &known };
        let problem = Problem::<f64, 12, 10, _>::from_columns(&columns).unwrap();
        let nmf = Nmf::new(RandomAls::new()).stop(Stop::new().max_sweeps(100));
        rank_curve!(HoldOut::new(), &problem, &nmf, [1, 2]).unwrap().points().to_vec()
    };
    let points = run(0.0);
    assert_eq!(points, run(f64::NAN));
    assert!(points[1].held_out < 0.2 * points[0].held_out, "{points:?}");
}

#[test]
fn curves_choose_the_smallest_good_rank() {
    let x = planted::<12, 10, 2>(3);
    let problem = checked::<f64, 12, 10>(&x);
    let mut seen = 0;
    let nmf = Nmf::new(KaczmarzEntry::new().decay(0.0)).stop(Stop::new().max_sweeps(200));
    let curve = rank_curve!(HoldOut::new().starts(1), &problem, &nmf, [3, 2, 1], |_| seen += 1).unwrap();
    assert_eq!((seen, curve.points().len(), curve.points()[0].k), (3, 3, 3));
    let (best, least) = (curve.best().unwrap(), curve.least().unwrap());
    assert!(best.k <= least.k && best.held_out <= least.held_out + least.spread);
    assert!(curve.points().iter().all(|point| point.held_out >= least.held_out));
    assert!(!curve.clone().push(best), "no room");
}

/// A fold of denormals beside normal numbers, which are predicted far too large for it: no better
/// than 0, and no NaN.
#[test]
fn a_fold_of_denormals_has_an_error() {
    let mut x = cast::<f32, 12>(&noisy::<12, 10, 2>(1, 0.2));
    for (j, frame) in x.iter_mut().enumerate() {
        (0..12).filter(|i| (i + j) % 2 == 0).for_each(|i| frame[i] = 1e-44);
    }
    let problem = checked::<f32, 12, 10>(&x);
    for folds in [20, 60, 200] {
        for seed in 0..5 {
            let hold_out = HoldOut::new().folds(folds).starts(1).seed(seed);
            let nmf = Nmf::new(RandomAls::masked()).stop(Stop::new().max_sweeps(5));
            let curve = rank_curve!(hold_out, &problem, &nmf, [1, 2]).unwrap();
            let signed = Nmf::new(RandomAls::unconstrained()).stop(Stop::new().max_sweeps(5));
            let other = rank_curve!(hold_out, &problem, &signed, [1, 2]).unwrap();
            for point in curve.points().iter().chain(other.points()) {
                assert!(point.held_out > 0.0 && point.held_out <= 1.0, "{folds} {seed}: {point:?}");
                assert!(point.training.is_finite() && point.spread.is_finite(), "{folds} {seed}: {point:?}");
            }
        }
    }
}

/// An error that is no number is never the least, wherever it stands.
#[test]
fn a_curve_ignores_what_is_no_number() {
    let x = planted::<12, 10, 2>(3);
    let problem = checked::<f64, 12, 10>(&x);
    let nmf = Nmf::new(RandomAls::new()).stop(Stop::new().max_sweeps(20));
    let points = rank_curve!(HoldOut::new().starts(1), &problem, &nmf, [1, 2, 3]).unwrap();
    for broken in 0..3 {
        let mut curve = RankCurve::<f64, 3>::new();
        for (place, mut point) in points.points().iter().copied().enumerate() {
            if place == broken {
                (point.held_out, point.spread) = (f64::NAN, f64::NAN);
            }
            assert!(curve.push(point));
        }
        for chosen in [curve.least(), curve.best()] {
            assert!(chosen.is_some_and(|point| point.held_out.is_finite() && point.k != broken + 1), "{chosen:?}");
        }
    }
    let mut curve = RankCurve::<f64, 3>::new();
    let mut point = points.points()[0];
    point.held_out = f64::NAN;
    assert!(curve.push(point));
    assert!(curve.least().is_none() && curve.best().is_none());
}

#[test]
fn settings_out_of_range_are_named() {
    let x = planted::<12, 10, 2>(3);
    let problem = checked::<f64, 12, 10>(&x);
    let nmf = Nmf::new(RandomAls::new());
    let error = |hold_out: HoldOut| rank_curve!(hold_out, &problem, &nmf, [1]).err();
    assert_eq!(error(HoldOut::new().folds(1)), Some(Error::Setting(Setting::Folds)));
    assert_eq!(error(HoldOut::new().starts(0)), Some(Error::Setting(Setting::Starts)));
}
