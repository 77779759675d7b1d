//! The checked data: [`Problem`].

use core::marker::PhantomData;

use nalgebra::SMatrix;

use crate::columns::{Columns, Data};
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
    energy: T,
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
    /// [`Error::NonFinite`], [`Error::Negative`] with the first such entry, column by column; [`Error::AllZero`].
    pub fn new(x: &'a SMatrix<T, M, N>) -> Result<Self, Error> {
        Self::from_columns(x)
    }
}

impl<'a, T: Real, const M: usize, const N: usize, C: Columns<T, M> + ?Sized> Problem<'a, T, M, N, C> {
    /// Checks any source of columns.
    ///
    /// # Errors
    ///
    /// [`Error::FrameCount`] if it does not have N frames; otherwise as [`Problem::new`].
    pub fn from_columns(x: &'a C) -> Result<Self, Error> {
        const { assert!(M > 0 && N > 0, "X needs at least one feature and one frame") };
        if x.len() != N {
            return Err(Error::FrameCount { expected: N, got: x.len() });
        }
        let (largest, energy) = inspect(&x)?;
        Ok(Self { x, scale: Scale::new(largest), energy: energy.at(Scale::new(largest)) })
    }

    /// What solvers and starts read: the columns of X, scaled.
    pub fn data(&self) -> Data<'_, T, M, C::Observed> {
        Data::new(&self.x, self.scale.inward(), self.energy)
    }

    /// The columns in the unit of X; the energy stays in the solvers' unit.
    pub(crate) fn unscaled(&self) -> Data<'_, T, M, C::Observed> {
        Data::new(&self.x, T::ONE, self.energy)
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

/// One pass over X: every entry checked, the largest one and the energy found.
fn inspect<T: Real, const M: usize, C: Columns<T, M> + ?Sized>(x: &C) -> Result<(T, Energy<T>), Error> {
    let mut buf = [T::ZERO; M];
    let mut scaled = Energy { scale: Scale::new(T::ZERO), sum: T::ZERO };
    let mut largest = T::ZERO;
    for j in 0..x.len() {
        x.read_scaled(j, T::ONE, &mut buf);
        for (i, &value) in buf.iter().enumerate() {
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
        for value in &mut buf {
            *value *= inward;
        }
        scaled = Energy { sum: scaled.at(scale) + kernel::norm_squared(&buf), scale };
    }
    if largest > T::ZERO { Ok((largest, scaled)) } else { Err(Error::AllZero) }
}
