//! A dictionary prepared for encoding, and the exact non-negative least squares code of one frame in it.
//!
//! The Gram is kept with unit diagonal, as every solve wants it, so that preparing it is done once and may be done at compile
//! time. A frame is read as it lies in memory; only one whose numbers are so large or small that products leave the range is
//! read a second time, scaled by a power of two. The bits are the same either way.

use nalgebra::SVector;

use crate::kernel::{self, Frame};
use crate::nnls::{ActiveSet, NnlsStatus, Prepared, System};
use crate::scalar::Real;

/// Passes of coordinate descent that guess the active set of a cold start; exact least squares does the rest. Digits, K 8:
/// one solve a frame instead of six; fewer passes leave frames that need three or four, and those are the deadline.
const PASSES: u32 = 6;

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
    /// Largest violation of the optimality conditions, see [`NnlsReport::kkt`](crate::nnls::NnlsReport::kkt).
    pub kkt: T,
    /// Triangular solves done, at most [`nnls::bound`](crate::nnls::bound) of K.
    pub solves: u32,
    /// Components with a positive coefficient.
    pub active: usize,
}

impl<T: Real> Encoding<T> {
    /// Of a zero frame: nothing is needed to explain it.
    fn zero() -> Self {
        let status = NnlsStatus::Optimal;
        Self { status, residual: T::ZERO, relative_residual: T::ZERO, kkt: T::ZERO, solves: 0, active: 0 }
    }

    pub(crate) fn non_finite(solves: u32) -> Self {
        let (status, infinite) = (NnlsStatus::NonFinite, T::INFINITY);
        Self { status, residual: infinite, relative_residual: infinite, kkt: infinite, solves, active: 0 }
    }
}

/// What is minimised besides the residual, and from where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rules<T> {
    pub l1: T,
    pub l2: T,
    /// No more components than this may be active.
    pub limit: usize,
    /// Starts from the coefficients as they are.
    pub warm: bool,
}

impl<T: Real> Rules<T> {
    pub(crate) const fn none() -> Self {
        Self { l1: T::ZERO, l2: T::ZERO, limit: usize::MAX, warm: false }
    }
}

/// A dictionary as it is read. `gram` has unit diagonal; `scale[k]` = 1/‖w_k‖, 0 for a component that never takes part.
#[derive(Clone, Copy)]
pub(crate) struct Dictionary<'d, T, const M: usize, const K: usize> {
    pub w: &'d [[T; M]; K],
    pub weights: Option<&'d [T; M]>,
    pub gram: &'d [[T; K]; K],
    pub scale: &'d [T; K],
}

impl<T: Real, const M: usize, const K: usize> Dictionary<'_, T, M, K> {
    /// The exact code of `x`. `h` is read if `rules.warm`, and written unless the status is [`NnlsStatus::NonFinite`].
    pub(crate) fn encode(&self, x: &[T; M], h: &mut [T; K], rules: &Rules<T>) -> Encoding<T> {
        let mut frame = Frame { x, unit: T::ONE, weights: self.weights };
        let mut outward = T::ONE;
        let mut b = [T::ZERO; K];
        let mut energy = frame.energy();
        frame.cross(self.w, &mut b);
        let mut largest = self.scale_by(&mut b);
        if !(self.is_handy() && in_range(largest, 1) && in_range(energy, 2) && energy.exponent() > -T::MAX_EXPONENT / 3)
        {
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
        if rules.l1 > T::ZERO {
            let l1 = rules.l1 * energy.sqrt();
            largest = T::ZERO;
            for b in &mut b {
                *b = if rules.l1 < T::ONE { *b - l1 } else { T::ZERO };
                largest = largest.at_least(b.abs());
            }
        }
        let mut y = [T::ZERO; K];
        let mut system = System::prepared(self.gram, smaller(rules.l2.positive(), T::exp2i(HEAVY)));
        let mut active_set = ActiveSet::new(&mut system, rules.limit);
        let solution = if rules.warm || rules.limit < K || rules.l2 > T::ZERO {
            if rules.warm {
                let mut known = 0;
                for ((y, &h), &scale) in y.iter_mut().zip(h.iter()).zip(self.scale) {
                    *y = if h > T::ZERO { h * frame.unit / scale } else { T::ZERO };
                    known += usize::from(*y > T::ZERO);
                }
                if known > rules.limit {
                    y = [T::ZERO; K];
                }
            }
            active_set.solve(&b, &mut y)
        } else {
            let mut gradient = b;
            kernel::descend_single(self.gram, PASSES, &mut y, &mut gradient);
            active_set.solve_from(&b, &mut y, &mut gradient, largest)
        };
        let mut code = y;
        for (code, &scale) in code.iter_mut().zip(self.scale) {
            *code *= scale;
        }
        let mut rest = frame.residual(self.w, &code);
        if rest < T::ROW_WISE * energy && !(rules.l1 > T::ZERO || rules.l2 > T::ZERO) {
            // Of a frame that is explained to so little, the rounding of b is a large part of what is left.
            self.refine(&frame, &active_set, &mut y, &mut code, &mut rest);
        }
        let mut active = 0;
        let mut finite = solution.status != NnlsStatus::NonFinite && rest.is_finite();
        for (y, &scale) in y.iter_mut().zip(self.scale) {
            // In this order: no product leaves the range unless the result does.
            *y *= scale * outward;
            finite &= y.is_finite();
            active += usize::from(*y > T::ZERO);
        }
        if !finite {
            return Encoding::non_finite(solution.solves);
        }
        *h = y;
        Encoding {
            status: solution.status,
            residual: rest.sqrt() * outward,
            relative_residual: (rest / energy).sqrt(),
            kkt: solution.kkt,
            solves: solution.solves,
            active,
        }
    }

    /// One Newton step on the active set from the gradient DWᵀ(x − Wh) of the direct residual, taken if that becomes smaller.
    #[inline(never)]
    fn refine(
        &self,
        frame: &Frame<'_, T, M>,
        active_set: &ActiveSet<'_, Prepared<'_, T, K>, K>,
        y: &mut [T; K],
        code: &mut [T; K],
        rest: &mut T,
    ) {
        let mut gradient = [T::ZERO; K];
        frame.gradient(self.w, code, &mut gradient);
        self.scale_by(&mut gradient);
        let mut refined = *y;
        active_set.step(&gradient, &mut refined);
        let mut better = refined;
        for (better, &scale) in better.iter_mut().zip(self.scale) {
            *better *= scale;
        }
        let left = frame.residual(self.w, &better);
        if left < *rest {
            (*y, *code, *rest) = (refined, better, left);
        }
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

/// Far from where squares, `power` = 1, or the number itself, 2, would over- or underflow.
fn in_range<T: Real>(value: T, power: i32) -> bool {
    value.exponent().abs() <= power * (T::MAX_EXPONENT / 3)
}

/// Gram with unit diagonal and scales of a dictionary. M·K(K+1)/2 multiply-adds.
///
/// Every column is read scaled by a power of two of its own, so that neither its size nor a square of it matters.
pub(crate) fn prepare<T: Real, const M: usize, const K: usize>(
    w: &[[T; M]; K],
    weights: Option<&[T; M]>,
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
