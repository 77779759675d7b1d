//! The alternation that every method on normal equations shares.
//!
//! A method is a [`Rule`]: given a K×K Gram and K-vectors of cross products, improve K-vectors. It is used once per column
//! of X, with WᵀW, and once per row of W, with A = HHᵀ and the rows of B = XHᵀ, both gathered while the columns pass by.
//! Each column of X is read once a sweep.

use crate::columns::Data;
use crate::kernel::{self, Block, Frames, LANES, Lanes};
use crate::scalar::Real;

use super::Sweep;
use super::penalty::{Penalty, Weights};
use super::revival::{Revivals, row_energies};

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
    /// The row energies are those of X.
    started: bool,
    revivals: Revivals,
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
            fixed: 0,
        }
    }

    /// Forgets the last problem. Of the new one the first `fixed` components are known.
    pub(crate) fn begin(&mut self, fixed: usize) {
        self.started = false;
        self.fixed = fixed;
        self.revivals = Revivals::beyond(fixed, K);
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
        if penalty.l1_w > T::ZERO && !self.started {
            self.read_rows(x, h.len());
        }
        let mut decrease = T::ZERO;
        let ridge = self.sweep_h(x, w, h, penalty, rule, &mut decrease);
        let error = self.sweep_w(w, penalty.on_w(), &ridge, rule, &mut decrease);
        let mut sweep = Sweep::new((decrease * T::TWO / x.energy()).positive(), error / x.energy());
        sweep.revived = self.revivals.revive(x, w, h, &diagonal(&self.moments), sweep.error);
        if sweep.revived > 0 || sweep.error < T::ROW_WISE {
            sweep.error = kernel::residual(x, w, h, T::ONE);
        }
        sweep
    }

    /// The columns of H. Returns the ridge by which W bears the penalties on H, see [`Penalty`].
    fn sweep_h(
        &mut self,
        x: &Data<'_, T, M>,
        w: &[[T; M]; K],
        h: &mut [[T; K]],
        penalty: &Penalty<T>,
        rule: &mut dyn Rule<T, K>,
        decrease: &mut T,
    ) -> [T; K] {
        kernel::gram(w, &mut self.gram);
        let weights = penalty.on_h();
        let parts = diagonal(&self.gram);
        let penalties = Penalties::new(weights, &self.ridge_on_h(penalty.on_w(), &parts, w, h), &mut self.gram);
        // Σⱼ ‖xⱼ‖hⱼ, where L1 asks for it.
        let mut amounts = [T::ZERO; K];
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
            let lengths = if weights.l1 > T::ZERO { self.frames.lengths() } else { [T::ZERO; LANES] };
            let gained = penalties.improve(rule, &self.gram, &mut block, &lengths);
            for l in 0..LANES {
                let Some(h) = chunk.get_mut(l) else { break };
                for (h, factor) in h.iter_mut().zip(&block.factor) {
                    *h = factor[l];
                }
                if weights.l1 > T::ZERO {
                    for (amount, &h) in amounts.iter_mut().zip(h.iter()) {
                        *amount += lengths[l] * h;
                    }
                }
                *decrease += gained[l];
            }
            kernel::accumulate(self.frames.columns(), chunk, &mut self.moments, &mut self.mixed);
            if !self.started {
                self.frames.add_energy(&mut self.row_energy);
            }
        }
        self.started = true;
        ridge(weights, &amounts, &parts, &diagonal(&self.moments), self.fixed)
    }

    /// The energies of the rows of X before the first sweep, which finds them on its way otherwise.
    #[inline(never)] // off the path of fits without such a penalty
    fn read_rows(&mut self, x: &Data<'_, T, M>, count: usize) {
        self.row_energy = [T::ZERO; M];
        for first in (0..count).step_by(LANES) {
            self.frames.load(x, first, LANES.min(count - first));
            self.frames.add_energy(&mut self.row_energy);
        }
        self.started = true;
    }

    /// The ridge by which H bears the penalties on W.
    fn ridge_on_h(&self, on_w: Weights<T>, parts: &[T; K], w: &[[T; M]; K], h: &[[T; K]]) -> [T; K] {
        if !on_w.is_set() {
            return [T::ZERO; K];
        }
        let mut amounts = [T::ZERO; K];
        if on_w.l1 > T::ZERO {
            for (amount, w) in amounts.iter_mut().zip(w) {
                for (&w, &energy) in w.iter().zip(&self.row_energy) {
                    *amount += energy.sqrt() * w;
                }
            }
        }
        ridge(on_w, &amounts, &row_energies(h), parts, self.fixed)
    }

    /// The rows of W from A and B; returns ‖X − WH‖², every row's share formed on its own and clamped at 0.
    fn sweep_w(
        &mut self,
        w: &mut [[T; M]; K],
        weights: Weights<T>,
        ridge: &[T; K],
        rule: &mut dyn Rule<T, K>,
        decrease: &mut T,
    ) -> T {
        // Without rows and columns of known components: the rule then leaves those alone. WᵀW is formed anew in the next sweep.
        let fixed = self.fixed.min(K);
        self.gram = self.moments;
        for k in 0..fixed {
            self.gram[k] = [T::ZERO; K];
            for row in &mut self.gram {
                row[k] = T::ZERO;
            }
        }
        let penalties = Penalties::new(weights, ridge, &mut self.gram);
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
            let mut lengths = [T::ZERO; LANES];
            if weights.l1 > T::ZERO {
                for (length, &energy) in lengths.iter_mut().zip(energies) {
                    *length = energy.sqrt();
                }
            }
            let gained = penalties.improve(rule, &self.gram, &mut block, &lengths);
            for (w, factor) in w.iter_mut().zip(&block.factor).skip(fixed) {
                for (w, &factor) in w.iter_mut().skip(first).zip(factor) {
                    *w = factor;
                }
            }
            let explained = penalties.explained(&block, &lengths);
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

/// What a factor bears of the penalties on the other one, as an addition to the diagonal of its Gram.
///
/// λ₂‖w_k‖²‖h_k‖² is symmetric. λ₁‖w_k‖Σⱼ‖xⱼ‖h_kj depends on W by the length of w_k, and u ≤ (u²/v + v)/2, equal at u = v: the
/// square with the length v that w_k has now lies above, touches, and is quadratic. `amounts` are the sums Σⱼ‖xⱼ‖h_kj of the penalised
/// factor, `own` the energies of this one and `other` those of the penalised one. Known components have no penalty on W, and
/// their W bears none.
fn ridge<T: Real, const K: usize>(
    weights: Weights<T>,
    amounts: &[T; K],
    own: &[T; K],
    other: &[T; K],
    fixed: usize,
) -> [T; K] {
    let mut ridge = [T::ZERO; K];
    if weights.is_set() {
        for k in fixed.min(K)..K {
            ridge[k] = weights.l2 * other[k];
            if own[k] > T::TINY {
                ridge[k] += weights.l1 * amounts[k].positive() / own[k].sqrt();
            }
        }
    }
    ridge
}

fn diagonal<T: Real, const K: usize>(gram: &[[T; K]; K]) -> [T; K] {
    let mut diagonal = [T::ZERO; K];
    for (k, value) in diagonal.iter_mut().enumerate() {
        *value = gram[k][k];
    }
    diagonal
}

/// The penalties of one factor, in numbers for one Gram.
struct Penalties<T, const K: usize> {
    /// One of them is not 0.
    set: bool,
    /// λ₁√G_kk: times the length of a frame (or row) of X it is taken from the cross product.
    l1: [T; K],
    /// λ₂G_kk and the ridge, as they were added to the diagonal.
    l2: [T; K],
}

impl<T: Real, const K: usize> Penalties<T, K> {
    /// Puts the L2 weight and the ridge on the diagonal of `gram`.
    fn new(weights: Weights<T>, ridge: &[T; K], gram: &mut [[T; K]; K]) -> Self {
        let set = weights.is_set() || ridge.iter().any(|&ridge| ridge > T::ZERO);
        let mut penalties = Self { set, l1: [T::ZERO; K], l2: [T::ZERO; K] };
        if set {
            for k in 0..K {
                let energy = gram[k][k];
                penalties.l1[k] = weights.l1 * energy.sqrt();
                penalties.l2[k] = weights.l2 * energy + ridge[k];
                gram[k][k] = energy + penalties.l2[k];
            }
        }
        penalties
    }

    /// Runs the rule on vectors of X that have these `lengths`: 0 for a lane that is not in use, which then comes out as zeros.
    fn improve(
        &self,
        rule: &mut dyn Rule<T, K>,
        gram: &[[T; K]; K],
        block: &mut Block<T, K>,
        lengths: &Lanes<T>,
    ) -> Lanes<T> {
        if self.set {
            for (cross, &l1) in block.cross.iter_mut().zip(&self.l1) {
                for (cross, &length) in cross.iter_mut().zip(lengths) {
                    *cross -= l1 * length;
                }
            }
        }
        rule.improve(gram, block)
    }

    /// ‖x‖² − ‖x − Wf‖² per lane, with the penalties taken out again: Σ f_k(c_k + g_k) of the plain normal equations.
    fn explained(&self, block: &Block<T, K>, lengths: &Lanes<T>) -> Lanes<T> {
        let mut sum = [T::ZERO; LANES];
        for k in 0..K {
            for l in 0..LANES {
                let f = block.factor[k][l];
                let mut plain = block.cross[k][l] + block.gradient[k][l];
                if self.set {
                    plain += T::TWO * self.l1[k] * lengths[l] + self.l2[k] * f;
                }
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
