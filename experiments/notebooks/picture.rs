//! Error traces side by side, on a logarithmic scale.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

/// One diagram.
pub struct Panel {
    pub title: &'static str,
    pub lines: Vec<Line>,
}

/// One trace; `unit` is the step of its abscissa.
pub struct Line {
    name: String,
    errors: Vec<f64>,
    unit: f64,
    notebook: bool,
}

impl Line {
    pub fn ours(name: &str, errors: Vec<f64>, unit: f64) -> Self {
        Self { name: name.to_owned(), errors, unit, notebook: false }
    }

    pub fn notebook(name: &str, errors: Vec<f64>, unit: f64) -> Self {
        Self { notebook: true, ..Self::ours(name, errors, unit) }
    }
}

/// Colours that stay apart for most readers; the first is the notebook's.
const COLOURS: [RGBColor; 4] =
    [RGBColor(213, 94, 0), RGBColor(0, 114, 178), RGBColor(0, 158, 115), RGBColor(120, 94, 180)];
/// Smaller errors are drawn here.
const LEAST: f64 = 1e-8;

pub fn draw(path: &Path, panels: &[Panel]) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (460 * panels.len() as u32, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let areas = root.split_evenly((1, panels.len()));
    for (panel, area) in panels.iter().zip(&areas) {
        let right = panel.lines.iter().map(|line| line.errors.len() as f64 * line.unit).fold(0.0, f64::max);
        let mut chart = ChartBuilder::on(area)
            .caption(panel.title, ("sans-serif", 17))
            .margin(14)
            .x_label_area_size(30)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..right, (LEAST..10.0).log_scale())?;
        chart
            .configure_mesh()
            .x_labels(6)
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_labels(10)
            .y_label_formatter(&|y| format!("{y:.0e}"))
            .light_line_style(WHITE)
            .draw()?;
        let mut colours = COLOURS.into_iter().skip(1);
        for line in &panel.lines {
            let colour = if line.notebook { COLOURS[0] } else { colours.next().unwrap_or(BLACK) };
            let points =
                line.errors.iter().enumerate().map(|(t, &e)| ((t + 1) as f64 * line.unit, e.clamp(LEAST, 10.0)));
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                .label(line.name.as_str())
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerLeft)
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(200, 200, 200))
            .draw()?;
    }
    root.present()?;
    Ok(())
}
