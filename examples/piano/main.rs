//! Transcribes 64 chords of a piano by exact non-negative least squares, with templates learnt from
//! isolated notes at other velocities.
//!
//! ```sh
//! cargo run --release --example piano      # prints precision, recall and F1; writes target/piano.svg
//! ```
//!
//! `tools/piano.py` renders the audio and makes the frames in `data/`; the image `piano` in
//! `firmware/` runs the same core.

mod roll;

use std::error::Error;

use piano::{K, M, Onset, TAKES, Templates, Transcriber};
use tinynmf::Encoder;
use tinynmf::nalgebra::SVector;
use tinynmf::nnls::NnlsStatus;
use tinynmf_examples::{data, piano};

/// A note of the score.
pub struct Note {
    /// Where it starts.
    pub onset: Onset,
    /// The frame after its last.
    pub end: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let notes = notes();
    let chords: Vec<[i16; M]> =
        data::frames::<M>("piano_chords.csv").iter().map(|frame| frame.map(|x| x as i16)).collect();
    let score: Vec<Note> = data::frames::<4>("piano_score.csv").iter().map(note).collect();

    let mut templates = Box::new(Templates::zeros());
    piano::learn(&notes, &mut templates)?;
    let encoder = Encoder::new(&templates);
    let mut transcriber = Transcriber::new(&encoder);
    let (mut found, mut amounts, mut least, mut worst) = (Vec::new(), Vec::new(), 0, 0.0_f32);
    for (frame, counts) in chords.iter().enumerate() {
        let mut h = SVector::zeros();
        let encoding = transcriber.frame(counts, &mut h, |pitch| found.push(Onset { frame, pitch }));
        least += usize::from(encoding.status == NnlsStatus::Optimal);
        worst = worst.max(encoding.kkt);
        amounts.push(h);
    }
    println!("{} frames of {M} bands, {least} encoded exactly (largest KKT residual {worst:.1e})", chords.len());

    let mut expected: Vec<Onset> = score.iter().map(|note| note.onset).collect();
    expected.sort_by_key(|note| note.frame);
    let hits = piano::hits(&found, &expected);
    let judged = roll::judge(&found, &expected);
    if judged.hits.len() != hits {
        return Err("the picture counts other hits".into());
    }
    let chords = chord_sizes(&expected);
    let octaves = chords.iter().filter(|pitches| pitches.iter().any(|pitch| pitches.contains(&(pitch + 12)))).count();
    println!(
        "{} chords of 2 to 4 notes, {octaves} with an octave, {K} pitches, {} notes",
        chords.len(),
        expected.len()
    );
    let (precision, recall) = (hits as f32 / found.len() as f32, hits as f32 / expected.len() as f32);
    println!("notes found {}, right {hits}, missed {}", found.len(), judged.misses.len());
    println!("precision {precision:.3}  recall {recall:.3}  F1 {:.3}", piano::f1(hits, found.len(), expected.len()));

    let path = data::target("piano.svg");
    roll::draw(&path, &amounts, &score, &judged)?;
    println!("picture: {}", path.display());
    if piano::f1(hits, found.len(), expected.len()) < 0.95 {
        return Err("F1 is below 0.95".into());
    }
    Ok(())
}

/// The isolated frames, pitch by pitch.
fn notes() -> Box<[[[i16; M]; TAKES]; K]> {
    let mut notes = Box::new([[[0; M]; TAKES]; K]);
    let lines = data::frames::<{ M + 1 }>("piano_notes.csv");
    for (line, frame) in lines.iter().zip(notes.as_flattened_mut()) {
        for (count, value) in frame.iter_mut().zip(&line[1..]) {
            *count = *value as i16;
        }
    }
    notes
}

fn note(line: &[f64; 4]) -> Note {
    let [onset, end, pitch, _] = line.map(|value| value as usize);
    Note { onset: Onset { frame: onset, pitch: pitch - 60 }, end }
}

/// The pitches that start together.
fn chord_sizes(score: &[Onset]) -> Vec<Vec<usize>> {
    score.chunk_by(|a, b| a.frame == b.frame).map(|chord| chord.iter().map(|note| note.pitch).collect()).collect()
}
