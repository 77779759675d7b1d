//! Transcription of a piano, frame by frame: the core that the desktop example and the firmware image share. No `std`.
//!
//! A template per pitch is learnt from isolated notes; a chord frame is explained by all templates at once, exactly and without
//! negative amounts; a note is on while its amount is above one threshold.

use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::{AlternateWorkspace, Encoder, Encoding, Error, Factors, Nmf, Problem, Quantized, Spa};

/// Features: quarter-tone bands from C4 upwards.
pub const M: usize = 96;
/// Components: the pitches C4 … B5.
pub const K: usize = 24;
/// Isolated frames of each pitch.
pub const TAKES: usize = 10;
/// Counts from which on a note sounds.
pub const THRESHOLD: f32 = 500.0;
/// A note is found if it starts within so many frames of the score.
pub const TOLERANCE: usize = 1;

/// The dictionary.
pub type Templates = SMatrix<f32, M, K>;

/// A note that starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Onset {
    /// Frame.
    pub frame: usize,
    /// Component: semitones above C4.
    pub pitch: usize,
}

/// Learns the template of each pitch: the one part that explains its isolated frames best, at unit length.
#[inline(never)]
pub fn learn(notes: &[[[i16; M]; TAKES]; K], templates: &mut Templates) -> Result<(), Error> {
    let (mut factors, mut ws) = (Factors::<f32, M, TAKES, 1>::zeros(), AlternateWorkspace::new());
    for (frames, template) in notes.iter().zip(&mut templates.data.0) {
        let x = Quantized { frames, scale: 1.0 };
        let problem = Problem::<f32, M, TAKES, _>::from_columns(&x)?;
        factors.init(&problem, Spa);
        Nmf::small().fit(&problem, &mut factors, &mut ws)?;
        factors.normalize();
        let [part] = &factors.w.data.0;
        *template = *part;
    }
    Ok(())
}

/// Which notes sound.
pub struct Transcriber<'w> {
    encoder: &'w Encoder<'w, f32, M, K>,
    on: [bool; K],
}

impl<'w> Transcriber<'w> {
    /// Silence.
    pub fn new(encoder: &'w Encoder<'w, f32, M, K>) -> Self {
        Self { encoder, on: [false; K] }
    }

    /// Takes the next frame; hands each pitch that starts to `starts`. `amounts`: how much there is of each.
    #[inline(never)]
    pub fn frame(
        &mut self,
        counts: &[i16; M],
        amounts: &mut SVector<f32, K>,
        mut starts: impl FnMut(usize),
    ) -> Encoding<f32> {
        let mut x = SVector::<f32, M>::zeros();
        for (x, &count) in x.iter_mut().zip(counts) {
            *x = f32::from(count);
        }
        let encoding = self.encoder.encode(&x, amounts);
        for (pitch, (on, &amount)) in self.on.iter_mut().zip(amounts.iter()).enumerate() {
            let sounds = amount > THRESHOLD;
            if sounds && !*on {
                starts(pitch);
            }
            *on = sounds;
        }
        encoding
    }
}

/// How many of the found notes are in the score: same pitch, onsets within [`TOLERANCE`], one to one. Both in the order of time.
pub fn hits(found: &[Onset], score: &[Onset]) -> usize {
    let mut hits = 0;
    for pitch in 0..K {
        let mut expected = score.iter().filter(|note| note.pitch == pitch).peekable();
        for note in found.iter().filter(|note| note.pitch == pitch) {
            while expected.next_if(|expected| expected.frame + TOLERANCE < note.frame).is_some() {}
            hits += usize::from(expected.next_if(|expected| expected.frame <= note.frame + TOLERANCE).is_some());
        }
    }
    hits
}

/// Harmonic mean of precision and recall.
pub fn f1(hits: usize, found: usize, expected: usize) -> f32 {
    let both = found + expected;
    if both == 0 { 0.0 } else { 2.0 * hits as f32 / both as f32 }
}
