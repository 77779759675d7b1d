//! How many components? Cross-validation over hidden entries, for the notebook's X with noise and
//! for 100 digits.
//!
//! ```sh
//! cargo run --release --example rank
//! ```
//!
//! The training error falls with every component. The held-out error falls as long as a component is
//! something that the data have in common. Picture: `target/rank.svg`.

use std::error::Error;

use indicatif::{ProgressBar, ProgressStyle};
use rand_xorshift::XorShiftRng;
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{HoldOut, Nmf, Problem, RandomAls, RankCurve, RankPoint, Real, Stop, rank_curve};
use tinynmf_examples::data;
use tinynmf_examples::plot::{
    self, Axis, BLUE, Canvas, Chart, DIM, Dash, Drawn, Font, HEADING, INK, Marker, Series, TEXT, VERMILLION,
};

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
    plot::picture(&path, (900, 480), |canvas| {
        let title = "How many components? The error of hidden entries stops falling, that of fitted ones does not";
        canvas.text((20.0, 24.0), title, Font::new(HEADING - 2.0, INK).bold())?;
        let note = "cross-validation; chosen is the smallest K within one standard error of the least error";
        canvas.text((20.0, 46.0), note, Font::new(TEXT, DIM))?;
        draw(canvas, 70.0, "X, 12×10, rank 3, with 5 % noise", notebook.points(), notebook.best())?;
        draw(canvas, 520.0, "100 images of digits, 64×100", images.points(), images.best())
    })?;
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

/// `left` is where the chart starts.
fn draw(canvas: &Canvas<'_>, left: f64, title: &str, points: &[RankPoint<f64>], best: Option<RankPoint<f64>>) -> Drawn {
    let last = points.iter().map(|point| point.k).max().unwrap_or(1) as f64;
    let top = points.iter().map(|point| point.held_out + point.spread).fold(0.0, f64::max);
    canvas.text((left, 80.0), title, Font::new(TEXT + 1.0, INK).bold())?;
    let tried = points.iter().map(|point| (point.k as f64, point.k.to_string())).collect();
    let chart = Chart::new(
        canvas,
        (left, 162.0),
        (360.0, 264.0),
        Axis::with_ticks("K, the number of components (those that were tried)", 0.5..last + 0.5, tried),
        Axis::new("relative error", 0.0..(20.0 * top).ceil() / 20.0, 0.1),
    )?;
    let fitted = Series::line("entries that were fitted", BLUE, Dash::Dashed).marked(Marker::Square);
    let hidden = Series::line("hidden entries ± standard error", VERMILLION, Dash::Solid).marked(Marker::Disc);
    let chosen = best.map_or("none".to_owned(), |best| format!("K = {}", best.k));
    let chosen = Series::points(format!("chosen: {chosen}"), INK, Marker::Ring);
    for point in points {
        chart.spread(point.k as f64, point.held_out - point.spread, point.held_out + point.spread, hidden.colour)?;
    }
    let curve = |error: fn(&RankPoint<f64>) -> f64| -> Vec<_> {
        points.iter().map(|point| (point.k as f64, error(point))).collect()
    };
    chart.draw(&fitted, &curve(|point| point.training))?;
    chart.draw(&hidden, &curve(|point| point.held_out))?;
    if let Some(best) = best {
        canvas.marker(chart.at((best.k as f64, best.held_out)), chosen.marker, 9.0, chosen.colour)?;
    }
    canvas.legend((left, 101.0), &[&hidden, &fitted, &chosen])
}
