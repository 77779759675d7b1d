//! Single components: silent, dead, zero and known ones.

use super::*;

/// A part that is silent for thousands of frames, without noise and with noise of 1 %, is there when it returns.
fn silent(level: f64, seed: u64, findings: &mut Findings) {
    let parts = parts::<32, 4>(50 + seed);
    let heard = cast::<f32, 32>(&stream::<32, 4>(&parts, 60 + seed, 1500, level));
    let quiet = cast::<f32, 32>(&stream::<32, 3>(&parts[..3], 70 + seed, 4000, level));
    let back = cast::<f32, 32>(&stream::<32, 4>(&parts, 80 + seed, 300, level));
    let mut state = OnlineState::<f32, 32, 4>::new();
    state.reset(&matrix(&parts)).unwrap();
    follow(Online::new(), &mut state, &heard);
    let (before, error) = (state.w.data.0[3], static_error(&state.w, &back));
    follow(Online::new(), &mut state, &quiet);
    let similarity = cosine(&before, &state.w.data.0[3]);
    let end = static_error(&state.w, &back);
    findings.expect(similarity >= 0.99 && end <= error + 0.02, || {
        format!("noise {level}, seed {seed}: cosine {similarity}, error of the returned {end} after {error}")
    });
}

#[test]
fn a_silent_part_is_kept() {
    let mut findings = Findings::default();
    for seed in 0..3 {
        silent(0.0, seed, &mut findings);
    }
}

#[test]
fn a_silent_part_is_kept_in_noise() {
    let mut findings = Findings::default();
    for seed in 0..3 {
        silent(0.01, seed, &mut findings);
    }
}

/// A part of a trusted dictionary is not replaced by one frame that holds a thousandth of it.
#[test]
fn one_faint_use_does_not_replace_a_trusted_part() {
    let mut state = OnlineState::<f32, 4, 2>::new();
    state
        .reset(&SMatrix::from_data(tinynmf::nalgebra::ArrayStorage([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])))
        .unwrap();
    let online = Online::new().trust(500.0).components_per_frame(2);
    push(online, &mut state, &[1.0, 1.0, 1e-3, 0.5]);
    let similarity = cosine(&state.w.data.0[1], &[0.0, 0.0, 1.0, 0.0]);
    assert!(similarity >= 0.99, "{similarity}");
}

/// Zero columns get what the others do not explain, one a frame, at unit length.
#[test]
fn zero_components_learn_from_the_first_frames() {
    fn check<T: Real>() {
        let parts = parts::<32, 4>(8);
        let frames = cast::<T, 32>(&stream::<32, 4>(&parts, 9, 1500, 0.05));
        let mut known = matrix::<T, 32, 4>(&parts);
        for k in [1, 2] {
            known.set_column(k, &SVector::from([T::ZERO; 32]));
        }
        for (start, missing) in [(None, 4), (Some(known), 2)] {
            let mut state = OnlineState::<T, 32, 4>::new();
            if let Some(start) = start {
                state.reset(&start).unwrap();
            }
            let mut revived = 0;
            for x in &frames {
                revived += usize::from(push(Online::new(), &mut state, x).revived);
                assert_sound(&state, "zero components");
            }
            assert_eq!(revived, missing);
            for (k, column) in state.w.data.0.iter().enumerate() {
                let zero = start.is_none_or(|start| start.data.0[k] == [T::ZERO; 32]);
                let length = column.iter().map(|&w| to_f64(w).powi(2)).sum::<f64>().sqrt();
                assert!(!zero || (length - 1.0).abs() < 1e-5, "{length}");
            }
            let end = static_error(&state.w, &frames);
            // Noise of 0.05 leaves 0.017 in the true parts.
            assert!(end <= 0.06, "{end}");
        }
    }
    both!(check);
}

/// Statistics after which nothing is left of the third part, and what becomes of it.
#[test]
fn a_component_that_dies_is_revived() {
    let mut state = OnlineState::<f32, 3, 3>::new();
    let start = SMatrix::<f32, 3, 3>::new(2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 1.0, 0.0, 3.0);
    state.reset(&start).unwrap();
    let online = Online::new().trust(0.0).components_per_frame(3);
    push(online, &mut state, &[2.0, 0.0, 1.0]);
    // Wherever the third part was heard, the first explains more than there was.
    state.a.data.0[2] = [1.0, 0.0, 1.0];
    state.a.data.0[0][2] = 1.0;
    push(online, &mut state, &[2.0, 0.0, 1.0]);
    let dead = 2;
    assert_eq!(state.scale.iter().map(|&scale| scale > 0.0).collect::<Vec<_>>(), [true, true, false]);
    assert!(state.w.column(dead).iter().chain(state.gram.column(dead).iter()).all(|&value| value == 0.0));
    assert!(state.a.column(dead).iter().chain(state.b.column(dead).iter()).all(|&value| value == 0.0));
    // A frame that the others explain leaves it dead, a new one brings it back.
    let explained = state.w.data.0[0];
    assert!(!push(online, &mut state, &explained).revived);
    let update = push(online, &mut state, &[0.0, 1.0, 5.0]);
    assert!(update.revived && update.learned, "{update:?}");
    assert!(state.scale.iter().all(|&scale| scale > 0.0));
    let again = push(online, &mut state, &[0.0, 1.0, 5.0]);
    assert!(again.relative_residual < 1e-3, "{again:?}");
}

#[test]
fn known_parts_never_change() {
    fn check<T: Real>(fixed: usize, online: Online<T>) {
        let planted = parts::<32, 4>(11);
        let frames = cast::<T, 32>(&stream::<32, 4>(&planted, 12, 1000, 0.05));
        let mut start = matrix::<T, 32, 4>(&planted);
        for k in fixed..4 {
            start.set_column(k, &SVector::from(cast::<T, 32>(&random::<32>(13, 4))[k]));
        }
        let mut state = OnlineState::<T, 32, 4>::new();
        state.reset(&start).unwrap();
        let mut moved = false;
        let (scale, gram) = (state.scale, state.gram);
        for x in &frames {
            let update = push(online.fixed(fixed), &mut state, x);
            assert!(update.learned);
            moved |= update.drift > T::ZERO;
        }
        for k in 0..4 {
            let kept = state.w.column(k) == start.column(k);
            assert_eq!(kept, k < fixed, "component {k} of {fixed}");
            assert!(!kept || state.scale[k] == scale[k]);
        }
        assert_eq!(moved, fixed < 4);
        for (k, q) in (0..fixed.min(4)).flat_map(|k| (0..fixed.min(4)).map(move |q| (k, q))) {
            assert_eq!(state.gram[(k, q)], gram[(k, q)]);
        }
        let end = static_error(&state.w, &frames);
        // Noise of 0.05 leaves 0.017 in the true parts.
        assert!(end <= 0.05, "fixed {fixed}: {end}");
    }
    for fixed in [1, 3, 4, usize::MAX] {
        check::<f32>(fixed, Online::new());
        check::<f32>(fixed, Online::new().components_per_frame(usize::MAX).trust(50.0));
        check::<f64>(fixed, Online::new());
    }
}

/// With all parts known the codes are those of an encoder.
#[test]
fn with_every_part_known_push_is_an_encoder() {
    let frames = cast::<f32, 12>(&noisy::<12, 200, 3>(14, 0.3));
    let start = matrix::<f32, 12, 3>(&random::<12>(15, 3));
    let mut state = OnlineState::new();
    state.reset(&start).unwrap();
    let encoder = Encoder::new(&start);
    for x in &frames {
        let (mut h, mut expected) = (SVector::zeros(), SVector::zeros());
        let update = Online::new().fixed(3).push(&mut state, &frame(x), &mut h);
        let encoding = encoder.encode(&frame(x), &mut expected);
        assert_eq!(h, expected);
        assert_eq!((update.residual, update.kkt, update.drift), (encoding.residual, encoding.kkt, 0.0));
    }
}

/// A zero part that is known stays zero.
#[test]
fn a_known_zero_part_is_not_revived() {
    let frames = cast::<f32, 12>(&noisy::<12, 200, 3>(14, 0.3));
    let mut state = OnlineState::<f32, 12, 3>::new();
    for x in &frames {
        push(Online::new().fixed(1), &mut state, x);
    }
    assert!(state.w.column(0).iter().all(|&w| w == 0.0) && state.scale[0] == 0.0);
    assert!(state.scale[1] > 0.0 && state.scale[2] > 0.0);
}
