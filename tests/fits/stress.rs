//! Extreme data and starts: nothing may become non-finite or negative, and what is exact data stays exactly solvable.

use std::ops::ControlFlow;

use crate::common::*;
use tinynmf::{Error, Factors, Hals, Momentum, Nmf, Outcome, Problem, Progress, Real, Status, Stop};

const STARTS: [Begin; 6] =
    [Begin::Uniform(1), Begin::Uniform(2), Begin::Uniform(3), Begin::Columns(1), Begin::Columns(2), Begin::Spa];

/// The error that every start must reach, besides sound numbers.
#[derive(Clone, Copy)]
enum Bound {
    /// None: the error is at most that of the start.
    Start,
    /// This one, whatever the solver.
    Every(f64),
    /// This one, but for clipped ALS, which stalls where parts compete.
    ButClipped(f64),
}

/// One case in both precisions.
fn case<const M: usize, const N: usize, const K: usize>(name: &str, frames: &[[f64; M]], count: u32, bound: Bound) {
    let mut findings = Findings::default();
    survive::<f32, M, N, K>(name, frames, count, bound, &mut findings);
    survive::<f64, M, N, K>(name, frames, count, bound, &mut findings);
}

fn survive<T: Real, const M: usize, const N: usize, const K: usize>(
    name: &str,
    frames: &[[f64; M]],
    count: u32,
    bound: Bound,
    findings: &mut Findings,
) {
    let x = cast::<T, M>(frames);
    let problem = checked::<T, M, N>(&x);
    for_each_solver!(T, |promise, solver| {
        let limit = match bound {
            // Where the slow methods get in so few sweeps is not what is tested here.
            _ if promise.is_weak() => f64::INFINITY,
            Bound::Every(limit) => limit,
            Bound::ButClipped(limit) if !promise.stalls => limit,
            Bound::ButClipped(_) | Bound::Start => f64::INFINITY,
        };
        for start in STARTS {
            let what = format!("{name}, {} {} {start:?}", promise.name, scalar::<T>());
            let mut factors = begin::<T, M, N, K>(&problem, start);
            sound(Promise { non_negative: true, ..promise }, &factors, &what, findings);
            let first = match promise.kullback_leibler {
                true => measure(promise, &x, &factors),
                false => to_f64(factors.relative_error(&problem)),
            };
            match fit_or_error(solver, sweeps(count), &problem, &mut factors) {
                Ok(outcome) => {
                    let error = to_f64(outcome.relative_error);
                    // The unit of X may be too coarse for the start and is not for the solver.
                    let limit = limit.min(first * (1.0 + tolerance::rise::<T>()) + tolerance::floor::<T>());
                    findings.expect(error <= limit, || format!("{what}: {first:e} to {error:e}, limit {limit:e}"));
                }
                Err(error) => findings.expect(false, || format!("{what}: {error}")),
            }
            sound(promise, &factors, &what, findings);
        }
    });
}

fn fit_or_error<T: Real, S: Tested<T, M, N, K>, const M: usize, const N: usize, const K: usize>(
    solver: S,
    stop: Stop<T>,
    problem: &Checked<'_, T, M, N>,
    factors: &mut Factors<T, M, N, K>,
) -> Result<Outcome<T>, Error> {
    Nmf::new(solver).stop(stop).fit(problem, factors, &mut S::Workspace::default())
}

fn sound<T: Real, const M: usize, const N: usize, const K: usize>(
    promise: Promise,
    factors: &Factors<T, M, N, K>,
    what: &str,
    findings: &mut Findings,
) {
    let bad = numbers(factors).find(|&value| !(value.is_finite() && (value >= T::ZERO || !promise.non_negative)));
    findings.expect(bad.is_none(), || format!("{what}: {} in the factors", bad.unwrap_or(T::ZERO)));
}

fn scaled<const M: usize>(frames: &[[f64; M]], scale: f64) -> Vec<[f64; M]> {
    frames.iter().map(|frame| frame.map(|x| x * scale)).collect()
}

/// Multiplies every entry by a number that depends on its row and column.
fn weighted<const M: usize>(frames: &[[f64; M]], weight: impl Fn(usize, usize) -> f64) -> Vec<[f64; M]> {
    let entry = |j: usize, i: usize| frames[j][i] * weight(i, j);
    (0..frames.len()).map(|j| std::array::from_fn(|i| entry(j, i))).collect()
}

/// 10^-6 … 10^6 in steps, for index `i` of `count`.
fn decades(i: usize, count: usize) -> f64 {
    10_f64.powf(12.0 * i as f64 / (count - 1) as f64 - 6.0)
}

/// Exact data of rank 3, from any start, at any scale: what 60 sweeps of the slowest solver leave.
const EXACT: Bound = Bound::Every(0.2);

/// The default solver on exact data: every scale ends where scale 1 does.
#[test]
fn every_scale_fits_as_well_as_one() {
    fn check<T: Real>(exponents: &[i32]) {
        let mut findings = Findings::default();
        for &exponent in exponents {
            let x = cast::<T, 12>(&scaled(&notebook_x(), 10_f64.powi(exponent)));
            let problem = checked::<T, 12, 10>(&x);
            for start in STARTS {
                let mut factors = begin::<T, 12, 10, 3>(&problem, start);
                let outcome = fit(Momentum::new(Hals::new()), sweeps(200), &problem, &mut factors);
                let limit = tolerance::EXACT_DEFAULT;
                let told = to_f64(outcome.relative_error);
                let measured = error(&x, &factors);
                findings.expect(told <= limit, || format!("1e{exponent} {start:?}: {told:e}"));
                findings.expect(measured <= limit, || format!("1e{exponent} {start:?}: {measured:e} in the unit of X"));
            }
        }
    }
    check::<f32>(&[0, -20, -30, -37, 18, 20, 37]);
    check::<f64>(&[0, -20, -30, -37, 18, 20, 37, -150, -300, 150, 300, 307]);
}

#[test]
fn scale_1e_minus_20() {
    case::<12, 10, 3>("1e-20", &scaled(&notebook_x(), 1e-20), 60, EXACT);
}

#[test]
fn scale_1e_minus_30() {
    case::<12, 10, 3>("1e-30", &scaled(&notebook_x(), 1e-30), 60, EXACT);
}

/// Subnormal in f32.
#[test]
fn scale_1e_minus_38() {
    case::<12, 10, 3>("1e-38", &scaled(&notebook_x(), 1e-38), 60, EXACT);
    case::<12, 10, 3>("1e-40", &scaled(&notebook_x(), 1e-40), 60, EXACT);
    // The smallest number there is, in a few entries.
    case::<12, 10, 3>("1e-45", &scaled(&notebook_x(), 1e-45), 60, Bound::Start);
}

#[test]
fn scale_1e18() {
    case::<12, 10, 3>("1e18", &scaled(&notebook_x(), 1e18), 60, EXACT);
}

#[test]
fn scale_1e20() {
    case::<12, 10, 3>("1e20", &scaled(&notebook_x(), 1e20), 60, EXACT);
}

#[test]
fn scale_1e37() {
    case::<12, 10, 3>("1e37", &scaled(&notebook_x(), 1e37), 60, EXACT);
}

/// The limits of f64, where f32 has none.
#[test]
fn scales_of_f64() {
    let mut findings = Findings::default();
    for exponent in [-320, -308, -150, 150, 307] {
        let frames = scaled(&scaled(&notebook_x(), 10_f64.powi(exponent / 2)), 10_f64.powi(exponent - exponent / 2));
        survive::<f64, 12, 10, 3>(&format!("1e{exponent}"), &frames, 60, EXACT, &mut findings);
    }
}

#[test]
fn all_zero() {
    fn check<T: Real>() {
        let x = [[T::ZERO; 12]; 10];
        assert_eq!(Problem::<T, 12, 10, _>::from_columns(&x[..]).err(), Some(Error::AllZero));
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn one_entry_is_not_zero() {
    let frames = weighted(&[[1.0; 12]; 10], |i, j| if (i, j) == (7, 3) { 5.0 } else { 0.0 });
    case::<12, 10, 4>("single", &frames, 20, Bound::Every(1e-6));
}

#[test]
fn constant() {
    case::<12, 10, 4>("constant", &[[3.0; 12]; 10], 60, Bound::Every(1e-3));
}

#[test]
fn rank_1_with_4_components() {
    case::<12, 10, 4>("rank 1", &planted::<12, 10, 1>(1), 60, Bound::Every(2e-3));
}

#[test]
fn rank_2_with_6_components() {
    case::<12, 10, 6>("rank 2", &planted::<12, 10, 2>(1), 60, Bound::ButClipped(5e-3));
}

#[test]
fn more_components_than_rows_or_columns() {
    case::<4, 5, 7>("K > min(M, N)", &random::<4>(1, 5), 60, Bound::ButClipped(1e-4));
}

#[test]
fn identity() {
    let frames = weighted(&[[1.0; 6]; 6], |i, j| f64::from(u8::from(i == j)));
    case::<6, 6, 6>("identity", &frames, 30, Bound::Every(1e-5));
    case::<6, 6, 3>("identity, K 3", &frames, 30, Bound::Every(0.8));
}

#[test]
fn collinear_parts() {
    for angle in [1e-2, 1e-3, 1e-4, 1e-5] {
        let mut parts = random::<12>(1, 4);
        let (first, second) = (parts[0], parts[1]);
        parts[1] = std::array::from_fn(|i| first[i] + angle * second[i]);
        let frames = product(&parts, &random::<4>(1001, 10));
        case::<12, 10, 4>(&format!("collinear {angle:e}"), &frames, 40, Bound::ButClipped(5e-3));
    }
}

#[test]
fn rows_over_twelve_decades() {
    case::<12, 10, 3>("rows", &weighted(&planted::<12, 10, 3>(1), |i, _| decades(i, 12)), 60, Bound::Every(2e-2));
}

#[test]
fn columns_over_twelve_decades() {
    case::<12, 10, 3>("columns", &weighted(&planted::<12, 10, 3>(1), |_, j| decades(j, 10)), 60, Bound::Every(1e-3));
}

#[test]
fn one_outlier() {
    let frames = weighted(&planted::<12, 10, 3>(1), |i, j| if (i, j) == (4, 6) { 1e6 } else { 1.0 });
    case::<12, 10, 3>("outlier", &frames, 60, Bound::Every(1e-4));
}

#[test]
fn half_the_rows_and_columns_are_zero() {
    let frames = weighted(&planted::<12, 10, 3>(1), |i, j| f64::from(u8::from(i % 2 == 0 && j % 2 == 1)));
    case::<12, 10, 3>("half", &frames, 60, Bound::Every(2e-3));
}

#[test]
fn one_by_one() {
    case::<1, 1, 1>("1×1", &[[3.0]], 10, Bound::Every(1e-6));
    case::<1, 1, 3>("1×1, K 3", &[[3.0]], 10, Bound::Every(1e-6));
}

#[test]
fn one_row() {
    case::<1, 10, 2>("1×N", &random::<1>(1, 10), 20, Bound::Every(1e-6));
}

#[test]
fn one_column() {
    case::<12, 1, 2>("M×1", &random::<12>(1, 1), 20, Bound::Every(1e-6));
}

#[test]
fn duplicate_columns() {
    let mut frames = planted::<12, 10, 4>(1);
    for j in 0..5 {
        frames[j + 5] = frames[j];
    }
    case::<12, 10, 4>("duplicates", &frames, 60, Bound::ButClipped(5e-3));
}

// Starts that a caller may hand over.

/// Every solver from factors that `fill` made of a random start, on data of rank 3 with three components.
fn from_factors(name: &str, limit: f64, fill: &dyn Fn(usize, usize, f64) -> f64, least_revived: u32) {
    fn check<T: Real>(
        name: &str,
        limit: f64,
        fill: &dyn Fn(usize, usize, f64) -> f64,
        least_revived: u32,
        findings: &mut Findings,
    ) {
        let x = cast::<T, 12>(&noisy::<12, 10, 3>(1, 0.01));
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            let what = format!("{name}, {} {}", promise.name, scalar::<T>());
            let mut factors = uniform::<T, 12, 10, 3>(&problem, 1);
            // Factor 0 is W, 1 is H; then the component.
            for k in 0..3 {
                factors.w.column_mut(k).iter_mut().for_each(|w| *w = from_f64(fill(0, k, to_f64(*w))));
                factors.h.row_mut(k).iter_mut().for_each(|h| *h = from_f64(fill(1, k, to_f64(*h))));
            }
            match fit_or_error(solver, sweeps(200), &problem, &mut factors) {
                Ok(outcome) => {
                    let told = to_f64(outcome.relative_error);
                    let blows_up = promise.wanders && !promise.non_negative;
                    let limit = if promise.is_weak() { 5.0 * limit } else { limit };
                    findings.expect(told <= limit || blows_up, || format!("{what}: error {told:e}"));
                    findings
                        .expect(outcome.revived >= least_revived, || format!("{what}: {} revived", outcome.revived));
                }
                Err(error) => findings.expect(false, || format!("{what}: {error}")),
            }
            sound(promise, &factors, &what, findings);
        });
    }
    let mut findings = Findings::default();
    check::<f32>(name, limit, fill, least_revived, &mut findings);
    check::<f64>(name, limit, fill, least_revived, &mut findings);
}

#[test]
fn a_start_without_w() {
    from_factors("W = 0", 0.02, &|factor, _, value| if factor == 0 { 0.0 } else { value }, 0);
}

#[test]
fn a_start_without_h() {
    from_factors("H = 0", 0.02, &|factor, _, value| if factor == 1 { 0.0 } else { value }, 0);
}

#[test]
fn a_start_of_zeros_is_revived() {
    from_factors("W = 0, H = 0", 0.02, &|_, _, _| 0.0, 3);
}

#[test]
fn a_dead_component_is_revived() {
    from_factors("w_1 = 0, h_1 = 0", 0.02, &|_, k, value| if k == 1 { 0.0 } else { value }, 1);
}

#[test]
fn large_w_and_small_h() {
    from_factors("W 1e30, H 1e-30", 0.02, &|factor, _, value| value * [1e30, 1e-30][factor], 0);
}

#[test]
fn small_w_and_large_h() {
    from_factors("W 1e-30, H 1e30", 0.02, &|factor, _, value| value * [1e-30, 1e30][factor], 0);
}

#[test]
fn small_w_and_small_h() {
    from_factors("W 1e-30, H 1e-30", 0.02, &|_, _, value| value * 1e-30, 0);
}

/// In f32 their product overflows, and so does the Gram.
#[test]
fn large_w_and_large_h() {
    from_factors("W 1e30, H 1e30", 0.02, &|_, _, value| value * 1e30, 0);
}

#[test]
fn components_of_very_different_size() {
    from_factors("1e30, 1, 1e-30", 0.02, &|_, k, value| value * [1e30, 1.0, 1e-30][k], 0);
}

/// In f64 a part of a millionth of the size of the others, and less, is no dead one: to take it away raises the error.
#[test]
fn a_quiet_part_is_not_taken_for_dead() {
    for size in [1e-5, 1e-6, 1e-7] {
        let mut parts = random::<12>(1, 4);
        parts[2] = parts[2].map(|w| w * size);
        // What three components leave over: enough to explain for a revived one.
        parts[3] = parts[3].map(|w| w * size / 3.0);
        let weights = random::<4>(1001, 10);
        let x = product(&parts, &weights);
        let problem = checked::<f64, 12, 10>(&x);
        let mut start = Factors::<f64, 12, 10, 3>::zeros();
        for k in 0..3 {
            (0..12).for_each(|i| start.w[(i, k)] = parts[k][i]);
            (0..10).for_each(|j| start.h[(k, j)] = weights[j][k]);
        }
        let before = error(&x, &start);
        for_each_solver!(f64, |promise, solver| {
            for count in 1..=5 {
                let mut factors = start.clone();
                let outcome = fit(solver, sweeps(count), &problem, &mut factors);
                assert_eq!(outcome.revived, 0, "{}, size {size:e}, {count} sweeps", promise.name);
                let after = measure(promise, &x, &factors);
                let limit = before + tolerance::singular::<f64>(promise);
                assert!(after <= limit, "{}, size {size:e}: {before:e} to {after:e}", promise.name);
            }
        });
    }
}

// Failures that other packages were reported with.

/// An all-zero frame: 0/0 in successive projection and in the stop test.
#[test]
fn spa_and_the_stop_rule_survive_a_zero_frame() {
    fn check<T: Real>() {
        let mut frames = noisy::<12, 10, 3>(1, 0.3);
        frames[0] = [0.0; 12];
        frames[9] = [0.0; 12];
        let x = cast::<T, 12>(&frames);
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            let mut factors = begin::<T, 12, 10, 3>(&problem, Begin::Spa);
            assert!(factors.h.column(0).iter().all(|&h| h == T::ZERO), "{}", promise.name);
            let outcome = fit(solver, Stop::new(), &problem, &mut factors);
            assert_sound(promise, &factors, "zero frame");
            assert_eq!(outcome.status, Status::Converged, "{}", promise.name);
            let (first, last) = (factors.h.column(0), factors.h.column(9));
            assert!(first.iter().chain(last.iter()).all(|&h| h == T::ZERO), "{}: {first} {last}", promise.name);
        });
    }
    check::<f32>();
    check::<f64>();
}

/// A component that no frame uses and a part that is zero: denominators of zero in both half sweeps.
#[test]
fn zero_denominators() {
    fn check<T: Real>() {
        let x = cast::<T, 12>(&notebook_x());
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            let mut factors = uniform::<T, 12, 10, 4>(&problem, 1);
            factors.w.column_mut(0).iter_mut().for_each(|w| *w = T::ZERO);
            factors.h.row_mut(1).iter_mut().for_each(|h| *h = T::ZERO);
            for count in [1, 2, 20] {
                let mut factors = factors.clone();
                let outcome = fit(solver, sweeps(count), &problem, &mut factors);
                assert_sound(promise, &factors, "zero denominators");
                assert!(outcome.relative_error < T::ONE, "{}", promise.name);
            }
        });
    }
    check::<f32>();
    check::<f64>();
}

/// Long silence, then one sound: NaN in other packages.
#[test]
fn silence_gives_zeros() {
    fn check<T: Real>() {
        let mut frames = vec![[0.0; 12]; 10];
        frames[7] = random::<12>(1, 1)[0];
        let x = cast::<T, 12>(&frames);
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            let mut factors = uniform::<T, 12, 10, 3>(&problem, 1);
            let outcome = fit(solver, Stop::new(), &problem, &mut factors);
            assert_sound(promise, &factors, "silence");
            let end = to_f64(outcome.relative_error);
            assert!(end <= tolerance::EXACT, "{} {}: {end:e}", promise.name, scalar::<T>());
        });
    }
    check::<f32>();
    check::<f64>();
}

/// A feature that never occurs: 1/0 for its row of W.
#[test]
fn a_zero_row() {
    fn check<T: Real>() {
        let frames = weighted(&planted::<12, 10, 3>(1), |i, _| f64::from(u8::from(i != 5)));
        let x = cast::<T, 12>(&frames);
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            for start in STARTS {
                let mut factors = begin::<T, 12, 10, 3>(&problem, start);
                fit(solver, Stop::new(), &problem, &mut factors);
                assert_sound(promise, &factors, "zero row");
                let row = factors.w.row(5);
                assert!(row.iter().all(|&w| w == T::ZERO), "{} {} {start:?}: {row}", promise.name, scalar::<T>());
            }
        });
    }
    check::<f32>();
    check::<f64>();
}

/// Sparse data on which another package returned nothing but NaN from every start.
#[test]
fn sparse_data_never_give_nan() {
    fn check<T: Real>() {
        let dense = random::<12>(5, 10);
        let x = cast::<T, 12>(&weighted(&dense, |i, j| f64::from(u8::from(dense[j][i] > 0.93))));
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            for start in STARTS {
                let mut factors = begin::<T, 12, 10, 5>(&problem, start);
                let outcome = fit(solver, Stop::new(), &problem, &mut factors);
                assert_sound(promise, &factors, "sparse");
                assert!(outcome.relative_error < T::ONE, "{} {start:?}", promise.name);
            }
        });
    }
    check::<f32>();
    check::<f64>();
}

/// A sweep whose error rises is taken back and is no reason to stop.
#[test]
fn a_rising_error_does_not_end_the_fit() {
    fn check<T: Real>() {
        let x = cast::<T, 12>(&random::<12>(3, 10));
        let problem = checked::<T, 12, 10>(&x);
        let mut rejected = 0;
        for seed in 1..=5 {
            let mut factors = uniform::<T, 12, 10, 4>(&problem, seed);
            let mut trace: Vec<(bool, T)> = Vec::new();
            let mut watch = |progress: &Progress<T>| {
                trace.push((progress.accepted, progress.relative_error));
                ControlFlow::Continue(())
            };
            let nmf = Nmf::new(Momentum::new(Hals::new())).stop(Stop::new().rel_tol(from_f64(1e-5)));
            let outcome = nmf.fit_with(&problem, &mut factors, &mut Default::default(), &mut watch).unwrap();
            assert_eq!((outcome.status, trace.len()), (Status::Converged, outcome.sweeps as usize));
            assert!(trace.last().is_some_and(|&(accepted, _)| accepted), "seed {seed} ends on a rejected sweep");
            for (i, &(accepted, error)) in trace.iter().enumerate().skip(1) {
                if !accepted {
                    rejected += 1;
                    assert_eq!(error, trace[i - 1].1, "what a rejected sweep did is taken back");
                    assert!(outcome.relative_error < error, "seed {seed}: nothing gained after sweep {i}");
                }
            }
        }
        assert!(rejected > 0, "no sweep was rejected: the data test nothing");
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn running_out_of_sweeps_is_reported() {
    fn check<T: Real>() {
        let x = cast::<T, 12>(&random::<12>(3, 10));
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            let mut factors = uniform::<T, 12, 10, 4>(&problem, 1);
            let outcome = fit(solver, Stop::new().max_sweeps(2), &problem, &mut factors);
            let stages = if promise.name.starts_with("Chain") { 2 } else { 1 };
            assert_eq!((outcome.status, outcome.sweeps), (Status::MaxSweeps, 2 * stages), "{}", promise.name);
        });
    }
    check::<f32>();
    check::<f64>();
}

/// X of a few units of the smallest subnormal number: factors whose columns of W were as coarse as
/// X would not have the error of the fit. Judged in f64, or scaled into its range.
#[test]
fn reported_errors_of_subnormal_data() {
    fn check<T: Real>(smallest: T, findings: &mut Findings) {
        for seed in 0..4 {
            let mut x = vec![[T::ZERO; 4]; 5];
            for (x, draw) in x.iter_mut().zip(random::<4>(seed, 5)) {
                for (x, draw) in x.iter_mut().zip(draw) {
                    *x = smallest * T::from_count((9.0 * draw * draw) as usize);
                }
            }
            let problem = checked::<T, 4, 5>(&x);
            for_each_solver!(T, |promise, solver| {
                let mut factors = begin::<T, 4, 5, 2>(&problem, Begin::Uniform(seed));
                let outcome = fit(solver, sweeps(12), &problem, &mut factors);
                let (told, found) = (to_f64(outcome.relative_error), error(&x, &factors));
                let allowed = tolerance::reported::<T>() * found + tolerance::measured::<T>(promise);
                findings.expect(promise.kullback_leibler || (told - found).abs() <= allowed, || {
                    format!("{} {}, seed {seed}: told {told:e}, found {found:e}", promise.name, scalar::<T>())
                });
            });
        }
    }
    let mut findings = Findings::default();
    check::<f32>(f32::from_bits(1), &mut findings);
    check::<f64>(f64::from_bits(1), &mut findings);
}
