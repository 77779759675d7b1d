//! The integers that dictionaries and frames are made of: [`Entry`] and [`Count`]. Both sealed.

use core::fmt::{Debug, Display};

use super::dictionary::QuantizedDictionary;

pub(super) mod sealed {
    use super::QuantizedDictionary;

    pub trait Sealed: Sized {
        /// From a value in 0 … MAX.
        fn from_i32(value: i32) -> Self;
        /// Everything of a dictionary that follows from its entries.
        fn prepare<const M: usize, const K: usize>(dictionary: &mut QuantizedDictionary<Self, M, K>);
    }
}

/// An entry of a [`QuantizedDictionary`]: `i16`, or `i8` where flash is scarce.
pub trait Entry: sealed::Sealed + Copy + Into<i32> + PartialEq + Debug + Display + Send + Sync + 'static {
    /// What the language calls it.
    const NAME: &'static str;
    /// The largest: 2^[`BITS`](Entry::BITS) − 1.
    const MAX: i32;
    /// Bits of magnitude, 15 or 7.
    const BITS: i32;
    /// 0.
    const ZERO: Self;
}

/// A feature of a frame, as a converter delivers it: `u8`, `i16` or `u16`.
pub trait Count: Copy + Into<i32> + PartialEq + Debug + Send + Sync + sealed_count::Sealed + 'static {
    /// The largest magnitude: 255, 32768 or 65535.
    const PEAK: i32;
    /// 0.
    const ZERO: Self;
}

mod sealed_count {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for i16 {}
    impl Sealed for u16 {}
}

impl Count for u8 {
    const PEAK: i32 = 255;
    const ZERO: Self = 0;
}

impl Count for i16 {
    const PEAK: i32 = 1 << 15;
    const ZERO: Self = 0;
}

impl Count for u16 {
    const PEAK: i32 = 65_535;
    const ZERO: Self = 0;
}
