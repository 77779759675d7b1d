//! Dictionaries as Rust source: what is written is what is committed here, compiles, and encodes the same bits.

use super::*;
use std::fmt;

/// Written by `Encoder::write_source`, compiled as a firmware does.
mod single {
    include!("dictionary.rs");
}

mod double {
    include!("weighted.rs");
}

/// The dictionary of `dictionary.rs`: thirds are rounded, one entry has a minus sign, one is the smallest number.
fn w_single() -> SMatrix<f32, 6, 3> {
    let mut w = SMatrix::from_fn(|i, k| ((i * (k + 2)) % 5) as f32 / 3.0);
    w[(0, 2)] = -0.0;
    w[(5, 1)] = f32::from_bits(1);
    w
}

/// That of `weighted.rs`.
fn w_double() -> (SMatrix<f64, 5, 2>, SVector<f64, 5>) {
    let w = SMatrix::from_fn(|i, k| if k == 0 { 1.0 / (i + 1) as f64 } else { -0.1 * i as f64 });
    (w, SVector::from([1.0, 0.5, 0.0, 1e-3, 1e6]))
}

fn written<T: Real, const M: usize, const K: usize>(encoder: &Encoder<'_, T, M, K>) -> String {
    let mut source = String::new();
    encoder.write_source(&mut source).unwrap();
    source
}

#[test]
fn the_source_is_the_committed_file() {
    let w = w_single();
    let source = written(&Encoder::new(&w));
    assert!(source == include_str!("dictionary.rs"), "dictionary.rs is not what is written:\n{source}");
    let (w, weights) = w_double();
    let source = written(&Encoder::weighted(&w, &weights).unwrap());
    assert!(source == include_str!("weighted.rs"), "weighted.rs is not what is written:\n{source}");
    // Settings are not written, and a dictionary that was read is written again as it was.
    assert_eq!(written(&single::ENCODER.clone().l1(0.1).l2(0.1).max_active(1)), include_str!("dictionary.rs"));
    assert_eq!(written(&double::ENCODER), include_str!("weighted.rs"));
}

#[test]
fn its_statics_are_the_encoder() {
    let w = w_single();
    let fresh = Encoder::new(&w);
    assert!(single::W.iter().zip(&w).all(|(read, w)| read.to_bits() == w.to_bits()));
    assert!(single::ENCODER == fresh);
    assert_eq!((&single::GRAM, &single::SCALE), (fresh.gram(), fresh.scale()));
    assert!(std::ptr::eq(single::ENCODER.w(), &single::W));
    let (w, weights) = w_double();
    let of_weighted = Encoder::weighted(&w, &weights).unwrap();
    assert!(double::ENCODER == of_weighted);
    assert_eq!((&double::W, &double::WEIGHTS), (&w, &weights));
    assert_eq!((&double::GRAM, &double::SCALE), (of_weighted.gram(), of_weighted.scale()));
    let mut draw = Draw::new(1);
    for round in 0..50 {
        let x = draw.signed_matrix();
        assert_eq!(code_bits(&encode(&single::ENCODER, &x)), code_bits(&encode(&fresh, &x)), "round {round}");
        let x = draw.signed_matrix();
        assert_eq!(code_bits(&encode(&double::ENCODER, &x)), code_bits(&encode(&of_weighted, &x)), "round {round}");
    }
}

/// Every digit that is written, in both precisions and for shapes that end within a line.
#[test]
fn every_number_stands_there_as_its_bits() {
    fn check<T: Real, const M: usize, const K: usize>() {
        let w: SMatrix<T, M, K> = Draw::new(2).signed_matrix();
        let weights: SVector<T, M> = Draw::new(3).matrix();
        let encoder = Encoder::weighted(&w, &weights).unwrap();
        let source = written(&encoder);
        let found: Vec<u64> = source
            .split(&format!("{}::from_bits(0x", T::NAME))
            .skip(1)
            .map(|rest| {
                let digits = &rest[..rest.find(')').unwrap()];
                assert_eq!(digits.len(), 2 * T::BYTES);
                u64::from_str_radix(digits, 16).unwrap()
            })
            .collect();
        let numbers = w.iter().chain(encoder.gram()).chain(encoder.scale()).chain(&weights);
        assert_eq!(found, numbers.map(|value| value.bits()).collect::<Vec<_>>());
        for name in ["W: SMatrix", "GRAM: SMatrix", "SCALE: SVector", "WEIGHTS: SVector", "ENCODER: Encoder<'static"] {
            assert_eq!(source.matches(&format!("pub static {name}")).count(), 1, "{name}");
        }
        assert!(source.contains(&format!("<{}, {M}, {K}>", T::NAME)) && !source.contains("WEIGHTS, &W"));
        assert!(!written(&Encoder::new(&w)).contains("WEIGHTS"));
        assert!(source.lines().all(|line| line.trim_end() == line) && source.ends_with(";\n"));
    }
    check::<f32, 1, 1>();
    check::<f32, 4, 2>();
    check::<f32, 9, 5>();
    check::<f64, 1, 3>();
    check::<f64, 8, 4>();
}

/// Takes so many bytes and no more.
struct Short(usize);

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}

#[test]
fn errors_of_the_output_are_passed_on() {
    let (w, weights) = w_double();
    let encoder = Encoder::weighted(&w, &weights).unwrap();
    let length = include_str!("weighted.rs").len();
    for room in 0..length {
        assert_eq!(encoder.write_source(&mut Short(room)), Err(fmt::Error), "{room} bytes");
    }
    assert_eq!(encoder.write_source(&mut Short(length)), Ok(()));
}
