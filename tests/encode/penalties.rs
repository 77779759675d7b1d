//! `l1` and `l2`: codes of the penalised problem, and settings out of range.

use super::*;
use tinynmf::{Error, Setting};

/// Distance of two codes from each other where the optimum is unique, relative to the largest amount: violation over the smallest
/// eigenvalue, which λ₂ = 0.1 keeps at 0.09 or more.
fn unique<T: Real>() -> f64 {
    20.0 * optimal::<T>()
}

fn grid() -> [(f64, f64); 12] {
    let values = [(0.0, 1e-3), (0.0, 0.1), (0.0, 10.0), (0.01, 0.0), (0.1, 0.0), (0.3, 0.0), (0.7, 0.0), (0.01, 1e-3)];
    let [a, b, c, d, e, f, g, h] = values;
    [a, b, c, d, e, f, g, h, (0.1, 0.1), (0.3, 1.0), (0.9, 0.01), (1e-6, 1e-6)]
}

fn conditions<T: Real, const M: usize, const K: usize>(name: &str, frames: &[SVector<T, M>], w: &SMatrix<T, M, K>) {
    let mut findings = Findings::default();
    for (l1, l2) in grid() {
        // The penalties as the encoder sees them.
        let (a, b) = (from_f64::<T>(l1), from_f64::<T>(l2));
        let parts = Parts::new(w).penalized(to_f64(a), to_f64(b));
        let encoder = Encoder::new(w).l1(a).l2(b);
        assert_eq!(encoder.validate(), Ok(()));
        let mut worst = Worst::default();
        for (j, x) in frames.iter().enumerate() {
            let what = format!("{} {name} {j}, l1 {l1}, l2 {l2}", scalar::<T>());
            let (h, encoding) = encode(&encoder, x);
            exact(&mut findings, &mut worst, &what, &parts, (x, &h, encoding));
            let target = parts.target(x);
            let best = parts.measure(&target, &parts.reference(&target, K));
            let verdict = parts.judge(x, &h);
            let above = (verdict.objective - best.objective) / (best.norm * best.norm);
            findings.expect(above.abs() <= BEST, || format!("{what}: objective {above:e} above the reference"));
        }
        worst.print(&format!("{} {name}, l1 {l1}, l2 {l2}", scalar::<T>()));
    }
}

#[test]
fn penalized_codes_satisfy_their_conditions() {
    fn check<T: Real>() {
        let frames: Vec<_> = vectors::<T, 64>(digits()).into_iter().step_by(40).collect();
        conditions("digit", &frames, &digit_parts::<T, 8>());
        let frames: Vec<_> = vectors::<T, 129>(piano()).into_iter().step_by(20).collect();
        conditions("piano", &frames, &learnt::<T, 129, 250, 6>(piano()));
        let mut draw = Draw::new(1);
        let frames: Vec<SVector<T, 12>> = (0..30).map(|_| draw.signed_matrix()).collect();
        conditions("signed", &frames, &draw.signed_matrix::<T, 12, 6>());
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn codes_get_sparser_with_l1() {
    fn check<T: Real>() {
        let w = digit_parts::<T, 16>();
        let frames: Vec<_> = vectors::<T, 64>(digits()).into_iter().step_by(10).collect();
        let mean = |l1: f64| {
            let encoder = Encoder::new(&w).l1(from_f64(l1));
            let active: usize = frames.iter().map(|x| encode(&encoder, x).1.active).sum();
            active as f64 / frames.len() as f64
        };
        let means: Vec<f64> = [0.0, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0].into_iter().map(mean).collect();
        println!("{}: active {means:.2?}", scalar::<T>());
        assert!(means.windows(2).all(|pair| pair[1] < pair[0] || pair[0] == 0.0), "{means:?}");
        assert!(means[0] > 1.5 * means[4]);
    }
    check::<f32>();
    check::<f64>();
}

/// From 1 on every code is 0: also where a frame is one of the parts, and ⟨w_k, x⟩ = ‖w_k‖‖x‖.
#[test]
fn nothing_is_active_with_l1_of_one() {
    fn check<T: Real, const M: usize, const K: usize>(
        findings: &mut Findings,
        name: &str,
        w: SMatrix<T, M, K>,
        frames: &[SVector<T, M>],
    ) {
        let columns: Vec<SVector<T, M>> = (0..K).map(|k| w.column(k).clone_owned()).collect();
        for l1 in [1.0, 1.5, 2.0, 1e3, 1e30, f64::INFINITY] {
            for l2 in [0.0, 0.1] {
                let encoder = Encoder::new(&w).l1(from_f64(l1)).l2(from_f64(l2));
                for (j, x) in frames.iter().chain(&columns).enumerate() {
                    let mut h = SVector::repeat(T::ONE);
                    let encoding = encoder.encode(x, &mut h);
                    let what = || format!("{} {name} {j}, l1 {l1}, l2 {l2}: {h:?}, {encoding:?}", scalar::<T>());
                    findings.expect(h.iter().all(|&h| h == T::ZERO) && encoding.active == 0, what);
                    let off = (to_f64(encoding.relative_residual) - 1.0).abs();
                    findings.expect(off <= residual::<T>() && encoding.status == NnlsStatus::Optimal, what);
                }
            }
        }
    }
    fn both<T: Real>(findings: &mut Findings) {
        check::<T, 64, 8>(findings, "digits", digit_parts(), &vectors(&digits()[..50]));
        check::<T, 10, 5>(findings, "random", Draw::new(2).matrix(), &[]);
        check::<T, 10, 1>(findings, "one part", Draw::new(3).matrix(), &[]);
    }
    let mut findings = Findings::default();
    both::<f32>(&mut findings);
    both::<f64>(&mut findings);
}

/// Copies of a part share its amount equally, whatever the start.
#[test]
fn l2_makes_codes_of_duplicate_parts_unique() {
    fn check<T: Real>() {
        let mut draw = Draw::new(4);
        let mut w: SMatrix<T, 10, 6> = draw.matrix();
        w.set_column(3, &w.column(0).clone_owned());
        w.set_column(5, &w.column(0).clone_owned());
        // Half as long: twice the coefficient.
        w.set_column(4, &w.column(1).map(|w| w * T::HALF));
        for l2 in [0.1, 1.0] {
            let encoder = Encoder::new(&w).l2(from_f64(l2));
            for _ in 0..30 {
                let x: SVector<T, 10> = draw.matrix();
                let (h, _) = encode(&encoder, &x);
                let allowed = unique::<T>() * to_f64(h.iter().fold(T::ZERO, |largest, &h| largest.at_least(h)));
                let off = |a: T, b: T| (to_f64(a) - to_f64(b)).abs();
                assert!(off(h[0], h[3]) <= allowed && off(h[0], h[5]) <= allowed, "{h:?}");
                assert!(off(h[1] * T::TWO, h[4]) <= 2.0 * allowed, "{h:?}");
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

/// K = 1 in closed form: h = (⟨w, x⟩ − λ₁‖x‖‖w‖)₊ / (1 + λ₂)‖w‖².
#[test]
fn one_part_in_closed_form() {
    let w = SMatrix::<f64, 2, 1>::new(3.0, 4.0);
    for (l1, l2) in grid() {
        let (h, encoding) = encode(&Encoder::new(&w).l1(l1).l2(l2), &SVector::from([4.0, 3.0]));
        let expected = (24.0 - l1 * 25.0).max(0.0) / (25.0 * (1.0 + l2));
        assert!((h[0] - expected).abs() <= 1e-15, "l1 {l1}, l2 {l2}: {}, not {expected}", h[0]);
        assert_eq!(encoding.active, usize::from(expected > 0.0));
    }
}

#[test]
fn no_penalty_is_the_plain_code() {
    fn check<T: Real>() {
        let w = digit_parts::<T, 8>();
        // What validate refuses counts as 0.
        for value in [0.0, -0.0, -1.0, f64::NEG_INFINITY, f64::NAN] {
            for x in &vectors::<T, 64>(&digits()[..30]) {
                let value = from_f64::<T>(value);
                let plain = code_bits(&encode(&Encoder::new(&w), x));
                assert_eq!(code_bits(&encode(&Encoder::new(&w).l1(value), x)), plain);
                assert_eq!(code_bits(&encode(&Encoder::new(&w).l2(value), x)), plain);
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn validate_names_the_setter() {
    fn check<T: Real>() {
        let w = SMatrix::<T, 2, 2>::repeat(T::ONE);
        let encoder = || Encoder::new(&w);
        for value in [f64::NAN, -1e-30, -1.0, f64::INFINITY, f64::NEG_INFINITY].map(from_f64::<T>) {
            assert_eq!(encoder().l1(value).validate(), Err(Error::Setting(Setting::L1)), "{value}");
            assert_eq!(encoder().l2(value).validate(), Err(Error::Setting(Setting::L2)), "{value}");
            assert_eq!(encoder().l1(value).l2(value).validate(), Err(Error::Setting(Setting::L1)), "{value}");
        }
        for value in [0.0, -0.0, 1e-30, 0.1, 1.0, 5.0, 1e30].map(from_f64::<T>) {
            assert_eq!(encoder().l1(value).l2(value).max_active(0).validate(), Ok(()), "{value}");
        }
    }
    check::<f32>();
    check::<f64>();
    assert_eq!(Setting::L1.as_str(), "l1 must be finite and >= 0");
    assert_eq!(Setting::L2.as_str(), "l2 must be finite and >= 0");
}

/// Penalties that are refused or beyond measure: a code all the same.
#[test]
fn penalties_beyond_measure_stay_codes() {
    let w = digit_parts::<f32, 8>();
    let x = vectors::<f32, 64>(&digits()[..1])[0];
    for l1 in [0.0, 0.5, 1e38, f32::INFINITY] {
        for l2 in [0.0, 1e-38, 1e10, 1e38, f32::MAX, f32::INFINITY] {
            let mut h = SVector::repeat(1.0);
            let encoding = Encoder::new(&w).l1(l1).l2(l2).encode(&x, &mut h);
            assert!(h.iter().all(|h| h.is_finite() && *h >= 0.0), "l1 {l1}, l2 {l2}: {h:?}");
            assert_eq!(encoding.status, NnlsStatus::Optimal, "l1 {l1}, l2 {l2}: {encoding:?}");
            assert!(encoding.relative_residual <= 1.0 + 1e-6, "l1 {l1}, l2 {l2}: {encoding:?}");
        }
    }
}
