//! L1 and L2 penalties on W and H: what they promise for unit-length parts, at every scale.

#[path = "../examples/common/data.rs"]
mod data;

use rand_xorshift::XorShiftRng;
use tinynmf::nalgebra::SMatrix;
use tinynmf::rand_core::SeedableRng;
use tinynmf::{AlternateWorkspace, Anls, Factors, Hals, Nmf, Problem, Solver, Status, Stop, Uniform};

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

/// A penalty on one factor lets sizes drift from sweep to sweep; the factors must stay usable for good.
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
