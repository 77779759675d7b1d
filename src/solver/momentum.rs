//! Extrapolation with restart around any monotone solver.

use nalgebra::{ArrayStorage, SMatrix};

use super::{AlternateWorkspace, Solver, Sweep};
use crate::columns::{Complete, Data};
use crate::error::Error;
use crate::scalar::Real;

/// Momentum with restart: each sweep starts a little ahead of the last one.
///
/// Before a sweep both factors move on by β times their last change, clipped at 0; if the sweep
/// ends above the error before (penalties included), it is taken back, β is cut, and one plain
/// sweep follows. β grows by γ while sweeps succeed, up to a ceiling that grows by γ̄ and is
/// lowered to the last successful β at each restart (β₀ = 0.5, η = 1.5, γ = 1.05, γ̄ = 1.01).
///
/// About half the sweeps of the solver inside. `Momentum<Hals>` is the default of [`Nmf`](crate::Nmf).
///
/// Where parts are nearly collinear, as in spectra, coordinate descent creeps: take
/// `Momentum<`[`Anls`](crate::Anls)`>`. Simulated near-infrared spectra, 150×60, K 4, 40 starts: 21
/// sweeps in f32 (20 in f64) where the default takes 178, and all starts within 0.1 % of the best
/// error, where 25 of the default's are.
///
/// # Cost
///
/// The solver's sweep and 4(M + N)K flops. Workspace: the solver's and (M + N)·K numbers for the
/// previous factors, e.g. 64×100, K 8 in f32: 5.2 KB.
///
/// # Notes
///
/// Made for monotone solvers with non-negative factors: [`Hals`](crate::Hals), [`Anls`](crate::Anls). Of no use around
/// [`Als`](crate::Als), which searches on its own copy of the factors; a [`Chain`](crate::Chain) inside stays in its first stage
/// (chain a `Momentum` instead).
///
/// # References
///
/// A. M. S. Ang, N. Gillis, Accelerating nonnegative matrix factorization algorithms using extrapolation, Neural Computation
/// 31, 2019.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Momentum<S> {
    solver: S,
}

impl<S> Momentum<S> {
    /// Momentum around `solver`.
    #[must_use]
    pub const fn new(solver: S) -> Self {
        Self { solver }
    }
}

/// The solver's workspace and the factors before the last accepted sweep.
pub struct MomentumWorkspace<T, const M: usize, const N: usize, const K: usize, V = AlternateWorkspace<T, M, K>> {
    inner: V,
    w: SMatrix<T, M, K>,
    h: SMatrix<T, K, N>,
    beta: T,
    ceiling: T,
    /// Squared error of the caller's factors, +∞ if it is not comparable.
    error: T,
    /// Their penalty.
    penalty: T,
    /// The next sweep starts ahead of the factors, not from where they are.
    ahead: bool,
}

impl<T: Real, const M: usize, const N: usize, const K: usize, V> MomentumWorkspace<T, M, N, K, V> {
    /// Around the solver's own workspace; for a `static` or the stack.
    #[must_use]
    pub const fn with(inner: V) -> Self {
        Self {
            inner,
            w: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; M]; K])),
            h: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; K]; N])),
            beta: T::ZERO,
            // All bits 0, so that a static takes no flash; `begin` sets them.
            ceiling: T::ZERO,
            error: T::ZERO,
            penalty: T::ZERO,
            ahead: false,
        }
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize> MomentumWorkspace<T, M, N, K> {
    /// An empty workspace for [`Hals`](crate::Hals) inside; for a `static` or the stack.
    #[must_use]
    pub const fn new() -> Self {
        Self::with(AlternateWorkspace::new())
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize, V: Default> Default for MomentumWorkspace<T, M, N, K, V> {
    fn default() -> Self {
        Self::with(V::default())
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize, O: Complete, S: Solver<T, M, N, K>> Solver<T, M, N, K, O>
    for Momentum<S>
{
    type Workspace = MomentumWorkspace<T, M, N, K, S::Workspace>;

    fn begin(&self, ws: &mut Self::Workspace) {
        self.solver.begin(&mut ws.inner);
        [ws.beta, _, _, _] = T::MOMENTUM;
        ws.ceiling = T::ONE;
        ws.error = T::INFINITY;
        ws.ahead = false;
    }

    fn sweep(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        ws: &mut Self::Workspace,
    ) -> Sweep<T> {
        let x = O::complete(x);
        let [_, cut, growth, ceiling_growth] = T::MOMENTUM;
        let used = ws.beta;
        if !ws.ahead {
            ws.w.clone_from(w);
            ws.h.clone_from(h);
        } else {
            let free = self.solver.fixed().min(K) * M;
            extrapolate(w.data.0.as_flattened_mut(), ws.w.data.0.as_flattened_mut(), free, used);
            extrapolate(h.data.0.as_flattened_mut(), ws.h.data.0.as_flattened_mut(), 0, used);
            ws.beta = smaller(ws.ceiling, growth * used);
            ws.ceiling = smaller(T::ONE, ceiling_growth * ws.ceiling);
        }
        let mut sweep = self.solver.sweep(x, w, h, &mut ws.inner);
        let penalty = self.solver.penalty(x, w, h);
        if ws.ahead {
            let (before, after) = (ws.error + ws.penalty, sweep.error + penalty);
            sweep.decrease = (before - after).abs();
            sweep.accepted = after <= before;
        }
        if sweep.accepted {
            ws.error = sweep.error;
            ws.penalty = penalty;
            // A revived component has no past to extrapolate from.
            ws.ahead = sweep.revived == 0;
        } else {
            w.clone_from(&ws.w);
            h.clone_from(&ws.h);
            // NaN stays in the report.
            if sweep.error.is_finite() {
                sweep.error = ws.error;
            }
            sweep.revived = 0;
            sweep.decrease = T::ZERO;
            ws.ceiling = used;
            ws.beta = ws.beta / cut;
            ws.ahead = false;
        }
        sweep
    }

    fn objective(&self, x: &Data<'_, T, M, O>, w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>) -> T {
        let x = O::complete(x);
        self.solver.objective(x, w, h)
    }

    fn penalty(&self, x: &Data<'_, T, M, O>, w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>) -> T {
        self.solver.penalty(O::complete(x), w, h)
    }

    fn validate(&self) -> Result<(), Error> {
        self.solver.validate()
    }

    fn fixed(&self) -> usize {
        self.solver.fixed()
    }

    fn confirm(&self, ws: &mut Self::Workspace) -> bool {
        ws.ahead = false;
        true
    }
}

/// now ← max(0, now + β(now − before)), before ← now, from the entry `free` on.
fn extrapolate<T: Real>(now: &mut [T], before: &mut [T], free: usize, beta: T) {
    for (now, before) in now.iter_mut().zip(before).skip(free) {
        let value = *now;
        *now = (value + beta * (value - *before)).positive();
        *before = value;
    }
}

fn smaller<T: Real>(a: T, b: T) -> T {
    if a < b { a } else { b }
}
