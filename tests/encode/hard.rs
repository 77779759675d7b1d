//! Frames and dictionaries that break a careless encoder.

use super::*;

/// A frame that lies in the cone of the parts: what is left of it, relative to it.
const EXPLAINED: f64 = 1e-6;

/// Share of frames in more parts of either sign than features that may end short of the optimality conditions: the Gram is
/// singular, columns cancel, and rounding can make the objective fall without end. The status tells. One in ten in f32.
const UNRESOLVED: f64 = 0.15;

/// Codes of nonsense, which must not be read where the frame is refused.
fn starts<T: Real, const K: usize>() -> [SVector<T, K>; 2] {
    [SVector::repeat(from_f64(1.5)), Draw::new(1).garbage()]
}

/// Refused, and the code untouched.
fn refused<T: Real, const M: usize, const K: usize>(encoder: &Encoder<'_, T, M, K>, x: &SVector<T, M>, what: &str) {
    for start in starts::<T, K>() {
        let mut h = start;
        let encoding = encoder.encode(x, &mut h);
        assert_eq!(encoding.status, NnlsStatus::NonFinite, "{what}: {encoding:?}");
        let same = h.iter().zip(&start).all(|(h, start)| h.bits() == start.bits());
        assert!(same, "{what}: h is touched");
        let said = [encoding.residual, encoding.relative_residual, encoding.kkt];
        assert_eq!((said, encoding.active, encoding.digits), ([T::INFINITY; 3], 0, T::ZERO), "{what}");
    }
}

#[test]
fn frames_that_are_not_finite_are_refused() {
    fn check<T: Real>() {
        let w = digit_parts::<T, 8>();
        let weights = SVector::repeat(T::HALF);
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for i in 0..64 {
                let mut x: SVector<T, 64> = vectors(&digits()[..1])[0];
                x[i] = from_f64(value);
                let what = format!("{} {value} at {i}", scalar::<T>());
                refused(&Encoder::new(&w), &x, &what);
                refused(&Encoder::new(&w).l1(from_f64(0.1)).l2(from_f64(0.1)).max_active(3), &x, &what);
                refused(&Encoder::weighted(&w, &weights).unwrap(), &x, &what);
                // Whatever else there is: numbers that overflow, and nothing.
                let mut x = SVector::repeat(T::exp2i(T::MAX_EXPONENT));
                x[i] = from_f64(value);
                refused(&Encoder::new(&w), &x, &what);
                let mut x = SVector::repeat(T::ZERO);
                x[i] = from_f64(value);
                refused(&Encoder::new(&w), &x, &what);
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

/// Features that no part has: the frame is not finite all the same.
#[test]
fn values_that_no_part_reads_are_not_overlooked() {
    let mut w = SMatrix::<f32, 4, 2>::repeat(1.0);
    w.row_mut(3).fill(0.0);
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        refused(&Encoder::new(&w), &SVector::from([1.0, 1.0, 1.0, value]), "a row of zeros");
        refused(&Encoder::new(&SMatrix::<f32, 4, 2>::zeros()), &SVector::from([0.0, 0.0, 0.0, value]), "no parts");
    }
}

fn broken_dictionary<T: Real>(zero_frame: bool) {
    let frames = vectors::<T, 64>(&digits()[..20]);
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for (i, k) in [(0, 0), (0, 7), (20, 3), (63, 0), (63, 7)] {
            let mut w = digit_parts::<T, 8>();
            w[(i, k)] = from_f64(value);
            let what = format!("{} {value} at ({i}, {k}) of W", scalar::<T>());
            let weights = SVector::repeat(T::HALF);
            let (plain, weighted) = (Encoder::new(&w), Encoder::weighted(&w, &weights).unwrap());
            if zero_frame {
                refused(&plain, &SVector::repeat(T::ZERO), &what);
            } else {
                for x in &frames {
                    refused(&plain, x, &what);
                    refused(&weighted, x, &what);
                    refused(&plain.clone().max_active(2).l1(from_f64(0.1)), x, &what);
                    refused(&plain, &shifted(x, -100), &what);
                }
            }
        }
    }
}

#[test]
fn broken_dictionaries_show_in_every_frame() {
    broken_dictionary::<f32>(false);
    broken_dictionary::<f64>(false);
}

/// One part that is broken where the frame is 0.
#[test]
fn broken_parts_alone_show_in_every_frame() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let w = SMatrix::<f32, 3, 1>::new(value, 1.0, 2.0);
        for x in [[0.0, 2.0, 4.0], [1.0, 2.0, 4.0], [0.0, -1.0, 0.0], [1e30, 0.0, 0.0]] {
            refused(&Encoder::new(&w), &SVector::from(x), &format!("{value} in the only part, frame {x:?}"));
        }
    }
}

/// "Every frame" includes the one that is zero.
#[test]
fn broken_dictionaries_show_in_a_zero_frame() {
    broken_dictionary::<f32>(true);
    broken_dictionary::<f64>(true);
}

#[test]
fn zero_frames_have_zero_codes() {
    fn check<T: Real, const K: usize>(w: SMatrix<T, 64, K>) {
        let weights = SVector::repeat(T::HALF);
        let encoders = [
            Encoder::new(&w),
            Encoder::new(&w).l1(from_f64(0.1)).l2(from_f64(0.1)),
            Encoder::new(&w).max_active(2),
            Encoder::weighted(&w, &weights).unwrap(),
        ];
        for encoder in encoders {
            for zero in [0.0, -0.0] {
                for mut h in starts::<T, K>() {
                    let encoding = encoder.encode(&SVector::repeat(from_f64(zero)), &mut h);
                    assert!(h.iter().all(|h| h.bits() == 0), "{h:?}");
                    let said = [encoding.residual, encoding.relative_residual, encoding.kkt];
                    assert_eq!((encoding.status, said, encoding.active), (NnlsStatus::Optimal, [T::ZERO; 3], 0));
                }
            }
        }
    }
    check(digit_parts::<f32, 8>());
    check(digit_parts::<f64, 8>());
    check(SMatrix::<f32, 64, 3>::zeros());
}

/// An amplifier at its limit. The residual itself may be too large for the scalar; what is relative never is.
#[test]
fn saturated_frames() {
    fn check<T: Real>(largest: T) {
        let mut findings = Findings::default();
        let mut worst = Worst::default();
        let w = digit_parts::<T, 8>();
        let (parts, encoder) = (Parts::new(&w), Encoder::new(&w));
        for value in [largest, -largest] {
            let x = SVector::repeat(value);
            let (h, encoding) = encode(&encoder, &x);
            let verdict = parts.judge(&x, &h);
            findings.expect(encoding.status == NnlsStatus::Optimal, || format!("{encoding:?}"));
            findings.expect(verdict.kkt <= optimal::<T>(), || format!("kkt {:e}", verdict.kkt));
            let relative = verdict.residual / verdict.norm;
            let off = (to_f64(encoding.relative_residual) - relative).abs();
            findings.expect(off <= residual::<T>(), || format!("{encoding:?}, relative residual {relative}"));
            // 8 √64 parts of the largest number: an infinity or the truth.
            let expected = relative * 8.0 * (to_f64(largest) / f64::exp2i(10));
            let reported = to_f64(encoding.residual) / f64::exp2i(10);
            let limit = to_f64(largest) / f64::exp2i(10);
            let fine = (reported / expected - 1.0).abs() <= residual::<T>() || (expected > limit && reported > limit);
            findings.expect(fine, || format!("residual {reported:e}·2^10, {expected:e}·2^10 is right"));
            findings.expect((encoding.active == 0) == (value < T::ZERO), || format!("{h:?}"));
            worst.kkt = worst.kkt.max(verdict.kkt);
        }
        // One channel alone, the others as they should be.
        for i in 0..64 {
            let mut x = vectors::<T, 64>(&digits()[..1])[0];
            x[i] = largest;
            let (h, encoding) = encode(&encoder, &x);
            exact(&mut findings, &mut worst, &format!("channel {i}"), &parts, (&x, &h, encoding));
        }
    }
    check(f32::MAX);
    check(f64::MAX);
}

/// A coefficient that the scalar cannot hold is no number: refused, not wrong.
#[test]
fn coefficients_too_large_for_the_scalar() {
    let w = digit_parts::<f32, 8>().map(|w| w * 1e-30);
    let x = vectors::<f32, 64>(&digits()[..1])[0].map(|x| x * 1e30);
    refused(&Encoder::new(&w), &x, "h above 1e38");
}

/// Codes in a dictionary of either precision: frames at random, in the cone, and parts themselves.
fn dictionary<T: Real, const M: usize, const K: usize>(what: &str, w: &SMatrix<T, M, K>) {
    let mut findings = Findings::default();
    let mut worst = Worst::default();
    let parts = Parts::new(w);
    let encoder = Encoder::new(w);
    let what = format!("{} {what} {M}×{K}", scalar::<T>());
    let mut draw = Draw::new(7);
    let loud = (0..K).map(|k| parts.units[k] * parts.lengths[k]).fold(0.0, f64::max);
    let amount = |k: usize, share: f64| {
        let length = parts.units[k] * parts.lengths[k];
        if length > 0.0 { share * loud / length } else { 0.0 }
    };
    for round in 0..60 {
        let mixed = round % 3 == 1;
        let mut x: SVector<T, M> = draw.matrix();
        if round % 3 == 2 {
            x = x.map(|x| if to_f64(x) < 0.7 { T::ZERO } else { x });
        }
        if mixed {
            // In the cone, every part as loud as the others; formed in f64, rounded once.
            let shares: Vec<f64> =
                (0..K).map(|k| amount(k, if draw.below(3) == 0 { draw.unit() } else { 0.0 })).collect();
            let sum = |i: usize| (0..K).map(|k| to_f64(w[(i, k)]) * shares[k]).sum::<f64>();
            x = SVector::from_fn(|i, _| from_f64(sum(i)));
        }
        let (h, encoding) = encode(&encoder, &x);
        let verdict = exact(&mut findings, &mut worst, &format!("{what}, round {round}"), &parts, (&x, &h, encoding));
        if mixed && verdict.norm > 0.0 {
            // Dependent parts: see BEST.
            let left = verdict.residual / verdict.norm;
            findings.expect(left <= 1e3 * EXPLAINED, || format!("{what}, round {round}: {left:e} left of a mixture"));
        }
    }
    worst.print(&what);
}

/// Every one of a list of dictionaries, in both precisions.
macro_rules! dictionaries {
    ($($test:ident: $m:literal, $k:literal, |$draw:ident, $w:ident| $change:block;)+) => {
        $(#[test]
        fn $test() {
            fn check<T: Real>() {
                let mut $draw = Draw::new(11);
                let mut $w: SMatrix<f64, $m, $k> = $draw.matrix();
                $change
                dictionary::<T, $m, $k>(stringify!($test), &$w.map(from_f64::<T>));
            }
            check::<f32>();
            check::<f64>();
        })+
    };
}

dictionaries! {
    zero_columns: 12, 6, |draw, w| {
        w.column_mut(draw.below(2)).fill(0.0);
        w.column_mut(5).fill(0.0);
    };
    only_zero_columns: 12, 3, |draw, w| { w *= 0.0 * draw.unit(); };
    duplicate_columns: 12, 6, |draw, w| {
        let column = w.column(draw.below(3)).clone_owned();
        w.set_column(4, &column);
        w.set_column(5, &(column * 2.0));
    };
    equal_columns: 12, 6, |draw, w| {
        let column = w.column(draw.below(6)).clone_owned();
        (0..6).for_each(|k| w.set_column(k, &column));
    };
    collinear_columns_to_1e_3: 20, 8, |draw, w| { collinear(&mut w, &mut draw, 1e-3); };
    collinear_columns_to_1e_5: 20, 8, |draw, w| { collinear(&mut w, &mut draw, 1e-5); };
    collinear_columns_to_1e_7: 20, 8, |draw, w| { collinear(&mut w, &mut draw, 1e-7); };
    columns_of_every_length: 16, 7, |draw, w| {
        w *= 0.5 + draw.unit();
        for k in 0..7 {
            w.column_mut(k).apply(|w| *w *= 10_f64.powi(5 * k as i32 - 15));
        }
    };
    small_dictionaries: 16, 6, |draw, w| { w *= 1e-20 * (1.0 + draw.unit()); };
    large_dictionaries: 16, 6, |draw, w| { w *= 1e20 * (1.0 + draw.unit()); };
    one_part: 16, 1, |draw, w| { w[draw.below(16)] = 0.0; };
    more_parts_than_features: 4, 12, |draw, w| { w[(draw.below(4), 3)] = 0.0; };
    one_feature: 1, 5, |draw, w| { w[(0, draw.below(5))] = 0.0; };
    one_feature_and_one_part: 1, 1, |draw, w| { w *= 1.0 + draw.unit(); };
    sparse_parts: 30, 12, |draw, w| { w.apply(|w| if draw.below(5) > 0 { *w = 0.0 }); };
    binary_parts: 12, 8, |draw, w| { w.apply(|w| *w = f64::from(draw.unit() < *w)); };
}

/// The second half of the columns differ from the first by this share of their size.
fn collinear<const M: usize, const K: usize>(w: &mut SMatrix<f64, M, K>, draw: &mut Draw, distance: f64) {
    for k in K / 2..K {
        let column = w.column(k - K / 2).map(|w| w * (1.0 + distance * draw.signed()));
        w.set_column(k, &column);
    }
}

/// Any finite numbers are a dictionary: near both limits, with frames whose codes are numbers.
fn extreme<T: Real>(sizes: &[i32], frame: impl Fn(i32) -> i32) {
    let mut findings = Findings::default();
    let mut worst = Worst::default();
    for &e in sizes {
        let mut draw = Draw::new(13);
        // From ½ to 1: a sum of 16 products needs five more bits.
        let w: SMatrix<T, 16, 4> = draw.matrix::<T, 16, 4>().map(|w| (w * T::HALF + T::HALF) * T::exp2i(e));
        let x = shifted(&draw.matrix(), frame(e));
        let (parts, encoder) = (Parts::new(&w), Encoder::new(&w));
        let (h, encoding) = encode(&encoder, &x);
        exact(&mut findings, &mut worst, &format!("{} parts of 2^{e}", scalar::<T>()), &parts, (&x, &h, encoding));
    }
}

#[test]
fn dictionaries_near_the_largest_number() {
    extreme::<f32>(&[80, 100, 115, 120, 124, 126, 127], |_| 0);
    extreme::<f64>(&[700, 1000, 1015, 1020, 1022, 1023], |_| 0);
    extreme::<f32>(&[80, 100, 115, 120, 124, 126, 127], |e| e);
}

#[test]
fn dictionaries_near_the_smallest_number() {
    extreme::<f32>(&[-80, -100, -120, -124, -126], |_| -20);
    extreme::<f64>(&[-700, -1000, -1020, -1022], |_| -20);
    extreme::<f32>(&[-80, -100, -120, -124], |e| e);
}

/// A part whose entries are all below the smallest normal number beside one that is ordinary: a component without energy at
/// worst, and the frame is explained by the other.
#[test]
fn a_part_of_subnormal_numbers_does_not_break_the_others() {
    for size in [1e-39_f32, 1e-42, 1e-45] {
        let w = SMatrix::<f32, 3, 2>::new(1.0, 0.0, 2.0, 0.0, 0.0, size);
        let (h, encoding) = encode(&Encoder::new(&w), &SVector::from([2.0, 4.0, 0.0]));
        assert_eq!(encoding.status, NnlsStatus::Optimal, "{size:e}");
        assert!((h[0] - 2.0).abs() < 1e-6 && h[1] == 0.0, "{size:e}: {h:?}");
    }
}

#[test]
fn signed_frames() {
    fn check<T: Real, const M: usize, const K: usize>() {
        let mut findings = Findings::default();
        let (mut worst, mut negative) = (Worst::default(), 0);
        let mut draw = Draw::new(17);
        for round in 0..200 {
            let w: SMatrix<T, M, K> = draw.matrix();
            let x: SVector<T, M> = draw.signed_matrix();
            let (h, encoding) = encode(&Encoder::new(&w), &x);
            let what = format!("{}, round {round}", scalar::<T>());
            exact(&mut findings, &mut worst, &what, &Parts::new(&w), (&x, &h, encoding));
            // Nothing but negative: no part helps.
            let x = x.map(|x| T::ZERO - x.abs());
            let (h, encoding) = encode(&Encoder::new(&w), &x);
            findings.expect(h.iter().all(|&h| h == T::ZERO) && encoding.active == 0, || {
                format!("{what}: {h:?} of a negative frame")
            });
            findings
                .expect((to_f64(encoding.relative_residual) - 1.0).abs() < 1e-6, || format!("{what}: {encoding:?}"));
            negative += 1;
        }
        worst.print(&format!("{} signed frames {M}×{K}", scalar::<T>()));
        assert_eq!(negative, 200);
    }
    check::<f32, 12, 6>();
    check::<f64, 12, 6>();
    check::<f32, 5, 8>();
    check::<f64, 5, 8>();
}

/// Parts of either sign. With fewer parts than features all is resolved to the rounding of what cancels.
#[test]
fn signed_parts() {
    fn check<T: Real, const M: usize, const K: usize>() {
        let mut findings = Findings::default();
        let (mut worst, mut missed) = (Worst::default(), 0);
        let mut draw = Draw::new(19);
        const ROUNDS: usize = 300;
        for round in 0..ROUNDS {
            let w: SMatrix<T, M, K> = draw.signed_matrix();
            let x: SVector<T, M> = draw.signed_matrix();
            let (parts, encoder) = (Parts::new(&w), Encoder::new(&w));
            let (h, encoding) = encode(&encoder, &x);
            let what = format!("{} {M}×{K}, round {round}", scalar::<T>());
            let verdict = sound(&mut findings, &mut worst, &what, &parts, (&x, &h, encoding));
            let allowed = optimal::<T>().max(cancelling::<T>() * verdict.spread);
            match encoding.status {
                NnlsStatus::Optimal | NnlsStatus::IllConditioned => {
                    findings.expect(verdict.kkt <= allowed, || format!("{what}: kkt {:e}, {allowed:e}", verdict.kkt));
                }
                _ => missed += 1,
            }
            findings.expect(K > M || encoding.status == NnlsStatus::Optimal, || format!("{what}: {encoding:?}"));
        }
        worst.print(&format!("{} signed parts {M}×{K}, {missed} unresolved", scalar::<T>()));
        assert!(f64::from(missed) <= UNRESOLVED * ROUNDS as f64);
    }
    check::<f32, 12, 6>();
    check::<f64, 12, 6>();
    check::<f32, 6, 12>();
    check::<f64, 6, 12>();
    check::<f32, 3, 16>();
    check::<f64, 3, 16>();
}

/// No part has anything of it.
#[test]
fn frames_orthogonal_to_every_part() {
    fn check<T: Real>() {
        let mut w = SMatrix::<T, 8, 3>::repeat(T::ZERO);
        for i in 0..6 {
            w[(i, i % 3)] = T::ONE;
        }
        let mut x = SVector::repeat(T::ZERO);
        (x[6], x[7]) = (from_f64(3.0), from_f64(4.0));
        for e in [-100, 0, 100] {
            for mut h in starts::<T, 3>() {
                let encoding = Encoder::new(&w).encode(&shifted(&x, e), &mut h);
                assert!(h.iter().all(|&h| h == T::ZERO), "{h:?}");
                assert_eq!((encoding.status, encoding.kkt, encoding.active), (NnlsStatus::Optimal, T::ZERO, 0));
                assert_eq!(encoding.residual, from_f64::<T>(5.0) * T::exp2i(e));
                assert_eq!(encoding.relative_residual, T::ONE);
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn parts_and_sums_of_two_are_explained() {
    fn check<T: Real, const M: usize, const K: usize>(findings: &mut Findings, what: &str, w: SMatrix<T, M, K>) {
        let encoder = Encoder::new(&w);
        let parts = Parts::new(&w);
        let mut worst = 0.0_f64;
        for k in 0..K {
            for q in 0..=k {
                // The part itself, or its sum with another.
                let other = if q < k { T::ONE } else { T::ZERO };
                let x = w.column(k) + w.column(q).map(|w| w * other);
                let (h, encoding) = encode(&encoder, &x);
                let what = format!("{} {what}, K {K}, parts {k} and {q}", scalar::<T>());
                let verdict = exact(findings, &mut Worst::default(), &what, &parts, (&x, &h, encoding));
                let left = to_f64(encoding.relative_residual).max(verdict.residual / verdict.norm);
                findings.expect(left <= EXPLAINED, || format!("{what}: {left:e} is left"));
                worst = worst.max(left);
            }
        }
        println!("{} {what}, K {K}: {worst:.2e} left at most", scalar::<T>());
    }
    fn both<T: Real>(findings: &mut Findings) {
        check(findings, "digits", digit_parts::<T, 8>());
        check(findings, "digits", digit_parts::<T, 16>());
        check(findings, "piano", learnt::<T, 129, 250, 6>(piano()));
        check(findings, "random", Draw::new(23).matrix::<T, 40, 10>());
    }
    let mut findings = Findings::default();
    both::<f32>(&mut findings);
    both::<f64>(&mut findings);
}

/// Random shapes, sizes, signs and gaps: whatever comes out is a code, and an honest one.
fn any<T: Real, const M: usize, const K: usize>(findings: &mut Findings, worst: &mut Worst, rounds: usize) {
    let mut draw = Draw::new((100 * M + K) as u64);
    let reach = if single::<T>() { 30.0 } else { 250.0 };
    for round in 0..rounds {
        let (gaps, signed, scaled) = (draw.unit(), draw.below(4) == 0, draw.below(2) == 0);
        let mut entry = |size: f64| {
            let value = if signed { draw.signed() } else { draw.unit() };
            if draw.unit() < gaps { 0.0 } else { value * size }
        };
        let mut sizes = Draw::new(round as u64);
        // Codes must be numbers: frames and parts share the range.
        let mut size = |share: f64| 10_f64.powf(share * reach * sizes.signed());
        let mut w = SMatrix::<T, M, K>::repeat(T::ZERO);
        let all = size(0.3);
        for k in 0..K {
            let size = if scaled { all * size(0.2) } else { all };
            w.column_mut(k).apply(|w| *w = from_f64(entry(size)));
        }
        let of_frame = size(0.3);
        let x = SVector::<T, M>::from_fn(|_, _| from_f64(entry(of_frame)));
        let weights = SVector::<T, M>::from_fn(|i, _| from_f64(if i == 0 { 1.0 } else { entry(1.0).abs() }));
        let plain = Encoder::new(&w);
        let weighted = Encoder::weighted(&w, &weights).unwrap();
        let (parts, of_weighted) = (Parts::new(&w), Parts::weighted(&w, &weights));
        for (encoder, parts) in [(plain, parts), (weighted, of_weighted)] {
            let mut h = draw.garbage();
            let encoding = encoder.encode(&x, &mut h);
            let what = format!("{} {M}×{K}, round {round}", scalar::<T>());
            let verdict = sound(findings, worst, &what, &parts, (&x, &h, encoding));
            let fits = verdict.kkt <= optimal::<T>().max(cancelling::<T>() * verdict.spread);
            let said = matches!(encoding.status, NnlsStatus::Optimal | NnlsStatus::IllConditioned);
            findings.expect(fits || !said, || {
                format!("{what}: kkt {:e}, spread {:e}, {encoding:?}", verdict.kkt, verdict.spread)
            });
            let alike = || parts.dependence(&x, &h) <= dependent::<T>();
            let good = match encoding.status {
                NnlsStatus::Optimal => true,
                NnlsStatus::IllConditioned => alike(),
                _ => signed,
            };
            findings.expect(good, || format!("{what}: {encoding:?}"));
            let mut h = draw.garbage();
            let count = draw.below(K + 2);
            let sparse = encoder.max_active(count).l1(from_f64(draw.unit())).l2(from_f64(draw.unit()));
            let encoding = sparse.encode(&x, &mut h);
            let what = format!("{} {M}×{K}, round {round}, sparse", scalar::<T>());
            sound(findings, &mut Worst::default(), &what, &parts, (&x, &h, encoding));
            findings.expect(encoding.active <= count, || format!("{what}: {encoding:?}, {count} allowed"));
        }
    }
}

#[test]
fn whatever_comes_out_is_a_code() {
    fn check<T: Real>() {
        let mut findings = Findings::default();
        let mut worst = Worst::default();
        any::<T, 1, 1>(&mut findings, &mut worst, 60);
        any::<T, 1, 4>(&mut findings, &mut worst, 60);
        any::<T, 3, 5>(&mut findings, &mut worst, 60);
        any::<T, 7, 1>(&mut findings, &mut worst, 60);
        any::<T, 8, 8>(&mut findings, &mut worst, 60);
        any::<T, 17, 3>(&mut findings, &mut worst, 60);
        any::<T, 20, 12>(&mut findings, &mut worst, 40);
        any::<T, 9, 16>(&mut findings, &mut worst, 40);
        any::<T, 33, 20>(&mut findings, &mut worst, 30);
        worst.print(scalar::<T>());
    }
    check::<f32>();
    check::<f64>();
}
