//! The bits of one fixed fit per solver. They are part of the contract: the same on every host, board and optimisation
//! level. A change here is a change of results and goes into the changelog under "Numerics".

mod fits;

use fits::{Fit, codes_and_stream, fits};
use tinynmf::Real;

fn check<T: Real>(expected: impl Fn(&Fit) -> u64) {
    let wrong: Vec<String> = fits::<T>()
        .chain(codes_and_stream::<T>())
        .map(|fit| (fit.name, (fit.digest)().unwrap(), expected(&fit)))
        .filter(|(_, digest, expected)| digest != expected)
        .map(|(name, digest, expected)| format!("{name}: {digest:#018x}, was {expected:#018x}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn f32_bits_are_fixed() {
    check::<f32>(|fit| fit.expected_f32);
}

#[test]
fn f64_bits_are_fixed() {
    check::<f64>(|fit| fit.expected_f64);
}
