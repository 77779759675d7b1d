//! Missing entries and weights.

use crate::common::*;
use tinynmf::nalgebra::SMatrix;
use tinynmf::{
    Chain, Columns, Error, Factors, Full, Kaczmarz, KaczmarzEntry, Mask, Masked, Nmf, Problem, RandomAls,
    RandomColumns, Real, Solver, Spa, Status, Stop, Uniform, Weighted,
};

const M: usize = 12;
const N: usize = 10;
const K: usize = 2;

/// Runs an expression for every solver that honours masks.
macro_rules! for_each_masked {
    ($t:ty, |$name:ident, $solver:ident| $body:expr) => {
        for_each_masked! { @run $name, $solver, $body;
            "Kaczmarz", Kaczmarz::<$t>::new();
            "Kaczmarz, blocks", Kaczmarz::<$t>::new().block(16);
            "KaczmarzEntry", KaczmarzEntry::<$t>::new();
            "RandomAls", RandomAls::new();
            "RandomAls::projected", RandomAls::projected();
            "Kaczmarz::masked", Kaczmarz::<$t>::masked();
            "Kaczmarz, blocks, ridge", Kaczmarz::<$t>::new().block(16).ridge(from_f64(0.1));
            "KaczmarzEntry::masked", KaczmarzEntry::<$t>::masked();
            "RandomAls::masked", RandomAls::masked();
            "Kaczmarz, then RandomAls", Chain::new(Kaczmarz::<$t>::new(), RandomAls::new());
        }
    };
    (@run $name:ident, $solver:ident, $body:expr; $($text:literal, $which:expr;)+) => {{
        $({ let ($name, $solver) = ($text, $which); $body })+
    }};
}

/// A third of the entries missing; every feature and frame keeps most of its own.
fn observed() -> [[bool; M]; N] {
    std::array::from_fn(|j| std::array::from_fn(|i| (5 * i + 7 * j + i * j) % 3 != 0))
}

fn start<T: Real, C: Columns<T, M> + ?Sized>(problem: &Problem<'_, T, M, N, C>, seed: u64) -> Factors<T, M, N, K> {
    use rand_xorshift::XorShiftRng;
    use tinynmf::rand_core::SeedableRng;
    let mut factors = Factors::zeros();
    factors.init(problem, Uniform(&mut XorShiftRng::seed_from_u64(seed)));
    factors
}

fn run<T: Real, C, S>(solver: S, count: u32, problem: &Problem<'_, T, M, N, C>, seed: u64) -> (Factors<T, M, N, K>, T)
where
    C: Columns<T, M> + ?Sized,
    S: Solver<T, M, N, K, C::Observed, Workspace: Default> + Copy,
{
    let mut factors = start(problem, seed);
    let nmf = Nmf::new(solver).stop(sweeps(count));
    let outcome = nmf.fit(problem, &mut factors, &mut S::Workspace::default()).expect("a fit");
    (factors, outcome.relative_error)
}

/// Changing a missing value, to anything, changes no bit: not of the start, not of the fit, not of the report.
#[test]
fn missing_values_are_never_read() {
    fn check<T: Real>() {
        let frames = cast::<T, M>(&noisy::<M, N, K>(1, 0.1));
        let known = observed();
        let fill = |value: T| -> Vec<[T; M]> {
            let entry = |j: usize, i: usize| if known[j][i] { frames[j][i] } else { value };
            (0..N).map(|j| std::array::from_fn(|i| entry(j, i))).collect()
        };
        let zero = T::ZERO;
        for_each_masked!(T, |name, solver| {
            let mut expected = None;
            for value in [zero, T::ONE, -T::ONE, T::INFINITY, zero / zero, T::exp2i(100)] {
                let x = fill(value);
                let x = Mask { columns: &x[..], observed: &known };
                let problem = Problem::<T, M, N, _>::from_columns(&x).unwrap();
                let (factors, told) = run(solver, 15, &problem, 1);
                let mut others = [factors.clone(), factors.clone()];
                {
                    use rand_xorshift::XorShiftRng;
                    use tinynmf::rand_core::SeedableRng;
                    others[0].init(&problem, RandomColumns(&mut XorShiftRng::seed_from_u64(3)));
                    others[1].init(&problem, Spa);
                }
                let found = (bits(&factors), told.bits(), others.map(|other| bits(&other)));
                assert_eq!(expected.get_or_insert(found.clone()), &found, "{name} {} with {value}", scalar::<T>());
            }
        });
    }
    check::<f32>();
    check::<f64>();
}

/// Exact data of rank 2: what is missing is found.
#[test]
fn missing_entries_are_predicted() {
    let x = planted::<M, N, K>(2);
    let known = observed();
    let masked = Mask { columns: &x[..], observed: &known };
    let problem = Problem::<f64, M, N, _>::from_columns(&masked).unwrap();
    for_each_masked!(f64, |name, solver| {
        let (factors, told) = run(solver, 3000, &problem, 1);
        let all = error(&x, &factors);
        // A projected least squares step may stall above the minimum. A block of so few different equations is one.
        let limit = match name {
            "RandomAls::projected" => 0.05,
            "Kaczmarz, blocks" => f64::INFINITY,
            _ => 0.02,
        };
        assert!(told < limit && all < 2.0 * limit, "{name}: {told:e} of what is known, {all:e} of everything");
    });
}

/// The reported error is Σ w·(x − Wh)² over Σ w·x², and no fit ends above its start.
#[test]
fn the_error_is_the_weighted_one() {
    fn check<T: Real>() {
        let x = cast::<T, M>(&noisy::<M, N, K>(3, 0.3));
        let weights: Vec<[T; M]> = cast::<T, M>(&random::<M>(4, N));
        let columns = Weighted { columns: &x[..], weights: &weights };
        let problem = Problem::<T, M, N, _>::from_columns(&columns).unwrap();
        let measure = |factors: &Factors<T, M, N, K>| {
            let (mut rest, mut energy) = (0.0, 0.0);
            for j in 0..N {
                for i in 0..M {
                    let model: f64 = (0..K).map(|k| to_f64(factors.w[(i, k)]) * to_f64(factors.h[(k, j)])).sum();
                    let (x, weight) = (to_f64(x[j][i]), to_f64(weights[j][i]));
                    rest += weight * (x - model) * (x - model);
                    energy += weight * x * x;
                }
            }
            (rest / energy).sqrt()
        };
        for_each_masked!(T, |name, solver| {
            let begin = measure(&start(&problem, 1));
            let (factors, told) = run(solver, 30, &problem, 1);
            let end = measure(&factors);
            assert!((end - to_f64(told)).abs() <= 1e-5 * end, "{name} {}: {end}, told {told}", scalar::<T>());
            let again = to_f64(factors.relative_error(&problem));
            assert!((end - again).abs() <= 1e-5 * end, "{name}: {end}, relative_error says {again}");
            assert!(end < 0.8 * begin, "{name} {}: {begin} to {end}", scalar::<T>());
            assert!(numbers(&factors).all(|value| value >= T::ZERO && value.is_finite()), "{name}");
        });
    }
    check::<f32>();
    check::<f64>();
}

/// Exact weighted least squares: at the end the weighted gradient of every vector satisfies the KKT conditions.
#[test]
fn random_als_ends_at_a_stationary_point_of_the_weighted_error() {
    let x = noisy::<M, N, K>(5, 0.3);
    let weights = random::<M>(6, N);
    let columns = Weighted { columns: &x[..], weights: &weights };
    let problem = Problem::<f64, M, N, _>::from_columns(&columns).unwrap();
    let (factors, _) = run(RandomAls::new(), 2000, &problem, 1);
    let residual = |i: usize, j: usize| {
        weights[j][i] * (x[j][i] - (0..K).map(|k| factors.w[(i, k)] * factors.h[(k, j)]).sum::<f64>())
    };
    let kkt = |value: f64, slope: f64| if value > 0.0 { slope.abs() } else { slope.max(0.0) };
    let mut worst: f64 = 0.0;
    for k in 0..K {
        for j in 0..N {
            worst = worst.max(kkt(factors.h[(k, j)], (0..M).map(|i| factors.w[(i, k)] * residual(i, j)).sum()));
        }
        for i in 0..M {
            worst = worst.max(kkt(factors.w[(i, k)], (0..N).map(|j| factors.h[(k, j)] * residual(i, j)).sum()));
        }
    }
    assert!(worst < 1e-6, "{worst:e}");
}

/// A power of two on all weights changes no bit; weights of 1 are the same problem as none.
#[test]
fn weights_are_relative() {
    let x = noisy::<M, N, K>(7, 0.3);
    let some = random::<M>(8, N);
    let ones = vec![[1.0; M]; N];
    for_each_masked!(f64, |name, solver| {
        let with = |weights: &[[f64; M]]| {
            let columns = Weighted { columns: &x[..], weights };
            let (factors, told) = run(solver, 10, &Problem::<f64, M, N, _>::from_columns(&columns).unwrap(), 1);
            (bits(&factors), told)
        };
        let expected = with(&some);
        for exponent in [-300, -3, 1, 300] {
            let scaled: Vec<[f64; M]> = some.iter().map(|w| w.map(|w| w * f64::exp2i(exponent))).collect();
            assert_eq!(with(&scaled), expected, "{name}, weights times 2^{exponent}");
        }
        let problem = checked::<f64, M, N>(&x);
        let (plain, told) = run(solver, 10, &problem, 1);
        let (weighted, told_weighted) = with(&ones);
        assert!(
            (told - told_weighted).abs() < 1e-9 * told,
            "{name}: {told} without, {told_weighted} with weights of 1"
        );
        // The Grams of RandomAls are summed in another order.
        assert!(name.contains("RandomAls") || bits(&plain) == weighted, "{name}");
    });
}

/// Nothing known of a frame or a feature: their factors are 0, and the outcome says how many there were.
#[test]
fn what_nothing_is_known_about_is_zero_and_reported() {
    let x = noisy::<M, N, K>(9, 0.3);
    let mut known = observed();
    known[3] = [false; M];
    known[7] = [false; M];
    known.iter_mut().for_each(|frame| frame[5] = false);
    let columns = Mask { columns: &x[..], observed: &known };
    let problem = Problem::<f64, M, N, _>::from_columns(&columns).unwrap();
    assert_eq!((problem.unobserved().features, problem.unobserved().frames), (1, 2));
    for_each_masked!(f64, |name, solver| {
        let mut factors = start(&problem, 1);
        let nmf = Nmf::new(solver).stop(sweeps(5));
        let outcome = nmf.fit(&problem, &mut factors, &mut Default::default()).unwrap();
        assert_eq!(outcome.unobserved, problem.unobserved(), "{name}");
        assert!(factors.h.column(3).iter().chain(factors.h.column(7).iter()).all(|&h| h == 0.0), "{name}");
        assert!(factors.w.row(5).iter().all(|&w| w == 0.0), "{name}");
        assert!(numbers(&factors).all(|value| value >= 0.0 && value.is_finite()), "{name}");
    });
    let full = checked::<f64, M, N>(&x);
    assert_eq!((full.unobserved().features, full.unobserved().frames), (0, 0));
}

#[test]
fn nothing_known_at_all_is_an_error() {
    let x = noisy::<M, N, K>(9, 0.3);
    let columns = Mask { columns: &x[..], observed: &[[false; M]; N] };
    assert_eq!(Problem::<f64, M, N, _>::from_columns(&columns).err(), Some(Error::AllZero));
    // A mask that is too short: the rest is missing.
    let columns = Mask { columns: &x[..], observed: &[[true; M]; 4] };
    assert_eq!(Problem::<f64, M, N, _>::from_columns(&columns).unwrap().unobserved().frames, N - 4);
}

#[test]
fn bad_weights_are_named() {
    let x = noisy::<M, N, K>(9, 0.3);
    for value in [-1.0, f64::NAN, f64::INFINITY] {
        let mut weights = vec![[1.0; M]; N];
        weights[4][2] = value;
        let columns = Weighted { columns: &x[..], weights: &weights };
        let error = Problem::<f64, M, N, _>::from_columns(&columns).err().unwrap();
        assert_eq!(error, Error::Weight { row: 2, column: 4 });
        assert!(error.to_string().contains("weight"), "{error}");
    }
}

/// Data of the caller's own: NaN for "missing".
struct NanIsMissing(SMatrix<f32, M, N>);

impl Columns<f32, M> for NanIsMissing {
    type Observed = Masked;

    fn len(&self) -> usize {
        N
    }

    fn column<'a>(&'a self, j: usize, buf: &'a mut [f32; M]) -> &'a [f32; M] {
        Columns::column(&self.0, j, buf)
    }

    fn weight(&self, i: usize, j: usize) -> f32 {
        f32::from(u8::from(!self.0[(i, j)].is_nan()))
    }
}

#[test]
fn columns_of_ones_own_say_what_is_missing() {
    let x = planted::<M, N, K>(2);
    let known = observed();
    let x = NanIsMissing(SMatrix::from_fn(|i, j| if known[j][i] { x[j][i] as f32 } else { f32::NAN }));
    let problem = Problem::<f32, M, N, _>::from_columns(&x).unwrap();
    let mut factors = start(&problem, 1);
    let outcome = Nmf::new(RandomAls::new()).fit(&problem, &mut factors, &mut Default::default()).unwrap();
    assert!(outcome.status == Status::Converged && outcome.relative_error < 0.05, "{outcome:?}");
    // Full data are full in the type.
    fn is_full<C: Columns<f32, M, Observed = Full>>(_: &C) {}
    is_full(&x.0);
}

/// A tight rule stops as on full data.
#[test]
fn a_converged_fit_stops() {
    let x = noisy::<M, N, K>(11, 0.3);
    let known = observed();
    let columns = Mask { columns: &x[..], observed: &known };
    let problem = Problem::<f64, M, N, _>::from_columns(&columns).unwrap();
    for_each_masked!(f64, |name, solver| {
        let mut factors = start(&problem, 1);
        let nmf = Nmf::new(solver).stop(Stop::new().max_sweeps(5000));
        let outcome = nmf.fit(&problem, &mut factors, &mut Default::default()).unwrap();
        assert_eq!(outcome.status, Status::Converged, "{name}: {outcome:?}");
    });
}

/// Little is known, weights and data are of any size, K is above what the data can tell: finite, non-negative, no worse than the
/// start, and what is known can be fitted.
#[test]
fn hard_cases_stay_sound() {
    fn check<T: Real>(scales: &[i32]) {
        type Known = fn(usize, usize) -> bool;
        let known_sets: [(&str, Known); 5] = [
            ("one entry", |i, j| (i, j) == (4, 3)),
            ("one entry a frame", |i, j| i == (5 * j + 2) % M),
            ("one entry a feature", |i, j| j == (3 * i + 1) % N),
            ("one frame", |_, j| j == 6),
            ("a checkerboard", |i, j| (i + j) % 2 == 0),
        ];
        for (what, known) in known_sets {
            for &data_scale in scales {
                for &weight_scale in scales {
                    let size = T::exp2i(data_scale);
                    let x: Vec<[T; M]> =
                        cast::<T, M>(&noisy::<M, N, K>(12, 0.3)).iter().map(|x| x.map(|x| x * size)).collect();
                    let weights: Vec<[T; M]> = (0..N)
                        .map(|j| std::array::from_fn(|i| if known(i, j) { T::exp2i(weight_scale) } else { T::ZERO }))
                        .collect();
                    let columns = Weighted { columns: &x[..], weights: &weights };
                    let problem = Problem::<T, M, N, _>::from_columns(&columns).unwrap();
                    for_each_masked!(T, |name, solver| {
                        let first = start(&problem, 1).relative_error(&problem);
                        let (factors, told) = run(solver, 20, &problem, 1);
                        let case = format!("{name} {}, {what}, X·2^{data_scale}, w·2^{weight_scale}", scalar::<T>());
                        assert!(numbers(&factors).all(|v| v >= T::ZERO && v.is_finite()), "{case}");
                        let allowed = to_f64(first) * (1.0 + 1e-5) + 1e-6;
                        assert!(to_f64(told) <= allowed, "{case}: {first} to {told}");
                    });
                }
            }
        }
    }
    check::<f32>(&[0, -100, 100, -126, 120]);
    check::<f64>(&[0, -900, 900]);
}

/// Restarts, pilots and single steps work on masked data as on full ones.
#[test]
fn drivers_take_masked_data() {
    use tinynmf::{KaczmarzEntryWorkspace, RestartLog, Start};
    let x = noisy::<M, N, K>(13, 0.3);
    let known = observed();
    let columns = Mask { columns: &x[..], observed: &known };
    let problem = Problem::<f64, M, N, _>::from_columns(&columns).unwrap();
    let (mut best, mut trial) = (Factors::<f64, M, N, K>::zeros(), Factors::zeros());
    let starts = [Start::Uniform, Start::Columns, Start::Spa, Start::Keep];
    let nmf = Nmf::new(KaczmarzEntry::new()).pilots(10);
    let mut ws = KaczmarzEntryWorkspace::new();
    let log: RestartLog<f64, 4> = nmf.fit_restarts(&problem, |r| starts[r], &mut best, &mut trial, &mut ws).unwrap();
    let told = log.outcome().relative_error;
    assert!((best.relative_error(&problem) - told).abs() < 1e-12, "{told}");
    assert!(log.restarts().iter().all(|pilot| told <= pilot.relative_error + 1e-12));
    let mut run = nmf.start(&problem, &mut best, &mut ws).unwrap();
    assert!(run.step().unwrap().is_continue());
    drop(run);
    assert!(best.relative_error(&problem) <= told + 1e-12);
}

/// Real data with 30 % of the entries hidden. The limits are 1.2 times the error of an independent
/// fit: alternating non-negative least squares with a ridge of 0.1 on both factors, relative to the
/// Gram of all entries (NumPy 2.4, SciPy 1.17, the larger of two starts).
#[test]
fn hidden_entries_are_predicted_better_than_by_row_means() {
    fn check<const M: usize, const N: usize, const K: usize>(what: &str, x: &[[f64; M]], row_means: f64, ridge: f64) {
        let seen: Vec<[bool; M]> = (0..N).map(|j| std::array::from_fn(|i| !is_hidden(i, j))).collect();
        let predicted = |predict: &dyn Fn(usize, usize) -> f64| {
            let (mut rest, mut energy) = (0.0, 0.0);
            for (j, x) in x.iter().enumerate() {
                for (i, &x) in x.iter().enumerate().filter(|&(i, _)| is_hidden(i, j)) {
                    rest += (x - predict(i, j)).powi(2);
                    energy += x * x;
                }
            }
            (rest / energy).sqrt()
        };
        let mean = |i: usize| {
            let known = (0..N).filter(|&j| seen[j][i]);
            known.clone().map(|j| x[j][i]).sum::<f64>() / known.count() as f64
        };
        let means: [f64; M] = std::array::from_fn(mean);
        let by_means = predicted(&|i, _| means[i]);
        assert!((by_means - row_means).abs() < 1e-4, "{what}: {by_means} by row means");

        let frames = cast::<f32, M>(x);
        let columns = Mask { columns: &frames[..], observed: &seen };
        let problem = Problem::<f32, M, N, _>::from_columns(&columns).unwrap();
        let mut findings = Findings::default();
        let mut judge = |name: &str, factors: &Factors<f32, M, N, K>, limit: f64| {
            let model = |i: usize, j: usize| (0..K).map(|k| factors.w[(i, k)] * factors.h[(k, j)]).sum::<f32>();
            let error = predicted(&|i, j| f64::from(model(i, j)));
            println!("{what}, {name}: {error:.4}");
            findings.expect(error < limit, || format!("{what}, {name}: {error}, limit {limit}, row means {row_means}"));
        };
        fn run<S, C, const M: usize, const N: usize, const K: usize>(
            solver: S,
            problem: &Problem<'_, f32, M, N, C>,
        ) -> Factors<f32, M, N, K>
        where
            C: Columns<f32, M, Observed = Masked>,
            S: Solver<f32, M, N, K, Masked, Workspace: Default> + Copy,
        {
            use rand_xorshift::XorShiftRng;
            use tinynmf::rand_core::SeedableRng;
            let mut factors = Factors::zeros();
            factors.init(problem, Uniform(&mut XorShiftRng::seed_from_u64(1)));
            let nmf = Nmf::new(solver).stop(Stop::new().max_sweeps(60));
            nmf.fit(problem, &mut factors, &mut S::Workspace::default()).unwrap();
            factors
        }
        judge("RandomAls::masked", &run(RandomAls::masked(), &problem), 1.2 * ridge);
        judge("Kaczmarz::masked", &run(Kaczmarz::masked(), &problem), 1.2 * ridge);
        judge("KaczmarzEntry::masked", &run(KaczmarzEntry::masked(), &problem), 1.2 * ridge);
    }
    check::<64, 60, 12>("digits", &data::frames("digits.csv")[..60], 0.5318, 0.4225);
    check::<65, 60, 6>("piano", &data::rows("piano_65x128.csv")[..60], 0.4640, 0.3152);
    check::<12, 10, 5>("notebook", &notebook_x(), 0.7815, 0.4134);
}

/// 30 % of the entries, by a hash of the place.
fn is_hidden(i: usize, j: usize) -> bool {
    let mut hash = (i as u32).wrapping_mul(2_654_435_761).wrapping_add((j as u32).wrapping_mul(2_246_822_519));
    hash = (hash ^ (hash >> 15)).wrapping_mul(2_246_822_519);
    hash = (hash ^ (hash >> 13)).wrapping_mul(3_266_489_917);
    (hash ^ (hash >> 16)) % 10 < 3
}

/// The ridge is the minimum it says: at the end the gradient of e + ½λp, formed anew in f64,
/// satisfies the KKT conditions. A common factor of the weights, which is no power of two, changes
/// nothing but rounding.
#[test]
fn the_ridge_is_the_documented_minimum() {
    let x = noisy::<M, N, K>(5, 0.3);
    let known = observed();
    let some = random::<M>(6, N);
    let lambda = 0.3;
    let run = |factor: f64| {
        let weights: Vec<[f64; M]> =
            (0..N).map(|j| std::array::from_fn(|i| if known[j][i] { factor * some[j][i] } else { 0.0 })).collect();
        let columns = Weighted { columns: &x[..], weights: &weights };
        let problem = Problem::<f64, M, N, _>::from_columns(&columns).unwrap();
        (run(RandomAls::new().ridge(lambda), 3000, &problem, 1), weights)
    };
    let ((factors, told), weights) = run(1.0);
    let entries = || (0..N).flat_map(|j| (0..M).map(move |i| (i, j)));
    let residual = |i: usize, j: usize| {
        weights[j][i] * (x[j][i] - (0..K).map(|k| factors.w[(i, k)] * factors.h[(k, j)]).sum::<f64>())
    };
    let energy: f64 = entries().map(|(i, j)| weights[j][i] * x[j][i].powi(2)).sum();
    let error =
        (entries().filter(|&(i, j)| known[j][i]).map(|(i, j)| residual(i, j).powi(2) / weights[j][i]).sum::<f64>()
            / energy)
            .sqrt();
    assert!((error - told).abs() < 1e-12, "{error}, told {told}");
    let mean = entries().map(|(i, j)| weights[j][i]).sum::<f64>() / (M * N) as f64;
    let kkt = |value: f64, slope: f64| if value > 0.0 { slope.abs() } else { slope.max(0.0) };
    let mut worst: f64 = 0.0;
    for k in 0..K {
        let w: f64 = factors.w.column(k).iter().map(|w| w * w).sum();
        let h: f64 = factors.h.row(k).iter().map(|h| h * h).sum();
        let damping = lambda * error * mean;
        for j in 0..N {
            let fit: f64 = (0..M).map(|i| factors.w[(i, k)] * residual(i, j)).sum();
            worst = worst.max(kkt(factors.h[(k, j)], fit - damping * w * factors.h[(k, j)]));
        }
        for i in 0..M {
            let fit: f64 = (0..N).map(|j| factors.h[(k, j)] * residual(i, j)).sum();
            worst = worst.max(kkt(factors.w[(i, k)], fit - damping * h * factors.w[(i, k)]));
        }
    }
    assert!(worst < 1e-6, "{worst:e}");
    let ((_, again), _) = run(1.5);
    assert!((again - told).abs() < 1e-9, "{told}, {again} with larger weights");
}

/// What is hidden does not matter to an error, however large the prediction: 2^125 is the unit of
/// such an X.
#[test]
fn predictions_of_missing_entries_may_overflow() {
    let x = [[1e-40_f32, 0.0], [2e-40, 1.0]];
    let columns = Mask { columns: &x[..], observed: &[[true, false], [true, false]] };
    let problem = Problem::<f32, 2, 2, _>::from_columns(&columns).unwrap();
    let mut factors = Factors::<f32, 2, 2, 1>::zeros();
    (factors.w[(1, 0)], factors.h[(0, 0)], factors.h[(0, 1)]) = (1e20, 1e10, 1e10);
    assert_eq!(factors.relative_error(&problem), 1.0); // nothing of what is known is explained
}

#[test]
fn a_ridge_out_of_range_is_named() {
    let x = noisy::<M, N, K>(9, 0.3);
    let problem = checked::<f64, M, N>(&x);
    for value in [-1.0, f64::NAN, f64::INFINITY] {
        let mut factors = start(&problem, 1);
        let named = Err(Error::Setting(tinynmf::Setting::Ridge));
        let mut ws = Default::default();
        assert_eq!(Nmf::new(RandomAls::new().ridge(value)).fit(&problem, &mut factors, &mut ws), named);
        let mut ws = Default::default();
        assert_eq!(Nmf::new(Kaczmarz::new().ridge(value)).fit(&problem, &mut factors, &mut ws), named);
        let mut ws = Default::default();
        assert_eq!(Nmf::new(KaczmarzEntry::new().ridge(value)).fit(&problem, &mut factors, &mut ws), named);
    }
}
