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
    Hals::new(), Uniform, 0xf86a75c89b027772, 0x5ba5c5ed580af8ba;
    Hals::new(), Columns, 0xb8c15f2319f838c7, 0xbf66d7abf094757f;
    Hals::new(), Spa, 0x2c30a82d84127aa5, 0x718fae4d5e345152;
    Hals::new().l1_h(tenth()).l2_w(tenth()), Uniform, 0xc670665863623a31, 0x36182c46c48dd465;
    Momentum::new(Hals::new()), Uniform, 0x59eba8734410c03c, 0x003be59199cb801e;
    Momentum::new(Anls::new()), Uniform, 0x5b6b9c123a7ba1a1, 0x77f30d8ff88a02f7;
    Anls::new(), Uniform, 0x98d49d13630900ed, 0x8cfc76e9546771c9;
    Als::new(), Uniform, 0x0638cd2bdec831c4, 0xb1fcabf1e0e16ab1;
    Als::unconstrained(), Uniform, 0x08c1f9295e65e69b, 0xd76393399ed06b88;
    Chain::new(Hals::new(), Anls::new()), Uniform, 0xee339adcf9698036, 0x7219ad33e9cbd14e;
    Mu::new(), Uniform, 0xdcd6a35474909fd0, 0x09554efe09ed8012;
    Kaczmarz::new(), Uniform, 0xce0ca3658bcb3f12, 0xcf37589e99a3e555;
    Kaczmarz::new().decay(T::ZERO).tail_average(true), Uniform, 0x561ebdabde8298f8, 0x1437353e932f1c71;
    Kaczmarz::unconstrained().block(12).sampling(Sampling::Uniform), Uniform, 0xea9d35e17ab77593, 0x6f22d215ee081a1c;
    KaczmarzEntry::new(), Uniform, 0x000b40abb8f28e1f, 0xeeae203711578795;
    MuKl::new(), Uniform, 0x073c8e09260b39a5, 0x704fe078fa6a3d22;
    RandomAls::new(), Uniform, 0xd945c169f0a87df1, 0x0a2dda72fd6b1dbb;
    RandomAls::projected().replacement(true), Uniform, 0x51fd0ea3bbf0a877, 0x288fc1e46c89a566;
    RandomAls::unconstrained(), Uniform, 0x854e0fea5ce73d78, 0xb1822e1938533450;
}

/// Encoders, and a dictionary that follows. An image of their own: the smallest board has no flash for all.
pub fn codes_and_stream<T: Real>() -> [Fit; 2] {
    [
        Fit { name: "codes", digest: codes::<T>, expected_f32: 0x3cfca0dff20146b4, expected_f64: 0xbea7e73c7232aae5 },
        Fit { name: "stream", digest: stream::<T>, expected_f32: 0x113ab220ae1189ad, expected_f64: 0x071aa5a23f39854d },
    ]
}
