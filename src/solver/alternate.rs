//! The alternation that every method on normal equations shares.
//!
//! A method is a [`Rule`]: given a K×K Gram and K-vectors of cross products, improve K-vectors. It is used once per column
//! of X, with WᵀW, and once per row of W, with A = HHᵀ and the rows of B = XHᵀ, both gathered while the columns pass by.
//! Each column of X is read once a sweep.

use crate::columns::Data;
use crate::kernel::{self, Block, Frames, LANES, Lanes};
use crate::scalar::Real;

use super::revival::Revivals;
use super::{Penalty, Sweep};

/// How a method improves K-vectors.
pub(crate) trait Rule<T: Real, const K: usize> {
    /// A new Gram is in force.
    fn prepare(&mut self, gram: &[[T; K]; K]);

    /// Improves `block.factor` and leaves `block.gradient` = cross − gram·factor. Returns, per lane, the decrease of
    /// ½fᵀGf − cᵀf. A lane of zeros (cross, factor) stays zero.
    fn improve(&mut self, gram: &[[T; K]; K], block: &mut Block<T, K>) -> Lanes<T>;
}

/// State and scratch of one alternation: 2K² + M·K + 2M numbers on a microcontroller, 2K² + M·K + 17M where frames are
/// taken 8 at a time (x86-64, AArch64). Independent of N.
pub struct AlternateWorkspace<T, const M: usize, const K: usize> {
    /// WᵀW.
    gram: [[T; K]; K],
    /// A = HHᵀ.
    moments: [[T; K]; K],
    /// B = XHᵀ, by columns.
    mixed: [[T; M]; K],
    /// Squared length of each row of X, found in the first sweep.
    row_energy: [T; M],
    frames: Frames<T, M>,
    started: bool,
    revivals: Revivals,
    /// Squared error before the sweep, kept only where penalties are set.
    last: Option<T>,
    /// The components before this one are known.
    fixed: usize,
}

impl<T: Real, const M: usize, const K: usize> AlternateWorkspace<T, M, K> {
    /// An empty workspace, for a `static` or the stack.
    pub const fn new() -> Self {
        Self {
            gram: [[T::ZERO; K]; K],
            moments: [[T::ZERO; K]; K],
            mixed: [[T::ZERO; M]; K],
            row_energy: [T::ZERO; M],
            frames: Frames::new(),
            started: false,
            revivals: Revivals::none(),
            last: None,
            fixed: 0,
        }
    }

    /// Forgets the last problem. Of the new one the first `fixed` components are known.
    pub(crate) fn begin(&mut self, fixed: usize) {
        self.started = false;
        self.fixed = fixed;
        self.revivals = Revivals::beyond(fixed, K);
        self.last = None;
    }

    /// All of H once, then all of W once.
    pub(crate) fn sweep(
        &mut self,
        x: &Data<'_, T, M>,
        w: &mut [[T; M]; K],
        h: &mut [[T; K]],
        penalty: &Penalty<T>,
        rule: &mut dyn Rule<T, K>,
    ) -> Sweep<T> {
        if *penalty != Penalty::none() && self.last.is_none() {
            self.last = Some(kernel::residual(x, w, h, T::ONE));
        }
        let on_h = Weights::new(penalty.l1_h, penalty.l2_h, x.energy(), x.len());
        let on_w = Weights::new(penalty.l1_w, penalty.l2_w, x.energy(), M);
        let mut decrease = T::ZERO;
        self.sweep_h(x, w, h, on_h, rule, &mut decrease);
        let error = self.sweep_w(w, on_w, rule, &mut decrease);
        let mut sweep = Sweep::new((decrease * T::TWO / x.energy()).positive(), error / x.energy());
        let mut energies = [T::ZERO; K];
        for (k, energy) in energies.iter_mut().enumerate() {
            *energy = self.moments[k][k];
        }
        sweep.revived = self.revivals.revive(x, w, h, &energies, sweep.error);
        if sweep.revived > 0 || sweep.error < T::ROW_WISE {
            sweep.error = kernel::residual(x, w, h, T::ONE);
        }
        if let Some(last) = self.last {
            // Each half lowers its own penalised error, and the other half gives some of it back in every sweep: what comes to
            // rest is the error itself.
            sweep.decrease = (last - sweep.error).abs();
            self.last = Some(sweep.error);
            // A penalty on one factor only lets their sizes drift apart, a little every sweep.
            kernel::balance(w, h, self.fixed);
        }
        sweep
    }

    fn sweep_h(
        &mut self,
        x: &Data<'_, T, M>,
        w: &[[T; M]; K],
        h: &mut [[T; K]],
        weights: Weights<T>,
        rule: &mut dyn Rule<T, K>,
        decrease: &mut T,
    ) {
        kernel::gram(w, &mut self.gram);
        let penalties = weights.apply(&mut self.gram);
        rule.prepare(&self.gram);
        self.moments = [[T::ZERO; K]; K];
        self.mixed = [[T::ZERO; M]; K];
        if !self.started {
            self.row_energy = [T::ZERO; M];
        }
        let mut first = 0;
        for chunk in h.chunks_mut(LANES) {
            self.frames.load(x, first, chunk.len());
            first += chunk.len();
            let mut block = Block::zero();
            kernel::cross(w, &self.frames, &mut block.cross);
            for l in 0..LANES {
                let Some(h) = chunk.get(l) else { break };
                for (factor, &h) in block.factor.iter_mut().zip(h) {
                    factor[l] = h;
                }
            }
            let gained = penalties.improve(rule, &self.gram, &mut block, chunk.len());
            for l in 0..LANES {
                let Some(h) = chunk.get_mut(l) else { break };
                for (h, factor) in h.iter_mut().zip(&block.factor) {
                    *h = factor[l];
                }
                *decrease += gained[l];
            }
            kernel::accumulate(self.frames.columns(), chunk, &mut self.moments, &mut self.mixed);
            if !self.started {
                self.frames.add_energy(&mut self.row_energy);
            }
        }
        self.started = true;
    }

    /// The rows of W from A and B; returns ‖X − WH‖², every row's share formed on its own and clamped at 0.
    fn sweep_w(&mut self, w: &mut [[T; M]; K], weights: Weights<T>, rule: &mut dyn Rule<T, K>, decrease: &mut T) -> T {
        // Without rows and columns of known components: the rule then leaves those alone. WᵀW is formed anew in the next sweep.
        let fixed = self.fixed.min(K);
        self.gram = self.moments;
        for k in 0..fixed {
            self.gram[k] = [T::ZERO; K];
            for row in &mut self.gram {
                row[k] = T::ZERO;
            }
        }
        let penalties = weights.apply(&mut self.gram);
        rule.prepare(&self.gram);
        let mut error = T::ZERO;
        for (block_index, energies) in self.row_energy.chunks(LANES).enumerate() {
            let first = block_index * LANES;
            let mut block = Block::zero();
            for k in 0..K {
                copy(&mut block.cross[k], &self.mixed[k], first);
                copy(&mut block.factor[k], &w[k], first);
            }
            let known = set_known_aside(&self.moments, fixed, &mut block);
            let gained = penalties.improve(rule, &self.gram, &mut block, energies.len());
            for (w, factor) in w.iter_mut().zip(&block.factor).skip(fixed) {
                for (w, &factor) in w.iter_mut().skip(first).zip(factor) {
                    *w = factor;
                }
            }
            let explained = penalties.explained(&block);
            for (((&energy, &known), &explained), &gained) in energies.iter().zip(&known).zip(&explained).zip(&gained) {
                let left = energy - known - explained;
                // Not `positive`: NaN must stay visible.
                error += if left < T::ZERO { T::ZERO } else { left };
                *decrease += gained;
            }
        }
        error
    }
}

impl<T: Real, const M: usize, const K: usize> Default for AlternateWorkspace<T, M, K> {
    fn default() -> Self {
        Self::new()
    }
}

/// The penalties of one factor, before a Gram is known.
#[derive(Clone, Copy)]
struct Weights<T> {
    /// λ₁σ.
    l1: T,
    l2: T,
}

impl<T: Real> Weights<T> {
    /// σ² is the mean energy of the `count` vectors that X consists of on this side.
    fn new(l1: T, l2: T, energy: T, count: usize) -> Self {
        // No square root where there is no penalty: the solvers without one stay free of it.
        let l1 = if l1 > T::ZERO { l1 * (energy / T::from_count(count)).sqrt() } else { T::ZERO };
        Self { l1, l2 }
    }

    /// Puts the L2 weight on the diagonal of `gram`.
    fn apply<const K: usize>(self, gram: &mut [[T; K]; K]) -> Penalties<T, K> {
        let mut penalties = Penalties { l1: [T::ZERO; K], l2: [T::ZERO; K] };
        for k in 0..K {
            let energy = gram[k][k];
            if self.l1 > T::ZERO {
                penalties.l1[k] = self.l1 * energy.sqrt();
            }
            penalties.l2[k] = self.l2 * energy;
            gram[k][k] = energy + penalties.l2[k];
        }
        penalties
    }
}

/// The penalties in numbers for one Gram.
struct Penalties<T, const K: usize> {
    /// λ₁σ√G_kk, taken from the cross product.
    l1: [T; K],
    /// λ₂G_kk, as it was added to the diagonal.
    l2: [T; K],
}

impl<T: Real, const K: usize> Penalties<T, K> {
    /// Runs the rule on the first `used` lanes; the others come out as zeros.
    fn improve(&self, rule: &mut dyn Rule<T, K>, gram: &[[T; K]; K], block: &mut Block<T, K>, used: usize) -> Lanes<T> {
        for (cross, &l1) in block.cross.iter_mut().zip(&self.l1) {
            for cross in cross.iter_mut().take(used) {
                *cross -= l1;
            }
        }
        rule.improve(gram, block)
    }

    /// ‖x‖² − ‖x − Wf‖² per lane, with the penalties taken out again: Σ f_k(c_k + g_k) of the plain normal equations.
    fn explained(&self, block: &Block<T, K>) -> Lanes<T> {
        let mut sum = [T::ZERO; LANES];
        for k in 0..K {
            for l in 0..LANES {
                let f = block.factor[k][l];
                let plain = block.cross[k][l] + block.gradient[k][l] + T::TWO * self.l1[k] + self.l2[k] * f;
                sum[l] += f * plain;
            }
        }
        sum
    }
}

/// Takes the first `fixed` components out of the normal equations of the others: c_k − Σ_q A_kq f_q over the known q. Returns
/// ‖x‖² − ‖x − W_q f_q‖² per lane.
fn set_known_aside<T: Real, const K: usize>(moments: &[[T; K]; K], fixed: usize, block: &mut Block<T, K>) -> Lanes<T> {
    let mut explained = [T::ZERO; LANES];
    for q in 0..fixed.min(K) {
        let known = core::mem::replace(&mut block.factor[q], [T::ZERO; LANES]);
        for l in 0..LANES {
            // With the components before q taken out already: f_q(2c_q − A_qq f_q).
            explained[l] += known[l] * (T::TWO * block.cross[q][l] - moments[q][q] * known[l]);
        }
        for k in q + 1..K {
            for l in 0..LANES {
                block.cross[k][l] -= moments[k][q] * known[l];
            }
        }
        block.cross[q] = [T::ZERO; LANES];
    }
    explained
}

/// The lanes `values[first..]`; past the end they keep what they hold.
fn copy<T: Real, const M: usize>(lanes: &mut Lanes<T>, values: &[T; M], first: usize) {
    for (lane, &value) in lanes.iter_mut().zip(values.iter().skip(first)) {
        *lane = value;
    }
}
