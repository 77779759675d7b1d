//! The same frame gives the same bits, whatever came before, at every scale, and however the encoder is made.

use super::*;

fn parts_and_frames<T: Real>() -> (SMatrix<T, 64, 8>, Vec<SVector<T, 64>>) {
    (digit_parts::<T, 8>(), vectors(&digits()[..100]))
}

fn history<T: Real>() {
    let (w, frames) = parts_and_frames::<T>();
    let encoder = Encoder::new(&w);
    let fresh: Vec<_> = frames.iter().map(|x| code_bits(&encode(&Encoder::new(&w), x))).collect();
    let mut draw = Draw::new(1);
    let mut h = SVector::repeat(T::ZERO);
    for (j, x) in frames.iter().enumerate().rev() {
        // On top of the code of another frame, then of nonsense.
        let encoding = encoder.encode(x, &mut h);
        assert_eq!(code_bits(&(h, encoding)), fresh[j], "frame {j}");
        h = draw.garbage();
        let encoding = encoder.encode(x, &mut h);
        assert_eq!(code_bits(&(h, encoding)), fresh[j], "frame {j}");
    }
}

#[test]
fn cold_codes_do_not_know_what_came_before() {
    history::<f32>();
    history::<f64>();
}

/// Codes of x·2^e from those of x.
fn at_every_scale<T: Real, const M: usize, const K: usize>(
    findings: &mut Findings,
    what: &str,
    encoder: &Encoder<'_, T, M, K>,
    x: &SVector<T, M>,
    exponents: impl Iterator<Item = i32>,
) {
    let (h, encoding) = encode(encoder, x);
    for e in exponents {
        let mut expected = encoding;
        expected.residual = encoding.residual * T::exp2i(e);
        let got = encode(encoder, &shifted(x, e));
        let same = code_bits(&got) == code_bits(&(shifted(&h, e), expected));
        findings.expect(same, || format!("{} {what}·2^{e}: {:?}, not {expected:?}", scalar::<T>(), got.1));
    }
}

#[test]
fn powers_of_two_scale_the_code() {
    fn check<T: Real>(reach: i32) {
        let mut findings = Findings::default();
        let (w, frames) = parts_and_frames::<T>();
        let encoder = Encoder::new(&w);
        for (j, x) in frames.iter().enumerate().step_by(9) {
            at_every_scale(&mut findings, &format!("digit {j}"), &encoder, x, -reach..=reach);
            let sparse = Encoder::new(&w).l1(from_f64(0.1)).l2(from_f64(0.01)).max_active(3);
            at_every_scale(&mut findings, &format!("digit {j}, sparse"), &sparse, x, (-reach..=reach).step_by(3));
        }
        // Numbers of very different sizes in one frame.
        let w = learnt::<T, 129, 250, 6>(piano());
        let encoder = Encoder::new(&w);
        for (j, x) in vectors(piano()).iter().enumerate().step_by(25) {
            at_every_scale(&mut findings, &format!("piano {j}"), &encoder, x, (-reach..=reach).step_by(3));
        }
    }
    check::<f32>(60);
    check::<f64>(900);
}

/// Nothing is left but rounding, whose squares are far smaller than those of the frame.
#[test]
fn powers_of_two_scale_the_code_of_a_part() {
    fn check<T: Real>(reach: i32) {
        let mut findings = Findings::default();
        let (w, _) = parts_and_frames::<T>();
        let encoder = Encoder::new(&w);
        for k in 0..8 {
            let x = w.column(k) + w.column((k + 3) % 8);
            at_every_scale(&mut findings, &format!("parts {k}"), &encoder, &x, -reach..=reach);
        }
    }
    check::<f32>(60);
    check::<f64>(900);
}

#[test]
fn powers_of_two_scale_the_codes_of_weighted_frames() {
    fn check<T: Real>(reach: i32) {
        let mut findings = Findings::default();
        let (w, frames) = parts_and_frames::<T>();
        let weights = Draw::new(2).matrix();
        let encoder = Encoder::weighted(&w, &weights).unwrap();
        for (j, x) in frames.iter().enumerate().step_by(9) {
            at_every_scale(&mut findings, &format!("digit {j}"), &encoder, x, (-reach..=reach).step_by(3));
        }
    }
    check::<f32>(60);
    check::<f64>(900);
}

/// Sizes at which squares are no numbers any more, and those at which the frame itself has few digits.
#[test]
fn frames_near_the_limits_of_the_scalar() {
    let (w, frames) = parts_and_frames::<f32>();
    // Small parts for small frames, large ones for large: the coefficients are numbers.
    for (part, sizes) in
        [(1e-20, [1e-30, 1e-38, 1e-42, 1e-44]), (1.0, [1e-30, 1e-25, 1e25, 1e30]), (1e10, [1e20, 1e35, 1e37, 3e38])]
    {
        let mut findings = Findings::default();
        let mut worst = Worst::default();
        let w = w.map(|w| w * part);
        let (parts, encoder) = (Parts::new(&w), Encoder::new(&w));
        for size in sizes {
            for (j, x) in frames.iter().enumerate().step_by(9) {
                // 16 is the largest value of a digit.
                let x = x.map(|x| (f64::from(x) / 16.0 * size) as f32);
                let (h, encoding) = encode(&encoder, &x);
                let what = format!("parts of {part:e}, digit {j} of size {size:e}");
                if x.amax() < f32::MIN_POSITIVE {
                    // Residual and code are rounded to multiples of the smallest number.
                    let target = parts.target(&x);
                    let off = f64::from(encoding.residual) / target.unit - parts.judge(&x, &h).residual;
                    findings.expect(encoding.status == NnlsStatus::Optimal, || format!("{what}: {encoding:?}"));
                    let grain = f64::from(f32::from_bits(1)) / target.unit + f64::from(f32::EPSILON) * 64.0;
                    findings.expect(off.abs() <= grain, || format!("{what}: {encoding:?}, off by {off:e}"));
                    findings.expect(parts.judge(&x, &h).kkt <= optimal::<f32>(), || {
                        format!("{what}: kkt {:e}, {encoding:?}", parts.judge(&x, &h).kkt)
                    });
                } else {
                    exact(&mut findings, &mut worst, &what, &parts, (&x, &h, encoding));
                }
            }
        }
        worst.print(&format!("parts of {part:e}"));
    }
}

/// Weights of 1, and of any other power of two, change no bit of the code.
#[test]
fn equal_weights_are_no_weights() {
    fn check<T: Real>() {
        let (w, frames) = parts_and_frames::<T>();
        let ones = SVector::repeat(T::ONE);
        let (plain, weighted) = (Encoder::new(&w), Encoder::weighted(&w, &ones).unwrap());
        assert_eq!((plain.gram(), plain.scale()), (weighted.gram(), weighted.scale()));
        for x in &frames {
            for size in [0, -100, 100] {
                let x = shifted(x, size);
                assert_eq!(code_bits(&encode(&plain, &x)), code_bits(&encode(&weighted, &x)));
            }
        }
        let fours = SVector::repeat(T::exp2i(2));
        let weighted = Encoder::weighted(&w, &fours).unwrap();
        for x in &frames {
            let (h, encoding) = encode(&plain, x);
            let (other, of_fours) = encode(&weighted, x);
            assert_eq!(h, other);
            assert_eq!(encoding.residual * T::TWO, of_fours.residual);
        }
    }
    check::<f32>();
    check::<f64>();
}

/// A shape whose rows and columns are no multiple of the chains of a sum.
#[test]
fn prepared_parts_are_what_new_computes() {
    fn check<T: Real, const M: usize, const K: usize>() {
        let mut draw = Draw::new(3);
        let w: SMatrix<T, M, K> = draw.signed_matrix();
        let weights: SVector<T, M> = draw.matrix();
        let (plain, weighted) = (Encoder::new(&w), Encoder::weighted(&w, &weights).unwrap());
        let prepared = Encoder::from_parts(&w, plain.gram(), plain.scale());
        let prepared_weighted = Encoder::from_weighted_parts(&w, &weights, weighted.gram(), weighted.scale());
        assert!(prepared == plain && prepared_weighted == weighted && weighted != plain);
        assert!(std::ptr::eq(prepared.w(), &w));
        for _ in 0..20 {
            let x = draw.signed_matrix();
            assert_eq!(code_bits(&encode(&plain, &x)), code_bits(&encode(&prepared, &x)));
            assert_eq!(code_bits(&encode(&weighted, &x)), code_bits(&encode(&prepared_weighted, &x)));
        }
        // What the parts are said to be.
        for k in 0..K {
            let length = w.column(k).iter().map(|&w| to_f64(w).powi(2)).sum::<f64>().sqrt();
            assert!((to_f64(plain.scale()[k]) * length - 1.0).abs() <= residual::<T>());
            assert_eq!(plain.gram()[(k, k)], T::ONE);
            for q in 0..k {
                assert_eq!(plain.gram()[(k, q)], plain.gram()[(q, k)]);
            }
        }
    }
    check::<f32, 13, 5>();
    check::<f64, 13, 5>();
    check::<f32, 3, 7>();
    check::<f64, 1, 1>();
}
