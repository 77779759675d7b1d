//! `Converged` is true: from where such a fit ended, no way leads on, for every solver and in both
//! precisions.

use crate::common::*;
use tinynmf::{Anls, Factors, Hals, Momentum, Mu, Nmf, Outcome, Real, Status, Stop};

/// A gain that counts, as a share of the error.
const GAIN: f64 = 0.01;

/// HALS in plain Python ends at a relative error of 0.3771546 from each of 40 starts (3000 sweeps,
/// K 2). On the way lie saddles, at 0.3838 and 0.4029.
fn with_saddles() -> Vec<[f64; 5]> {
    let rows = [[4., 3., 0., 2.], [4., 0., 3., 2.], [0., 3., 0., 1.], [0., 1., 3., 2.], [4., 1., 2., 0.]];
    (0..4).map(|j| std::array::from_fn(|i| rows[i][j])).collect()
}

/// True if a converged fit ends lower by more than [`GAIN`] once it goes on: with the same settings
/// and, unless it moves at random anyway, for 100 sweeps without a stop rule.
fn goes_on<T: Real, S: Tested<T, M, N, K>, const M: usize, const N: usize, const K: usize>(
    promise: Promise,
    solver: S,
    problem: &Checked<'_, T, M, N>,
    factors: &Factors<T, M, N, K>,
    first: Outcome<T>,
) -> bool {
    let limit = to_f64(first.relative_error) * (1.0 - GAIN);
    let ends = |stop| to_f64(fit(solver, stop, problem, &mut factors.clone()).relative_error);
    ends(Stop::new()) < limit || (!promise.wanders && ends(sweeps(100)) < limit)
}

#[test]
fn hardly_a_converged_fit_goes_on() {
    fn check<T: Real>(findings: &mut Findings) {
        let x = cast::<T, 5>(&with_saddles());
        let problem = checked::<T, 5, 4>(&x);
        for_each_solver!(T, |promise, solver| {
            let (mut converged, mut on) = (0, Vec::new());
            for seed in 0..100 {
                if promise.wanders && !promise.non_negative {
                    continue; // no NMF, and a walk with no bounds: where it ends is a matter of its draws
                }
                let mut factors = uniform::<T, 5, 4, 2>(&problem, seed);
                let outcome = fit(solver, Stop::new(), &problem, &mut factors);
                if outcome.status == Status::Converged {
                    converged += 1;
                    if goes_on(promise, solver, &problem, &factors, outcome) {
                        on.push(seed);
                    }
                }
            }
            let name = format!("{} {}", promise.name, scalar::<T>());
            findings.expect(on.len() <= 1, || format!("{name}: seeds {on:?} of {converged} go on"));
            let expected = if promise.wanders && !promise.non_negative { 0 } else { 95 };
            findings.expect(converged >= expected, || format!("{name}: {converged} of 100 converge"));
        });
    }
    // The paths of f32 are the same but for rounding, and saddles are no matter of it.
    check::<f64>(&mut Findings::default());
}

/// The start that went furthest on: 24 sweeps to 0.38371, and 0.37718 when it was fitted again.
#[test]
fn the_small_solver_passes_the_saddle() {
    let x = with_saddles();
    let problem = checked::<f64, 5, 4>(&x);
    let mut factors = uniform::<f64, 5, 4, 2>(&problem, 2292);
    let outcome = fit(Hals::new(), Stop::new(), &problem, &mut factors);
    assert_eq!(outcome.status, Status::Converged);
    assert!(outcome.relative_error < 0.3771546 * 1.001, "{outcome:?}");
}

/// Frames that say the same, and multiples of them, are one part. Multiplicative updates would
/// never tell equal parts apart.
#[test]
fn random_columns_are_different_parts() {
    let (a, b) = ([1.0, 2.0, 0.0, 3.0, 1.0], [0.0, 1.0, 4.0, 1.0, 2.0]);
    for factor in [1.0, 3.0, 1.37] {
        let x = [a, a.map(|a| a * factor), a, a, b, a];
        let problem = checked::<f64, 5, 6>(&x);
        for seed in 0..20 {
            let mut factors = begin::<f64, 5, 6, 2>(&problem, Begin::Columns(seed));
            let (u, v) = (factors.w.column(0), factors.w.column(1));
            let parallel = u.dot(&v).powi(2) / (u.dot(&u) * v.dot(&v));
            assert!(parallel < 0.999, "{factor}, seed {seed}: equal parts");
            let outcome = fit(Mu::new(), Stop::new(), &problem, &mut factors);
            assert!(outcome.relative_error < 1e-2, "{factor}, seed {seed}: {outcome:?}"); // X has rank 2
        }
    }
}

/// Exact data of rank 2, and a start whose parts are equal: the best single part leaves 0.24.
#[test]
fn equal_parts_come_apart() {
    fn check<T: Real>(findings: &mut Findings) {
        let x = cast::<T, 12>(&planted::<12, 10, 2>(21));
        let problem = checked::<T, 12, 10>(&x);
        for_each_solver!(T, |promise, solver| {
            let mut factors = Factors::<T, 12, 10, 2>::zeros();
            factors.w.fill(T::ONE);
            factors.h.fill(T::ONE);
            fit(solver, Stop::new(), &problem, &mut factors);
            let end = measure(promise, &x, &factors);
            findings.expect(end < 0.05, || format!("{} {}: {end}", promise.name, scalar::<T>()));
        });
    }
    let mut findings = Findings::default();
    check::<f32>(&mut findings);
    check::<f64>(&mut findings);
}

/// What starts come to.
#[derive(Debug, Default)]
struct Shares {
    converged: usize,
    /// Within 1 % and within 0.1 % of the best error.
    near: usize,
    nearer: usize,
}

impl Shares {
    /// Fits of the default solver from `Uniform` seeds. Where one in f32 has converged, f64 must
    /// not go on.
    fn of<T: Real, const M: usize, const N: usize>(
        name: &str,
        frames: &[[f64; M]],
        best: f64,
        seeds: &[u64],
        findings: &mut Findings,
    ) -> Self {
        let x = cast::<T, M>(frames);
        let wide = cast::<f64, M>(&x.iter().map(|frame| frame.map(to_f64)).collect::<Vec<_>>());
        let (problem, in_f64) = (checked::<T, M, N>(&x), checked::<f64, M, N>(&wide));
        let mut shares = Self::default();
        for &seed in seeds {
            let mut factors = uniform::<T, M, N, 4>(&problem, seed);
            let outcome = Nmf::default().fit(&problem, &mut factors, &mut Default::default()).unwrap();
            let error = to_f64(outcome.relative_error);
            shares.near += usize::from(error <= 1.01 * best);
            shares.nearer += usize::from(error <= 1.001 * best);
            if outcome.status == Status::Converged {
                shares.converged += 1;
                let mut factors = Factors { w: factors.w.map(to_f64), h: factors.h.map(to_f64) };
                let again = fit(Momentum::new(Hals::new()), Stop::new(), &in_f64, &mut factors).relative_error;
                findings.expect(again >= (1.0 - GAIN) * error, || format!("{name} {seed}: {error} to {again}"));
            }
        }
        shares
    }

    /// At most five percentage points apart.
    fn alike(&self, other: &Self, starts: usize) -> bool {
        let pairs = [(self.converged, other.converged), (self.near, other.near), (self.nearer, other.nearer)];
        pairs.iter().all(|(a, b)| 20 * a.abs_diff(*b) <= starts)
    }
}

/// Near-infrared spectra: each start of the default ends at the best known error, in both
/// precisions. Seeds 28 and 39 are those with a plateau on the way, at 3.4 times that error.
#[test]
fn spectra_are_solved_in_f32_as_in_f64() {
    let frames = data::rows::<150>("spectra_150x60.csv");
    let seeds = [0, 1, 2, 3, 28, 39];
    let mut findings = Findings::default();
    let single = Shares::of::<f32, 150, 60>("spectra f32", &frames, 0.001911, &seeds, &mut findings);
    let double = Shares::of::<f64, 150, 60>("spectra f64", &frames, 0.001911, &seeds, &mut findings);
    for shares in [single, double] {
        let all = shares.converged == seeds.len() && shares.near == seeds.len();
        findings.expect(all, || format!("{shares:?} of {}", seeds.len()));
    }
}

/// Four overlapping bands `spread` apart on a common base, and 0.2 % of noise.
fn bands(spread: f64) -> Vec<[f64; 30]> {
    let band = |k: usize, i: usize| {
        let t = (i as f64 / 29.0 - 0.5 - 0.2 * spread * (k as f64 - 1.5)) / (0.15 + 0.01 * spread * k as f64);
        0.2 + (-0.5 * t * t).exp()
    };
    let w: [[f64; 30]; 4] = std::array::from_fn(|k| std::array::from_fn(|i| band(k, i)));
    let mut x = product(&w, &random::<4>(77, 24));
    for (x, noise) in x.iter_mut().zip(random::<30>(78, 24)) {
        for (x, noise) in x.iter_mut().zip(noise) {
            *x *= 1.0 + 0.002 * (2.0 * noise - 1.0);
        }
    }
    x
}

/// Nearly collinear parts: f32 converges as often as f64, and as near to the best error.
#[test]
fn collinear_parts_are_found_in_f32_as_in_f64() {
    let mut findings = Findings::default();
    let seeds: Vec<u64> = (0..20).collect();
    // The condition of W is that of Jacobi's eigenvalues of WᵀW, in Python.
    for (spread, condition) in [(0.61, 30), (0.397, 100), (0.272, 300), (0.181, 1000)] {
        let frames = bands(spread);
        let problem = checked::<f64, 30, 24>(&frames);
        let best = (0..5).fold(f64::INFINITY, |best, seed| {
            let mut factors = uniform::<f64, 30, 24, 4>(&problem, seed);
            best.min(fit(Momentum::new(Anls::new()), Stop::new(), &problem, &mut factors).relative_error)
        });
        let name = format!("condition {condition}");
        let single = Shares::of::<f32, 30, 24>(&name, &frames, best, &seeds, &mut findings);
        let double = Shares::of::<f64, 30, 24>(&name, &frames, best, &seeds, &mut findings);
        findings.expect(single.alike(&double, seeds.len()), || format!("{name}: {single:?}, f64 {double:?}"));
    }
}
