//! `KlEncoder`: its loss falls with every pass, towards the minimum that an oracle in f64 certifies.

use super::*;
use tinynmf::{Error, KlEncoder, KlEncoding, Setting};

/// Rise of D with one more pass, relative to Σx: a sum of M terms, each rounded some times.
fn rise<T: Real>() -> f64 {
    if single::<T>() { 2e-6 } else { 1e-14 }
}

/// A reported D against D of the code which was returned, relative to Σx. Terms near x are formed without cancellation.
fn reported<T: Real>() -> f64 {
    if single::<T>() { 2e-6 } else { 1e-14 }
}

/// √(2D/Σx) of 50 passes above that of the minimum: what the default leaves on digits, for speed.
const DEFAULT_LEAVES: f64 = 0.01;

/// The same of 2000 passes, as many as the oracle takes.
const MANY_LEAVE: f64 = 1e-4;

/// Updates of the oracle, and what they may leave of D, relative to Σx.
const UPDATES: usize = 2000;
const CERTIFIED: f64 = 1e-3;

/// D(x‖Wh) with the ε of the loss, in f64 and in units of Σx.
fn divergence<T: Real, const M: usize, const K: usize>(
    w: &SMatrix<T, M, K>,
    x: &SVector<T, M>,
    h: &SVector<T, K>,
) -> f64 {
    let unit = power_of_two(x.iter().map(|&x| to_f64(x)));
    let epsilon = if single::<T>() { 2e-12 } else { 2e-26 };
    let (mut sum, mut total) = (0.0, 0.0);
    for i in 0..M {
        let y = (0..K).map(|k| to_f64(w[(i, k)]) * (to_f64(h[k]) / unit)).sum::<f64>() + epsilon;
        let x = to_f64(x[i]) / unit;
        sum += divergence_term(x, y);
        total += x;
    }
    sum / total
}

/// Plain multiplicative updates in f64 from equal coefficients, and how far D is from its minimum at most: with
/// gains c_k = Σᵢ w_ik·x_i/y_i / Σᵢ w_ik and Σy = Σx no code has a D lower by more than Σx·ln max c_k.
fn oracle<T: Real, const M: usize, const K: usize>(
    w: &SMatrix<T, M, K>,
    x: &SVector<T, M>,
    updates: usize,
) -> (SVector<f64, K>, f64) {
    let w: Vec<Vec<f64>> = w.column_iter().map(|w| w.iter().map(|&w| to_f64(w)).collect()).collect();
    let x: Vec<f64> = x.iter().map(|&x| to_f64(x)).collect();
    let sums: Vec<f64> = w.iter().map(|w| w.iter().sum()).collect();
    let mut h = SVector::<f64, K>::repeat(x.iter().sum::<f64>() / sums.iter().sum::<f64>());
    let mut largest = 0.0;
    for _ in 0..updates {
        let mut ratio = x.clone();
        for (i, ratio) in ratio.iter_mut().enumerate() {
            let y: f64 = (0..K).map(|k| w[k][i] * h[k]).sum();
            *ratio = if *ratio > 0.0 { *ratio / y } else { 0.0 };
        }
        largest = 0.0;
        for k in 0..K {
            let gain = if sums[k] > 0.0 { dot(&w[k], &ratio) / sums[k] } else { 0.0 };
            largest = gain.max(largest);
            h[k] *= gain;
        }
    }
    (h, f64::ln(largest))
}

fn code<T: Real, const M: usize, const K: usize>(
    encoder: &KlEncoder<'_, T, M, K>,
    x: &SVector<T, M>,
) -> (SVector<T, K>, KlEncoding<T>) {
    let mut h = SVector::repeat(from_f64(f64::NAN));
    let encoding = encoder.encode(x, &mut h).unwrap();
    (h, encoding)
}

/// What every code keeps. Returns D/Σx.
fn honest<T: Real, const M: usize, const K: usize>(
    w: &SMatrix<T, M, K>,
    x: &SVector<T, M>,
    (h, encoding): &(SVector<T, K>, KlEncoding<T>),
) -> f64 {
    assert!(h.iter().all(|h| h.is_finite() && *h >= T::ZERO), "{h:?}");
    let total: f64 = x.iter().map(|&x| to_f64(x)).sum();
    let truth = divergence(w, x, h);
    let off = (to_f64(encoding.divergence) / total - truth).abs();
    assert!(off <= reported::<T>() * truth.max(1.0), "D {truth:e} of Σx, {encoding:?}");
    let relative = to_f64(encoding.relative);
    let off = (relative - (2.0 * to_f64(encoding.divergence) / total).sqrt()).abs();
    assert!(off <= residual::<T>() * relative, "{encoding:?}");
    truth
}

fn problems<T: Real, const K: usize>() -> (SMatrix<T, 64, K>, Vec<SVector<T, 64>>) {
    (digit_parts::<T, K>(), vectors::<T, 64>(digits()).into_iter().step_by(360).collect())
}

fn falls<T: Real, const M: usize, const K: usize>(w: &SMatrix<T, M, K>, frames: &[SVector<T, M>]) {
    let encoder = KlEncoder::new(w).unwrap();
    for x in frames {
        let mut last = f64::INFINITY;
        for passes in (1..60).chain([80, 100, 200, 400]) {
            let d = honest(w, x, &code(&encoder.clone().passes(passes), x));
            assert!(d <= last + rise::<T>(), "{} {passes} passes: D {d:e} of Σx after {last:e}", scalar::<T>());
            last = last.min(d);
        }
        // It does fall.
        assert!(last < 0.9 * honest(w, x, &code(&encoder.clone().passes(1), x)));
    }
}

#[test]
fn the_divergence_falls_with_every_pass() {
    fn check<T: Real>() {
        let (w, frames) = problems::<T, 8>();
        falls(&w, &frames);
        let mut draw = Draw::new(1);
        let w: SMatrix<T, 12, 5> = draw.matrix::<T, 12, 5>().map(|w| if to_f64(w) < 0.4 { T::ZERO } else { w });
        falls(&w, &(0..5).map(|_| draw.matrix()).collect::<Vec<_>>());
    }
    check::<f32>();
    check::<f64>();
}

fn against_oracle<T: Real, const M: usize, const K: usize>(name: &str, w: &SMatrix<T, M, K>, frames: &[SVector<T, M>]) {
    let encoder = KlEncoder::new(w).unwrap();
    let (mut few, mut many, mut open) = (0.0_f64, 0.0_f64, 0.0_f64);
    for x in frames {
        let (h, gap) = oracle(w, x, UPDATES);
        open = open.max(gap);
        let least = divergence(w, x, &h.map(from_f64::<T>));
        let (default, long) = (code(&encoder, x), code(&encoder.clone().passes(UPDATES as u32), x));
        let (default, long) = (honest(w, x, &default), honest(w, x, &long));
        // No code is better than what the certificate leaves.
        assert!(long.min(default) >= least - gap - rise::<T>(), "{name}: {long:e}, {default:e} below {least:e}");
        let relative = |d: f64| (2.0 * d).sqrt();
        few = few.max(relative(default) - relative(least));
        many = many.max((relative(long) - relative(least)).abs());
    }
    println!(
        "{} {name}: √(2D/Σx) above the oracle's by {few:.2e} at most, with {UPDATES} passes {many:.2e}; certified to {open:.1e}",
        scalar::<T>()
    );
    assert!(open <= CERTIFIED && few <= DEFAULT_LEAVES && many <= MANY_LEAVE);
}

#[test]
fn codes_are_near_the_minimum_of_an_oracle() {
    fn check<T: Real>() {
        let (w, frames) = problems::<T, 8>();
        against_oracle("digits", &w, &frames);
        let mut draw = Draw::new(2);
        let w: SMatrix<T, 12, 4> = draw.matrix();
        against_oracle("random", &w, &(0..5).map(|_| draw.matrix()).collect::<Vec<_>>());
    }
    check::<f32>();
    check::<f64>();
}

/// A mixture of parts is found: D of nothing but rounding.
#[test]
fn mixtures_are_explained() {
    fn check<T: Real>(left: f64) {
        let mut draw = Draw::new(3);
        let w: SMatrix<T, 12, 3> = draw.matrix();
        for _ in 0..10 {
            let h: SVector<T, 3> = draw.matrix();
            let x = SVector::from_fn(|i, _| w[(i, 0)] * h[0] + w[(i, 1)] * h[1] + w[(i, 2)] * h[2]);
            let (_, encoding) = code(&KlEncoder::new(&w).unwrap().passes(3000), &x);
            assert!(to_f64(encoding.relative) < left, "{encoding:?}");
        }
    }
    // Updates creep where parts overlap; D is a square.
    check::<f32>(1e-5);
    check::<f64>(1e-5);
}

#[test]
fn powers_of_two_scale_the_code() {
    fn check<T: Real>(reach: i32) {
        let (w, frames) = problems::<T, 8>();
        for warm in [false, true] {
            let encoder = KlEncoder::new(&w).unwrap().passes(10).warm(warm);
            for x in &frames {
                let mut h = SVector::repeat(T::HALF);
                let encoding = encoder.encode(x, &mut h).unwrap();
                for e in (-reach..=reach).step_by(reach as usize / 30) {
                    let mut scaled = SVector::repeat(T::HALF * T::exp2i(e));
                    let got = encoder.encode(&shifted(x, e), &mut scaled).unwrap();
                    assert_eq!(scaled, shifted(&h, e), "2^{e}");
                    assert_eq!(got.divergence, encoding.divergence * T::exp2i(e), "2^{e}");
                    assert_eq!(got.relative, encoding.relative, "2^{e}");
                }
            }
        }
    }
    check::<f32>(60);
    check::<f64>(900);
}

/// A dictionary of another size changes nothing but the size of the code.
#[test]
fn powers_of_two_of_the_dictionary_scale_the_code() {
    let (w, frames) = problems::<f32, 8>();
    for e in [-60, -30, -1, 1, 30, 60] {
        let other = w.map(|w| w * f32::exp2i(e));
        for x in &frames {
            let (h, encoding) = code(&KlEncoder::new(&w).unwrap(), x);
            let (of_other, same) = code(&KlEncoder::new(&other).unwrap(), x);
            assert_eq!((shifted(&of_other, e), same), (h, encoding), "2^{e}");
        }
    }
}

/// Cold codes do not know what came before.
#[test]
fn cold_codes_do_not_read_the_old_one() {
    let (w, frames) = problems::<f32, 8>();
    let encoder = KlEncoder::new(&w).unwrap();
    let mut draw = Draw::new(4);
    for x in &frames {
        let (fresh, _) = code(&encoder, x);
        for _ in 0..5 {
            let mut h = draw.garbage();
            encoder.encode(x, &mut h).unwrap();
            assert_eq!(h, fresh);
        }
    }
}

#[test]
fn warm_starts_go_on_where_the_last_code_ended() {
    fn check<T: Real>() {
        let (w, frames) = problems::<T, 8>();
        let encoder = KlEncoder::new(&w).unwrap();
        for x in &frames {
            let (mut h, once) = code(&encoder.clone().passes(20), x);
            let again = encoder.clone().passes(20).warm(true).encode(x, &mut h).unwrap();
            let d = honest(&w, x, &(h, again));
            let (straight, _) = code(&encoder.clone().passes(40), x);
            assert!(again.divergence <= once.divergence);
            // Cold with twice the passes, but for the rounding of h on its way out and in.
            assert!((d - divergence(&w, x, &straight)).abs() <= rise::<T>());
        }
    }
    check::<f32>();
    check::<f64>();
}

/// Nonsense in a warm start: an equal share instead, or a number; D is as true as ever.
#[test]
fn warm_starts_from_nonsense_are_codes() {
    fn check<T: Real>() {
        let (w, frames) = problems::<T, 8>();
        let encoder = KlEncoder::new(&w).unwrap().warm(true);
        let mut draw = Draw::new(5);
        for x in &frames {
            for _ in 0..20 {
                let mut h = draw.garbage();
                let encoding = encoder.encode(x, &mut h).unwrap();
                honest(&w, x, &(h, encoding));
            }
            // What is not positive gets an equal share, so that nothing is all that is needed.
            let (cold, _) = code(&encoder.clone().warm(false), x);
            for nothing in [0.0, -1.0, f64::NAN, f64::INFINITY] {
                let mut h = SVector::repeat(from_f64(nothing));
                encoder.encode(x, &mut h).unwrap();
                assert_eq!(h, cold, "{nothing}");
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn zero_frames_have_zero_codes() {
    let w = digit_parts::<f32, 8>();
    for zero in [0.0, -0.0] {
        for warm in [false, true] {
            let mut h = SVector::repeat(3.0);
            let encoder = KlEncoder::new(&w).unwrap().warm(warm);
            let encoding = encoder.encode(&SVector::repeat(zero), &mut h).unwrap();
            assert_eq!((h, encoding.divergence, encoding.relative), (SVector::zeros(), 0.0, 0.0));
        }
    }
}

#[test]
fn wrong_frames_are_refused() {
    fn check<T: Real>() {
        let w = digit_parts::<T, 8>();
        let encoder = KlEncoder::new(&w).unwrap();
        let x: SVector<T, 64> = vectors(&digits()[..1])[0];
        for row in [0, 1, 31, 63] {
            for (value, error) in [
                (f64::NAN, Error::NonFinite { row, column: 0 }),
                (f64::INFINITY, Error::NonFinite { row, column: 0 }),
                (f64::NEG_INFINITY, Error::NonFinite { row, column: 0 }),
                (-1.0, Error::Negative { row, column: 0 }),
                (-1e-30, Error::Negative { row, column: 0 }),
            ] {
                let mut x = x;
                // The first wrong entry is named.
                (x[63], x[row]) = (from_f64(f64::NAN), from_f64(value));
                let start = SVector::repeat(from_f64(1.5));
                let mut h = start;
                assert_eq!(encoder.encode(&x, &mut h), Err(error));
                assert_eq!(encoder.clone().warm(true).encode(&x, &mut h), Err(error));
                assert_eq!(h, start);
            }
        }
        let mut h = SVector::repeat(T::ONE);
        let refused = encoder.passes(0).encode(&x, &mut h);
        assert_eq!((refused, h), (Err(Error::Setting(Setting::KlPasses)), SVector::repeat(T::ONE)));
    }
    check::<f32>();
    check::<f64>();
    assert_eq!(Setting::KlPasses.as_str(), "KlEncoder::passes must be >= 1");
}

#[test]
fn wrong_dictionaries_are_refused() {
    fn check<T: Real>(largest: T) {
        for (row, column) in [(0, 0), (3, 0), (0, 2), (3, 2)] {
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -1e-30] {
                let mut w = SMatrix::<T, 4, 3>::repeat(T::ONE);
                // The first wrong entry, column by column.
                (w[(3, 2)], w[(row, column)]) = (from_f64(f64::NAN), from_f64(value));
                assert_eq!(KlEncoder::new(&w).err(), Some(Error::InitialW { row, column }), "{value}");
            }
        }
        let mut w = SMatrix::<T, 4, 3>::repeat(T::ONE);
        (w[(0, 1)], w[(1, 1)]) = (largest, largest);
        assert_eq!(KlEncoder::new(&w).err(), Some(Error::PartSize { component: 1 }));
        w[(1, 1)] = T::ZERO;
        assert!(KlEncoder::new(&w).is_ok());
    }
    check(f32::MAX);
    check(f64::MAX);
}

/// Parts that are zero take no part, warm or cold, and the others are as if there were none.
#[test]
fn zero_columns_get_zero() {
    fn check<T: Real>() {
        let mut draw = Draw::new(6);
        let small: SMatrix<T, 10, 2> = draw.matrix();
        let mut w = SMatrix::<T, 10, 4>::repeat(T::ZERO);
        w.set_column(1, &small.column(0));
        w.set_column(3, &small.column(1));
        let x: SVector<T, 10> = draw.matrix();
        let (h, _) = code(&KlEncoder::new(&w).unwrap(), &x);
        let (of_small, _) = code(&KlEncoder::new(&small).unwrap(), &x);
        assert_eq!(h, SVector::from([T::ZERO, of_small[0], T::ZERO, of_small[1]]));
        let mut h = SVector::repeat(T::ONE);
        KlEncoder::new(&w).unwrap().warm(true).encode(&x, &mut h).unwrap();
        assert_eq!((h[0], h[2]), (T::ZERO, T::ZERO), "warm");
        // Nothing but zero: nothing is explained, and that is said.
        let none = SMatrix::<T, 10, 4>::repeat(T::ZERO);
        let (h, encoding) = code(&KlEncoder::new(&none).unwrap(), &x);
        assert!(h.iter().all(|&h| h == T::ZERO) && encoding.relative > T::ONE && encoding.relative.is_finite());
    }
    check::<f32>();
    check::<f64>();
}

/// A coefficient that the scalar cannot hold.
#[test]
fn coefficients_too_large_for_the_scalar() {
    let w = digit_parts::<f32, 8>().map(|w| w * 1e-20);
    let x = vectors::<f32, 64>(&digits()[..1])[0].map(|x| x * 1e25);
    let mut h = SVector::repeat(1.5);
    let refused = KlEncoder::new(&w).unwrap().encode(&x, &mut h);
    assert!(matches!(refused, Err(Error::CoefficientRange { .. })), "{refused:?}");
    assert_eq!(h, SVector::<f32, 8>::repeat(1.5));
}

/// One part (1, 1) explains (~0, 1) by h = ½: D = ½ + (ln 2 − 1 + ½) = ln 2, √(2D/Σx) = √(2 ln 2).
#[test]
fn entries_far_below_the_code_count() {
    fn check<T: Real>(inputs: &[[f64; 2]]) {
        let w = SMatrix::<T, 2, 1>::repeat(T::ONE);
        for &[tiny, one] in inputs {
            let x = SVector::from([tiny, one].map(from_f64));
            let (h, encoding) = code(&KlEncoder::new(&w).unwrap(), &x);
            let right = (2.0 * std::f64::consts::LN_2).sqrt();
            assert!((to_f64(encoding.relative) - right).abs() < 1e-6, "{} {tiny:e}: {encoding:?}", scalar::<T>());
            assert!((to_f64(encoding.divergence) / one - std::f64::consts::LN_2).abs() < 1e-6, "{encoding:?}");
            assert!((to_f64(h[0]) / one - 0.5).abs() < 1e-6, "{h}");
        }
    }
    check::<f32>(&[[1e-41, 1.0], [1e-30, 1e10], [1e-45, 1e-4], [0.0, 1.0]]);
    check::<f64>(&[[1e-310, 1.0], [1e-160, 1e150], [5e-324, 1e-10], [0.0, 1.0]]);
}
