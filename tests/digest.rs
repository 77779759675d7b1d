//! The bits of one fixed fit per solver. They are part of the contract: the same on every host, board and optimisation
//! level. A change here is a change of results and goes into the changelog under "Numerics".

use rand_xorshift::XorShiftRng;
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{Als, Anls, Chain, Factors, Hals, Momentum, Nmf, Problem, Real, Solver, Start, Stop};

const M: usize = 13;
const N: usize = 21;
const K: usize = 3;

/// FNV-1a over the bits of W and H after at most 30 sweeps on noise that is zero in every fourth entry.
fn digest<T: Real, S>(solver: S, start: Start) -> u64
where
    S: Solver<T, M, N, K> + Copy,
    S::Workspace: Default,
{
    let mut rng = XorShiftRng::seed_from_u64(7);
    let x: [[T; M]; N] = std::array::from_fn(|j| {
        std::array::from_fn(|i| {
            let draw = T::unit(rng.next_u64());
            if (i + j) % 4 == 0 { T::ZERO } else { draw }
        })
    });
    let problem = Problem::<T, M, N, _>::from_columns(&x[..]).unwrap();
    let (mut best, mut trial) = (Factors::<T, M, N, K>::zeros(), Factors::zeros());
    let nmf = Nmf::new(solver).stop(Stop::new().max_sweeps(30)).seed(1);
    let mut ws = S::Workspace::default();
    nmf.fit_restarts::<M, N, K, 1, _>(&problem, |_| start, &mut best, &mut trial, &mut ws).unwrap();
    let values = best.w.iter().chain(best.h.iter());
    values.fold(0xcbf2_9ce4_8422_2325, |hash, value| {
        value
            .bits()
            .to_le_bytes()
            .iter()
            .fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    })
}

fn digests<T: Real>() -> [u64; 10] {
    let tenth = T::ONE / T::from_count(10);
    [
        digest::<T, _>(Hals::new(), Start::Uniform),
        digest::<T, _>(Hals::new(), Start::Columns),
        digest::<T, _>(Hals::new(), Start::Spa),
        digest::<T, _>(Hals::new().l1_h(tenth).l2_w(tenth), Start::Uniform),
        digest::<T, _>(Momentum::new(Hals::new()), Start::Uniform),
        digest::<T, _>(Momentum::new(Anls::new()), Start::Uniform),
        digest::<T, _>(Anls::new(), Start::Uniform),
        digest::<T, _>(Als::new(), Start::Uniform),
        digest::<T, _>(Als::unconstrained(), Start::Uniform),
        digest::<T, _>(Chain::new(Hals::new(), Anls::new()), Start::Uniform),
    ]
}

#[test]
fn f32_bits_are_fixed() {
    assert_eq!(digests::<f32>().map(|digest| format!("{digest:016x}")), F32);
}

#[test]
fn f64_bits_are_fixed() {
    assert_eq!(digests::<f64>().map(|digest| format!("{digest:016x}")), F64);
}

const F32: [&str; 10] = [
    "f86a75c89b027772",
    "b8c15f2319f838c7",
    "2c30a82d84127aa5",
    "624ac1071e89b5b1",
    "59eba8734410c03c",
    "9bd7b086d773059f",
    "357a77b1d24a1d66",
    "d06070ea05e4130d",
    "10446123020ee251",
    "57bc7fe857ef6f6b",
];
const F64: [&str; 10] = [
    "5ba5c5ed580af8ba",
    "bf66d7abf094757f",
    "718fae4d5e345152",
    "98bdfc896a8e82ba",
    "003be59199cb801e",
    "724a8b28d72322a6",
    "69971c2e67d39781",
    "020b8d1181593d8e",
    "829b259e9ee5a76e",
    "bd4033bd2f86e106",
];
