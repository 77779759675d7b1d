//! Many frames in one call: the bits of single calls, and what is said of all of them.

use super::*;
use tinynmf::{BatchEncoding, Columns, Error, Quantized};

const N: usize = 60;

/// What a batch says, from what is said of every frame.
fn summary<T: Real>(encodings: &[Encoding<T>]) -> (usize, usize, T, Option<(usize, T)>) {
    let finite = |encoding: &&Encoding<T>| encoding.status != NnlsStatus::NonFinite;
    let not_optimal = encodings.iter().filter(finite).filter(|e| e.status != NnlsStatus::Optimal).count();
    let mut worst: Option<(usize, T)> = None;
    let mut kkt = T::ZERO;
    for (j, encoding) in encodings.iter().enumerate().filter(|(_, encoding)| finite(encoding)) {
        kkt = kkt.at_least(encoding.kkt);
        if worst.is_none_or(|(_, worst)| encoding.relative_residual > worst) {
            worst = Some((j, encoding.relative_residual));
        }
    }
    (encodings.len() - encodings.iter().filter(finite).count(), not_optimal, kkt, worst)
}

fn compare<T: Real, C: Columns<T, 64, Observed = tinynmf::Full> + ?Sized>(
    encoder: &Encoder<'_, T, 64, 8>,
    columns: &C,
    start: &SMatrix<T, 8, N>,
) -> BatchEncoding<T> {
    let mut h = start.clone_owned();
    let batch = encoder.encode_batch(columns, &mut h).unwrap();
    let encodings: Vec<Encoding<T>> = (0..N)
        .map(|j| {
            let x = SVector::from(*columns.column(j, &mut [T::ZERO; 64]));
            let mut single = start.column(j).clone_owned();
            let encoding = encoder.encode(&x, &mut single);
            if encoding.status == NnlsStatus::NonFinite {
                single = SVector::repeat(T::ZERO);
            }
            let (single, of_batch): (Vec<_>, Vec<_>) =
                single.iter().zip(h.column(j).iter()).map(|(single, h)| (single.bits(), h.bits())).unzip();
            assert_eq!(single, of_batch, "frame {j}");
            encoding
        })
        .collect();
    assert_eq!((batch.non_finite, batch.not_optimal, batch.kkt, batch.worst), summary(&encodings));
    batch
}

fn batches<T: Real>() {
    let w = digit_parts::<T, 8>();
    let frames = cast::<T, 64>(&digits()[..N]);
    let plain = Encoder::new(&w);
    let mut draw = Draw::new(1);
    let start = SMatrix::<T, 8, N>::from_columns(&std::array::from_fn::<_, N, _>(|_| draw.garbage()));
    let batch = compare(&plain, &frames[..], &start);
    assert_eq!((batch.non_finite, batch.not_optimal), (0, 0));
    compare(&Encoder::new(&w).l1(from_f64(0.1)), &frames[..], &start);
    assert!(compare(&Encoder::new(&w).max_active(2), &frames[..], &start).not_optimal > 0);

    // From the codes themselves, and of a matrix.
    let mut codes = start;
    plain.encode_batch(&frames[..], &mut codes).unwrap();
    compare(&plain, &frames[..], &codes);
    let x = SMatrix::<T, 64, N>::from_columns(&std::array::from_fn::<_, N, _>(|j| SVector::from(frames[j])));
    compare(&plain, &x, &codes);

    // Counts of a converter.
    let counts: Vec<[u8; 64]> = digits()[..N].iter().map(|x| x.map(|x| x as u8)).collect();
    let quantized = Quantized { frames: &counts, scale: from_f64(0.1) };
    compare(&plain, &quantized, &codes);
}

#[test]
fn a_batch_has_the_bits_of_single_frames() {
    batches::<f32>();
    batches::<f64>();
}

#[test]
fn frames_that_are_not_finite_get_zero_and_are_counted() {
    fn check<T: Real>() {
        let w = digit_parts::<T, 8>();
        let start = Draw::new(2).matrix();
        for encoder in [Encoder::new(&w), Encoder::new(&w).l1(from_f64(0.1))] {
            let mut frames = cast::<T, 64>(&digits()[..N]);
            frames[7][3] = from_f64(f64::NAN);
            frames[30][0] = T::INFINITY;
            frames[31][63] = -T::INFINITY;
            frames[59] = [from_f64(f64::NAN); 64];
            assert_eq!(compare(&encoder, &frames[..], &start).non_finite, 4);
            let mut h = start;
            encoder.encode_batch(&frames[..], &mut h).unwrap();
            for j in [7, 30, 31, 59] {
                assert!(h.column(j).iter().all(|&h| h == T::ZERO), "frame {j}");
            }
        }
        // Not one that is.
        let frames = [[from_f64(f64::NAN); 64]; N];
        let batch = compare(&Encoder::new(&w), &frames[..], &start);
        assert_eq!((batch.non_finite, batch.kkt, batch.worst), (N, T::ZERO, None));
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn another_number_of_frames_is_refused() {
    let w = digit_parts::<f32, 8>();
    let frames = cast::<f32, 64>(&digits()[..N + 1]);
    let start = SMatrix::<f32, 8, N>::repeat(3.0);
    for (got, frames) in [(N + 1, &frames[..]), (N - 1, &frames[..N - 1]), (0, &frames[..0])] {
        let mut h = start;
        let refused = Encoder::new(&w).encode_batch(frames, &mut h);
        assert_eq!(refused, Err(Error::FrameCount { expected: N, got }));
        assert_eq!(h, start);
    }
}
