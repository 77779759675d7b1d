//! `MuKl` against closed forms and the optimality conditions of its loss.

use crate::common::*;
use tinynmf::{MuKl, Real, Stop};

/// Of one component the best model keeps the sums of all rows and columns: y_ij = r_i·s_j/total.
#[test]
fn one_component_keeps_the_sums() {
    fn check<T: Real>() {
        let frames = noisy::<12, 10, 3>(1, 0.5);
        let x = cast::<T, 12>(&frames);
        let problem = checked::<T, 12, 10>(&x);
        let mut factors = uniform::<T, 12, 10, 1>(&problem, 1);
        fit(MuKl::new(), sweeps(3), &problem, &mut factors);
        let total: f64 = frames.iter().flatten().sum();
        for j in 0..10 {
            for i in 0..12 {
                let row: f64 = frames.iter().map(|frame| frame[i]).sum();
                let expected = row * frames[j].iter().sum::<f64>() / total;
                let model = to_f64(factors.w[(i, 0)]) * to_f64(factors.h[(0, j)]);
                assert!((model / expected - 1.0).abs() < 1e-5, "({i}, {j}): {model}, not {expected}");
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

/// An entry far below its model counts as the model does. The right values are those of the closed
/// form y_ij = r_i·s_j/total, by NumPy with logarithms in f64: D = 0.523248 and √(2D/ΣX) = 0.590620
/// for [[~0, 1], [1, 1]].
#[test]
fn entries_far_below_the_model_count() {
    fn check<T: Real>(inputs: &[[f64; 3]]) {
        for &[tiny, small, one] in inputs {
            let x = cast::<T, 2>(&[[tiny, one], [one, one]]);
            let problem = checked::<T, 2, 2>(&x);
            let mut factors = uniform::<T, 2, 2, 1>(&problem, 1);
            let outcome = fit(MuKl::new(), Stop::new(), &problem, &mut factors);
            let off = to_f64(outcome.relative_error) - 0.590_620;
            assert!(off.abs() < 1e-6, "{} {tiny:e}: {}", scalar::<T>(), outcome.relative_error);
            // Beside it an entry that the quotient can still hold.
            let x = cast::<T, 2>(&[[small, one], [one, one]]);
            let problem = checked::<T, 2, 2>(&x);
            let outcome = fit(MuKl::new(), Stop::new(), &problem, &mut uniform::<T, 2, 2, 1>(&problem, 1));
            let off = to_f64(outcome.relative_error) - 0.590_620;
            assert!(off.abs() < 1e-6, "{} {small:e}: {}", scalar::<T>(), outcome.relative_error);
        }
    }
    check::<f32>(&[[1e-41, 1e-37, 1.0], [1e-30, 1e-26, 1e10], [1e-12, 1e-5, 1e30]]);
    check::<f64>(&[[1e-310, 1e-306, 1.0], [1e-160, 1e-150, 1e150], [0.0, 1e-20, 1.0]]);
}

/// At the end Σᵢ w_ik(1 − x_ij/y_ij) vanishes where h_kj > 0 and is not negative where it is 0; for W likewise.
#[test]
fn it_ends_where_the_gradient_says() {
    let x = noisy::<12, 10, 3>(2, 0.5);
    let problem = checked::<f64, 12, 10>(&x);
    let mut factors = uniform::<f64, 12, 10, 3>(&problem, 1);
    // Zeros in the start are left, too.
    factors.w[(3, 1)] = 0.0;
    factors.h[(2, 4)] = 0.0;
    fit(MuKl::new(), Stop::new().rel_tol(0.0).max_sweeps(100_000), &problem, &mut factors);
    let y = factors.w * factors.h;
    let share = |i: usize, j: usize| 1.0 - x[j][i] / y[(i, j)];
    for k in 0..3 {
        let (parts, amounts) = (factors.w.column(k).sum(), factors.h.row(k).sum());
        for j in 0..10 {
            let slope = (0..12).map(|i| factors.w[(i, k)] * share(i, j)).sum::<f64>() / parts;
            let h = factors.h[(k, j)] / amounts;
            assert!(slope > -1e-4 && (h * slope).abs() < 1e-5, "h {k} {j}: {h:e}, slope {slope:e}");
        }
        for i in 0..12 {
            let slope = (0..10).map(|j| factors.h[(k, j)] * share(i, j)).sum::<f64>() / amounts;
            let w = factors.w[(i, k)] / parts;
            assert!(slope > -1e-4 && (w * slope).abs() < 1e-5, "w {i} {k}: {w:e}, slope {slope:e}");
        }
    }
}

/// Its own loss is what it is good at: lower than that of the default fit, which in turn has the lower Frobenius error.
#[test]
fn each_loss_has_its_solver() {
    let x = noisy::<12, 10, 3>(3, 0.9);
    let problem = checked::<f64, 12, 10>(&x);
    let start = uniform::<f64, 12, 10, 3>(&problem, 1);
    let (mut ours, mut theirs) = (start.clone(), start);
    let outcome = fit(MuKl::new(), sweeps(3000), &problem, &mut ours);
    fit(tinynmf::Anls::new(), sweeps(500), &problem, &mut theirs);
    let divergence = |factors: &_| measure(Promise::new("").kullback_leibler(), &x, factors);
    assert!(divergence(&ours) < divergence(&theirs));
    assert!(error(&x, &ours) > error(&x, &theirs));
    assert!((outcome.relative_error - divergence(&ours)).abs() < 1e-9);
}
