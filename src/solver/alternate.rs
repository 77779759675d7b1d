//! The alternation that every method on normal equations shares.
//!
//! A method is a [`Rule`]: given a K×K Gram and K-vectors of cross products, improve K-vectors. It is used once per column
//! of X, with WᵀW, and once per row of W, with A = HHᵀ and the rows of B = XHᵀ, both gathered while the columns pass by.
//! Each column of X is read once a sweep.

use crate::columns::Data;
use crate::kernel::{self, Block, Frames, LANES, Lanes, rolled};
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
    /// Only for [`Mu`](super::Mu): it has settled once in this fit.
    pub(super) closing: bool,
}

impl<T: Real, const M: usize, const K: usize> AlternateWorkspace<T, M, K> {
    /// An empty workspace, for a `static` or the stack.
    #[must_use]
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
            closing: false,
        }
    }

    /// Forgets the last problem. Of the new one the first `fixed` components are known.
    pub(crate) fn begin(&mut self, fixed: usize) {
        self.started = false;
        self.closing = false;
        self.fixed = fixed;
        self.revivals = Revivals::beyond(fixed, K);
    }

    /// All of H once, then all of W once.
    pub(crate) fn sweep<const PENALIZED: bool, const KNOWN: bool>(
        &mut self,
        x: &Data<'_, T, M>,
        w: &mut [[T; M]; K],
        h: &mut [[T; K]],
        penalty: &Penalty<T>,
        rule: &mut dyn Rule<T, K>,
    ) -> Sweep<T> {
        if PENALIZED && penalty.l1_w > T::ZERO && !self.started {
            self.read_rows(x, h.len());
        }
        let mut decrease = T::ZERO;
        let mut ridge = [T::ZERO; K];
        self.sweep_h::<PENALIZED>(x, w, h, penalty, &mut ridge, rule, &mut decrease);
        let error = self.sweep_w::<PENALIZED, KNOWN>(w, penalty, &ridge, rule, &mut decrease);
        let mut sweep = Sweep::new((decrease * T::TWO / x.energy()).positive(), error / x.energy());
        sweep.revived = self.revivals.revive(x, w, h, &diagonal(&self.moments), sweep.error);
        if sweep.revived > 0 || sweep.error < T::ROW_WISE {
            sweep.error = kernel::residual(x, w, h, T::ONE);
        }
        sweep
    }

    /// The columns of H. `ridge` becomes that by which W bears the penalties on H.
    #[allow(clippy::too_many_arguments)]
    fn sweep_h<const PENALIZED: bool>(
        &mut self,
        x: &Data<'_, T, M>,
        w: &[[T; M]; K],
        h: &mut [[T; K]],
        penalty: &Penalty<T>,
        ridge: &mut [T; K],
        rule: &mut dyn Rule<T, K>,
        decrease: &mut T,
    ) {
        kernel::gram(w, &mut self.gram);
        let penalty = penalty.given::<PENALIZED>();
        let weights = penalty.map_or(Weights::none(), Penalty::on_h);
        let mut penalties = Penalties::none();
        if let Some(penalty) = penalty {
            self.ridge_on_h(penalty.on_w(), w, h, ridge);
            penalties.apply(weights, ridge, &mut self.gram);
        }
        // From here on Σⱼ ‖xⱼ‖hⱼ, where L1 asks for it.
        *ridge = [T::ZERO; K];
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
            let mut lengths = [T::ZERO; LANES];
            if weights.l1 > T::ZERO {
                lengths = self.frames.lengths();
                penalties.charge(&mut block, &lengths);
            }
            let gained = rule.improve(&self.gram, &mut block);
            for l in 0..LANES {
                let Some(h) = chunk.get_mut(l) else { break };
                for (h, factor) in h.iter_mut().zip(&block.factor) {
                    *h = factor[l];
                }
                *decrease += gained[l];
            }
            if weights.l1 > T::ZERO {
                add_amounts(ridge, &block.factor, &lengths);
            }
            kernel::accumulate(self.frames.columns(), chunk, &mut self.moments, &mut self.mixed);
            if !self.started {
                self.frames.add_energy(&mut self.row_energy);
            }
        }
        self.started = true;
        if penalties.set {
            pass_on(weights, &penalties.l1, &self.moments, self.fixed, ridge);
        }
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
    #[inline(never)] // as `Penalties::charge`
    fn ridge_on_h(&self, on_w: Weights<T>, w: &[[T; M]; K], h: &[[T; K]], ridge: &mut [T; K]) {
        let mut l1 = [T::ZERO; K];
        for (l1, energy) in l1.iter_mut().zip(row_energies(h)) {
            *l1 = on_w.l1 * energy.sqrt();
        }
        if on_w.l1 > T::ZERO {
            for (i, &energy) in rolled(&self.row_energy).iter().enumerate() {
                let length = energy.sqrt();
                for (amount, w) in ridge.iter_mut().zip(rolled(w)) {
                    *amount += length * w.get(i).copied().unwrap_or(T::ZERO);
                }
            }
        }
        pass_on(on_w, &l1, &self.gram, self.fixed, ridge);
    }

    /// The rows of W from A and B; returns ‖X − WH‖², every row's share formed on its own and clamped at 0.
    fn sweep_w<const PENALIZED: bool, const KNOWN: bool>(
        &mut self,
        w: &mut [[T; M]; K],
        penalty: &Penalty<T>,
        ridge: &[T; K],
        rule: &mut dyn Rule<T, K>,
        decrease: &mut T,
    ) -> T {
        // Without rows and columns of known components: the rule then leaves those alone. WᵀW is formed anew in the next sweep.
        let fixed = if KNOWN { self.fixed.min(K) } else { 0 };
        self.gram = self.moments;
        for k in 0..fixed {
            self.gram[k] = [T::ZERO; K];
            for row in &mut self.gram {
                row[k] = T::ZERO;
            }
        }
        let penalty = penalty.given::<PENALIZED>();
        let weights = penalty.map_or(Weights::none(), Penalty::on_w);
        let mut penalties = Penalties::none();
        if penalty.is_some() {
            penalties.apply(weights, ridge, &mut self.gram);
        }
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
                lengths = roots(energies);
                penalties.charge(&mut block, &lengths);
            }
            let gained = rule.improve(&self.gram, &mut block);
            for (w, factor) in w.iter_mut().zip(&block.factor).skip(fixed) {
                for (w, &factor) in w.iter_mut().skip(first).zip(factor) {
                    *w = factor;
                }
            }
            if penalties.set {
                penalties.refund(&mut block, &lengths);
            }
            let explained = explained(&block);
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

#[inline(never)] // as `Penalties::charge`
fn roots<T: Real>(energies: &[T]) -> Lanes<T> {
    let mut lengths = [T::ZERO; LANES];
    for (length, &energy) in lengths.iter_mut().zip(energies) {
        *length = energy.sqrt();
    }
    lengths
}

/// `amounts` += Σ ‖x‖h over the lanes.
#[inline(never)] // as `Penalties::charge`
fn add_amounts<T: Real, const K: usize>(amounts: &mut [T; K], h: &[Lanes<T>; K], lengths: &Lanes<T>) {
    for (amount, h) in amounts.iter_mut().zip(h) {
        for (&h, &length) in h.iter().zip(lengths) {
            *amount += length * h;
        }
    }
}

/// What a factor bears of the penalties on the other one, as an addition to the diagonal of its
/// Gram.
///
/// λ₂‖w_k‖²‖h_k‖² is symmetric. λ₁‖w_k‖Σⱼ‖xⱼ‖h_kj depends on W by the length u of w_k. With v, the
/// length before the half sweep, u ≤ (u²/v + v)/2, equal at u = v: a quadratic above the penalty.
/// In: `ridge`, the sums Σⱼ‖xⱼ‖h_kj of the penalised factor; `gram`, its own; `l1`, λ₁v. Known
/// components have no penalty on W, and their W bears none.
#[inline(never)] // as `Penalties::charge`
fn pass_on<T: Real, const K: usize>(
    weights: Weights<T>,
    l1: &[T; K],
    gram: &[[T; K]; K],
    fixed: usize,
    ridge: &mut [T; K],
) {
    for (k, (ridge, &l1)) in ridge.iter_mut().zip(l1).enumerate() {
        let mut sum = T::ZERO;
        if k >= fixed {
            sum = weights.l2 * gram[k][k];
            if l1 > weights.l1 * T::TINY.sqrt() {
                sum += weights.l1 * (weights.l1 / l1) * ridge.positive();
            }
        }
        *ridge = sum;
    }
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
    fn none() -> Self {
        Self { set: false, l1: [T::ZERO; K], l2: [T::ZERO; K] }
    }

    /// Puts the L2 weight and the ridge on the diagonal of `gram`.
    #[inline(never)] // as `charge`
    fn apply(&mut self, weights: Weights<T>, ridge: &[T; K], gram: &mut [[T; K]; K]) {
        self.set = true;
        for k in 0..K {
            let energy = gram[k][k];
            self.l1[k] = weights.l1 * energy.sqrt();
            self.l2[k] = weights.l2 * energy + ridge[k];
            gram[k][k] = energy + self.l2[k];
        }
    }

    /// Takes the L1 penalties of vectors that have these lengths from the cross products. A lane
    /// that is not in use has length 0.
    #[inline(never)] // one copy, and none of it in the loops of fits without a penalty
    fn charge(&self, block: &mut Block<T, K>, lengths: &Lanes<T>) {
        for (cross, &l1) in block.cross.iter_mut().zip(&self.l1) {
            for (cross, &length) in cross.iter_mut().zip(lengths) {
                *cross -= l1 * length;
            }
        }
    }

    /// Takes the penalties out of c + g again, by way of the gradient.
    #[inline(never)] // as `charge`
    fn refund(&self, block: &mut Block<T, K>, lengths: &Lanes<T>) {
        for k in 0..K {
            for l in 0..LANES {
                block.gradient[k][l] += T::TWO * self.l1[k] * lengths[l] + self.l2[k] * block.factor[k][l];
            }
        }
    }
}

/// ‖x‖² − ‖x − Wf‖² per lane: Σ f_k(c_k + g_k) of the plain normal equations.
fn explained<T: Real, const K: usize>(block: &Block<T, K>) -> Lanes<T> {
    let mut sum = [T::ZERO; LANES];
    for k in 0..K {
        for l in 0..LANES {
            sum[l] += block.factor[k][l] * (block.cross[k][l] + block.gradient[k][l]);
        }
    }
    sum
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
