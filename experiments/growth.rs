//! How the instructions of a HALS sweep grow with M, N and K: the counts that `benches/run`
//! compares with, and the models fitted to them.
//!
//! ```sh
//! cargo run --release -p experiments --bin growth       # writes target/growth.svg
//! ```
//!
//! The counts are those of `benches/instructions/baseline.csv`: x86-64, the compiler of its first
//! line, f32, three passes over every vector. Sizes but one are those of 64×128, K 8.

#[path = "../benches/instructions/figure.rs"]
mod figure;
#[path = "../benches/instructions/growth.rs"]
mod growth;

use std::error::Error;

use figure::Figures;
use growth::{BASE, MODELS, Model};
use tinynmf_examples::data;
use tinynmf_examples::plot::{
    self, Axis, BLUE, Canvas, Chart, DIM, Dash, Drawn, Font, HEADING, INK, Marker, Series, TEXT, VERMILLION,
};

/// Name of each dimension, what it is, and the distance of its ticks.
const DIMENSIONS: [(&str, &str, f64); 3] =
    [("M", "M, features", 64.0), ("N", "N, frames", 256.0), ("K", "K, components", 8.0)];

fn main() -> Result<(), Box<dyn Error>> {
    let figures = Figures::read(&data::path("../benches/instructions/baseline.csv"))?;
    let path = data::target("growth.svg");
    let counted = Series::points("counted by callgrind, f32 on x86-64", BLUE, Marker::Disc);
    let fitted = Series::line("fitted formula", VERMILLION, Dash::Dashed);
    plot::picture(&path, (900, 440), |canvas| {
        let title = "Instructions of a HALS sweep grow linearly with M and N, faster with K";
        canvas.text((20.0, 24.0), title, Font::new(HEADING, INK).bold())?;
        let [m, n, k] = BASE;
        let note = format!("one size grows, the others are M {m}, N {n}, K {k}; three passes over every vector");
        canvas.text((20.0, 46.0), &note, Font::new(TEXT, DIM))?;
        canvas.legend_across((20.0, 72.0), 300.0, &[&counted, &fitted])?;
        MODELS.iter().try_for_each(|model| draw(canvas, model, &figures, [&counted, &fitted]))
    })?;
    println!("picture: {}", path.display());
    Ok(())
}

fn draw(canvas: &Canvas<'_>, model: &Model, figures: &Figures, [counted, fitted]: [&Series; 2]) -> Drawn {
    let series = model.series(&figures.list);
    let fit = model.fit(&series);
    println!("{}", model.report(&fit));
    let size = |shape: [usize; 3]| shape[model.dimension];
    let (last, most) = *series.last().ok_or("the file has no sweeps on noise")?;
    let last = size(last);
    let millions = |size: usize, count: f64| (size as f64, count / 1e6);
    let modelled = (1..=last).step_by(last.div_ceil(32)).chain([last]).map(|size| {
        let mut shape = BASE;
        shape[model.dimension] = size;
        millions(size, model.value(&fit.coefficients, shape))
    });

    let left = 70.0 + 286.0 * model.dimension as f64;
    let (name, axis, step) = DIMENSIONS[model.dimension];
    let heading = format!("{name} grows: off by up to {:.1} %", 100.0 * fit.worst.1.abs());
    canvas.text((left - 40.0, 106.0), &heading, Font::new(TEXT, INK).bold())?;
    canvas.text((left - 40.0, 126.0), model.formula, Font::new(TEXT - 1.0, INK))?;
    let chart = Chart::new(
        canvas,
        (left, 144.0),
        (226.0, 240.0),
        Axis::new(axis, 0.0..1.04 * last as f64, step),
        Axis::up_to("million instructions a sweep", 1.08 * most / 1e6),
    )?;
    chart.draw(fitted, &modelled.collect::<Vec<_>>())?;
    let points: Vec<_> = series.iter().map(|&(shape, count)| millions(size(shape), count)).collect();
    chart.draw(counted, &points)
}
