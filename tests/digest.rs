//! The bits of one fixed fit per solver. They are part of the contract: the same on every host, board and optimisation
//! level. A change here is a change of results and goes into the changelog under "Numerics".

use rand_xorshift::XorShiftRng;
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{Als, Anls, Factors, Hals, Momentum, Nmf, Problem, Real, Solver, Stop, Uniform};

const M: usize = 13;
const N: usize = 21;
const K: usize = 3;

/// FNV-1a over the bits of W and H after 30 sweeps on noise that is zero in every fourth entry.
fn digest<T: Real, S>(solver: S) -> u64
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
    let mut factors = Factors::<T, M, N, K>::zeros();
    factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(1)));
    let nmf = Nmf::new(solver).stop(Stop::new().max_sweeps(30));
    nmf.fit(&problem, &mut factors, &mut S::Workspace::default()).unwrap();
    let values = factors.w.iter().chain(factors.h.iter());
    values.fold(0xcbf2_9ce4_8422_2325, |hash, value| {
        value
            .bits()
            .to_le_bytes()
            .iter()
            .fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    })
}

#[test]
fn f32_bits_are_fixed() {
    assert_eq!(digest::<f32, _>(Hals::new()), 0xf86a_75c8_9b02_7772);
    assert_eq!(digest::<f32, _>(Momentum::new(Hals::new())), 0x3197_539b_05ad_4e18);
    assert_eq!(digest::<f32, _>(Anls::new()), 0x357a_77b1_d24a_1d66);
    assert_eq!(digest::<f32, _>(Als::new()), 0xd060_70ea_05e4_130d);
}

#[test]
fn f64_bits_are_fixed() {
    assert_eq!(digest::<f64, _>(Hals::new()), 0x5ba5_c5ed_580a_f8ba);
    assert_eq!(digest::<f64, _>(Momentum::new(Hals::new())), 0x02e8_3fa1_3aa9_ee4c);
    assert_eq!(digest::<f64, _>(Anls::new()), 0x6997_1c2e_67d3_9781);
    assert_eq!(digest::<f64, _>(Als::new()), 0x020b_8d11_8159_3d8e);
}
