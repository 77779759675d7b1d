//! A camera sees handwritten digits and is turned by a quarter half-way: a fixed dictionary against one that follows.
//!
//! ```sh
//! cargo run --release --example drift      # prints both errors; writes target/drift.svg
//! ```
//!
//! The image `drift` in `firmware/` runs the same core.

use std::error::Error;
use std::path::Path;

use drift::{Follower, K, M, turned};
use plotters::prelude::*;
use tinynmf::{Factors, Nmf, OnlineState, Problem, RestartLog, Start, Workspace};
use tinynmf_examples::{data, drift};

/// Images that the first dictionary is learnt from.
const LEARNT: usize = 797;
/// Images in a point of the curve.
const WINDOW: usize = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let images = data::frames::<M>("digits.csv");
    let (stream, learnt) = images.split_at(images.len() - LEARNT);
    let learnt = data::cast::<f32, M>(learnt);
    let problem = Problem::<f32, M, LEARNT, _>::from_columns(&learnt[..])?;
    let (mut best, mut trial) = (Box::new(Factors::<f32, M, LEARNT, K>::zeros()), Box::new(Factors::zeros()));
    let mut ws = Box::new(Workspace::new());
    let _: RestartLog<f32, 8> =
        Nmf::default().pilots(30).fit_restarts(&problem, |_| Start::Uniform, &mut best, &mut trial, &mut ws)?;

    let mut state = Box::new(OnlineState::new());
    let mut follower = Follower::new(&best.w, &mut state)?;
    let half = stream.len() / 2;
    let (mut still, mut following) = (Vec::new(), Vec::new());
    for (n, image) in stream.iter().enumerate() {
        let image = image.map(|pixel| pixel as u8);
        let (encoding, update) = follower.step(&if n < half { image } else { turned(&image) });
        still.push(encoding.relative_residual);
        following.push(update.relative_residual);
    }
    println!("relative residual, root mean square        fixed   following");
    let row = |name: &str, from: usize, to: usize| {
        println!("{name:40}  {:6.3}  {:6.3}", mean(&still[from..to]), mean(&following[from..to]));
    };
    row("upright images", 0, half);
    row("the first 100 after the turn", half, half + 100);
    row("the last 300", stream.len() - 300, stream.len());

    let path = data::target("drift.svg");
    draw(&path, &still, &following, half)?;
    println!("picture: {}", path.display());
    if mean(&following[stream.len() - 300..]) > 0.6 * mean(&still[stream.len() - 300..]) {
        return Err("the dictionary did not follow".into());
    }
    Ok(())
}

fn mean(values: &[f32]) -> f32 {
    (values.iter().map(|value| value * value).sum::<f32>() / values.len() as f32).sqrt()
}

fn draw(path: &Path, still: &[f32], following: &[f32], turn: usize) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (900, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let top = 0.9_f32;
    let mut chart = ChartBuilder::on(&root)
        .caption("a camera is turned by a quarter", ("sans-serif", 18))
        .margin(14)
        .margin_right(30)
        .x_label_area_size(36)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..still.len() as f32, 0.0..top)?;
    chart
        .configure_mesh()
        .x_desc("frames")
        .x_label_formatter(&|frame| format!("{frame:.0}"))
        .y_desc(format!("relative residual, {WINDOW} frames"))
        .light_line_style(TRANSPARENT)
        .draw()?;
    let turn = turn as f32;
    let grey = RGBColor(150, 150, 150);
    chart.draw_series(LineSeries::new([(turn, 0.0), (turn, top)], grey))?;
    for (name, values, color) in [
        ("fixed dictionary", still, RGBColor(200, 60, 40)),
        ("following, half-life 34 frames", following, RGBColor(40, 90, 180)),
    ] {
        let points = values.windows(WINDOW).enumerate().map(|(n, window)| ((n + WINDOW) as f32, mean(window)));
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(grey)
        .draw()?;
    root.present()?;
    Ok(())
}
