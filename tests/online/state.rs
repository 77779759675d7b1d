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
        rebuilt.loudness = whole.loudness;
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
    for exponent in [-47, -44, 0, 44, 47] {
        assert_eq!(at_size(exponent), Ok(()), "2^{exponent}");
    }
    for exponent in [-126, -100, -60, -48, 48, 60, 100, 127] {
        assert_eq!(at_size(exponent), Err(Error::PartSize { component: 2 }), "2^{exponent}");
    }
    // The first of several.
    let mut w = good;
    (w[(3, 2)], w[(5, 0)]) = (-1.0, -1.0);
    assert_eq!(before.clone().reset(&w), Err(Error::InitialW { row: 5, column: 0 }));
}

/// Parts of any length that is taken learn alike, to the bit: a dictionary in amperes, 1e-13, is
/// one.
#[test]
fn the_length_of_a_part_does_not_matter() {
    fn check<T: Real>(lengths: &[[i32; 3]]) {
        let frames = cast::<T, 12>(&noisy::<12, 200, 3>(33, 0.3));
        let run = |exponents: [i32; 3]| {
            let mut w = matrix::<T, 12, 3>(&random::<12>(34, 3));
            for (mut w, e) in w.column_iter_mut().zip(exponents) {
                w.iter_mut().for_each(|w| *w *= T::exp2i(e));
            }
            let mut state = OnlineState::new();
            state.reset(&w).unwrap();
            follow(Online::new().fixed(1), &mut state, &frames);
            for (k, e) in exponents.into_iter().enumerate() {
                state.w.column_mut(k).iter_mut().for_each(|w| *w *= T::exp2i(-e));
                state.scale[k] *= T::exp2i(e);
            }
            words(&state)
        };
        let plain = run([0; 3]);
        for &exponents in lengths {
            assert!(run(exponents) == plain, "{} {exponents:?}", scalar::<T>());
        }
    }
    check::<f32>(&[[-43; 3], [43, -43, 0], [-46, 45, -46]]);
    check::<f64>(&[[-43; 3], [380, -380, 0], [-381, 380, -381]]);
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
