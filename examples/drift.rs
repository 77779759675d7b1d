//! A camera sees handwritten digits and is turned by a quarter half-way: a fixed dictionary against
//! one that follows.
//!
//! ```sh
//! cargo run --release --example drift      # prints both errors; writes target/drift.svg
//! ```
//!
//! The image `drift` in `firmware/` runs the same core.

use std::error::Error;

use drift::{Follower, K, M, turned};
use tinynmf::nalgebra::SMatrix;
use tinynmf::{Factors, Nmf, OnlineState, Problem, RestartLog, Start, Workspace};
use tinynmf_examples::plot::{
    self, Axis, BLUE, Canvas, Chart, DIM, Dash, Drawn, Font, HEADING, INK, Series, TEXT, VERMILLION,
};
use tinynmf_examples::{data, drift};

/// Images that the first dictionary is learnt from.
const LEARNT: usize = 797;
/// Images in a point of the curve.
const WINDOW: usize = 50;
/// Images at the end over which the two are compared.
const LAST: usize = 300;
/// What the picture shows.
const TITLE: &str = "A camera is turned by a quarter, and a dictionary follows";

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
    let (mut still, mut following, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    let mut before = best.w;
    for (n, image) in stream.iter().enumerate() {
        if n == half {
            before.clone_from(&follower.state.w);
        }
        let image = image.map(|pixel| pixel as u8);
        let image = if n < half { image } else { turned(&image) };
        let (encoding, update) = follower.step(&image);
        seen.push(image.map(f32::from));
        still.push(encoding.relative_residual);
        following.push(update.relative_residual);
    }
    println!("relative residual, root mean square        fixed   following");
    let row = |name: &str, from: usize, to: usize| {
        println!("{name:40}  {:6.3}  {:6.3}", mean(&still[from..to]), mean(&following[from..to]));
    };
    row("upright images", 0, half);
    row("the first 100 after the turn", half, half + 100);
    row(&format!("the last {LAST}"), stream.len() - LAST, stream.len());

    let expected = turned_parts(&before);
    let mut alike = |w| state.align_to(w).similarity.iter().sum::<f32>() / K as f32;
    let (to_upright, to_turned) = (alike(&before), alike(&expected));
    println!(
        "parts at the end: mean cosine {to_upright:.3} to the parts before the turn, {to_turned:.3} to those turned"
    );

    let path = data::target("drift.svg");
    plot::picture(&path, (900, 668), |canvas| {
        canvas.text((30.0, 24.0), TITLE, Font::new(HEADING, INK).bold())?;
        let note = format!(
            "two dictionaries start from parts of {LEARNT} other images; one is updated with every image, one stays fixed"
        );
        canvas.text((30.0, 46.0), &note, Font::new(TEXT, DIM))?;
        let label = |x: f64, text: &str| canvas.text((x, 74.0), text, Font::new(TEXT, INK).bold());
        label(IMAGE, "camera sees")?;
        label(PARTS, &format!("the {K} parts, 8×8 pixels, of the dictionary that follows"))?;
        draw_row(canvas, 86.0, [&format!("image {half}:"), "before the turn"], Some(&seen[half - 1]), &before)?;
        draw_row(canvas, 160.0, ["to be expected:", "these, turned"], None, &expected)?;
        draw_row(canvas, 234.0, [&format!("image {}:", stream.len()), "after the turn"], seen.last(), &state.w)?;
        draw_curves(canvas, &still, &following, half)
    })?;
    println!("picture: {}", path.display());
    if mean(&following[stream.len() - LAST..]) > 0.6 * mean(&still[stream.len() - LAST..]) {
        return Err("the dictionary did not follow".into());
    }
    Ok(())
}

fn mean(values: &[f32]) -> f32 {
    (values.iter().map(|value| value * value).sum::<f32>() / values.len() as f32).sqrt()
}

/// The parts as the camera would see them after the turn, as images of 255 greys.
fn turned_parts(parts: &SMatrix<f32, M, K>) -> SMatrix<f32, M, K> {
    let mut all = *parts;
    for mut part in all.column_iter_mut() {
        let full = part.max();
        let image = std::array::from_fn(|i| (255.0 * part[i] / full).round() as u8);
        part.copy_from_slice(&turned(&image).map(f32::from));
    }
    all
}

/// Left of the column with an image, in pixels of the picture.
const IMAGE: f64 = 170.0;
/// Left of the parts.
const PARTS: f64 = 290.0;

/// One row, each image as dark as it can be.
fn draw_row(
    canvas: &Canvas<'_>,
    y: f64,
    name: [&str; 2],
    image: Option<&[f32; M]>,
    parts: &SMatrix<f32, M, K>,
) -> Drawn {
    for (line, text) in name.iter().enumerate() {
        canvas.text((30.0, y + 23.0 + 18.0 * line as f64), text, Font::new(TEXT, INK))?;
    }
    let tile = |x: f64, pixels: &[f32]| {
        let full = pixels.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        let pixels: Vec<_> = pixels.iter().map(|&pixel| f64::from(pixel / full)).collect();
        canvas.image((x, y), 64.0, &pixels)
    };
    if let Some(image) = image {
        tile(IMAGE, image)?;
    }
    parts.data.0.iter().enumerate().try_for_each(|(k, part)| tile(PARTS + 74.0 * k as f64, part))
}

fn draw_curves(canvas: &Canvas<'_>, still: &[f32], following: &[f32], turn: usize) -> Drawn {
    let end = |values: &[f32]| mean(&values[values.len() - LAST..]);
    let name = |what: &str, values| format!("{what}: {:.3} over the last {LAST}", end(values));
    let fixed = Series::line(name("fixed dictionary", still), VERMILLION, Dash::Dashed);
    let follows = Series::line(name("following, half-life 34 images", following), BLUE, Dash::Solid);
    canvas.legend_across((80.0, 330.0), 380.0, &[&fixed, &follows])?;
    let chart = Chart::new(
        canvas,
        (80.0, 348.0),
        (790.0, 270.0),
        Axis::new("images seen", 0.0..still.len() as f64, 100.0),
        Axis::new(format!("relative residual, last {WINDOW} images"), 0.0..0.9, 0.1),
    )?;
    chart.event(turn as f64, INK)?;
    let (x, y) = chart.at((turn as f64, 0.85));
    canvas.text((x - 8.0, y), "the camera is turned by a quarter", Font::new(TEXT, INK).right())?;
    for (series, values) in [(&fixed, still), (&follows, following)] {
        let points = values.windows(WINDOW).enumerate();
        let points: Vec<_> = points.map(|(n, window)| ((n + WINDOW) as f64, f64::from(mean(window)))).collect();
        chart.draw(series, &points)?;
    }
    Ok(())
}
