//! Every digit and every frame of the piano, in dictionaries that are learnt and in frames taken as parts.

use super::*;

/// Largest share of solves that warm starts may take of those of cold ones where each frame is 2 % of the way further from one
/// frame to another. With few parts the guess of a cold start leaves nothing to save: K 16 and more.
const SAVED: f64 = 0.9;

/// As `BEST`, in f32 and among parts that are neighbouring frames of one sound: the Gram is singular to rounding, and a violation of 1e-6
/// leaves more of a frame that is nearly explained. 1.1e-6 measured, of a warm start.
const ALIKE: f64 = 2e-6;

/// Cold and warm codes of all frames. Warm, a frame starts from the code of the one before.
fn every_frame<T: Real, const M: usize, const K: usize>(
    findings: &mut Findings,
    name: &str,
    frames: &[[f64; M]],
    w: &SMatrix<T, M, K>,
    best_within: f64,
) {
    let (mut cold, mut warm) = (Worst::default(), Worst::default());
    let parts = Parts::new(w);
    let (encoder, following) = (Encoder::new(w), Encoder::new(w).warm(true));
    // The same numbers in f64, whose codes are the minimum to 1e-12.
    let exact_w = w.map(to_f64);
    let reference = Encoder::new(&exact_w);
    let mut last = SVector::repeat(T::ZERO);
    let (mut apart, mut again_solves) = (0.0_f64, 0);
    for (j, x) in vectors::<T, M>(frames).iter().enumerate() {
        let what = format!("{} {name}, K {K}, frame {j}", scalar::<T>());
        let (best, _) = encode(&reference, &x.map(to_f64));
        let target = parts.target(x);
        let best = parts.measure(&target, &parts.amounts(&target, &best));
        findings.expect(best.kkt <= optimal::<f64>(), || format!("{what}: kkt {:e} in f64", best.kkt));
        let (h, encoding) = encode(&encoder, x);
        let code = exact(findings, &mut cold, &what, &parts, (x, &h, encoding));
        let encoding = following.encode(x, &mut last);
        let of_warm = exact(findings, &mut warm, &format!("{what}, warm"), &parts, (x, &last, encoding));
        for (kind, residual) in [("cold", code.residual), ("warm", of_warm.residual)] {
            let off = (residual - best.residual).abs() / best.norm.max(f64::MIN_POSITIVE);
            findings
                .expect(off <= best_within, || format!("{what}, {kind}: residual {off:e} of ‖x‖ above the minimum"));
            apart = apart.max(off);
        }
        // From its own code there is next to nothing to do.
        let mut own = h;
        again_solves += following.encode(x, &mut own).solves;
    }
    let count = u32::try_from(frames.len()).unwrap();
    assert_eq!((cold.frames, warm.frames), (count, count));
    let name = format!("{} {name}, K {K}", scalar::<T>());
    cold.print(&format!("{name}, cold"));
    warm.print(&format!("{name}, warm"));
    let again = f64::from(again_solves) / f64::from(count);
    println!("    residuals within {apart:.2e} of ‖x‖ of the minimum, {again:.2} solves from its own code");
    findings.expect(again <= 1.0, || format!("{name}: {again:.2} solves from its own code"));
}

/// From one frame to the next in fifty steps, there and on: warm starts save solves.
#[test]
fn warm_starts_save_solves_where_frames_resemble_each_other() {
    fn check<T: Real, const M: usize, const K: usize>(name: &str, frames: &[[f64; M]], w: &SMatrix<T, M, K>) {
        let (encoder, following) = (Encoder::new(w), Encoder::new(w).warm(true));
        let (mut cold, mut warm) = (0, 0);
        let mut h = SVector::repeat(T::ZERO);
        for pair in frames.windows(2) {
            for step in 0..50 {
                let share = f64::from(step) / 50.0;
                let mixed: [f64; M] = std::array::from_fn(|i| pair[0][i] * (1.0 - share) + pair[1][i] * share);
                let x = SVector::from(mixed.map(from_f64));
                cold += encode(&encoder, &x).1.solves;
                warm += following.encode(&x, &mut h).solves;
            }
        }
        println!("{} {name}, K {K}: {warm} solves warm, {cold} cold", scalar::<T>());
        assert!(f64::from(warm) <= SAVED * f64::from(cold));
    }
    check("digits", &digits()[..10], &digit_parts::<f32, 16>());
    check("piano", &piano()[100..110], &learnt::<f32, 129, 250, 32>(piano()));
    check("digits", &digits()[..10], &digit_parts::<f64, 16>());
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
