//! `Encoder`, `KlEncoder` and the sources they are written as, against what they promise: optimality conditions and reference
//! solutions in f64, from W, x and h themselves.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/parts.rs"]
mod parts;

mod batches;
mod bits;
mod exactness;
mod golden;
mod hard;
mod honest;
mod kullback_leibler;
mod limits;
mod penalties;
mod source;
mod weights;

use common::*;
use parts::*;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::nnls::{NnlsStatus, bound};
use tinynmf::{Encoder, Encoding, Real};

// ------------------------------------------------------------------------------------------------ tolerances

/// Largest violation of the optimality conditions, see [`Verdict::kkt`]: ten units in the last place of 1 in f32, as many as the
/// rounding of a Gram and a cross product takes. In f64 the bound that is useful, far above rounding.
fn optimal<T: Real>() -> f64 {
    if single::<T>() { 1.2e-6 } else { 1e-12 }
}

/// The same per unit of [`Verdict::spread`], where columns of either sign cancel: half a unit in the last place from rounding h,
/// the rest from the Gram.
fn cancelling<T: Real>() -> f64 {
    if single::<T>() { 5e-7 } else { 1e-15 }
}

/// A reported residual against that of the code which was returned, relative to ‖x‖: some units in the last place in f32, and in
/// f64 what the optimality conditions leave of it.
fn residual<T: Real>() -> f64 {
    if single::<T>() { 1e-6 } else { 1e-12 }
}

/// Squared distance, relative to its length, of a part from the span of others at or below which no
/// digit of their amounts may be certain: a pivot of the Gram is off by some units in the last
/// place, and one of RIDGE (1e-6, 1e-13) is taken for nothing. The pivots depend on the order of
/// the parts, and distances are the smallest of all orders: a tenth of a pivot is seen.
fn dependent<T: Real>() -> f64 {
    if single::<T>() { 4e-6 } else { 4e-13 }
}

/// A residual against that of the best code, relative to ‖x‖. A violation of 1e-6 costs its square root at most where nothing is
/// left of x and the Gram is singular; on real frames it counts to second order.
const BEST: f64 = 1e-6;

/// Violation up to which the active set in f64 goes on.
const REFERENCE: f64 = 1e-13;

// ------------------------------------------------------------------------------------------------ the judge

/// A dictionary in f64. Columns are divided by a power of two, so that no square over- or underflows.
struct Parts {
    w: Vec<Vec<f64>>,
    /// What the columns are divided by.
    units: Vec<f64>,
    /// Their lengths after that, weighted; 0 for a zero column.
    lengths: Vec<f64>,
    /// Square roots of the weights.
    roots: Vec<f64>,
    l1: f64,
    l2: f64,
}

/// A frame times the roots of the weights, divided by a power of two near its largest entry.
struct Target {
    x: Vec<f64>,
    unit: f64,
}

/// How good a code is. All but `kkt` in units of the target.
struct Verdict {
    /// With g_k = ⟨w_k, x − Wh⟩/‖w_k‖ − λ₁‖x‖ − λ₂‖w_k‖h_k: the largest |g_k| where h_k > 0 and max(0, g_k) where h_k = 0, relative to the
    /// largest |⟨w_k, x⟩|/‖w_k‖, less λ₁‖x‖ or not.
    kkt: f64,
    /// The same over the components with h_k > 0 only.
    inner: f64,
    residual: f64,
    norm: f64,
    /// What is minimised.
    objective: f64,
    /// Σ ‖w_k‖h_k relative to the largest cross product: above √K where columns cancel.
    spread: f64,
    /// ‖x‖ relative to the largest cross product: large where the frame cancels against every part.
    cancels: f64,
}

fn power_of_two(values: impl Iterator<Item = f64>) -> f64 {
    let largest = values.fold(0.0_f64, |largest, value| largest.max(value.abs()));
    if largest > 0.0 { f64::exp2i(Real::exponent(largest)) } else { 1.0 }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Parts {
    fn new<T: Real, const M: usize, const K: usize>(w: &SMatrix<T, M, K>) -> Self {
        Self::weighted(w, &SVector::repeat(T::ONE))
    }

    fn weighted<T: Real, const M: usize, const K: usize>(w: &SMatrix<T, M, K>, weights: &SVector<T, M>) -> Self {
        let mut columns: Vec<Vec<f64>> = w.data.0.iter().map(|w| w.iter().map(|&w| to_f64(w)).collect()).collect();
        let roots: Vec<f64> = weights.iter().map(|&v| to_f64(v).sqrt()).collect();
        let units: Vec<f64> = columns.iter().map(|w| power_of_two(w.iter().copied())).collect();
        for (w, unit) in columns.iter_mut().zip(&units) {
            for (w, root) in w.iter_mut().zip(&roots) {
                *w *= root / unit;
            }
        }
        let lengths = columns.iter().map(|w| dot(w, w).sqrt()).collect();
        Self { w: columns, units, lengths, roots, l1: 0.0, l2: 0.0 }
    }

    fn penalized(self, l1: f64, l2: f64) -> Self {
        Self { l1, l2, ..self }
    }

    fn target<T: Real, const M: usize>(&self, x: &SVector<T, M>) -> Target {
        let read = |(&x, &root): (&T, &f64)| if root > 0.0 { to_f64(x) * root } else { 0.0 };
        let mut x: Vec<f64> = x.iter().zip(&self.roots).map(read).collect();
        let unit = power_of_two(x.iter().copied());
        x.iter_mut().for_each(|x| *x /= unit);
        Target { x, unit }
    }

    /// ‖w_k‖h_k in units of the target.
    fn amounts<T: Real, const K: usize>(&self, target: &Target, h: &SVector<T, K>) -> Vec<f64> {
        let sizes = self.units.iter().zip(&self.lengths);
        h.iter().zip(sizes).map(|(&h, (unit, length))| to_f64(h) / target.unit * unit * length).collect()
    }

    /// ⟨w_k, r⟩/‖w_k‖.
    fn project(&self, r: &[f64]) -> Vec<f64> {
        let unit = |(w, &length): (&Vec<f64>, &f64)| if length > 0.0 { dot(w, r) / length } else { 0.0 };
        self.w.iter().zip(&self.lengths).map(unit).collect()
    }

    /// x − Wh.
    fn rest(&self, target: &Target, amounts: &[f64]) -> Vec<f64> {
        let mut rest = target.x.clone();
        for ((w, &length), &amount) in self.w.iter().zip(&self.lengths).zip(amounts) {
            if amount > 0.0 && length > 0.0 {
                rest.iter_mut().zip(w).for_each(|(r, w)| *r -= w * (amount / length));
            }
        }
        rest
    }

    fn measure(&self, target: &Target, amounts: &[f64]) -> Verdict {
        let norm = dot(&target.x, &target.x).sqrt();
        let rest = self.rest(target, amounts);
        let (cross, gradient) = (self.project(&target.x), self.project(&rest));
        let (mut kkt, mut inner, mut largest) = (0.0_f64, 0.0_f64, 0.0_f64);
        for k in 0..amounts.len() {
            if self.lengths[k] == 0.0 {
                continue;
            }
            largest = largest.max(cross[k].abs()).max((cross[k] - self.l1 * norm).abs());
            let g = gradient[k] - self.l1 * norm - self.l2 * amounts[k];
            if amounts[k] > 0.0 {
                inner = inner.max(g.abs());
            }
            kkt = kkt.max(if amounts[k] > 0.0 { g.abs() } else { g });
        }
        let relative = |value: f64| if largest > 0.0 { value / largest } else { 0.0 };
        let energy = dot(&rest, &rest);
        let sum: f64 = amounts.iter().sum();
        Verdict {
            kkt: relative(kkt),
            inner: relative(inner),
            residual: energy.sqrt(),
            norm,
            objective: 0.5 * energy + self.l1 * norm * sum + 0.5 * self.l2 * dot(amounts, amounts),
            spread: relative(sum),
            cancels: relative(norm),
        }
    }

    /// The smallest squared distance of a part in use, or of one that could take its place (its
    /// gradient is 0 to 1e-5), from the span of the others, relative to its length. λ₂ counts as a
    /// feature of each part's own.
    fn dependence<T: Real, const M: usize, const K: usize>(&self, x: &SVector<T, M>, h: &SVector<T, K>) -> f64 {
        let target = self.target(x);
        let amounts = self.amounts(&target, h);
        let (cross, gradient) = (self.project(&target.x), self.project(&self.rest(&target, &amounts)));
        let norm = dot(&target.x, &target.x).sqrt();
        let largest = cross.iter().fold(0.0_f64, |largest, b| largest.max(b.abs()));
        let could = |k: usize| gradient[k] - self.l1 * norm - self.l2 * amounts[k] > -1e-5 * largest;
        let chosen: Vec<usize> = (0..K).filter(|&k| self.lengths[k] > 0.0 && (amounts[k] > 0.0 || could(k))).collect();
        let unit = |k: usize| {
            let own = (0..K).map(|q| if q == k { self.l2.sqrt() } else { 0.0 });
            self.w[k].iter().map(|w| w / self.lengths[k]).chain(own).collect::<Vec<f64>>()
        };
        let mut smallest = 1.0_f64;
        for &k in &chosen {
            let mut basis: Vec<Vec<f64>> = Vec::new();
            // The part itself last; Gram–Schmidt, twice.
            for &q in chosen.iter().filter(|&&q| q != k).chain([&k]) {
                let mut v = unit(q);
                for _ in 0..2 {
                    for b in &basis {
                        let share = dot(b, &v);
                        v.iter_mut().zip(b).for_each(|(v, b)| *v -= share * b);
                    }
                }
                let square = dot(&v, &v);
                if q == k {
                    smallest = smallest.min(square);
                } else if square > 1e-28 {
                    basis.push(v.iter().map(|v| v / square.sqrt()).collect());
                }
            }
        }
        smallest
    }

    fn judge<T: Real, const M: usize, const K: usize>(&self, x: &SVector<T, M>, h: &SVector<T, K>) -> Verdict {
        let target = self.target(x);
        self.measure(&target, &self.amounts(&target, h))
    }

    /// The minimum over all amounts, of either sign, of the components in `set`; by Cholesky.
    fn restricted(&self, target: &Target, set: &[usize]) -> Vec<f64> {
        let n = set.len();
        let norm = dot(&target.x, &target.x).sqrt();
        let unit = |k: usize| 1.0 / self.lengths[k];
        let mut l = vec![vec![0.0; n]; n];
        let mut y = vec![0.0; n];
        for i in 0..n {
            for j in 0..=i {
                let (a, b) = (set[i], set[j]);
                let entry = dot(&self.w[a], &self.w[b]) * unit(a) * unit(b) + if i == j { self.l2 } else { 0.0 };
                let left = entry - (0..j).map(|p| l[i][p] * l[j][p]).sum::<f64>();
                l[i][j] = if i == j { left.max(f64::EPSILON).sqrt() } else { left / l[j][j] };
            }
            let b = dot(&self.w[set[i]], &target.x) * unit(set[i]) - self.l1 * norm;
            y[i] = (b - (0..i).map(|p| l[i][p] * y[p]).sum::<f64>()) / l[i][i];
        }
        for i in (0..n).rev() {
            y[i] = (y[i] - (i + 1..n).map(|p| l[p][i] * y[p]).sum::<f64>()) / l[i][i];
        }
        let mut amounts = vec![0.0; self.w.len()];
        set.iter().zip(y).for_each(|(&k, y)| amounts[k] = y);
        amounts
    }

    /// The plain active-set method, one component after the other and at most `limit` of them, every set solved anew.
    fn reference(&self, target: &Target, limit: usize) -> Vec<f64> {
        let k = self.w.len();
        let norm = dot(&target.x, &target.x).sqrt();
        let mut set: Vec<usize> = Vec::new();
        let mut amounts = vec![0.0; k];
        for _ in 0..10 * k {
            let gradient = self.project(&self.rest(target, &amounts));
            let left = (0..k).filter(|k| self.lengths[*k] > 0.0 && !set.contains(k));
            let best = left.max_by(|&a, &b| gradient[a].total_cmp(&gradient[b]));
            match best {
                Some(best) if set.len() < limit && gradient[best] - self.l1 * norm > REFERENCE * norm => set.push(best),
                _ => break,
            }
            loop {
                let next = self.restricted(target, &set);
                let blocking = set.iter().filter(|&&k| next[k] <= 0.0);
                let share = |k: usize| amounts[k] / (amounts[k] - next[k]);
                let Some(&out) = blocking.min_by(|&&a, &&b| share(a).total_cmp(&share(b))) else {
                    amounts = next;
                    break;
                };
                let alpha = share(out);
                set.iter().for_each(|&k| amounts[k] += alpha * (next[k] - amounts[k]));
                amounts[out] = 0.0;
                set.retain(|&k| amounts[k] > 0.0);
            }
        }
        amounts
    }
}

/// What a run over many frames reaches.
#[derive(Default)]
struct Worst {
    kkt: f64,
    residual: f64,
    frames: u32,
    solves: u32,
    most: u32,
}

impl Worst {
    fn print(&self, name: &str) {
        let mean = f64::from(self.solves) / f64::from(self.frames);
        println!(
            "{name}: {} frames, kkt {:.2e}, residual within {:.2e} of ‖x‖, solves {mean:.2} each, at most {}",
            self.frames, self.kkt, self.residual, self.most
        );
    }
}

/// What holds for every code of a finite frame: nothing negative, nothing that is not finite, counts and residuals that are true.
/// Returns the verdict of the oracle.
fn sound<T: Real, const M: usize, const K: usize>(
    findings: &mut Findings,
    worst: &mut Worst,
    what: &str,
    parts: &Parts,
    (x, h, encoding): (&SVector<T, M>, &SVector<T, K>, Encoding<T>),
) -> Verdict {
    let target = parts.target(x);
    let verdict = parts.measure(&target, &parts.amounts(&target, h));
    let scale = if verdict.norm > 0.0 { verdict.norm } else { 1.0 };
    // The residual of a frame near the largest number may be no number any more.
    let reported = to_f64(encoding.residual);
    let overflow = reported == f64::INFINITY && single::<T>() && verdict.residual * target.unit > f64::from(f32::MAX);
    let off = if overflow { 0.0 } else { (reported / target.unit - verdict.residual).abs() / scale };
    let relative = to_f64(encoding.relative_residual);
    let off = off.max((relative - verdict.residual / scale).abs());
    let spread = verdict.spread.max(1.0);
    findings.expect(h.iter().all(|h| h.is_finite() && *h >= T::ZERO), || format!("{what}: h {h:?}"));
    findings.expect(encoding.active == h.iter().filter(|&&h| h > T::ZERO).count(), || format!("{what}: {encoding:?}"));
    findings.expect(encoding.solves <= bound(K), || format!("{what}: {} solves", encoding.solves));
    findings.expect(off <= residual::<T>() * spread, || format!("{what}: residual off by {off:e}, {encoding:?}"));
    worst.kkt = worst.kkt.max(verdict.kkt);
    worst.residual = worst.residual.max(off);
    worst.frames += 1;
    worst.solves += encoding.solves;
    worst.most = worst.most.max(encoding.solves);
    verdict
}

/// As [`sound`], and the code is optimal.
fn exact<T: Real, const M: usize, const K: usize>(
    findings: &mut Findings,
    worst: &mut Worst,
    what: &str,
    parts: &Parts,
    code: (&SVector<T, M>, &SVector<T, K>, Encoding<T>),
) -> Verdict {
    let encoding = code.2;
    let verdict = sound(findings, worst, what, parts, code);
    let good = match encoding.status {
        NnlsStatus::Optimal => true,
        NnlsStatus::IllConditioned => encoding.digits < T::ONE && parts.dependence(code.0, code.1) <= dependent::<T>(),
        _ => false,
    };
    findings
        .expect(good, || format!("{what}: {encoding:?}, parts {:e} apart", parts.dependence(code.0, code.1).sqrt()));
    findings.expect(verdict.kkt <= optimal::<T>(), || format!("{what}: kkt {:e}, {encoding:?}", verdict.kkt));
    let off = (to_f64(encoding.kkt) - verdict.kkt).abs();
    findings.expect(off <= optimal::<T>(), || format!("{what}: kkt {:e}, {encoding:?}", verdict.kkt));
    verdict
}

fn encode<T: Real, const M: usize, const K: usize>(
    encoder: &Encoder<'_, T, M, K>,
    x: &SVector<T, M>,
) -> (SVector<T, K>, Encoding<T>) {
    let mut h = SVector::repeat(T::ZERO);
    let encoding = encoder.encode(x, &mut h);
    (h, encoding)
}

// ------------------------------------------------------------------------------------------------ data

/// A vector times a power of two.
fn shifted<T: Real, const R: usize>(x: &SVector<T, R>, e: i32) -> SVector<T, R> {
    x.map(|x| x * T::exp2i(e))
}

/// The bits of a code and of everything that is said of it.
fn code_bits<T: Real, const K: usize>((h, encoding): &(SVector<T, K>, Encoding<T>)) -> (Vec<u64>, [u64; 6]) {
    let Encoding { residual, relative_residual, kkt, solves, active, .. } = *encoding;
    let numbers = [residual.bits(), relative_residual.bits(), kkt.bits()];
    let [residual, relative, kkt] = numbers;
    let status = encoding.status as u64;
    (h.iter().map(|h| h.bits()).collect(), [status, residual, relative, kkt, u64::from(solves), active as u64])
}
