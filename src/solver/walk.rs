//! What the two forms of Kaczmarz share: a random walk whose relaxation falls, with the best factors kept.

use nalgebra::SMatrix;
use rand_core::SeedableRng;
use rand_xorshift::XorShiftRng;

use super::Sweep;
use super::best::Latest;
use super::revival::Revivals;
use crate::columns::{Data, Observed};
use crate::error::{Error, Setting};
use crate::scalar::Real;

/// Sweeps of a random walk without a new best after which it calms down: fewer say little.
pub(super) const PATIENCE: u32 = 12;

/// λ of the first sweep, how fast it falls, and the seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace<T> {
    pub relaxation: T,
    pub decay: T,
    pub seed: u64,
}

impl<T: Real> Pace<T> {
    pub(super) const fn new() -> Self {
        Self { relaxation: T::ONE, decay: T::DECAY, seed: 0 }
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        if !(self.relaxation > T::ZERO && self.relaxation < T::TWO) {
            return Err(Error::Setting(Setting::Relaxation));
        }
        if !(self.decay >= T::ZERO && self.decay.is_finite()) {
            return Err(Error::Setting(Setting::Decay));
        }
        Ok(())
    }
}

/// Adds the setters of a `pace` field.
macro_rules! pace_setters {
    () => {
        /// λ of the first sweep, in (0, 2).
        #[must_use]
        pub const fn relaxation(mut self, relaxation: T) -> Self {
            self.pace.relaxation = relaxation;
            self
        }

        /// How fast λ falls, finite and ≥ 0; 0: not at all.
        #[must_use]
        pub const fn decay(mut self, decay: T) -> Self {
            self.pace.decay = decay;
            self
        }

        /// Seed of the draws; every fit starts from it.
        #[must_use]
        pub const fn seed(mut self, seed: u64) -> Self {
            self.pace.seed = seed;
            self
        }
    };
}
pub(super) use pace_setters;

/// State of a walk.
pub(super) struct Walk<T, const M: usize, const N: usize, const K: usize> {
    /// None before the first fit: a generator cannot be made in a `const`.
    rng: Option<XorShiftRng>,
    cleared: bool,
    /// Sweeps that did not bring the error down.
    held_up: u32,
    damping: T,
    revivals: Revivals,
    latest: Latest<T, M, N, K>,
}

impl<T: Real, const M: usize, const N: usize, const K: usize> Walk<T, M, N, K> {
    pub(super) const fn new() -> Self {
        Self {
            rng: None,
            cleared: false,
            held_up: 0,
            damping: T::ONE,
            revivals: Revivals::none(),
            latest: Latest::new(),
        }
    }

    /// The next sweep is the first of a fit.
    pub(super) fn begin(&mut self, pace: &Pace<T>, ridge: T) {
        self.rng = Some(XorShiftRng::seed_from_u64(pace.seed));
        self.cleared = false;
        self.held_up = 0;
        self.damping = T::ONE;
        self.revivals = Revivals::for_components(K);
        self.latest.begin();
        self.latest.set_ridge(ridge);
    }

    /// The next sweep starts from the best factors, with half the relaxation: the steps of a
    /// walk that no longer comes lower may only be too long. Where this sweep moves the error, the
    /// walk goes on.
    pub(super) fn calm(&mut self) {
        self.damping *= T::HALF;
        self.cleared = false;
        self.latest.begin();
    }

    /// One sweep: `project` with λ = `relaxation`/(1 + `decay`·t), t the sweeps that were held up,
    /// and the damping of the ridge; then revival and the error.
    pub(super) fn sweep<O: Observed>(
        &mut self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        pace: &Pace<T>,
        project: impl FnOnce(&mut [[T; M]; K], &mut [[T; K]], T, T, &mut XorShiftRng),
    ) -> Sweep<T> {
        let Self { rng, cleared, held_up, damping, revivals, latest } = self;
        let rng = rng.get_or_insert_with(|| XorShiftRng::seed_from_u64(pace.seed));
        let relaxation = *damping * pace.relaxation / (T::ONE + pace.decay * T::from_count(*held_up as usize));
        let sweep = latest.sweep_or_return(x, w, h, |w, h, damping| {
            if !*cleared {
                clear_silent(x, w, h);
                *cleared = true;
            }
            project(w, h, relaxation, damping, rng);
            revivals.end_sweep(x, w, h)
        });
        if !sweep.accepted {
            // Taken back, perhaps to factors that were never cleared.
            *cleared = false;
            *damping *= T::HALF;
        }
        if !latest.fell_by(T::PROGRESS) {
            *held_up = held_up.saturating_add(1);
        }
        sweep
    }
}

/// Zeros the vectors of features and frames that are zero wherever they are observed: projections would only come close.
fn clear_silent<T: Real, const M: usize, const K: usize, O: Observed>(
    x: &Data<'_, T, M, O>,
    w: &mut [[T; M]; K],
    h: &mut [[T; K]],
) {
    let mut heard = [false; M];
    let mut frame = [T::ZERO; M];
    for (j, h) in h.iter_mut().enumerate() {
        x.read(j, &mut frame);
        let mut silent = true;
        for (heard, &x) in heard.iter_mut().zip(&frame) {
            *heard |= x > T::ZERO;
            silent &= !(x > T::ZERO);
        }
        if silent {
            *h = [T::ZERO; K];
        }
    }
    for w in w {
        for (w, &heard) in w.iter_mut().zip(&heard) {
            if !heard {
                *w = T::ZERO;
            }
        }
    }
}
