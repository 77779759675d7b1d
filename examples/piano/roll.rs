//! The piano roll: what the device hears, above the score.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;
use tinynmf::nalgebra::SVector;

use crate::Note;
use crate::piano::{K, Onset, THRESHOLD};

/// Milliseconds between frames.
const HOP: usize = 96;
/// The first frames, as many as fit a page.
const SHOWN: usize = 200;
const NAMES: [&str; 12] = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];

/// Two panels over the same time.
pub fn draw(path: &Path, amounts: &[SVector<f32, K>], score: &[Note], found: &[Onset]) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (1200, 760)).into_drawing_area();
    root.fill(&WHITE)?;
    let (top, bottom) = root.split_vertically(380);
    let full = amounts.iter().flat_map(|h| h.iter()).fold(THRESHOLD, |full, &h| full.max(h));

    panel(&top, "heard: amount of each template, onsets as circles", |chart| {
        for (frame, h) in amounts.iter().enumerate().take(SHOWN) {
            for (pitch, &amount) in h.iter().enumerate() {
                // Square root: faint amounts stay visible, so that errors cannot hide.
                let shade = 255 - (255.0 * (amount / full).sqrt()) as u8;
                if shade < 245 {
                    chart.draw(&cell(frame, frame + 1, pitch, RGBColor(shade, shade, shade)))?;
                }
            }
        }
        for note in found.iter().filter(|note| note.frame < SHOWN) {
            let place = (note.frame as f32 + 0.5, note.pitch as f32);
            chart.draw(&Circle::new(place, 4, RGBColor(200, 30, 30).stroke_width(2)))?;
        }
        Ok(())
    })?;
    panel(&bottom, "score", |chart| {
        for note in score.iter().filter(|note| note.onset.frame < SHOWN) {
            chart.draw(&cell(note.onset.frame, note.end.min(SHOWN), note.onset.pitch, RGBColor(60, 90, 160)))?;
        }
        Ok(())
    })?;
    root.present()?;
    Ok(())
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Plane<'a> = DrawingArea<
    SVGBackend<'a>,
    Cartesian2d<plotters::coord::types::RangedCoordf32, plotters::coord::types::RangedCoordf32>,
>;

fn panel(
    area: &Area<'_>,
    title: &str,
    fill: impl FnOnce(&Plane<'_>) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(32)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..SHOWN as f32, -0.5..K as f32 - 0.5)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .y_labels(K + 1)
        .y_label_formatter(&|pitch| {
            let pitch = pitch.round() as usize;
            if pitch < K { format!("{}{}", NAMES[pitch % 12], 4 + pitch / 12) } else { String::new() }
        })
        .x_desc("seconds")
        .x_label_formatter(&|frame| format!("{:.1}", frame * HOP as f32 / 1000.0))
        .light_line_style(RGBColor(240, 240, 240))
        .draw()?;
    fill(chart.plotting_area())
}

fn cell(start: usize, end: usize, pitch: usize, color: RGBColor) -> Rectangle<(f32, f32)> {
    let (bottom, top) = (pitch as f32 - 0.4, pitch as f32 + 0.4);
    Rectangle::new([(start as f32, bottom), (end as f32, top)], color.filled())
}
