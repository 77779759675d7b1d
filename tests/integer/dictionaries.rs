//! What a dictionary of integers is, says of itself, and refuses.

use super::*;
use tinynmf::OnlineState;
use tinynmf::integer::{IntegerOnlineState, Unquantizable};

#[rustfmt::skip] // as it was written
#[path = "../../firmware/src/digits_q15.rs"]
pub mod digits_q15;
#[rustfmt::skip]
#[allow(dead_code)]
#[path = "../../firmware/src/digits.rs"]
mod digits_f32;

/// The source of the firmware: made at compile time, with every bit of what is made at run time, and written again the same.
#[test]
fn sources_are_what_they_were_written_from() {
    let quantized = QuantizedDictionary::<i16, 64, 8>::quantize(&digits_f32::W).unwrap();
    assert!(digits_q15::W == quantized);
    let mut source = String::new();
    digits_q15::W.write_source(&mut source).unwrap();
    assert_eq!(source, include_str!("../../firmware/src/digits_q15.rs"));
}

/// Gram and lengths against f64, the loss against its definition and its bound.
fn honest<I: Entry, const M: usize, const K: usize>(w: &SMatrix<f64, M, K>) {
    let quantized = QuantizedDictionary::<I, M, K>::quantize(w).unwrap();
    let judge = Judge::new(&quantized);
    let (mut column, mut gram, mut total) = (0.0_f64, 0.0_f64, 0.0);
    let unit: Vec<Vec<f64>> = w
        .column_iter()
        .map(|w| {
            let length = dot(w.clone_owned().as_slice(), w.clone_owned().as_slice()).sqrt();
            w.iter().map(|w| w / length).collect()
        })
        .collect();
    for k in 0..K {
        let change: f64 = unit[k].iter().zip(&judge.columns[k]).map(|(w, q)| (w - q) * (w - q)).sum();
        column = column.max(change.sqrt());
        total += change;
        assert_eq!((0..M).map(|i| quantized.entry(i, k)).max(), Some(I::MAX));
        assert_eq!(quantized.gram()[k][k], 1 << 30);
        for j in 0..K {
            let exact = dot(&judge.columns[k], &judge.columns[j]);
            let off = f64::from(quantized.gram()[k][j]) - exact * f64::from(1 << 30);
            assert!(off.abs() <= 2.0, "{off} LSB");
            gram = gram.max((exact - dot(&unit[k], &unit[j])).abs());
        }
    }
    let loss = quantized.loss(w);
    for (said, is) in [(loss.column, column), (loss.gram, gram), (loss.residual, total.sqrt())] {
        assert!((said - is).abs() < 1e-12, "{said} is {is}");
    }
    println!("{M}×{K} in {}: {loss:?}", I::NAME);
}

#[test]
fn losses_are_true() {
    honest::<i16, 64, 8>(&digit_parts::<f64, 8>());
    honest::<i8, 64, 8>(&digit_parts::<f64, 8>());
    honest::<i16, 129, 32>(&learnt::<f64, 129, 250, 32>(piano()));
    honest::<i8, 129, 32>(&learnt::<f64, 129, 250, 32>(piano()));
    let mut draw = Draw::new(1);
    honest::<i16, 1, 1>(&draw.matrix());
    honest::<i16, 7, 9>(&draw.matrix());
}

#[test]
fn both_precisions_quantise_alike() {
    let w = digit_parts::<f32, 8>();
    let quantized = QuantizedDictionary::<i16, 64, 8>::quantize(&w).unwrap();
    let from_f64 = QuantizedDictionary::<i16, 64, 8>::quantize(&w.map(f64::from)).unwrap();
    for (i, k) in (0..64).flat_map(|i| (0..8).map(move |k| (i, k))) {
        assert!((quantized.entry(i, k) - from_f64.entry(i, k)).abs() <= 1);
    }
}

/// Amounts become coefficients of W by what `unit` says.
#[test]
fn units_lead_back_to_w() {
    let mut w = digit_parts::<f32, 8>();
    for k in 0..8 {
        w.column_mut(k).iter_mut().for_each(|w| *w *= 4_f32.powi(k as i32 - 3));
    }
    let quantized = QuantizedDictionary::<i16, 64, 8>::quantize(&w).unwrap();
    let encoder = IntegerEncoder::new(&quantized);
    for x in digits().iter().step_by(17) {
        let mut h = [0; 8];
        encoder.encode(&x.map(|x| x as u8), &mut h);
        let mut float = SMatrix::<f32, 8, 1>::repeat(0.0);
        Encoder::new(&w).encode(&SMatrix::<f32, 64, 1>::from(x.map(|x| x as f32)), &mut float);
        for k in 0..8 {
            let length = 1.0 / quantized.scale()[k];
            let off = (h[k] as f32 * encoder.unit(k) - float[k]) * length;
            assert!(off.abs() < 0.02, "component {k}: {off} of a count");
        }
    }
    assert_eq!(encoder.unit(8), 0.0);
}

#[test]
fn relative_residuals_are_roots_of_quotients() {
    let encoder = IntegerEncoder::new(&digits_q15::W);
    for x in digits().iter().step_by(7) {
        let encoding = encoder.encode(&x.map(|x| x as u8), &mut [0; 8]);
        let expected = (encoding.residual_squared as f64 / encoding.energy as f64).sqrt();
        assert!((encoding.relative_residual::<f64>() - expected).abs() < 1e-6);
        assert!((f64::from(encoding.relative_residual::<f32>()) - expected).abs() < 1e-6);
    }
    let encoding = encoder.encode(&[0_u8; 64], &mut [0; 8]);
    assert_eq!((encoding.relative_residual::<f32>(), encoding.active), (0.0, 0));
}

#[test]
fn what_cannot_be_represented_is_refused() {
    fn refused<T: Real>(w: SMatrix<T, 3, 2>, error: Unquantizable) {
        assert_eq!(QuantizedDictionary::<i16, 3, 2>::quantize(&w).err(), Some(error), "{error}");
        let mut kept = QuantizedDictionary::<i8, 3, 2>::new(&[[1, 2, 3], [127, 0, 9]], &[1.0, 2.0]);
        let before = kept.clone();
        assert_eq!(kept.assign(&w), Err(error));
        assert!(kept == before);
    }
    let w = SMatrix::<f32, 3, 2>::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
    let with = |row, column, value| {
        let mut w = w;
        w[(row, column)] = value;
        w
    };
    refused(with(2, 1, f32::NAN), Unquantizable::NonFinite { row: 2, column: 1 });
    refused(with(0, 1, f32::INFINITY), Unquantizable::NonFinite { row: 0, column: 1 });
    refused(with(1, 0, -1e-9), Unquantizable::Negative { row: 1, column: 0 });
    refused(with(1, 1, f32::MAX), Unquantizable::Length { column: 1 });
    refused(w * 1e-40, Unquantizable::Length { column: 0 });
    refused(w.map(f64::from) * 1e200, Unquantizable::Length { column: 0 });
    refused(w.map(f64::from) * 1e-200, Unquantizable::Length { column: 0 });
    for error in [Unquantizable::Negative { row: 3, column: 4 }, Unquantizable::Length { column: 4 }] {
        assert!(error.to_string().contains("column 4"));
    }
}

#[test]
fn zero_columns_and_lengths_far_apart_are_fine() {
    let w = SMatrix::<f32, 3, 3>::new(1e30, 0.0, 1e-30, 0.0, 0.0, 1e-30, 1e30, 0.0, 0.0);
    let quantized = QuantizedDictionary::<i16, 3, 3>::quantize(&w).unwrap();
    assert_eq!(quantized.gram()[1], [0; 3]);
    let mut h = [0; 3];
    let encoder = IntegerEncoder::new(&quantized);
    encoder.encode(&[1000_i16, 0, 1000], &mut h);
    let lsb = f64::from(-encoder.binary_point()).exp2();
    assert!((f64::from(h[0]) * lsb - 2e6_f64.sqrt()).abs() < 0.1 && h[1] == 0 && h[2] == 0, "{h:?}");
}

/// Entries below 0 are none.
#[test]
fn negative_entries_count_as_zero() {
    let w = QuantizedDictionary::<i16, 2, 1>::new(&[[100, -100]], &[1.0]);
    assert!(w == QuantizedDictionary::<i16, 2, 1>::new(&[[100, 0]], &[1.0]));
}

/// An empty dictionary is one and the same, however it was made: of no entries, of zeros, of a zero
/// W, or by a stream.
#[test]
fn every_empty_dictionary_is_the_same() {
    fn check<const M: usize, const K: usize>() {
        let zeros = QuantizedDictionary::<i16, M, K>::zeros();
        assert!(zeros == QuantizedDictionary::<i16, M, K>::new(&[[0; M]; K], &[0.0; K]));
        // A zero column has no length.
        assert!(zeros == QuantizedDictionary::<i16, M, K>::new(&[[0; M]; K], &[1.0; K]));
        assert!(zeros == QuantizedDictionary::quantize(&SMatrix::<f32, M, K>::repeat(0.0)).unwrap());
        assert!(
            QuantizedDictionary::<i8, M, K>::zeros() == QuantizedDictionary::<i8, M, K>::new(&[[0; M]; K], &[0.0; K])
        );
        assert_eq!(
            IntegerEncoder::<u16, i16, M, K>::new(&zeros).binary_point(),
            IntegerEncoder::<u16, i16, M, K>::new(&QuantizedDictionary::<i16, M, K>::new(&[[0; M]; K], &[0.0; K]))
                .binary_point()
        );
        let mut state = IntegerOnlineState::<M, K>::new();
        state.reset(&zeros);
        assert!(state == IntegerOnlineState::new());
        let mut state = OnlineState::<f32, M, K>::new();
        state.reset(&SMatrix::repeat(0.0)).unwrap();
        assert!(state == OnlineState::new());
    }
    check::<1, 1>();
    check::<64, 8>();
}

/// What a shape takes in flash.
#[test]
fn sizes_are_as_documented() {
    assert_eq!(size_of::<QuantizedDictionary<i16, 64, 8>>(), 64 * 8 * 2 + 4 * 8 * 8 + 8 * 8 + 12);
    assert_eq!(size_of::<QuantizedDictionary<i8, 64, 8>>(), 64 * 8 + 4 * 8 * 8 + 8 * 8 + 12);
}
