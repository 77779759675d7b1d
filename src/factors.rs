//! The two factors and what users do with them: [`Factors`].

use nalgebra::{ArrayStorage, SMatrix};

use crate::columns::Columns;
use crate::error::{Error, Setting};
use crate::kernel;
use crate::problem::Problem;
use crate::scalar::Real;

/// Entries of known components, read in their unit, are below 2^this.
const KNOWN_SIZE: i32 = 40;

/// The factorisation X ≈ W·H: basis W (M×K, one part per column) and coefficients H (K×N, one frame per column).
///
/// Plain data, (M + N)·K numbers, made to be a `static` or a field and to be changed in place. `Clone`, not `Copy`: moving
/// factors by accident is what fills a small stack.
///
/// # Example
///
/// ```
/// use tinynmf::{Factors, Problem, Spa, nalgebra::SMatrix};
/// let x = SMatrix::<f32, 3, 2>::new(2.0, 0.0, 4.0, 0.0, 0.0, 5.0);
/// let problem = Problem::new(&x)?;
/// let mut factors = Factors::<f32, 3, 2, 2>::zeros();
/// factors.init(&problem, Spa);
/// factors.normalize();
/// assert_eq!(factors.w[(2, 0)], 1.0); // frame 1 is the largest; its part has unit length now
/// # Ok::<(), tinynmf::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Factors<T, const M: usize, const N: usize, const K: usize> {
    /// Basis, or dictionary: M×K.
    pub w: SMatrix<T, M, K>,
    /// Coefficients, or activations: K×N.
    pub h: SMatrix<T, K, N>,
}

impl<T: Real, const M: usize, const N: usize, const K: usize> Default for Factors<T, M, N, K> {
    fn default() -> Self {
        Self::zeros()
    }
}

impl<T: Real, const M: usize, const N: usize, const K: usize> Factors<T, M, N, K> {
    /// Zero factors. `const`: what a `static` starts from.
    #[must_use]
    pub const fn zeros() -> Self {
        const { assert!(M > 0 && N > 0 && K > 0, "factors need at least one feature, one frame and one component") };
        Self {
            w: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; M]; K])),
            h: SMatrix::from_array_storage(ArrayStorage([[T::ZERO; K]; N])),
        }
    }

    /// Gives every column of W unit length and moves the length to H: parts become shapes, coefficients amounts in the
    /// unit of X. A zero column stays zero. The product W·H changes by rounding only.
    pub fn normalize(&mut self) {
        for (k, column) in self.w.data.0.iter_mut().enumerate() {
            let length = kernel::length(column);
            if !(length > T::ZERO && length.is_finite()) {
                continue;
            }
            for w in column {
                *w = *w / length;
            }
            for h in &mut self.h.data.0 {
                if let Some(h) = h.get_mut(k) {
                    *h *= length;
                }
            }
        }
    }

    /// Orders the components by their share of the product, ‖w_k‖·‖h_k‖, largest first. Equal ones keep their order.
    pub fn sort(&mut self) {
        let mut share = self.shares();
        // Selection keeps the number of column moves at K − 1.
        for k in 0..K {
            let mut top = k;
            for q in k + 1..K {
                // `get`: the compiler does not see that top < K, and an index would bring a panic.
                if share[q] > share.get(top).copied().unwrap_or(T::ZERO) {
                    top = q;
                }
            }
            // A rotation instead of a swap: equal shares stay in order.
            rotate(&mut share, k, top);
            rotate(&mut self.w.data.0, k, top);
            for h in &mut self.h.data.0 {
                rotate(h, k, top);
            }
        }
    }

    /// `out` = W·H. M·N·K multiply-adds.
    pub fn reconstruct_into(&self, out: &mut SMatrix<T, M, N>) {
        for (out, h) in out.data.0.iter_mut().zip(&self.h.data.0) {
            kernel::product_into(&self.w.data.0, h, out);
        }
    }

    /// ‖X − WH‖_F / ‖X‖_F, the direct residual. M·N·K multiply-adds, M numbers of stack.
    ///
    /// W and H are read in the unit of X; not finite where a product of theirs is not.
    pub fn relative_error<C>(&self, problem: &Problem<'_, T, M, N, C>) -> T
    where
        C: Columns<T, M> + ?Sized,
    {
        let inward = problem.scale().inward();
        kernel::residual(&problem.unscaled(), &self.w.data.0, &self.h.data.0, inward).sqrt()
    }

    /// The first entry that a fit cannot start from.
    pub(crate) fn check(&self, signed: bool) -> Result<(), Error> {
        if let Some((row, column)) = unusable(&self.w.data.0, signed) {
            return Err(Error::InitialW { row, column });
        }
        if let Some((row, column)) = unusable(&self.h.data.0, signed) {
            return Err(Error::InitialH { row, column });
        }
        Ok(())
    }

    /// Known components are parts that have a unit in which every entry is a normal number and none
    /// too large to be squared.
    pub(crate) fn check_known(&self, fixed: usize, signed: bool) -> Result<(), Error> {
        let Some(known) = self.w.data.0.get(..fixed) else { return Err(Error::Setting(Setting::Fixed)) };
        if let Some((row, column)) = unusable(known, signed) {
            return Err(Error::InitialW { row, column });
        }
        for (component, w) in known.iter().enumerate() {
            let (_, largest) = kernel::unit_exponent(w);
            if largest >= KNOWN_SIZE {
                return Err(Error::PartSize { component });
            }
        }
        Ok(())
    }

    /// Writes the first `fixed` of `known` into W, and zeros into their rows of H.
    pub(crate) fn keep_known(&mut self, known: &[[T; M]], fixed: usize) {
        for (w, known) in self.w.data.0.iter_mut().zip(known).take(fixed) {
            *w = *known;
        }
        for h in &mut self.h.data.0 {
            for h in h.iter_mut().take(fixed) {
                *h = T::ZERO;
            }
        }
    }

    fn shares(&self) -> [T; K] {
        let mut share = [T::ZERO; K];
        for (k, (share, w)) in share.iter_mut().zip(&self.w.data.0).enumerate() {
            let row = || self.h.data.0.iter().filter_map(move |h| h.get(k).copied());
            *share = kernel::length(w) * kernel::length_of(row);
        }
        share
    }
}

/// Moves element `from` to place `to` ≤ `from`, the ones between up by one.
///
/// By neighbours: `slice::rotate_right` checks its argument with a panic that the compiler cannot rule out.
fn rotate<E>(elements: &mut [E], to: usize, from: usize) {
    for place in (to..from).rev() {
        if let Some([a, b]) = elements.get_mut(place..place + 2) {
            core::mem::swap(a, b);
        }
    }
}

/// Row and column of the first entry that a fit cannot start from.
fn unusable<T: Real, const R: usize>(columns: &[[T; R]], signed: bool) -> Option<(usize, usize)> {
    unusable_place(columns.as_flattened(), signed).map(|place| (place % R, place / R))
}

#[inline(never)] // one copy
fn unusable_place<T: Real>(values: &[T], signed: bool) -> Option<usize> {
    kernel::rolled(values).iter().position(|&value| !(value.is_finite() && (signed || value >= T::ZERO)))
}
