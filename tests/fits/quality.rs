//! Floors of the default solver that a newcomer checks first, from `Uniform` starts with seeds 0 … n − 1.
//!
//! `cargo run --release -p experiments --bin quality` measures the rest.

use std::ops::ControlFlow;

use crate::common::data;
use rand_xorshift::XorShiftRng;
use tinynmf::rand_core::SeedableRng;
use tinynmf::{
    AlternateWorkspace, Factors, Hals, Nmf, Problem, Progress, RandomAls, RandomAlsWorkspace, Start, Status, Stop,
    Uniform, Workspace,
};

/// Errors after `sweeps` sweeps in f32, and the sweep at which each start first came within 1e-3 of the best known error.
fn starts<const M: usize, const N: usize, const K: usize>(
    frames: &[[f64; M]],
    best_known: f64,
    count: u64,
    sweeps: u32,
) -> (Vec<f64>, Vec<u32>) {
    let x = data::cast::<f32, M>(frames);
    let problem = Problem::<f32, M, N, _>::from_columns(&x[..]).unwrap();
    let nmf = Nmf::default().stop(Stop::new().rel_tol(0.0).max_sweeps(sweeps));
    let (mut errors, mut hits) = (Vec::new(), Vec::new());
    for seed in 0..count {
        let mut factors = Factors::<f32, M, N, K>::zeros();
        factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(seed)));
        let mut hit = None;
        let mut watch = |progress: &Progress<f32>| {
            if hit.is_none() && f64::from(progress.relative_error) <= best_known + 1e-3 {
                hit = Some(progress.sweeps);
            }
            ControlFlow::Continue(())
        };
        let outcome = nmf.fit_with(&problem, &mut factors, &mut Workspace::new(), &mut watch).unwrap();
        errors.push(f64::from(outcome.relative_error));
        hits.extend(hit);
    }
    errors.sort_by(f64::total_cmp);
    hits.sort_unstable();
    (errors, hits)
}

/// Every start of the notebook's exact problem reaches 1e-3, half of them within 20 sweeps, and ends at 2e-6 or below, where
/// the notebook ended at 0.696.
#[test]
fn notebook_x_is_solved_from_every_start() {
    let (errors, hits) = starts::<12, 10, 3>(&data::notebook_x(), 0.0, 200, 300);
    assert_eq!(hits.len(), 200);
    assert!(hits[100] <= 20, "median of {} sweeps", hits[100]);
    assert!(errors[199] <= 2e-6, "worst {:e}", errors[199]);
    assert!(errors[100] <= 2e-7, "median {:e}", errors[100]);
}

/// The best error that is known for V, from every start within ten sweeps.
#[test]
fn notebook_v_is_solved_in_ten_sweeps() {
    let (errors, _) = starts::<4, 4, 2>(&data::notebook_v(), 0.06746359, 200, 10);
    assert!((errors[100] - 0.067464).abs() <= 1e-6, "median {}", errors[100]);
    let (errors, _) = starts::<4, 4, 2>(&data::notebook_v(), 0.06746359, 200, 200);
    assert!((errors[199] - 0.067464).abs() <= 1e-6, "worst {}", errors[199]);
}

/// Two local minima: 92 % of starts find the better one, less the binomial uncertainty of 200 starts.
#[test]
fn notebook_a_is_solved_from_nine_starts_in_ten() {
    let (errors, _) = starts::<9, 7, 3>(&data::rows("seed_A.csv"), 0.2819159, 200, 200);
    let found = errors.iter().filter(|&&error| error <= 0.2819159 * 1.01).count();
    assert!(found as f64 >= 200.0 * (0.92 - 1.64 * (0.92_f64 * 0.08 / 200.0).sqrt()), "{found} of 200");
}

/// The synthetic piano: every start within 1e-3 of the best known error.
#[test]
fn piano_is_solved_from_every_start() {
    let (errors, hits) = starts::<65, 128, 6>(&data::rows("piano_65x128.csv"), 0.163259, 10, 100);
    assert_eq!(hits.len(), 10, "{errors:?}");
}

/// Eight pilots of 30 sweeps, the best continued: within 1 % of the best known error.
#[test]
fn pilots_find_a_good_start() {
    let digits = data::cast::<f32, 64>(&data::frames::<64>("digits.csv")[..100]);
    let problem = Problem::<f32, 64, 100, _>::from_columns(&digits[..]).unwrap();
    let (mut best, mut trial) = (Factors::<f32, 64, 100, 8>::zeros(), Factors::zeros());
    let log = Nmf::default()
        .pilots(30)
        .fit_restarts::<64, 100, 8, 8, _>(&problem, |_| Start::Uniform, &mut best, &mut trial, &mut Workspace::new())
        .unwrap();
    assert!(log.restarts().iter().all(|pilot| pilot.sweeps == 30));
    assert!(log.outcome().relative_error <= 0.310992 * 1.01, "{}", log.outcome().relative_error);
}

/// Lengths are taken without over- or underflow: the extremes of f32 come out with unit length too.
#[test]
fn normalize_reaches_the_ends_of_the_range() {
    for size in [1e-45_f32, 1e-39, 1e-20, 1.0, 1e20, 1.7e38, f32::MAX] {
        let mut factors = Factors::<f32, 3, 1, 1>::zeros();
        (factors.w[1], factors.h[0]) = (size, 1.0);
        factors.normalize();
        assert_eq!((factors.w[1], factors.h[0]), (1.0, size), "size {size:e}");
    }
}

/// Forty seeds of the default: fitted to `Converged`, then fitted again.
#[test]
fn the_default_leaves_a_converged_point_within_two_sweeps() {
    let x = data::cast::<f32, 64>(&data::frames::<64>("digits.csv")[..100]);
    let problem = Problem::<f32, 64, 100, _>::from_columns(&x[..]).unwrap();
    let mut ws = Workspace::new();
    for seed in 0..40 {
        let mut factors = Factors::<f32, 64, 100, 8>::zeros();
        factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(seed)));
        let first = Nmf::default().fit(&problem, &mut factors, &mut ws).unwrap();
        let again = Nmf::default().fit(&problem, &mut factors, &mut ws).unwrap();
        assert_eq!((first.status, again.status), (Status::Converged, Status::Converged));
        assert!(again.sweeps <= 2, "seed {seed}: {} sweeps", again.sweeps);
        // A sweep at rest rounds every entry once.
        assert!(again.relative_error <= first.relative_error * (1.0 + 1e-6));
    }
}

/// The error inside a sweep agrees with the direct residual to 1e-3 of its value, down to an error of 1e-2.
#[test]
fn the_error_inside_a_sweep_is_the_direct_one() {
    let x = data::cast::<f32, 12>(&data::notebook_x());
    let problem = Problem::<f32, 12, 10, _>::from_columns(&x[..]).unwrap();
    for seed in 0..20 {
        let mut factors = Factors::<f32, 12, 10, 3>::zeros();
        factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(seed)));
        let nmf = Nmf::new(Hals::new());
        let mut ws = AlternateWorkspace::new();
        let mut run = nmf.start(&problem, &mut factors, &mut ws).unwrap();
        while let ControlFlow::Continue(progress) = run.step().unwrap() {
            let direct = run.relative_error();
            if direct < 1e-2 {
                break;
            }
            assert!((progress.relative_error - direct).abs() <= 1e-3 * direct, "{} {direct}", progress.relative_error);
        }
    }
}

/// 99 columns and 99 rows of the notebook's exact problem, where the notebook's 1000 + 1000 ended at 0.696.
#[test]
fn random_als_solves_notebook_x_in_nine_sweeps() {
    let ends = |solver: fn(u64) -> RandomAls<f64>| {
        let x = data::notebook_x();
        let problem = Problem::<f64, 12, 10, _>::from_columns(&x[..]).unwrap();
        let mut errors: Vec<f64> = (0..200)
            .map(|seed| {
                let mut factors = Factors::<f64, 12, 10, 3>::zeros();
                factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(seed)));
                let nmf = Nmf::new(solver(seed)).stop(Stop::new().rel_tol(0.0).max_sweeps(9));
                nmf.fit(&problem, &mut factors, &mut RandomAlsWorkspace::new()).unwrap().relative_error
            })
            .collect();
        errors.sort_by(f64::total_cmp);
        errors
    };
    let unconstrained = ends(|seed| RandomAls::unconstrained().seed(seed));
    assert!(unconstrained[100] <= 2e-5, "median {:e}", unconstrained[100]);
    assert!(unconstrained[199] <= 1e-3, "worst {:e}", unconstrained[199]);
    let exact = ends(|seed| RandomAls::new().seed(seed));
    assert!(exact[100] <= 2e-2, "median {:e}", exact[100]);
}
