//! Following a stream: what is learnt, what is kept, what is refused, and that nothing breaks.

mod common;

use common::*;
use rand_xorshift::XorShiftRng;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::nnls::NnlsStatus;
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{Encoder, Error, Factors, Nmf, Online, OnlineState, Real, RestartLog, Setting, Start, Update, Workspace};

/// Runs a generic check in both precisions.
macro_rules! both {
    ($check:ident $(, $argument:expr)*) => {{
        $check::<f32>($($argument),*);
        $check::<f64>($($argument),*);
    }};
}

/// Error of the best batch fit of the digits with K 8, from many starts.
const DIGITS_BATCH: f64 = 0.3548;

fn frame<T: Real, const M: usize>(x: &[T; M]) -> SVector<T, M> {
    SVector::from(*x)
}

fn push<T: Real, const M: usize, const K: usize>(
    online: Online<T>,
    state: &mut OnlineState<T, M, K>,
    x: &[T; M],
) -> Update<T> {
    online.push(state, &frame(x), &mut SVector::from([T::ZERO; K]))
}

fn follow<T: Real, const M: usize, const K: usize>(
    online: Online<T>,
    state: &mut OnlineState<T, M, K>,
    frames: &[[T; M]],
) {
    for x in frames {
        push(online, state, x);
    }
}

/// ‖X − WH‖/‖X‖ with the best H for the dictionary as it stands.
fn static_error<T: Real, const M: usize, const K: usize>(w: &SMatrix<T, M, K>, frames: &[[T; M]]) -> f64 {
    let encoder = Encoder::new(w);
    let mut h = SVector::from([T::ZERO; K]);
    let (mut residual, mut energy) = (0.0, 0.0);
    for x in frames {
        residual += to_f64(encoder.encode(&frame(x), &mut h).residual).powi(2);
        energy += x.iter().map(|&x| to_f64(x).powi(2)).sum::<f64>();
    }
    (residual / energy).sqrt()
}

/// Root mean square of the relative residuals that a stream was met with.
fn windowed<T: Real, const M: usize, const K: usize>(
    online: Online<T>,
    state: &mut OnlineState<T, M, K>,
    frames: &[[T; M]],
) -> f64 {
    let squares: f64 = frames.iter().map(|x| to_f64(push(online, state, x).relative_residual).powi(2)).sum();
    (squares / frames.len() as f64).sqrt()
}

fn words<T: Real, const M: usize, const K: usize>(state: &OnlineState<T, M, K>) -> Vec<u64> {
    let OnlineState { w, gram, scale, a, b, .. } = state;
    let numbers = w.iter().chain(gram).chain(scale).chain(a).chain(b).chain([&state.half_life, &state.retention]);
    numbers.map(|value| value.bits()).chain([state.exponent as u64, u64::from(state.next)]).collect()
}

fn assert_sound<T: Real, const M: usize, const K: usize>(state: &OnlineState<T, M, K>, what: &str) {
    let OnlineState { w, gram, scale, a, b, .. } = state;
    for value in w.iter().chain(gram).chain(scale).chain(a).chain(b) {
        assert!(value.is_finite() && *value >= T::ZERO, "{what}, {}: {value:e} in the state", scalar::<T>());
    }
}

fn cosine<T: Real, const M: usize>(a: &[T; M], b: &[T; M]) -> f64 {
    let inner = |a: &[T; M], b: &[T; M]| a.iter().zip(b).map(|(&a, &b)| to_f64(a) * to_f64(b)).sum::<f64>();
    inner(a, b) / (inner(a, a) * inner(b, b)).sqrt()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

fn shuffled<const M: usize>(frames: &[[f64; M]], seed: u64) -> Vec<[f64; M]> {
    let mut rng = XorShiftRng::seed_from_u64(seed);
    let mut frames = frames.to_vec();
    for j in (1..frames.len()).rev() {
        frames.swap(j, (rng.next_u64() % (j as u64 + 1)) as usize);
    }
    frames
}

fn matrix<T: Real, const M: usize, const K: usize>(parts: &[[f64; M]]) -> SMatrix<T, M, K> {
    SMatrix::from_fn(|i, k| from_f64(parts[k][i]))
}

/// K parts, half of whose entries are zero.
fn parts<const M: usize, const K: usize>(seed: u64) -> Vec<[f64; M]> {
    let (values, mut places) = (random::<M>(seed, K), random::<M>(seed + 500, K));
    for (part, values) in places.iter_mut().zip(&values) {
        let mut order: [usize; M] = std::array::from_fn(|i| i);
        order.sort_by(|&a, &b| part[a].total_cmp(&part[b]));
        *part = [0.0; M];
        for &i in &order[M / 2..] {
            part[i] = 0.1 + values[i];
        }
    }
    places
}

/// Frames of `parts`, a third of the amounts zero, with noise of `level` times the mean entry on every entry.
fn stream<const M: usize, const K: usize>(parts: &[[f64; M]], seed: u64, l: usize, level: f64) -> Vec<[f64; M]> {
    let amounts: Vec<[f64; K]> =
        random(seed, l).iter().map(|h: &[f64; K]| h.map(|h| f64::max(0.0, 1.5 * h - 0.5))).collect();
    let mut frames = product(parts, &amounts);
    let mean = frames.iter().flatten().sum::<f64>() / (l * M) as f64;
    for (x, noise) in frames.iter_mut().zip(random::<M>(seed + 1, l)) {
        for (x, noise) in x.iter_mut().zip(noise) {
            *x = f64::max(0.0, *x + level * mean * (2.0 * noise - 1.0));
        }
    }
    frames
}

/// A shuffle of the digits, and its first eight frames with 5 % noise.
fn digits(all: &[[f64; 64]], seed: u64) -> (Vec<[f32; 64]>, SMatrix<f32, 64, 8>) {
    let frames = shuffled(all, seed);
    let noise = random::<64>(seed + 7777, 8);
    let mean = all.iter().flatten().sum::<f64>() / (64 * all.len()) as f64;
    let start = SMatrix::from_fn(|i, k| (frames[k][i] + 0.05 * mean * noise[k][i]) as f32);
    (cast(&frames), start)
}

/// Batch error of the digits + 3.0 % from the first frames, + 2.4 % from nothing. Measured 0.3644 and 0.3627.
#[test]
fn one_pass_over_the_digits() {
    let all = data::frames::<64>("digits.csv");
    let ends: Vec<f64> = (0..20)
        .map(|seed| {
            let (x, start) = digits(&all, seed);
            let mut state = OnlineState::new();
            state.reset(&start).unwrap();
            follow(Online::new(), &mut state, &x);
            static_error(&state.w, &x)
        })
        .collect();
    assert!(median(ends.clone()) <= 1.030 * DIGITS_BATCH, "{ends:?}");
}

#[test]
fn one_pass_over_the_digits_from_nothing() {
    let all = data::frames::<64>("digits.csv");
    let ends: Vec<f64> = (0..20)
        .map(|seed| {
            let x = digits(&all, seed).0;
            let mut state = OnlineState::<_, 64, 8>::new();
            follow(Online::new(), &mut state, &x);
            static_error(&state.w, &x)
        })
        .collect();
    assert!(median(ends.clone()) <= 1.024 * DIGITS_BATCH, "{ends:?}");
}

/// More passes come closer: three end within 2 % of the batch error. Measured 0.3604 and 0.3610.
#[test]
fn three_passes_over_the_digits() {
    let all = data::frames::<64>("digits.csv");
    let (mut first, mut empty) = (vec![], vec![]);
    for seed in 0..2 {
        let (x, start) = digits(&all, seed);
        for (learnt, ends) in [(true, &mut first), (false, &mut empty)] {
            let mut state = OnlineState::new();
            if learnt {
                state.reset(&start).unwrap();
            }
            for _ in 0..3 {
                follow(Online::new(), &mut state, &x);
            }
            ends.push(static_error(&state.w, &x));
        }
    }
    assert!(
        median(first.clone()) <= 1.02 * DIGITS_BATCH && median(empty.clone()) <= 1.02 * DIGITS_BATCH,
        "{first:?} {empty:?}"
    );
}

/// Improving every component after each frame is no worse than one in turn: within 0.5 %, the spread of the shuffles.
#[test]
fn more_components_a_frame_are_no_worse() {
    let all = data::frames::<64>("digits.csv");
    let ends = [1, 8].map(|components| {
        let ends = (0..2).map(|seed| {
            let (x, start) = digits(&all, seed);
            let mut state = OnlineState::new();
            state.reset(&start).unwrap();
            follow(Online::new().components_per_frame(components), &mut state, &x[..900]);
            static_error(&state.w, &x[..900])
        });
        median(ends.collect())
    });
    assert!(ends[1] <= 1.005 * ends[0], "{ends:?}");
}

/// The old phase and the new one of a stream whose parts are all replaced, and the best error that any dictionary has on the new one.
fn replaced(seed: u64) -> (Vec<[f32; 32]>, Vec<[f32; 32]>, f64) {
    let (old, new) = (parts::<32, 4>(10 + seed), parts::<32, 4>(20 + seed));
    let phases = [(&old, 30 + seed), (&new, 40 + seed)].map(|(parts, seed)| stream::<32, 4>(parts, seed, 768, 0.46));
    let [old, new] = phases.map(|frames| cast::<f32, 32>(&frames));
    let problem = checked::<f32, 32, 768>(&new);
    let (mut best, mut trial) = (Factors::zeros(), Factors::zeros());
    let log: RestartLog<f32, 3> = Nmf::default()
        .fit_restarts::<32, 768, 4, 3, _>(&problem, |_| Start::Uniform, &mut best, &mut trial, &mut Workspace::new())
        .unwrap();
    (old, new, to_f64(log.outcome().relative_error))
}

/// Parts replaced half-way: with forgetting the error on the new phase is within 16 % of the best, without it twice that at least.
/// Measured, best 0.160 … 0.165: half-life 23: + 3.3 %, 34: + 2.2 %, 69: + 13 % at most;
/// ∞: 2.27 times at least.
#[test]
fn a_stream_that_changes_is_followed() {
    for seed in 0..3 {
        let (old, new, best) = replaced(seed);
        let end = |half_life| {
            let mut state = OnlineState::<f32, 32, 4>::new();
            state.reset(&SMatrix::from_fn(|i, k| old[k][i])).unwrap();
            follow(Online::new().half_life(half_life), &mut state, &old);
            follow(Online::new().half_life(half_life), &mut state, &new);
            static_error(&state.w, &new)
        };
        for half_life in [23.0, 34.0, 69.0] {
            let ratio = end(half_life) / best;
            assert!(ratio <= 1.16, "seed {seed}, half-life {half_life}: {ratio} of {best}");
        }
        let ratio = end(f32::INFINITY) / best;
        assert!(ratio >= 2.0, "seed {seed}: {ratio} of {best}");
    }
}

/// Without forgetting, emptying the statistics by hand at the change: at most 1.25 times the best error, where it is twice that without.
#[test]
fn forget_starts_over_with_the_dictionary() {
    for seed in 0..3 {
        let (old, new, best) = replaced(seed);
        let online = Online::new().half_life(f32::INFINITY);
        let mut state = OnlineState::<f32, 32, 4>::new();
        state.reset(&SMatrix::from_fn(|i, k| old[k][i])).unwrap();
        follow(online, &mut state, &old);
        let before = state.clone();
        state.forget();
        assert_eq!((state.w, state.gram, state.scale), (before.w, before.gram, before.scale));
        assert!(state.a.iter().chain(&state.b).all(|&value| value == 0.0) && state.next == 0);
        follow(online, &mut state, &new);
        let ratio = static_error(&state.w, &new) / best;
        assert!(ratio <= 1.3, "seed {seed}: {ratio} of {best}");
    }
}

/// Exact data of rank 3, 100 times over: error 1e-2 at most in nine of ten streams. Measured: median 2.6e-3, worst 1.1e-2.
#[test]
fn exact_data_are_learnt() {
    let ends = (0..20).map(|seed| {
        let x = cast::<f32, 12>(&planted::<12, 20, 3>(seed));
        let mut state = OnlineState::<f32, 12, 3>::new();
        state.reset(&matrix(&random::<12>(seed + 300, 3))).unwrap();
        for _ in 0..100 {
            follow(Online::new(), &mut state, &x);
        }
        static_error(&state.w, &x)
    });
    let ends: Vec<f64> = ends.collect();
    let found = ends.iter().filter(|&&end| end <= 1e-2).count();
    assert!(found >= 18 && median(ends.clone()) <= 5e-3, "{found}: {ends:?}");
}

/// A state in the middle of a stream.
fn midway<T: Real>() -> OnlineState<T, 12, 3> {
    let mut state = OnlineState::new();
    follow(Online::new(), &mut state, &cast::<T, 12>(&noisy::<12, 50, 3>(1, 0.3)));
    state
}

#[test]
fn frames_that_are_not_finite_are_refused() {
    fn check<T: Real>() {
        for before in [OnlineState::new(), midway::<T>()] {
            for value in [T::INFINITY, -T::INFINITY, T::INFINITY - T::INFINITY] {
                for i in 0..12 {
                    let mut x = SVector::from([T::ONE; 12]);
                    x[i] = value;
                    let mut state = before.clone();
                    let mut h = SVector::from([T::TWO; 3]);
                    let update = Online::new().push(&mut state, &x, &mut h);
                    assert_eq!(update.status, NnlsStatus::NonFinite, "{value} at {i}");
                    assert!(!update.learned && !update.revived && update.drift == T::ZERO, "{update:?}");
                    assert_eq!(h, SVector::from([T::TWO; 3]));
                    assert_eq!((&state, words(&state)), (&before, words(&before)));
                }
            }
        }
    }
    both!(check);
}

#[test]
fn zero_frames_teach_nothing() {
    fn check<T: Real>() {
        for before in [OnlineState::new(), midway::<T>()] {
            let mut state = before.clone();
            let mut h = SVector::from([T::TWO; 3]);
            let update = Online::new().push(&mut state, &SVector::from([T::ZERO; 12]), &mut h);
            assert_eq!(
                (update.status, update.residual, update.relative_residual),
                (NnlsStatus::Optimal, T::ZERO, T::ZERO)
            );
            assert!(!update.learned && !update.revived && update.drift == T::ZERO, "{update:?}");
            assert_eq!(h, SVector::from([T::ZERO; 3]));
            assert_eq!((&state, words(&state)), (&before, words(&before)));
        }
    }
    both!(check);
}

/// Loud, faint, and both in turn: the numbers stay sound, and a stream that settles is learnt again.
#[test]
fn extreme_frames_do_no_lasting_harm() {
    fn check<T: Real>(gains: &dyn Fn(usize) -> f64, what: &str) {
        for (trust, half_life) in [(1.0, 69.0), (0.0, 5.0), (500.0, f64::INFINITY)] {
            let online = Online::new().trust(from_f64(trust)).half_life(from_f64(half_life));
            let parts = parts::<12, 3>(1);
            let frames = stream::<12, 3>(&parts, 2, 400, 0.0);
            let mut state = OnlineState::<T, 12, 3>::new();
            state.reset(&matrix(&parts)).unwrap();
            let mut h = SVector::from([T::ZERO; 3]);
            for (n, x) in frames.iter().enumerate() {
                let update = online.push(&mut state, &frame(&x.map(|x| from_f64(x * gains(n)))), &mut h);
                assert_sound(&state, what);
                assert!(h.iter().all(|h| h.is_finite() && *h >= T::ZERO), "{what}: {h:?}");
                let sane = update.relative_residual >= T::ZERO && update.relative_residual <= from_f64(1.001);
                assert!(sane || update.status == NnlsStatus::NonFinite, "{what}: {update:?}");
            }
            let settled = cast::<T, 12>(&stream::<12, 3>(&parts, 3, 1000, 0.0));
            follow(Online::new(), &mut state, &settled);
            let end = static_error(&state.w, &settled);
            // The parts are those of the start: what was loud taught the same as what is not.
            assert!(end <= 0.02, "{what}, {}, trust {trust}: {end}", scalar::<T>());
        }
    }
    let patterns: [(&str, &dyn Fn(usize) -> f64); 5] = [
        ("saturated", &|n| if n % 3 == 0 { 3e38 } else { 1.0 }),
        ("faint", &|_| 1e-38),
        ("subnormal", &|n| if n % 2 == 0 { 1e-42 } else { 1.0 }),
        ("alternating", &|n| if n % 2 == 0 { 1e30 } else { 1e-30 }),
        ("rising", &|n| 10_f64.powi(n as i32 / 6 - 33)),
    ];
    for (what, gains) in patterns {
        check::<f32>(gains, what);
        check::<f64>(gains, what);
    }
    check::<f64>(&|n| 10_f64.powi(n as i32 - 150), "rising by decades");
    check::<f64>(&|n| if n % 2 == 0 { 1e300 } else { 1e-300 }, "alternating by 600 decades");
}

#[test]
fn saturated_frames_keep_everything_finite() {
    let mut state = midway::<f32>();
    for n in 0..500 {
        let x = std::array::from_fn(|i| if (n + i) % 5 == 0 { 0.0 } else { f32::MAX });
        push(Online::new(), &mut state, &x);
        assert_sound(&state, "saturated");
    }
    let x = cast::<f32, 12>(&noisy::<12, 50, 3>(1, 0.3));
    for _ in 0..20 {
        follow(Online::new(), &mut state, &x);
    }
    // Noise of 0.3 leaves 0.1; the bound allows half as much again.
    let end = static_error(&state.w, &x);
    assert!(end <= 0.15, "{end}");
}

/// A gain that drifts by thirty decades over thousands of frames, both ways, and stays there: the dictionary is as good as before.
#[test]
fn a_gain_that_drifts_is_followed() {
    let frames = stream::<32, 4>(&parts::<32, 4>(3), 4, 6000, 0.1);
    let x = cast::<f32, 32>(&frames);
    for decades in [30.0, -30.0] {
        let mut state = OnlineState::<f32, 32, 4>::new();
        state.reset(&matrix(&random::<32>(5, 4))).unwrap();
        follow(Online::new(), &mut state, &x[..1000]);
        let before = static_error(&state.w, &x);
        for (n, x) in frames[1000..].iter().enumerate() {
            let gain = 10_f64.powf(decades * f64::min(n as f64 / 4000.0, 1.0));
            assert!(push(Online::new(), &mut state, &x.map(|x| (x * gain) as f32)).learned);
            assert_sound(&state, "drifting");
        }
        let after = static_error(&state.w, &x);
        // Noise of 0.1 leaves 0.035 in the true parts; a fifth of that is what the last frames weigh in.
        assert!(after <= 1.2 * before && after <= 0.05, "{decades}: {after} after {before}");
    }
}

/// x·2^e from the first frame on: the same bits, but for the exponent and the unit of the codes.
#[test]
fn a_power_of_two_in_the_stream_changes_no_bit_of_w() {
    fn check<T: Real>(exponents: &[i32]) {
        let frames = cast::<T, 12>(&noisy::<12, 300, 4>(6, 0.3));
        for online in [
            Online::new(),
            Online::new().components_per_frame(3).trust(from_f64(20.0)),
            Online::new().l1(from_f64(0.05)).l2(from_f64(0.01)),
        ] {
            for start in [None, Some(random::<12>(7, 3))] {
                let run = |e: i32| {
                    let mut state = OnlineState::<T, 12, 3>::new();
                    if let Some(start) = &start {
                        state.reset(&matrix(start)).unwrap();
                    }
                    let mut codes = Vec::new();
                    for x in &frames {
                        let mut h = SVector::from([T::ZERO; 3]);
                        online.push(&mut state, &frame(&x.map(|x| x * T::exp2i(e))), &mut h);
                        codes.extend(h.iter().map(|&h| (h * T::exp2i(-e)).bits()));
                    }
                    state.exponent -= e;
                    (words(&state), codes)
                };
                let expected = run(0);
                for &e in exponents {
                    assert!(run(e) == expected, "{} 2^{e}", scalar::<T>());
                }
            }
        }
    }
    check::<f32>(&[-60, -21, -1, 1, 22, 60]);
    check::<f64>(&[-500, -60, -1, 1, 60, 500]);
}

/// A part that is silent for thousands of frames, without noise and with noise of 1 %, is there when it returns.
fn silent(level: f64, seed: u64, findings: &mut Findings) {
    let parts = parts::<32, 4>(50 + seed);
    let heard = cast::<f32, 32>(&stream::<32, 4>(&parts, 60 + seed, 1500, level));
    let quiet = cast::<f32, 32>(&stream::<32, 3>(&parts[..3], 70 + seed, 4000, level));
    let back = cast::<f32, 32>(&stream::<32, 4>(&parts, 80 + seed, 300, level));
    let mut state = OnlineState::<f32, 32, 4>::new();
    state.reset(&matrix(&parts)).unwrap();
    follow(Online::new(), &mut state, &heard);
    let (before, error) = (state.w.data.0[3], static_error(&state.w, &back));
    follow(Online::new(), &mut state, &quiet);
    let similarity = cosine(&before, &state.w.data.0[3]);
    let end = static_error(&state.w, &back);
    findings.expect(similarity >= 0.99 && end <= error + 0.02, || {
        format!("noise {level}, seed {seed}: cosine {similarity}, error of the returned {end} after {error}")
    });
}

#[test]
fn a_silent_part_is_kept() {
    let mut findings = Findings::default();
    for seed in 0..3 {
        silent(0.0, seed, &mut findings);
    }
}

#[test]
fn a_silent_part_is_kept_in_noise() {
    let mut findings = Findings::default();
    for seed in 0..3 {
        silent(0.01, seed, &mut findings);
    }
}

/// A part of a trusted dictionary is not replaced by one frame that holds a thousandth of it.
#[test]
fn one_faint_use_does_not_replace_a_trusted_part() {
    let mut state = OnlineState::<f32, 4, 2>::new();
    state
        .reset(&SMatrix::from_data(tinynmf::nalgebra::ArrayStorage([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])))
        .unwrap();
    let online = Online::new().trust(500.0).components_per_frame(2);
    push(online, &mut state, &[1.0, 1.0, 1e-3, 0.5]);
    let similarity = cosine(&state.w.data.0[1], &[0.0, 0.0, 1.0, 0.0]);
    assert!(similarity >= 0.99, "{similarity}");
}

/// Zero columns get what the others do not explain, one a frame, at unit length.
#[test]
fn zero_components_learn_from_the_first_frames() {
    fn check<T: Real>() {
        let parts = parts::<32, 4>(8);
        let frames = cast::<T, 32>(&stream::<32, 4>(&parts, 9, 1500, 0.05));
        let mut known = matrix::<T, 32, 4>(&parts);
        for k in [1, 2] {
            known.set_column(k, &SVector::from([T::ZERO; 32]));
        }
        for (start, missing) in [(None, 4), (Some(known), 2)] {
            let mut state = OnlineState::<T, 32, 4>::new();
            if let Some(start) = start {
                state.reset(&start).unwrap();
            }
            let mut revived = 0;
            for x in &frames {
                revived += usize::from(push(Online::new(), &mut state, x).revived);
                assert_sound(&state, "zero components");
            }
            assert_eq!(revived, missing);
            for (k, column) in state.w.data.0.iter().enumerate() {
                let zero = start.is_none_or(|start| start.data.0[k] == [T::ZERO; 32]);
                let length = column.iter().map(|&w| to_f64(w).powi(2)).sum::<f64>().sqrt();
                assert!(!zero || (length - 1.0).abs() < 1e-5, "{length}");
            }
            let end = static_error(&state.w, &frames);
            // Noise of 0.05 leaves 0.017 in the true parts.
            assert!(end <= 0.06, "{end}");
        }
    }
    both!(check);
}

/// Statistics after which nothing is left of the third part, and what becomes of it.
#[test]
fn a_component_that_dies_is_revived() {
    let mut state = OnlineState::<f32, 3, 3>::new();
    let start = SMatrix::<f32, 3, 3>::new(2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 1.0, 0.0, 3.0);
    state.reset(&start).unwrap();
    let online = Online::new().trust(0.0).components_per_frame(3);
    push(online, &mut state, &[2.0, 0.0, 1.0]);
    // Wherever the third part was heard, the first explains more than there was.
    state.a.data.0[2] = [1.0, 0.0, 1.0];
    state.a.data.0[0][2] = 1.0;
    push(online, &mut state, &[2.0, 0.0, 1.0]);
    let dead = 2;
    assert_eq!(state.scale.iter().map(|&scale| scale > 0.0).collect::<Vec<_>>(), [true, true, false]);
    assert!(state.w.column(dead).iter().chain(state.gram.column(dead).iter()).all(|&value| value == 0.0));
    assert!(state.a.column(dead).iter().chain(state.b.column(dead).iter()).all(|&value| value == 0.0));
    // A frame that the others explain leaves it dead, a new one brings it back.
    let explained = state.w.data.0[0];
    assert!(!push(online, &mut state, &explained).revived);
    let update = push(online, &mut state, &[0.0, 1.0, 5.0]);
    assert!(update.revived && update.learned, "{update:?}");
    assert!(state.scale.iter().all(|&scale| scale > 0.0));
    let again = push(online, &mut state, &[0.0, 1.0, 5.0]);
    assert!(again.relative_residual < 1e-3, "{again:?}");
}

#[test]
fn known_parts_never_change() {
    fn check<T: Real>(fixed: usize, online: Online<T>) {
        let planted = parts::<32, 4>(11);
        let frames = cast::<T, 32>(&stream::<32, 4>(&planted, 12, 1000, 0.05));
        let mut start = matrix::<T, 32, 4>(&planted);
        for k in fixed..4 {
            start.set_column(k, &SVector::from(cast::<T, 32>(&random::<32>(13, 4))[k]));
        }
        let mut state = OnlineState::<T, 32, 4>::new();
        state.reset(&start).unwrap();
        let mut moved = false;
        let (scale, gram) = (state.scale, state.gram);
        for x in &frames {
            let update = push(online.fixed(fixed), &mut state, x);
            assert!(update.learned);
            moved |= update.drift > T::ZERO;
        }
        for k in 0..4 {
            let kept = state.w.column(k) == start.column(k);
            assert_eq!(kept, k < fixed, "component {k} of {fixed}");
            assert!(!kept || state.scale[k] == scale[k]);
        }
        assert_eq!(moved, fixed < 4);
        for (k, q) in (0..fixed.min(4)).flat_map(|k| (0..fixed.min(4)).map(move |q| (k, q))) {
            assert_eq!(state.gram[(k, q)], gram[(k, q)]);
        }
        let end = static_error(&state.w, &frames);
        // Noise of 0.05 leaves 0.017 in the true parts.
        assert!(end <= 0.05, "fixed {fixed}: {end}");
    }
    for fixed in [1, 3, 4, usize::MAX] {
        check::<f32>(fixed, Online::new());
        check::<f32>(fixed, Online::new().components_per_frame(usize::MAX).trust(50.0));
        check::<f64>(fixed, Online::new());
    }
}

/// With all parts known the codes are those of an encoder.
#[test]
fn with_every_part_known_push_is_an_encoder() {
    let frames = cast::<f32, 12>(&noisy::<12, 200, 3>(14, 0.3));
    let start = matrix::<f32, 12, 3>(&random::<12>(15, 3));
    let mut state = OnlineState::new();
    state.reset(&start).unwrap();
    let encoder = Encoder::new(&start);
    for x in &frames {
        let (mut h, mut expected) = (SVector::zeros(), SVector::zeros());
        let update = Online::new().fixed(3).push(&mut state, &frame(x), &mut h);
        let encoding = encoder.encode(&frame(x), &mut expected);
        assert_eq!(h, expected);
        assert_eq!((update.residual, update.kkt, update.drift), (encoding.residual, encoding.kkt, 0.0));
    }
}

/// A zero part that is known stays zero.
#[test]
fn a_known_zero_part_is_not_revived() {
    let frames = cast::<f32, 12>(&noisy::<12, 200, 3>(14, 0.3));
    let mut state = OnlineState::<f32, 12, 3>::new();
    for x in &frames {
        push(Online::new().fixed(1), &mut state, x);
    }
    assert!(state.w.column(0).iter().all(|&w| w == 0.0) && state.scale[0] == 0.0);
    assert!(state.scale[1] > 0.0 && state.scale[2] > 0.0);
}

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

/// Whatever finite values a state holds, a push gives finite codes and leaves a finite W.
#[test]
fn a_state_of_any_finite_values_stays_finite() {
    let extremes = [0.0, f32::MIN_POSITIVE, 1e-20, 1.0, 3.0, 1e20, f32::MAX, -1.0, -f32::MAX];
    let mut rng = XorShiftRng::seed_from_u64(17);
    let mut draw = |n: usize| (rng.next_u64() >> 33) as usize % n;
    let new = Online::new;
    let online = [new(), new().components_per_frame(3), new().trust(f32::MAX), new().fixed(1)];
    let mut findings = Findings::default();
    for round in 0..2000 {
        let mut state = midway::<f32>();
        let mut changes = Vec::new();
        for _ in 0..=round % 3 {
            let (field, value) = (draw(7), extremes[draw(extremes.len())]);
            match field {
                0 => state.w[(draw(12), draw(3))] = value.abs(),
                1 => state.gram[(draw(3), draw(3))] = value,
                2 => state.scale[draw(3)] = value,
                3 => state.a[(draw(3), draw(3))] = value,
                4 => state.b[(draw(12), draw(3))] = value,
                5 => state.exponent = [i32::MIN, -1000, -126, 0, 127, 1000, i32::MAX][draw(7)],
                _ => (state.next, state.retention) = ([0, 2, 3, u32::MAX][draw(4)], value),
            }
            changes.push((["w", "gram", "scale", "a", "b", "exponent", "retention"][field], value));
        }
        for n in 0..5 {
            let x = std::array::from_fn(|i| (1 + (i + n) % 4) as f32);
            let mut h = SVector::zeros();
            online[round % 4].push(&mut state, &frame(&x), &mut h);
            let sound = h.iter().all(|h| h.is_finite()) && state.w.iter().all(|&w| w.is_finite() && w >= 0.0);
            findings.expect(sound, || format!("{changes:?}, frame {n}: {} {h}", state.w));
        }
    }
}

#[test]
fn settings_out_of_range_are_named() {
    fn check<T: Real>() {
        let nan = T::INFINITY - T::INFINITY;
        let new = Online::<T>::new;
        assert_eq!(new().validate(), Ok(()));
        assert_eq!(Online::default(), new());
        assert_eq!(new().half_life(T::INFINITY).fixed(usize::MAX).trust(T::ZERO).validate(), Ok(()));
        assert_eq!(new().components_per_frame(0).validate(), Err(Error::Setting(Setting::ComponentsPerFrame)));
        for value in [T::ZERO, -T::ONE, nan, -T::INFINITY] {
            assert_eq!(new().half_life(value).validate(), Err(Error::Setting(Setting::HalfLife)), "{value}");
        }
        for value in [-T::ONE, nan, T::INFINITY] {
            assert_eq!(new().trust(value).validate(), Err(Error::Setting(Setting::Trust)), "{value}");
            assert_eq!(new().l1(value).validate(), Err(Error::Setting(Setting::L1)), "{value}");
            assert_eq!(new().l2(value).validate(), Err(Error::Setting(Setting::L2)), "{value}");
        }
    }
    both!(check);
}

/// `push` without `validate`: what is out of range counts as the default, as 0 or as an order not to learn.
#[test]
fn settings_out_of_range_stay_harmless() {
    fn check<T: Real>() {
        let nan = T::INFINITY - T::INFINITY;
        let frames = cast::<T, 12>(&noisy::<12, 100, 3>(18, 0.3));
        let run = |online: Online<T>| {
            let mut state = OnlineState::<T, 12, 3>::new();
            state.reset(&matrix(&random::<12>(19, 3))).unwrap();
            let mut codes = Vec::new();
            for x in &frames {
                let mut h = SVector::from([T::ZERO; 3]);
                online.push(&mut state, &frame(x), &mut h);
                assert_sound(&state, "settings");
                codes.extend(h.iter().map(|h| h.bits()));
                assert!(h.iter().all(|h| h.is_finite() && *h >= T::ZERO));
            }
            (state.w, codes)
        };
        let new = Online::<T>::new;
        let expected = run(new());
        for value in [-T::ONE, nan, -T::INFINITY] {
            assert_eq!(run(new().l1(value)), expected, "L1 {value}");
            assert_eq!(run(new().l2(value)), expected, "L2 {value}");
            assert_eq!(run(new().trust(value)), run(new().trust(T::ZERO)), "trust {value}");
        }
        for value in [T::INFINITY, from_f64(1e30)] {
            run(new().l1(value));
            run(new().l2(value));
            run(new().trust(value));
            run(new().half_life(T::ONE / value));
            run(new().half_life(value));
        }
        let mut state = midway::<T>();
        let before = words(&state);
        let update = push(new().components_per_frame(0), &mut state, &frames[0]);
        assert!(!update.learned && update.drift == T::ZERO && update.residual > T::ZERO);
        assert_eq!(words(&state), before);
    }
    both!(check);
}

/// Without `validate` a half-life that is not above 0 counts as the default, from the first frame on, and the state stays plain numbers.
#[test]
fn a_half_life_out_of_range_counts_as_the_default() {
    fn check<T: Real>(findings: &mut Findings) {
        let frames = cast::<T, 12>(&noisy::<12, 100, 3>(18, 0.3));
        let run = |online: Online<T>| {
            let mut state = OnlineState::<T, 12, 3>::new();
            follow(online, &mut state, &frames);
            state
        };
        let expected = run(Online::new());
        for value in [T::ZERO, -T::ONE, T::INFINITY - T::INFINITY, -T::INFINITY] {
            let state = run(Online::new().half_life(value));
            findings.expect(state.w == expected.w && state.a == expected.a, || {
                format!(
                    "{} half-life {value}: retention {}, not {}",
                    scalar::<T>(),
                    state.retention,
                    expected.retention
                )
            });
            findings.expect(state.clone() == state, || {
                format!("{} half-life {value}: the state holds a NaN", scalar::<T>())
            });
        }
    }
    let mut findings = Findings::default();
    both!(check, &mut findings);
}

/// Penalties shrink codes.
#[test]
fn penalties_reach_the_codes() {
    let frames = cast::<f32, 12>(&noisy::<12, 100, 3>(18, 0.3));
    let sum = |online: Online<f32>| {
        let mut state = OnlineState::<f32, 12, 3>::new();
        state.reset(&matrix(&random::<12>(19, 3))).unwrap();
        let mut h = SVector::zeros();
        frames
            .iter()
            .map(|x| {
                online.fixed(3).push(&mut state, &frame(x), &mut h);
                h.sum()
            })
            .sum::<f32>()
    };
    let plain = sum(Online::new());
    assert!(sum(Online::new().l1(0.2)) < 0.95 * plain);
    assert!(sum(Online::new().l2(0.2)) < 0.95 * plain);
    assert_eq!(sum(Online::new().l1(1.0)), 0.0);
}

/// A dictionary that was learnt with care survives the first frames if it is trusted, and moves if it counts for one frame.
#[test]
fn trust_keeps_a_dictionary() {
    let parts = parts::<32, 4>(20);
    let frames = cast::<f32, 32>(&stream::<32, 4>(&parts, 21, 20, 0.46));
    let moved = [1.0, 500.0].map(|trust| {
        let mut state = OnlineState::<f32, 32, 4>::new();
        state.reset(&matrix(&parts)).unwrap();
        follow(Online::new().trust(trust), &mut state, &frames);
        let truth = cast::<f32, 32>(&parts);
        (0..4).map(|k| 1.0 - cosine(&state.w.data.0[k], &truth[k])).fold(0.0, f64::max)
    });
    assert!(moved[1] <= 0.01 && moved[0] >= 2.0 * moved[1], "{moved:?}");
}

/// ‖ΔW‖/‖W‖ of unit parts: small while a stream stays, larger after it changes.
#[test]
fn drift_tells_a_change() {
    let (old, new) = (parts::<32, 4>(22), parts::<32, 4>(23));
    let old = cast::<f32, 32>(&stream::<32, 4>(&old, 24, 2000, 0.1));
    let new = cast::<f32, 32>(&stream::<32, 4>(&new, 25, 100, 0.1));
    let mut state = OnlineState::<f32, 32, 4>::new();
    follow(Online::new(), &mut state, &old[..1500]);
    let mut drift = |frames: &[[f32; 32]]| {
        let drifts: Vec<f64> = frames
            .iter()
            .map(|x| {
                let before = state.clone();
                let drift = f64::from(push(Online::new(), &mut state, x).drift);
                let moved: f32 = (0..4)
                    .map(|k| {
                        (before.w.column(k) * before.scale[k] - state.w.column(k) * state.scale[k]).map(|d| d * d).sum()
                    })
                    .sum();
                let expected = (f64::from(moved) / 4.0).sqrt();
                // Entries below 1 are rounded to 6e-8, their differences too: 32 of them.
                assert!((drift - expected).abs() <= 1e-6 + 1e-3 * expected, "{drift} {expected}");
                drift
            })
            .collect();
        drifts.iter().sum::<f64>() / drifts.len() as f64
    };
    let (stays, changes) = (drift(&old[1500..]), drift(&new));
    assert!(stays < 5e-3 && changes > 5.0 * stays, "{stays:e} {changes:e}");
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

/// Parts of very different lengths, within the range of `reset`, are learnt as well as those of length 1, and keep their lengths.
#[test]
fn lengths_of_parts_stay_and_do_not_matter() {
    let planted = parts::<32, 4>(27);
    let frames = cast::<f32, 32>(&stream::<32, 4>(&planted, 28, 3000, 0.1));
    let start = random::<32>(29, 4);
    let run = |exponents: [i32; 4]| {
        let w = SMatrix::<f32, 32, 4>::from_fn(|i, k| start[k][i] as f32 * f32::exp2i(exponents[k]));
        let mut state = OnlineState::new();
        state.reset(&w).unwrap();
        follow(Online::new(), &mut state, &frames);
        for k in 0..4 {
            let length =
                |w: &SMatrix<f32, 32, 4>| w.column(k).iter().map(|&w| f64::from(w).powi(2)).sum::<f64>().sqrt();
            let ratio = length(&state.w) / length(&w);
            assert!((ratio - 1.0).abs() <= 1e-5, "component {k}: {ratio}"); // 100u after 750 roundings of its own
        }
        state.w.map_with_location(|_, k, w| w * f32::exp2i(-exponents[k]))
    };
    assert_eq!(run([-30, 30, 0, 17]), run([0; 4]));
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

fn assert_consistent<T: Real, const M: usize, const K: usize>(state: &OnlineState<T, M, K>, tolerance: f64) {
    let w: Vec<Vec<f64>> = state.w.data.0.iter().map(|w| w.iter().map(|&w| to_f64(w)).collect()).collect();
    let inner = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for k in 0..K {
        let length = inner(&w[k], &w[k]).sqrt();
        assert!((to_f64(state.scale[k]) * length - 1.0).abs() <= tolerance, "scale {k}");
        for q in 0..K {
            let expected = inner(&w[k], &w[q]) / (length * inner(&w[q], &w[q]).sqrt());
            assert!((to_f64(state.gram[(k, q)]) - expected).abs() <= tolerance, "gram {k} {q}");
            assert_eq!(state.gram[(k, q)], state.gram[(q, k)]);
        }
    }
}

/// Twenty thousand frames: sound to the end, and as good at the end as before.
#[test]
fn a_long_stream_stays_sound() {
    fn check<T: Real>() {
        let frames = cast::<T, 16>(&stream::<16, 4>(&parts::<16, 4>(33), 34, 20_000, 0.3));
        let mut state = OnlineState::<T, 16, 4>::new();
        let mut windows: Vec<f64> = Vec::new();
        for frames in frames.chunks(1000) {
            windows.push(windowed(Online::new(), &mut state, frames));
            assert_sound(&state, "a long stream");
        }
        let (last, earlier) = windows.split_last().expect("windows");
        assert!(*last <= 1.05 * median(earlier.to_vec()), "{}: {windows:?}", scalar::<T>());
        assert_consistent(&state, if single::<T>() { 1e-5 } else { 1e-13 });
    }
    both!(check);
}
