//! What every solver must do, on every registered solver, in f32 and f64.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::common::*;
use tinynmf::nalgebra::SMatrix;
use tinynmf::{Data, Error, Factors, Nmf, Progress, Real, RestartLog, Solver, Start, Status, Stop, Sweep};

/// A solver written outside the crate that hands everything on and keeps the error, in f64, after every sweep.
#[derive(Clone, Copy)]
struct Watched<S>(S, Promise);

#[derive(Default)]
struct Watch<V> {
    inner: V,
    errors: Vec<f64>,
}

impl<T: Real, S: Solver<T, M, N, K>, const M: usize, const N: usize, const K: usize> Solver<T, M, N, K> for Watched<S> {
    type Workspace = Watch<S::Workspace>;

    fn begin(&self, ws: &mut Self::Workspace) {
        self.0.begin(&mut ws.inner);
        ws.errors.clear();
    }

    fn sweep(
        &self,
        x: &Data<'_, T, M>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        ws: &mut Self::Workspace,
    ) -> Sweep<T> {
        let mut frames = vec![[T::ZERO; M]; x.len()];
        for (j, frame) in frames.iter_mut().enumerate() {
            x.read(j, frame);
        }
        let of = |w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>| measure(self.1, &frames, &Factors { w: *w, h: *h });
        if ws.errors.is_empty() {
            ws.errors.push(of(w, h));
        }
        let sweep = self.0.sweep(x, w, h, &mut ws.inner);
        ws.errors.push(of(w, h));
        sweep
    }

    fn validate(&self) -> Result<(), Error> {
        self.0.validate()
    }

    fn patience(&self) -> u32 {
        self.0.patience()
    }

    fn advance(&self, ws: &mut Self::Workspace) -> bool {
        self.0.advance(&mut ws.inner)
    }
}

/// Runs a generic check in both precisions.
macro_rules! both {
    ($check:ident $(, $argument:expr)*) => {{
        $check::<f32>($($argument),*);
        $check::<f64>($($argument),*);
    }};
}

#[test]
fn factors_stay_finite_and_non_negative() {
    fn check<T: Real>() {
        let x = cast::<T, 12>(&noisy::<12, 10, 3>(1, 0.3));
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            for count in [1, 2, 3, 5, 10, 30] {
                let mut factors = uniform::<T, 12, 10, 4>(&problem, 1);
                fit(solver, sweeps(count), &problem, &mut factors);
                assert_sound(promise, &factors, &format!("{count} sweeps"));
            }
        });
    }
    both!(check);
}

#[test]
fn the_error_never_rises() {
    fn check<T: Real>(frames: &[[f64; 12]], findings: &mut Findings) {
        let x = cast::<T, 12>(frames);
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            for seed in 1..=3 {
                rises_nowhere(promise, solver, &problem, uniform::<T, 12, 10, 4>(&problem, seed), findings);
            }
        });
    }
    let mut findings = Findings::default();
    both!(check, &noisy::<12, 10, 4>(2, 0.5), &mut findings);
    both!(check, &random::<12>(3, 10), &mut findings);
    both!(check, &notebook_x(), &mut findings);
}

fn rises_nowhere<T: Real, S: Tested<T, M, N, K>, const M: usize, const N: usize, const K: usize>(
    promise: Promise,
    solver: S,
    problem: &Checked<'_, T, M, N>,
    mut factors: Factors<T, M, N, K>,
    findings: &mut Findings,
) {
    let mut ws = Watch::default();
    Nmf::new(Watched(solver, promise)).stop(sweeps(60)).fit(problem, &mut factors, &mut ws).unwrap();
    let (rise, floor) = (tolerance::rise::<T>(), tolerance::singular::<T>(promise));
    for (sweep, pair) in ws.errors.windows(2).enumerate() {
        let limit = pair[0] * (1.0 + rise) + floor;
        findings.expect(pair[1] <= limit, || {
            let Promise { name, .. } = promise;
            format!("{name} {}: {:e} after {:e} in sweep {}", scalar::<T>(), pair[1], pair[0], sweep + 1)
        });
    }
}

/// A first sweep that is worse than a lucky start is no sign of convergence.
#[test]
fn every_fit_improves_on_a_random_start() {
    fn check<T: Real>(findings: &mut Findings) {
        let x = cast::<T, 12>(&planted::<12, 10, 3>(1));
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            for seed in 1..=10 {
                let mut factors = uniform::<T, 12, 10, 3>(&problem, seed);
                let before = measure(promise, &x, &factors);
                let outcome = fit(solver, Stop::new(), &problem, &mut factors);
                let after = measure(promise, &x, &factors);
                findings.expect(after < 0.9 * before, || {
                    format!("{} {} seed {seed}: {before} to {after}, {outcome:?}", promise.name, scalar::<T>())
                });
            }
        });
    }
    let mut findings = Findings::default();
    both!(check, &mut findings);
}

#[test]
fn exact_factors_are_a_fixed_point() {
    fn check<T: Real>() {
        for seed in [1, 2, 3] {
            let w = cast::<T, 12>(&random::<12>(seed, 3));
            let h = cast::<T, 3>(&random::<3>(seed + 1000, 10));
            let exact =
                Factors::<T, 12, 10, 3> { w: SMatrix::from_fn(|i, k| w[k][i]), h: SMatrix::from_fn(|k, j| h[j][k]) };
            let mut x = SMatrix::from_fn(|_, _| T::ZERO);
            exact.reconstruct_into(&mut x);
            let x = x.data.0;
            let problem = checked::<T, 12, 10>(&x);
            for_each_solver!(T, |promise, solver| {
                let mut factors = exact.clone();
                let outcome = fit(solver, Stop::new(), &problem, &mut factors);
                assert_eq!(outcome.status, Status::Converged, "{}", promise.name);
                assert!(outcome.sweeps <= 2, "{}: {} sweeps", promise.name, outcome.sweeps);
                let end = measure(promise, &x, &factors);
                assert!(end <= tolerance::floor::<T>(), "{} {}: {end:e}", promise.name, scalar::<T>());
            });
        }
    }
    both!(check);
}

/// X·2^k gives the same bits: H as it is, W times 2^k.
#[test]
fn a_power_of_two_in_x_is_a_power_of_two_in_w() {
    fn check<T: Real>(exponents: &[i32]) {
        let x = cast::<T, 12>(&noisy::<12, 10, 3>(4, 0.5));
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            for start in [Begin::Uniform(7), Begin::Columns(7), Begin::Spa] {
                let mut plain = begin::<T, 12, 10, 3>(&problem, start);
                let expected = fit(solver, sweeps(25), &problem, &mut plain);
                for &e in exponents {
                    let scaled: Vec<_> = x.iter().map(|frame| frame.map(|x| x * T::exp2i(e))).collect();
                    let problem = checked::<T, 12, 10>(&scaled);
                    let mut factors = begin::<T, 12, 10, 3>(&problem, start);
                    let outcome = fit(solver, sweeps(25), &problem, &mut factors);
                    assert_eq!(outcome, expected, "{} {start:?} 2^{e}", promise.name);
                    factors.w.iter_mut().for_each(|w| *w *= T::exp2i(-e));
                    assert_eq!(bits(&factors), bits(&plain), "{} {start:?} 2^{e}", promise.name);
                }
            }
        });
    }
    check::<f32>(&[-60, -33, -1, 1, 2, 31, 60]);
    check::<f64>(&[-900, -500, -60, -1, 1, 60, 500, 900]);
}

#[test]
fn other_scales_of_x_change_rounding_only() {
    fn check<T: Real>() {
        let frames = noisy::<12, 10, 3>(5, 0.5);
        let x = cast::<T, 12>(&frames);
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            for factor in [3.7, 1e9] {
                let scaled = cast::<T, 12>(&frames.iter().map(|frame| frame.map(|x| x * factor)).collect::<Vec<_>>());
                let other = checked::<T, 12, 10>(&scaled);
                let mut plain = uniform::<T, 12, 10, 3>(&problem, 1);
                let mut factors = uniform::<T, 12, 10, 3>(&other, 1);
                fit(solver, sweeps(10), &problem, &mut plain);
                fit(solver, sweeps(10), &other, &mut factors);
                if promise.wanders {
                    // Kaczmarz chooses a split of its own: compare unit parts and amounts.
                    plain.normalize();
                    factors.normalize();
                    factors.h.iter_mut().for_each(|h| *h = *h / from_f64(factor));
                } else {
                    factors.w.iter_mut().for_each(|w| *w = *w / from_f64(factor));
                }
                assert_near(promise, &factors, &plain, "scaled");
            }
        });
    }
    both!(check);
}

/// W·2^d and H·2^−d are the same product: a method on normal equations does not see how it is split, down to the bit.
#[test]
fn the_split_between_w_and_h_does_not_matter() {
    fn check<T: Real>() {
        let x = cast::<T, 12>(&noisy::<12, 10, 3>(6, 0.5));
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            let start = uniform::<T, 12, 10, 3>(&problem, 1);
            let split = |factors: &mut Factors<T, 12, 10, 3>, d: i32| {
                factors.w.iter_mut().for_each(|w| *w *= T::exp2i(d));
                factors.h.iter_mut().for_each(|h| *h *= T::exp2i(-d));
            };
            let (mut plain, mut factors) = (start.clone(), start);
            split(&mut factors, 9);
            fit(solver, sweeps(10), &problem, &mut plain);
            fit(solver, sweeps(10), &problem, &mut factors);
            // Kaczmarz chooses a split of its own.
            if !promise.wanders {
                split(&mut factors, -9);
            }
            assert_eq!(bits(&factors), bits(&plain), "{} {}", promise.name, scalar::<T>());
        });
    }
    both!(check);
}

#[test]
fn permuted_frames_and_features_permute_the_factors() {
    fn check<T: Real>() {
        // Two permutations without a fixed block of eight, the number of frames that are taken together.
        let (rows, columns) = (|i: usize| (5 * i + 3) % 12, |j: usize| (7 * j + 4) % 10);
        let x = cast::<T, 12>(&noisy::<12, 10, 3>(7, 0.5));
        let shuffled: Vec<[T; 12]> = (0..10).map(|j| std::array::from_fn(|i| x[columns(j)][rows(i)])).collect();
        let (problem, other) = (checked::<T, 12, 10>(&x), checked::<T, 12, 10>(&shuffled));
        for_each_solver!(T, |promise, solver| {
            // The order of the steps is part of a random method.
            if !promise.shuffles {
                let shuffle = |f: &Factors<T, 12, 10, 3>| Factors::<T, 12, 10, 3> {
                    w: SMatrix::from_fn(|i, k| f.w[(rows(i), k)]),
                    h: SMatrix::from_fn(|k, j| f.h[(k, columns(j))]),
                };
                let mut plain = uniform::<T, 12, 10, 3>(&problem, 1);
                let mut factors = shuffle(&plain);
                fit(solver, sweeps(10), &problem, &mut plain);
                fit(solver, sweeps(10), &other, &mut factors);
                assert_near(promise, &factors, &shuffle(&plain), "permuted");
            }
        });
    }
    both!(check);
}

fn assert_near<T: Real, const M: usize, const N: usize, const K: usize>(
    promise: Promise,
    a: &Factors<T, M, N, K>,
    b: &Factors<T, M, N, K>,
    what: &str,
) {
    // Rounding is a share of the largest entry of a factor: small entries are differences of larger numbers.
    let compare = |a: &mut dyn Iterator<Item = T>, b: &mut dyn Iterator<Item = T>| {
        let pairs: Vec<_> = a.map(to_f64).zip(b.map(to_f64)).collect();
        let size = pairs.iter().fold(0.0, |size, (_, b)| f64::max(size, b.abs()));
        pairs.iter().fold(0.0, |worst, (a, b)| f64::max(worst, (a - b).abs())) / size
    };
    let worst = compare(&mut a.w.iter().copied(), &mut b.w.iter().copied())
        .max(compare(&mut a.h.iter().copied(), &mut b.h.iter().copied()));
    assert!(worst <= tolerance::same_path::<T>(promise), "{} {} {what}: {worst:e}", promise.name, scalar::<T>());
}

#[test]
fn steps_are_the_fit() {
    fn check<T: Real>() {
        let x = cast::<T, 12>(&noisy::<12, 10, 3>(8, 0.3));
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            let nmf = Nmf::new(solver).stop(Stop::new().max_sweeps(40));
            let start = uniform::<T, 12, 10, 3>(&problem, 1);
            let mut whole = start.clone();
            let outcome = fit(solver, Stop::new().max_sweeps(40), &problem, &mut whole);

            let mut factors = start;
            let mut ws = Default::default();
            let mut run = nmf.start(&problem, &mut factors, &mut ws).unwrap();
            let mut steps = 0;
            let stepped = loop {
                steps += 1;
                match run.step().unwrap() {
                    ControlFlow::Continue(progress) => assert_eq!(progress.sweeps, steps, "{}", promise.name),
                    ControlFlow::Break(outcome) => break outcome,
                }
            };
            // A finished run only repeats its outcome.
            assert_eq!(run.step().unwrap(), ControlFlow::Break(stepped));
            assert_eq!(run.relative_error(), stepped.relative_error);
            drop(run);
            assert_eq!((stepped, stepped.sweeps), (outcome, steps), "{}", promise.name);
            assert_eq!(bits(&factors), bits(&whole), "{}", promise.name);
        });
    }
    both!(check);
}

#[test]
fn a_dropped_run_leaves_the_factors_of_its_last_sweep() {
    fn check<T: Real>() {
        // Far from 1, so that factors left in the solver's unit would show.
        let scale = if single::<T>() { 1e20 } else { 1e200 };
        let frames: Vec<_> = noisy::<12, 10, 3>(9, 0.3).iter().map(|frame| frame.map(|x| x * scale)).collect();
        let x = cast::<T, 12>(&frames);
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            let start = uniform::<T, 12, 10, 3>(&problem, 1);
            for count in [0, 1, 2, 7] {
                let mut factors = start.clone();
                let mut ws = Default::default();
                let nmf = Nmf::new(solver);
                let mut run = nmf.start(&problem, &mut factors, &mut ws).unwrap();
                for _ in 0..count {
                    assert!(run.step().unwrap().is_continue(), "{}", promise.name);
                }
                let told = to_f64(run.relative_error());
                drop(run);
                assert_sound(promise, &factors, "dropped");
                let (before, after) = (measure(promise, &x, &start), measure(promise, &x, &factors));
                assert!(after <= before, "{}: {before} to {after}", promise.name);
                assert!(
                    (after - told).abs() <= tolerance::reported::<T>() * told,
                    "{}: {told} is {after}",
                    promise.name
                );
                if count == 0 {
                    assert_eq!(bits(&factors), bits(&start), "{}", promise.name);
                } else {
                    let mut fitted = start.clone();
                    let mut brief = |progress: &Progress<T>| match progress.sweeps < count {
                        true => ControlFlow::Continue(()),
                        false => ControlFlow::Break(()),
                    };
                    nmf.fit_with(&problem, &mut fitted, &mut ws, &mut brief).unwrap();
                    assert_eq!(bits(&factors), bits(&fitted), "{}", promise.name);
                }
            }
        });
    }
    both!(check);
}

/// Pilots are continued by the solver that made them, also where they hold negative numbers.
#[test]
fn pilots_are_continued() {
    fn check<T: Real>(findings: &mut Findings) {
        let x = cast::<T, 12>(&noisy::<12, 10, 3>(15, 0.3));
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            let (mut best, mut trial) = (Factors::<T, 12, 10, 3>::zeros(), Factors::zeros());
            let nmf = Nmf::new(solver).pilots(10).seed(1).stop(sweeps(30));
            let log: Result<RestartLog<T, 3>, Error> =
                nmf.fit_restarts(&problem, |_| Start::Uniform, &mut best, &mut trial, &mut Default::default());
            findings.expect(log.is_ok(), || format!("{} {}: {:?}", promise.name, scalar::<T>(), log.as_ref().err()));
            if let Ok(log) = log {
                let pilot = log.restarts()[log.best()];
                assert!(log.restarts().iter().all(|other| pilot.relative_error <= other.relative_error));
                assert_eq!(pilot.sweeps, 10, "{}", promise.name);
                let limit = to_f64(pilot.relative_error) * (1.0 + tolerance::rise::<T>());
                assert!(to_f64(log.outcome().relative_error) <= limit, "{} {log:?}", promise.name);
                assert_sound(promise, &best, "pilots");
            }
        });
    }
    let mut findings = Findings::default();
    both!(check, &mut findings);
}

#[test]
fn a_converged_point_is_left_within_two_sweeps() {
    fn check<T: Real>(frames: &[[f64; 12]], exact: bool, findings: &mut Findings) {
        let x = cast::<T, 12>(frames);
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            for seed in 1..=3 {
                let mut factors = uniform::<T, 12, 10, 3>(&problem, seed);
                // Where one projected step depends on the order of those before, the orders of the sweeps keep it moving.
                let restless = (exact && promise.creeps) || (promise.stalls && promise.shuffles) || promise.wanders;
                if !promise.non_negative || restless {
                    continue; // its own factors are no start: they may be negative; or it never comes to rest
                }
                let tight = Stop::new().rel_tol(from_f64(tolerance::TIGHT)).max_sweeps(5000);
                let outcome = fit(solver, tight, &problem, &mut factors);
                let name = format!("{} {} seed {seed}", promise.name, scalar::<T>());
                findings.expect(outcome.status == Status::Converged, || format!("{name}: first {outcome:?}"));
                let before = measure(promise, &x, &factors);
                let again = fit(solver, Stop::new(), &problem, &mut factors);
                let after = measure(promise, &x, &factors);
                // Below the floor the decrease of a sweep is rounding, and so is the number of sweeps.
                let resolved = before > tolerance::resolved::<T>();
                findings.expect(again.sweeps <= 2 || !resolved, || format!("{name}: {again:?}"));
                let limit = before * (1.0 + tolerance::rise::<T>()) + tolerance::floor::<T>();
                findings.expect(after <= limit, || format!("{name}: {before:e} to {after:e}"));
            }
        });
    }
    let mut findings = Findings::default();
    both!(check, &noisy::<12, 10, 3>(10, 0.5), false, &mut findings);
    both!(check, &random::<12>(11, 10), false, &mut findings);
    both!(check, &notebook_x(), true, &mut findings);
}

#[test]
fn zero_rows_and_columns_stay_zero() {
    fn check<T: Real>() {
        let x = cast::<T, 12>(&notebook_x());
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            for start in [Begin::Uniform(1), Begin::Columns(1), Begin::Spa] {
                let mut factors = begin::<T, 12, 10, 3>(&problem, start);
                fit(solver, sweeps(50), &problem, &mut factors);
                assert_sound(promise, &factors, "zero rows and columns");
                let mut model = SMatrix::from_fn(|_, _| T::ZERO);
                factors.reconstruct_into(&mut model);
                for i in 0..12 {
                    for j in 0..10 {
                        let silent = x.iter().all(|frame| frame[i] == T::ZERO) || x[j] == [T::ZERO; 12];
                        let value = model[(i, j)];
                        assert!(!silent || value == T::ZERO, "{} {start:?}: {value:e} in ({i}, {j})", promise.name);
                    }
                }
            }
        });
    }
    both!(check);
}

/// Zeros in the start are no prison: not single ones, not a whole component, not everything.
#[test]
fn zeros_in_the_start_do_not_stay() {
    fn check<T: Real>(findings: &mut Findings) {
        let x = cast::<T, 12>(&planted::<12, 10, 3>(16));
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            for (start, keep) in [("every third", 3), ("half", 2), ("all", 1)] {
                let mut factors = uniform::<T, 12, 10, 3>(&problem, 1);
                for (i, value) in factors.w.iter_mut().chain(factors.h.iter_mut()).enumerate() {
                    if i % keep == 0 {
                        *value = T::ZERO;
                    }
                }
                fit(solver, sweeps(200), &problem, &mut factors);
                assert_sound(promise, &factors, start);
                let end = measure(promise, &x, &factors);
                findings.expect(end < 0.08, || format!("{} {} {start}: {end:e}", promise.name, scalar::<T>()));
            }
        });
    }
    let mut findings = Findings::default();
    both!(check, &mut findings);
}

/// Of one component the best non-negative one is the best of all: the leading singular vectors, by power iteration.
#[test]
fn one_component_is_the_leading_singular_vector() {
    fn check<T: Real>() {
        let x = cast::<T, 12>(&noisy::<12, 10, 3>(12, 0.5));
        let wide = cast::<f64, 12>(&x.iter().map(|frame| frame.map(to_f64)).collect::<Vec<_>>());
        let mut w = [1.0; 12];
        let mut h = [0.0; 10];
        for _ in 0..500 {
            let size: f64 = w.iter().map(|w| w * w).sum();
            h = std::array::from_fn(|j| w.iter().zip(&wide[j]).map(|(w, x)| w * x).sum::<f64>() / size);
            let size: f64 = h.iter().map(|h| h * h).sum();
            w = std::array::from_fn(|i| h.iter().zip(&wide).map(|(h, x)| h * x[i]).sum::<f64>() / size);
        }
        let best = error(&wide, &Factors::<f64, 12, 10, 1> { w: SMatrix::from([w]), h: SMatrix::from(h.map(|h| [h])) });
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            let mut factors = uniform::<T, 12, 10, 1>(&problem, 1);
            fit(solver, sweeps(50), &problem, &mut factors);
            let end = error(&x, &factors);
            // Of another loss the best component is another.
            assert!(
                promise.kullback_leibler
                    || (end / best - 1.0).abs() <= if promise.wanders { 0.1 } else { tolerance::optimum::<T>() },
                "{} {}: {end} instead of {best}",
                promise.name,
                scalar::<T>()
            );
        });
    }
    both!(check);
}

/// With K ≥ min(M, N) an exact fit exists; with one feature or one frame every method finds it, and from the frames
/// themselves as parts every method but the clipped one, which stalls.
#[test]
fn as_many_components_as_frames_or_features() {
    fn check<T: Real, const M: usize, const N: usize, const K: usize>(findings: &mut Findings) {
        let x = cast::<T, M>(&random::<M>(13, N));
        let problem = checked::<T, M, N>(&x);
        for_each_solver!(T, |promise, solver| {
            for start in [Begin::Uniform(1), Begin::Columns(1), Begin::Spa] {
                let mut factors = begin::<T, M, N, K>(&problem, start);
                let before = measure(promise, &x, &factors);
                let frames = N <= K && matches!(start, Begin::Columns(_)) && !promise.stalls && !promise.wanders;
                fit(solver, sweeps(if frames { 500 } else { 30 }), &problem, &mut factors);
                assert_sound(promise, &factors, "many components");
                let after = measure(promise, &x, &factors);
                // Signed factors may cancel, the more so the more components there are.
                let slack =
                    if promise.non_negative { tolerance::floor::<T>() } else { tolerance::singular::<T>(promise) };
                assert!(after <= before + slack, "{}: {before} to {after}", promise.name);
                let limit = match M.min(N) {
                    1 if promise.wanders => tolerance::WANDERING,
                    1 if promise.shuffles => tolerance::singular::<T>(promise), // rank 1, every Gram singular
                    1 => slack,
                    _ if frames && promise.creeps => tolerance::EXACT_CREEPING,
                    _ if frames => tolerance::EXACT.max(slack),
                    _ => f64::INFINITY,
                };
                findings.expect(after <= limit, || {
                    format!("{} {} {M}×{N}, {K}, {start:?}: {after:e}", promise.name, scalar::<T>())
                });
            }
        });
    }
    fn shapes<T: Real>(findings: &mut Findings) {
        check::<T, 6, 5, 5>(findings);
        check::<T, 5, 6, 5>(findings);
        check::<T, 4, 5, 7>(findings);
        check::<T, 12, 1, 2>(findings);
        check::<T, 1, 10, 2>(findings);
        check::<T, 1, 1, 1>(findings);
    }
    let mut findings = Findings::default();
    both!(shapes, &mut findings);
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    fn check<T: Real>() {
        let x = cast::<T, 12>(&noisy::<12, 10, 3>(14, 0.3));
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            let mut ws = Default::default();
            let mut once = |seed| {
                let mut factors = uniform::<T, 12, 10, 3>(&problem, seed);
                Nmf::new(solver).fit(&problem, &mut factors, &mut ws).unwrap();
                bits(&factors)
            };
            // The third fit finds the workspace as another problem left it.
            let (first, other, again) = (once(1), once(2), once(1));
            assert_eq!(first, again, "{}", promise.name);
            assert_ne!(first, other, "{}", promise.name);
        });
    }
    both!(check);
}

/// Every type that implements `Solver` in src/solver has a line in the register.
#[test]
fn every_solver_is_registered() {
    let mut registered = BTreeSet::new();
    for_each_solver!(f32, |promise, solver| {
        let _ = solver;
        registered.insert(promise.name.split(['<', ':', ',']).next().unwrap().to_owned());
    });
    let mut found = 0;
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/solver")).unwrap() {
        let path = entry.unwrap().path();
        let source = std::fs::read_to_string(&path).unwrap();
        let words: Vec<&str> = source.split_whitespace().collect();
        let source = words.join(" ");
        let source = source.replace("Solver<T, M, N, K, O>", "Solver<T, M, N, K>");
        for part in source.split(" Solver<T, M, N, K> for ").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_alphanumeric()).collect();
            assert!(registered.contains(&name), "{name} in {} is not in for_each_solver!", path.display());
            found += 1;
        }
    }
    assert!(found >= 5, "the search pattern misses the implementations: {found} found");
}
