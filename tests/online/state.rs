//! What a state holds: the same bits after it was saved, a Gram and scales that belong to W.

use super::*;

#[test]
fn a_saved_state_goes_on_with_the_same_bits() {
    fn check<T: Real>() {
        let frames = cast::<T, 12>(&noisy::<12, 300, 4>(16, 0.3));
        let (first, second) = frames.split_at(120);
        let online = Online::new().half_life(from_f64(30.0)).trust(from_f64(5.0));
        let mut whole = OnlineState::<T, 12, 3>::new();
        follow(online, &mut whole, first);
        let mut cloned = whole.clone();
        let mut rebuilt = OnlineState::new();
        rebuilt.w = whole.w;
        rebuilt.gram = whole.gram;
        rebuilt.scale = whole.scale;
        rebuilt.a = whole.a;
        rebuilt.b = whole.b;
        rebuilt.exponent = whole.exponent;
        rebuilt.next = whole.next;
        rebuilt.half_life = whole.half_life;
        rebuilt.retention = whole.retention;
        for state in [&mut whole, &mut cloned, &mut rebuilt] {
            follow(online, state, second);
        }
        assert_eq!(words(&cloned), words(&whole));
        assert_eq!(words(&rebuilt), words(&whole));
    }
    both!(check);
}

#[test]
fn a_reset_that_fails_leaves_the_state() {
    let before = midway::<f32>();
    let good = matrix::<f32, 12, 3>(&random::<12>(26, 3));
    let fails = |entry: (usize, usize), value: f32| {
        let (mut state, mut w) = (before.clone(), good);
        w[entry] = value;
        let error = state.reset(&w);
        assert_eq!(error.is_err(), words(&state) == words(&before), "{value}");
        error
    };
    for value in [-1.0, -f32::MIN_POSITIVE, f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(fails((4, 1), value), Err(Error::InitialW { row: 4, column: 1 }), "{value}");
    }
    assert_eq!(fails((4, 1), -0.0), Ok(()));
    let at_size = |exponent: i32| {
        let (mut state, mut w) = (before.clone(), good);
        w.column_mut(2).fill(0.0);
        w[(7, 2)] = f32::exp2i(exponent);
        let result = state.reset(&w);
        assert_eq!(result.is_err(), words(&state) == words(&before), "2^{exponent}");
        result
    };
    for exponent in [-40, 0, 40] {
        assert_eq!(at_size(exponent), Ok(()), "2^{exponent}");
    }
    for exponent in [-126, -100, -60, -41, 41, 60, 100, 127] {
        assert_eq!(at_size(exponent), Err(Error::InitialW { row: 0, column: 2 }), "2^{exponent}");
    }
    // The first of several.
    let mut w = good;
    (w[(3, 2)], w[(5, 0)]) = (-1.0, -1.0);
    assert_eq!(before.clone().reset(&w), Err(Error::InitialW { row: 5, column: 0 }));
}

/// The Gram and the scales are those of W, as W is after thousands of improvements.
#[test]
fn gram_and_scale_follow_w() {
    fn check<T: Real>(tolerance: f64) {
        for online in [Online::new(), Online::new().components_per_frame(4), Online::new().fixed(2)] {
            let frames = cast::<T, 32>(&stream::<32, 4>(&parts::<32, 4>(30), 31, 2000, 0.3));
            let mut state = OnlineState::<T, 32, 4>::new();
            state.reset(&matrix(&random::<32>(32, 4))).unwrap();
            follow(online, &mut state, &frames);
            assert_consistent(&state, tolerance);
        }
    }
    // Rounding of 32 products and of the scale: 100u in f32.
    check::<f32>(1e-5);
    check::<f64>(1e-13);
}
