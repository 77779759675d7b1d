//! Dictionaries that follow a stream of counts: as good as in f32, whatever the frames are.

use std::fmt::Write as _;

use super::boards::hash;
use super::*;
use tinynmf::integer::{IntegerOnline, IntegerOnlineState};
use tinynmf::nalgebra::SVector;
use tinynmf::{Online, OnlineState};

/// ‖X − WH‖/‖X‖ with the best H.
fn error<C: Count, const M: usize, const K: usize>(w: &QuantizedDictionary<i16, M, K>, frames: &[[C; M]]) -> f64 {
    let encoder = IntegerEncoder::new(w);
    let (mut residual, mut energy) = (0.0, 0.0);
    for x in frames {
        let encoding = encoder.encode(x, &mut [0; K]);
        residual += encoding.residual_squared as f64;
        energy += encoding.energy as f64;
    }
    (residual / energy).sqrt()
}

fn counts(loudness: impl Fn(usize) -> i16) -> Vec<[i16; 64]> {
    digits().iter().enumerate().map(|(n, x)| x.map(|x| x as i16 * loudness(n))).collect()
}

/// Both dictionaries after a stream, each from the same parts or from none.
fn both(
    frames: &[[i16; 64]],
    fade: u32,
    start: Option<(&SMatrix<f32, 64, 8>, u16)>,
) -> [Box<QuantizedDictionary<i16, 64, 8>>; 2] {
    let (mut state, mut float) =
        (Box::new(IntegerOnlineState::<64, 8>::new()), Box::new(OnlineState::<f32, 64, 8>::new()));
    let (mut integers, mut floats) = (IntegerOnline::new().fade(fade), Online::new());
    if let Some((w, trust)) = start {
        state.reset(&QuantizedDictionary::quantize(w).unwrap());
        float.reset(w).unwrap();
        (integers, floats) = (integers.trust(trust.into()), floats.trust(trust.into()));
    }
    // The half-life of a weight that falls by 2^−fade a frame.
    let floats = floats.half_life(-(2_f32.ln() / (1.0 - (-(fade as f32)).exp2()).ln()));
    for x in frames {
        let update = integers.push(&mut state, x, &mut [0; 8]);
        assert!(update.learned && update.encoding.status == NnlsStatus::Optimal);
        floats.push(&mut float, &SVector::from_fn(|i, _| x[i].into()), &mut SVector::zeros());
    }
    [Box::new(state.w().clone()), Box::new(QuantizedDictionary::quantize(&float.w).unwrap())]
}

/// Which of several minima a stream ends near is chance: over many streams neither is better.
const CHANCE: f64 = 1.03;

fn compare(name: &str, [integers, floats]: [Box<QuantizedDictionary<i16, 64, 8>>; 2], frames: &[[i16; 64]]) -> f64 {
    let [integers, floats] = [error(&integers, frames), error(&floats, frames)];
    println!("{name}: {integers:.4}, in f32 {floats:.4}");
    assert!(integers < floats * CHANCE, "{name}: {integers}, in f32 {floats}");
    integers
}

#[test]
fn one_pass_over_the_digits() {
    let frames = counts(|_| 100);
    for fade in [5, 6, 7, 9] {
        compare(&format!("digits, one pass from nothing, fade {fade}"), both(&frames, fade, None), &frames);
    }
}

/// By 2¹¹ from one frame to the next, and slowly.
#[test]
fn loudness_does_not_matter() {
    let even = counts(|_| 100);
    let jumping = counts(|n| [2000, 1, 30][n % 3]);
    compare("every third frame of any use", both(&jumping, 7, None), &even);
    let fading = counts(|n| 1 + 2000 / (1 + n as i16));
    compare("ever fainter", both(&fading, 7, None), &even);
    let swelling = counts(|n| 1 + n as i16);
    compare("ever louder", both(&swelling, 7, None), &even);
}

#[test]
fn a_change_is_followed_and_a_part_that_is_trusted_stays() {
    let (mut frames, turned) = (counts(|_| 100), counts(|_| 100).iter().map(turn).collect::<Vec<_>>());
    let w: SMatrix<f32, 64, 8> = digit_parts();
    let before = error(&QuantizedDictionary::quantize(&w).unwrap(), &frames);
    let trusting = compare("upright, trusted", both(&frames[..100], 7, Some((&w, 1000))), &frames);
    assert!(trusting < before * 1.02, "{trusting}, {before} before");
    frames.extend(&turned);
    let after = compare("turned", both(&frames, 6, Some((&w, 100))), &turned);
    let still = error(&QuantizedDictionary::quantize(&w).unwrap(), &turned);
    assert!(after < 0.6 * still, "{after}, {still} without following");
}

fn turn(x: &[i16; 64]) -> [i16; 64] {
    std::array::from_fn(|place| x[8 * (7 - place % 8) + place / 8])
}

/// A part that was not heard for long is not replaced by the first frame that needs it.
#[test]
fn a_silent_part_is_remembered() {
    let (hum, beep) = ([16_000_i16, 12_000, 0, 0], [0, 0, 12_000, 16_000]);
    let mut state = IntegerOnlineState::<4, 2>::new();
    let push = |state: &mut IntegerOnlineState<4, 2>, x: &[i16; 4]| IntegerOnline::new().push(state, x, &mut [0; 2]);
    for x in [hum, beep].iter().cycle().take(200) {
        push(&mut state, x);
    }
    for _ in 0..10_000 {
        push(&mut state, &hum);
    }
    assert!(error(state.w(), &[hum, beep]) < 1e-3);
    // Half of it is something else.
    push(&mut state, &[0, 0, 12_000, 0]);
    push(&mut state, &hum);
    assert!(error(state.w(), &[beep]) < 0.2, "{}", error(state.w(), &[beep]));
    // Nothing is learnt from nothing.
    let before = state.clone();
    let update = push(&mut state, &[0; 4]);
    assert!(!update.learned && state == before);
}

#[test]
fn fixed_parts_stay() {
    let w: SMatrix<f32, 64, 8> = digit_parts();
    let start = QuantizedDictionary::<i16, 64, 8>::quantize(&w).unwrap();
    let mut state = Box::new(IntegerOnlineState::<64, 8>::new());
    state.reset(&start);
    for x in counts(|_| 100).iter().map(turn) {
        IntegerOnline::new().fixed(3).push(&mut state, &x, &mut [0; 8]);
    }
    for k in 0..8 {
        let same = (0..64).all(|i| state.w().entry(i, k) == start.entry(i, k));
        assert_eq!(same, k < 3, "component {k}");
    }
}

/// Counts that are stuck at full scale for a thousand frames: 2000 frames later the dictionary is
/// as good as one that has seen nothing else, within a fifth. With plain fading it has up to 1.3
/// times the error, and more before.
#[test]
fn counts_that_were_stuck_at_full_scale_do_no_lasting_harm() {
    for (seed, gain) in [(1, 30.0), (2, 300.0), (3, 3000.0)] {
        let mut draw = Draw::new(seed);
        let parts: [[f64; 32]; 4] = std::array::from_fn(|_| std::array::from_fn(|_| draw.signed().max(0.0)));
        let mut frame = || -> [u16; 32] {
            let amounts: [f64; 4] = std::array::from_fn(|_| (1.5 * draw.unit() - 0.5).max(0.0));
            std::array::from_fn(|i| {
                let clean: f64 = (0..4).map(|k| parts[k][i] * amounts[k]).sum();
                (gain * (clean + 0.025 * draw.signed()).max(0.0)).round() as u16
            })
        };
        let frames: Vec<[u16; 32]> = (0..2400).map(|_| frame()).collect();
        let (before, behind) = frames.split_at(400);
        let (mut stuck, mut fresh) = (IntegerOnlineState::<32, 4>::new(), IntegerOnlineState::new());
        let follow = |state: &mut IntegerOnlineState<32, 4>, frames: &[[u16; 32]]| {
            for x in frames {
                IntegerOnline::new().push(state, x, &mut [0; 4]);
            }
        };
        follow(&mut stuck, before);
        follow(&mut stuck, &[[65_535; 32]; 1000]);
        follow(&mut stuck, behind);
        follow(&mut fresh, behind);
        let [stuck, fresh] = [stuck, fresh].map(|state| error(state.w(), behind));
        println!("gain {gain}: {stuck:.4} after full scale, {fresh:.4} without");
        assert!(stuck <= 1.2 * fresh, "gain {gain}: {stuck}, {fresh} without");
    }
}

/// The first part that is learnt from an empty dictionary is the first frame, whatever its counts:
/// none is cut off.
#[test]
fn the_first_part_is_the_first_frame() {
    let mut state = IntegerOnlineState::<4, 2>::new();
    let x = [40_000_u16, 20_000, 5_000, 0];
    assert!(IntegerOnline::new().push(&mut state, &x, &mut [0; 2]).revived);
    assert!(error(state.w(), &[x]) < 1e-4);
}

/// Frames that a careless stream does not survive: in debug builds an overflow panics. The dictionary is always that of its entries.
fn survive<C: Count, const M: usize, const K: usize>(draw: &mut Draw, count: impl Fn(f64) -> C) {
    for fade in [1, 6, 12] {
        for trust in [0, 1, 65_535] {
            let online = IntegerOnline::new().fade(fade).trust(trust);
            let mut state = Box::new(IntegerOnlineState::<M, K>::new());
            for n in 0..120 {
                let size = if n % 7 == 0 { 1.0 } else { 10_f64.powf(-5.0 * draw.unit()) };
                let sparse = draw.unit();
                let x: [C; M] = std::array::from_fn(|_| {
                    let value = if draw.unit() < 0.2 { 1.0 } else { draw.signed() };
                    count(if draw.unit() < sparse { 0.0 } else { value * size })
                });
                let mut h = [-1; K];
                let update = online.push(&mut state, &x, &mut h);
                assert!(h.iter().all(|&h| h >= 0) && update.encoding.energy >= update.encoding.residual_squared);
            }
            let w = state.w();
            let columns = std::array::from_fn(|k| std::array::from_fn(|i| w.entry(i, k) as i16));
            assert!(*w == QuantizedDictionary::<i16, M, K>::new(&columns, w.scale()), "fade {fade}, trust {trust}");
        }
    }
}

#[test]
fn no_stream_leaves_the_range() {
    fn every_type<const M: usize, const K: usize>() {
        let mut draw = Draw::new((M * 100 + K) as u64);
        survive::<u8, M, K>(&mut draw, |x| (x.abs() * 255.0) as u8);
        survive::<i16, M, K>(&mut draw, |x| (x * 32768.0) as i16);
        survive::<u16, M, K>(&mut draw, |x| (x.abs() * 65535.0) as u16);
    }
    every_type::<1, 1>();
    every_type::<16, 1>();
    every_type::<3, 8>();
    every_type::<64, 8>();
    every_type::<40, 32>();
}

/// To the bit what the image `online_q15` prints.
#[test]
fn host_and_boards_agree() {
    let mut printed = String::new();
    let mut state = Box::new(IntegerOnlineState::<64, 8>::new());
    let (mut solves, mut digest) = (0, 0);
    for x in &digits()[..1000] {
        let mut h = [0; 8];
        let update = IntegerOnline::new().push(&mut state, &x.map(|x| x as u8), &mut h);
        solves += update.encoding.solves;
        digest ^= hash(h.iter().flat_map(|h| h.to_le_bytes()));
    }
    let entries = (0..8).flat_map(|k| (0..64).map(move |i| (i, k)));
    let w = hash(entries.flat_map(|(i, k)| state.w().entry(i, k).to_le_bytes()));
    writeln!(printed, "s64x1x8 {solves} {digest:016x} {w:016x}").unwrap();
    assert_eq!(printed, include_str!("../../firmware/expected/online_q15.out"));
}
