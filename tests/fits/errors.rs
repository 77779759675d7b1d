//! Every way in which a call can be wrong, and a solver from outside the crate under every driver.

use std::ops::ControlFlow;

use crate::common::*;
use tinynmf::nalgebra::SMatrix;
use tinynmf::{
    Als, Anls, Chain, Columns, Data, Error, Factors, Full, Hals, Momentum, Nmf, Outcome, Problem, Progress, Quantized,
    Real, RestartLog, Setting, Solver, Start, Status, Stop, Sweep,
};

const BAD_ROW: usize = 2;
const BAD_COLUMN: usize = 3;

/// The error of a 3×4 matrix of ones with one other entry.
fn error_of_entry<T: Real>(value: T) -> Option<Error> {
    let x = SMatrix::<T, 3, 4>::from_fn(|i, j| if (i, j) == (BAD_ROW, BAD_COLUMN) { value } else { T::ONE });
    let error = Problem::new(&x).err();
    // A slice of frames is judged as the matrix is.
    assert_eq!(Problem::<T, 3, 4, [[T; 3]]>::from_columns(&x.data.0).err(), error);
    error
}

#[test]
fn entries_that_are_not_finite() {
    let expected = Some(Error::NonFinite { row: BAD_ROW, column: BAD_COLUMN });
    for value in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(error_of_entry(value), expected, "{value}");
        assert_eq!(error_of_entry(f64::from(value)), expected, "{value}");
    }
}

#[test]
fn entries_that_are_negative() {
    let expected = Some(Error::Negative { row: BAD_ROW, column: BAD_COLUMN });
    for value in [-1.0, -f32::MIN_POSITIVE, -f32::from_bits(1), f32::MIN] {
        assert_eq!(error_of_entry(value), expected, "{value}");
    }
    for value in [-1.0, -f64::MIN_POSITIVE, -f64::from_bits(1), f64::MIN] {
        assert_eq!(error_of_entry(value), expected, "{value}");
    }
}

#[test]
fn entries_at_the_limits_are_fine() {
    for value in [0.0, -0.0, f32::from_bits(1), f32::MIN_POSITIVE, f32::MAX] {
        assert_eq!(error_of_entry(value), None, "{value}");
    }
    for value in [0.0, -0.0, f64::from_bits(1), f64::MIN_POSITIVE, f64::MAX] {
        assert_eq!(error_of_entry(value), None, "{value}");
    }
}

/// Column by column: of several wrong entries the first is named.
#[test]
fn the_first_wrong_entry_is_named() {
    let mut x = SMatrix::<f32, 3, 4>::from_element(1.0);
    x[(0, 2)] = f32::NAN;
    x[(2, 1)] = -1.0;
    assert_eq!(Problem::new(&x).err(), Some(Error::Negative { row: 2, column: 1 }));
    x[(1, 1)] = f32::INFINITY;
    assert_eq!(Problem::new(&x).err(), Some(Error::NonFinite { row: 1, column: 1 }));
}

#[test]
fn nothing_but_zeros() {
    assert_eq!(Problem::new(&SMatrix::<f32, 3, 4>::from_element(0.0)).err(), Some(Error::AllZero));
    assert_eq!(Problem::new(&SMatrix::<f64, 3, 4>::from_element(-0.0)).err(), Some(Error::AllZero));
    let counts = [[0_u8; 3]; 4];
    let source = Quantized { frames: &counts, scale: 1.0_f32 };
    assert_eq!(Problem::<_, 3, 4, _>::from_columns(&source).err(), Some(Error::AllZero));
}

#[test]
fn another_number_of_frames() {
    fn count<const N: usize>(x: &[[f32; 2]]) -> Option<Error> {
        Problem::<f32, 2, N, _>::from_columns(x).err()
    }
    let x = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
    assert_eq!(count::<3>(&x), None);
    assert_eq!(count::<4>(&x), Some(Error::FrameCount { expected: 4, got: 3 }));
    assert_eq!(count::<2>(&x), Some(Error::FrameCount { expected: 2, got: 3 }));
    assert_eq!(count::<1>(&[]), Some(Error::FrameCount { expected: 1, got: 0 }));
    // The number of frames comes before their contents.
    assert_eq!(count::<2>(&[[f32::NAN; 2]]), Some(Error::FrameCount { expected: 2, got: 1 }));
}

#[test]
fn converter_counts_are_judged_in_the_unit_of_x() {
    fn judge<I: Copy + Into<i32>>(frames: &[[I; 2]; 2], scale: f32) -> Option<Error> {
        let source = Quantized { frames, scale };
        Problem::<f32, 2, 2, _>::from_columns(&source).err()
    }
    assert_eq!(judge(&[[1_i16, 2], [3, 4]], 0.5), None);
    assert_eq!(judge(&[[1_i16, 2], [3, -4]], 0.5), Some(Error::Negative { row: 1, column: 1 }));
    assert_eq!(judge(&[[0_i16, i16::MIN], [3, 4]], 0.5), Some(Error::Negative { row: 1, column: 0 }));
    assert_eq!(judge(&[[0_u8, 2], [3, 4]], -0.5), Some(Error::Negative { row: 1, column: 0 }));
    assert_eq!(judge(&[[1_u8, 2], [3, 4]], f32::NAN), Some(Error::NonFinite { row: 0, column: 0 }));
    assert_eq!(judge(&[[1_u8, 2], [3, 4]], f32::MAX), Some(Error::NonFinite { row: 1, column: 0 }));
    assert_eq!(judge(&[[1_u8, 2], [3, 4]], 0.0), Some(Error::AllZero));
}

fn small() -> SMatrix<f32, 3, 4> {
    SMatrix::from_fn(|i, j| ((3 * i + 5 * j) % 7) as f32)
}

fn start() -> Factors<f32, 3, 4, 2> {
    let mut factors = Factors::<f32, 3, 4, 2>::zeros();
    factors.w.fill(0.5);
    factors.h.fill(0.25);
    factors.w[(1, 1)] = 1.0;
    factors.h[(0, 2)] = 1.0;
    factors
}

/// What `fit`, `start` and `fit_restarts` say; they must agree.
fn refused<S: Tested<f32, 3, 4, 2>>(nmf: Nmf<f32, S>, factors: &Factors<f32, 3, 4, 2>) -> Error {
    let x = small();
    let problem = Problem::new(&x).unwrap();
    let mut ws = S::Workspace::default();
    let mut tried = factors.clone();
    let error = nmf.fit(&problem, &mut tried, &mut ws).expect_err("a refusal");
    assert_eq!(nmf.fit_with(&problem, &mut tried, &mut ws, &mut ()).err(), Some(error));
    assert_eq!(nmf.start(&problem, &mut tried, &mut ws).err(), Some(error));
    let log: Result<RestartLog<f32, 2>, Error> =
        nmf.fit_restarts(&problem, |_| Start::Keep, &mut tried, &mut Factors::zeros(), &mut ws);
    assert_eq!(log.err(), Some(error));
    // Nothing is touched before the checks are done. By bits, since some entries are NaN.
    assert_eq!(bits(&tried), bits(factors));
    error
}

#[test]
fn initial_factors() {
    for value in [f32::NAN, f32::INFINITY, -1.0, -f32::from_bits(1)] {
        let mut factors = start();
        factors.w[(2, 1)] = value;
        assert_eq!(refused(Nmf::default(), &factors), Error::InitialW { row: 2, column: 1 }, "{value}");
        let mut factors = start();
        factors.h[(1, 3)] = value;
        assert_eq!(refused(Nmf::small(), &factors), Error::InitialH { row: 1, column: 3 }, "{value}");
    }
    let mut factors = start();
    factors.h[(0, 0)] = -1.0;
    factors.w[(0, 0)] = -1.0;
    assert_eq!(refused(Nmf::default(), &factors), Error::InitialW { row: 0, column: 0 });
}

/// A start that draws its own factors does not read those of the caller.
#[test]
fn restarts_check_only_what_they_read() {
    let x = small();
    let (mut best, mut trial) = (start(), start());
    best.w[(0, 0)] = f32::NAN;
    trial.h[(0, 0)] = -1.0;
    let log: RestartLog<f32, 2> = Nmf::small()
        .fit_restarts(&Problem::new(&x).unwrap(), |_| Start::Uniform, &mut best, &mut trial, &mut Default::default())
        .unwrap();
    assert!(log.outcome().relative_error < 1.0);
}

fn setting<S: Tested<f32, 3, 4, 2>>(nmf: Nmf<f32, S>) -> Setting {
    match refused(nmf, &start()) {
        Error::Setting(setting) => setting,
        other => panic!("{other:?}"),
    }
}

/// Values that no weight and no tolerance may have.
const NOT_A_WEIGHT: [f32; 5] = [-1.0, -1e-45, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

#[test]
fn stop_settings() {
    let with = |stop| setting(Nmf::default().stop(stop));
    for value in NOT_A_WEIGHT {
        assert_eq!(with(Stop::new().rel_tol(value)), Setting::RelTol, "{value}");
        assert_eq!(with(Stop::new().target(value)), Setting::Target, "{value}");
    }
    assert_eq!(with(Stop::new().max_sweeps(0)), Setting::MaxSweeps);
}

#[test]
fn hals_settings() {
    assert_eq!(setting(Nmf::new(Hals::new().passes(0))), Setting::Passes);
    for value in [-0.1, 1.5, f32::NAN, f32::INFINITY] {
        assert_eq!(setting(Nmf::new(Hals::new().pass_ratio(value))), Setting::PassRatio, "{value}");
    }
}

#[test]
fn penalties() {
    for value in NOT_A_WEIGHT {
        assert_eq!(setting(Nmf::new(Hals::new().l1_w(value))), Setting::L1W, "{value}");
        assert_eq!(setting(Nmf::new(Hals::new().l1_h(value))), Setting::L1H, "{value}");
        assert_eq!(setting(Nmf::new(Anls::new().l1_h(value))), Setting::L1H, "{value}");
        assert_eq!(setting(Nmf::new(Anls::new().l2_w(value))), Setting::L2W, "{value}");
        assert_eq!(setting(Nmf::new(Als::new().l2_w(value))), Setting::L2W, "{value}");
        assert_eq!(setting(Nmf::new(Als::new().l2_h(value))), Setting::L2H, "{value}");
    }
}

/// A solver around another one checks the settings of that one.
#[test]
fn settings_of_the_solver_inside() {
    assert_eq!(setting(Nmf::new(Momentum::new(Hals::new().passes(0)))), Setting::Passes);
    assert_eq!(setting(Nmf::new(Hals::new().passes(0)).finish(Anls::new())), Setting::Passes);
    assert_eq!(setting(Nmf::new(Hals::new()).finish(Anls::new().l1_w(-1.0))), Setting::L1W);
    assert_eq!(setting(Nmf::new(Chain::new(Als::new(), Momentum::new(Anls::new().l2_h(-1.0))))), Setting::L2H);
}

#[test]
fn settings_at_the_limits_are_fine() {
    let x = small();
    let problem = Problem::new(&x).unwrap();
    let stop = Stop::new().rel_tol(0.0).target(0.0).max_sweeps(1);
    for ratio in [0.0, 1.0] {
        let nmf = Nmf::new(Hals::new().passes(1).pass_ratio(ratio).l1_w(0.0).l2_h(1e3)).stop(stop);
        let outcome = nmf.fit(&problem, &mut start(), &mut Default::default()).unwrap();
        assert_eq!((outcome.status, outcome.sweeps), (Status::MaxSweeps, 1));
    }
}

#[test]
fn restart_settings() {
    let x = small();
    let problem = Problem::new(&x).unwrap();
    let (mut best, mut trial, mut ws) = (start(), start(), Default::default());
    let log: Result<RestartLog<f32, 0>, Error> =
        Nmf::small().fit_restarts(&problem, |_| Start::Uniform, &mut best, &mut trial, &mut ws);
    assert_eq!(log.err(), Some(Error::Setting(Setting::Restarts)));
    let log: Result<RestartLog<f32, 2>, Error> =
        Nmf::small().pilots(0).fit_restarts(&problem, |_| Start::Uniform, &mut best, &mut trial, &mut ws);
    assert_eq!(log.err(), Some(Error::Setting(Setting::Pilots)));
    assert_eq!((best, trial), (start(), start()));
}

/// The text of an error says what to change.
#[test]
fn the_text_names_the_setter() {
    let names = [
        (Setting::RelTol, "Stop::rel_tol"),
        (Setting::Target, "Stop::target"),
        (Setting::MaxSweeps, "Stop::max_sweeps"),
        (Setting::Passes, "passes"),
        (Setting::PassRatio, "Hals::pass_ratio"),
        (Setting::L1W, "l1_w"),
        (Setting::L1H, "l1_h"),
        (Setting::L2W, "l2_w"),
        (Setting::L2H, "l2_h"),
        (Setting::Relaxation, "relaxation"),
        (Setting::Decay, "decay"),
        (Setting::Block, "Kaczmarz::block"),
        (Setting::Rounds, "Kaczmarz::rounds"),
        (Setting::Ridge, "ridge"),
        (Setting::Pilots, "pilots"),
        (Setting::Folds, "HoldOut::folds"),
        (Setting::Starts, "HoldOut::starts"),
        (Setting::Restarts, "fit_restarts"),
    ];
    for (setting, name) in names {
        let text = Error::Setting(setting).to_string();
        assert!(text.contains(name) && text.contains("setting"), "{text}");
        assert_eq!(setting.to_string(), setting.as_str());
    }
    let texts = [
        (Error::NonFinite { row: 17, column: 42 }, &["X", "17", "42"][..]),
        (Error::Negative { row: 17, column: 42 }, &["X", "17", "42"]),
        (Error::AllZero, &["X", "zero"]),
        (Error::FrameCount { expected: 17, got: 42 }, &["17", "42", "frames"]),
        (Error::InitialW { row: 17, column: 42 }, &["W", "17", "42"]),
        (Error::InitialH { row: 17, column: 42 }, &["H", "17", "42"]),
        (Error::PartSize { component: 17 }, &["W", "17", "size"]),
        (Error::CoefficientRange { component: 17 }, &["W", "17", "small", "X", "coefficients"]),
        (Error::Diverged { sweeps: 17 }, &["17", "finite"]),
    ];
    for (error, parts) in texts {
        let error: &dyn std::error::Error = &error;
        assert!(parts.iter().all(|part| error.to_string().contains(part)), "{error}");
    }
}

/// A solver as a user writes it: gradient descent with a step of 1/trace(G). Breaks in the sweep it is told to.
#[derive(Clone, Copy)]
struct Gradient {
    breaks_in: Option<u32>,
}

/// Counts the sweeps of a fit.
#[derive(Default)]
struct GradientWorkspace {
    sweeps: u32,
    begun: u32,
}

impl<const M: usize, const N: usize, const K: usize> Solver<f64, M, N, K> for Gradient {
    type Workspace = GradientWorkspace;

    fn begin(&self, ws: &mut GradientWorkspace) {
        *ws = GradientWorkspace { sweeps: 0, begun: ws.begun + 1 };
    }

    fn sweep(
        &self,
        x: &Data<'_, f64, M>,
        w: &mut SMatrix<f64, M, K>,
        h: &mut SMatrix<f64, K, N>,
        ws: &mut GradientWorkspace,
    ) -> Sweep<f64> {
        let before = <Self as Solver<f64, M, N, K>>::objective(self, x, w, h);
        let mut frames = SMatrix::<f64, M, N>::zeros();
        for (j, frame) in frames.data.0.iter_mut().enumerate() {
            x.read(j, frame);
        }
        let gram = w.transpose() * *w;
        let step = 1.0 / gram.trace();
        let gradient = w.transpose() * frames - gram * *h;
        h.zip_apply(&gradient, |h, g| *h = (*h + step * g).max(0.0));
        let gram = *h * h.transpose();
        let step = 1.0 / gram.trace();
        let gradient = frames * h.transpose() - *w * gram;
        w.zip_apply(&gradient, |w, g| *w = (*w + step * g).max(0.0));
        ws.sweeps += 1;
        if self.breaks_in == Some(ws.sweeps) {
            w[(0, 0)] = f64::NAN;
        }
        let after = <Self as Solver<f64, M, N, K>>::objective(self, x, w, h);
        Sweep::new(before - after, after)
    }
}

fn foreign(breaks_in: Option<u32>) -> (Vec<[f64; 12]>, Nmf<f64, Gradient>) {
    (noisy::<12, 10, 3>(1, 0.1), Nmf::new(Gradient { breaks_in }).stop(sweeps(50)))
}

#[test]
fn a_solver_from_outside_works_with_every_driver() {
    let (x, nmf) = foreign(None);
    let problem = checked::<f64, 12, 10>(&x);
    let begun = uniform::<f64, 12, 10, 3>(&problem, 1);
    let before = error(&x, &begun);
    let mut ws = GradientWorkspace::default();

    let mut fitted = begun.clone();
    let outcome = nmf.fit(&problem, &mut fitted, &mut ws).unwrap();
    assert_eq!((outcome.status, outcome.sweeps, ws.begun), (Status::MaxSweeps, 50, 1));
    assert!(outcome.relative_error < 0.9 * before);
    assert!((error(&x, &fitted) - outcome.relative_error).abs() <= tolerance::reported::<f64>());

    let mut watched = begun.clone();
    let mut seen = Vec::new();
    let mut watch = |progress: &Progress<f64>| {
        seen.push(progress.relative_error);
        ControlFlow::Continue(())
    };
    let again = nmf.fit_with(&problem, &mut watched, &mut ws, &mut watch).unwrap();
    assert_eq!((again, bits(&watched)), (outcome, bits(&fitted)));
    assert_eq!((seen.len(), seen.last()), (50, Some(&outcome.relative_error)));

    let mut stepped = begun.clone();
    let mut run = nmf.start(&problem, &mut stepped, &mut ws).unwrap();
    let by_steps = loop {
        if let ControlFlow::Break(outcome) = run.step().unwrap() {
            break outcome;
        }
    };
    drop(run);
    assert_eq!((by_steps, bits(&stepped)), (outcome, bits(&fitted)));

    let (mut best, mut trial) = (begun.clone(), Factors::zeros());
    let log: RestartLog<f64, 3> = nmf
        .fit_restarts(&problem, |r| if r == 0 { Start::Keep } else { Start::Uniform }, &mut best, &mut trial, &mut ws)
        .unwrap();
    assert_eq!(log.restarts().len(), 3);
    assert_eq!(log.restarts()[0], outcome);
    let least = log.restarts().iter().map(|outcome: &Outcome<f64>| outcome.relative_error).fold(f64::MAX, f64::min);
    assert_eq!((log.outcome().relative_error, log.restarts()[log.best()].relative_error), (least, least));

    // It may also be wrapped, chained and finished.
    let mut chained = begun.clone();
    let chain = nmf.finish(Anls::new());
    let outcome = chain.fit(&problem, &mut chained, &mut Default::default()).unwrap();
    assert_eq!(outcome.sweeps, 100);
    assert!(outcome.relative_error < by_steps.relative_error);
    let faster = Nmf::new(Momentum::new(Gradient { breaks_in: None })).stop(Stop::new().max_sweeps(50).rel_tol(0.0));
    let outcome = faster.fit(&problem, &mut begun.clone(), &mut Default::default()).unwrap();
    assert!(outcome.relative_error < by_steps.relative_error);
}

#[test]
fn numbers_that_break_end_every_driver() {
    let (x, nmf) = foreign(Some(4));
    let problem = checked::<f64, 12, 10>(&x);
    let begun = uniform::<f64, 12, 10, 3>(&problem, 1);
    let mut ws = GradientWorkspace::default();
    let expected = Some(Error::Diverged { sweeps: 4 });

    let mut factors = begun.clone();
    assert_eq!(nmf.fit(&problem, &mut factors, &mut ws).err(), expected);
    assert!(factors.w[(0, 0)].is_nan(), "the factors hold what the solver left");
    assert_eq!(nmf.fit_with(&problem, &mut begun.clone(), &mut ws, &mut ()).err(), expected);

    let mut factors = begun.clone();
    let mut run = nmf.start(&problem, &mut factors, &mut ws).unwrap();
    for _ in 0..3 {
        assert!(run.step().unwrap().is_continue());
    }
    assert_eq!(run.step().err(), expected);
    drop(run);

    let (mut best, mut trial) = (begun.clone(), Factors::zeros());
    let log: Result<RestartLog<f64, 2>, Error> =
        nmf.fit_restarts(&problem, |_| Start::Keep, &mut best, &mut trial, &mut ws);
    assert_eq!(log.err(), expected);

    // Neither momentum nor a later stage takes NaN for a sweep to be taken back.
    let momentum = Nmf::new(Momentum::new(Gradient { breaks_in: Some(4) }));
    assert_eq!(momentum.fit(&problem, &mut begun.clone(), &mut Default::default()).err(), expected);
    let chain = Nmf::new(Chain::new(Hals::new(), Gradient { breaks_in: Some(4) })).stop(sweeps(10));
    let error = chain.fit(&problem, &mut begun.clone(), &mut Default::default()).err();
    assert_eq!(error, Some(Error::Diverged { sweeps: 14 }));
}

/// Frames that lie: finite when they are checked, NaN when they are fitted.
struct Liar(core::cell::Cell<bool>);

impl Columns<f32, 2> for Liar {
    type Observed = Full;

    fn len(&self) -> usize {
        3
    }

    fn column<'a>(&'a self, j: usize, buf: &'a mut [f32; 2]) -> &'a [f32; 2] {
        *buf = if self.0.get() && j == 1 { [f32::NAN, 1.0] } else { [1.0, 2.0] };
        buf
    }
}

#[test]
fn data_that_change_after_the_check_are_noticed() {
    for_each_solver!(f32, |promise, solver| {
        let x = Liar(core::cell::Cell::new(false));
        let problem = Problem::<f32, 2, 3, _>::from_columns(&x).unwrap();
        let mut factors = Factors::<f32, 2, 3, 1>::zeros();
        factors.w.fill(1.0);
        factors.h.fill(1.0);
        x.0.set(true);
        let result = Nmf::new(solver).fit(&problem, &mut factors, &mut Default::default());
        assert!(matches!(result, Err(Error::Diverged { .. })), "{}: {result:?}", promise.name);
    });
}
