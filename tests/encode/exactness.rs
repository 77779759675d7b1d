//! Every digit and every frame of the piano, in dictionaries that are learnt and in frames taken as parts.

use super::*;

/// As `BEST`, in f32 and among parts that are neighbouring frames of one sound: the Gram is singular to rounding, and a violation of 1e-6
/// leaves more of a frame that is nearly explained.
const ALIKE: f64 = 2e-6;

/// The codes of all frames.
fn every_frame<T: Real, const M: usize, const K: usize>(
    findings: &mut Findings,
    name: &str,
    frames: &[[f64; M]],
    w: &SMatrix<T, M, K>,
    best_within: f64,
) {
    let mut worst = Worst::default();
    let parts = Parts::new(w);
    let encoder = Encoder::new(w);
    // The same numbers in f64, whose codes are the minimum to 1e-12.
    let exact_w = w.map(to_f64);
    let reference = Encoder::new(&exact_w);
    let mut apart = 0.0_f64;
    for (j, x) in vectors::<T, M>(frames).iter().enumerate() {
        let what = format!("{} {name}, K {K}, frame {j}", scalar::<T>());
        let (best, _) = encode(&reference, &x.map(to_f64));
        let target = parts.target(x);
        let best = parts.measure(&target, &parts.amounts(&target, &best));
        findings.expect(best.kkt <= optimal::<f64>(), || format!("{what}: kkt {:e} in f64", best.kkt));
        let (h, encoding) = encode(&encoder, x);
        let code = exact(findings, &mut worst, &what, &parts, (x, &h, encoding));
        let off = (code.residual - best.residual).abs() / best.norm.max(f64::MIN_POSITIVE);
        findings.expect(off <= best_within, || format!("{what}: residual {off:e} of ‖x‖ above the minimum"));
        apart = apart.max(off);
    }
    assert_eq!(worst.frames, u32::try_from(frames.len()).unwrap());
    worst.print(&format!("{} {name}, K {K}", scalar::<T>()));
    println!("    residuals within {apart:.2e} of ‖x‖ of the minimum");
}

fn all_digits<T: Real>() {
    let mut findings = Findings::default();
    every_frame(&mut findings, "digits", digits(), &digit_parts::<T, 8>(), BEST);
    every_frame(&mut findings, "digits", digits(), &digit_parts::<T, 16>(), BEST);
    every_frame(&mut findings, "digits, frames as parts", digits(), &picked::<T, 64, 16>(digits(), 1), BEST);
}

fn all_of_the_piano<T: Real>() {
    let mut findings = Findings::default();
    every_frame(&mut findings, "piano", piano(), &learnt::<T, 129, 250, 6>(piano()), BEST);
    every_frame(&mut findings, "piano", piano(), &learnt::<T, 129, 250, 32>(piano()), BEST);
}

#[test]
fn every_digit_f32() {
    all_digits::<f32>();
}

#[test]
fn every_digit_f64() {
    all_digits::<f64>();
}

#[test]
fn every_piano_frame_f32() {
    all_of_the_piano::<f32>();
}

#[test]
fn every_piano_frame_f64() {
    all_of_the_piano::<f64>();
}

/// Parts as alike as neighbouring frames are, and frames that are parts.
#[test]
fn every_piano_frame_among_frames_f32() {
    let mut findings = Findings::default();
    every_frame(&mut findings, "piano, frames as parts", piano(), &picked::<f32, 129, 32>(piano(), 1), ALIKE);
}

#[test]
fn every_piano_frame_among_frames_f64() {
    let mut findings = Findings::default();
    every_frame(&mut findings, "piano, frames as parts", piano(), &picked::<f64, 129, 32>(piano(), 1), BEST);
}
