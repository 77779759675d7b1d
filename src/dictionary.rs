//! A dictionary prepared for encoding, and the exact non-negative least squares code of one frame in it.
//!
//! The Gram is kept with unit diagonal, as every solve wants it, so that preparing it is done once and may be done at compile
//! time. A frame is read as it lies in memory; only one whose numbers are so large or small that products leave the range is
//! read a second time, scaled by a power of two. The bits are the same either way.

use nalgebra::SVector;

use crate::kernel::{self, FeatureWeights, Frame};
use crate::nnls::{ActiveSet, NnlsStatus, Prepared, Solution, System, digits, noise};
use crate::scalar::{Real, in_range, unscaled};

/// Passes of coordinate descent that guess the active set of a cold start; exact least squares does the rest. Digits, K 8:
/// one solve a frame instead of six; fewer passes leave frames that need three or four, and those are the deadline.
const PASSES: u32 = 6;

/// How often a code goes on from its direct residual; the first time decides nearly always.
const REFINEMENTS: u32 = 3;

/// A λ₂ of two to this power leaves nothing of any code; the bound keeps numbers finite.
const HEAVY: i32 = 40;

/// What [`Encoder::encode`](crate::Encoder::encode) found out about a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Encoding<T> {
    /// How it ended. After [`NnlsStatus::NonFinite`] the coefficients are as they were, residuals and `kkt` infinite.
    pub status: NnlsStatus,
    /// ‖x − Wh‖, weighted where weights are set; the direct residual, in the unit of x.
    pub residual: T,
    /// ‖x − Wh‖ / ‖x‖, in [0, 1] to rounding: how much of this frame the dictionary does not explain. A novelty score. 0 for a
    /// zero frame.
    pub relative_residual: T,
    /// Largest violation of the optimality conditions, see
    /// [`NnlsReport::kkt`](crate::nnls::NnlsReport::kkt). From the direct residual of h where that
    /// is below 1e-3 of x (f64: 1e-7), otherwise from the Gram, which is off by 5e-7 (f64: 1e-15)
    /// at most; by more where parts or frames of either sign cancel, as much as the sums of
    /// magnitudes are larger.
    pub kkt: T,
    /// How many decimal digits of the largest amount are certain in every amount, see
    /// [`NnlsReport::digits`](crate::nnls::NnlsReport::digits).
    pub digits: T,
    /// Triangular solves done, at most [`nnls::bound`](crate::nnls::bound) of K.
    pub solves: u32,
    /// Components with a positive coefficient.
    pub active: usize,
}

impl<T: Real> Encoding<T> {
    /// Of a zero frame: nothing is needed to explain it.
    fn zero() -> Self {
        let (zero, digits) = (T::ZERO, digits(T::ONE, T::ZERO, T::ZERO, T::ZERO));
        Self {
            status: NnlsStatus::Optimal,
            residual: zero,
            relative_residual: zero,
            kkt: zero,
            digits,
            solves: 0,
            active: 0,
        }
    }

    pub(crate) fn non_finite(solves: u32) -> Self {
        let (status, infinite) = (NnlsStatus::NonFinite, T::INFINITY);
        let (residual, relative_residual, kkt) = (infinite, infinite, infinite);
        Self { status, residual, relative_residual, kkt, digits: T::ZERO, solves, active: 0 }
    }
}

/// What is minimised besides the residual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rules<T> {
    pub l1: T,
    pub l2: T,
    /// No more components than this may be active.
    pub limit: usize,
}

impl<T: Real> Rules<T> {
    pub(crate) const fn none() -> Self {
        Self { l1: T::ZERO, l2: T::ZERO, limit: usize::MAX }
    }
}

/// A code on its way: for unit-length parts, for those of the dictionary in the unit of the frame,
/// and Σ vᵢ(x − Wh)ᵢ².
struct Code<T, const K: usize> {
    y: [T; K],
    h: [T; K],
    rest: T,
}

/// A dictionary as it is read. `gram` has unit diagonal; `scale[k]` = 1/‖w_k‖, 0 for a component that never takes part.
#[derive(Clone, Copy)]
pub(crate) struct Dictionary<'d, T, const M: usize, const K: usize> {
    pub w: &'d [[T; M]; K],
    pub weights: Option<FeatureWeights<'d, T, M>>,
    pub gram: &'d [[T; K]; K],
    pub scale: &'d [T; K],
}

impl<T: Real, const M: usize, const K: usize> Dictionary<'_, T, M, K> {
    /// The exact code of `x`. `h` is written unless the status is [`NnlsStatus::NonFinite`].
    pub(crate) fn encode(&self, x: &[T; M], h: &mut [T; K], rules: &Rules<T>) -> Encoding<T> {
        let mut frame = Frame { x, unit: T::ONE, weights: self.weights };
        let mut outward = T::ONE;
        let mut b = [T::ZERO; K];
        let mut energy = frame.energy();
        frame.cross(self.w, &mut b);
        let mut largest = self.scale_by(&mut b);
        let sized = in_range(largest, 1) && in_range(energy, 2) && energy.exponent() > -T::MAX_EXPONENT / 3;
        let handy = sized && self.is_handy();
        if !handy {
            let Some(peak) = frame.largest() else { return Encoding::non_finite(0) };
            if peak == T::ZERO && largest.is_finite() {
                *h = [T::ZERO; K];
                return Encoding::zero();
            }
            let exponent = (peak.exponent() + 1).clamp(T::MIN_EXPONENT, -T::MIN_EXPONENT);
            (frame.unit, outward) = (T::exp2i(-exponent), T::exp2i(exponent));
            energy = frame.energy();
            largest = self.project_scaled(&frame, &mut b);
            if !largest.is_finite() {
                return Encoding::non_finite(0); // the dictionary is broken
            }
        }
        let l1 = rules.l1.positive() * energy.sqrt();
        if l1 > T::ZERO {
            largest = T::ZERO;
            for b in &mut b {
                *b = if rules.l1 < T::ONE { *b - l1 } else { T::ZERO };
                largest = largest.at_least(b.abs());
            }
        }
        let mut code = Code { y: [T::ZERO; K], h: [T::ZERO; K], rest: energy };
        let mut gradient = b;
        let mut system = System::prepared(self.gram, smaller(rules.l2.positive(), T::exp2i(HEAVY)));
        let mut active_set = ActiveSet::new(&mut system, rules.limit);
        if rules.limit >= K && !(rules.l2 > T::ZERO) {
            kernel::descend_single(self.gram, PASSES, &mut code.y, &mut gradient);
            active_set.start(&code.y);
        }
        let mut solution = active_set.improve(&b, &mut code.y, &mut gradient, largest, (0, true));
        self.explain(&frame, &mut code);
        if code.rest < T::NEARLY * energy && !(rules.l1 > T::ZERO || rules.l2 > T::ZERO) {
            // Of a frame that is explained to so little, the rounding of b is a large part of what is left.
            self.refine(&frame, &mut active_set, &mut code, (&mut b, largest), &mut gradient, &mut solution);
        }
        if solution.status == NnlsStatus::Bound && code.rest > energy * (T::ONE + T::exp2i(-10)) {
            // Rounding led to a code that is worse than none.
            (code.y, code.rest, gradient) = ([T::ZERO; K], energy, b);
            active_set.start(&code.y);
            solution.judge(&active_set, &code.y, &gradient, largest);
        }
        let tiny = |(&y, &scale): (&T, &T)| y > T::ZERO && unscaled(y, scale, outward) < T::exp2i(T::MIN_EXPONENT);
        if !handy && code.y.iter().zip(self.scale).any(tiny) {
            self.round(&frame, &mut code, outward);
            active_set.start(&code.y);
            self.direct(&frame, &code, &mut gradient);
            for (gradient, &y) in gradient.iter_mut().zip(&code.y) {
                *gradient -= l1 + rules.l2.positive() * y;
            }
            solution.judge(&active_set, &code.y, &gradient, largest);
        }
        let amplification = active_set.amplification(&code.y, &gradient, noise(largest));
        let (mut active, mut most) = (0, T::ZERO);
        let mut finite = solution.status != NnlsStatus::NonFinite && code.rest.is_finite();
        for (y, &scale) in code.y.iter_mut().zip(self.scale) {
            most = most.at_least(*y);
            *y = unscaled(*y, scale, outward);
            finite &= y.is_finite();
            active += usize::from(*y > T::ZERO);
        }
        if !finite {
            return Encoding::non_finite(solution.solves);
        }
        *h = code.y;
        let digits = digits(amplification, solution.kkt, largest, most);
        Encoding {
            status: solution.status.with(digits),
            residual: code.rest.sqrt() * outward * self.weights.map_or(T::ONE, |weights| weights.outward()),
            relative_residual: (code.rest / energy).sqrt(),
            kkt: solution.kkt,
            digits,
            solves: solution.solves,
            active,
        }
    }

    /// From unit-length parts to those of the dictionary, and what is left of the frame.
    fn explain(&self, frame: &Frame<'_, T, M>, code: &mut Code<T, K>) {
        for ((h, &y), &scale) in code.h.iter_mut().zip(&code.y).zip(self.scale) {
            *h = if y > T::ZERO { y * scale } else { T::ZERO };
        }
        code.rest = frame.residual(self.w, &code.h);
    }

    /// Amounts below the smallest normal number are rounded as they will be returned: what is said
    /// of the code is said of that.
    #[inline(never)]
    fn round(&self, frame: &Frame<'_, T, M>, code: &mut Code<T, K>, outward: T) {
        for (y, &scale) in code.y.iter_mut().zip(self.scale) {
            if *y > T::ZERO {
                *y = unscaled(*y, scale, outward) / outward / scale;
            }
        }
        self.explain(frame, code);
    }

    /// The active set goes on from the gradient DWᵀ(x − Wh) of the direct residual, while that
    /// lowers the residual; the conditions are judged by the direct gradient of the code that is
    /// kept. Overwrites `b`.
    #[inline(never)]
    fn refine(
        &self,
        frame: &Frame<'_, T, M>,
        active_set: &mut ActiveSet<'_, Prepared<'_, T, K>, K>,
        code: &mut Code<T, K>,
        (b, largest): (&mut [T; K], T),
        gradient: &mut [T; K],
        solution: &mut Solution<T>,
    ) {
        self.direct(frame, code, gradient);
        solution.judge(active_set, &code.y, gradient, largest);
        for _ in 0..REFINEMENTS {
            // The cross product with which the Gram gives this gradient.
            *b = *gradient;
            active_set.add_product(&code.y, b);
            let mut next = Code { y: code.y, h: code.h, rest: code.rest };
            let mut found = active_set.improve(b, &mut next.y, gradient, largest, (solution.solves, false));
            solution.solves = found.solves;
            self.explain(frame, &mut next);
            self.direct(frame, &next, gradient);
            found.judge(active_set, &next.y, gradient, largest);
            let better = next.rest < code.rest || (solution.status != NnlsStatus::Optimal && found.kkt < solution.kkt);
            if !better {
                active_set.start(&code.y);
                self.direct(frame, code, gradient);
                return;
            }
            (*code, *solution) = (next, found);
            if solution.kkt <= T::OPTIMAL {
                return;
            }
        }
    }

    /// `gradient` ← DWᵀ(x − Wh).
    fn direct(&self, frame: &Frame<'_, T, M>, code: &Code<T, K>, gradient: &mut [T; K]) {
        frame.gradient(self.w, &code.h, gradient);
        self.scale_by(gradient);
    }

    /// `b` ← D·b. Returns the largest |b_k|; infinite if one of them is not finite.
    fn scale_by(&self, b: &mut [T; K]) -> T {
        let (mut largest, mut total) = (T::ZERO, T::ZERO);
        for (b, &scale) in b.iter_mut().zip(self.scale) {
            *b *= scale;
            largest = largest.at_least(b.abs());
            total += b.abs();
        }
        if total.is_finite() { largest } else { T::INFINITY }
    }

    /// As `cross` and `scale_by`, with every part read at about unit length: for sizes whose products leave the range.
    #[inline(never)]
    fn project_scaled(&self, frame: &Frame<'_, T, M>, b: &mut [T; K]) -> T {
        let mut largest = T::ZERO;
        for ((b, w), &scale) in b.iter_mut().zip(self.w).zip(self.scale) {
            let unit = T::exp2i(scale.exponent());
            *b = frame.inner_scaled(w, unit) * (scale / unit);
            largest = if b.is_finite() { largest.at_least(b.abs()) } else { T::INFINITY };
        }
        largest
    }

    /// No part is so long or so short that its products with a frame of usual size are not normal numbers.
    fn is_handy(&self) -> bool {
        self.scale.iter().all(|&scale| scale == T::ZERO || in_range(scale, 1))
    }
}

fn smaller<T: Real>(a: T, b: T) -> T {
    if a < b { a } else { b }
}

/// Gram with unit diagonal and scales of a dictionary. M·K(K+1)/2 multiply-adds.
///
/// Every column is read scaled by a power of two of its own, so that neither its size nor a square of it matters.
pub(crate) fn prepare<T: Real, const M: usize, const K: usize>(
    w: &[[T; M]; K],
    weights: Option<FeatureWeights<'_, T, M>>,
    gram: &mut [[T; K]; K],
    scale: &mut [T; K],
) {
    let mut unit = [T::ONE; K];
    for (unit, w) in unit.iter_mut().zip(w) {
        *unit = kernel::unit(w);
    }
    for k in 0..K {
        for q in 0..=k {
            let value = kernel::inner_scaled((&w[k], unit[k]), (&w[q], unit[q]), weights);
            gram[k][q] = value;
            gram[q][k] = value;
        }
    }
    let mut inverse = [T::ZERO; K];
    for k in 0..K {
        let energy = gram[k][k];
        if energy > T::TINY || !energy.is_finite() {
            // What is not finite stays so, and shows in every frame.
            inverse[k] = if energy.is_finite() { T::ONE / energy.sqrt() } else { T::INFINITY };
        }
        scale[k] = inverse[k] * unit[k];
        if inverse[k].is_finite() && !scale[k].is_finite() {
            // Made of subnormal numbers: no coefficient is large enough for it.
            (inverse[k], scale[k]) = (T::ZERO, T::ZERO);
        }
    }
    for k in 0..K {
        for q in 0..K {
            gram[k][q] *= inverse[k] * inverse[q];
        }
        gram[k][k] = if inverse[k] > T::ZERO { T::ONE } else { T::ZERO };
    }
}

/// The numbers of a vector.
pub(crate) fn first<T, const R: usize>(vector: &SVector<T, R>) -> &[T; R] {
    let [column] = &vector.data.0;
    column
}

/// As [`first`], to write to.
pub(crate) fn first_mut<T, const R: usize>(vector: &mut SVector<T, R>) -> &mut [T; R] {
    let [column] = &mut vector.data.0;
    column
}
