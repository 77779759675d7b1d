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
            for (j, x) in frames.iter().enumerate() {
                let what = format!("{} {name} {j}, weights {number}, l1 {l1}, l2 {l2}", scalar::<T>());
                let (h, encoding) = encode(&encoder, x);
                let verdict = exact(&mut findings, &mut worst, &what, &parts, (x, &h, encoding));
                let target = parts.target(x);
                let best = parts.measure(&target, &parts.reference(&target, K));
                let above = (verdict.objective - best.objective) / (best.norm * best.norm).max(f64::MIN_POSITIVE);
                findings.expect(above.abs() <= BEST, || format!("{what}: objective {above:e} above the reference"));
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
        for value in [-1.0, -1e-30, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for row in 0..5 {
                let mut weights = ones;
                weights[row] = from_f64(value);
                weights[4] = from_f64(value);
                let refused = Encoder::weighted(&w, &weights).err();
                assert_eq!(refused, Some(Error::Weight { row, column: 0 }), "{value}");
            }
        }
        // None that counts.
        for value in [0.0, -0.0] {
            let weights = SVector::repeat(from_f64(value));
            assert_eq!(Encoder::weighted(&w, &weights).err(), Some(Error::NoWeights), "{value}");
        }
        // Of any size.
        for values in [[1e38; 5], [1e-38; 5], [0.0, 0.0, 0.0, 0.0, 1e-5], [1e38, 0.0, 1e-30, 1.0, 0.0]] {
            assert!(Encoder::weighted(&w, &SVector::from(values.map(from_f64))).is_ok(), "{values:?}");
        }
    }
    check::<f32>();
    check::<f64>();
}

/// A common factor of the weights changes nothing but the unit of the residual. W =
/// [[2, 0], [1, 1], [0, 3]], x = (4, 3, 3), weights 1 : ¼ : 1: x = W·(2, 1), whatever the weights.
#[test]
fn a_common_factor_of_weights_is_irrelevant() {
    fn check<T: Real>(reach: i32) {
        let w = SMatrix::<f64, 3, 2>::new(2.0, 0.0, 1.0, 1.0, 0.0, 3.0).map(from_f64::<T>);
        let x = SVector::<f64, 3>::new(4.0, 3.0, 3.0).map(from_f64::<T>);
        let odd = SVector::<f64, 3>::new(4.0, 3.0, 5.0).map(from_f64::<T>);
        let of = |size: T, x| {
            let weights = SVector::<f64, 3>::new(1.0, 0.25, 1.0).map(|v| from_f64::<T>(v) * size);
            let encoder = Encoder::weighted(&w, &weights).unwrap();
            encode(&encoder, x)
        };
        let (h, encoding) = of(from_f64(1e8), &x);
        assert!((to_f64(h[0]) - 2.0).abs() < 1e-6 && (to_f64(h[1]) - 1.0).abs() < 1e-6, "{h:?}");
        assert_eq!(encoding.status, NnlsStatus::Optimal);
        let (h, encoding) = of(T::ONE, &odd);
        for e in (-reach..=reach).step_by(7) {
            let (other, found) = of(T::exp2i(2 * e), &odd);
            assert_eq!(h, other, "weights times 4^{e}");
            assert_eq!(encoding.residual * T::exp2i(e), found.residual, "weights times 4^{e}");
        }
    }
    check::<f32>(60);
    check::<f64>(500);
}

/// Features whose weights are all but nothing beside the others: no NaN, no part that is switched
/// off unsaid.
#[test]
fn weights_that_are_far_apart() {
    let w = SMatrix::<f32, 3, 2>::new(1.0, 0.0, 0.0, 1.0, 1.0, 0.0);
    // The second part is seen by the second feature alone.
    for (weight, sees) in [(1e-3, true), (1e-9, true), (1e-18, true), (1e-20, false), (1e-40, false), (1e-45, false)] {
        let weights = SVector::from([1.0, weight, 1.0]);
        let encoder = Encoder::weighted(&w, &weights).unwrap();
        assert_eq!(encoder.scale()[1] > 0.0, sees, "{weight:e}");
        for x in [[2.0, 5.0, 2.0], [0.0, 5.0, 0.0], [0.0, 1e-30, 0.0], [0.0, 1e30, 0.0], [1e-30, 1e30, 0.0]] {
            let (h, encoding) = encode(&encoder, &SVector::from(x));
            assert!(
                encoding.relative_residual <= 1.0 && encoding.residual.is_finite(),
                "{weight:e}, {x:?}: {encoding:?}"
            );
            assert_eq!(encoding.status, NnlsStatus::Optimal, "{weight:e}, {x:?}");
            let expected = if sees { x[1] } else { 0.0 };
            assert!((h[1] - expected).abs() <= 1e-6 * expected, "{weight:e}, {x:?}: {h:?}");
        }
    }
}
