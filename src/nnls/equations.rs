//! Normal equations G h = c in the caller's unit, solved on the unit-diagonal [`System`].

use super::NnlsStatus;
use super::active_set::{ActiveSet, Solution, noise};
use super::certainty::digits;
use super::system::{Mixed, System};
use crate::scalar::{Real, in_range, unscaled};

/// The unit-diagonal system of a Gram and the scaling that leads to it: K² + K numbers.
pub(crate) struct Equations<T, const K: usize> {
    system: System<Mixed<T, K>, K>,
    /// d_k = 1/√G_kk: multiplies a cross product, and the scaled unknowns on the way back. 0 where the component has no energy.
    scale: [T; K],
    /// An entry of the Gram was not finite.
    broken: bool,
}

impl<T: Real, const K: usize> Equations<T, K> {
    pub(crate) const fn new() -> Self {
        Self { system: System::new(), scale: [T::ZERO; K], broken: false }
    }

    /// Takes over a Gram, given by columns: its diagonal and its lower triangle, the entries `gram[q][k]`, q < k.
    ///
    /// A component with no more energy than [`Real::TINY`] counts as zero: a coefficient for it
    /// would overflow when squared.
    pub(crate) fn set(&mut self, gram: &[[T; K]; K]) {
        self.set_above(T::TINY, gram);
    }

    /// As [`set`](Self::set), with the components of every normal size.
    pub(super) fn set_all(&mut self, gram: &[[T; K]; K]) {
        self.set_above(T::exp2i(T::MIN_EXPONENT), gram);
    }

    fn set_above(&mut self, least: T, gram: &[[T; K]; K]) {
        self.broken = false;
        self.system.clear();
        for k in 0..K {
            let finite = gram[k][k].is_finite();
            let usable = gram[k][k] > least && finite;
            self.broken |= !finite;
            self.scale[k] = if usable { T::ONE / gram[k][k].sqrt() } else { T::ZERO };
        }
        for k in 0..K {
            for q in 0..k {
                self.broken |= !gram[q][k].is_finite();
                self.system.set(q, k, gram[q][k] * self.scale[k] * self.scale[q]);
            }
        }
    }

    /// `values` ← D·values.
    fn scale_by(&self, values: &mut [T; K]) {
        for (value, &scale) in values.iter_mut().zip(&self.scale) {
            *value *= scale;
        }
    }

    /// Factors every component that has energy.
    pub(crate) fn factor_all(&mut self) {
        let used = self.scale.map(|scale| scale > T::ZERO);
        self.system.factor(&used);
    }

    /// `x` ← (G + ridge)⁻¹x on the factored components, 0 elsewhere.
    pub(crate) fn solve(&self, x: &mut [T; K]) {
        self.scale_by(x);
        self.system.solve(x);
        self.scale_by(x);
    }

    /// As [`solve`](Self::solve), with one step of refinement.
    pub(crate) fn solve_refined(&self, x: &mut [T; K]) {
        self.scale_by(x);
        let mut gradient = *x;
        self.system.solve(x);
        let mut y = [T::ZERO; K];
        self.system.gather(x, &mut y);
        self.system.subtract_places(&y, &mut gradient);
        self.system.solve(&mut gradient);
        for (x, &correction) in x.iter_mut().zip(&gradient) {
            *x += correction;
        }
        self.scale_by(x);
    }

    /// Number of factored components whose pivot is real structure.
    pub(crate) fn rank(&self) -> usize {
        self.system.rank()
    }

    /// As [`solve_non_negative`](Self::solve_non_negative) for numbers of any size, with the digits
    /// that are certain. A solution that is too large for the scalar comes back as 0.
    pub(super) fn solve_any_size(&mut self, cross: &[T; K], h: &mut [T; K]) -> (Solution<T>, T) {
        let mut b = *cross;
        self.scale_by(&mut b);
        let (mut largest, mut total) = (T::ZERO, T::ZERO);
        for b in &b {
            largest = largest.at_least(b.abs());
            total += b.abs() * T::exp2i(-10);
        }
        if self.broken || cross.iter().any(|cross| !cross.is_finite()) {
            return (Solution::failed(0), T::ZERO);
        }
        if !total.is_finite() {
            // c/√G overflows only where √G is below 1, and then c/G all the more.
            *h = [T::ZERO; K];
            return (Solution::failed(0), T::ZERO);
        }
        // Powers of two change no bit of what is in range.
        let exponent =
            if in_range(largest, 1) { 0 } else { largest.exponent().clamp(T::MIN_EXPONENT, -T::MIN_EXPONENT) };
        let (inward, outward) = (T::exp2i(-exponent), T::exp2i(exponent));
        for k in 0..K {
            b[k] *= inward;
            h[k] = if h[k] > T::ZERO { h[k] * inward / self.scale[k] } else { T::ZERO };
        }
        largest *= inward;
        let mut gradient = b;
        let mut active_set = ActiveSet::new(&mut self.system, K);
        let mut solution = active_set.solve(&b, h, &mut gradient);
        let amplification = active_set.amplification(h, &gradient, noise(largest));
        let (mut most, mut finite) = (T::ZERO, solution.status != NnlsStatus::NonFinite);
        for (h, &scale) in h.iter_mut().zip(&self.scale) {
            most = most.at_least(*h);
            *h = unscaled(*h, scale, outward);
            finite &= h.is_finite();
        }
        if !finite {
            *h = [T::ZERO; K];
            return (Solution::failed(solution.solves), T::ZERO);
        }
        let digits = digits(amplification, solution.kkt, largest, most);
        solution.status = solution.status.with(digits);
        (solution, digits)
    }

    /// Minimises over h ≥ 0 from the positive entries of `h`. Leaves `h` alone if a number is not finite.
    pub(crate) fn solve_non_negative(&mut self, cross: &[T; K], h: &mut [T; K]) -> Solution<T> {
        let mut b = *cross;
        self.scale_by(&mut b);
        if self.broken || b.iter().any(|b| !b.is_finite()) {
            return Solution::failed(0);
        }
        for (h, &scale) in h.iter_mut().zip(&self.scale) {
            *h = if *h > T::ZERO { *h / scale } else { T::ZERO };
        }
        let solution = ActiveSet::new(&mut self.system, K).solve(&b, h, &mut [T::ZERO; K]);
        self.scale_by(h);
        solution
    }
}
