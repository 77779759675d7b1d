//! Where the data come from: [`Columns`], one frame (sample) per column, in RAM, in flash or as raw converter counts; and
//! [`Data`], the scaled view of them that kernels and solvers read.

use nalgebra::SMatrix;

use crate::kernel;
use crate::scalar::Real;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Full {}
    impl Sealed for super::Masked {}
}

/// What is known of X: [`Full`] or [`Masked`]. Sealed.
pub trait Observed: sealed::Sealed + 'static {
    /// True if every entry is known, and known equally well.
    const ALL: bool;
}

/// Every entry of X is observed. Zero-sized marker for [`Columns::Observed`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Full;

impl Observed for Full {
    const ALL: bool = true;
}

/// What a solver asks for that needs every entry: [`Full`]. Sealed.
#[diagnostic::on_unimplemented(
    message = "this solver needs every entry of X, and of `{Self}` data some may be missing",
    label = "X has missing entries or weights",
    note = "with missing entries or weights (`Masked`), use `Kaczmarz`, `KaczmarzEntry` or `RandomAls`"
)]
pub trait Complete: Observed {
    /// The same data.
    fn complete<'d, 'a, T, const M: usize>(data: &'d Data<'a, T, M, Self>) -> &'d Data<'a, T, M>
    where
        Self: Sized;
}

impl Complete for Full {
    fn complete<'d, 'a, T, const M: usize>(data: &'d Data<'a, T, M>) -> &'d Data<'a, T, M> {
        data
    }
}

/// Entries of X have weights, and those of weight 0 are missing. Zero-sized marker for [`Columns::Observed`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Masked;

impl Observed for Masked {
    const ALL: bool = false;
}

/// The data matrix X (M features × `len()` frames), read one column at a time.
///
/// Implemented for `SMatrix<T, M, N>`, for slices `[[T; M]]` and for [`Quantized`] frames. A type of your own only
/// says how many frames it has and how to produce one: X may lie in flash, on an external memory or be computed.
///
/// The same column must have the same values each time it is read: a fit reads X once per sweep.
///
/// # Example
///
/// ```
/// use tinynmf::{Columns, Full};
///
/// struct Ramp; // 3 frames of 2 features
/// impl Columns<f32, 2> for Ramp {
///     type Observed = Full;
///     fn len(&self) -> usize {
///         3
///     }
///     fn column<'a>(&'a self, j: usize, buf: &'a mut [f32; 2]) -> &'a [f32; 2] {
///         *buf = [j as f32, 1.0];
///         buf
///     }
/// }
/// assert_eq!(Ramp.column(2, &mut [0.0; 2]), &[2.0, 1.0]);
/// ```
pub trait Columns<T, const M: usize> {
    /// Which entries of X are known, as a zero-sized type: [`Full`] for all of them, [`Masked`] where
    /// [`weight`](Columns::weight) says.
    ///
    /// A solver that needs every entry asks for `Full`, so that it does not compile with anything less.
    type Observed: Observed;

    /// Number of frames N.
    fn len(&self) -> usize;

    /// Frame `j`, either lent from where it lies or written into `buf`. An index ≥ `len()` gives any M values.
    fn column<'a>(&'a self, j: usize, buf: &'a mut [T; M]) -> &'a [T; M];

    /// Writes `scale` · frame `j` into `out`.
    ///
    /// What the solvers call. The default goes through [`column`](Columns::column) with M numbers of stack; a source that
    /// can write in place saves them. Must give exactly the products `scale * column(j)[i]`.
    fn read_scaled(&self, j: usize, scale: T, out: &mut [T; M])
    where
        T: Real,
    {
        let mut buf = [T::ZERO; M];
        scale_into(self.column(j, &mut buf), scale, out);
    }

    /// Feature `i` of frame `j`: `column(j)[i]`. Indices outside X give any value.
    ///
    /// For solvers that read single entries. The default decodes the whole frame, M numbers of stack.
    fn entry(&self, i: usize, j: usize) -> T
    where
        T: Real,
    {
        let mut buf = [T::ZERO; M];
        value_at(self.column(j, &mut buf), i)
    }

    /// How much the entry counts: finite, ≥ 0, and 0 where it is missing. Asked only if the columns are [`Masked`].
    ///
    /// Solvers minimise Σ weight·(X − WH)². What `column` gives for a missing entry, even NaN, has no influence.
    fn weight(&self, i: usize, j: usize) -> T
    where
        T: Real,
    {
        let _ = (i, j);
        T::ONE
    }

    /// True if there are no frames.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn value_at<T: Real, const M: usize>(column: &[T; M], i: usize) -> T {
    column.get(i).copied().unwrap_or(T::ZERO)
}

fn scale_into<T: Real, const M: usize>(column: &[T; M], scale: T, out: &mut [T; M]) {
    for (out, &value) in kernel::rolled_mut(out).iter_mut().zip(kernel::rolled(column)) {
        *out = value * scale;
    }
}

impl<T: Real, const M: usize, const N: usize> Columns<T, M> for SMatrix<T, M, N> {
    type Observed = Full;

    fn len(&self) -> usize {
        N
    }

    fn column<'a>(&'a self, j: usize, buf: &'a mut [T; M]) -> &'a [T; M] {
        self.data.0.get(j).unwrap_or(buf)
    }

    fn read_scaled(&self, j: usize, scale: T, out: &mut [T; M]) {
        self.data.0.as_slice().read_scaled(j, scale, out);
    }

    fn entry(&self, i: usize, j: usize) -> T {
        self.data.0.as_slice().entry(i, j)
    }
}

impl<T: Real, const M: usize> Columns<T, M> for [[T; M]] {
    type Observed = Full;

    fn len(&self) -> usize {
        <[[T; M]]>::len(self)
    }

    fn column<'a>(&'a self, j: usize, buf: &'a mut [T; M]) -> &'a [T; M] {
        self.get(j).unwrap_or(buf)
    }

    fn read_scaled(&self, j: usize, scale: T, out: &mut [T; M]) {
        if let Some(column) = self.get(j) {
            scale_into(column, scale, out);
        }
    }

    fn entry(&self, i: usize, j: usize) -> T {
        self.get(j).map_or(T::ZERO, |column| value_at(column, i))
    }
}

impl<T, const M: usize, C: Columns<T, M> + ?Sized> Columns<T, M> for &C {
    type Observed = C::Observed;

    fn len(&self) -> usize {
        C::len(self)
    }

    fn column<'a>(&'a self, j: usize, buf: &'a mut [T; M]) -> &'a [T; M] {
        C::column(self, j, buf)
    }

    fn read_scaled(&self, j: usize, scale: T, out: &mut [T; M])
    where
        T: Real,
    {
        C::read_scaled(self, j, scale, out);
    }

    fn entry(&self, i: usize, j: usize) -> T
    where
        T: Real,
    {
        C::entry(self, i, j)
    }

    fn weight(&self, i: usize, j: usize) -> T
    where
        T: Real,
    {
        C::weight(self, i, j)
    }
}

/// Raw converter counts as data: X = `scale` · counts, decoded one frame at a time.
///
/// A count is of any type that is `Copy + Into<i32>`: `u8`, `i8`, `u16`, `i16` or `i32`, or a type of
/// your own. `u32` and 64-bit counts do not compile. The frames may be a `static` in flash; `u8`
/// takes a quarter of the bytes of `f32`, `u16` half. A count beyond 2²⁴ is rounded in `f32`.
///
/// A negative count is a negative entry of X and is refused by [`Problem`](crate::Problem). A `scale`
/// that is negative or not finite makes entries that are refused in the same way.
///
/// # Example
///
/// ```
/// use tinynmf::{Columns, Problem, Quantized};
///
/// // Three frames of two channels, as a 12-bit converter delivers them: 4096 counts are 3.3 V.
/// static FRAMES: [[u16; 2]; 3] = [[0, 4095], [1024, 2048], [30, 40]];
/// let volts = Quantized { frames: &FRAMES, scale: 3.3_f32 / 4096.0 };
/// assert_eq!(volts.column(1, &mut [0.0; 2]), &[0.825, 1.65]);
/// Problem::<f32, 2, 3, _>::from_columns(&volts)?;
///
/// // 24-bit samples are `i32`; below 2²⁴ each is exact in f32.
/// static SAMPLES: [[i32; 2]; 1] = [[8_388_607, 12]];
/// let x = Quantized { frames: &SAMPLES, scale: 1.0_f32 };
/// assert_eq!(x.column(0, &mut [0.0; 2]), &[8_388_607.0, 12.0]);
/// # Ok::<(), tinynmf::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Quantized<'q, I, T, const M: usize> {
    /// The counts, one frame per element.
    pub frames: &'q [[I; M]],
    /// Value of one count, in the unit of X.
    pub scale: T,
}

impl<I: Copy + Into<i32>, T: Real, const M: usize> Columns<T, M> for Quantized<'_, I, T, M> {
    type Observed = Full;

    fn len(&self) -> usize {
        self.frames.len()
    }

    fn column<'a>(&'a self, j: usize, buf: &'a mut [T; M]) -> &'a [T; M] {
        if let Some(frame) = self.frames.get(j) {
            for (value, &count) in kernel::rolled_mut(buf).iter_mut().zip(kernel::rolled(frame)) {
                *value = T::from_i32(count.into()) * self.scale;
            }
        }
        buf
    }

    fn read_scaled(&self, j: usize, scale: T, out: &mut [T; M]) {
        if let Some(frame) = self.frames.get(j) {
            for (value, &count) in kernel::rolled_mut(out).iter_mut().zip(kernel::rolled(frame)) {
                *value = T::from_i32(count.into()) * self.scale * scale;
            }
        }
    }

    fn entry(&self, i: usize, j: usize) -> T {
        let count = self.frames.get(j).and_then(|frame| frame.get(i));
        count.map_or(T::ZERO, |&count| T::from_i32(count.into()) * self.scale)
    }
}

/// Columns of which only some entries are observed.
///
/// # Example
///
/// ```
/// use tinynmf::{Columns, Mask, nalgebra::SMatrix};
/// let x = SMatrix::<f32, 2, 2>::new(1.0, f32::NAN, 3.0, 4.0);
/// let x = Mask { columns: &x, observed: &[[true, true], [false, true]] }; // one frame per element
/// assert_eq!((x.weight(0, 0), x.weight(0, 1)), (1.0, 0.0));
/// ```
#[derive(Debug)]
pub struct Mask<'m, C: ?Sized, const M: usize> {
    /// X, whatever it holds where nothing was observed.
    pub columns: &'m C,
    /// Which entries are known, one frame per element. A frame that is not in the slice is missing.
    pub observed: &'m [[bool; M]],
}

/// Columns of which every entry has a weight of its own, 0 for a missing one.
///
/// # Example
///
/// ```
/// use tinynmf::{Columns, Weighted, nalgebra::SMatrix};
/// let x = SMatrix::<f32, 2, 2>::new(1.0, 2.0, 3.0, 4.0);
/// let x = Weighted { columns: &x, weights: &[[1.0, 0.5], [0.0, 2.0]] }; // one frame per element
/// assert_eq!((x.weight(1, 0), x.weight(0, 1)), (0.5, 0.0));
/// ```
#[derive(Debug)]
pub struct Weighted<'m, C: ?Sized, T, const M: usize> {
    /// X, whatever it holds where the weight is 0.
    pub columns: &'m C,
    /// The weights, finite and ≥ 0, one frame per element. A frame that is not in the slice is missing.
    pub weights: &'m [[T; M]],
}

/// The columns inside a wrapper that adds weights to them: everything but `weight`.
macro_rules! observed_columns {
    () => {
        type Observed = Masked;

        fn len(&self) -> usize {
            self.columns.len()
        }

        fn column<'a>(&'a self, j: usize, buf: &'a mut [T; M]) -> &'a [T; M] {
            self.columns.column(j, buf)
        }

        fn read_scaled(&self, j: usize, scale: T, out: &mut [T; M]) {
            self.columns.read_scaled(j, scale, out);
        }

        fn entry(&self, i: usize, j: usize) -> T {
            self.columns.entry(i, j)
        }
    };
}

pub(crate) use observed_columns;

impl<T: Real, const M: usize, C: Columns<T, M, Observed = Full> + ?Sized> Columns<T, M> for Mask<'_, C, M> {
    observed_columns!();

    fn weight(&self, i: usize, j: usize) -> T {
        let known = self.observed.get(j).and_then(|frame| frame.get(i)).copied();
        if known.unwrap_or(false) { T::ONE } else { T::ZERO }
    }
}

impl<T: Real, const M: usize, C: Columns<T, M, Observed = Full> + ?Sized> Columns<T, M> for Weighted<'_, C, T, M> {
    observed_columns!();

    fn weight(&self, i: usize, j: usize) -> T {
        self.weights.get(j).map_or(T::ZERO, |frame| value_at(frame, i))
    }
}

/// X as a solver reads it: frames scaled by a power of two, their number, and ‖X‖² in that scale.
///
/// Made by [`Problem::data`](crate::Problem::data). `O` says which entries are observed; [`Full`] is all of them.
#[derive(Clone, Copy)]
pub struct Data<'a, T, const M: usize, O = Full> {
    columns: &'a dyn Columns<T, M, Observed = O>,
    scale: T,
    weight_scale: T,
    energy: T,
}

impl<'a, T: Real, const M: usize, O: Observed> Data<'a, T, M, O> {
    pub(crate) fn new(columns: &'a dyn Columns<T, M, Observed = O>, scale: T, weight_scale: T, energy: T) -> Self {
        Self { columns, scale, weight_scale, energy }
    }

    /// Writes frame `j`, scaled, into `out`; 0 where it is missing. An index ≥ [`len`](Data::len) leaves `out` unspecified.
    // One copy of whatever decodes the frames, however many places read them.
    #[inline(never)]
    pub fn read(&self, j: usize, out: &mut [T; M]) {
        self.columns.read_scaled(j, self.scale, out);
        self.hide(j, out);
    }

    /// Zeros the `values`, one per feature of frame `j`, of entries that are missing.
    pub(crate) fn hide(&self, j: usize, values: &mut [T; M]) {
        if !O::ALL {
            for (i, value) in values.iter_mut().enumerate() {
                if !self.is_observed(i, j) {
                    *value = T::ZERO;
                }
            }
        }
    }

    /// Feature `i` of frame `j`, scaled; 0 where it is missing.
    pub fn entry(&self, i: usize, j: usize) -> T {
        if self.is_observed(i, j) { self.columns.entry(i, j) * self.scale } else { T::ZERO }
    }

    /// The weight of an entry, scaled by a power of two so that the largest one is in [1, 2). 1 for [`Full`] data.
    pub fn weight(&self, i: usize, j: usize) -> T {
        if O::ALL { T::ONE } else { self.columns.weight(i, j) * self.weight_scale }
    }

    /// False where the entry is missing.
    pub fn is_observed(&self, i: usize, j: usize) -> bool {
        O::ALL || self.columns.weight(i, j) > T::ZERO
    }

    /// Mean of the weights over all entries, the missing ones with 0. 1 for [`Full`] data, M·N
    /// weights for others.
    pub(crate) fn mean_weight(&self) -> T {
        if O::ALL {
            return T::ONE;
        }
        let mut sum = T::ZERO;
        for j in 0..self.len() {
            sum += (0..M).fold(T::ZERO, |sum, i| sum + self.weight(i, j)) / T::from_count(M);
        }
        sum / T::from_count(self.len())
    }

    /// `values`, one per feature of frame `j`, each times its weight.
    pub(crate) fn weigh(&self, j: usize, values: &mut [T; M]) {
        if !O::ALL {
            for (i, value) in values.iter_mut().enumerate() {
                *value *= self.weight(i, j);
            }
        }
    }

    /// As [`read`](Data::read), with the mean of the observed entries of the frame where one is missing.
    pub(crate) fn read_filled(&self, j: usize, out: &mut [T; M]) {
        self.read(j, out);
        if !O::ALL {
            let known = (0..M).filter(|&i| self.is_observed(i, j)).count();
            if known > 0 {
                let mean = out.iter().fold(T::ZERO, |sum, &x| sum + x) / T::from_count(known);
                for (i, value) in out.iter_mut().enumerate() {
                    if !self.is_observed(i, j) {
                        *value = mean;
                    }
                }
            }
        }
    }

    /// Number of frames N.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// False: a [`Problem`](crate::Problem) has at least one frame.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// ‖X‖²_F of the scaled frames, weighted.
    pub fn energy(&self) -> T {
        self.energy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_lends_the_same_frame() {
        let matrix = SMatrix::<f32, 2, 3>::new(0.0, 1.0, 2.0, 3.0, 4.0, 5.0);
        let slice: &[[f32; 2]] = &matrix.data.0;
        let counts = [[0_i16, 3], [1, 4], [2, 5]];
        let quantized = Quantized { frames: &counts, scale: 1.0_f32 };
        for j in 0..3 {
            let mut buf = [0.0; 2];
            assert_eq!(matrix.column(j).as_slice(), slice[j]);
            assert_eq!(Columns::column(slice, j, &mut buf), &slice[j]);
            assert_eq!(quantized.column(j, &mut [0.0; 2]), &slice[j]);
        }
        assert_eq!((Columns::len(&matrix), Columns::len(slice), quantized.len()), (3, 3, 3));
    }

    #[test]
    fn an_index_past_the_end_is_harmless() {
        let slice: &[[f32; 2]] = &[[1.0, 2.0]];
        assert_eq!(Columns::column(slice, 7, &mut [0.0; 2]), &[0.0, 0.0]);
    }
}
