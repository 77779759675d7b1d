//! Multiplicative updates for the Frobenius norm.

use nalgebra::SMatrix;

use super::alternate::{AlternateWorkspace, Rule};
use super::penalty::{Penalty, penalty_and_fixed_setters};
use super::{Solver, Sweep};
use crate::columns::{Complete, Data};
use crate::error::{Error, Setting};
use crate::kernel::{self, Block, LANES, Lanes};
use crate::scalar::Real;

/// Multiplicative updates: every coefficient is multiplied by (Wᵀx)_k / (WᵀWh)_k.
///
/// The best known method and the slowest here: it creeps towards zeros without reaching them. In it for comparison, and
/// where its inner loop without branches counts. The error never rises; WH is formed anew between H and W.
///
/// A zero would stay zero for ever: a coefficient that is zero while its gradient asks for more gets one exact
/// coordinate step instead. A zero denominator leaves its coefficient as it is.
///
/// Near a saddle the updates creep, and the stop rule cannot tell it from a minimum. Once it is
/// met, sweeps therefore add an exact coordinate step of every coefficient, until it is met again.
///
/// # Settings
///
/// [`passes`](Mu::passes): updates of each vector from the same cross products, default 1, the classical method; 3 to 5
/// cost K² multiply-adds each and save sweeps where M ≫ K. Penalties: [`Penalty`].
///
/// # Cost
///
/// A sweep: 2·M·N·K + (M + N)(passes + 2)K² multiply-adds and (M + N)·K·passes divisions, X read once.
/// Workspace: [`AlternateWorkspace`], independent of N.
///
/// # Example
///
/// ```
/// use tinynmf::{AlternateWorkspace, Factors, Mu, Nmf, Problem, Spa, Stop, nalgebra::SMatrix};
/// let x = SMatrix::<f32, 4, 4>::new(5., 4., 0., 2., 4., 3., 0., 1., 3., 2., 4., 5., 2., 1., 5., 4.);
/// let problem = Problem::new(&x)?;
/// let mut factors = Factors::<f32, 4, 4, 2>::zeros();
/// factors.init(&problem, Spa);
/// let nmf = Nmf::new(Mu::new()).stop(Stop::new().rel_tol(1e-6).max_sweeps(2000));
/// let outcome = nmf.fit(&problem, &mut factors, &mut AlternateWorkspace::new())?;
/// assert!((outcome.relative_error - 0.067464).abs() < 1e-4);
/// # Ok::<(), tinynmf::Error>(())
/// ```
///
/// # References
///
/// D. D. Lee, H. S. Seung, Algorithms for non-negative matrix factorization, NIPS 13, 2001. The way out of zeros: C.-J.
/// Lin, On the convergence of multiplicative update algorithms for nonnegative matrix factorization, IEEE Trans. Neural
/// Networks 18, 2007. Several passes: N. Gillis, F. Glineur, Neural Computation 24, 2012.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Mu<T, const PENALIZED: bool = false, const KNOWN: bool = false> {
    passes: u32,
    penalty: Penalty<T>,
    fixed: usize,
}

impl<T: Real> Mu<T> {
    /// One pass, no penalty.
    #[must_use]
    pub const fn new() -> Self {
        Self { passes: 1, penalty: Penalty::none(), fixed: 0 }
    }
}

impl<T: Real, const PENALIZED: bool, const KNOWN: bool> Mu<T, PENALIZED, KNOWN> {
    /// Updates of each vector, at least 1.
    #[must_use]
    pub const fn passes(mut self, passes: u32) -> Self {
        self.passes = passes;
        self
    }

    penalty_and_fixed_setters!(Mu { passes });
}

impl<T: Real> Default for Mu<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize, const PENALIZED: bool, const KNOWN: bool, O: Complete>
    Solver<T, M, N, K, O> for Mu<T, PENALIZED, KNOWN>
{
    type Workspace = AlternateWorkspace<T, M, K>;

    fn begin(&self, ws: &mut Self::Workspace) {
        ws.begin(self.fixed);
    }

    fn sweep(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        ws: &mut Self::Workspace,
    ) -> Sweep<T> {
        let x = O::complete(x);
        let mut rule = Multiplicative { passes: self.passes, closing: ws.closing };
        ws.sweep::<PENALIZED, KNOWN>(x, &mut w.data.0, h.data.0.as_mut_slice(), &self.penalty, &mut rule)
    }

    fn penalty(&self, x: &Data<'_, T, M, O>, w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>) -> T {
        let penalty = self.penalty.given::<PENALIZED>();
        penalty.map_or(T::ZERO, |penalty| penalty.of(O::complete(x), &w.data.0, h.data.0.as_slice(), self.fixed))
    }

    fn fixed(&self) -> usize {
        if KNOWN { self.fixed } else { 0 }
    }

    /// Coordinate steps from here on: they leave a saddle, where multiplicative updates hardly
    /// move.
    fn confirm(&self, ws: &mut Self::Workspace) -> bool {
        !core::mem::replace(&mut ws.closing, true)
    }

    fn validate(&self) -> Result<(), Error> {
        if self.passes == 0 {
            return Err(Error::Setting(Setting::Passes));
        }
        self.penalty.given::<PENALIZED>().map_or(Ok(()), Penalty::validate)
    }
}

struct Multiplicative {
    passes: u32,
    closing: bool,
}

impl<T: Real, const K: usize> Rule<T, K> for Multiplicative {
    fn prepare(&mut self, _: &[[T; K]; K]) {}

    fn improve(&mut self, gram: &[[T; K]; K], block: &mut Block<T, K>) -> Lanes<T> {
        let start = block.factor;
        kernel::gradient(gram, &block.cross, &start, &mut block.gradient);
        let slope = block.gradient;
        for _ in 0..self.passes {
            multiply(gram, block);
        }
        kernel::gradient(gram, &block.cross, &block.factor, &mut block.gradient);
        step(gram, block, self.closing);
        // The objective is quadratic: it falls by the step times the mean of the gradients at both ends.
        let mut decrease = [T::ZERO; LANES];
        for k in 0..K {
            for l in 0..LANES {
                let step = block.factor[k][l] - start[k][l];
                decrease[l] += T::HALF * step * (slope[k][l] + block.gradient[k][l]);
            }
        }
        decrease
    }
}

/// f_k ← f_k·c_k/(Gf)_k, all components from the same f: the minimum of a separable function that lies above the objective
/// and touches it at f. An L1 penalty can make c_k negative; that minimum is then at 0.
fn multiply<T: Real, const K: usize>(gram: &[[T; K]; K], block: &mut Block<T, K>) {
    let mut negative_model = [[T::ZERO; LANES]; K];
    kernel::gradient(gram, &[[T::ZERO; LANES]; K], &block.factor, &mut negative_model);
    for k in 0..K {
        for l in 0..LANES {
            let model = -negative_model[k][l];
            if model > T::TINY {
                let ratio = block.cross[k][l].positive() / model;
                // A coefficient that far below what is asked of it is as good as zero: `unlock`
                // sees to it.
                block.factor[k][l] = if ratio < T::INFINITY { block.factor[k][l] * ratio } else { T::ZERO };
            }
        }
    }
}

/// Exact coordinate steps, one after the other: of zeros that the gradient pulls away from zero, or
/// of `all`.
fn step<T: Real, const K: usize>(gram: &[[T; K]; K], block: &mut Block<T, K>, all: bool) {
    for k in 0..K {
        if !(gram[k][k] > T::TINY) {
            continue;
        }
        for l in 0..LANES {
            let (f, g) = (block.factor[k][l], block.gradient[k][l]);
            if !all && (f > T::ZERO || !(g > T::ZERO)) {
                continue;
            }
            let step = (f + g / gram[k][k]).positive() - f;
            block.factor[k][l] = f + step;
            for q in 0..K {
                block.gradient[q][l] -= gram[k][q] * step;
            }
        }
    }
}
