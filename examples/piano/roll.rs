//! The piano roll: the score, what the device hears, and which notes it found.

use std::path::Path;

use tinynmf::nalgebra::SVector;
use tinynmf_examples::plot::{
    self, Axis, BLUE, Canvas, Chart, DIM, Drawn, Font, HEADING, INK, Marker, SKY, Series, TEXT, VERMILLION,
};

use crate::Note;
use crate::piano::{K, Onset, THRESHOLD, TOLERANCE};

/// Milliseconds between frames.
const HOP: usize = 96;
/// Seconds in a line of the picture.
const LINE: f64 = 21.0;
/// Height of a pitch, in pixels of the picture.
const PITCH: f64 = 8.0;
const NAMES: [&str; 12] = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];

/// The found notes and those of the score, told apart.
pub struct Judged {
    /// Found and in the score.
    pub hits: Vec<Onset>,
    /// In the score only.
    pub misses: Vec<Onset>,
    /// Found only.
    pub false_alarms: Vec<Onset>,
}

/// By the rule of `piano::hits`: same pitch, onsets within `TOLERANCE`, one to one.
pub fn judge(found: &[Onset], score: &[Onset]) -> Judged {
    let mut misses = score.to_vec();
    let is_hit = |note: &&Onset| {
        let same = |other: &Onset| other.pitch == note.pitch && other.frame.abs_diff(note.frame) <= TOLERANCE;
        let place = misses.iter().position(same);
        place.map(|place| misses.remove(place)).is_some()
    };
    let (hits, false_alarms): (Vec<&Onset>, Vec<&Onset>) = found.iter().partition(is_hit);
    let copy = |notes: Vec<&Onset>| notes.into_iter().copied().collect();
    Judged { hits: copy(hits), misses, false_alarms: copy(false_alarms) }
}

fn seconds(frame: usize) -> f64 {
    (frame * HOP) as f64 / 1000.0
}

/// The whole piece in lines below each other, as in sheet music.
pub fn draw(path: &Path, amounts: &[SVector<f32, K>], score: &[Note], judged: &Judged) -> Drawn {
    let total = seconds(amounts.len());
    let lines = (total / LINE).ceil() as usize;
    let step = PITCH * K as f64 + 58.0;
    let full = amounts.iter().flat_map(|h| h.iter()).fold(THRESHOLD, |full, &h| full.max(h));
    let kind = |name: &str, notes: &[Onset], colour, marker| {
        Series::points(format!("{}: {}", name, notes.len()), colour, marker)
    };
    let kinds = [
        (&judged.hits, kind("hits", &judged.hits, BLUE, Marker::Ring)),
        (&judged.misses, kind("misses", &judged.misses, VERMILLION, Marker::Cross)),
        (&judged.false_alarms, kind("false alarms", &judged.false_alarms, INK, Marker::Triangle)),
    ];
    plot::picture(path, (900, (86.0 + step * lines as f64) as u32), |canvas| {
        let title = format!("{} notes of a piano in chords, found by non-negative least squares", score.len());
        canvas.text((20.0, 24.0), &title, Font::new(HEADING, INK).bold())?;
        let note = format!("all {total:.1} s; grey: how much of each pitch is heard, frame by frame");
        canvas.text((20.0, 46.0), &note, Font::new(TEXT, DIM))?;
        canvas.outline((68.0, 68.0), (28.0, PITCH), SKY, 1.5)?;
        canvas.text((104.0, 72.0), "the score", Font::new(TEXT, INK))?;
        let [hits, misses, false_alarms] = [0, 1, 2].map(|kind| &kinds[kind].1);
        canvas.legend_across((200.0, 72.0), 150.0, &[hits, misses, false_alarms])?;
        for line in 0..lines {
            let (from, top) = (LINE * line as f64, 96.0 + step * line as f64);
            let pitches = (0..K).filter(|pitch| pitch % 12 == 0 || pitch % 12 == 7);
            let ticks = pitches.map(|pitch| (pitch as f64, format!("{}{}", NAMES[pitch % 12], 4 + pitch / 12)));
            let chart = Chart::new(
                canvas,
                (68.0, top),
                (810.0, PITCH * K as f64),
                Axis::new("time in seconds", from..from + LINE, 1.0),
                Axis::with_ticks("pitch", -0.5..K as f64 - 0.5, ticks.collect()),
            )?;
            let shown = |frame: usize| (from..from + LINE).contains(&seconds(frame));
            draw_amounts(canvas, &chart, amounts, full, shown)?;
            // A note over the end of a line goes on in the next if more than a frame is left.
            for note in score {
                let (start, end) = (seconds(note.onset.frame).max(from), seconds(note.end).min(from + LINE));
                if end - start > seconds(1) {
                    let (x, y) = chart.at((start, note.onset.pitch as f64));
                    let (end, _) = chart.at((end, 0.0));
                    canvas.outline((x, y - PITCH / 2.0), (end - x, PITCH), SKY, 1.5)?;
                }
            }
            for (notes, kind) in &kinds {
                for note in notes.iter().filter(|note| shown(note.frame)) {
                    let at = chart.at((seconds(note.frame) + seconds(1) / 2.0, note.pitch as f64));
                    canvas.marker(at, kind.marker, 4.0, kind.colour)?;
                }
            }
        }
        Ok(())
    })
}

/// Neighbouring frames of one grey are one rectangle.
fn draw_amounts(
    canvas: &Canvas<'_>,
    chart: &Chart<'_, '_>,
    amounts: &[SVector<f32, K>],
    full: f32,
    shown: impl Fn(usize) -> bool,
) -> Drawn {
    let frames: Vec<usize> = (0..amounts.len()).filter(|&frame| shown(frame)).collect();
    for pitch in 0..K {
        // Square root: faint amounts stay visible, so that errors cannot hide. Sixteen greys.
        let shade = |frame: usize| (16.0 * (amounts[frame][pitch] / full).sqrt()).round() / 16.0;
        for run in frames.chunk_by(|&a, &b| shade(a) == shade(b)) {
            let (first, last) = (run[0], run[run.len() - 1]);
            if shade(first) > 0.0 {
                let (x, y) = chart.at((seconds(first), pitch as f64));
                let (end, _) = chart.at((seconds(last + 1), pitch as f64));
                canvas.fill((x, y - PITCH / 2.0 + 0.5), (end - x, PITCH - 1.0), plot::grey(f64::from(shade(first))))?;
            }
        }
    }
    Ok(())
}
