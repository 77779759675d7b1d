//! Everything a program keeps in statics: data in flash, factors and workspaces made by `const` constructors.

use std::sync::Mutex;

use crate::common::{bits, notebook_x};
use tinynmf::{
    Als, AlsWorkspace, AlternateWorkspace, Anls, AnlsWorkspace, Chain, ChainWorkspace, Error, Factors, Hals, Momentum,
    MomentumWorkspace, Nmf, Outcome, Problem, Quantized, Solver, Spa, Stop, Workspace,
};

const M: usize = 12;
const N: usize = 10;
const K: usize = 3;

/// The notebook's X in half units, as a converter delivers it: one frame per element.
static COUNTS: [[i16; M]; N] = [
    [0, 0, 18, 10, 6, 4, 2, 0, 0, 0, 0, 0],
    [0, 10, 28, 22, 18, 24, 14, 6, 4, 1, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 6, 4, 2, 2, 0, 0, 0],
    [0, 10, 28, 22, 18, 24, 14, 6, 4, 1, 0, 0],
    [0, 0, 18, 10, 6, 4, 2, 0, 0, 0, 0, 0],
    [0, 0, 18, 10, 6, 4, 2, 0, 0, 0, 0, 0],
    [0, 0, 18, 10, 6, 10, 6, 2, 2, 0, 0, 0],
    [0, 10, 28, 22, 18, 18, 10, 4, 2, 1, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
];

/// The same numbers in f32, computed when the program is compiled.
static FRAMES: [[f32; M]; N] = {
    let mut frames = [[0.0; M]; N];
    let mut j = 0;
    while j < N {
        let mut i = 0;
        while i < M {
            frames[j][i] = COUNTS[j][i] as f32 * 0.5;
            i += 1;
        }
        j += 1;
    }
    frames
};

static FIT: Nmf<f32, Momentum<Hals<f32>>> =
    Nmf::new(Momentum::new(Hals::new())).stop(Stop::new().max_sweeps(300).rel_tol(1e-6));

static FACTORS: Mutex<Factors<f32, M, N, K>> = Mutex::new(Factors::zeros());

static DEFAULT: Mutex<Workspace<f32, M, N, K>> = Mutex::new(Workspace::new());
static HALS: Mutex<AlternateWorkspace<f32, M, K>> = Mutex::new(AlternateWorkspace::new());
static ANLS: Mutex<AnlsWorkspace<f32, M, K>> = Mutex::new(AnlsWorkspace::new());
static ALS: Mutex<AlsWorkspace<f32, M, N, K>> = Mutex::new(AlsWorkspace::new());
static MOMENTUM: Mutex<MomentumWorkspace<f32, M, N, K, AnlsWorkspace<f32, M, K>>> =
    Mutex::new(MomentumWorkspace::with(AnlsWorkspace::new()));
static CHAIN: Mutex<ChainWorkspace<AlternateWorkspace<f32, M, K>, AnlsWorkspace<f32, M, K>>> =
    Mutex::new(ChainWorkspace::with(AlternateWorkspace::new(), AnlsWorkspace::new()));

/// The factors are shared: whoever fits holds them for as long.
fn fit<S: Solver<f32, M, N, K> + Copy>(solver: S, ws: &Mutex<S::Workspace>) -> Result<Outcome<f32>, Error> {
    let problem = Problem::<f32, M, N, _>::from_columns(&FRAMES[..])?;
    let mut factors = FACTORS.lock().unwrap();
    factors.init(&problem, Spa);
    Nmf::new(solver).fit(&problem, &mut factors, &mut ws.lock().unwrap())
}

#[test]
fn the_table_is_the_matrix_of_the_notebook() {
    for (frame, expected) in FRAMES.iter().zip(notebook_x()) {
        assert_eq!(frame.map(f64::from), expected);
    }
}

#[test]
fn every_workspace_lives_in_a_static() {
    // SPA takes three frames of which the parts are mixtures: a fit has something to do and ends below 5 %.
    let outcomes = [
        fit(Hals::new(), &HALS),
        fit(Anls::new(), &ANLS),
        fit(Als::new(), &ALS),
        fit(Momentum::new(Hals::new()), &DEFAULT),
        fit(Momentum::new(Anls::new()), &MOMENTUM),
        fit(Chain::new(Hals::new(), Anls::new()), &CHAIN),
    ];
    for (index, outcome) in outcomes.into_iter().enumerate() {
        let outcome = outcome.unwrap();
        assert!(outcome.relative_error < 0.05, "workspace {index}: {outcome:?}");
    }
}

/// Counts in flash, decoded frame by frame, give the bits that the frames in f32 give.
#[test]
fn counts_and_frames_in_flash_give_the_same_fit() {
    static OTHER: Mutex<Factors<f32, M, N, K>> = Mutex::new(Factors::zeros());
    static WORKSPACE: Mutex<Workspace<f32, M, N, K>> = Mutex::new(Workspace::new());
    static SOURCE: Quantized<'static, i16, f32, M> = Quantized { frames: &COUNTS, scale: 0.5 };

    let (mut factors, mut ws) = (OTHER.lock().unwrap(), WORKSPACE.lock().unwrap());
    let counts = Problem::<f32, M, N, _>::from_columns(&SOURCE).unwrap();
    factors.init(&counts, Spa);
    let first = FIT.fit(&counts, &mut factors, &mut ws).unwrap();
    let expected = bits(&factors);

    let frames = Problem::<f32, M, N, _>::from_columns(&FRAMES[..]).unwrap();
    factors.init(&frames, Spa);
    let second = FIT.fit(&frames, &mut factors, &mut ws).unwrap();
    assert_eq!((second, bits(&factors)), (first, expected));
    assert!(first.relative_error < 1e-3, "{first:?}");
}
