//! Error traces side by side, on a logarithmic scale.

use std::path::Path;

use tinynmf_examples::plot::{
    self, Axis, BLUE, Canvas, Chart, DIM, Dash, Drawn, Font, GREEN, HEADING, INK, PURPLE, RGBColor, Series, TEXT,
    VERMILLION,
};

/// One diagram.
pub struct Panel {
    pub title: &'static str,
    /// What the abscissa counts.
    pub steps: &'static str,
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

/// The first is the notebook's.
const STYLES: [(RGBColor, Dash); 4] =
    [(VERMILLION, Dash::Solid), (BLUE, Dash::Dashed), (GREEN, Dash::Long), (PURPLE, Dash::Dotted)];
/// Power of ten at which smaller errors are drawn.
const LEAST: i32 = -8;

pub fn draw(path: &Path, panels: &[Panel]) -> Drawn {
    plot::picture(path, (900, 480), |canvas| {
        let title = "Errors of the notebooks' updates stay high, those of the corrected updates fall";
        canvas.text((20.0, 24.0), title, Font::new(HEADING, INK).bold())?;
        let note = "median of 100 random starts; errors below 10⁻⁸ are drawn at 10⁻⁸";
        canvas.text((20.0, 46.0), note, Font::new(TEXT, DIM))?;
        for (place, panel) in panels.iter().enumerate() {
            draw_panel(canvas, place, panel)?;
        }
        Ok(())
    })
}

fn draw_panel(canvas: &Canvas<'_>, place: usize, panel: &Panel) -> Drawn {
    let left = 70.0 + 286.0 * place as f64;
    let right = panel.lines.iter().map(|line| line.errors.len() as f64 * line.unit).fold(0.0, f64::max);
    canvas.text((left - 40.0, 78.0), panel.title, Font::new(TEXT + 1.0, INK).bold())?;
    let chart = Chart::new(
        canvas,
        (left, 178.0),
        (226.0, 250.0),
        Axis::up_to(panel.steps, right),
        Axis::powers("relative error", LEAST, 1),
    )?;
    let mut styles = STYLES.into_iter().skip(1);
    let mut legend = Vec::new();
    for line in &panel.lines {
        let (colour, dash) = if line.notebook { STYLES[0] } else { styles.next().unwrap_or(STYLES[3]) };
        let series = Series::line(line.name.as_str(), colour, dash);
        let points = line.errors.iter().enumerate().map(|(t, &error)| ((t + 1) as f64 * line.unit, error));
        chart.draw(&series, &points.collect::<Vec<_>>())?;
        legend.push(series);
    }
    canvas.legend((left - 40.0, 100.0), &legend.iter().collect::<Vec<_>>())
}
