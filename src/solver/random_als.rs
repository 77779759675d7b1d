//! Alternating least squares one random column or row at a time.

use nalgebra::SMatrix;
use rand_core::SeedableRng;
use rand_xorshift::XorShiftRng;

use super::best::Latest;
use super::revival::{Revivals, row_energies};
use super::ridge::{self, Ridge, ridge_setter};
use super::{Solver, Sweep};
use crate::columns::{Data, Observed};
use crate::error::Error;
use crate::kernel;
use crate::nnls::Equations;
use crate::random::{below, shuffle};
use crate::scalar::Real;

/// Randomised ALS: a random column of H or row of W at a time is set to its least squares solution.
///
/// Columns and rows alternate in the proportion N : M, each order drawn anew for every sweep. A step sees all steps before
/// it, which saves sweeps against [`Als`](crate::Als) and [`Anls`](crate::Anls) and costs the blocks of columns that make
/// those fast. WᵀW and HHᵀ follow every step by a rank-1 change and are formed anew at the start of each sweep.
///
/// The best factors so far are kept, the search goes on from the latest ones: a projected step can
/// raise the error. With a ridge the best ones are those of the least e + ½λp.
///
/// # Missing entries
///
/// Works on [`Masked`](crate::Masked) data; each step then forms the weighted Gram of its own
/// observed entries. Take [`masked`](RandomAls::masked): without its ridge frames with few entries
/// are overfitted ([Missing entries](crate::missing_entries)).
///
/// # Settings
///
/// [`new`](RandomAls::new): exact non-negative solves; [`projected`](RandomAls::projected): unconstrained solves, negatives
/// set to 0; [`unconstrained`](RandomAls::unconstrained): factors may be negative, no NMF.
/// [`replacement`](RandomAls::replacement): draw indices independently, so that some vectors are solved twice and some not
/// at all in a sweep; default false. [`seed`](RandomAls::seed) of the orders, default 0.
/// [`ridge`](RandomAls::ridge) λ on both factors, default 0, `masked` 0.1.
///
/// # Notes
///
/// `unconstrained` solves carry a ridge of 8e-6 (f32) or 8e-13 (f64) of the diagonal, and exact data end at about that error:
/// without it entries grow along directions that the Gram does not see, and only cancel each other.
///
/// # Cost
///
/// A step: M·K (a row: N·K) + K³/6 + O(K²) multiply-adds, more for the exact solve ([`nnls::solve`](crate::nnls::solve)); a
/// sweep is M + N steps and M·N·K for the error. Rows of X are read entry by entry ([`Columns::entry`](crate::Columns::entry)).
/// Masked: K²/2 multiply-adds more per observed entry.
/// Workspace: 3K² + K numbers, 2(M + N) bytes, and (M + N)·K for the second copy of the factors.
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
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RandomAls<T> {
    step: Step,
    replacement: bool,
    seed: u64,
    ridge: T,
}

/// What a vector is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Exact,
    Projected,
    Unconstrained,
}

impl<T: Real> RandomAls<T> {
    /// Exact non-negative solves, without replacement.
    #[must_use]
    pub const fn new() -> Self {
        Self { step: Step::Exact, replacement: false, seed: 0, ridge: T::ZERO }
    }

    /// As [`new`](RandomAls::new), with the [ridge](crate::missing_entries) of 0.1 that missing
    /// entries call for.
    #[must_use]
    pub const fn masked() -> Self {
        Self { ridge: T::MASKED, ..Self::new() }
    }

    /// Unconstrained solves with negatives set to 0, as in [`Als`](crate::Als).
    #[must_use]
    pub const fn projected() -> Self {
        Self { step: Step::Projected, ..Self::new() }
    }

    /// Factors may be negative.
    #[must_use]
    pub const fn unconstrained() -> Self {
        Self { step: Step::Unconstrained, ..Self::new() }
    }

    /// True: indices are drawn with replacement.
    #[must_use]
    pub const fn replacement(mut self, replacement: bool) -> Self {
        self.replacement = replacement;
        self
    }

    /// Seed of the orders; every fit starts from it.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    ridge_setter!();
}

impl<T: Real> Default for RandomAls<T> {
    fn default() -> Self {
        Self::new()
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
    latest: Latest<T, M, N, K>,
}

/// The two Grams, and the equations of one step.
struct Steps<T, const K: usize> {
    /// WᵀW.
    gram: [[T; K]; K],
    /// HHᵀ.
    moments: [[T; K]; K],
    equations: Equations<T, K>,
    /// What the ridge adds to the Grams, in shares of their diagonal over all entries.
    damping: T,
}

impl<T: Real, const M: usize, const N: usize, const K: usize> RandomAlsWorkspace<T, M, N, K> {
    /// An empty workspace, for a `static` or the stack.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(M <= 1 << 16 && N <= 1 << 16, "RandomAls keeps its orders in 16 bits") };
        Self {
            steps: Steps {
                gram: [[T::ZERO; K]; K],
                moments: [[T::ZERO; K]; K],
                equations: Equations::new(),
                damping: T::ZERO,
            },
            rows: [0; M],
            columns: [0; N],
            rng: None,
            revivals: Revivals::none(),
            latest: Latest::new(),
        }
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize> Default for RandomAlsWorkspace<T, M, N, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize, O: Observed> Solver<T, M, N, K, O> for RandomAls<T> {
    type Workspace = RandomAlsWorkspace<T, M, N, K>;

    fn begin(&self, ws: &mut Self::Workspace) {
        ws.rng = Some(XorShiftRng::seed_from_u64(self.seed));
        ws.revivals = Revivals::for_components(K);
        ws.latest.begin();
        ws.latest.set_ridge(self.ridge);
    }

    fn sweep(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut SMatrix<T, M, K>,
        h: &mut SMatrix<T, K, N>,
        ws: &mut Self::Workspace,
    ) -> Sweep<T> {
        let RandomAlsWorkspace { steps, rows, columns, rng, revivals, latest } = ws;
        let rng = rng.get_or_insert_with(|| XorShiftRng::seed_from_u64(self.seed));
        self.order(rng, rows);
        self.order(rng, columns);
        latest.sweep(x, w, h, |w, h, damping| {
            steps.damping = damping;
            if O::ALL {
                steps.refresh(w, h);
            }
            let (mut rows, mut columns) = (rows.iter(), columns.iter());
            let (mut rows_done, mut columns_done) = (0, 0);
            for _ in 0..M + N {
                // In proportion: the side that lags behind its share goes next, columns first.
                if columns_done * M <= rows_done * N {
                    columns_done += 1;
                    if let Some(&j) = columns.next() {
                        self.column(x, w, h, usize::from(j), steps);
                    }
                } else {
                    rows_done += 1;
                    if let Some(&i) = rows.next() {
                        self.row(x, w, h, usize::from(i), steps);
                    }
                }
            }
            revivals.end_sweep(x, w, h)
        })
    }

    fn penalty(&self, x: &Data<'_, T, M, O>, w: &SMatrix<T, M, K>, h: &SMatrix<T, K, N>) -> T {
        Ridge::new(self.ridge, x).excess(x, &w.data.0, h.data.0.as_slice())
    }

    fn validate(&self) -> Result<(), Error> {
        ridge::validate(self.ridge)
    }

    fn signed(&self) -> bool {
        self.step == Step::Unconstrained
    }

    /// The projected form never rests for long: the order of its steps keeps it moving.
    fn patience(&self) -> u32 {
        if self.step == Step::Projected { 2 } else { 5 }
    }
}

impl<T: Real> RandomAls<T> {
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

    /// Solves for h_j.
    fn column<const M: usize, const K: usize, O: Observed>(
        &self,
        x: &Data<'_, T, M, O>,
        w: &[[T; M]; K],
        h: &mut [[T; K]],
        j: usize,
        steps: &mut Steps<T, K>,
    ) {
        let mut frame = [T::ZERO; M];
        x.read(j, &mut frame);
        x.weigh(j, &mut frame);
        let mut cross = [T::ZERO; K];
        for (cross, w) in cross.iter_mut().zip(w) {
            *cross = kernel::inner(w, &frame);
        }
        let Steps { gram, moments, equations, damping } = steps;
        if !O::ALL {
            *gram = [[T::ZERO; K]; K];
            for i in 0..M {
                add(gram, &w.map(|w| w[i]), x.weight(i, j));
            }
        }
        let Some(place) = h.get_mut(j) else { return };
        let before = *place;
        let mut normal = *gram;
        damp(&mut normal, *damping, || kernel::diagonal(w));
        self.solve(equations, &mut normal, &cross, place);
        let after = *place;
        if O::ALL && !exchange(moments, &before, &after) {
            sum_of_squares(h, moments);
        }
    }

    /// Solves for row `i` of W.
    fn row<const M: usize, const K: usize, O: Observed>(
        &self,
        x: &Data<'_, T, M, O>,
        w: &mut [[T; M]; K],
        h: &[[T; K]],
        i: usize,
        steps: &mut Steps<T, K>,
    ) {
        if i >= M {
            return;
        }
        let Steps { gram, moments, equations, damping } = steps;
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
        let mut normal = *moments;
        damp(&mut normal, *damping, || row_energies(h));
        self.solve(equations, &mut normal, &cross, &mut after);
        for (w, after) in w.iter_mut().zip(after) {
            w[i] = after;
        }
        if O::ALL && !exchange(gram, &before, &after) {
            kernel::gram(w, gram);
        }
    }

    /// The least squares solution for one vector. `gram` is changed.
    fn solve<const K: usize>(
        &self,
        equations: &mut Equations<T, K>,
        gram: &mut [[T; K]; K],
        cross: &[T; K],
        factor: &mut [T; K],
    ) {
        if self.step == Step::Exact {
            equations.set(gram);
            equations.solve_non_negative(cross, factor);
            return;
        }
        if self.step == Step::Unconstrained {
            // Against growth along directions that the Gram does not see, where large entries only cancel each other.
            for k in 0..K {
                gram[k][k] += T::from_count(8) * T::RIDGE * gram[k][k];
            }
        }
        equations.set(gram);
        equations.factor_all();
        *factor = *cross;
        equations.solve(factor);
        if self.step == Step::Projected {
            *factor = factor.map(T::positive);
        }
    }
}

impl<T: Real, const K: usize> Steps<T, K> {
    /// Both Grams from the factors.
    fn refresh<const M: usize>(&mut self, w: &[[T; M]; K], h: &[[T; K]]) {
        kernel::gram(w, &mut self.gram);
        sum_of_squares(h, &mut self.moments);
    }
}

/// Adds `damping` times the squared length of every component, over all entries, to the diagonal of
/// `gram`.
fn damp<T: Real, const K: usize>(gram: &mut [[T; K]; K], damping: T, lengths: impl FnOnce() -> [T; K]) {
    if damping > T::ZERO {
        for (k, length) in lengths().into_iter().enumerate() {
            gram[k][k] += damping * length;
        }
    }
}

/// `gram` = HHᵀ.
fn sum_of_squares<T: Real, const K: usize>(h: &[[T; K]], gram: &mut [[T; K]; K]) {
    *gram = [[T::ZERO; K]; K];
    for h in h {
        add(gram, h, T::ONE);
    }
}

/// `gram` − before·beforeᵀ + after·afterᵀ. False if less is left than half of what was taken out: what remains may then hold
/// more of its rounding than a fresh sum.
fn exchange<T: Real, const K: usize>(gram: &mut [[T; K]; K], before: &[T; K], after: &[T; K]) -> bool {
    add(gram, before, -T::ONE);
    add(gram, after, T::ONE);
    (0..K).all(|k| gram[k][k] >= T::HALF * before[k] * before[k])
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
