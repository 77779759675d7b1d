//! Links only if no public entry point of tinynmf can panic.
//!
//! The panic handler of the images calls a function that does not exist. If any path from the calls below to a panic survives
//! optimisation, the linker stops with `undefined symbol: a_panic_is_reachable`. Nothing here is meant to run.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::ops::ControlFlow;

use rand_xorshift::XorShiftRng;
use tinynmf::integer::{
    Count, Entry, IntegerEncoder, IntegerOnline, IntegerOnlineState, QuantizedDictionary, QuantizedFactors,
    QuantizedWorkspace,
};
use tinynmf::kaczmarz::{self, Sampling};
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::rand_core::SeedableRng;
use tinynmf::{
    Als, AlsWorkspace, AlternateWorkspace, Anls, AnlsWorkspace, ChainWorkspace, Columns, Encoder, Error, Factors, Full,
    Hals, History, HoldOut, Kaczmarz, KaczmarzEntry, KaczmarzEntryWorkspace, KaczmarzWorkspace, KlEncoder, Mask,
    Momentum, MomentumWorkspace, Mu, MuKl, MuKlWorkspace, Nmf, Observer, Online, OnlineState, Outcome, Problem,
    Progress, Quantized, RandomAls, RandomAlsWorkspace, RandomColumns, Real, RestartLog, Solver, Spa, Start, Stop,
    Uniform, Weighted, Workspace, nnls, rank_curve,
};
use tinynmf_firmware::image;

const M: usize = 16;
const N: usize = 32;
const K: usize = 4;

static COUNTS: [[i16; M]; N] = [[7; M]; N];

image!(run);

fn run() -> Result<(), Error> {
    every_solver::<f32>()?;
    every_solver::<f64>()?;
    quantised()?;
    masked()?;
    solve::<f32>();
    solve::<f64>();
    known::<f32>()?;
    known::<f64>()?;
    encode::<f32>()?;
    encode::<f64>()?;
    source(&mut Sink)?;
    integer::<i16, f32>(&mut Sink);
    integer::<i8, f64>(&mut Sink);
    learn(7_u8);
    learn(7_i16);
    learn(7_u16);
    follow::<f32>()?;
    follow::<f64>()?;
    #[cfg(feature = "control")]
    black_box(COUNTS[black_box(N)]);
    Ok(())
}

fn every_solver<T: Real>() -> Result<(), Error> {
    let x = black_box(SMatrix::<T, M, N>::from_element(T::ONE));
    let problem = Problem::new(&x)?;
    let mut factors = Factors::zeros();
    fit(&problem, &mut factors, Nmf::default(), &mut Workspace::new())?;
    fit(&problem, &mut factors, Nmf::small(), &mut AlternateWorkspace::new())?;
    fit(&problem, &mut factors, Nmf::new(Anls::new().l1_h(T::HALF)), &mut AnlsWorkspace::new())?;
    fit(&problem, &mut factors, Nmf::new(Mu::new().passes(2)), &mut AlternateWorkspace::new())?;
    fit(&problem, &mut factors, Nmf::new(MuKl::new()), &mut MuKlWorkspace::new())?;
    fit(&problem, &mut factors, Nmf::new(Als::new().l2_w(T::HALF)), &mut AlsWorkspace::new())?;
    fit(&problem, &mut factors, Nmf::new(Als::unconstrained()), &mut AlsWorkspace::new())?;
    let kaczmarz = Kaczmarz::new().sampling(black_box(Sampling::Uniform)).tail_average(black_box(true));
    fit(&problem, &mut factors, Nmf::new(kaczmarz.block(black_box(16))), &mut KaczmarzWorkspace::new())?;
    fit(&problem, &mut factors, Nmf::new(KaczmarzEntry::new()), &mut KaczmarzEntryWorkspace::new())?;
    KaczmarzEntry::new().observe(black_box(M), black_box(N), T::ONE, &mut factors);
    let mut ws = RandomAlsWorkspace::new();
    for solver in [RandomAls::new(), RandomAls::projected(), RandomAls::unconstrained().replacement(true)] {
        fit(&problem, &mut factors, Nmf::new(black_box(solver)), &mut ws)?;
    }
    let finished = Nmf::new(Momentum::new(Anls::new())).finish(Anls::new());
    let mut ws = ChainWorkspace::with(MomentumWorkspace::with(AnlsWorkspace::new()), AnlsWorkspace::new());
    fit(&problem, &mut factors, finished, &mut ws)?;
    restarts(&problem, &mut factors)
}

fn fit<T, S, C>(
    problem: &Problem<'_, T, M, N, C>,
    factors: &mut Factors<T, M, N, K>,
    nmf: Nmf<T, S>,
    ws: &mut S::Workspace,
) -> Result<(), Error>
where
    T: Real,
    S: Solver<T, M, N, K, C::Observed> + Copy,
    C: Columns<T, M> + ?Sized,
{
    let mut rng = XorShiftRng::seed_from_u64(black_box(1));
    factors.init(problem, Spa);
    factors.init(problem, RandomColumns(&mut rng));
    factors.init(problem, Uniform(&mut rng));
    let nmf = nmf.stop(Stop::new().max_sweeps(black_box(9)).target(T::REL_TOL));
    report(nmf.fit(problem, factors, ws)?);
    let mut history = History::<T, 8>::every(black_box(2));
    report(nmf.fit_with(problem, factors, ws, &mut history)?);
    black_box(history.errors());
    let mut watch = |progress: &Progress<T>| match black_box(progress.sweeps) {
        0 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let observer: &mut dyn Observer<T> = &mut watch;
    report(nmf.fit_with(problem, factors, ws, observer)?);
    let mut run = nmf.start(problem, factors, ws)?;
    while let ControlFlow::Continue(progress) = run.step()? {
        black_box(progress);
        black_box(run.relative_error());
    }
    drop(run);
    factors.normalize();
    factors.sort();
    black_box(factors.relative_error(problem));
    let mut product = SMatrix::<T, M, N>::from_element(T::ZERO);
    factors.reconstruct_into(&mut product);
    black_box(&product);
    Ok(())
}

fn restarts<T, C>(problem: &Problem<'_, T, M, N, C>, factors: &mut Factors<T, M, N, K>) -> Result<(), Error>
where
    T: Real,
    C: Columns<T, M, Observed = Full> + ?Sized,
{
    let mut trial = Factors::zeros();
    let start = |r: usize| match black_box(r) {
        0 => Start::Keep,
        1 => Start::Spa,
        2 => Start::Columns,
        _ => Start::Uniform,
    };
    let nmf = Nmf::default().seed(black_box(3)).pilots(20);
    let log: RestartLog<T, 5> = nmf.fit_restarts(problem, start, factors, &mut trial, &mut Workspace::new())?;
    black_box((log.best(), log.restarts().len()));
    report(log.outcome());
    Ok(())
}

fn quantised() -> Result<(), Error> {
    let x = Quantized { frames: black_box(&COUNTS), scale: black_box(0.5_f32) };
    let problem = Problem::<f32, M, N, _>::from_columns(&x)?;
    fit(&problem, &mut Factors::zeros(), Nmf::small(), &mut AlternateWorkspace::new())
}

static KNOWN: [[bool; M]; N] = [[true; M]; N];
static WEIGHTS: [[f32; M]; N] = [[0.5; M]; N];

fn masked() -> Result<(), Error> {
    let counts = Quantized { frames: black_box(&COUNTS), scale: black_box(0.5_f32) };
    let mut factors = Factors::<f32, M, N, K>::zeros();
    let x = Mask { columns: &counts, observed: black_box(&KNOWN) };
    let problem = Problem::<f32, M, N, _>::from_columns(&x)?;
    black_box(problem.unobserved());
    let nmf = Nmf::new(Kaczmarz::new()).finish(RandomAls::new());
    fit(&problem, &mut factors, nmf, &mut ChainWorkspace::with(KaczmarzWorkspace::new(), RandomAlsWorkspace::new()))?;
    let curve = rank_curve!(HoldOut::new().folds(black_box(3)), &problem, &Nmf::new(KaczmarzEntry::new()), [1, 2])?;
    black_box(curve.best());
    let x = Weighted { columns: &counts, weights: black_box(&WEIGHTS) };
    let problem = Problem::<f32, M, N, _>::from_columns(&x)?;
    fit(&problem, &mut factors, Nmf::new(KaczmarzEntry::new()), &mut KaczmarzEntryWorkspace::new())
}

fn solve<T: Real>() {
    let gram = black_box(SMatrix::<T, K, K>::from_element(T::ONE));
    let cross = black_box(SVector::<T, K>::from_element(T::ONE));
    let mut h = black_box(SVector::<T, K>::from_element(T::ONE));
    black_box(nnls::solve(&gram, &cross, &mut h));
    black_box(nnls::least_squares(&gram, &cross, &mut h));
    kaczmarz::project(&cross, black_box(T::ONE), T::ONE, &mut h);
    let mut rng = XorShiftRng::seed_from_u64(black_box(1));
    kaczmarz::solve(&gram, &cross, &mut h, black_box(9), &mut rng);
    black_box(h);
}

/// A dictionary of which two parts stay, and the names of the others.
fn known<T: Real>() -> Result<(), Error> {
    let x = black_box(SMatrix::<T, M, N>::from_element(T::ONE));
    let problem = Problem::new(&x)?;
    let mut factors = Factors::<T, M, N, K>::zeros();
    let parts = black_box(SMatrix::<T, M, 2>::from_element(T::ONE));
    factors.init_with_known(&problem, Spa, &parts);
    let fixed = black_box(2);
    let nmf = Nmf::new(Momentum::new(Hals::new().fixed(fixed)));
    report(nmf.fit(&problem, &mut factors, &mut Workspace::new())?);
    report(Nmf::new(Anls::new().fixed(fixed)).fit(&problem, &mut factors, &mut AnlsWorkspace::new())?);
    report(Nmf::new(Mu::new().fixed(fixed)).fit(&problem, &mut factors, &mut AlternateWorkspace::new())?);
    report(Nmf::new(Als::new().fixed(fixed)).fit(&problem, &mut factors, &mut AlsWorkspace::new())?);
    let mut trial = Factors::zeros();
    let start = |_| Start::Uniform;
    let log: RestartLog<T, 2> = nmf.fit_restarts(&problem, start, &mut factors, &mut trial, &mut Workspace::new())?;
    report(log.outcome());
    black_box(factors.align_to(black_box(&trial.w)));
    Ok(())
}

fn encode<T: Real>() -> Result<(), Error> {
    let w = black_box(SMatrix::<T, M, K>::from_element(T::ONE));
    let weights = black_box(SVector::<T, M>::from_element(T::ONE));
    let (x, mut h) = (black_box(SVector::<T, M>::from_element(T::ONE)), black_box(SVector::from_element(T::ONE)));
    let encoder = Encoder::new(&w);
    encoder.validate()?;
    let again = Encoder::from_parts(&w, encoder.gram(), encoder.scale());
    for encoder in [encoder, again, Encoder::weighted(&w, &weights)?] {
        black_box(encoder.encode(&x, &mut h));
        let encoder = encoder.max_active(black_box(3)).l1(black_box(T::HALF)).l2(black_box(T::HALF));
        black_box(encoder.encode(&x, &mut h));
        let frames = Quantized { frames: black_box(&COUNTS), scale: black_box(T::HALF) };
        let mut codes = SMatrix::<T, K, N>::from_element(T::ZERO);
        black_box(encoder.encode_batch(&frames, &mut codes)?);
    }
    let encoder = KlEncoder::new(&w)?;
    black_box(encoder.passes(black_box(7)).warm(black_box(true)).encode(&x, &mut h)?);
    Ok(())
}

/// Where text goes to on a device without any.
struct Sink;

impl core::fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        black_box(text);
        Ok(())
    }
}

fn source(out: &mut Sink) -> Result<(), Error> {
    let w = black_box(SMatrix::<f32, M, K>::from_element(1.0));
    let weights = black_box(SVector::<f32, M>::from_element(1.0));
    _ = black_box(Encoder::weighted(&w, &weights)?.write_source(out));
    Ok(())
}

fn integer<I: Entry, T: Real>(out: &mut Sink) {
    let w = black_box(SMatrix::<T, M, K>::from_element(T::ONE));
    let mut dictionary = QuantizedDictionary::<I, M, K>::zeros();
    _ = black_box(dictionary.assign(&w));
    let Ok(quantized) = QuantizedDictionary::<I, M, K>::quantize(&w) else { return };
    black_box(quantized.loss(&w));
    _ = black_box(quantized.write_source(out));
    black_box((quantized.entry(black_box(M), black_box(K)), quantized.gram(), quantized.scale()));
    counts::<u8, I, T>(&quantized, 9);
    counts::<i16, I, T>(&quantized, 9);
    counts::<u16, I, T>(&quantized, 9);
}

fn counts<C: Count, I: Entry, T: Real>(dictionary: &QuantizedDictionary<I, M, K>, count: C) {
    let encoder = IntegerEncoder::new(black_box(dictionary));
    let mut h = [0; K];
    black_box(encoder.encode(&black_box([count; M]), &mut h).relative_residual::<T>());
    black_box((h, encoder.binary_point(), encoder.unit(black_box(K)), encoder.dictionary()));
}

fn learn<C: Count>(count: C) {
    let mut factors = QuantizedFactors::<M, N, K>::zeros();
    factors.init(&mut XorShiftRng::seed_from_u64(black_box(1)));
    black_box(factors.sweep(&black_box([[count; M]; N]), &mut QuantizedWorkspace::new()));
    black_box((factors.w(), factors.h()));
    let mut state = IntegerOnlineState::<M, K>::new();
    state.reset(factors.w());
    let online = IntegerOnline::new().fade(black_box(6)).trust(black_box(1)).fixed(black_box(0));
    black_box(online.push(&mut state, &black_box([count; M]), &mut [0; K]));
    black_box(state.w());
    state.forget();
    black_box(state);
}

fn follow<T: Real>() -> Result<(), Error> {
    let w = black_box(SMatrix::<T, M, K>::from_element(T::ONE));
    let (x, mut h) = (black_box(SVector::<T, M>::from_element(T::ONE)), SVector::from_element(T::ZERO));
    let mut state = black_box(OnlineState::new());
    black_box(Online::new().push(&mut state, &x, &mut h));
    state.reset(&w)?;
    let online = Online::new().half_life(black_box(T::TWO)).components_per_frame(black_box(2)).fixed(black_box(1));
    let online = online.trust(black_box(T::TWO)).l1(black_box(T::HALF)).l2(black_box(T::HALF));
    online.validate()?;
    black_box(online.push(&mut state, &x, &mut h));
    black_box(state.align_to(&w));
    state.forget();
    Ok(())
}

fn report<T>(outcome: Outcome<T>) {
    black_box(outcome);
}
