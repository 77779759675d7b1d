//! An `OnlineState` that was written to a format and read back goes on with the same bits.

use rand_xorshift::XorShiftRng;
use tinynmf::nalgebra::SVector;
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{Online, OnlineState, Real};

const M: usize = 9;
const K: usize = 3;

fn frame<T: Real>(rng: &mut XorShiftRng) -> SVector<T, M> {
    SVector::from_fn(|_, _| T::unit(rng.next_u64()))
}

fn check<T: Real + serde::Serialize + serde::de::DeserializeOwned>() {
    let mut rng = XorShiftRng::seed_from_u64(3);
    let mut state = OnlineState::<T, M, K>::new();
    let mut h = SVector::<T, K>::from_element(T::ZERO);
    for _ in 0..50 {
        Online::new().push(&mut state, &frame(&mut rng), &mut h);
    }
    let bytes = postcard::to_stdvec(&state).unwrap();
    let mut restored: OnlineState<T, M, K> = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(restored, state);
    for _ in 0..50 {
        let x = frame(&mut rng);
        let mut other = h;
        let a = Online::new().push(&mut state, &x, &mut h);
        let b = Online::new().push(&mut restored, &x, &mut other);
        assert_eq!(a, b);
        assert!(h.iter().zip(other.iter()).all(|(a, b)| a.bits() == b.bits()));
    }
    assert!(state.w.iter().zip(restored.w.iter()).all(|(a, b)| a.bits() == b.bits()));
}

#[test]
fn a_state_survives_being_stored_f32() {
    check::<f32>();
}

#[test]
fn a_state_survives_being_stored_f64() {
    check::<f64>();
}
