//! How many columns go through a kernel together, and the buffer that holds them.
//!
//! `--cfg tinynmf_narrow` gives a desktop the width of a microcontroller, for the test that both produce the same bits.

use super::{rolled, rolled_mut};
use crate::columns::{Data, Observed};
use crate::scalar::Real;

#[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(tinynmf_narrow)))]
mod width {
    use super::Lanes;
    use crate::scalar::Real;

    /// Two vectors of four f32: enough independent sums to hide the latency of an addition.
    pub(crate) const LANES: usize = 8;

    /// Lanes are the elements of vector registers.
    pub(crate) const VECTOR: bool = true;

    /// The frames a second time, transposed: vector loads need neighbouring columns side by side.
    pub(super) type Transposed<T, const M: usize> = [Lanes<T>; M];

    pub(super) const fn empty<T: Real, const M: usize>() -> Transposed<T, M> {
        [[T::ZERO; LANES]; M]
    }

    pub(super) fn fill<T: Real, const M: usize>(columns: &[[T; M]; LANES], out: &mut Transposed<T, M>) {
        for i in 0..M {
            for l in 0..LANES {
                out[i][l] = columns[l][i];
            }
        }
    }

    pub(super) fn row<T: Real, const M: usize>(
        _: &[[T; M]; LANES],
        transposed: &Transposed<T, M>,
        i: usize,
    ) -> Lanes<T> {
        transposed[i]
    }
}

#[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(tinynmf_narrow))))]
mod width {
    use core::marker::PhantomData;

    use super::Lanes;
    use crate::scalar::Real;

    /// With floating-point registers four frames share every load of W (2.5 instead of 3.3 instructions a multiply-add on a
    /// Cortex-M4F). Without, loads are nothing beside the arithmetic, and every lane costs M numbers of RAM.
    pub(crate) const LANES: usize = if cfg!(all(target_arch = "arm", target_abi = "eabihf")) { 4 } else { 1 };

    /// Lanes are a loop.
    pub(crate) const VECTOR: bool = false;

    /// Single loads find the columns where they are.
    pub(super) type Transposed<T, const M: usize> = PhantomData<[T; M]>;

    pub(super) const fn empty<T: Real, const M: usize>() -> Transposed<T, M> {
        PhantomData
    }

    pub(super) fn fill<T: Real, const M: usize>(_: &[[T; M]; LANES], _: &mut Transposed<T, M>) {}

    pub(super) fn row<T: Real, const M: usize>(columns: &[[T; M]; LANES], _: &Transposed<T, M>, i: usize) -> Lanes<T> {
        let mut row = [T::ZERO; LANES];
        unrolled!(l < LANES, row[l] = columns[l][i]);
        row
    }
}

/// Columns that go through a kernel together. It changes speed and memory, never bits.
pub(crate) use width::LANES;
pub(crate) use width::VECTOR;

/// One number per lane.
pub(crate) type Lanes<T> = [T; LANES];

/// [`LANES`] frames of X, scaled. Lanes past the last frame hold zeros.
pub(crate) struct Frames<T, const M: usize> {
    columns: [[T; M]; LANES],
    transposed: width::Transposed<T, M>,
}

impl<T: Real, const M: usize> Frames<T, M> {
    pub(crate) const fn new() -> Self {
        Self { columns: [[T::ZERO; M]; LANES], transposed: width::empty::<T, M>() }
    }

    /// Reads the `count` frames from `first` on.
    pub(crate) fn load<O: Observed>(&mut self, x: &Data<'_, T, M, O>, first: usize, count: usize) {
        for (l, column) in self.columns.iter_mut().enumerate() {
            if l < count {
                x.read(first + l, column);
            } else {
                *column = [T::ZERO; M];
            }
        }
        width::fill(&self.columns, &mut self.transposed);
    }

    /// Adds the squares of these frames to the energy of each feature, frame by frame.
    #[inline(never)]
    pub(crate) fn add_energy(&self, energy: &mut [T; M]) {
        for column in rolled(&self.columns) {
            for (energy, &x) in rolled_mut(energy).iter_mut().zip(rolled(column)) {
                *energy += x * x;
            }
        }
    }

    /// ‖x‖ of every frame.
    #[inline(never)] // off the path of fits without an L1 penalty
    pub(crate) fn lengths(&self) -> Lanes<T> {
        let mut lengths = [T::ZERO; LANES];
        for (length, column) in lengths.iter_mut().zip(rolled(&self.columns)) {
            *length = super::length(column);
        }
        lengths
    }

    /// One frame per element.
    pub(crate) fn columns(&self) -> &[[T; M]; LANES] {
        &self.columns
    }

    /// Feature `i` of every frame, i < M.
    pub(crate) fn row(&self, i: usize) -> Lanes<T> {
        width::row(&self.columns, &self.transposed, i)
    }
}
