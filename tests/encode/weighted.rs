// A dictionary for `tinynmf::Encoder`, written by `Encoder::write_source`: one part after the other, every number as its bits.
use tinynmf::Encoder;
use tinynmf::nalgebra::{ArrayStorage, SMatrix, SVector};

/// 5 features × 2 parts.
pub static W: SMatrix<f64, 5, 2> =
    SMatrix::from_array_storage(ArrayStorage([
        [f64::from_bits(0x3ff0000000000000), f64::from_bits(0x3fe0000000000000), f64::from_bits(0x3fd5555555555555), f64::from_bits(0x3fd0000000000000),
         f64::from_bits(0x3fc999999999999a)],
        [f64::from_bits(0x8000000000000000), f64::from_bits(0xbfb999999999999a), f64::from_bits(0xbfc999999999999a), f64::from_bits(0xbfd3333333333334),
         f64::from_bits(0xbfd999999999999a)],
    ]));

/// Its Gram, scaled to unit diagonal.
pub static GRAM: SMatrix<f64, 2, 2> =
    SMatrix::from_array_storage(ArrayStorage([
        [f64::from_bits(0x3ff0000000000000), f64::from_bits(0xbfefffe321b9ec39)],
        [f64::from_bits(0xbfefffe321b9ec39), f64::from_bits(0x3ff0000000000000)],
    ]));

/// One over the length of each part.
pub static SCALE: SVector<f64, 2> =
    SMatrix::from_array_storage(ArrayStorage([
        [f64::from_bits(0x40047ace67acdf9d), f64::from_bits(0x3ff47ae14236f395)],
    ]));

/// How much each feature counts.
pub static WEIGHTS: SVector<f64, 5> =
    SMatrix::from_array_storage(ArrayStorage([
        [f64::from_bits(0x3ff0000000000000), f64::from_bits(0x3fe0000000000000), f64::from_bits(0x0000000000000000), f64::from_bits(0x3f50624dd2f1a9fc),
         f64::from_bits(0x412e848000000000)],
    ]));

/// Ready to encode.
pub static ENCODER: Encoder<'static, f64, 5, 2> = Encoder::from_weighted_parts(&W, &WEIGHTS, &GRAM, &SCALE);
