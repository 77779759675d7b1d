//! Dead components get a second life.

use super::Sweep;
use crate::columns::{Data, Observed};
use crate::kernel;
use crate::scalar::Real;

/// Revivals that one fit may spend, per component on average. Components that die more often have nothing to say.
const REVIVALS: u32 = 4;

/// What a fit may still spend, and on which components.
#[derive(Clone, Copy)]
pub(crate) struct Revivals {
    left: u32,
    /// The components before this one are known, dead or not.
    first: usize,
}

impl Revivals {
    pub(crate) const fn none() -> Self {
        Self { left: 0, first: 0 }
    }

    pub(crate) const fn for_components(k: usize) -> Self {
        Self::beyond(0, k)
    }

    /// For the components `first` … `k` − 1.
    pub(crate) const fn beyond(first: usize, k: usize) -> Self {
        Self { left: REVIVALS.saturating_mul(k as u32), first }
    }

    /// Gives each dead component the frame that the others explain worst: w_k ← (x_j − Wh_j)₊, h_k ← e_j. The error falls by
    /// the energy of that positive part.
    ///
    /// `energies`: ‖h_k‖² of every component. `error`: the squared relative one.
    pub(crate) fn revive<T: Real, const M: usize, const K: usize, O: Observed>(
        &mut self,
        x: &Data<'_, T, M, O>,
        w: &mut [[T; M]; K],
        h: &mut [[T; K]],
        energies: &[T; K],
        error: T,
    ) -> u32 {
        let mut revived = 0;
        let lengths = kernel::diagonal(w);
        for k in self.first..K {
            let alive = lengths[k] * energies[k] > T::DEAD * x.energy();
            // Below EXPLAINED there is nothing to give it.
            if alive || self.left == 0 || error <= T::EXPLAINED {
                continue;
            }
            w[k] = [T::ZERO; M];
            for h in h.iter_mut() {
                h[k] = T::ZERO;
            }
            let (j, worst) = kernel::worst_frame(x, w, h);
            if worst * T::from_count(x.len()) <= T::EXPLAINED {
                continue;
            }
            let mut residual = [T::ZERO; M];
            x.read(j, &mut residual);
            if let Some(h) = h.get_mut(j) {
                kernel::residual_into(w, h, &mut residual);
                h[k] = T::ONE;
            }
            w[k] = residual.map(T::positive);
            self.left -= 1;
            revived += 1;
        }
        revived
    }

    /// The end of a sweep of a method without Grams: revives from the norms of the factors, then measures the error.
    pub(crate) fn end_sweep<T: Real, const M: usize, const K: usize, O: Observed>(
        &mut self,
        x: &Data<'_, T, M, O>,
        w: &mut [[T; M]; K],
        h: &mut [[T; K]],
    ) -> Sweep<T> {
        let mut sweep = Sweep::new(T::ZERO, kernel::residual(x, w, h, T::ONE));
        sweep.revived = self.revive(x, w, h, &row_energies(h), sweep.error);
        if sweep.revived > 0 {
            sweep.error = kernel::residual(x, w, h, T::ONE);
        }
        sweep
    }
}

/// ‖h_k‖² of every component.
#[inline(never)] // one copy
pub(crate) fn row_energies<T: Real, const K: usize>(h: &[[T; K]]) -> [T; K] {
    let mut energies = [T::ZERO; K];
    for h in kernel::rolled(h) {
        for (energy, &h) in energies.iter_mut().zip(h) {
            *energy += h * h;
        }
    }
    energies
}
