// A dictionary for `tinynmf::Encoder`, written by `Encoder::write_source`: one part after the other, every number as its bits.
use tinynmf::Encoder;
use tinynmf::nalgebra::{ArrayStorage, SMatrix, SVector};

/// 6 features × 3 parts.
pub static W: SMatrix<f32, 6, 3> =
    SMatrix::from_array_storage(ArrayStorage([
        [f32::from_bits(0x00000000), f32::from_bits(0x3f2aaaab), f32::from_bits(0x3faaaaab), f32::from_bits(0x3eaaaaab),
         f32::from_bits(0x3f800000), f32::from_bits(0x00000000)],
        [f32::from_bits(0x00000000), f32::from_bits(0x3f800000), f32::from_bits(0x3eaaaaab), f32::from_bits(0x3faaaaab),
         f32::from_bits(0x3f2aaaab), f32::from_bits(0x00000001)],
        [f32::from_bits(0x80000000), f32::from_bits(0x3faaaaab), f32::from_bits(0x3f800000), f32::from_bits(0x3f2aaaab),
         f32::from_bits(0x3eaaaaab), f32::from_bits(0x00000000)],
    ]));

/// Its Gram, scaled to unit diagonal.
pub static GRAM: SMatrix<f32, 3, 3> =
    SMatrix::from_array_storage(ArrayStorage([
        [f32::from_bits(0x3f800000), f32::from_bits(0x3f2aaaac), f32::from_bits(0x3f555557)],
        [f32::from_bits(0x3f2aaaac), f32::from_bits(0x3f800000), f32::from_bits(0x3f555558)],
        [f32::from_bits(0x3f555557), f32::from_bits(0x3f555558), f32::from_bits(0x3f800000)],
    ]));

/// One over the length of each part.
pub static SCALE: SVector<f32, 3> =
    SMatrix::from_array_storage(ArrayStorage([
        [f32::from_bits(0x3f0c378c), f32::from_bits(0x3f0c378c), f32::from_bits(0x3f0c378c)],
    ]));

/// Ready to encode.
pub static ENCODER: Encoder<'static, f32, 6, 3> = Encoder::from_parts(&W, &GRAM, &SCALE);
