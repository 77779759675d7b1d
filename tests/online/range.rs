//! Frames and states at the limits: nothing breaks, and no harm lasts.

use super::*;

#[test]
fn frames_that_are_not_finite_are_refused() {
    fn check<T: Real>() {
        for before in [OnlineState::new(), midway::<T>()] {
            for value in [T::INFINITY, -T::INFINITY, T::INFINITY - T::INFINITY] {
                for i in 0..12 {
                    let mut x = SVector::from([T::ONE; 12]);
                    x[i] = value;
                    let mut state = before.clone();
                    let mut h = SVector::from([T::TWO; 3]);
                    let update = Online::new().push(&mut state, &x, &mut h);
                    assert_eq!(update.status, NnlsStatus::NonFinite, "{value} at {i}");
                    assert!(!update.learned && !update.revived && update.drift == T::ZERO, "{update:?}");
                    assert_eq!(h, SVector::from([T::TWO; 3]));
                    assert_eq!((&state, words(&state)), (&before, words(&before)));
                }
            }
        }
    }
    both!(check);
}

#[test]
fn zero_frames_teach_nothing() {
    fn check<T: Real>() {
        for before in [OnlineState::new(), midway::<T>()] {
            let mut state = before.clone();
            let mut h = SVector::from([T::TWO; 3]);
            let update = Online::new().push(&mut state, &SVector::from([T::ZERO; 12]), &mut h);
            assert_eq!(
                (update.status, update.residual, update.relative_residual),
                (NnlsStatus::Optimal, T::ZERO, T::ZERO)
            );
            assert!(!update.learned && !update.revived && update.drift == T::ZERO, "{update:?}");
            assert_eq!(h, SVector::from([T::ZERO; 3]));
            assert_eq!((&state, words(&state)), (&before, words(&before)));
        }
    }
    both!(check);
}

/// Loud, faint, and both in turn: the numbers stay sound, and a stream that settles is learnt again.
#[test]
fn extreme_frames_do_no_lasting_harm() {
    fn check<T: Real>(gains: &dyn Fn(usize) -> f64, what: &str) {
        for (trust, half_life) in [(1.0, 69.0), (0.0, 5.0), (500.0, f64::INFINITY)] {
            let online = Online::new().trust(from_f64(trust)).half_life(from_f64(half_life));
            let parts = parts::<12, 3>(1);
            let frames = stream::<12, 3>(&parts, 2, 400, 0.0);
            let mut state = OnlineState::<T, 12, 3>::new();
            state.reset(&matrix(&parts)).unwrap();
            let mut h = SVector::from([T::ZERO; 3]);
            for (n, x) in frames.iter().enumerate() {
                let update = online.push(&mut state, &frame(&x.map(|x| from_f64(x * gains(n)))), &mut h);
                assert_sound(&state, what);
                assert!(h.iter().all(|h| h.is_finite() && *h >= T::ZERO), "{what}: {h:?}");
                let sane = update.relative_residual >= T::ZERO && update.relative_residual <= from_f64(1.001);
                assert!(sane || update.status == NnlsStatus::NonFinite, "{what}: {update:?}");
            }
            let settled = cast::<T, 12>(&stream::<12, 3>(&parts, 3, 1000, 0.0));
            follow(Online::new(), &mut state, &settled);
            let end = static_error(&state.w, &settled);
            // The parts are those of the start: what was loud taught the same as what is not.
            assert!(end <= 0.02, "{what}, {}, trust {trust}: {end}", scalar::<T>());
        }
    }
    let patterns: [(&str, &dyn Fn(usize) -> f64); 5] = [
        ("saturated", &|n| if n % 3 == 0 { 3e38 } else { 1.0 }),
        ("faint", &|_| 1e-38),
        ("subnormal", &|n| if n % 2 == 0 { 1e-42 } else { 1.0 }),
        ("alternating", &|n| if n % 2 == 0 { 1e30 } else { 1e-30 }),
        ("rising", &|n| 10_f64.powi(n as i32 / 6 - 33)),
    ];
    for (what, gains) in patterns {
        check::<f32>(gains, what);
        check::<f64>(gains, what);
    }
    check::<f64>(&|n| 10_f64.powi(n as i32 - 150), "rising by decades");
    check::<f64>(&|n| if n % 2 == 0 { 1e300 } else { 1e-300 }, "alternating by 600 decades");
}

#[test]
fn saturated_frames_keep_everything_finite() {
    let mut state = midway::<f32>();
    for n in 0..500 {
        let x = std::array::from_fn(|i| if (n + i) % 5 == 0 { 0.0 } else { f32::MAX });
        push(Online::new(), &mut state, &x);
        assert_sound(&state, "saturated");
    }
    let x = cast::<f32, 12>(&noisy::<12, 50, 3>(1, 0.3));
    for _ in 0..20 {
        follow(Online::new(), &mut state, &x);
    }
    // Noise of 0.3 leaves 0.1; the bound allows half as much again.
    let end = static_error(&state.w, &x);
    assert!(end <= 0.15, "{end}");
}

/// A gain that drifts by thirty decades over thousands of frames, both ways, and stays there: the dictionary is as good as before.
#[test]
fn a_gain_that_drifts_is_followed() {
    let frames = stream::<32, 4>(&parts::<32, 4>(3), 4, 6000, 0.1);
    let x = cast::<f32, 32>(&frames);
    for decades in [30.0, -30.0] {
        let mut state = OnlineState::<f32, 32, 4>::new();
        state.reset(&matrix(&random::<32>(5, 4))).unwrap();
        follow(Online::new(), &mut state, &x[..1000]);
        let before = static_error(&state.w, &x);
        for (n, x) in frames[1000..].iter().enumerate() {
            let gain = 10_f64.powf(decades * f64::min(n as f64 / 4000.0, 1.0));
            assert!(push(Online::new(), &mut state, &x.map(|x| (x * gain) as f32)).learned);
            assert_sound(&state, "drifting");
        }
        let after = static_error(&state.w, &x);
        // Noise of 0.1 leaves 0.035 in the true parts; a fifth of that is what the last frames weigh in.
        assert!(after <= 1.2 * before && after <= 0.05, "{decades}: {after} after {before}");
    }
}

/// x·2^e from the first frame on: the same bits, but for the exponent and the unit of the codes.
#[test]
fn a_power_of_two_in_the_stream_changes_no_bit_of_w() {
    fn check<T: Real>(exponents: &[i32]) {
        let frames = cast::<T, 12>(&noisy::<12, 300, 4>(6, 0.3));
        for online in [
            Online::new(),
            Online::new().components_per_frame(3).trust(from_f64(20.0)),
            Online::new().l1(from_f64(0.05)).l2(from_f64(0.01)),
        ] {
            for start in [None, Some(random::<12>(7, 3))] {
                let run = |e: i32| {
                    let mut state = OnlineState::<T, 12, 3>::new();
                    if let Some(start) = &start {
                        state.reset(&matrix(start)).unwrap();
                    }
                    let mut codes = Vec::new();
                    for x in &frames {
                        let mut h = SVector::from([T::ZERO; 3]);
                        online.push(&mut state, &frame(&x.map(|x| x * T::exp2i(e))), &mut h);
                        codes.extend(h.iter().map(|&h| (h * T::exp2i(-e)).bits()));
                    }
                    state.exponent -= e;
                    (words(&state), codes)
                };
                let expected = run(0);
                for &e in exponents {
                    assert!(run(e) == expected, "{} 2^{e}", scalar::<T>());
                }
            }
        }
    }
    check::<f32>(&[-60, -21, -1, 1, 22, 60]);
    check::<f64>(&[-500, -60, -1, 1, 60, 500]);
}

/// Whatever finite values a state holds, a push gives finite codes and leaves a finite W.
#[test]
fn a_state_of_any_finite_values_stays_finite() {
    let extremes = [0.0, f32::MIN_POSITIVE, 1e-20, 1.0, 3.0, 1e20, f32::MAX, -1.0, -f32::MAX];
    let mut rng = XorShiftRng::seed_from_u64(17);
    let mut draw = |n: usize| (rng.next_u64() >> 33) as usize % n;
    let new = Online::new;
    let online = [new(), new().components_per_frame(3), new().trust(f32::MAX), new().fixed(1)];
    let mut findings = Findings::default();
    for round in 0..2000 {
        let mut state = midway::<f32>();
        let mut changes = Vec::new();
        for _ in 0..=round % 3 {
            let (field, value) = (draw(7), extremes[draw(extremes.len())]);
            match field {
                0 => state.w[(draw(12), draw(3))] = value.abs(),
                1 => state.gram[(draw(3), draw(3))] = value,
                2 => state.scale[draw(3)] = value,
                3 => state.a[(draw(3), draw(3))] = value,
                4 => state.b[(draw(12), draw(3))] = value,
                5 => state.exponent = [i32::MIN, -1000, -126, 0, 127, 1000, i32::MAX][draw(7)],
                _ => (state.next, state.retention) = ([0, 2, 3, u32::MAX][draw(4)], value),
            }
            changes.push((["w", "gram", "scale", "a", "b", "exponent", "retention"][field], value));
        }
        for n in 0..5 {
            let x = std::array::from_fn(|i| (1 + (i + n) % 4) as f32);
            let mut h = SVector::zeros();
            online[round % 4].push(&mut state, &frame(&x), &mut h);
            let sound = h.iter().all(|h| h.is_finite()) && state.w.iter().all(|&w| w.is_finite() && w >= 0.0);
            findings.expect(sound, || format!("{changes:?}, frame {n}: {} {h}", state.w));
        }
    }
}

/// Twenty thousand frames: sound to the end, and as good at the end as before.
#[test]
fn a_long_stream_stays_sound() {
    fn check<T: Real>() {
        let frames = cast::<T, 16>(&stream::<16, 4>(&parts::<16, 4>(33), 34, 20_000, 0.3));
        let mut state = OnlineState::<T, 16, 4>::new();
        let mut windows: Vec<f64> = Vec::new();
        for frames in frames.chunks(1000) {
            windows.push(windowed(Online::new(), &mut state, frames));
            assert_sound(&state, "a long stream");
        }
        let (last, earlier) = windows.split_last().expect("windows");
        assert!(*last <= 1.05 * median(earlier.to_vec()), "{}: {windows:?}", scalar::<T>());
        assert_consistent(&state, if single::<T>() { 1e-5 } else { 1e-13 });
    }
    both!(check);
}

/// A sensor that is stuck at full scale for a thousand frames: 2000 frames later the dictionary is
/// as good as one that has seen nothing else, within a fifth. With plain fading its energy
/// outweighs the frames behind it, and what it made of the parts stays where they fall silent: up
/// to 3.9 times the error here.
#[test]
fn a_stuck_sensor_does_no_lasting_harm() {
    fn check<T: Real>(findings: &mut Findings) {
        for (seed, gain) in [(1, 30.0), (2, 300.0), (3, 3000.0)] {
            let frames = stream::<32, 4>(&parts::<32, 4>(50 + seed), 60 + seed, 2400, 0.1);
            let frames = cast::<T, 32>(&frames.iter().map(|x| x.map(|x| (gain * x).round())).collect::<Vec<_>>());
            let (before, behind) = frames.split_at(400);
            let (mut stuck, mut fresh) = (OnlineState::<T, 32, 4>::new(), OnlineState::<T, 32, 4>::new());
            follow(Online::new(), &mut stuck, before);
            follow(Online::new(), &mut stuck, &[[from_f64(65_535.0); 32]; 1000]);
            follow(Online::new(), &mut stuck, behind);
            follow(Online::new(), &mut fresh, behind);
            let [stuck, fresh] = [stuck, fresh].map(|state| static_error(&state.w, behind));
            println!("{}, gain {gain}: {stuck:.4} after full scale, {fresh:.4} without", scalar::<T>());
            findings
                .expect(stuck <= 1.2 * fresh, || format!("{}, gain {gain}: {stuck}, {fresh} without", scalar::<T>()));
        }
    }
    let mut findings = Findings::default();
    both!(check, &mut findings);
}
