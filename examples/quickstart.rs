//! Learns 16 parts from 1797 handwritten digits; draws them, and one digit as a sum of them.
//! Picture: `target/quickstart.svg`.
//!
//! ```sh
//! cargo run --release --example quickstart
//! ```

use std::error::Error;
use std::ops::ControlFlow;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use tinynmf::{Factors, Nmf, Problem, RestartLog, Start, Stop, Workspace};
use tinynmf_examples::data;
use tinynmf_examples::plot::{self, Canvas, DIM, Drawn, Font, HEADING, INK, TEXT};

/// Features: 8×8 pixels.
const M: usize = 64;
/// Frames: images.
const N: usize = 1797;
/// Components: parts to find.
const K: usize = 16;
/// Independent random starts.
const RESTARTS: usize = 20;
/// The image that is drawn as a sum.
const SHOWN: usize = 3;
/// Terms of the sum that are drawn one by one.
const TERMS: usize = 5;
/// A black pixel.
const BLACK: f32 = 16.0;

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

    let parts = Parts::new(best);
    println!("\nshares of the parts in the sum of all pixels, in the order of the picture:");
    println!("{} %", parts.shares.map(|share| format!("{share:.1}")).join("  "));
    let sum = Sum::new(&parts, &images[SHOWN]);
    println!("\nimage {} as a sum of {} parts: relative error {:.3}", SHOWN + 1, sum.terms.len(), sum.error);
    println!("{}", sum.terms.iter().map(|term| term.label()).collect::<Vec<_>>().join(" + "));
    let error = log.outcome().relative_error;
    let picture = data::target("quickstart.svg");
    plot::picture(&picture, (900, 490), |canvas| {
        draw_parts(canvas, 24.0, &parts, error)?;
        draw_sum(canvas, 316.0, &sum)
    })?;
    println!("picture: {}", picture.display());
    println!("{:.1} s in all", begun.elapsed().as_secs_f32());
    Ok(())
}

/// The factors, and an order in which the part with the largest share is first.
struct Parts {
    factors: Box<Factors<f32, M, N, K>>,
    /// Component in each place.
    order: [usize; K],
    /// What the part adds to all images, in per cent of what all parts add.
    shares: [f32; K],
}

impl Parts {
    fn new(mut factors: Box<Factors<f32, M, N, K>>) -> Self {
        factors.normalize();
        let amount = |k: usize| factors.w.column(k).sum() * factors.h.row(k).sum();
        let total: f32 = (0..K).map(amount).sum();
        let mut order = std::array::from_fn(|k| k);
        order.sort_by(|&a, &b| amount(b).total_cmp(&amount(a)));
        let shares = order.map(|k| 100.0 * amount(k) / total);
        Self { factors, order, shares }
    }

    /// Some of the part in this place.
    fn image(&self, place: usize, amount: f32) -> [f64; M] {
        std::array::from_fn(|i| f64::from(self.factors.w[(i, self.order[place])] * amount))
    }
}

/// A part in this place, and some of it.
struct Term {
    place: usize,
    amount: f32,
    image: [f64; M],
}

impl Term {
    fn label(&self) -> String {
        format!("{:.1} · part {}", self.amount, self.place + 1)
    }
}

/// The image `SHOWN` as a sum of parts. A black pixel is 1.
struct Sum {
    /// The largest amount is first.
    terms: Vec<Term>,
    approximation: [f64; M],
    original: [f64; M],
    error: f64,
}

impl Sum {
    fn new(parts: &Parts, original: &[f32; M]) -> Self {
        let term = |(place, k)| {
            let amount = parts.factors.h[(k, SHOWN)];
            Term { place, amount, image: parts.image(place, amount / BLACK) }
        };
        let mut terms: Vec<_> = parts.order.into_iter().enumerate().map(term).filter(|t| t.amount > 0.0).collect();
        terms.sort_by(|a, b| b.amount.total_cmp(&a.amount));
        let approximation = add(&terms);
        let original = original.map(|pixel| f64::from(pixel / BLACK));
        let length = |image: [f64; M]| image.iter().map(|pixel| pixel * pixel).sum::<f64>().sqrt();
        let rest = std::array::from_fn(|i| original[i] - approximation[i]);
        Self { error: length(rest) / length(original), terms, approximation, original }
    }
}

fn add(terms: &[Term]) -> [f64; M] {
    std::array::from_fn(|i| terms.iter().map(|term| term.image[i]).sum())
}

/// Side of an image, in pixels of the picture.
const SIDE: f64 = 88.0;
/// From one image to the next.
const STEP: f64 = 106.0;
/// Left of the first.
const LEFT: f64 = 35.0;

fn heading(canvas: &Canvas<'_>, y: f64, text: &str, note: &str) -> Drawn {
    canvas.text((LEFT, y), text, Font::new(HEADING, INK).bold())?;
    canvas.text((LEFT, y + 22.0), note, Font::new(TEXT, DIM))
}

/// An image with a line below it.
fn tile(canvas: &Canvas<'_>, column: usize, y: f64, image: &[f64; M], text: &str) -> Drawn {
    let x = LEFT + STEP * column as f64;
    canvas.image((x, y), SIDE, image)?;
    canvas.text((x + SIDE / 2.0, y + SIDE + 13.0), text, Font::new(TEXT, INK).centred())
}

/// Two rows of parts, each as dark as it can be.
fn draw_parts(canvas: &Canvas<'_>, y: f64, parts: &Parts, error: f32) -> Drawn {
    let title = format!("{K} parts of 8×8 pixels, learnt from {N} handwritten digits");
    let note =
        "sorted by their shares in the sum of all pixels; each as dark as it can be; relative error over all images";
    heading(canvas, y, &title, &format!("{note} {error:.5}"))?;
    for place in 0..K {
        let part = parts.image(place, 1.0);
        let darkest = part.into_iter().fold(f64::MIN_POSITIVE, f64::max);
        let text = format!("part {}: {:.1} %", place + 1, parts.shares[place]);
        let top = y + 40.0 + 114.0 * (place / 8) as f64;
        tile(canvas, place % 8, top, &part.map(|pixel| pixel / darkest), &text)?;
    }
    Ok(())
}

/// The largest terms one by one, the others together, their sum and the original. All have the
/// same grey for the same value.
fn draw_sum(canvas: &Canvas<'_>, y: f64, sum: &Sum) -> Drawn {
    let note =
        "amount · part + amount · part + … = approximation, all in one grey scale (parts have length 1, black is";
    heading(
        canvas,
        y,
        "An image is a sum of parts; nothing is subtracted",
        &format!("image {}: {note} {BLACK})", SHOWN + 1),
    )?;
    let top = y + 40.0;
    let sign = |column: usize, sign: &str| {
        let x = LEFT + STEP * column as f64 - (STEP - SIDE) / 2.0;
        canvas.text((x, top + SIDE / 2.0), sign, Font::new(20.0, INK).centred())
    };
    let (single, others) = sum.terms.split_at(TERMS.min(sum.terms.len()));
    for (column, term) in single.iter().enumerate() {
        tile(canvas, column, top, &term.image, &term.label())?;
        if column > 0 {
            sign(column, "+")?;
        }
    }
    for (column, before, image, text) in [
        (TERMS, "+", &add(others), &*format!("{} more parts", others.len())),
        (TERMS + 1, "=", &sum.approximation, "approximation"),
        (TERMS + 2, "≈", &sum.original, "original"),
    ] {
        tile(canvas, column, top, image, text)?;
        sign(column, before)?;
    }
    let middle = LEFT + STEP * (TERMS + 2) as f64 - (STEP - SIDE) / 2.0;
    let text = format!("relative error of this image {:.3}", sum.error);
    canvas.text((middle, top + SIDE + 31.0), &text, Font::new(TEXT, DIM).centred())
}
