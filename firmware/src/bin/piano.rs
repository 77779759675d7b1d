//! Learns 24 templates from isolated notes in flash, then transcribes the first chords: the core of the desktop example.
#![no_std]
#![no_main]

#[path = "../../../examples/common/piano.rs"]
mod piano;

use piano::{Onset, Templates, Transcriber};
use static_cell::ConstStaticCell;
use tinynmf::nalgebra::{ArrayStorage, SVector};
use tinynmf::{Encoder, Error};
use tinynmf_firmware::{FAILED, Line, data, exit, hash, image, take};

image!(run);

fn run() -> Result<(), Error> {
    static TEMPLATES: ConstStaticCell<Templates> =
        ConstStaticCell::new(Templates::from_array_storage(ArrayStorage([[0.0; piano::M]; piano::K])));
    let templates = take(&TEMPLATES);
    piano::learn(&data::PIANO_NOTES, templates)?;
    transcribe(templates);
    Ok(())
}

#[inline(never)]
fn transcribe(templates: &Templates) {
    let encoder = Encoder::new(templates);
    let mut transcriber = Transcriber::new(&encoder);
    let mut found = [Onset { frame: 0, pitch: 0 }; 64];
    let (mut count, mut digest) = (0, 0);
    for (frame, counts) in data::PIANO_CHORDS.iter().enumerate() {
        let mut amounts = SVector::zeros();
        transcriber.frame(counts, &mut amounts, |pitch| {
            if let Some(place) = found.get_mut(count) {
                *place = Onset { frame, pitch };
                count += 1;
            }
        });
        digest ^= hash(amounts.iter());
    }
    let found = found.get(..count).unwrap_or(&[]);
    let mut score = [Onset { frame: 0, pitch: 0 }; data::PIANO_SCORE.len()];
    for (onset, &(frame, pitch)) in score.iter_mut().zip(&data::PIANO_SCORE) {
        *onset = Onset { frame: frame.into(), pitch: pitch.into() };
    }
    let hits = piano::hits(found, &score);
    let f1 = piano::f1(hits, found.len(), score.len());
    Line::new().text("notes").number(score.len() as u64).number(found.len() as u64).number(hits as u64).print();
    Line::new().text("F1").share(f1).hex(digest).print();
    if f1 < 0.95 {
        exit(FAILED);
    }
}
