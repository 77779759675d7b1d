//! The checked data: [`Problem`].

use core::marker::PhantomData;

use nalgebra::SMatrix;

use crate::columns::{Columns, Data, Observed};
use crate::error::Error;
use crate::kernel;
use crate::scalar::Real;

/// X, checked once: finite, non-negative, not all zero, N frames. Borrows X, which may be a `static` in flash.
///
/// # Shapes
///
/// X: M features × N frames, from a matrix ([`new`](Problem::new)) or any [`Columns`] ([`from_columns`](Problem::from_columns)).
///
/// # Cost
///
/// One pass over X: M·N multiply-adds, M numbers of stack. Holds four words.
///
/// # Notes
///
/// Solvers see X·2^e with the largest entry in [½, 1) (up to 4 within a factor 4 of overflow, below ½ for subnormal
/// data); the exponent goes back on W. Multiplying X by a power of two therefore gives the same bits up to that factor, as long as every value is a normal number.
///
/// # Example
///
/// ```
/// use tinynmf::{Error, Problem};
/// static X: [[f32; 2]; 3] = [[1.0, 0.0], [2.0, 0.0], [0.5, 4.0]]; // 3 frames of 2 features, in flash
/// let problem = Problem::<f32, 2, 3, _>::from_columns(&X[..])?;
/// assert_eq!(Problem::<f32, 2, 4, _>::from_columns(&X[..]).err(), Some(Error::FrameCount { expected: 4, got: 3 }));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a, T, const M: usize, const N: usize, C: ?Sized> {
    x: &'a C,
    scale: Scale<T>,
    weight_scale: T,
    energy: T,
    unobserved: Unobserved,
}

/// Features and frames of which no entry is observed: nothing can be said about them. A fit sets their rows of W and columns
/// of H to 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unobserved {
    /// Features (rows of X) without an observed entry.
    pub features: usize,
    /// Frames (columns of X) without an observed entry.
    pub frames: usize,
}

/// The power of two between X and the numbers a solver computes with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale<T> {
    exponent: i32,
    scalar: PhantomData<T>,
}

impl<T: Real> Scale<T> {
    /// Brings `largest` into [½, 1). Clamped so that the factor itself and its inverse are normal numbers; data of
    /// subnormal size then stay a little below ½, which costs nothing.
    fn new(largest: T) -> Self {
        let exponent = (largest.exponent() + 1).clamp(T::MIN_EXPONENT + 1, -T::MIN_EXPONENT);
        Self { exponent, scalar: PhantomData }
    }

    /// From the unit of X to the solvers' unit.
    pub(crate) fn inward(self) -> T {
        T::exp2i(-self.exponent)
    }

    /// The exponent that brings a factor back to the unit of X.
    pub(crate) fn exponent(self) -> i32 {
        self.exponent
    }
}

impl<'a, T: Real, const M: usize, const N: usize> Problem<'a, T, M, N, SMatrix<T, M, N>> {
    /// Checks a matrix, one frame per column.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`], [`Error::Negative`] with the first such observed entry, column by column; [`Error::AllZero`].
    pub fn new(x: &'a SMatrix<T, M, N>) -> Result<Self, Error> {
        Self::from_columns(x)
    }
}

impl<'a, T: Real, const M: usize, const N: usize, C: Columns<T, M> + ?Sized> Problem<'a, T, M, N, C> {
    /// Checks any source of columns.
    ///
    /// # Errors
    ///
    /// [`Error::FrameCount`] if it does not have N frames; [`Error::Weight`] with the first weight that is negative or not
    /// finite; otherwise as [`Problem::new`].
    pub fn from_columns(x: &'a C) -> Result<Self, Error> {
        const { assert!(M > 0 && N > 0, "X needs at least one feature and one frame") };
        if x.len() != N {
            return Err(Error::FrameCount { expected: N, got: x.len() });
        }
        let (weight_scale, unobserved) = inspect_weights(&x)?;
        let (largest, energy) = inspect(&x, weight_scale)?;
        Ok(Self { x, scale: Scale::new(largest), weight_scale, energy: energy.at(Scale::new(largest)), unobserved })
    }

    /// How many features and frames of X have no observed entry. None, unless the columns are [`Masked`](crate::Masked).
    pub fn unobserved(&self) -> Unobserved {
        self.unobserved
    }

    /// What solvers and starts read: the columns of X, scaled.
    pub fn data(&self) -> Data<'_, T, M, C::Observed> {
        Data::new(&self.x, self.scale.inward(), self.weight_scale, self.energy)
    }

    /// The columns in the unit of X; the energy stays in the solvers' unit.
    pub(crate) fn unscaled(&self) -> Data<'_, T, M, C::Observed> {
        Data::new(&self.x, T::ONE, self.weight_scale, self.energy)
    }

    pub(crate) fn columns(&self) -> &'a C {
        self.x
    }

    /// Zeros what nothing is known about.
    pub(crate) fn clear_unobserved<const K: usize>(&self, w: &mut [[T; M]; K], h: &mut [[T; K]]) {
        if C::Observed::ALL || self.unobserved == Unobserved::default() {
            return;
        }
        let data = self.data();
        for (j, h) in h.iter_mut().enumerate() {
            if !(0..M).any(|i| data.is_observed(i, j)) {
                *h = [T::ZERO; K];
            }
        }
        for i in 0..M {
            if !(0..N).any(|j| data.is_observed(i, j)) {
                for w in w.iter_mut() {
                    w[i] = T::ZERO;
                }
            }
        }
    }

    pub(crate) fn scale(&self) -> Scale<T> {
        self.scale
    }
}

/// ‖X‖² of the columns seen so far, in units of a power of two that follows the largest entry: neither 1e-30 nor 1e30
/// under- or overflows when squared, and the bits do not depend on the scale of X.
struct Energy<T> {
    scale: Scale<T>,
    sum: T,
}

impl<T: Real> Energy<T> {
    fn at(&self, scale: Scale<T>) -> T {
        let step = T::exp2i(self.scale.exponent - scale.exponent);
        self.sum * step * step
    }
}

/// The power of two that brings the largest weight into [1, 2), and what has no weight at all.
fn inspect_weights<T: Real, const M: usize, C: Columns<T, M>>(x: &C) -> Result<(T, Unobserved), Error> {
    if C::Observed::ALL {
        return Ok((T::ONE, Unobserved::default()));
    }
    let mut largest = T::ZERO;
    let mut seen = [false; M];
    let mut frames = 0;
    for j in 0..x.len() {
        let mut empty = true;
        for (i, seen) in seen.iter_mut().enumerate() {
            let weight = x.weight(i, j);
            if !(weight >= T::ZERO && weight.is_finite()) {
                return Err(Error::Weight { row: i, column: j });
            }
            largest = largest.at_least(weight);
            *seen |= weight > T::ZERO;
            empty &= !(weight > T::ZERO);
        }
        frames += usize::from(empty);
    }
    let features = seen.iter().filter(|&&seen| !seen).count();
    Ok((T::exp2i(-largest.exponent()), Unobserved { features, frames }))
}

/// One pass over X: every observed entry checked, the largest one and the energy found.
fn inspect<T: Real, const M: usize, C: Columns<T, M>>(x: &C, weight_scale: T) -> Result<(T, Energy<T>), Error> {
    let data = Data::new(x, T::ONE, weight_scale, T::ONE);
    let mut buf = [T::ZERO; M];
    let mut scaled = Energy { scale: Scale::new(T::ZERO), sum: T::ZERO };
    let mut largest = T::ZERO;
    for j in 0..x.len() {
        data.read(j, &mut buf);
        for (i, &value) in kernel::rolled(&buf).iter().enumerate() {
            if !value.is_finite() {
                return Err(Error::NonFinite { row: i, column: j });
            }
            if value < T::ZERO {
                return Err(Error::Negative { row: i, column: j });
            }
            largest = largest.at_least(value);
        }
        let scale = Scale::new(largest);
        let inward = scale.inward();
        for value in kernel::rolled_mut(&mut buf) {
            *value *= inward;
        }
        let plain = buf;
        data.weigh(j, &mut buf);
        scaled = Energy { sum: scaled.at(scale) + kernel::inner(&plain, &buf), scale };
    }
    if largest > T::ZERO { Ok((largest, scaled)) } else { Err(Error::AllZero) }
}
