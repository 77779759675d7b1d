//! Weights per feature: rows scaled by their roots, dead channels, and weights that are refused.

use super::*;
use tinynmf::Error;

/// Weights as users have them: equal, of every size, and with gaps.
fn weightings<T: Real, const M: usize>() -> Vec<SVector<T, M>> {
    let mut draw = Draw::new(1);
    let mut of = |value: &mut dyn FnMut(&mut Draw) -> f64| SVector::from_fn(|_, _| from_f64(value(&mut draw)));
    vec![
        of(&mut |draw| draw.unit()),
        of(&mut |draw| 10_f64.powf(3.0 * draw.signed())),
        of(&mut |draw| f64::from(draw.below(2) as u32)),
        of(&mut |draw| if draw.below(3) == 0 { 0.0 } else { 1e6 * draw.unit() }),
        of(&mut |draw| 1e-5 * (0.1 + draw.unit())),
    ]
}

fn oracle<T: Real, const M: usize, const K: usize>(name: &str, w: &SMatrix<T, M, K>, frames: &[SVector<T, M>]) {
    let mut findings = Findings::default();
    for (number, weights) in weightings::<T, M>().iter().enumerate() {
        let mut worst = Worst::default();
        for (l1, l2) in [(0.0, 0.0), (0.125, 0.0), (0.0, 0.125), (0.0625, 0.0625)] {
            let parts = Parts::weighted(w, weights).penalized(l1, l2);
            let encoder = Encoder::weighted(w, weights).unwrap().l1(from_f64(l1)).l2(from_f64(l2));
            let mut last = SVector::repeat(T::ZERO);
            for (j, x) in frames.iter().enumerate() {
                let what = format!("{} {name} {j}, weights {number}, l1 {l1}, l2 {l2}", scalar::<T>());
                let (h, encoding) = encode(&encoder, x);
                let verdict = exact(&mut findings, &mut worst, &what, &parts, (x, &h, encoding));
                let target = parts.target(x);
                let best = parts.measure(&target, &parts.reference(&target, K));
                let above = (verdict.objective - best.objective) / (best.norm * best.norm).max(f64::MIN_POSITIVE);
                findings.expect(above.abs() <= BEST, || format!("{what}: objective {above:e} above the reference"));
                let warm = encoder.clone().warm(true).encode(x, &mut last);
                exact(&mut findings, &mut worst, &format!("{what}, warm"), &parts, (x, &last, warm));
            }
        }
        worst.print(&format!("{} {name}, weights {number}", scalar::<T>()));
    }
}

#[test]
fn weights_are_rows_scaled_by_their_roots() {
    fn check<T: Real>() {
        let frames: Vec<_> = vectors::<T, 64>(digits()).into_iter().step_by(100).collect();
        oracle("digit", &digit_parts::<T, 8>(), &frames);
        let frames: Vec<_> = vectors::<T, 129>(piano()).into_iter().step_by(25).collect();
        oracle("piano", &learnt::<T, 129, 250, 6>(piano()), &frames);
        let mut draw = Draw::new(2);
        let frames: Vec<SVector<T, 13>> = (0..20).map(|_| draw.signed_matrix()).collect();
        oracle("random", &draw.matrix::<T, 13, 5>(), &frames);
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn dead_channels_may_hold_anything() {
    fn check<T: Real>() {
        let mut draw = Draw::new(3);
        let w = digit_parts::<T, 8>();
        let dead: Vec<usize> = (0..64).filter(|_| draw.below(6) == 0).collect();
        assert!(dead.len() > 5);
        let weights = SVector::from_fn(|i, _| if dead.contains(&i) { T::ZERO } else { T::ONE });
        let encoder = Encoder::weighted(&w, &weights).unwrap();
        // The dictionary and frames without those channels.
        let mut without = w;
        dead.iter().for_each(|&i| without.row_mut(i).fill(T::ZERO));
        let plain = Encoder::new(&without);
        for (j, x) in vectors::<T, 64>(&digits()[..60]).iter().enumerate() {
            let x = shifted(x, if j % 3 == 0 { 0 } else { 100 * (j as i32 % 3) - 150 });
            let mut live = x;
            dead.iter().for_each(|&i| live[i] = T::ZERO);
            let expected = code_bits(&encode(&plain, &live));
            for value in [0.0, 7.0, -1e30, f64::MAX, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut x = x;
                dead.iter().for_each(|&i| x[i] = from_f64(value));
                let code = encode(&encoder, &x);
                assert_eq!(code_bits(&code), expected, "{} frame {j}, {value}", scalar::<T>());
                assert_eq!(code.1.status, NnlsStatus::Optimal);
            }
        }
        // Nothing but noise on dead channels.
        let mut x = SVector::repeat(T::ZERO);
        dead.iter().for_each(|&i| x[i] = from_f64(f64::NAN));
        let (h, encoding) = encode(&encoder, &x);
        assert!(h.iter().all(|&h| h == T::ZERO));
        assert_eq!((encoding.status, encoding.residual), (NnlsStatus::Optimal, T::ZERO));
        // A part that lives on a dead channel alone takes no part.
        let mut alone = w;
        alone.column_mut(3).fill(T::ZERO);
        alone[(dead[0], 3)] = T::ONE;
        let (h, encoding) = encode(&Encoder::weighted(&alone, &weights).unwrap(), &vectors(&digits()[..1])[0]);
        assert_eq!((h[3], encoding.status), (T::ZERO, NnlsStatus::Optimal));
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn the_first_wrong_weight_is_named() {
    fn check<T: Real>() {
        let w = SMatrix::<T, 5, 2>::repeat(T::ONE);
        let ones = SVector::<T, 5>::repeat(T::ONE);
        let largest = to_f64(T::exp2i(20));
        for value in [-1.0, -1e-30, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, largest * 1.001, 1e30] {
            for row in 0..5 {
                let mut weights = ones;
                weights[row] = from_f64(value);
                weights[4] = from_f64(value);
                let refused = Encoder::weighted(&w, &weights).err();
                assert_eq!(refused, Some(Error::Weight { row, column: 0 }), "{value}");
            }
        }
        // None that counts.
        for value in [0.0, -0.0, 1e-30, to_f64(T::exp2i(-20)) * 0.999] {
            let weights = SVector::repeat(from_f64(value));
            assert_eq!(Encoder::weighted(&w, &weights).err(), Some(Error::Weight { row: 0, column: 0 }), "{value}");
        }
        // At the limits, and one that counts.
        for values in
            [[largest; 5], [to_f64(T::exp2i(-20)); 5], [0.0, 0.0, 0.0, 0.0, 1e-5], [largest, 0.0, 1e-30, 1.0, 0.0]]
        {
            assert!(Encoder::weighted(&w, &SVector::from(values.map(from_f64))).is_ok(), "{values:?}");
        }
    }
    check::<f32>();
    check::<f64>();
}
