//! Alternating Kaczmarz projections.

use nalgebra::SMatrix;
use rand_xorshift::XorShiftRng;

use super::ridge::{self, Ridge, ridge_setter};
use super::walk::{PATIENCE, Pace, Walk, pace_setters};
use super::{Solver, Sweep};
use crate::columns::{Data, Observed};
use crate::error::{Error, Setting};
use crate::kaczmarz::{Draws, Mean, Sampling, Table, energy, row, step};
use crate::kernel;
use crate::nnls::Equations;
use crate::scalar::Real;

/// Row Kaczmarz: every column of H, then every row of W, moves by a few projections onto random equations of its own.
///
/// No Gram and no solve; each projection reads one entry of X. The projections of [`kaczmarz`](crate::kaczmarz), which says
/// when this is the right method: rows or entries that come one at a time or are missing, N ≫ 2κ², noise below the
/// accuracy that is wanted. Where the whole of X is at hand and small, [`Hals`](crate::Hals) is several times faster and ends lower.
///
/// The best factors so far are kept, the search goes on from the latest ones. A sweep that ends
/// worse than no factors at all is taken back and the relaxation halved. After 12 sweeps without a
/// new best the walk returns to the best factors with half the relaxation; it has converged once
/// that no longer moves the error.
///
/// # Missing entries
///
/// Works on [`Masked`](crate::Masked) data: a vector is projected onto its observed equations, drawn in proportion to their weights.
/// [`masked`](Kaczmarz::masked) adds the ridge that hidden entries call for ([Missing
/// entries](crate::missing_entries)): each projection also divides the vector by 1 plus its share
/// of it. [`ridge`](Kaczmarz::ridge) λ: default 0, `masked` 0.1.
///
/// # Settings
///
/// [`projections`](Kaczmarz::projections) for each vector, default 0: 2K. [`relaxation`](Kaczmarz::relaxation) λ and
/// [`decay`](Kaczmarz::decay) d: a sweep uses λ/(1 + d·t), where t counts the sweeps before it that did not lower the squared
/// error by 2 %; default 1/(1 + 0.1·t). On exact data λ = 1 without decay converges, with noise only a λ that falls. [`sampling`](Kaczmarz::sampling): by energy. [`tail_average`](Kaczmarz::tail_average):
/// a vector becomes the mean over the second half of its projections; default false. [`block`](Kaczmarz::block): instead
/// of one row, project onto so many at once by a small least squares solve; at least 4K, or the blocks are
/// ill-conditioned and the iteration diverges. [`rounds`](Kaczmarz::rounds) in a sweep, default 1: more where the pass over X
/// for the error costs more than the projections, that is where M·N > 10·K·(M + N). [`seed`](Kaczmarz::seed) of the draws, default 0.
///
/// Follow it with [`Nmf::finish`](crate::Nmf::finish) and a few sweeps of `Hals` for the last digits.
///
/// # Cost
///
/// A round: (M + N)·projections·(5K + log₂) multiply-adds and as many single entries of X; a sweep one more pass over X,
/// M·N·K. Workspace: 2(M + N) numbers, and (M + N)·K for the second copy of the factors.
///
/// # Example
///
/// ```
/// use tinynmf::{Factors, Kaczmarz, KaczmarzWorkspace, Nmf, Problem, Spa, nalgebra::SMatrix};
/// let x = SMatrix::<f32, 4, 4>::new(5., 4., 0., 2., 4., 3., 0., 1., 3., 2., 4., 5., 2., 1., 5., 4.);
/// let problem = Problem::new(&x)?;
/// let mut factors = Factors::<f32, 4, 4, 2>::zeros();
/// factors.init(&problem, Spa);
/// let outcome = Nmf::new(Kaczmarz::new()).fit(&problem, &mut factors, &mut KaczmarzWorkspace::new())?;
/// assert!(outcome.relative_error < 0.075); // best: 0.0675
/// # Ok::<(), tinynmf::Error>(())
/// ```
///
/// # References
///
/// T. Strohmer, R. Vershynin, J. Fourier Anal. Appl. 15, 2009. Inequalities: D. Leventhal, A. S. Lewis, Math. Oper. Res. 35,
/// 2010. In factorisation: E. Chau, J. Haddock, arXiv:2010.10635, 2020.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Kaczmarz<T> {
    projections: u32,
    pace: Pace<T>,
    sampling: Sampling,
    clip: bool,
    tail_average: bool,
    block: u32,
    rounds: u32,
    ridge: T,
}

impl<T: Real> Kaczmarz<T> {
    /// 2K projections, λ = 1/(1 + t/10), rows by energy.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            projections: 0,
            pace: Pace::new(),
            sampling: Sampling::Energy,
            clip: true,
            tail_average: false,
            block: 0,
            rounds: 1,
            ridge: T::ZERO,
        }
    }

    /// As [`new`](Kaczmarz::new), with the [ridge](crate::missing_entries) of 0.1 that missing
    /// entries call for.
    #[must_use]
    pub const fn masked() -> Self {
        Self { ridge: T::MASKED, ..Self::new() }
    }

    /// Without the projection onto the orthant: factors may be negative.
    #[must_use]
    pub const fn unconstrained() -> Self {
        Self { clip: false, ..Self::new() }
    }

    /// Projections for each vector in a round; 0 means 2K.
    #[must_use]
    pub const fn projections(mut self, projections: u32) -> Self {
        self.projections = projections;
        self
    }

    /// How rows are drawn.
    #[must_use]
    pub const fn sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = sampling;
        self
    }

    /// True: the mean of the second half of a vector's projections instead of the last one.
    #[must_use]
    pub const fn tail_average(mut self, tail_average: bool) -> Self {
        self.tail_average = tail_average;
        self
    }

    /// Rows in one projection: 0 (single rows) or at least 4K.
    #[must_use]
    pub const fn block(mut self, rows: u32) -> Self {
        self.block = rows;
        self
    }

    /// Times over all of H and all of W in one sweep, at least 1.
    #[must_use]
    pub const fn rounds(mut self, rounds: u32) -> Self {
        self.rounds = rounds;
        self
    }

    ridge_setter!();

    pace_setters!();
}

impl<T: Real> Default for Kaczmarz<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// State of [`Kaczmarz`].
pub struct KaczmarzWorkspace<T, const M: usize, const N: usize, const K: usize> {
    /// Squared lengths of the rows of W.
    features: Table<T, M>,
    /// Squared lengths of the columns of H.
    frames: Table<T, N>,
    walk: Walk<T, M, N, K>,
}

impl<T: Real, const M: usize, const N: usize, const K: usize> KaczmarzWorkspace<T, M, N, K> {
    /// An empty workspace, for a `static` or the stack.
    #[must_use]
    pub const fn new() -> Self {
        Self { features: Table::new(), frames: Table::new(), walk: Walk::new() }
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize> Default for KaczmarzWorkspace<T, M, N, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize, O: Observed> Solver<T, M, N, K, O> for Kaczmarz<T> {
    type Workspace = KaczmarzWorkspace<T, M, N, K>;

    fn begin(&self, ws: &mut Self::Workspace) {
        ws.walk.begin(&self.pace, self.ridge);
    }

    fn sweep(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        ws: &mut Self::Workspace,
    ) -> Sweep<T> {
        let KaczmarzWorkspace { features, frames, walk } = ws;
        walk.sweep(x, w, h, &self.pace, |w, h, relaxation, damping, rng| {
            let moves = Moves { settings: self, relaxation, damping, count: self.count::<K>() };
            for _ in 0..self.rounds {
                // Components of one size: the equations are then as well conditioned as scaling can make them.
                kernel::level_w(w, h);
                moves.columns(x, w, h, features, rng);
                kernel::level_h(w, h);
                moves.rows(x, w, h, frames, rng);
            }
        })
    }

    fn penalty(&self, x: &Data<'_, T, M, O>, w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>) -> T {
        Ridge::new(self.ridge, x).excess(x, &w.data.0, h.data.0.as_slice())
    }

    fn validate(&self) -> Result<(), Error> {
        self.pace.validate()?;
        ridge::validate(self.ridge)?;
        if self.block != 0 && (self.block as usize) < K.saturating_mul(4) {
            return Err(Error::Setting(Setting::Block));
        }
        if self.rounds == 0 {
            return Err(Error::Setting(Setting::Rounds));
        }
        Ok(())
    }

    fn signed(&self) -> bool {
        !self.clip
    }

    fn patience(&self) -> u32 {
        PATIENCE
    }

    fn confirm(&self, ws: &mut Self::Workspace) -> bool {
        ws.walk.calm();
        true
    }
}

impl<T: Real> Kaczmarz<T> {
    fn count<const K: usize>(&self) -> u32 {
        if self.projections > 0 { self.projections } else { (K as u32).saturating_mul(2) }
    }
}

/// The projections of one round.
struct Moves<'s, T> {
    settings: &'s Kaczmarz<T>,
    relaxation: T,
    /// Of the ridge.
    damping: T,
    count: u32,
}

impl<T: Real> Moves<'_, T> {
    /// All of H, from the rows of W.
    fn columns<const M: usize, const K: usize, O: Observed>(
        &self,
        x: &Data<'_, T, M, O>,
        w: &[[T; M]; K],
        h: &mut [[T; K]],
        table: &mut Table<T, M>,
        rng: &mut XorShiftRng,
    ) {
        for (j, h) in h.iter_mut().enumerate() {
            if j == 0 || !O::ALL {
                table.fill(self.settings.sampling, |i| energy(&row(w, i)) * x.weight(i, j));
            }
            self.vector(table, !O::ALL, rng, h, |i| (row(w, i), x.entry(i, j)));
        }
    }

    /// All of W, from the columns of H.
    fn rows<const M: usize, const N: usize, const K: usize, O: Observed>(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut [[T; M]; K],
        h: &[[T; K]],
        table: &mut Table<T, N>,
        rng: &mut XorShiftRng,
    ) {
        let column = |j: usize| h.get(j).copied().unwrap_or([T::ZERO; K]);
        for i in 0..M {
            if i == 0 || !O::ALL {
                table.fill(self.settings.sampling, |j| energy(&column(j)) * x.weight(i, j));
            }
            let mut vector = row(w, i);
            self.vector(table, !O::ALL, rng, &mut vector, |j| (column(j), x.entry(i, j)));
            for (w, value) in w.iter_mut().zip(vector) {
                w[i] = value;
            }
        }
    }

    /// Moves one vector f by projections onto the equations g_c·f = x_c that `equation` gives. The energies in the table are
    /// those of the rows, times their weights if `weighted`.
    fn vector<const C: usize, const K: usize>(
        &self,
        table: &Table<T, C>,
        weighted: bool,
        rng: &mut XorShiftRng,
        f: &mut [T; K],
        equation: impl Fn(usize) -> ([T; K], T),
    ) {
        let mut draws = table.draws(rng);
        let mut mean = Mean::new();
        // Drawn by energy, a projection moves f by λ/Σv‖g‖² times its gradient on average, and the
        // ridge shares the step. The components of the other factor have unit length, so it is the
        // same for all.
        let damping =
            if self.damping > T::ZERO { self.damping / table.all_energy().at_least(T::TINY) } else { T::ZERO };
        let keep = T::ONE / (T::ONE + self.relaxation * damping);
        for p in 0..self.count {
            if self.settings.block > 0 {
                self.block(&mut draws, f, damping, &equation);
            } else if let Some(c) = draws.next_row() {
                let (row, x) = equation(c);
                let energy = if weighted { energy(&row) } else { table.energy(c) };
                step(&row, energy, x, self.relaxation, self.settings.clip, f);
                if damping > T::ZERO {
                    *f = f.map(|f| f * keep);
                }
            }
            if self.settings.tail_average && p >= self.count / 2 {
                mean.add(f);
            }
        }
        mean.write(f);
    }

    /// Moves f to the least squares solution of a few rows at once: a step from where it is, damped by a ridge.
    fn block<const C: usize, const K: usize>(
        &self,
        draws: &mut Draws<'_, T, C>,
        f: &mut [T; K],
        damping: T,
        equation: impl Fn(usize) -> ([T; K], T),
    ) {
        let mut gram = [[T::ZERO; K]; K];
        let mut gradient = [T::ZERO; K];
        for _ in 0..self.settings.block {
            let Some(c) = draws.next_row() else { continue };
            let (row, x) = equation(c);
            let mut rest = x;
            for (&g, &f) in row.iter().zip(f.iter()) {
                rest -= g * f;
            }
            // Drawn by energy, a row stands for many: each counts alike once divided by its length.
            let inverse = T::ONE / energy(&row);
            for k in 0..K {
                gradient[k] += row[k] * rest * inverse;
                for q in 0..K {
                    gram[k][q] += row[k] * row[q] * inverse;
                }
            }
        }
        let damping = damping * T::from_count(self.settings.block as usize);
        for k in 0..K {
            gram[k][k] += T::BLOCK_RIDGE * gram[k][k] + damping;
            gradient[k] -= damping * f[k];
        }
        let mut equations = Equations::new();
        equations.set(&gram);
        equations.factor_all();
        equations.solve(&mut gradient);
        for (f, step) in f.iter_mut().zip(gradient) {
            let moved = *f + self.relaxation * step;
            *f = if self.settings.clip { moved.positive() } else { moved };
        }
    }
}
