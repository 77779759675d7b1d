//! Kaczmarz on one system, against exact least squares, and the cases in which the notebook's version was not finite.

use crate::common::*;
use rand_xorshift::XorShiftRng;
use tinynmf::kaczmarz::{Sampling, project, solve};
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::rand_core::SeedableRng;
use tinynmf::{Error, Factors, Kaczmarz, KaczmarzEntry, Nmf, Real, Setting, nnls};

const M: usize = 256;
const K: usize = 16;
/// Twenty projections for every row.
const BUDGET: u32 = 20 * M as u32;

/// Entries from U(0, 1), and a solution from U(0, 1).
fn system<T: Real>() -> (SMatrix<T, M, K>, SVector<T, K>) {
    let w = random::<M>(1, K);
    let h = random::<K>(2, 1)[0];
    (SMatrix::from_fn(|i, k| from_f64(w[k][i])), SVector::from_fn(|k, _| from_f64(h[k])))
}

fn times<T: Real>(w: &SMatrix<T, M, K>, h: &SVector<T, K>) -> [f64; M] {
    std::array::from_fn(|i| (0..K).map(|k| to_f64(w[(i, k)]) * to_f64(h[k])).sum())
}

#[test]
fn a_planted_solution_is_found() {
    fn check<T: Real>() {
        let (w, truth) = system::<T>();
        let x = SVector::from_fn(|i, _| from_f64(times(&w, &truth)[i]));
        for seed in 0..5 {
            let mut h = SVector::from_fn(|_, _| T::ZERO);
            solve(&w, &x, &mut h, BUDGET, &mut XorShiftRng::seed_from_u64(seed));
            let distance: f64 = (0..K).map(|k| (to_f64(h[k]) - to_f64(truth[k])).powi(2)).sum();
            let size: f64 = (0..K).map(|k| to_f64(truth[k]).powi(2)).sum();
            let error = (distance / size).sqrt();
            assert!(error <= 1e-5, "{}, seed {seed}: {error:e}", scalar::<T>());
        }
    }
    check::<f32>();
    check::<f64>();
}

/// With 5 % noise the objective ends within 5 % of the minimum, which `nnls::solve` knows.
#[test]
fn noise_costs_little() {
    fn check<T: Real>() {
        let (w, truth) = system::<T>();
        let noise = random::<M>(3, 1)[0];
        let clean = times(&w, &truth);
        let x: [f64; M] = std::array::from_fn(|i| clean[i] * (1.0 + 0.05 * (2.0 * noise[i] - 1.0) * 3_f64.sqrt()));
        let objective = |h: &SVector<T, K>| -> f64 {
            times(&w, h).iter().zip(&x).map(|(model, x)| (x - model) * (x - model)).sum()
        };
        let wide: SMatrix<f64, M, K> = w.map(to_f64);
        let mut best = SVector::<f64, K>::zeros();
        nnls::solve(&(wide.transpose() * wide), &(wide.transpose() * SVector::from(x)), &mut best);
        let least = objective(&best.map(from_f64));
        for seed in 0..5 {
            let mut h = SVector::from_fn(|_, _| T::ZERO);
            let x = SVector::from_fn(|i, _| from_f64(x[i]));
            solve(&w, &x, &mut h, BUDGET, &mut XorShiftRng::seed_from_u64(seed));
            let ratio = objective(&h) / least;
            assert!(ratio <= 1.05, "{}, seed {seed}: {ratio}", scalar::<T>());
        }
    }
    check::<f32>();
    check::<f64>();
}

/// Zero and faint rows are never used: what they hold does not change a bit.
#[test]
fn zero_and_faint_rows_say_nothing() {
    let (mut w, truth) = system::<f32>();
    for i in (0..M).step_by(3) {
        let scale = if i % 2 == 0 { 0.0 } else { 1e-4 };
        w.row_mut(i).iter_mut().for_each(|w| *w *= scale);
    }
    let model = times(&w, &truth);
    let run = |on_faint: f32| {
        let x = SVector::from_fn(|i, _| if i % 3 == 0 { on_faint } else { model[i] as f32 });
        let mut h = SVector::zeros();
        solve(&w, &x, &mut h, BUDGET, &mut XorShiftRng::seed_from_u64(1));
        h
    };
    let h = run(0.0);
    assert_eq!(h, run(1e30));
    assert!((h - truth).amax() < 1e-4, "{h}");
}

#[test]
fn nothing_to_project_on() {
    let mut h = SVector::from([1.0_f32, 2.0]);
    solve(
        &SMatrix::<f32, 3, 2>::zeros(),
        &SVector::from([1.0, 2.0, 3.0]),
        &mut h,
        50,
        &mut XorShiftRng::seed_from_u64(1),
    );
    assert_eq!(h, SVector::from([1.0, 2.0]));
    solve(&SMatrix::<f32, 3, 2>::repeat(1.0), &SVector::repeat(1.0), &mut h, 0, &mut XorShiftRng::seed_from_u64(1));
    assert_eq!(h, SVector::from([1.0, 2.0]));
    project(&SVector::from([0.0, 0.0]), 5.0, 1.0, &mut h);
    project(&SVector::from([1e-30, 0.0]), 5.0, 1.0, &mut h);
    assert_eq!(h, SVector::from([1.0, 2.0]));
    h = SVector::from([f32::NAN, -3.0]);
    solve(&SMatrix::<f32, 3, 2>::repeat(1.0), &SVector::repeat(1.0), &mut h, 50, &mut XorShiftRng::seed_from_u64(1));
    assert!(h.iter().all(|&h| (0.0..=1.0).contains(&h)), "{h}");
}

/// The notebook drew rows uniformly and took full steps: faint rows then throw the factors away, zero rows divide by zero.
#[test]
fn uniform_sampling_does_not_blow_up() {
    fn check<T: Real>() {
        let mut frames = noisy::<12, 10, 3>(1, 0.3);
        for (j, frame) in frames.iter_mut().enumerate() {
            // Frames over eight decades, and zero ones.
            let scale = if j % 4 == 0 { 0.0 } else { 10_f64.powi(-(j as i32)) };
            frame.iter_mut().for_each(|x| *x *= scale);
        }
        for frames in [frames, notebook_x()] {
            let x = cast::<T, 12>(&frames);
            let problem = checked::<T, 12, 10>(&x);
            for seed in 0..20 {
                for solver in [Kaczmarz::new(), Kaczmarz::unconstrained()] {
                    let solver = solver.sampling(Sampling::Uniform).decay(T::ZERO).seed(seed);
                    let mut factors = uniform::<T, 12, 10, 3>(&problem, seed);
                    let before = error(&x, &factors);
                    fit(solver, sweeps(100), &problem, &mut factors);
                    assert!(numbers(&factors).all(Real::is_finite), "{} seed {seed}", scalar::<T>());
                    let after = error(&x, &factors);
                    assert!(after < before, "{} seed {seed}: {before} to {after}", scalar::<T>());
                }
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

/// On noisy data the defaults never hand out anything worse than they were given, from the optimum or near it.
#[test]
fn a_good_start_is_not_spoiled() {
    let x = cast::<f64, 12>(&noisy::<12, 10, 3>(2, 0.3));
    let problem = checked::<f64, 12, 10>(&x);
    let mut good = uniform::<f64, 12, 10, 3>(&problem, 1);
    Nmf::default().fit(&problem, &mut good, &mut Default::default()).unwrap();
    let before = error(&x, &good);
    for seed in 0..10 {
        for count in [1, 5, 50] {
            let mut row = good.clone();
            fit(Kaczmarz::new().seed(seed), sweeps(count), &problem, &mut row);
            let mut entry = good.clone();
            fit(KaczmarzEntry::new().seed(seed), sweeps(count), &problem, &mut entry);
            for factors in [row, entry] {
                let after = error(&x, &factors);
                assert!(after <= before * (1.0 + 1e-12), "{count} sweeps: {before} to {after}");
            }
        }
    }
}

/// The notebook's start near the truth (0.00925) ended at 0.447.
#[test]
fn near_the_truth_it_gets_nearer() {
    let x = notebook_x();
    let problem = checked::<f64, 12, 10>(&x);
    for seed in 0..20 {
        let mut near = data::notebook_near_truth(seed);
        let mut also = near.clone();
        let before = error(&x, &near);
        assert!((0.005..0.015).contains(&before), "{before}");
        fit(Kaczmarz::new().seed(seed), sweeps(100), &problem, &mut near);
        fit(KaczmarzEntry::new().seed(seed), sweeps(100), &problem, &mut also);
        for factors in [near, also] {
            let after = error(&x, &factors);
            assert!(after < 0.8 * before, "seed {seed}: {before} to {after}");
        }
    }
}

/// 20 000 single entries, and 400 passes.
#[test]
fn single_entries_solve_notebook_x() {
    let x = notebook_x();
    let problem = checked::<f64, 12, 10>(&x);
    for (passes, at_median, at_most) in [(166, 2.2e-3, 1.0), (400, 1e-3, 1e-3)] {
        let mut errors: Vec<f64> = (0..100)
            .map(|seed| {
                let mut factors = uniform::<f64, 12, 10, 3>(&problem, seed);
                fit(KaczmarzEntry::new().decay(0.0).seed(seed), sweeps(passes), &problem, &mut factors);
                error(&x, &factors)
            })
            .collect();
        errors.sort_by(f64::total_cmp);
        assert!(errors[50] <= at_median && errors[99] <= at_most, "{passes}: {:e}, {:e}", errors[50], errors[99]);
    }
}

/// Rows by their energy, full steps, 2K projections, 400 sweeps: all of 40 starts, half of them far below.
#[test]
fn rows_solve_notebook_x_from_every_start() {
    let x = notebook_x();
    let problem = checked::<f64, 12, 10>(&x);
    let mut errors: Vec<f64> = (0..40)
        .map(|seed| {
            let mut factors = uniform::<f64, 12, 10, 3>(&problem, seed);
            fit(Kaczmarz::new().decay(0.0).seed(seed), sweeps(400), &problem, &mut factors);
            error(&x, &factors)
        })
        .collect();
    errors.sort_by(f64::total_cmp);
    assert!(errors[20] <= 1e-7 && errors[39] <= 1e-3, "median {:e}, worst {:e}", errors[20], errors[39]);
}

/// Entries that come one at a time, never stored: the factors and nothing else.
#[test]
fn a_stream_of_entries_teaches_the_factors() {
    let x = planted::<6, 8, 2>(1);
    let mut factors = Factors::<f32, 6, 8, 2>::zeros();
    let start = random::<2>(9, 14);
    factors.w = SMatrix::from_fn(|i, k| start[i][k] as f32);
    factors.h = SMatrix::from_fn(|k, j| start[6 + j][k] as f32);
    let solver = KaczmarzEntry::new();
    for t in 0..40_000_usize {
        let (i, j) = ((t * 5 + t / 48) % 6, (t * 3 + t / 6) % 8);
        solver.observe(i, j, x[j][i] as f32, &mut factors);
    }
    let end = error(&cast::<f32, 6>(&x), &factors);
    assert!(end < 1e-2, "{end}");
    let before = factors.clone();
    for (i, j, x) in [(6, 0, 1.0), (0, 8, 1.0), (0, 0, f32::NAN), (0, 0, -1.0), (0, 0, f32::INFINITY)] {
        solver.observe(i, j, x, &mut factors);
    }
    assert_eq!(factors, before);
}

#[test]
fn settings_out_of_range_are_named() {
    let x = planted::<6, 8, 2>(1);
    let problem = checked::<f64, 6, 8>(&x);
    let refuse = |solver: Kaczmarz<f64>, setting| {
        let mut factors = uniform::<f64, 6, 8, 2>(&problem, 1);
        let result = Nmf::new(solver).fit(&problem, &mut factors, &mut Default::default());
        assert_eq!(result, Err(Error::Setting(setting)));
    };
    for relaxation in [0.0, -1.0, 2.0, f64::NAN] {
        refuse(Kaczmarz::new().relaxation(relaxation), Setting::Relaxation);
    }
    for decay in [-0.1, f64::NAN, f64::INFINITY] {
        refuse(Kaczmarz::new().decay(decay), Setting::Decay);
    }
    refuse(Kaczmarz::new().block(7), Setting::Block);
    refuse(Kaczmarz::new().rounds(0), Setting::Rounds);
    let mut factors = uniform::<f64, 6, 8, 2>(&problem, 1);
    let result = Nmf::new(KaczmarzEntry::new().relaxation(2.0)).fit(&problem, &mut factors, &mut Default::default());
    assert_eq!(result, Err(Error::Setting(Setting::Relaxation)));
}
