//! Factors of integers: as good as those of the same method in f32, and the floor of 15 bits.

use super::*;
use rand_xorshift::XorShiftRng;
use tinynmf::Anls;
use tinynmf::integer::{QuantizedFactors, QuantizedWorkspace};
use tinynmf::rand_core::SeedableRng;

/// ‖X − WH‖/‖X‖ in f64 from the integers.
fn relative_error<C: Count, const M: usize, const N: usize, const K: usize>(
    x: &[[C; M]; N],
    factors: &QuantizedFactors<M, N, K>,
) -> f64 {
    let (judge, encoder) = (Judge::new(factors.w()), IntegerEncoder::<C, i16, M, K>::new(factors.w()));
    let verdicts = x.iter().zip(factors.h()).map(|(x, h)| judge.judge(x, h, encoder.binary_point()));
    let (residual, energy) = verdicts.fold((0.0, 0.0), |sum, v| (sum.0 + v.residual_squared, sum.1 + v.energy));
    (residual / energy).sqrt()
}

fn learn<C: Count, const M: usize, const N: usize, const K: usize>(x: &[[C; M]; N], seed: u64, sweeps: u32) -> f64 {
    let mut factors = Box::new(QuantizedFactors::<M, N, K>::zeros());
    let mut ws = Box::new(QuantizedWorkspace::new());
    factors.init(&mut XorShiftRng::seed_from_u64(seed));
    let (mut last, mut told) = (f64::INFINITY, 0.0);
    for _ in 0..sweeps {
        let sweep = factors.sweep(x, &mut ws);
        assert_eq!(sweep.not_optimal, 0);
        let now = sweep.residual_squared as f64 / sweep.energy as f64;
        // Quantising a factor to 15 bits may cost that much.
        assert!(sweep.revived || now <= last * (1.0 + 3e-4) + 1e-7, "{last} to {now}");
        (last, told) = (now, now.sqrt());
    }
    let error = relative_error(x, &factors);
    // Residuals are whole counts², and below 1e-3 the difference of two sums is rounding.
    assert!((error - told).abs() < 1e-4 + 1e-3 * f64::from(u8::from(told < 1e-3)), "{error}, {told} reported");
    error
}

/// Best, median, worst.
fn spread(name: &str, mut errors: Vec<f64>) -> [f64; 3] {
    errors.sort_by(f64::total_cmp);
    let spread = [errors[0], errors[errors.len() / 2], errors[errors.len() - 1]];
    println!("{name}: best {:.6}, median {:.6}, worst {:.6}", spread[0], spread[1], spread[2]);
    spread
}

#[test]
fn digits_are_learnt_as_well_as_in_f32() {
    let x: Box<[[u8; 64]; 100]> = Box::new(std::array::from_fn(|j| digits()[j].map(|x| x as u8)));
    let integers = spread("digits 64×100, K 8", (0..12).map(|seed| learn::<u8, 64, 100, 8>(&x, seed, 100)).collect());
    let frames = cast::<f32, 64>(&digits()[..100]);
    let problem = checked::<f32, 64, 100>(&frames);
    let float = |seed| {
        let mut factors = uniform::<f32, 64, 100, 8>(&problem, seed);
        f64::from(fit(Anls::new(), sweeps(100), &problem, &mut factors).relative_error)
    };
    let floats = spread("the same in f32", (0..12).map(float).collect());
    assert!(integers[1] <= floats[1] * 1.003 && integers[0] <= floats[0] * 1.001);
}

#[test]
fn exact_data_are_learnt_to_the_floor_of_15_bits() {
    let frames = notebook_x();
    let largest = frames.iter().flatten().fold(0.0, |largest: f64, &x| largest.max(x));
    let x: [[i16; 12]; 10] = std::array::from_fn(|j| frames[j].map(|x| (x / largest * 32767.0).round() as i16));
    let errors = spread("X 12×10, K 3", (0..50).map(|seed| learn::<i16, 12, 10, 3>(&x, seed, 300)).collect());
    assert!(errors[1] <= 1.2e-4 && errors[2] <= 1e-3);
}

#[test]
fn nothing_is_learnt_from_nothing() {
    let mut factors = QuantizedFactors::<3, 4, 2>::zeros();
    let mut ws = QuantizedWorkspace::new();
    for x in [[[0_i16; 3]; 4], [[i16::MIN; 3]; 4]] {
        factors.init(&mut XorShiftRng::seed_from_u64(1));
        for _ in 0..5 {
            let sweep = factors.sweep(&x, &mut ws);
            assert_eq!(sweep.residual_squared, sweep.energy);
        }
        assert_eq!(factors.h(), &[[0; 2]; 4]);
    }
    // The largest counts, and more parts than X has.
    let mut ws = QuantizedWorkspace::new();
    factors.init(&mut XorShiftRng::seed_from_u64(1));
    for _ in 0..20 {
        let sweep = factors.sweep(&[[u16::MAX; 3]; 4], &mut ws);
        assert!(sweep.residual_squared * 1_000_000 <= sweep.energy);
    }
}
