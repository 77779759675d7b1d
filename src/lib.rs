//! Non-negative matrix factorisation and exact non-negative least squares inside a microcontroller: no heap, no operating
//! system, no panics, sizes fixed at compile time.
//!
//! X (M features × N frames) ≈ W·H, with W (M×K) and H (K×N) non-negative: K parts, and how much of each in every frame.
//!
//! # How it works
//!
//! The caller owns all memory and lends it: data as [`Columns`] checked once by [`Problem`], [`Factors`] that are improved in place,
//! a workspace that belongs to the solver. [`Nmf`] is a solver and a [`Stop`] rule; it never prints, allocates or panics.
//!
//! ```
//! use tinynmf::{Factors, Nmf, Problem, Spa, Workspace};
//!
//! static X: [[f32; 3]; 4] = [[1., 2., 0.], [2., 4., 1.], [0., 0., 3.], [1., 2., 3.]]; // 4 frames of 3 features
//! let problem = Problem::<f32, 3, 4, _>::from_columns(&X[..])?;
//! let (mut factors, mut ws) = (Factors::<f32, 3, 4, 2>::zeros(), Workspace::new());
//! factors.init(&problem, Spa);
//! let outcome = Nmf::default().fit(&problem, &mut factors, &mut ws)?;
//! assert!(outcome.relative_error < 1e-3); // X has non-negative rank 2
//! # Ok::<(), tinynmf::Error>(())
//! ```
//!
//! | to | use |
//! | --- | --- |
//! | fit once, or watch a fit | [`Nmf::fit`], [`Nmf::fit_with`] with an [`Observer`] |
//! | fit between other tasks | [`Nmf::start`], [`Run::step`] |
//! | find the best of several starts | [`Nmf::fit_restarts`] |
//! | choose the method | [`choosing_a_solver`]: [`Hals`], [`Anls`], [`Als`], [`Mu`], [`RandomAls`], [`Kaczmarz`], [`Momentum`], [`Chain`]; your own [`Solver`] |
//! | fit parts that are nearly collinear (optical spectra) | [`Momentum`]`<`[`Anls`]`>`: an eighth of the default's sweeps |
//! | fit spectra or counts by Kullback–Leibler | [`MuKl`] |
//! | fit with missing entries or weights | [`Mask`], [`Weighted`]; [`RandomAls::masked`], [`KaczmarzEntry::masked`], [`Kaczmarz::masked`]; [`missing_entries`] |
//! | choose K | [`HoldOut`], [`rank_curve!`] |
//! | choose the start | [`Uniform`], [`RandomColumns`], [`Spa`], your own [`Init`], or the factors as they are |
//! | explain frames by a dictionary that stays | [`Encoder`], exact; [`KlEncoder`] |
//! | the same without a floating-point unit | [`integer::IntegerEncoder`], [`integer::IntegerOnline`]; [`no_fpu`] |
//! | follow a stream | [`Online`], [`OnlineState`] |
//! | keep some parts as they are | [`Hals::fixed`], [`Factors::init_with_known`], [`Online::fixed`] |
//! | keep the names of parts | [`Factors::align_to`], [`OnlineState::align_to`] |
//! | put a dictionary into flash | [`Encoder::write_source`], [`Encoder::from_parts`] |
//! | bring a dictionary from scikit-learn | [`from_scikit_learn`] |
//! | solve one small problem exactly | [`nnls::solve`] |
//! | link it into firmware | [`into_your_firmware`] |
//! | know what it costs | [`how_fast`] |
//!
//! # Sizes
//!
//! Const parameters stand in the order M, N, K; a wrong M, K or N does not compile:
//!
//! ```compile_fail,E0308
//! use tinynmf::{Factors, Nmf, Problem, Workspace, nalgebra::SMatrix};
//! let x = SMatrix::<f32, 3, 4>::repeat(1.0);
//! let problem = Problem::new(&x).unwrap();
//! let mut factors = Factors::<f32, 5, 4, 2>::zeros(); // M is 3
//! Nmf::default().fit(&problem, &mut factors, &mut Workspace::new());
//! ```
//!
//! ```compile_fail,E0308
//! use tinynmf::{Factors, Nmf, Problem, Workspace, nalgebra::SMatrix};
//! let x = SMatrix::<f32, 3, 4>::repeat(1.0);
//! let problem = Problem::new(&x).unwrap();
//! let mut factors = Factors::<f32, 3, 9, 2>::zeros(); // N is 4
//! Nmf::default().fit(&problem, &mut factors, &mut Workspace::new());
//! ```
//!
//! ```compile_fail,E0308
//! use tinynmf::{Factors, Nmf, Problem, Workspace, nalgebra::SMatrix};
//! let x = SMatrix::<f32, 3, 4>::repeat(1.0);
//! let problem = Problem::new(&x).unwrap();
//! let mut factors = Factors::<f32, 3, 4, 2>::zeros();
//! Nmf::default().fit(&problem, &mut factors, &mut Workspace::<f32, 3, 4, 6>::new()); // K is 2
//! ```
//!
//! Nor does a solver that needs every entry, where some may be missing:
//!
//! ```compile_fail,E0277
//! use tinynmf::{Factors, Mask, Nmf, Problem, Workspace, nalgebra::SMatrix};
//! let x = SMatrix::<f32, 3, 4>::repeat(1.0);
//! let x = Mask { columns: &x, observed: &[[true; 3]; 4] };
//! let problem = Problem::<f32, 3, 4, _>::from_columns(&x).unwrap();
//! let mut factors = Factors::<f32, 3, 4, 2>::zeros();
//! Nmf::default().fit(&problem, &mut factors, &mut Workspace::new()); // HALS does not honour a mask
//! ```
//!
//! A zero size does not build either. K > min(M, N) is legal.
//!
//! # Words
//!
//! | here | meaning | scikit-learn | elsewhere |
//! | --- | --- | --- | --- |
//! | W, M×K | basis, or dictionary; a part per column | `components_.T` | A, templates |
//! | H, K×N | coefficients, or activations; a frame per column | `transform(X).T` | S, weights |
//! | frame | a sample: a column of X | a row of `X` | |
//! | sweep | all of H once, then all of W once | iteration | |
//! | pass | one coordinate pass over a K-vector | | inner iteration |
//! | relative error | ‖X−WH‖_F / ‖X‖_F | `reconstruction_err_` / norm | |
//!
//! # Numbers
//!
//! f32 and f64 through the sealed trait [`Real`]. The same program gives the same bits on every target and at every
//! optimisation level; no feature changes a number. `std` only forwards to nalgebra, `serde` stores an [`OnlineState`].
//!
//! Vectors and matrices are those of [`nalgebra`], with none of its features. nalgebra's own `norm`, `norm_squared`,
//! `normalize` and decompositions do not compile so: for them add nalgebra with its feature `libm`, or `std` on a host.
#![no_std]
// docs.rs builds with a nightly compiler and labels what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![deny(clippy::large_types_passed_by_value, clippy::large_stack_frames)]

/// Vectors and matrices. `norm` and `normalize` need its feature `libm` or `std`.
pub use nalgebra;
pub use rand_core;

#[doc = include_str!("choosing_a_solver.md")]
pub mod choosing_a_solver {}

#[doc = include_str!("into_your_firmware.md")]
pub mod into_your_firmware {}

#[doc = include_str!("how_fast.md")]
pub mod how_fast {}

#[doc = include_str!("from_scikit_learn.md")]
pub mod from_scikit_learn {}

#[doc = include_str!("no_fpu.md")]
pub mod no_fpu {}

#[doc = include_str!("missing_entries.md")]
pub mod missing_entries {}

mod align;
mod columns;
mod dictionary;
mod encode;
mod error;
mod factors;
mod fit;
mod history;
mod init;
pub mod integer;
pub mod kaczmarz;
mod kernel;
pub mod nnls;
mod online;
mod outcome;
mod problem;
mod random;
mod rank;
mod restarts;
mod scalar;
mod solver;
mod stop;

pub use align::Alignment;
pub use columns::{Columns, Complete, Data, Full, Mask, Masked, Observed, Quantized, Weighted};
pub use dictionary::Encoding;
pub use encode::{BatchEncoding, Encoder, KlEncoder, KlEncoding};
pub use error::{Error, Setting};
pub use factors::Factors;
pub use fit::{Nmf, Run, Workspace};
pub use history::History;
pub use init::{Init, RandomColumns, Spa, Start, Uniform};
pub use online::{Online, OnlineState, Update};
pub use outcome::{Observer, Outcome, Progress};
pub use problem::{Problem, Unobserved};
pub use rank::{HoldOut, RankCurve, RankPoint};
pub use restarts::RestartLog;
pub use scalar::Real;
pub use solver::{
    Als, AlsWorkspace, AlternateWorkspace, Anls, AnlsWorkspace, Chain, ChainWorkspace, Hals, Kaczmarz, KaczmarzEntry,
    KaczmarzEntryWorkspace, KaczmarzWorkspace, Momentum, MomentumWorkspace, Mu, MuKl, MuKlWorkspace, Penalty,
    RandomAls, RandomAlsWorkspace, Solver, Sweep,
};
pub use stop::{Status, Stop};

/// The program in the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
