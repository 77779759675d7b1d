//! Choice of the rank K: [`HoldOut`] hides entries of X, fits the rest and asks how well the hidden ones are predicted.
//!
//! The error of a fit falls with every component. That of entries it has not seen falls only as long as a component is
//! something that the data have in common, and rises once it is noise.

use heapless::Vec;
use rand_core::SeedableRng;
use rand_xorshift::XorShiftRng;

use crate::columns::{Columns, Masked, Observed, observed_columns};
use crate::error::{Error, Setting};
use crate::factors::Factors;
use crate::fit::Nmf;
use crate::init::Uniform;
use crate::problem::Problem;
use crate::scalar::Real;
use crate::solver::Solver;

/// Cross-validation over single entries: each of `folds` fits hides another share of them.
///
/// Whether an entry is hidden is a hash of its place, so that a fold costs no memory. Needs a solver that honours
/// [`Masked`](crate::Masked) data: [`RandomAls::masked`](crate::RandomAls::masked) is the one to
/// take. Without its ridge the error of large K is an accident of the frames with the fewest
/// entries ([Missing entries](crate::missing_entries)).
/// [`rank_curve!`](crate::rank_curve) does it for a list of K.
///
/// # Settings
///
/// [`folds`](HoldOut::folds), default 10: a tenth of the entries hidden at a time; 20 where there
/// are only a hundred or two of them. [`starts`](HoldOut::starts) of each fit, from
/// [`Uniform`](crate::Uniform) factors, the one with the smallest training error counting; default 3. [`seed`](HoldOut::seed)
/// of the folds and the starts, default 0.
///
/// # References
///
/// Hiding single entries: S. Wold, Cross-validatory estimation of the number of components, Technometrics 20, 1978. B. Kanagal,
/// V. Sindhwani, Rank selection in low-rank matrix approximations, NIPS workshop, 2010.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HoldOut {
    folds: u32,
    starts: u32,
    seed: u64,
}

impl HoldOut {
    /// Ten folds, three starts.
    #[must_use]
    pub const fn new() -> Self {
        Self { folds: 10, starts: 3, seed: 0 }
    }

    /// Number of folds, at least 2; one in so many entries is hidden.
    #[must_use]
    pub const fn folds(mut self, folds: u32) -> Self {
        self.folds = folds;
        self
    }

    /// Starts of each fit, at least 1.
    #[must_use]
    pub const fn starts(mut self, starts: u32) -> Self {
        self.starts = starts;
        self
    }

    /// Seed of the folds and the starts.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Training and held-out error for one K.
    ///
    /// # Shapes
    ///
    /// factors: scratch; they hold the last fit on return.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`], and those of [`Nmf::fit`]. A fold in which every hidden entry is zero is left out.
    ///
    /// # Cost
    ///
    /// folds · starts fits, and two passes over X for each fold.
    pub fn point<T, const M: usize, const N: usize, const K: usize, C, S>(
        &self,
        problem: &Problem<'_, T, M, N, C>,
        nmf: &Nmf<T, S>,
        factors: &mut Factors<T, M, N, K>,
        ws: &mut S::Workspace,
    ) -> Result<RankPoint<T>, Error>
    where
        T: Real,
        C: Columns<T, M> + ?Sized,
        S: Solver<T, M, N, K, Masked>,
    {
        if self.folds < 2 {
            return Err(Error::Setting(Setting::Folds));
        }
        if self.starts == 0 {
            return Err(Error::Setting(Setting::Starts));
        }
        let (mut training, mut held_out, mut squares, mut count) = (T::ZERO, T::ZERO, T::ZERO, 0);
        for fold in 0..self.folds {
            let seen = Fold { columns: problem.columns(), settings: *self, fold, hidden: false };
            let hidden = Fold { hidden: true, ..seen };
            let seen = Problem::<T, M, N, _>::from_columns(&seen)?;
            let hidden = match Problem::<T, M, N, _>::from_columns(&hidden) {
                Err(Error::AllZero) => continue,
                hidden => hidden?,
            };
            let (mut least, mut error, mut unseen) = (T::INFINITY, T::INFINITY, T::INFINITY);
            for start in 0..self.starts {
                let number = u64::from(fold) * u64::from(self.starts) + u64::from(start);
                let mut rng = XorShiftRng::seed_from_u64(self.seed.wrapping_add(number));
                factors.init(&seen, Uniform(&mut rng));
                let outcome = nmf.fit(&seen, factors, ws)?;
                if outcome.objective < least {
                    least = outcome.objective;
                    error = outcome.relative_error;
                    unseen = factors.relative_error(&hidden);
                }
            }
            // Once a prediction is worse than 0, by how much is an accident of a frame with too few entries left.
            // `!`: nor is a prediction of its own that is no number.
            if !(unseen <= T::ONE) {
                unseen = T::ONE;
            }
            training += error * error;
            held_out += unseen;
            squares += unseen * unseen;
            count += 1;
        }
        if count == 0 {
            return Err(Error::AllZero);
        }
        let folds = T::from_count(count);
        let mean = held_out / folds;
        let variance = (squares / folds - mean * mean).positive();
        Ok(RankPoint {
            k: K,
            training: (training / folds).sqrt(),
            held_out: (squares / folds).sqrt(),
            // Standard error of the mean of the folds.
            spread: (variance / T::from_count(count.saturating_sub(1).max(1))).sqrt(),
        })
    }
}

impl Default for HoldOut {
    fn default() -> Self {
        Self::new()
    }
}

/// How well K components explain what a fit has seen and predict what it has not.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RankPoint<T> {
    /// The rank.
    pub k: usize,
    /// Relative error of the entries that were fitted, root mean square over the folds.
    pub training: T,
    /// Relative error of the hidden entries, root mean square over the folds, each taken as 1 at most: no better than 0.
    pub held_out: T,
    /// Standard error of the held-out error, from its differences between folds.
    pub spread: T,
}

/// The errors over K, in the order in which they were measured; room for `CAP`.
#[derive(Clone, Debug)]
pub struct RankCurve<T, const CAP: usize> {
    points: Vec<RankPoint<T>, CAP>,
}

impl<T: Real, const CAP: usize> RankCurve<T, CAP> {
    /// No points yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { points: Vec::new() }
    }

    /// Adds a point; false if there is no room left.
    pub fn push(&mut self, point: RankPoint<T>) -> bool {
        self.points.push(point).is_ok()
    }

    /// The points so far.
    pub fn points(&self) -> &[RankPoint<T>] {
        &self.points
    }

    /// The point with the smallest held-out error; none if no error is a number.
    pub fn least(&self) -> Option<RankPoint<T>> {
        let numbers = self.points.iter().copied().filter(|point| point.held_out.is_finite());
        numbers.reduce(|best, point| if point.held_out < best.held_out { point } else { best })
    }

    /// The smallest K whose held-out error is within one standard error of the least: the rank to take.
    pub fn best(&self) -> Option<RankPoint<T>> {
        let least = self.least()?;
        let good = |point: &&RankPoint<T>| point.held_out <= least.held_out + least.spread;
        Some(self.points.iter().filter(good).fold(least, |best, point| if point.k < best.k { *point } else { best }))
    }
}

impl<T: Real, const CAP: usize> Default for RankCurve<T, CAP> {
    fn default() -> Self {
        Self::new()
    }
}

/// [`HoldOut::point`] for every K of a list: `rank_curve!(hold_out, problem, nmf, [1, 2, 3])` is a
/// `Result<RankCurve<T, 3>, Error>`. A closure after the list sees every point as it is measured.
///
/// The factors and the workspace of one K at a time are on the stack.
///
/// # Example
///
/// ```
/// use tinynmf::{HoldOut, Nmf, Problem, RandomAls, nalgebra::SMatrix, rank_curve};
/// let (a, b) = ([3.0, 1.0, 0.0, 2.0, 5.0, 1.0], [0.0, 2.0, 4.0, 1.0, 1.0, 3.0]);
/// let noise = |i: usize, j: usize| 0.2 * ((7 * i + 5 * j + i * j) % 11) as f32 / 11.0;
/// let x = SMatrix::<f32, 6, 8>::from_fn(|i, j| a[i] * (j + 1) as f32 + b[i] * (8 - j) as f32 + noise(i, j)); // rank 2
/// let problem = Problem::new(&x)?;
/// let curve = rank_curve!(HoldOut::new(), &problem, &Nmf::new(RandomAls::masked()), [1, 2, 3])?;
/// assert_eq!(curve.best().map(|point| point.k), Some(2));
/// # Ok::<(), tinynmf::Error>(())
/// ```
#[macro_export]
macro_rules! rank_curve {
    ($hold_out:expr, $problem:expr, $nmf:expr, [$($k:literal),+ $(,)?]) => {
        $crate::rank_curve!($hold_out, $problem, $nmf, [$($k),+], |_| ())
    };
    ($hold_out:expr, $problem:expr, $nmf:expr, [$($k:literal),+ $(,)?], $each:expr) => {
        // `match`: what is borrowed in the arguments lives to its end.
        match ($hold_out, $problem, $nmf, $each) {
            (hold_out, problem, nmf, mut each) => {
                let mut curve = $crate::RankCurve::<_, { [$($k),+].len() }>::new();
                let mut result = ::core::result::Result::Ok(());
                $(
                    if result.is_ok() {
                        let mut factors = $crate::Factors::<_, _, _, $k>::zeros();
                        let mut ws = ::core::default::Default::default();
                        result = hold_out.point(problem, nmf, &mut factors, &mut ws).map(|point| {
                            each(point);
                            curve.push(point);
                        });
                    }
                )+
                result.map(|()| curve)
            }
        }
    };
}

/// Columns of which one fold is hidden, or everything else.
struct Fold<'c, C: ?Sized> {
    columns: &'c C,
    settings: HoldOut,
    fold: u32,
    /// True: the fold itself; false: the rest.
    hidden: bool,
}

impl<C: ?Sized> Clone for Fold<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for Fold<'_, C> {}

impl<T: Real, const M: usize, C: Columns<T, M> + ?Sized> Columns<T, M> for Fold<'_, C> {
    observed_columns!();

    fn weight(&self, i: usize, j: usize) -> T {
        if (place(i, j, self.settings.seed, self.settings.folds) == self.fold) != self.hidden {
            T::ZERO
        } else if C::Observed::ALL {
            T::ONE
        } else {
            self.columns.weight(i, j)
        }
    }
}

/// The fold of an entry: a hash of its place, uniform on 0..folds. 32-bit arithmetic, the finaliser of MurmurHash3.
fn place(i: usize, j: usize, seed: u64, folds: u32) -> u32 {
    let mut hash = (i as u32).wrapping_mul(0x9e37_79b1) ^ (j as u32).wrapping_mul(0x85eb_ca77).rotate_left(16);
    for word in [seed as u32, (seed >> 32) as u32] {
        hash ^= word;
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        hash ^= hash >> 16;
    }
    ((u64::from(hash) * u64::from(folds)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_of_one_size_and_change_with_the_seed() {
        for folds in [2, 5, 10] {
            for seed in [0, 1, u64::MAX] {
                let mut counts = [0_u32; 10];
                let mut moved = 0;
                for i in 0..60 {
                    for j in 0..100 {
                        let fold = place(i, j, seed, folds);
                        counts[fold as usize] += 1;
                        moved += u32::from(fold != place(i, j, seed ^ 12345, folds));
                    }
                }
                let expected = 6000 / folds;
                for &count in &counts[..folds as usize] {
                    assert!(count.abs_diff(expected) < expected / 6, "{folds} {seed} {counts:?}");
                }
                assert!(moved > 2700, "{moved}");
            }
        }
    }
}
