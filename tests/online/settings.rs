//! Settings, in and out of range.

use super::*;

#[test]
fn settings_out_of_range_are_named() {
    fn check<T: Real>() {
        let nan = T::INFINITY - T::INFINITY;
        let new = Online::<T>::new;
        assert_eq!(new().validate(), Ok(()));
        assert_eq!(Online::default(), new());
        assert_eq!(new().half_life(T::INFINITY).fixed(usize::MAX).trust(T::ZERO).validate(), Ok(()));
        assert_eq!(new().components_per_frame(0).validate(), Err(Error::Setting(Setting::ComponentsPerFrame)));
        for value in [T::ZERO, -T::ONE, nan, -T::INFINITY] {
            assert_eq!(new().half_life(value).validate(), Err(Error::Setting(Setting::HalfLife)), "{value}");
        }
        for value in [-T::ONE, nan, T::INFINITY] {
            assert_eq!(new().trust(value).validate(), Err(Error::Setting(Setting::Trust)), "{value}");
            assert_eq!(new().l1(value).validate(), Err(Error::Setting(Setting::L1)), "{value}");
            assert_eq!(new().l2(value).validate(), Err(Error::Setting(Setting::L2)), "{value}");
        }
    }
    both!(check);
}

/// `push` without `validate`: what is out of range counts as the default, as 0 or as an order not to learn.
#[test]
fn settings_out_of_range_stay_harmless() {
    fn check<T: Real>() {
        let nan = T::INFINITY - T::INFINITY;
        let frames = cast::<T, 12>(&noisy::<12, 100, 3>(18, 0.3));
        let run = |online: Online<T>| {
            let mut state = OnlineState::<T, 12, 3>::new();
            state.reset(&matrix(&random::<12>(19, 3))).unwrap();
            let mut codes = Vec::new();
            for x in &frames {
                let mut h = SVector::from([T::ZERO; 3]);
                online.push(&mut state, &frame(x), &mut h);
                assert_sound(&state, "settings");
                codes.extend(h.iter().map(|h| h.bits()));
                assert!(h.iter().all(|h| h.is_finite() && *h >= T::ZERO));
            }
            (state.w, codes)
        };
        let new = Online::<T>::new;
        let expected = run(new());
        for value in [-T::ONE, nan, -T::INFINITY] {
            assert_eq!(run(new().l1(value)), expected, "L1 {value}");
            assert_eq!(run(new().l2(value)), expected, "L2 {value}");
            assert_eq!(run(new().trust(value)), run(new().trust(T::ZERO)), "trust {value}");
        }
        for value in [T::INFINITY, from_f64(1e30)] {
            run(new().l1(value));
            run(new().l2(value));
            run(new().trust(value));
            run(new().half_life(T::ONE / value));
            run(new().half_life(value));
        }
        let mut state = midway::<T>();
        let before = words(&state);
        let update = push(new().components_per_frame(0), &mut state, &frames[0]);
        assert!(!update.learned && update.drift == T::ZERO && update.residual > T::ZERO);
        assert_eq!(words(&state), before);
    }
    both!(check);
}

/// Without `validate` a half-life that is not above 0 counts as the default, from the first frame on, and the state stays plain numbers.
#[test]
fn a_half_life_out_of_range_counts_as_the_default() {
    fn check<T: Real>(findings: &mut Findings) {
        let frames = cast::<T, 12>(&noisy::<12, 100, 3>(18, 0.3));
        let run = |online: Online<T>| {
            let mut state = OnlineState::<T, 12, 3>::new();
            follow(online, &mut state, &frames);
            state
        };
        let expected = run(Online::new());
        for value in [T::ZERO, -T::ONE, T::INFINITY - T::INFINITY, -T::INFINITY] {
            let state = run(Online::new().half_life(value));
            findings.expect(state.w == expected.w && state.a == expected.a, || {
                format!(
                    "{} half-life {value}: retention {}, not {}",
                    scalar::<T>(),
                    state.retention,
                    expected.retention
                )
            });
            findings.expect(state.clone() == state, || {
                format!("{} half-life {value}: the state holds a NaN", scalar::<T>())
            });
        }
    }
    let mut findings = Findings::default();
    both!(check, &mut findings);
}

/// Penalties shrink codes.
#[test]
fn penalties_reach_the_codes() {
    let frames = cast::<f32, 12>(&noisy::<12, 100, 3>(18, 0.3));
    let sum = |online: Online<f32>| {
        let mut state = OnlineState::<f32, 12, 3>::new();
        state.reset(&matrix(&random::<12>(19, 3))).unwrap();
        let mut h = SVector::zeros();
        frames
            .iter()
            .map(|x| {
                online.fixed(3).push(&mut state, &frame(x), &mut h);
                h.sum()
            })
            .sum::<f32>()
    };
    let plain = sum(Online::new());
    assert!(sum(Online::new().l1(0.2)) < 0.95 * plain);
    assert!(sum(Online::new().l2(0.2)) < 0.95 * plain);
    assert_eq!(sum(Online::new().l1(1.0)), 0.0);
}
