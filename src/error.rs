//! What can be wrong with a call: [`Error`].

use core::fmt;

/// A wrong input, a wrong setting, or numbers that broke. How an iteration ended is a [`Status`](crate::Status).
///
/// # Example
///
/// ```
/// use tinynmf::{Error, Problem, nalgebra::SMatrix};
/// let x = SMatrix::<f32, 2, 2>::new(1.0, 2.0, -3.0, 4.0);
/// assert_eq!(Problem::new(&x).err(), Some(Error::Negative { row: 1, column: 0 }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// An entry of X is NaN or infinite.
    NonFinite {
        /// Row of the entry: the feature.
        row: usize,
        /// Column of the entry: the frame.
        column: usize,
    },
    /// An entry of X is negative.
    Negative {
        /// Row of the entry: the feature.
        row: usize,
        /// Column of the entry: the frame.
        column: usize,
    },
    /// Every observed entry of X is zero: there is nothing to factorise.
    AllZero,
    /// A weight of [`Masked`](crate::Masked) columns or of an encoder is NaN, infinite or negative.
    Weight {
        /// Row of the entry: the feature.
        row: usize,
        /// Column of the entry: the frame.
        column: usize,
    },
    /// Every weight of [`Encoder::weighted`](crate::Encoder::weighted) is 0: no feature counts.
    NoWeights,
    /// The data have another number of frames than N.
    FrameCount {
        /// N of the types.
        expected: usize,
        /// Number of frames in the data.
        got: usize,
    },
    /// An entry of the initial W is NaN, infinite or negative.
    InitialW {
        /// Row of the entry: the feature.
        row: usize,
        /// Column of the entry: the component.
        column: usize,
    },
    /// An entry of the initial H is NaN, infinite or negative.
    InitialH {
        /// Row of the entry: the component.
        row: usize,
        /// Column of the entry: the frame.
        column: usize,
    },
    /// A column of W that is given and stays is so long, so short, or of entries so far apart, that
    /// the call cannot work with it. The call states its range.
    PartSize {
        /// The component whose part it is.
        component: usize,
    },
    /// The coefficients of a known component are too large for the scalar: its column of W is too
    /// small beside X. Where they are returned all the same, the largest power of two stands for
    /// them.
    CoefficientRange {
        /// The component.
        component: usize,
    },
    /// A setting is outside its range; the field names the setter.
    Setting(Setting),
    /// The iteration produced a number that is not finite. The factors hold what the solver left.
    Diverged {
        /// Sweeps done when it was noticed.
        sweeps: u32,
    },
}

/// The setter that was given a value outside its range, for [`Error::Setting`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// `Stop::rel_tol`: finite and ≥ 0.
    RelTol,
    /// `Stop::target`: finite and ≥ 0.
    Target,
    /// `Stop::max_sweeps`: ≥ 1.
    MaxSweeps,
    /// `passes` of `Hals` and `Mu`: ≥ 1.
    Passes,
    /// `pass_ratio` of `Hals`: in [0, 1].
    PassRatio,
    /// `l1_w`: finite and ≥ 0.
    L1W,
    /// `l1_h`: finite and ≥ 0.
    L1H,
    /// `l2_w`: finite and ≥ 0.
    L2W,
    /// `l2_h`: finite and ≥ 0.
    L2H,
    /// `l1` of `Encoder` and `Online`: finite and ≥ 0.
    L1,
    /// `l2` of `Encoder` and `Online`: finite and ≥ 0.
    L2,
    /// [`RandomAls::ridge`](crate::RandomAls::ridge) and its like.
    Ridge,
    /// `KlEncoder::passes`: ≥ 1.
    KlPasses,
    /// `Online::half_life`: > 0, may be infinite.
    HalfLife,
    /// `Online::trust`: finite and ≥ 0.
    Trust,
    /// `Online::components_per_frame`: ≥ 1.
    ComponentsPerFrame,
    /// `fixed`: at most K, and the same in both stages of a `Chain`.
    Fixed,
    /// `relaxation` of Kaczmarz: in (0, 2).
    Relaxation,
    /// `decay` of Kaczmarz: finite and ≥ 0.
    Decay,
    /// `Kaczmarz::block`: 0 or ≥ 4K.
    Block,
    /// `Kaczmarz::rounds`: ≥ 1.
    Rounds,
    /// `pilots`: ≥ 1.
    Pilots,
    /// `HoldOut::folds`: ≥ 2.
    Folds,
    /// `HoldOut::starts`: ≥ 1.
    Starts,
    /// `fit_restarts`: R ≥ 1.
    Restarts,
}

impl Setting {
    /// Name and range of the setter, as the documentation spells them.
    pub const fn as_str(self) -> &'static str {
        match self {
            Setting::RelTol => "Stop::rel_tol must be finite and >= 0",
            Setting::Target => "Stop::target must be finite and >= 0",
            Setting::MaxSweeps => "Stop::max_sweeps must be >= 1",
            Setting::Passes => "passes must be >= 1",
            Setting::PassRatio => "Hals::pass_ratio must be in [0, 1]",
            Setting::L1W => "l1_w must be finite and >= 0",
            Setting::L1H => "l1_h must be finite and >= 0",
            Setting::L2W => "l2_w must be finite and >= 0",
            Setting::L2H => "l2_h must be finite and >= 0",
            Setting::L1 => "l1 must be finite and >= 0",
            Setting::L2 => "l2 must be finite and >= 0",
            Setting::Ridge => "ridge must be finite and >= 0",
            Setting::KlPasses => "KlEncoder::passes must be >= 1",
            Setting::HalfLife => "Online::half_life must be > 0",
            Setting::Trust => "Online::trust must be finite and >= 0",
            Setting::ComponentsPerFrame => "Online::components_per_frame must be >= 1",
            Setting::Fixed => "fixed must be <= K, and the same in both stages of a Chain",
            Setting::Relaxation => "Kaczmarz relaxation must be in (0, 2)",
            Setting::Decay => "Kaczmarz decay must be finite and >= 0",
            Setting::Block => "Kaczmarz::block must be 0 or >= 4K",
            Setting::Rounds => "Kaczmarz::rounds must be >= 1",
            Setting::Pilots => "Nmf::pilots must be >= 1",
            Setting::Folds => "HoldOut::folds must be >= 2",
            Setting::Starts => "HoldOut::starts must be >= 1",
            Setting::Restarts => "fit_restarts needs R >= 1",
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Error::NonFinite { row, column } => write!(f, "X is not finite at row {row}, column {column}"),
            Error::Negative { row, column } => write!(f, "X is negative at row {row}, column {column}"),
            Error::AllZero => f.write_str("X is zero everywhere"),
            Error::Weight { row, column } => {
                write!(f, "the weight of X is negative or not finite at row {row}, column {column}")
            }
            Error::NoWeights => f.write_str("every weight is zero"),
            Error::FrameCount { expected, got } => write!(f, "X has {got} frames, N is {expected}"),
            Error::InitialW { row, column } => {
                write!(f, "initial W is negative or not finite at row {row}, column {column}")
            }
            Error::InitialH { row, column } => {
                write!(f, "initial H is negative or not finite at row {row}, column {column}")
            }
            Error::PartSize { component } => write!(f, "the size of column {component} of W is out of range"),
            Error::CoefficientRange { component } => {
                write!(
                    f,
                    "column {component} of W is too small beside X: its coefficients are too large for the scalar"
                )
            }
            Error::Setting(setting) => write!(f, "setting out of range: {setting}"),
            Error::Diverged { sweeps } => write!(f, "numbers not finite after {sweeps} sweeps"),
        }
    }
}

impl core::error::Error for Error {}
