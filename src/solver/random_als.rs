//! Alternating least squares one random column or row at a time.

use nalgebra::SMatrix;
use rand_core::SeedableRng;
use rand_xorshift::XorShiftRng;

use super::revival::Revivals;
use super::{Solver, Sweep};
use crate::columns::{Data, Observed};
use crate::kernel;
use crate::nnls::{ActiveSet, System};
use crate::random::{below, shuffle};
use crate::scalar::Real;

/// Randomised ALS: a random column of H or row of W at a time is set to its least squares solution.
///
/// Columns and rows alternate in the proportion N : M, each order drawn anew for every sweep. A step sees all steps before
/// it, which saves sweeps against [`Als`](crate::Als) and [`Anls`](crate::Anls) and costs the blocks of columns that make
/// those fast. WᵀW and HHᵀ follow every step by a rank-1 change and are formed anew at the start of each sweep.
///
/// The error never rises: a single unconstrained or non-negative solve is the minimum for its vector, and a projected one
/// stops at the minimum on the way to it.
///
/// # Missing entries
///
/// Works on [`Masked`](crate::Masked) data; each step then forms the weighted Gram of its own observed entries.
///
/// # Settings
///
/// [`new`](RandomAls::new): exact non-negative solves; [`projected`](RandomAls::projected): unconstrained solves, negatives
/// set to 0; [`unconstrained`](RandomAls::unconstrained): factors may be negative, no NMF.
/// [`replacement`](RandomAls::replacement): draw indices independently, so that some vectors are solved twice and some not
/// at all in a sweep; default false. [`seed`](RandomAls::seed) of the orders, default 0.
///
/// # Cost
///
/// A step: M·K (a row: N·K) + K³/6 + O(K²) multiply-adds, more for the exact solve ([`nnls::solve`](crate::nnls::solve)); a
/// sweep is M + N steps and M·N·K for the error. Rows of X are read entry by entry ([`Columns::entry`](crate::Columns::entry)).
/// Masked: K²/2 multiply-adds more per observed entry.
/// Workspace: 3K² + K numbers and 2(M + N) bytes.
///
/// # Example
///
/// ```
/// use tinynmf::{Factors, Nmf, Problem, RandomAls, RandomAlsWorkspace, Spa, nalgebra::SMatrix};
/// let x = SMatrix::<f32, 4, 4>::new(5., 4., 0., 2., 4., 3., 0., 1., 3., 2., 4., 5., 2., 1., 5., 4.);
/// let problem = Problem::new(&x)?;
/// let mut factors = Factors::<f32, 4, 4, 2>::zeros();
/// factors.init(&problem, Spa);
/// let outcome = Nmf::new(RandomAls::new()).fit(&problem, &mut factors, &mut RandomAlsWorkspace::new())?;
/// assert!((outcome.relative_error - 0.067464).abs() < 1e-5);
/// # Ok::<(), tinynmf::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RandomAls {
    step: Step,
    replacement: bool,
    seed: u64,
}

/// What a vector is set to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Exact,
    Projected,
    Unconstrained,
}

impl RandomAls {
    /// Exact non-negative solves, without replacement.
    pub const fn new() -> Self {
        Self { step: Step::Exact, replacement: false, seed: 0 }
    }

    /// Unconstrained solves with negatives set to 0, shortened where they overshoot.
    pub const fn projected() -> Self {
        Self { step: Step::Projected, ..Self::new() }
    }

    /// Factors may be negative.
    pub const fn unconstrained() -> Self {
        Self { step: Step::Unconstrained, ..Self::new() }
    }

    /// True: indices are drawn with replacement.
    pub const fn replacement(mut self, replacement: bool) -> Self {
        self.replacement = replacement;
        self
    }

    /// Seed of the orders; every fit starts from it.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// State of [`RandomAls`].
pub struct RandomAlsWorkspace<T, const M: usize, const N: usize, const K: usize> {
    steps: Steps<T, K>,
    rows: [u16; M],
    columns: [u16; N],
    /// None before the first fit: a generator cannot be made in a `const`.
    rng: Option<XorShiftRng>,
    revivals: Revivals,
}

/// The two Grams, and the system of one step.
struct Steps<T, const K: usize> {
    /// WᵀW.
    gram: [[T; K]; K],
    /// HHᵀ.
    moments: [[T; K]; K],
    system: System<T, K>,
}

impl<T: Real, const M: usize, const N: usize, const K: usize> RandomAlsWorkspace<T, M, N, K> {
    /// An empty workspace, for a `static` or the stack.
    pub const fn new() -> Self {
        const { assert!(M <= 1 << 16 && N <= 1 << 16, "RandomAls keeps its orders in 16 bits") };
        Self {
            steps: Steps { gram: [[T::ZERO; K]; K], moments: [[T::ZERO; K]; K], system: System::new() },
            rows: [0; M],
            columns: [0; N],
            rng: None,
            revivals: Revivals::none(),
        }
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize> Default for RandomAlsWorkspace<T, M, N, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize, O: Observed> Solver<T, M, N, K, O> for RandomAls {
    type Workspace = RandomAlsWorkspace<T, M, N, K>;

    fn begin(&self, ws: &mut Self::Workspace) {
        ws.rng = Some(XorShiftRng::seed_from_u64(self.seed));
        ws.revivals = Revivals::for_components(K);
    }

    fn sweep(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        ws: &mut Self::Workspace,
    ) -> Sweep<T> {
        let (w, h) = (&mut w.data.0, h.data.0.as_mut_slice());
        let rng = ws.rng.get_or_insert_with(|| XorShiftRng::seed_from_u64(self.seed));
        self.order(rng, &mut ws.rows);
        self.order(rng, &mut ws.columns);
        if O::ALL {
            ws.steps.refresh(w, h);
        }
        let mut decrease = T::ZERO;
        let (mut rows, mut columns) = (ws.rows.iter(), ws.columns.iter());
        let (mut rows_done, mut columns_done) = (0, 0);
        for _ in 0..M + N {
            // In proportion: the side that lags behind its share goes next, columns first.
            if columns_done * M <= rows_done * N {
                columns_done += 1;
                if let Some(&j) = columns.next() {
                    decrease += self.column(x, w, h, usize::from(j), &mut ws.steps);
                }
            } else {
                rows_done += 1;
                if let Some(&i) = rows.next() {
                    decrease += self.row(x, w, h, usize::from(i), &mut ws.steps);
                }
            }
        }
        let mut sweep = Sweep::new((decrease * T::TWO / x.energy()).positive(), kernel::residual(x, w, h, T::ONE));
        let mut energies = [T::ZERO; K];
        for h in h.iter() {
            for (energy, &h) in energies.iter_mut().zip(h) {
                *energy += h * h;
            }
        }
        sweep.revived = ws.revivals.revive(x, w, h, &energies, sweep.error);
        if sweep.revived > 0 {
            sweep.error = kernel::residual(x, w, h, T::ONE);
        }
        sweep
    }

    fn signed(&self) -> bool {
        self.step == Step::Unconstrained
    }

    /// With replacement a sweep leaves vectors out.
    fn patience(&self) -> u32 {
        if self.replacement { 3 } else { 1 }
    }
}

impl RandomAls {
    /// The indices of one sweep.
    fn order(&self, rng: &mut XorShiftRng, indices: &mut [u16]) {
        let count = indices.len();
        for (i, index) in indices.iter_mut().enumerate() {
            *index = if self.replacement { below(rng, count) as u16 } else { i as u16 };
        }
        if !self.replacement {
            shuffle(rng, indices);
        }
    }

    /// Solves for h_j; returns the decrease of half the squared error.
    fn column<T: Real, const M: usize, const K: usize, O: Observed>(
        &self,
        x: &Data<'_, T, M, O>,
        w: &[[T; M]; K],
        h: &mut [[T; K]],
        j: usize,
        steps: &mut Steps<T, K>,
    ) -> T {
        let mut frame = [T::ZERO; M];
        x.read(j, &mut frame);
        x.weigh(j, &mut frame);
        let mut cross = [T::ZERO; K];
        for (cross, w) in cross.iter_mut().zip(w) {
            *cross = kernel::inner(w, &frame);
        }
        let Steps { gram, moments, system } = steps;
        if !O::ALL {
            *gram = [[T::ZERO; K]; K];
            for i in 0..M {
                add(gram, &w.map(|w| w[i]), x.weight(i, j));
            }
        }
        let Some(place) = h.get_mut(j) else { return T::ZERO };
        let before = *place;
        let decrease = self.solve(system, gram, &cross, place);
        let after = *place;
        if O::ALL && !exchange(moments, &before, &after) {
            sum_of_squares(h, moments);
        }
        decrease
    }

    /// Solves for row `i` of W; returns the decrease of half the squared error.
    fn row<T: Real, const M: usize, const K: usize, O: Observed>(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut [[T; M]; K],
        h: &[[T; K]],
        i: usize,
        steps: &mut Steps<T, K>,
    ) -> T {
        if i >= M {
            return T::ZERO;
        }
        let Steps { gram, moments, system } = steps;
        if !O::ALL {
            *moments = [[T::ZERO; K]; K];
        }
        let mut cross = [T::ZERO; K];
        for (j, h) in h.iter().enumerate() {
            let weight = x.weight(i, j);
            let value = if O::ALL { x.entry(i, j) } else { x.entry(i, j) * weight };
            for (cross, &h) in cross.iter_mut().zip(h) {
                *cross += value * h;
            }
            if !O::ALL {
                add(moments, h, weight);
            }
        }
        let before = w.map(|w| w[i]);
        let mut after = before;
        let decrease = self.solve(system, moments, &cross, &mut after);
        for (w, after) in w.iter_mut().zip(after) {
            w[i] = after;
        }
        if O::ALL && !exchange(gram, &before, &after) {
            kernel::gram(w, gram);
        }
        decrease
    }

    /// The least squares solution for one vector; returns the decrease of ½fᵀGf − cᵀf.
    fn solve<T: Real, const K: usize>(
        &self,
        system: &mut System<T, K>,
        gram: &[[T; K]; K],
        cross: &[T; K],
        factor: &mut [T; K],
    ) -> T {
        if self.step == Step::Exact {
            system.set(gram);
            return ActiveSet::new(system).solve(cross, factor).decrease;
        }
        let mut ridged = *gram;
        if self.step == Step::Unconstrained {
            // Against growth along directions that the Gram does not see, where large entries only cancel each other.
            for k in 0..K {
                ridged[k][k] += T::from_count(8) * T::RIDGE * gram[k][k];
            }
        }
        system.set(&ridged);
        system.factor_all();
        // Solved from zero: of the solutions of a singular system a small one.
        let mut target = *cross;
        system.scale_by(&mut target);
        system.solve(&mut target);
        system.scale_by(&mut target);
        if self.step == Step::Projected {
            target = target.map(T::positive);
        }
        let mut step = target;
        for (step, &f) in step.iter_mut().zip(factor.iter()) {
            *step -= f;
        }
        let (slope, curvature) = along(gram, cross, factor, &step);
        if !(slope > T::ZERO) {
            return T::ZERO;
        }
        // A projected step may overshoot, and a step with raised pivots: then it ends at the minimum on the way.
        let length = if slope > T::HALF * curvature { T::ONE } else { slope / curvature };
        for ((f, step), target) in factor.iter_mut().zip(step).zip(target) {
            *f = if length < T::ONE { *f + length * step } else { target };
        }
        length * (slope - T::HALF * length * curvature)
    }
}

impl<T: Real, const K: usize> Steps<T, K> {
    /// Both Grams from the factors.
    fn refresh<const M: usize>(&mut self, w: &[[T; M]; K], h: &[[T; K]]) {
        kernel::gram(w, &mut self.gram);
        sum_of_squares(h, &mut self.moments);
    }
}

/// `gram` = HHᵀ.
fn sum_of_squares<T: Real, const K: usize>(h: &[[T; K]], gram: &mut [[T; K]; K]) {
    *gram = [[T::ZERO; K]; K];
    for h in h {
        add(gram, h, T::ONE);
    }
}

/// `gram` − before·beforeᵀ + after·afterᵀ. False if little is left of what was taken out: what remains is then mostly its
/// rounding.
fn exchange<T: Real, const K: usize>(gram: &mut [[T; K]; K], before: &[T; K], after: &[T; K]) -> bool {
    add(gram, before, -T::ONE);
    add(gram, after, T::ONE);
    (0..K).all(|k| gram[k][k] >= T::PASS_RATIO * before[k] * before[k])
}

/// `gram` += weight·ffᵀ.
fn add<T: Real, const K: usize>(gram: &mut [[T; K]; K], f: &[T; K], weight: T) {
    for k in 0..K {
        let scaled = weight * f[k];
        for q in 0..K {
            gram[k][q] += scaled * f[q];
        }
    }
}

/// gᵀs and sᵀGs with g = c − Gf: along the step s the objective falls by t·gᵀs − ½t²·sᵀGs.
fn along<T: Real, const K: usize>(gram: &[[T; K]; K], cross: &[T; K], f: &[T; K], step: &[T; K]) -> (T, T) {
    let (mut slope, mut curvature) = (T::ZERO, T::ZERO);
    for k in 0..K {
        let (mut gradient, mut bend) = (cross[k], T::ZERO);
        for q in 0..K {
            gradient -= gram[k][q] * f[q];
            bend += gram[k][q] * step[q];
        }
        slope += gradient * step[k];
        curvature += bend * step[k];
    }
    (slope, curvature)
}
