//! Learns 16 parts from 1797 handwritten digits and draws them.
//!
//! ```sh
//! cargo run --release --example quickstart
//! ```

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use plotters::prelude::*;
use tinynmf::{Factors, Nmf, Problem, RestartLog, Start, Stop, Workspace};
use tinynmf_examples::data;

/// Features: 8×8 pixels.
const M: usize = 64;
/// Frames: images.
const N: usize = 1797;
/// Components: parts to find.
const K: usize = 16;
/// Independent random starts.
const RESTARTS: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let begun = Instant::now();
    let images = data::cast::<f32, M>(&data::frames("digits.csv"));
    println!("{N} images of 8×8 pixels (UCI handwritten digits), {K} parts, {RESTARTS} starts");

    let problem = Problem::<f32, M, N, _>::from_columns(&images[..])?;
    let mut best = Box::new(Factors::<f32, M, N, K>::zeros());
    let mut trial = best.clone();
    let mut ws = Box::new(Workspace::new());
    let bar = ProgressBar::new(RESTARTS as u64)
        .with_style(ProgressStyle::with_template("{bar:40} start {pos}/{len}  best error {msg}")?);
    let mut least = f32::INFINITY;
    let log: RestartLog<f32, RESTARTS> = Nmf::default().stop(Stop::new().rel_tol(1e-5)).fit_restarts_with(
        &problem,
        |_| Start::Uniform,
        &mut best,
        &mut trial,
        &mut ws,
        &mut |_, outcome| {
            least = least.min(outcome.relative_error);
            bar.set_message(format!("{least:.5}"));
            bar.inc(1);
            ControlFlow::Continue(())
        },
    )?;
    bar.finish_and_clear();

    println!("\nstart  relative error  sweeps  ended");
    for (r, outcome) in log.restarts().iter().enumerate() {
        let mark = if r == log.best() { "  ← kept" } else { "" };
        println!("{r:5}  {:14.5}  {:6}  {:?}{mark}", outcome.relative_error, outcome.sweeps, outcome.status);
    }
    println!("\nrelative error ‖X−WH‖/‖X‖ = {:.5} (best known 0.25648)", log.outcome().relative_error);

    best.normalize();
    best.sort();
    let picture = data::target("quickstart.svg");
    draw(&picture, &images, &best)?;
    println!("picture: {}", picture.display());
    println!("{:.1} s in all", begun.elapsed().as_secs_f32());
    Ok(())
}

/// The parts, largest share first, and ten images, each above what W·H makes of them.
fn draw(path: &Path, images: &[[f32; M]], factors: &Factors<f32, M, N, K>) -> Result<(), Box<dyn Error>> {
    let (tile, gap, margin, head) = (80, 22, 28, 40);
    let step = tile + gap;
    let right = margin + 4 * step + margin;
    let root = SVGBackend::new(path, ((right + 5 * step - gap + margin) as u32, (head + 4 * step + margin) as u32))
        .into_drawing_area();
    root.fill(&WHITE)?;
    let title = ("sans-serif", 17).into_font().color(&BLACK);
    let small = ("sans-serif", 12).into_font().color(&RGBColor(90, 90, 90));
    root.draw(&Text::new(format!("{K} parts and their share of the sum"), (margin, 12), title.clone()))?;
    root.draw(&Text::new("ten digits, each above what W·H makes of it", (right, 12), title))?;

    // What a part adds to all images, pixel by pixel.
    let amount = |k: usize| factors.w.column(k).sum() * factors.h.row(k).sum();
    let total: f32 = (0..K).map(amount).sum();
    for k in 0..K {
        let (x, y) = (margin + (k as i32 % 4) * step, head + (k as i32 / 4) * step);
        let part: [f32; M] = std::array::from_fn(|i| factors.w[(i, k)]);
        image(&root, (x, y), tile, &part, None)?;
        root.draw(&Text::new(format!("{:.1} %", 100.0 * amount(k) / total), (x, y + tile + 3), small.clone()))?;
    }
    for n in 0..10 {
        let model = factors.w * factors.h.column(n);
        let model: [f32; M] = std::array::from_fn(|i| model[i]);
        let (x, y) = (right + (n as i32 % 5) * step, head + 2 * (n as i32 / 5) * step);
        image(&root, (x, y), tile, &images[n], Some(16.0))?;
        image(&root, (x, y + tile + 6), tile, &model, Some(16.0))?;
    }
    root.present()?;
    Ok(())
}

/// 8×8 pixels, white for 0, black for `full` or the largest value.
fn image(
    root: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    (x, y): (i32, i32),
    size: i32,
    pixels: &[f32; M],
    full: Option<f32>,
) -> Result<(), Box<dyn Error>> {
    let full = full.unwrap_or_else(|| pixels.iter().copied().fold(f32::MIN_POSITIVE, f32::max));
    let side = size / 8;
    for (i, &pixel) in pixels.iter().enumerate() {
        let (left, top) = (x + side * (i as i32 % 8), y + side * (i as i32 / 8));
        let shade = (255.0 * (1.0 - (pixel / full).clamp(0.0, 1.0))) as u8;
        let corners = [(left, top), (left + side, top + side)];
        root.draw(&Rectangle::new(corners, RGBColor(shade, shade, shade).filled()))?;
    }
    root.draw(&Rectangle::new([(x - 1, y - 1), (x + 8 * side, y + 8 * side)], RGBColor(180, 180, 180)))?;
    Ok(())
}
