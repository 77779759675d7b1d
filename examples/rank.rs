//! How many components? Cross-validation over hidden entries, for the notebook's X with noise and for 100 digits.
//!
//! ```sh
//! cargo run --release --example rank
//! ```
//!
//! The training error falls with every component. The held-out error falls as long as a component is something that the
//! data have in common. Picture: `target/rank.svg`.

use std::error::Error;

use indicatif::{ProgressBar, ProgressStyle};
use plotters::prelude::*;
use rand_xorshift::XorShiftRng;
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{HoldOut, Nmf, Problem, RandomAls, RankCurve, RankPoint, Real, Stop, rank_curve};
use tinynmf_examples::data;

fn main() -> Result<(), Box<dyn Error>> {
    let bar = ProgressBar::new(6 + 9).with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}")?);
    let watch = |point: RankPoint<f64>| {
        bar.set_message(format!("K {}: held out {:.4}", point.k, point.held_out));
        bar.inc(1);
    };
    let nmf = Nmf::new(RandomAls::masked()).stop(Stop::new().max_sweeps(100));

    let mut rng = XorShiftRng::seed_from_u64(0);
    let noise = |x: f64, rng: &mut XorShiftRng| x * (0.95 + 0.1 * <f64 as Real>::unit(rng.next_u64()));
    let x: Vec<[f64; 12]> = data::notebook_x().iter().map(|frame| frame.map(|x| noise(x, &mut rng))).collect();
    let problem = Problem::<f64, 12, 10, _>::from_columns(&x[..])?;
    let notebook = rank_curve!(HoldOut::new().folds(20), &problem, &nmf, [1, 2, 3, 4, 5, 6], watch)?;

    let digits = &data::frames::<64>("digits.csv")[..100];
    let problem = Problem::<f64, 64, 100, _>::from_columns(digits)?;
    let hold_out = HoldOut::new().folds(5).starts(1);
    let images = rank_curve!(hold_out, &problem, &nmf, [1, 2, 3, 4, 6, 8, 10, 12, 16], watch)?;
    bar.finish_and_clear();

    print("X of the notebook, 12×10, with 5 % noise", &notebook);
    print("100 images of digits, 64×100", &images);
    let path = data::target("rank.svg");
    let root = SVGBackend::new(&path, (920, 400)).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(460);
    draw(&left, "X with 5 % noise (rank 3)", notebook.points(), notebook.best())?;
    draw(&right, "100 digits", images.points(), images.best())?;
    root.present()?;
    println!("picture: {}", path.display());
    Ok(())
}

fn print<const CAP: usize>(title: &str, curve: &RankCurve<f64, CAP>) {
    println!("{title}\n K  training  held out  ± standard error");
    let best = curve.best().map_or(0, |point| point.k);
    for point in curve.points() {
        let mark = if point.k == best { "  ← the smallest within one standard error of the least" } else { "" };
        println!("{:2}  {:8.4}  {:8.4}  {:8.4}{mark}", point.k, point.training, point.held_out, point.spread);
    }
    println!();
}

fn draw(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    title: &str,
    points: &[RankPoint<f64>],
    best: Option<RankPoint<f64>>,
) -> Result<(), Box<dyn Error>> {
    let right = points.iter().map(|point| point.k).max().unwrap_or(1) as f64;
    let top = points.iter().map(|point| point.held_out + point.spread).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 17))
        .margin(14)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(0.5..right + 0.5, 0.0..1.3 * top)?;
    chart
        .configure_mesh()
        .x_desc("K")
        .y_desc("relative error")
        .x_label_formatter(&|k| format!("{k:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    let (training, held_out) = (RGBColor(0, 114, 178), RGBColor(213, 94, 0));
    let legend = |colour: RGBColor| move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2));
    chart
        .draw_series(LineSeries::new(
            points.iter().map(|point| (point.k as f64, point.training)),
            training.stroke_width(2),
        ))?
        .label("entries that were fitted")
        .legend(legend(training));
    chart
        .draw_series(LineSeries::new(
            points.iter().map(|point| (point.k as f64, point.held_out)),
            held_out.stroke_width(2),
        ))?
        .label("hidden entries ± standard error")
        .legend(legend(held_out));
    chart.draw_series(points.iter().map(|point| {
        let (k, low, high) = (point.k as f64, point.held_out - point.spread, point.held_out + point.spread);
        PathElement::new([(k, low), (k, high)], held_out.stroke_width(1))
    }))?;
    if let Some(best) = best {
        chart.draw_series([Circle::new((best.k as f64, best.held_out), 6, held_out.filled())])?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(200, 200, 200))
        .draw()?;
    Ok(())
}
