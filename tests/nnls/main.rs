//! `nnls::solve` against enumeration of all active sets, against its optimality conditions in f64, and against SciPy.
//!
//! Every problem is built the way a user does it: W and x in the precision of the test, the Gram and the cross product
//! by dot products in that precision. What is checked is the solution for exactly these numbers, in f64.

mod cases;
mod enumeration;
mod optimality;
mod scipy;
mod sizes;

use rand_xorshift::XorShiftRng;
use tinynmf::Real;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::nnls::{NnlsReport, NnlsStatus, bound, solve};
use tinynmf::rand_core::{Rng, SeedableRng};

// ------------------------------------------------------------------------------------------------ tolerances

/// The two precisions, and what each may miss.
trait Precision: Real {
    /// One unit in the last place of 1.
    const EPSILON: f64;
    /// Largest violation of the optimality conditions, see [`System::kkt`]. 10 units in the last place of 1 in f32: the Gram
    /// and the cross product are themselves known to about as much. In f64 the bound that is useful, far above rounding.
    const KKT: f64;
    /// Difference of the residual norm from SciPy's, relative to ‖b‖. Normal equations square the condition number of A, but
    /// h errs along directions that hardly change Ah: ‖AΔh‖ = √(gᵀΔh), the gradient divided by the square root of the
    /// smallest eigenvalue, and only to second order where something is left of b.
    const RESIDUAL: f64;
    fn from_f64(value: f64) -> Self;
    fn to_f64(self) -> f64;
}

impl Precision for f32 {
    const EPSILON: f64 = f32::EPSILON as f64;
    const KKT: f64 = 1.2e-6;
    const RESIDUAL: f64 = 1e-6;
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Precision for f64 {
    const EPSILON: f64 = f64::EPSILON;
    const KKT: f64 = 1e-12;
    const RESIDUAL: f64 = 1e-10;
    fn from_f64(value: f64) -> Self {
        value
    }
    fn to_f64(self) -> f64 {
        self
    }
}

/// Digits that a report may claim beyond those of [`System::certain`], and fewer. An inverse pivot
/// up to 16 stands for the inverse of the Gram itself; beyond, two steps of inverse iteration do,
/// and kkt is that of rounded sums.
const OPTIMISM: f64 = 1.2;
const PESSIMISM: f64 = 1.5;

/// Units in the last place, per unit of [`System::terms`], by which kkt may exceed [`Precision::KKT`] where columns cancel:
/// half a unit from rounding h alone, the rest from the gradient that is solved for. Above KKT from 5 terms on in f32.
const CANCELLING: f64 = 2.0;

/// Units in the last place, per term, by which the reported kkt may differ from the true one: scaling the Gram, the cross
/// product and h rounds three times, the sums of the gradient once per component.
const REPORTED: f64 = 6.0;

/// Solves from a cold start, beyond one per component. A component that leaves costs one, and one more if it returns.
const BEYOND: usize = 2;

/// Share of cold starts that may take more than that: in large problems a few components leave and return.
const OVER: f64 = 1e-3;

/// The same where half of the columns are near-duplicates, each exchanged for the other in two solves.
const OVER_COLLINEAR: f64 = 1e-2;

/// Eigenvalue of the unit-diagonal Gram above which h itself is compared.
const REGULAR: f64 = 1e-3;

/// Rounding of an objective in f64, relative to max|b̂|·‖x‖₁.
const ROUNDING: f64 = 1e-14;

/// Pivot of a unit-diagonal Cholesky factor in f64 that is rounding.
const PIVOT: f64 = 1e-14;

/// Share of problems with more columns of either sign than rows that may end short of the optimality conditions. Their
/// Gram is singular and their columns cancel: rounding can make the objective fall without end, and in f32 one problem in
/// twenty with K = 16 notices.
const UNRESOLVED: f64 = 0.1;

// ------------------------------------------------------------------------------------------------ the problems

/// xorshift, uniform in [0, 1) and in [−1, 1).
struct Draw(XorShiftRng);

impl Draw {
    fn new(seed: u64) -> Self {
        Self(XorShiftRng::seed_from_u64(seed))
    }
    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
    fn signed(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }
    fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }
}

/// How the columns of W are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    NonNegative,
    Signed,
    /// Four entries in five are zero.
    Sparse,
    /// Half of the columns are copies.
    Duplicate,
    /// Half of the columns are sums of two others.
    Sums,
    /// Half of the columns differ from another one by this much.
    Collinear(f64),
    /// The same with columns of either sign.
    SignedCollinear(f64),
    /// Columns multiplied by 10^±e.
    Scaled(f64),
    SignedScaled(f64),
    /// A third of the columns is zero.
    ZeroColumns,
    /// K > M.
    Wide,
    SignedWide,
    /// Entries 0 or 1: ties everywhere.
    Binary,
    /// Wide overlapping peaks: smooth, condition beyond the precision.
    Peaks,
    /// Powers of a variable in (0, 1].
    Powers,
    /// Column k is 1 from row k on: isotonic regression.
    Steps,
    /// All pairs of columns have the same product.
    Equal,
}

/// How x is drawn.
#[derive(Clone, Copy, Debug)]
enum Target {
    NonNegative,
    Signed,
    /// In the cone of the columns: the residual is zero and so is every gradient.
    Exact,
    /// The same plus 1e-3.
    Nearly,
    /// The cross product is negative (W non-negative).
    Negative,
    Zero,
    /// The sum of all columns: equal entries in h.
    Ties,
}

const TARGETS: [Target; 7] =
    [Target::NonNegative, Target::Signed, Target::Exact, Target::Nearly, Target::Negative, Target::Zero, Target::Ties];

/// K columns of M entries.
fn dictionary(draw: &mut Draw, kind: Kind, k: usize) -> Vec<Vec<f64>> {
    let m = match kind {
        Kind::Wide | Kind::SignedWide => k.div_ceil(2),
        Kind::Steps | Kind::Equal => k + 1,
        _ => k + 2 + draw.below(k + 1),
    };
    let signed = matches!(kind, Kind::Signed | Kind::SignedCollinear(_) | Kind::SignedScaled(_) | Kind::SignedWide);
    let mut w: Vec<Vec<f64>> =
        (0..k).map(|_| (0..m).map(|_| if signed { draw.signed() } else { draw.unit() }).collect()).collect();
    for column in 0..k {
        // Columns of the first half are what those of the second half depend on.
        let (a, b) = (draw.below(k.div_ceil(2)), draw.below(k.div_ceil(2)));
        let second = column >= k.div_ceil(2);
        let scale = 10_f64.powf(match kind {
            Kind::Scaled(e) | Kind::SignedScaled(e) => e * draw.signed(),
            _ => 0.0,
        });
        for row in 0..m {
            let old = w[column][row];
            w[column][row] = match kind {
                Kind::Sparse => old * f64::from(draw.below(5) == 0),
                Kind::Duplicate if second => w[a][row],
                Kind::Sums if second => w[a][row] + w[b][row],
                Kind::Collinear(distance) | Kind::SignedCollinear(distance) if second => w[a][row] + distance * old,
                Kind::Scaled(_) | Kind::SignedScaled(_) => scale * old,
                Kind::ZeroColumns if column % 3 == 1 => 0.0,
                Kind::Binary => f64::from(old > 0.5),
                Kind::Peaks => (-(4.0 * (row as f64 / m as f64 - column as f64 / k as f64)).powi(2)).exp(),
                Kind::Powers => ((row + 1) as f64 / m as f64).powi(column as i32),
                Kind::Steps => f64::from(row >= column),
                Kind::Equal => f64::from(row == column) + f64::from(row == k),
                _ => old,
            };
        }
    }
    w
}

fn target(draw: &mut Draw, target: Target, w: &[Vec<f64>]) -> Vec<f64> {
    let m = w[0].len();
    let mut x = vec![0.0; m];
    for column in w {
        let h = match target {
            Target::Exact | Target::Nearly => draw.unit() * f64::from(draw.below(2) == 0),
            Target::Negative => -draw.unit(),
            Target::Ties => 1.0,
            _ => 0.0,
        };
        // Columns of very different size share in the sum.
        let norm = column.iter().map(|w| w * w).sum::<f64>().sqrt();
        let h = if matches!(target, Target::Ties) || norm == 0.0 { h } else { h / norm };
        for (x, w) in x.iter_mut().zip(column) {
            *x += h * w;
        }
    }
    for x in &mut x {
        match target {
            Target::NonNegative => *x = draw.unit(),
            Target::Signed => *x = draw.signed(),
            Target::Nearly => *x += 1e-3 * draw.signed(),
            _ => {}
        }
    }
    x
}

/// WᵀW and Wᵀx by dot products in T.
fn normal<T: Precision, const K: usize>(w: &[Vec<f64>], x: &[f64]) -> (SMatrix<T, K, K>, SVector<T, K>) {
    let w: Vec<Vec<T>> = w.iter().map(|column| column.iter().map(|&w| T::from_f64(w)).collect()).collect();
    let x: Vec<T> = x.iter().map(|&x| T::from_f64(x)).collect();
    let dot = |a: &[T], b: &[T]| {
        let mut sum = T::ZERO;
        for (&a, &b) in a.iter().zip(b) {
            sum += a * b;
        }
        sum
    };
    let mut gram = SMatrix::from_element(T::ZERO);
    for i in 0..K {
        for j in 0..=i {
            gram[(i, j)] = dot(&w[i], &w[j]);
            gram[(j, i)] = gram[(i, j)];
        }
    }
    (gram, SVector::from_fn(|i, _| dot(&w[i], &x)))
}

// ------------------------------------------------------------------------------------------------ the judge

/// The numbers passed to `solve`, in f64 and scaled to unit diagonal. Components without energy are left out.
struct System {
    /// Which component of h each row stands for, and √G_kk.
    rows: Vec<(usize, f64)>,
    gram: Vec<Vec<f64>>,
    cross: Vec<f64>,
    /// Largest |cross|.
    largest: f64,
}

impl System {
    fn new<T: Precision, const K: usize>(gram: &SMatrix<T, K, K>, cross: &SVector<T, K>) -> Self {
        let norm = |k: usize| gram[(k, k)].to_f64().sqrt();
        let rows: Vec<_> = (0..K).map(|k| (k, norm(k))).filter(|&(_, norm)| norm > 0.0).collect();
        let entry = |&(i, a): &(usize, f64), &(j, b): &(usize, f64)| gram[(i.max(j), i.min(j))].to_f64() / a / b;
        let scaled = rows.iter().map(|a| rows.iter().map(|b| entry(a, b)).collect()).collect();
        let cross: Vec<_> = rows.iter().map(|&(k, norm)| cross[k].to_f64() / norm).collect();
        let largest = cross.iter().fold(0.0_f64, |max, b| max.max(b.abs()));
        Self { rows, gram: scaled, cross, largest }
    }

    fn scale<T: Precision, const K: usize>(&self, h: &SVector<T, K>) -> Vec<f64> {
        self.rows.iter().map(|&(k, norm)| h[k].to_f64() * norm).collect()
    }

    fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let product = |row: &Vec<f64>| row.iter().zip(x).map(|(g, x)| g * x).sum::<f64>();
        self.gram.iter().zip(&self.cross).map(|(row, b)| b - product(row)).collect()
    }

    /// Largest |g_k| where h_k > 0 and max(0, g_k) where h_k = 0, relative to the largest |cross|.
    fn kkt(&self, x: &[f64]) -> f64 {
        let gradient = self.gradient(x);
        let worst = gradient.iter().zip(x).map(|(&g, &x)| if x > 0.0 { g.abs() } else { g.max(0.0) });
        if self.largest > 0.0 { worst.fold(0.0, f64::max) / self.largest } else { 0.0 }
    }

    /// Largest sum of |terms| of a component of G·x, relative to the largest |cross|. At most 1 in the components in use
    /// where the Gram is non-negative; more where terms of either sign cancel.
    fn terms(&self, x: &[f64]) -> f64 {
        let sum = |row: &Vec<f64>| row.iter().zip(x).map(|(g, x)| g.abs() * x).sum::<f64>();
        let largest = self.gram.iter().map(sum).fold(0.0, f64::max);
        if self.largest > 0.0 { largest / self.largest } else { 0.0 }
    }

    /// −log₁₀ of the error that a violation of two units in the last place, or the one there is,
    /// can make in a component in use or one whose gradient is above −`noise`, relative to the
    /// largest: by the inverse of their Gram in f64, 0 where there is none.
    fn certain<T: Precision>(&self, x: &[f64], noise: f64) -> f64 {
        let gradient = self.gradient(x);
        let chosen: Vec<usize> = (0..x.len()).filter(|&k| x[k] > 0.0 || gradient[k] >= -noise * self.largest).collect();
        let n = chosen.len();
        let mut rows: Vec<Vec<f64>> = (0..n)
            .map(|i| {
                (0..2 * n)
                    .map(|j| if j < n { self.gram[chosen[i]][chosen[j]] } else { f64::from(j - n == i) })
                    .collect()
            })
            .collect();
        // Gauss–Jordan by the largest pivot.
        for c in 0..n {
            let p = (c..n).max_by(|&a, &b| rows[a][c].abs().total_cmp(&rows[b][c].abs())).unwrap();
            rows.swap(c, p);
            if rows[c][c].abs() < f64::EPSILON && self.largest > 0.0 {
                return 0.0;
            }
            let pivot = rows[c].iter().map(|value| value / rows[c][c]).collect::<Vec<f64>>();
            for (r, row) in rows.iter_mut().enumerate() {
                let factor = row[c];
                row.iter_mut()
                    .zip(&pivot)
                    .for_each(|(value, pivot)| *value = if r == c { *pivot } else { *value - factor * pivot });
            }
        }
        let inverse = rows.iter().flat_map(|row| &row[n..]).fold(0.0_f64, |most, value| most.max(value.abs()));
        let size = x.iter().fold(0.0_f64, |most, x| most.max(*x));
        // Without cross products nothing but 0 is a solution.
        let share = if size > 0.0 { self.largest / size } else { f64::from(self.largest > 0.0) };
        let violation = self.kkt(x).max(2.0 * T::EPSILON);
        (-(violation * (inverse * share).max(1.0)).log10()).max(0.0)
    }

    fn objective(&self, x: &[f64]) -> f64 {
        let gradient = self.gradient(x);
        -0.5 * x.iter().zip(&gradient).zip(&self.cross).map(|((x, g), b)| x * (b + g)).sum::<f64>()
    }

    /// (G + shift·I)⁻¹·cross on the components in `set`; None where that matrix is not positive definite.
    fn restricted(&self, set: usize, shift: f64) -> Option<Vec<f64>> {
        let chosen: Vec<usize> = (0..self.rows.len()).filter(|k| set >> k & 1 == 1).collect();
        let n = chosen.len();
        let mut l = vec![vec![0.0; n]; n];
        for i in 0..n {
            for j in 0..=i {
                let mut sum = self.gram[chosen[i]][chosen[j]] + if i == j { shift } else { 0.0 };
                for p in 0..j {
                    sum -= l[i][p] * l[j][p];
                }
                if i == j && sum < PIVOT {
                    return None;
                }
                l[i][j] = if i == j { sum.sqrt() } else { sum / l[j][j] };
            }
        }
        let mut y = vec![0.0; n];
        for i in 0..n {
            y[i] = (self.cross[chosen[i]] - (0..i).map(|p| l[i][p] * y[p]).sum::<f64>()) / l[i][i];
        }
        for i in (0..n).rev() {
            y[i] = (y[i] - (i + 1..n).map(|p| l[p][i] * y[p]).sum::<f64>()) / l[i][i];
        }
        let mut x = vec![0.0; self.rows.len()];
        for (&k, &y) in chosen.iter().zip(&y) {
            x[k] = y;
        }
        Some(x)
    }

    /// The stationary points of all active sets that are feasible. Singular sets are left out: the minimum is also
    /// attained on one that is not.
    fn enumerate(&self) -> Vec<Vec<f64>> {
        let candidates = (0..1_usize << self.rows.len()).filter_map(|set| self.restricted(set, 0.0));
        candidates.filter(|x| x.iter().all(|&x| x >= 0.0)).collect()
    }

    /// Smallest eigenvalue of the Gram, by bisection on whether a Cholesky factor exists.
    fn smallest_eigenvalue(&self) -> f64 {
        let n = self.rows.len();
        let (mut low, mut high) = (-(n as f64), 1.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if self.restricted((1 << n) - 1, -middle).is_some() { low = middle } else { high = middle }
        }
        low
    }
}

/// What a family of problems reached.
#[derive(Default)]
struct Worst {
    kkt: f64,
    /// Largest number of solves from a cold start, beyond K.
    beyond: i32,
    colds: usize,
    /// How many of the cold starts took more than K + BEYOND.
    over: usize,
    /// Largest share of [`bound`] used, cold or warm.
    share: f64,
    reported: f64,
    terms: f64,
    solves: u64,
    runs: u64,
    failures: Vec<String>,
}

impl Worst {
    /// Prints what was reached, and fails if anything was missed.
    fn judge(&self, name: &str) {
        println!(
            "{name}: {} runs, kkt {:.2e}, reported within {:.2e}, terms {:.1}, cold ≤ K {:+} solves, {} above K {BEYOND:+}, at most {:.0} % of the bound, {:.1} each",
            self.runs,
            self.kkt,
            self.reported,
            self.terms,
            self.beyond,
            self.over,
            100.0 * self.share,
            self.solves as f64 / self.runs as f64
        );
        let first = self.failures.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n");
        assert!(self.failures.is_empty(), "{} of {} failed:\n{first}", self.failures.len(), self.runs);
    }

    /// Everything that must hold for any problem and any start. Returns the scaled solution.
    fn check<T: Precision, const K: usize>(
        &mut self,
        name: &str,
        system: &System,
        report: NnlsReport<T>,
        h: &SVector<T, K>,
    ) -> Vec<f64> {
        let x = system.scale(h);
        let kkt = system.kkt(&x);
        let terms = system.terms(&x);
        let used = x.iter().filter(|&&x| x > 0.0).count();
        let certain = |share: f64| system.certain::<T>(&x, share * T::KKT);
        let fine = h.iter().all(|h| h.is_finite() && *h >= T::ZERO)
            && match report.status {
                NnlsStatus::Optimal => report.digits >= T::ONE && report.digits.to_f64() <= certain(0.8) + OPTIMISM,
                NnlsStatus::IllConditioned => report.digits < T::ONE && certain(2.0) <= 1.0 + PESSIMISM,
                _ => false,
            }
            && kkt <= T::KKT.max(CANCELLING * T::EPSILON * terms)
            && (report.kkt.to_f64() - kkt).abs() <= REPORTED * T::EPSILON * terms.max(1.0)
            && report.solves <= bound(K)
            && report.rank <= used
            // A component without energy stays at zero.
            && h.iter().filter(|&&h| h > T::ZERO).count() == used;
        if !fine {
            self.failures.push(format!(
                "{name}: kkt {kkt:e}, terms {terms:e}, {report:?}, {used} in use, {:.1} digits",
                certain(0.8)
            ));
        }
        self.kkt = self.kkt.max(kkt);
        self.terms = self.terms.max(terms);
        self.reported = self.reported.max((report.kkt.to_f64() - kkt).abs());
        self.share = self.share.max(f64::from(report.solves) / f64::from(bound(K)));
        self.solves += u64::from(report.solves);
        self.runs += 1;
        x
    }

    fn cold<T: Precision, const K: usize>(
        &mut self,
        name: &str,
        system: &System,
        gram: &SMatrix<T, K, K>,
        cross: &SVector<T, K>,
    ) -> (SVector<T, K>, NnlsReport<T>) {
        let mut h = SVector::from_element(T::ZERO);
        let report = solve(gram, cross, &mut h);
        self.check(name, system, report, &h);
        self.beyond = self.beyond.max(report.solves as i32 - K as i32);
        self.colds += 1;
        self.over += usize::from(report.solves as usize > K + BEYOND);
        (h, report)
    }
}

/// Starts that hold anything but a solution.
fn garbage<T: Precision, const K: usize>(draw: &mut Draw) -> SVector<T, K> {
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e30, 1e-30, 0.0, 1.0];
    SVector::from_fn(|_, _| T::from_f64(values[draw.below(values.len())]))
}

/// Cold, from the solution for a cross product that differs by 10 %, and from garbage.
fn starts<T: Precision, const K: usize>(worst: &mut Worst, draw: &mut Draw, kind: Kind, aim: Target) {
    let w = dictionary(draw, kind, K);
    let (gram, cross) = normal::<T, K>(&w, &target(draw, aim, &w));
    let name = format!("K {K}, {kind:?}, {aim:?}");
    let system = System::new(&gram, &cross);
    worst.cold(&name, &system, &gram, &cross);

    let other = cross.map(|b| b * T::from_f64(1.0 + 0.1 * draw.signed()));
    let mut h = SVector::from_element(T::ZERO);
    solve(&gram, &other, &mut h);
    let report = solve(&gram, &cross, &mut h);
    worst.check(&format!("{name}, warm"), &system, report, &h);
    let report = solve(&gram, &cross, &mut h);
    worst.check(&format!("{name}, again"), &system, report, &h);
    let mut h = garbage(draw);
    let name = format!("{name}, from {h:?}");
    let report = solve(&gram, &cross, &mut h);
    worst.check(&name, &system, report, &h);
}

/// A cold solve with every check; h.
fn solved<T: Precision, const K: usize>(name: &str, w: &[Vec<f64>], x: &[f64]) -> SVector<T, K> {
    let (gram, cross) = normal::<T, K>(w, x);
    let mut worst = Worst::default();
    let (h, _) = worst.cold(name, &System::new(&gram, &cross), &gram, &cross);
    worst.judge(name);
    h
}
