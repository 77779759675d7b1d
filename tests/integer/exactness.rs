//! Every real frame: optimal to the documented LSBs, and with the residual of the encoder in f32.

use super::*;

/// Residual against that of the encoder in f32, less 1. Of a frame that is explained to less than a share of ‖x‖, [`LEARNT`] or
/// [`PICKED`], the difference is taken relative to that share.
const SAME: f64 = 1e-3;
/// Dictionaries that were learnt.
const LEARNT: f64 = 0.01;
/// Frames as parts, which explain some frames to the rounding of 16 bits.
const PICKED: f64 = 0.1;

/// Frames as a converter delivers them whose full scale is `peak`.
fn counts<C, const M: usize>(frames: &[[f64; M]], peak: f64, cast: impl Fn(f64) -> C) -> Vec<[C; M]> {
    let largest = frames.iter().flatten().fold(0.0, |largest: f64, &x| largest.max(x));
    frames.iter().map(|x| x.map(|x| cast((x / largest * peak).round()))).collect()
}

/// All frames in one dictionary. The residual of the f32 encoder is taken in f64, of its own code in W itself.
fn every_frame<C: Count, I: Entry, const M: usize, const K: usize>(
    findings: &mut Findings,
    name: &str,
    frames: &[[C; M]],
    (w, share): (&SMatrix<f64, M, K>, f64),
) {
    let quantized = QuantizedDictionary::<I, M, K>::quantize(w).expect("a dictionary");
    let loss = quantized.loss(w).residual;
    let (judge, encoder) = (Judge::new(&quantized), IntegerEncoder::new(&quantized));
    let single = w.map(|w| w as f32);
    let float = Encoder::new(&single);
    let (mut worst, mut ratio, mut sums) = (Worst::default(), 0.0_f64, [0.0; 2]);
    for (j, x) in frames.iter().enumerate() {
        let what = || format!("{name}, K {K}, frame {j}");
        let (_, _, verdict) = sound(findings, &mut worst, what, &judge, (&encoder, x));
        let mut h = SMatrix::<f32, K, 1>::repeat(0.0);
        float.encode(&SMatrix::<f32, M, 1>::from_fn(|i, _| x[i].into() as f32), &mut h);
        let rest = SMatrix::<f64, M, 1>::from_fn(|i, _| x[i].into().into()) - w * h.map(f64::from);
        let left = dot(rest.as_slice(), rest.as_slice());
        let (ours, theirs) = (verdict.residual_squared.sqrt(), left.sqrt());
        let norm = verdict.energy.sqrt();
        if norm > 0.0 {
            let more = (ours - theirs) / theirs.max(share * norm);
            ratio = ratio.max(more);
            // The bound that a dictionary gives, and what rounding to f32 and to LSBs adds.
            let bounded = ours - theirs <= (loss + 1e-6) * norm + 1.0;
            findings.expect(bounded, || format!("{}: residual {ours}, {theirs} in f32, ‖x‖ {norm}", what()));
            findings.expect(more <= SAME || I::BITS < 15, || format!("{}: residual {ours}, {theirs} in f32", what()));
        }
        sums[0] += verdict.residual_squared;
        sums[1] += left;
    }
    findings.expect(worst.bound == 0, || format!("{name}, K {K}: {} frames not optimal", worst.bound));
    worst.print(&format!(
        "{name}, {} in {}, K {K}, point {}",
        std::any::type_name::<C>(),
        I::NAME,
        encoder.binary_point()
    ));
    println!("    residual of all {:.7} of that in f32, of one at most {:.7}", (sums[0] / sums[1]).sqrt(), 1.0 + ratio);
}

fn in_every_type<const M: usize, const K: usize>(name: &str, frames: &[[f64; M]], w: &SMatrix<f64, M, K>, share: f64) {
    let w = (w, share);
    let mut findings = Findings::default();
    let findings = &mut findings;
    every_frame::<u8, i16, M, K>(findings, name, &counts(frames, 255.0, |x| x as u8), w);
    every_frame::<i16, i16, M, K>(findings, name, &counts(frames, 32767.0, |x| x as i16), w);
    every_frame::<u16, i16, M, K>(findings, name, &counts(frames, 65535.0, |x| x as u16), w);
    every_frame::<i16, i16, M, K>(findings, &format!("{name}, 12 bits"), &counts(frames, 4095.0, |x| x as i16), w);
    every_frame::<u8, i8, M, K>(findings, name, &counts(frames, 255.0, |x| x as u8), w);
    every_frame::<i16, i8, M, K>(findings, name, &counts(frames, 32767.0, |x| x as i16), w);
}

#[test]
fn every_digit() {
    in_every_type("digits", digits(), &digit_parts::<f64, 8>(), LEARNT);
    in_every_type("digits", digits(), &digit_parts::<f64, 16>(), LEARNT);
}

#[test]
fn every_digit_among_digits() {
    in_every_type("digits, frames as parts", digits(), &picked::<f64, 64, 16>(digits(), 1), PICKED);
}

#[test]
fn every_piano_frame() {
    in_every_type("piano", piano(), &learnt::<f64, 129, 250, 6>(piano()), LEARNT);
    in_every_type("piano", piano(), &learnt::<f64, 129, 250, 32>(piano()), LEARNT);
}

/// Parts as alike as neighbouring frames are, and frames that are parts.
#[test]
fn every_piano_frame_among_frames() {
    in_every_type("piano, frames as parts", piano(), &picked::<f64, 129, 32>(piano(), 1), PICKED);
}
