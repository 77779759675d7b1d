//! Numbers near the limits of the scalar: sizes are relative, and what has no number is said.

use super::*;
use tinynmf::nnls::least_squares;

/// W = [[3, 0], [4, 1], [0, 2], [1, 1]] times `size` and x = (6, 13, 10, 7) times `frame`: WᵀW =
/// [[26, 5], [5, 6]], Wᵀx = (77, 40), h = (2, 5) times frame/size.
fn scaled<T: Precision>(size: i32, frame: i32) -> (SMatrix<T, 2, 2>, SVector<T, 2>) {
    let gram = SMatrix::<f64, 2, 2>::new(26.0, 5.0, 5.0, 6.0).map(|g| T::from_f64(g * f64::exp2i(2 * size)));
    (gram, SVector::<f64, 2>::new(77.0, 40.0).map(|c| T::from_f64(c * f64::exp2i(size + frame))))
}

#[test]
fn a_common_factor_changes_no_bit() {
    fn check<T: Precision>(reach: i32) {
        let (gram, cross) = scaled::<T>(0, 0);
        let (mut h, mut x) = (SVector::from_element(T::ZERO), SVector::from_element(T::ZERO));
        let report = solve(&gram, &cross, &mut h);
        assert!((h[0].to_f64() - 2.0).abs() < 1e-6 && (h[1].to_f64() - 5.0).abs() < 1e-6, "{h}");
        least_squares(&gram, &cross, &mut x);
        for size in -reach..=reach {
            for frame in [-reach, -1, 0, 1, reach] {
                let (gram, cross) = scaled::<T>(size, frame);
                let factor = T::exp2i(frame - size);
                let fits = |e: i32| e > T::MIN_EXPONENT && e < T::MAX_EXPONENT - 8;
                if !(fits(frame - size) && fits(2 * size) && fits(size + frame)) {
                    continue;
                }
                let what = format!("W times 2^{size}, x times 2^{frame}");
                let mut other = SVector::from_element(T::ZERO);
                let found = solve(&gram, &cross, &mut other);
                assert_eq!(other, h * factor, "{what}");
                assert_eq!(found, report, "{what}");
                assert_eq!(least_squares(&gram, &cross, &mut other), 2, "{what}");
                assert_eq!(other, x * factor, "{what}");
            }
        }
    }
    check::<f32>(60);
    check::<f64>(500);
}

/// As it was reported: W and x times 1e-16 in f32.
#[test]
fn small_numbers_are_numbers() {
    let w = [[3.0, 4.0, 0.0, 1.0], [0.0, 1.0, 2.0, 1.0]].map(|w| w.map(|w: f64| w * 1e-16).to_vec());
    let x = [6.0, 13.0, 10.0, 7.0].map(|x| x * 1e-16);
    let (gram, cross) = normal::<f32, 2>(&w, &x);
    let (mut h, mut free) = (SVector::zeros(), SVector::zeros());
    assert_eq!(solve(&gram, &cross, &mut h).status, NnlsStatus::Optimal);
    assert_eq!(least_squares(&gram, &cross, &mut free), 2);
    for h in [h, free] {
        assert!((h[0] - 2.0).abs() < 1e-5 && (h[1] - 5.0).abs() < 1e-5, "{h}");
    }
}

/// A solution that is no number of the scalar is refused, not infinite: h = 1e30/1e-10.
#[test]
fn solutions_beyond_the_scalar_are_refused() {
    let mut h = SVector::from([1.0_f32]);
    let report = solve(&SMatrix::from([[1e-10_f32]]), &SVector::from([1e30]), &mut h);
    assert_eq!((report.status, h[0], report.kkt), (NnlsStatus::NonFinite, 0.0, f32::INFINITY));
    let mut h = SVector::from([1.0_f64]);
    let report = solve(&SMatrix::from([[1e-100_f64]]), &SVector::from([1e300]), &mut h);
    assert_eq!((report.status, h[0], report.kkt), (NnlsStatus::NonFinite, 0.0, f64::INFINITY));
}

/// Whatever is passed: h is finite and non-negative, never worse than 0, and the report is of it.
#[test]
fn whatever_comes_out_is_a_solution() {
    fn any<T: Precision, const K: usize>(draw: &mut Draw, reach: f64) {
        let mut worst = Worst::default();
        for round in 0..400 {
            let near = 10_f64.powf(-8.0 * draw.unit());
            let (size, frame) = (10_f64.powf(reach * draw.signed()), 10_f64.powf(reach * draw.signed()));
            let signed = draw.below(3) == 0;
            let entry = |draw: &mut Draw| if signed { draw.signed() } else { draw.unit() };
            let common: Vec<f64> = (0..K + 2).map(|_| entry(draw)).collect();
            let columns: Vec<Vec<f64>> = (0..K)
                .map(|_| {
                    let own = if draw.below(2) == 0 { size } else { size * 10_f64.powf(0.2 * reach * draw.signed()) };
                    common.iter().map(|c| own * (c + near * draw.signed())).collect()
                })
                .collect();
            let x: Vec<f64> = (0..K + 2).map(|_| frame * entry(draw)).collect();
            let (gram, cross) = normal::<T, K>(&columns, &x);
            let what = format!("K {K}, round {round}, {near:e} apart, sizes {size:e} and {frame:e}");
            let mut h = garbage(draw);
            let report = solve(&gram, &cross, &mut h);
            assert!(
                h.iter().all(|h| h.is_finite() && *h >= T::ZERO) || report.status == NnlsStatus::NonFinite,
                "{what}: {h:?}, {report:?}"
            );
            if report.status == NnlsStatus::NonFinite {
                continue;
            }
            let normal = (0..K).all(|k| {
                let (diagonal, cross) = (gram[(k, k)].to_f64(), cross[k].to_f64().abs());
                let least = T::exp2i(T::MIN_EXPONENT + 30).to_f64();
                // h must be a number as well, and not a subnormal one.
                diagonal > least && cross > least && cross / diagonal > least
            });
            if !normal {
                continue;
            }
            let system = System::new(&gram, &cross);
            let scaled = system.scale(&h);
            let (kkt, terms) = (system.kkt(&scaled), system.terms(&scaled));
            let allowed = T::KKT.max(CANCELLING * T::EPSILON * terms);
            let solved = matches!(report.status, NnlsStatus::Optimal | NnlsStatus::IllConditioned);
            assert!(kkt <= allowed || !solved, "{what}: kkt {kkt:e}, {report:?}");
            assert!(solved || signed, "{what}: kkt {kkt:e}, {report:?}");
            worst.kkt = worst.kkt.max(kkt);
            worst.runs += 1;
        }
        assert!(worst.runs > 100, "{} of 400", worst.runs);
    }
    let mut draw = Draw::new(41);
    any::<f32, 1>(&mut draw, 15.0);
    any::<f32, 3>(&mut draw, 15.0);
    any::<f32, 8>(&mut draw, 15.0);
    any::<f64, 1>(&mut draw, 140.0);
    any::<f64, 3>(&mut draw, 140.0);
    any::<f64, 8>(&mut draw, 140.0);
}
