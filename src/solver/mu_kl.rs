//! Multiplicative updates for the Kullback–Leibler divergence.

use nalgebra::SMatrix;

use super::revival::{Revivals, row_energies};
use super::{Solver, Sweep};
use crate::columns::{Complete, Data};
use crate::kernel::{column_sums, divergence_term, improve_column, model, newton, ratios};
use crate::scalar::Real;

/// Multiplicative updates that minimise the generalised Kullback–Leibler divergence D(X‖WH) = Σ x·ln(x/y) − x + y, y = WH.
///
/// The usual loss for magnitude spectra and counts: errors count in proportion to what is there, so that faint parts
/// are learned beside loud ones. D never rises. WH is formed anew between H and W.
///
/// # Errors that it reports
///
/// Its own measure: √(2D/ΣX) wherever a relative error is reported ([`Outcome`](crate::Outcome),
/// [`Progress`](crate::Progress)) or set ([`Stop::target`](crate::Stop::target)). For small errors that is the relative error
/// with each entry weighted by 1/x. [`Factors::relative_error`](crate::Factors::relative_error) still gives the Frobenius one.
///
/// # Notes
///
/// y is taken as WH + ε, with ε = 1e-12 (f32) or 1e-26 (f64) of the largest entry of X: D is then finite for every start.
/// A coefficient that is zero while its gradient asks for more takes one Newton step, which cannot overshoot here.
/// Converges slowly, like [`Mu`](crate::Mu): give it a few hundred sweeps.
///
/// # Cost
///
/// A sweep: 5·M·N·K multiply-adds, 3·M·N divisions and M·N logarithms, X read twice.
/// Workspace: M·K + K numbers; 3M of stack.
///
/// # Example
///
/// ```
/// use tinynmf::{Factors, MuKl, MuKlWorkspace, Nmf, Problem, Spa, Stop, nalgebra::SMatrix};
/// let x = SMatrix::<f32, 2, 3>::new(1.0, 2.0, 3.0, 3.0, 2.0, 1.0);
/// let problem = Problem::new(&x)?;
/// let mut factors = Factors::<f32, 2, 3, 1>::zeros();
/// factors.init(&problem, Spa);
/// Nmf::new(MuKl::new()).fit(&problem, &mut factors, &mut MuKlWorkspace::new())?;
/// // The best single part keeps the sums of all rows and columns: 6·4/12.
/// assert!((factors.w[(0, 0)] * factors.h[(0, 0)] - 2.0).abs() < 1e-5);
/// # Ok::<(), tinynmf::Error>(())
/// ```
///
/// # References
///
/// D. D. Lee, H. S. Seung, Algorithms for non-negative matrix factorization, NIPS 13, 2001. C. Févotte, J. Idier, Algorithms for
/// nonnegative matrix factorization with the β-divergence, Neural Computation 23, 2011.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MuKl;

impl MuKl {
    /// No settings.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

/// State of [`MuKl`].
pub struct MuKlWorkspace<T, const M: usize, const K: usize> {
    /// Σⱼ h_kj·x_ij/y_ij, by components.
    gains: [[T; M]; K],
    /// Σⱼ h_kj.
    sums: [T; K],
    /// 2D/ΣX before the sweep; none before the first.
    last: Option<T>,
    revivals: Revivals,
}

impl<T: Real, const M: usize, const K: usize> MuKlWorkspace<T, M, K> {
    /// An empty workspace, for a `static` or the stack.
    #[must_use]
    pub const fn new() -> Self {
        Self { gains: [[T::ZERO; M]; K], sums: [T::ZERO; K], last: None, revivals: Revivals::none() }
    }
}

impl<T: Real, const M: usize, const K: usize> Default for MuKlWorkspace<T, M, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize, O: Complete> Solver<T, M, N, K, O> for MuKl {
    type Workspace = MuKlWorkspace<T, M, K>;

    fn begin(&self, ws: &mut Self::Workspace) {
        ws.last = None;
        ws.revivals = Revivals::for_components(K);
    }

    fn sweep(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        ws: &mut Self::Workspace,
    ) -> Sweep<T> {
        let x = O::complete(x);
        let (w, h) = (&mut w.data.0, h.data.0.as_mut_slice());
        let before = ws.last.unwrap_or_else(|| divergence(x, w, h));
        let parts = column_sums(w);
        ws.gains = [[T::ZERO; M]; K];
        ws.sums = [T::ZERO; K];
        for (j, h) in h.iter_mut().enumerate() {
            let mut frame = [T::ZERO; M];
            x.read(j, &mut frame);
            improve_column(w, &parts, &frame, h);
            let ratio = ratios(w, h, &frame);
            for ((gains, sum), &h) in ws.gains.iter_mut().zip(&mut ws.sums).zip(h.iter()) {
                for (gain, &ratio) in gains.iter_mut().zip(&ratio) {
                    *gain += h * ratio;
                }
                *sum += h;
            }
        }
        for ((w, gains), &sum) in w.iter_mut().zip(&ws.gains).zip(&ws.sums) {
            if sum > T::TINY {
                for (w, &gain) in w.iter_mut().zip(gains) {
                    *w = *w * gain / sum;
                }
            }
        }
        unlock_rows(x, w, h, &ws.gains, &ws.sums);
        let mut sweep = Sweep::new(T::ZERO, divergence(x, w, h));
        sweep.revived = ws.revivals.revive(x, w, h, &row_energies(h), sweep.error);
        if sweep.revived > 0 {
            sweep.error = divergence(x, w, h);
        }
        sweep.decrease = (before - sweep.error).positive();
        ws.last = Some(sweep.error);
        sweep
    }

    /// 2D/ΣX.
    fn objective(&self, x: &Data<'_, T, M, O>, w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>) -> T {
        let x = O::complete(x);
        divergence(x, &w.data.0, h.data.0.as_slice())
    }

    /// Multiplicative updates leave a saddle slowly.
    fn patience(&self) -> u32 {
        8
    }
}

/// Rows of W as `improve_column` does those zeros of H: where the gain of a zero was above its sum.
fn unlock_rows<T: Real, const M: usize, const K: usize>(
    x: &Data<'_, T, M>,
    w: &mut [[T; M]; K],
    h: &[[T; K]],
    gains: &[[T; M]; K],
    sums: &[T; K],
) {
    for k in 0..K {
        for i in 0..M {
            if w[k][i] > T::ZERO || !(sums[k] > T::TINY) || !(gains[k][i] > sums[k]) {
                continue;
            }
            let row = w.map(|w| w[i]);
            let y = |h: &[T; K]| row.iter().zip(h).fold(T::ZERO, |sum, (&w, &h)| sum + w * h) + T::RIDGE * T::RIDGE;
            w[k][i] = newton(h.iter().enumerate().map(|(j, h)| (h[k], (x.entry(i, j), y(h)))), sums[k]);
        }
    }
}

/// 2D(X‖WH + ε)/ΣX, frame by frame.
fn divergence<T: Real, const M: usize, const K: usize>(x: &Data<'_, T, M>, w: &[[T; M]; K], h: &[[T; K]]) -> T {
    let (mut sum, mut total) = (T::ZERO, T::ZERO);
    let mut frame = [T::ZERO; M];
    for (j, h) in h.iter().enumerate() {
        x.read(j, &mut frame);
        for (&x, y) in frame.iter().zip(model(w, h)) {
            sum += divergence_term(x, y);
            total += x;
        }
    }
    T::TWO * sum / total
}
