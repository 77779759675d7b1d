//! L1 and L2 penalties on W and H: what they promise for unit-length parts, at every scale.

use crate::common::{
    Checked, Findings, Tested, checked, data, error, fit as run, from_f64, noisy, scalar, sweeps, to_f64, tolerance,
    uniform,
};
use rand_xorshift::XorShiftRng;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::rand_core::SeedableRng;
use tinynmf::{
    Als, AlternateWorkspace, Anls, Chain, Encoder, Factors, Hals, Momentum, Mu, Nmf, Online, OnlineState, Problem,
    Real, RestartLog, Solver, Start, Status, Stop, Uniform,
};

const M: usize = 64;
const N: usize = 100;
const K: usize = 8;

fn fit<S>(x: &[[f32; M]], solver: S, sweeps: u32) -> Factors<f32, M, N, K>
where
    S: Solver<f32, M, N, K> + Copy,
    S::Workspace: Default,
{
    let problem = Problem::<f32, M, N, _>::from_columns(x).unwrap();
    let mut factors = Factors::zeros();
    factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(1)));
    let nmf = Nmf::new(solver).stop(Stop::new().rel_tol(0.0).max_sweeps(sweeps));
    nmf.fit(&problem, &mut factors, &mut S::Workspace::default()).unwrap();
    factors
}

fn digits() -> Vec<[f32; M]> {
    data::cast(&data::frames::<M>("digits.csv")[..N])
}

fn zeros<const R: usize, const C: usize>(matrix: &SMatrix<f32, R, C>) -> usize {
    matrix.iter().filter(|&&value| value == 0.0).count()
}

#[test]
fn l1_makes_its_factor_sparse() {
    let x = digits();
    let plain = fit(&x, Hals::new(), 60);
    let sparse_h = fit(&x, Hals::new().l1_h(0.1), 60);
    let sparse_w = fit(&x, Hals::new().l1_w(0.2), 60);
    let exact_h = fit(&x, Anls::new().l1_h(0.1), 60);
    assert!(zeros(&sparse_h.h) > zeros(&plain.h) + N, "{} against {}", zeros(&sparse_h.h), zeros(&plain.h));
    assert!(zeros(&exact_h.h) > zeros(&plain.h) + N, "{} against {}", zeros(&exact_h.h), zeros(&plain.h));
    assert!(zeros(&sparse_w.w) > zeros(&plain.w) + M, "{} against {}", zeros(&sparse_w.w), zeros(&plain.w));
}

/// Setters change the type of a solver, weights of 0 no bit.
#[test]
fn weights_of_zero_are_no_penalty() {
    let x = digits();
    let (plain, zero) = (fit(&x, Hals::new(), 20), fit(&x, Hals::new().l1_w(0.0).l1_h(0.0).l2_w(0.0).l2_h(0.0), 20));
    assert_eq!((plain.w, plain.h), (zero.w, zero.h));
    let (plain, zero) = (fit(&x, Anls::new(), 5), fit(&x, Anls::new().l1_h(0.0), 5));
    assert_eq!((plain.w, plain.h), (zero.w, zero.h));
}

/// One component, one frame, W fixed by the data: h = (wᵀx − λ₁σ‖w‖) / ((1 + λ₂)‖w‖²), σ = ‖x‖.
#[test]
fn the_half_step_is_the_documented_minimum() {
    let x = SMatrix::<f64, 2, 1>::new(3.0, 4.0);
    let problem = Problem::new(&x).unwrap();
    let solver = Hals::new().l1_h(0.1).l2_h(0.25);
    // H is solved first; a huge penalty on W would move W afterwards, so only H is looked at, through W's direction.
    let mut factors = Factors::<f64, 2, 1, 1>::zeros();
    (factors.w[0], factors.w[1], factors.h[0]) = (6.0, 8.0, 0.3);
    let mut ws = AlternateWorkspace::new();
    let nmf = Nmf::new(solver).stop(Stop::new().rel_tol(0.0).max_sweeps(1));
    nmf.fit(&problem, &mut factors, &mut ws).unwrap();
    let expected = (50.0 - 0.1 * 5.0 * 10.0) / (1.25 * 100.0);
    assert!((factors.h[0] - expected).abs() < 1e-14, "{} is not {expected}", factors.h[0]);
}

/// One factor that shrank and another that grew in every sweep would leave the range in the end.
#[test]
fn sizes_do_not_run_away() {
    let x = digits();
    for solver in [Hals::new().l2_h(3.0), Hals::new().l2_w(3.0), Hals::new().l1_h(0.2).l1_w(0.05)] {
        let factors = fit(&x, solver, 1000);
        assert!(factors.w.iter().chain(factors.h.iter()).all(|&value| value >= 0.0 && value.is_finite()));
        let problem = Problem::<f32, M, N, _>::from_columns(&x[..]).unwrap();
        let error = factors.relative_error(&problem);
        assert!(error < 0.9, "relative error {error}");
    }
}

#[test]
fn penalties_do_not_depend_on_the_scale_of_the_data() {
    let x = digits();
    let large: Vec<[f32; M]> = x.iter().map(|frame| frame.map(|value| value * 1024.0)).collect();
    let solver = Hals::new().l1_h(0.05).l2_w(0.1);
    let (one, other) = (fit(&x, solver, 40), fit(&large, solver, 40));
    assert_eq!(one.h, other.h);
    assert!(one.w.iter().zip(other.w.iter()).all(|(&a, &b)| a * 1024.0 == b));
}

/// With the default stop rule a penalised fit comes to rest, and stays there when it is started again.
#[test]
fn penalised_fits_converge() {
    let x = digits();
    let problem = Problem::<f32, M, N, _>::from_columns(&x[..]).unwrap();
    for (l1_h, l2_h, l1_w) in [(0.1, 0.0, 0.0), (0.0, 0.1, 0.0), (0.0, 0.0, 0.01), (0.01, 0.0, 0.01)] {
        let nmf = Nmf::new(Hals::new().l1_h(l1_h).l2_h(l2_h).l1_w(l1_w));
        let mut factors = Factors::<f32, M, N, K>::zeros();
        factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(1)));
        let mut ws = AlternateWorkspace::new();
        let first = nmf.fit(&problem, &mut factors, &mut ws).unwrap();
        let again = nmf.fit(&problem, &mut factors, &mut ws).unwrap();
        assert_eq!((first.status, again.status), (Status::Converged, Status::Converged), "{l1_h} {l2_h} {l1_w}");
        assert!(again.sweeps <= 2, "{} sweeps with {l1_h} {l2_h} {l1_w}", again.sweeps);
    }
}

/// The four weights, in the order H, H, W, W.
#[derive(Clone, Copy, Debug)]
struct Weights {
    l1_h: f64,
    l2_h: f64,
    l1_w: f64,
    l2_w: f64,
}

const fn weights(l1_h: f64, l2_h: f64, l1_w: f64, l2_w: f64) -> Weights {
    Weights { l1_h, l2_h, l1_w, l2_w }
}

/// Runs an expression for every solver that takes penalties, alone and inside others.
macro_rules! for_each_penalized {
    ($t:ty, $weights:expr, $fixed:expr, |$name:ident, $solver:ident| $body:expr) => {{
        let Weights { l1_h, l2_h, l1_w, l2_w } = $weights;
        let [l1_h, l2_h, l1_w, l2_w] = [l1_h, l2_h, l1_w, l2_w].map(from_f64::<$t>);
        macro_rules! with {
            ($new:expr) => {
                $new.l1_h(l1_h).l2_h(l2_h).l1_w(l1_w).l2_w(l2_w).fixed($fixed)
            };
        }
        for_each_penalized! { @run $name, $solver, $body;
            "Hals" => with!(Hals::<$t>::new()),
            "Hals, 1 pass" => with!(Hals::<$t>::new().passes(1)),
            "Anls" => with!(Anls::<$t>::new()),
            "Als" => with!(Als::<$t>::new()),
            "Mu" => with!(Mu::<$t>::new()),
            "Momentum<Hals>" => Momentum::new(with!(Hals::<$t>::new())),
            "Momentum<Anls>" => Momentum::new(with!(Anls::<$t>::new())),
            "Chain<Hals, Anls>" => Chain::new(with!(Hals::<$t>::new()), with!(Anls::<$t>::new())),
        }
    }};
    (@run $name:ident, $solver:ident, $body:expr; $($text:literal => $which:expr),+ $(,)?) => {
        $({
            let ($name, $solver) = ($text, $which);
            $body
        })+
    };
}

/// The objective of `Penalty` over ½‖X‖², by its formula in f64.
fn objective<T: Real, const M: usize, const N: usize, const K: usize>(
    x: &[[T; M]],
    factors: &Factors<T, M, N, K>,
    weights: Weights,
) -> f64 {
    let length = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let x: Vec<[f64; M]> = x.iter().map(|x| x.map(to_f64)).collect();
    let (w, h) = (factors.w.map(to_f64), factors.h.map(to_f64));
    let frames: Vec<f64> = x.iter().map(|x| length(&mut x.iter().copied())).collect();
    let rows: Vec<f64> = (0..M).map(|i| length(&mut x.iter().map(|x| x[i]))).collect();
    let mut sum = 0.0;
    for k in 0..K {
        let (part, amount) = (length(&mut w.column(k).iter().copied()), length(&mut h.row(k).iter().copied()));
        sum += weights.l1_h * part * frames.iter().zip(h.row(k).iter()).map(|(x, h)| x * h).sum::<f64>();
        sum += weights.l1_w * amount * rows.iter().zip(w.column(k).iter()).map(|(x, w)| x * w).sum::<f64>();
        sum += 0.5 * (weights.l2_h + weights.l2_w) * (part * amount).powi(2);
    }
    let plain = x
        .iter()
        .enumerate()
        .map(|(j, x)| (0..M).map(|i| (x[i] - (0..K).map(|k| w[(i, k)] * h[(k, j)]).sum::<f64>()).powi(2)).sum::<f64>());
    (plain.sum::<f64>() + 2.0 * sum) / frames.iter().map(|x| x * x).sum::<f64>()
}

/// W = (0.6, 0.8)ᵀ is known and has length 1, the frames are 10 and 0.1 of it: h = ‖x‖(1 − λ₁),
/// whatever the frame beside it.
#[test]
fn a_faint_frame_is_penalized_as_a_loud_one() {
    fn check<T: Real>() {
        let x: [[T; 2]; 2] = [[6.0, 8.0].map(from_f64), [0.06, 0.08].map(from_f64)];
        let problem = checked::<T, 2, 2>(&x);
        for_each_penalized!(T, weights(0.1, 0.0, 0.0, 0.0), 1, |name, solver| {
            let mut factors = Factors::<T, 2, 2, 1>::zeros();
            (factors.w[0], factors.w[1]) = (from_f64(0.6), from_f64(0.8));
            factors.h.fill(T::ONE);
            run(solver, Stop::new(), &problem, &mut factors);
            let (loud, faint) = (to_f64(factors.h[0]) / 9.0, to_f64(factors.h[1]) / 0.09);
            let allowed = tolerance::product::<T>();
            assert!((loud - 1.0).abs() <= allowed && (faint - 1.0).abs() <= allowed, "{name}: {}", factors.h);
        });
    }
    check::<f32>();
    check::<f64>();
}

/// Twelve features, ten frames with a loudness of 1 to 1000, three parts.
fn loud<T: Real>(seed: u64) -> Vec<[T; 12]> {
    let frames = noisy::<12, 10, 3>(seed, 0.3);
    let gain = |j: usize| 10_f64.powf(3.0 * j as f64 / 9.0);
    frames.iter().enumerate().map(|(j, x)| x.map(|x| from_f64(x * gain(j)))).collect()
}

#[test]
fn faint_frames_keep_their_codes() {
    for seed in 0..6 {
        let x = loud::<f64>(seed);
        let problem = checked::<f64, 12, 10>(&x);
        for_each_penalized!(f64, weights(0.1, 0.0, 0.0, 0.0), 0, |name, solver| {
            let mut factors = uniform::<f64, 12, 10, 3>(&problem, seed);
            run(solver, Stop::new(), &problem, &mut factors);
            for (j, h) in factors.h.column_iter().enumerate() {
                assert!(h.iter().any(|&h| h > 0.0), "{name}: no code for frame {j}");
            }
        });
    }
}

/// A converged fit holds the codes of its frames.
#[test]
fn encoding_with_the_penalty_of_the_fit_gives_its_codes() {
    fn check<T: Real>(findings: &mut Findings) {
        for (fixed, penalty) in [
            (0, weights(0.1, 0.0, 0.0, 0.0)),
            (0, weights(0.05, 0.02, 0.0, 0.0)),
            (0, weights(0.0, 0.1, 0.0, 0.0)),
            (3, weights(0.1, 0.02, 0.1, 0.1)),
        ] {
            let x = loud::<T>(1);
            let problem = checked::<T, 12, 10>(&x);
            for_each_penalized!(T, penalty, fixed, |name, solver| {
                let mut factors = uniform::<T, 12, 10, 3>(&problem, 1);
                run(solver, sweeps(if name == "Mu" { 2000 } else { 500 }), &problem, &mut factors);
                let mut codes = SMatrix::<T, 3, 10>::from_element(T::ZERO);
                let encoder = Encoder::new(&factors.w).l1(from_f64(penalty.l1_h)).l2(from_f64(penalty.l2_h));
                encoder.encode_batch(&x[..], &mut codes).unwrap();
                let worst = factors.h.column_iter().zip(codes.column_iter()).fold(0.0, |worst, (h, code)| {
                    let largest = code.iter().fold(0.0, |largest, &c| f64::max(largest, to_f64(c)));
                    let off = h.iter().zip(code.iter()).fold(0.0, |off, (&a, &b)| f64::max(off, to_f64(a - b).abs()));
                    f64::max(worst, off / largest)
                });
                let allowed = match name {
                    // Setting negative entries to 0 is not the minimum, with a penalty as without:
                    // no bound.
                    "Als" => f64::INFINITY,
                    "Mu" => tolerance::CREEPING_CODE,
                    _ => tolerance::code::<T>(),
                };
                findings.expect(worst <= allowed, || {
                    format!("{name} {} {penalty:?} fixed {fixed}: {worst:e}", scalar::<T>())
                });
            });
        }
    }
    let mut findings = Findings::default();
    check::<f32>(&mut findings);
    check::<f64>(&mut findings);
}

/// What a stream encodes with is what an encoder does.
#[test]
fn streams_encode_with_the_same_penalty() {
    let x = loud::<f64>(2);
    let mut start = SMatrix::<f64, 12, 3>::zeros();
    noisy::<12, 3, 3>(3, 0.3).iter().zip(start.column_iter_mut()).for_each(|(x, mut w)| w.copy_from_slice(x));
    let mut state = OnlineState::new();
    state.reset(&start).unwrap();
    for x in &x {
        let (w, x) = (state.w, SVector::from(*x));
        let (mut h, mut code) = (SVector::zeros(), SVector::zeros());
        Online::new().l1(0.1).l2(0.02).push(&mut state, &x, &mut h);
        Encoder::new(&w).l1(0.1).l2(0.02).encode(&x, &mut code);
        let largest = code.iter().copied().fold(0.0, f64::max);
        assert!((h - code).iter().all(|d| d.abs() <= 1e-12 * largest), "{h} {code}"); // the rounding of one Gram
    }
}

/// The objective is that of the formula, and falls in every sweep of a monotone solver.
#[test]
fn the_objective_is_the_formula_and_falls() {
    fn check<T: Real>(findings: &mut Findings) {
        for (fixed, penalty) in [
            (0, weights(0.0, 0.0, 0.0, 0.0)),
            (0, weights(0.1, 0.0, 0.0, 0.0)),
            (0, weights(0.0, 0.0, 0.1, 0.0)),
            (0, weights(0.02, 0.3, 0.05, 0.1)),
            (1, weights(0.05, 0.02, 0.0, 0.0)),
        ] {
            let x = loud::<T>(4);
            let problem = checked::<T, 12, 10>(&x);
            for_each_penalized!(T, penalty, fixed, |name, solver| {
                let mut factors = uniform::<T, 12, 10, 3>(&problem, 4);
                let mut last = f64::INFINITY;
                for sweep in 0..30 {
                    let outcome = run(solver, sweeps(1), &problem, &mut factors);
                    let now = objective(&x, &factors, penalty);
                    let what = || format!("{name} {} {penalty:?}, sweep {sweep}: {now} after {last}", scalar::<T>());
                    let told = to_f64(outcome.objective);
                    let slack = tolerance::reported::<T>() * now + tolerance::floor::<T>();
                    findings.expect((told - now).abs() <= slack, || format!("{}, told {told}", what()));
                    let plain = to_f64(outcome.relative_error).powi(2);
                    findings.expect(to_f64(outcome.objective) >= plain * (1.0 - tolerance::product::<T>()), what);
                    findings.expect(now <= last * (1.0 + tolerance::rise::<T>()), what);
                    last = now;
                }
            });
        }
    }
    let mut findings = Findings::default();
    check::<f32>(&mut findings);
    check::<f64>(&mut findings);
}

/// From factors without a penalty the error must rise for the objective to fall.
#[test]
fn the_best_factors_are_those_of_the_objective() {
    let x = loud::<f64>(5);
    let problem = checked::<f64, 12, 10>(&x);
    let penalty = weights(0.2, 0.0, 0.0, 0.0);
    let mut plain = uniform::<f64, 12, 10, 3>(&problem, 5);
    run(Anls::new(), sweeps(200), &problem, &mut plain);
    for_each_penalized!(f64, penalty, 0, |name, solver| {
        let mut factors = plain.clone();
        run(solver, sweeps(100), &problem, &mut factors);
        let (before, after) = (objective(&x, &plain, penalty), objective(&x, &factors, penalty));
        // 0.339 against 0.36 measured: the optimum has smaller amounts and a larger error.
        assert!(after < 0.99 * before && error(&x, &factors) > error(&x, &plain), "{name}: {after} from {before}");
    });
}

/// Starts 0 … 7 of a group, each fitted alone: the one that restarts keep has the least objective
/// of all, whatever its error.
#[test]
fn restarts_keep_the_least_objective() {
    fn group<S: Tested<f64, 12, 10, 4>>(nmf: Nmf<f64, S>, x: &[[f64; 12]], weights: Weights) -> bool {
        let problem: Checked<'_, f64, 12, 10> = checked(x);
        let (mut best, mut trial) = (Factors::zeros(), Factors::zeros());
        let log: RestartLog<f64, 8> =
            nmf.fit_restarts(&problem, |_| Start::Uniform, &mut best, &mut trial, &mut Default::default()).unwrap();
        let told: Vec<f64> = log.restarts().iter().map(|outcome| outcome.objective).collect();
        let errors: Vec<f64> = log.restarts().iter().map(|outcome| outcome.relative_error).collect();
        let least = |values: &[f64]| (0..8).min_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap();
        assert_eq!(log.best(), least(&told));
        let kept = objective(x, &best, weights);
        assert!((kept - log.outcome().objective).abs() <= tolerance::reported::<f64>());
        for seed in 0..8 {
            let mut factors = uniform::<f64, 12, 10, 4>(&problem, seed);
            nmf.fit(&problem, &mut factors, &mut Default::default()).unwrap();
            let other = objective(x, &factors, weights);
            assert!(kept <= other + tolerance::reported::<f64>(), "{kept} kept, {other} from start {seed}");
        }
        // Pilots are compared by the same measure.
        let log: RestartLog<f64, 8> = nmf
            .pilots(10)
            .fit_restarts(&problem, |_| Start::Uniform, &mut best, &mut trial, &mut Default::default())
            .unwrap();
        let pilots: Vec<f64> = log.restarts().iter().map(|outcome| outcome.objective).collect();
        assert_eq!(log.best(), least(&pilots));
        least(&errors) != least(&told)
    }
    let penalty = weights(0.2, 0.0, 0.0, 0.0);
    let mut different = 0;
    for seed in 0..20 {
        let x = noisy::<12, 10, 6>(100 + seed, 0.9);
        different += usize::from(group(Nmf::new(Hals::new().l1_h(0.2)), &x, penalty));
    }
    // Otherwise the plain error would do.
    assert!(different >= 5, "{different} of 20 groups");
}
