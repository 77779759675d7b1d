//! How the instructions of a HALS sweep grow with M, N and K: the counts of `benches/run`, and the models fitted to them.
//!
//! ```sh
//! benches/run                                # writes target/instructions.csv
//! cargo run --release -p experiments --bin growth       # writes target/growth.svg
//! ```
//!
//! x86-64 as in the first line of the file, f32, three passes over every vector. Sizes but one are those of 64×128, K 8.

#[path = "../benches/instructions/figure.rs"]
mod figure;
#[path = "../benches/instructions/growth.rs"]
mod growth;

use std::error::Error;

use figure::Figures;
use growth::{BASE, MODELS, Model};
use plotters::coord::Shift;
use plotters::prelude::*;
use tinynmf_examples::data;

const NAMES: [&str; 3] = ["M", "N", "K"];
const COUNTED: RGBColor = RGBColor(0, 114, 178);
const FITTED: RGBColor = RGBColor(213, 94, 0);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn main() -> Result<(), Box<dyn Error>> {
    let figures =
        Figures::read(&data::target("instructions.csv")).map_err(|error| format!("{error}; run benches/run first"))?;
    let path = data::target("growth.svg");
    let root = SVGBackend::new(&path, (1200, 430)).into_drawing_area();
    root.fill(&WHITE)?;
    let areas = root.split_evenly((1, MODELS.len()));
    for (area, model) in areas.iter().zip(&MODELS) {
        draw(area, model, &figures)?;
    }
    root.present()?;
    println!("picture: {}", path.display());
    Ok(())
}

fn draw(area: &Area<'_>, model: &Model, figures: &Figures) -> Result<(), Box<dyn Error>> {
    let series = model.series(&figures.list);
    let fit = model.fit(&series);
    println!("{}", model.report(&fit));
    let size = |shape: [usize; 3]| shape[model.dimension];
    let (last, _) = *series.last().ok_or("the file has no sweeps on noise")?;
    let modelled: Vec<_> = (1..=size(last))
        .map(|size| {
            let mut shape = BASE;
            shape[model.dimension] = size;
            (size as f64, model.value(&fit.coefficients, shape))
        })
        .collect();
    let top =
        series.iter().map(|(_, count)| *count).chain(modelled.iter().map(|(_, count)| *count)).fold(0.0, f64::max);

    let others: Vec<_> =
        (0..3).filter(|&d| d != model.dimension).map(|d| format!("{} {}", NAMES[d], BASE[d])).collect();
    let mut chart = ChartBuilder::on(area)
        .caption(format!("{} grows; {}", NAMES[model.dimension], others.join(", ")), ("sans-serif", 17))
        .margin(14)
        .x_label_area_size(38)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..1.04 * size(last) as f64, 0.0..1.2 * top / 1e6)?;
    chart
        .configure_mesh()
        .x_desc(NAMES[model.dimension])
        .y_desc("million instructions a sweep")
        .x_labels(8)
        .x_label_formatter(&|size| format!("{size:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    chart
        .draw_series(LineSeries::new(
            modelled.iter().map(|&(size, count)| (size, count / 1e6)),
            FITTED.stroke_width(2),
        ))?
        .label(format!("{}, off by up to {:.2} %", model.formula, 100.0 * fit.worst.1.abs()))
        .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], FITTED.stroke_width(2)));
    chart
        .draw_series(
            series.iter().map(|&(shape, count)| Circle::new((size(shape) as f64, count / 1e6), 4, COUNTED.filled())),
        )?
        .label("counted")
        .legend(|(x, y)| Circle::new((x + 9, y), 4, COUNTED.filled()));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(200, 200, 200))
        .draw()?;
    Ok(())
}
