//! One fixed fit per solver, and what its bits must hash to. Shared with the firmware, which asserts the same constants on
//! every board: no `std` in here.

use rand_xorshift::XorShiftRng;
use tinynmf::kaczmarz::Sampling;
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{
    Als, Anls, Chain, Error, Factors, Hals, Kaczmarz, KaczmarzEntry, Momentum, Mu, MuKl, Nmf, Problem, RandomAls, Real,
    Solver, Start, Stop,
};

const M: usize = 13;
const N: usize = 21;
const K: usize = 3;

/// A fit and what it must hash to in f32 and in f64.
pub struct Fit {
    /// Solver and start, as they are written below.
    pub name: &'static str,
    /// Runs it and hashes the bits of W and H.
    pub digest: fn() -> Result<u64, Error>,
    pub expected_f32: u64,
    pub expected_f64: u64,
}

/// FNV-1a over the bits of W and H after at most 30 sweeps on noise that is zero in every fourth entry.
fn digest<T: Real, S>(solver: S, start: Start) -> Result<u64, Error>
where
    S: Solver<T, M, N, K> + Copy,
    S::Workspace: Default,
{
    let mut rng = XorShiftRng::seed_from_u64(7);
    let x: [[T; M]; N] = core::array::from_fn(|j| {
        core::array::from_fn(|i| {
            let draw = T::unit(rng.next_u64());
            if (i + j) % 4 == 0 { T::ZERO } else { draw }
        })
    });
    let problem = Problem::<T, M, N, _>::from_columns(&x[..])?;
    let (mut best, mut trial) = (Factors::<T, M, N, K>::zeros(), Factors::zeros());
    let nmf = Nmf::new(solver).stop(Stop::new().max_sweeps(30)).seed(1);
    let mut ws = S::Workspace::default();
    nmf.fit_restarts::<M, N, K, 1, _>(&problem, |_| start, &mut best, &mut trial, &mut ws)?;
    let values = best.w.iter().chain(best.h.iter());
    Ok(values.fold(0xcbf2_9ce4_8422_2325, |hash, value| {
        let bytes = value.bits().to_le_bytes();
        bytes.iter().fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    }))
}

fn tenth<T: Real>() -> T {
    T::ONE / T::from_count(10)
}

/// Solver, start, digest in f32, digest in f64.
macro_rules! expected {
    ($($solver:expr, $start:ident, $f32:literal, $f64:literal;)+) => {
        /// Every fit, one at a time.
        pub fn fits<T: Real>() -> impl Iterator<Item = Fit> {
            [$(Fit {
                name: stringify!($solver, $start),
                digest: || digest::<T, _>($solver, Start::$start),
                expected_f32: $f32,
                expected_f64: $f64,
            }),+].into_iter()
        }
    };
}

expected! {
    Hals::new(), Uniform, 0xf86a75c89b027772, 0x5ba5c5ed580af8ba;
    Hals::new(), Columns, 0xb8c15f2319f838c7, 0xbf66d7abf094757f;
    Hals::new(), Spa, 0x2c30a82d84127aa5, 0x718fae4d5e345152;
    Hals::new().l1_h(tenth()).l2_w(tenth()), Uniform, 0x624ac1071e89b5b1, 0x98bdfc896a8e82ba;
    Momentum::new(Hals::new()), Uniform, 0x59eba8734410c03c, 0x003be59199cb801e;
    Momentum::new(Anls::new()), Uniform, 0x9bd7b086d773059f, 0x724a8b28d72322a6;
    Anls::new(), Uniform, 0x357a77b1d24a1d66, 0x69971c2e67d39781;
    Als::new(), Uniform, 0xd06070ea05e4130d, 0x020b8d1181593d8e;
    Als::unconstrained(), Uniform, 0x10446123020ee251, 0x829b259e9ee5a76e;
    Chain::new(Hals::new(), Anls::new()), Uniform, 0x57bc7fe857ef6f6b, 0xbd4033bd2f86e106;
    Mu::new(), Uniform, 0xdcd6a35474909fd0, 0x09554efe09ed8012;
    Kaczmarz::new(), Uniform, 0xce0ca3658bcb3f12, 0xcf37589e99a3e555;
    Kaczmarz::new().decay(T::ZERO).tail_average(true), Uniform, 0x561ebdabde8298f8, 0x1437353e932f1c71;
    Kaczmarz::unconstrained().block(12).sampling(Sampling::Uniform), Uniform, 0x1529715baf456e45, 0x639cfcf75366e969;
    KaczmarzEntry::new(), Uniform, 0x000b40abb8f28e1f, 0xeeae203711578795;
    MuKl::new(), Uniform, 0x073c8e09260b39a5, 0x704fe078fa6a3d22;
    RandomAls::new(), Uniform, 0x6ea87769410e5c3a, 0xa1dd363d81cc960c;
    RandomAls::projected().replacement(true), Uniform, 0xbeba0b9169575246, 0x938235fc32f6da9f;
    RandomAls::unconstrained(), Uniform, 0x42bd26bc986f819b, 0x1f4c4f2affff9011;
}
