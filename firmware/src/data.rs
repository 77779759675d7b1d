//! Recorded frames in flash, as a converter delivers them: `i16` counts, one frame per element.
//!
//! `DIGITS`: the first 64 of the handwritten digits, 64 pixels each, 0 … 16. `MANY_DIGITS`: the first 1000, `u8`. `PIANO`: 32 frames of a spectrogram in 16 bands, 12
//! bits. `PIANO_NOTES`, `PIANO_CHORDS`, `PIANO_SCORE`: isolated notes of a piano, the first chords and where each pitch starts in them.
//! Made from `data/` by the build script.

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

/// Value of one count of [`PIANO`].
pub const PIANO_SCALE: f32 = 1.0 / 4096.0;
