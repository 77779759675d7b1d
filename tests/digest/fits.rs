//! One fixed fit per solver, and what its bits must hash to. Shared with the firmware, which asserts the same constants on
//! every board: no `std` in here.

use rand_xorshift::XorShiftRng;
use tinynmf::kaczmarz::Sampling;
use tinynmf::nalgebra::{ArrayStorage, SMatrix, SVector};
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{
    Als, Anls, Chain, Encoder, Error, Factors, Hals, Kaczmarz, KaczmarzEntry, KlEncoder, Momentum, Mu, MuKl, Nmf,
    Online, OnlineState, Problem, RandomAls, Real, Solver, Start, Stop,
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
#[inline(never)]
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
    Ok(hash(best.w.iter().chain(best.h.iter())))
}

fn hash<'v, T: Real>(values: impl Iterator<Item = &'v T>) -> u64 {
    values.fold(0xcbf2_9ce4_8422_2325, |hash, value| {
        let bytes = value.bits().to_le_bytes();
        bytes.iter().fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    })
}

/// Codes of noise in parts of noise, exact, sparse and by Kullback–Leibler.
#[inline(never)]
fn codes<T: Real>() -> Result<u64, Error> {
    let mut rng = XorShiftRng::seed_from_u64(9);
    let w = SMatrix::<T, M, K>::from_fn(|_, _| T::unit(rng.next_u64()));
    let (exact, mut sum) = (Encoder::new(&w), 0);
    let sparse = exact.clone().l1(tenth()).l2(tenth()).max_active(2);
    let divergence = KlEncoder::new(&w)?;
    for _ in 0..N {
        let x = SVector::<T, M>::from_fn(|_, _| T::unit(rng.next_u64()));
        let mut h = [const { SVector::<T, K>::from_array_storage(ArrayStorage([[T::ZERO; K]])) }; 3];
        let [a, b, c] = &mut h;
        for (encoder, h) in [(&exact, a), (&sparse, b)] {
            encoder.encode(&x, h);
        }
        divergence.encode(&x, c)?;
        sum ^= hash(h.iter().flat_map(|h| h.iter()));
    }
    Ok(sum)
}

/// The dictionary after noise was pushed.
#[inline(never)]
fn stream<T: Real>() -> Result<u64, Error> {
    let mut rng = XorShiftRng::seed_from_u64(11);
    let (mut state, online) = (OnlineState::<T, M, K>::new(), Online::new().half_life(T::from_count(20)).fixed(1));
    for _ in 0..10 * N {
        let x = SVector::<T, M>::from_fn(|_, _| T::unit(rng.next_u64()));
        let mut h = SVector::from_element(T::ZERO);
        online.push(&mut state, &x, &mut h);
    }
    Ok(hash(state.w.iter()))
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
    Hals::new(), Uniform, 0x41c09bd49ba57082, 0x9f491dc0f363d6ee;
    Hals::new(), Columns, 0x7f7a164f7d9a541f, 0x7255781f02ede48f;
    Hals::new(), Spa, 0x66668c5570fb13fb, 0x937dfa8efd7c9185;
    Hals::new().l1_h(tenth()).l2_w(tenth()), Uniform, 0xc670665863623a31, 0x36182c46c48dd465;
    Momentum::new(Hals::new()), Uniform, 0xa6ca743fe17a6564, 0x8a4a87337ce14f69;
    Momentum::new(Anls::new()), Uniform, 0x3efb9bea0e53e31b, 0x1fb2571faa09b4df;
    Anls::new(), Uniform, 0x1002758be80043f5, 0x54647364d2cee14c;
    Als::new(), Uniform, 0x09f2bf552b2c86d1, 0x07a5d0d397b53816;
    Als::unconstrained(), Uniform, 0x496580d0a6db2e92, 0xdbcf39ab19025622;
    Chain::new(Hals::new(), Anls::new()), Uniform, 0x1301f4e770c757ba, 0x39404eea85bde4f0;
    Mu::new(), Uniform, 0xdcd6a35474909fd0, 0x09554efe09ed8012;
    Kaczmarz::new(), Uniform, 0xce0ca3658bcb3f12, 0xcf37589e99a3e555;
    Kaczmarz::new().decay(T::ZERO).tail_average(true), Uniform, 0x561ebdabde8298f8, 0x1437353e932f1c71;
    Kaczmarz::unconstrained().block(12).sampling(Sampling::Uniform), Uniform, 0xea9d35e17ab77593, 0x6f22d215ee081a1c;
    KaczmarzEntry::new(), Uniform, 0x000b40abb8f28e1f, 0xeeae203711578795;
    MuKl::new(), Uniform, 0x073c8e09260b39a5, 0x704fe078fa6a3d22;
    RandomAls::new(), Uniform, 0xe4702fd8d1f12258, 0x86d067a365f768e4;
    RandomAls::projected().replacement(true), Uniform, 0x51fd0ea3bbf0a877, 0x288fc1e46c89a566;
    RandomAls::unconstrained(), Uniform, 0xd8bd84a883f66ff7, 0x973e62e2b919aa83;
}

/// Encoders, and a dictionary that follows. An image of their own: the smallest board has no flash for all.
pub fn codes_and_stream<T: Real>() -> [Fit; 2] {
    [
        Fit { name: "codes", digest: codes::<T>, expected_f32: 0x3cfca0dff20146b4, expected_f64: 0xbea7e73c7232aae5 },
        Fit { name: "stream", digest: stream::<T>, expected_f32: 0x4ed0e47ce03f67cb, expected_f64: 0x9acf73941dc76ee0 },
    ]
}
