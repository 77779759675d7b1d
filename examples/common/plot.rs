//! Pictures of the examples and the experiments as SVG: curves over axes, small images, text.
//!
//! Lengths are in pixels of the picture, as `f64`. `Canvas::point` rounds them to a quarter of a
//! pixel, so that the file does not depend on the last bits of a coordinate.

use std::error::Error;
use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
pub use plotters::prelude::RGBColor;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// What every function that draws returns.
pub type Drawn = Result<(), Box<dyn Error>>;

/// Of the palette of Okabe and Ito, whose colours stay apart for colour-blind readers.
pub const SKY: RGBColor = RGBColor(86, 180, 233);
/// Of the same palette.
pub const GREEN: RGBColor = RGBColor(0, 158, 115);
/// Of the same palette.
pub const BLUE: RGBColor = RGBColor(0, 114, 178);
/// Of the same palette.
pub const VERMILLION: RGBColor = RGBColor(213, 94, 0);
/// Of the same palette.
pub const PURPLE: RGBColor = RGBColor(204, 121, 167);
/// Text and axes.
pub const INK: RGBColor = RGBColor(34, 34, 34);
/// Text of less weight.
pub const DIM: RGBColor = RGBColor(95, 95, 95);
/// Lines of the grid and frames of images.
pub const GRID: RGBColor = RGBColor(217, 217, 217);

/// Size of ordinary text. This and 1 less are written without digits of rounding.
pub const TEXT: f64 = 13.25;
/// Size of a heading.
pub const HEADING: f64 = 18.0;
/// Steps in a pixel.
const FINE: f64 = 4.0;
/// plotters divides the size of a font by this before it writes it.
const PLOTTERS_FONT: f64 = 1.24;

/// The grey of a value: white for 0 and below, black for 1 and above.
pub fn grey(value: f64) -> RGBColor {
    let shade = (255.0 * (1.0 - value.clamp(0.0, 1.0))).round() as u8;
    RGBColor(shade, shade, shade)
}

/// Lines differ in colour and in their dashes.
#[derive(Clone, Copy, PartialEq)]
pub enum Dash {
    None,
    Solid,
    Dashed,
    Long,
    Dotted,
}

/// Points differ in colour and in shape.
#[derive(Clone, Copy, PartialEq)]
pub enum Marker {
    None,
    Disc,
    Ring,
    Square,
    Triangle,
    Cross,
}

/// One curve, or one kind of points, with its name in the legend.
#[derive(Clone)]
pub struct Series {
    pub name: String,
    pub colour: RGBColor,
    pub dash: Dash,
    pub marker: Marker,
}

impl Series {
    /// A line without points.
    pub fn line(name: impl Into<String>, colour: RGBColor, dash: Dash) -> Self {
        Self { name: name.into(), colour, dash, marker: Marker::None }
    }

    /// Points without a line.
    pub fn points(name: impl Into<String>, colour: RGBColor, marker: Marker) -> Self {
        Self { name: name.into(), colour, dash: Dash::None, marker }
    }

    /// With points on the line.
    pub fn marked(self, marker: Marker) -> Self {
        Self { marker, ..self }
    }
}

/// How a text looks, and which point of its middle line is placed: the left end, the middle or the
/// right end.
#[derive(Clone, Copy)]
pub struct Font {
    size: f64,
    colour: RGBColor,
    bold: bool,
    anchor: HPos,
    upwards: bool,
}

impl Font {
    /// Placed by its left end.
    pub const fn new(size: f64, colour: RGBColor) -> Self {
        Self { size, colour, bold: false, anchor: HPos::Left, upwards: false }
    }

    #[must_use]
    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// Placed by its middle.
    #[must_use]
    pub const fn centred(self) -> Self {
        Self { anchor: HPos::Center, ..self }
    }

    /// Placed by its right end.
    #[must_use]
    pub const fn right(self) -> Self {
        Self { anchor: HPos::Right, ..self }
    }
}

/// A white sheet to draw on.
pub struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Writes a picture of `width`×`height` pixels to `path`.
pub fn picture(path: &Path, (width, height): (u32, u32), draw: impl FnOnce(&Canvas<'_>) -> Drawn) -> Drawn {
    let fine = FINE as u32;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (fine * width, fine * height)).into_drawing_area();
        area.fill(&WHITE)?;
        let canvas = Canvas { area };
        draw(&canvas)?;
        canvas.area.present()?;
    }
    // What plotters writes although it is the default: a third of a picture of rectangles.
    let svg = svg.replace(" opacity=\"1\"", "").replace(" stroke=\"none\"", "");
    let head = svg.find('\n').ok_or("an empty picture")?;
    let picture = format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {} {}\" stroke-linejoin=\"round\" \
         xmlns=\"http://www.w3.org/2000/svg\">\n<style>rect {{ shape-rendering: crispEdges }}</style>{}",
        fine * width,
        fine * height,
        &svg[head..]
    );
    std::fs::write(path, picture)?;
    Ok(())
}

impl Canvas<'_> {
    /// A place in quarters of a pixel.
    fn point(&self, (x, y): (f64, f64)) -> (i32, i32) {
        ((FINE * x).round() as i32, (FINE * y).round() as i32)
    }

    /// A text.
    pub fn text(&self, at: (f64, f64), text: &str, font: Font) -> Drawn {
        let mut style = ("sans-serif", PLOTTERS_FONT * FINE * font.size).into_font();
        if font.bold {
            style = style.style(FontStyle::Bold);
        }
        if font.upwards {
            style = style.transform(FontTransform::Rotate270);
        }
        let style = style.color(&font.colour).pos(Pos::new(font.anchor, VPos::Center));
        self.area.draw(&Text::new(text, self.point(at), style))?;
        Ok(())
    }

    /// A filled rectangle.
    pub fn fill(&self, (x, y): (f64, f64), (width, height): (f64, f64), colour: RGBColor) -> Drawn {
        let corners = [self.point((x, y)), self.point((x + width, y + height))];
        self.area.draw(&Rectangle::new(corners, colour.filled()))?;
        Ok(())
    }

    /// The outline of a rectangle.
    pub fn outline(&self, (x, y): (f64, f64), (width, height): (f64, f64), colour: RGBColor, thick: f64) -> Drawn {
        let (right, bottom) = (x + width, y + height);
        self.line(&[(x, y), (right, y), (right, bottom), (x, bottom), (x, y)], colour, Dash::Solid, thick)
    }

    /// A line through points.
    pub fn line(&self, points: &[(f64, f64)], colour: RGBColor, dash: Dash, thick: f64) -> Drawn {
        let style = colour.stroke_width((FINE * thick).round() as u32);
        let points: Vec<_> = points.iter().map(|&point| self.point(point)).collect();
        let (size, space) = match dash {
            Dash::None => return Ok(()),
            Dash::Solid => {
                self.area.draw(&PathElement::new(points, style))?;
                return Ok(());
            }
            Dash::Dashed => (7.0, 4.0),
            Dash::Long => (16.0, 4.0),
            Dash::Dotted => (2.0, 3.0),
        };
        let (size, space) = ((FINE * size) as i32, (FINE * space) as i32);
        self.area.draw(&DashedPathElement::new(points, size, space, style))?;
        Ok(())
    }

    /// A point `radius` pixels wide to each side.
    pub fn marker(&self, (x, y): (f64, f64), marker: Marker, radius: f64, colour: RGBColor) -> Drawn {
        let size = (FINE * radius).round() as i32;
        let line = colour.stroke_width((1.75 * FINE).round() as u32);
        let at = self.point((x, y));
        match marker {
            Marker::None => {}
            Marker::Disc => self.area.draw(&Circle::new(at, size, colour.filled()))?,
            Marker::Ring => self.area.draw(&Circle::new(at, size, line))?,
            Marker::Square => self.fill((x - radius, y - radius), (2.0 * radius, 2.0 * radius), colour)?,
            Marker::Triangle => self.area.draw(&TriangleMarker::new(at, size, colour.filled()))?,
            Marker::Cross => self.area.draw(&Cross::new(at, size, line))?,
        }
        Ok(())
    }

    /// An image of 8×8 pixels with a frame, row by row; 0 is white, 1 black. Neighbours of one grey
    /// are one rectangle.
    pub fn image(&self, (x, y): (f64, f64), side: f64, pixels: &[f64]) -> Drawn {
        let step = side / 8.0;
        for (row, line) in pixels.chunks(8).enumerate() {
            let mut column = 0;
            for run in line.chunk_by(|&a, &b| grey(a) == grey(b)) {
                let colour = grey(run[0]);
                if colour != WHITE {
                    let corner = (x + step * column as f64, y + step * row as f64);
                    self.fill(corner, (step * run.len() as f64, step), colour)?;
                }
                column += run.len();
            }
        }
        self.outline((x - 0.5, y - 0.5), (side + 1.0, side + 1.0), RGBColor(170, 170, 170), 1.0)
    }

    /// One line of the legend for each series, `(x, y)` left of the first; the next is 18 pixels
    /// lower.
    pub fn legend(&self, (x, y): (f64, f64), series: &[&Series]) -> Drawn {
        for (line, series) in series.iter().enumerate() {
            self.legend_entry((x, y + 18.0 * line as f64), series)?;
        }
        Ok(())
    }

    /// A legend in one line, `step` pixels an entry.
    pub fn legend_across(&self, (x, y): (f64, f64), step: f64, series: &[&Series]) -> Drawn {
        for (place, series) in series.iter().enumerate() {
            self.legend_entry((x + step * place as f64, y), series)?;
        }
        Ok(())
    }

    fn legend_entry(&self, (x, y): (f64, f64), series: &Series) -> Drawn {
        self.line(&[(x, y), (x + 28.0, y)], series.colour, series.dash, 2.0)?;
        self.marker((x + 14.0, y), series.marker, 4.0, series.colour)?;
        self.text((x + 36.0, y), &series.name, Font::new(TEXT, INK))
    }
}

/// A named range with its ticks.
pub struct Axis {
    name: String,
    range: Range<f64>,
    ticks: Vec<(f64, String)>,
    logarithmic: bool,
}

impl Axis {
    /// Ticks at the multiples of `step`, which is a round number.
    pub fn new(name: impl Into<String>, range: Range<f64>, step: f64) -> Self {
        let digits = (0..6).find(|&digits| (step * 10_f64.powi(digits)).fract().abs() < 1e-9).unwrap_or(6);
        let (first, last) = ((range.start / step).ceil() as i64, (range.end / step + 1e-9).floor() as i64);
        let ticks = (first..=last).map(|tick| tick as f64 * step);
        let ticks = ticks.map(|tick| (tick, format!("{tick:.*}", digits as usize))).collect();
        Self { name: name.into(), range, ticks, logarithmic: false }
    }

    /// From 0, with about five ticks at round numbers.
    pub fn up_to(name: impl Into<String>, last: f64) -> Self {
        let round = (-6..9).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)));
        let step = round.into_iter().find(|step| last / step < 6.0).unwrap_or(last);
        Self::new(name, 0.0..last, step)
    }

    /// Ticks where the caller wants them.
    pub fn with_ticks(name: impl Into<String>, range: Range<f64>, ticks: Vec<(f64, String)>) -> Self {
        Self { name: name.into(), range, ticks, logarithmic: false }
    }

    /// From 10^`low` to 10^`high`, a tick at every power. Values outside are drawn on the rim.
    pub fn powers(name: impl Into<String>, low: i32, high: i32) -> Self {
        let superscript = |power: i32| {
            let digits = power.to_string();
            let raised = |c| match c {
                '-' => '⁻',
                '1' => '¹',
                '2' => '²',
                '3' => '³',
                c => char::from_u32('⁰' as u32 + c as u32 - '0' as u32).unwrap_or(c),
            };
            format!("10{}", digits.chars().map(raised).collect::<String>())
        };
        let ticks = (low..=high).map(|power| (f64::from(power), superscript(power))).collect();
        Self { name: name.into(), range: f64::from(low)..f64::from(high), ticks, logarithmic: true }
    }

    /// Where a value lies, from 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let value = if self.logarithmic { value.log10().clamp(self.range.start, self.range.end) } else { value };
        (value - self.range.start) / (self.range.end - self.range.start)
    }
}

/// Two axes and what is drawn between them.
pub struct Chart<'c, 'a> {
    canvas: &'c Canvas<'a>,
    corner: (f64, f64),
    size: (f64, f64),
    x: Axis,
    y: Axis,
}

impl<'c, 'a> Chart<'c, 'a> {
    /// `corner` and `size` are those of the plane between the axes. Ticks and names lie outside:
    /// 44 pixels below, 58 to the left.
    pub fn new(
        canvas: &'c Canvas<'a>,
        corner: (f64, f64),
        size: (f64, f64),
        x: Axis,
        y: Axis,
    ) -> Result<Self, Box<dyn Error>> {
        let chart = Self { canvas, corner, size, x, y };
        let ((left, top), (width, height)) = (corner, size);
        let (right, bottom) = (left + width, top + height);
        let small = Font::new(TEXT - 1.0, INK);
        for (tick, label) in &chart.x.ticks {
            let x = left + width * (tick - chart.x.range.start) / (chart.x.range.end - chart.x.range.start);
            canvas.line(&[(x, top), (x, bottom)], GRID, Dash::Solid, 0.75)?;
            canvas.line(&[(x, bottom), (x, bottom + 4.0)], INK, Dash::Solid, 1.0)?;
            canvas.text((x, bottom + 14.0), label, small.centred())?;
        }
        for (tick, label) in &chart.y.ticks {
            let y = bottom - height * (tick - chart.y.range.start) / (chart.y.range.end - chart.y.range.start);
            canvas.line(&[(left, y), (right, y)], GRID, Dash::Solid, 0.75)?;
            canvas.line(&[(left - 4.0, y), (left, y)], INK, Dash::Solid, 1.0)?;
            canvas.text((left - 8.0, y), label, small.right())?;
        }
        canvas.line(&[(left, top), (left, bottom), (right, bottom)], INK, Dash::Solid, 1.0)?;
        let name = Font::new(TEXT, INK).centred();
        canvas.text((left + width / 2.0, bottom + 34.0), &chart.x.name, name)?;
        canvas.text((left - 49.0, top + height / 2.0), &chart.y.name, Font { upwards: true, ..name })?;
        Ok(chart)
    }

    /// The pixel of a point.
    pub fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.corner.0 + self.size.0 * self.x.place(x), self.corner.1 + self.size.1 * (1.0 - self.y.place(y)))
    }

    /// A curve, or points.
    pub fn draw(&self, series: &Series, points: &[(f64, f64)]) -> Drawn {
        let places: Vec<_> = points.iter().map(|&point| self.at(point)).collect();
        self.canvas.line(&places, series.colour, series.dash, 2.0)?;
        places.iter().try_for_each(|&place| self.canvas.marker(place, series.marker, 4.0, series.colour))
    }

    /// The line x = `at` from bottom to top.
    pub fn event(&self, at: f64, colour: RGBColor) -> Drawn {
        let (x, _) = self.at((at, 0.0));
        let ends = [(x, self.corner.1), (x, self.corner.1 + self.size.1)];
        self.canvas.line(&ends, colour, Dash::Solid, 1.5)
    }

    /// From `low` to `high` at x, with a bar at either end.
    pub fn spread(&self, x: f64, low: f64, high: f64, colour: RGBColor) -> Drawn {
        let ((x, top), (_, bottom)) = (self.at((x, high)), self.at((x, low)));
        for line in [[(x, top), (x, bottom)], [(x - 4.0, top), (x + 4.0, top)], [(x - 4.0, bottom), (x + 4.0, bottom)]]
        {
            self.canvas.line(&line, colour, Dash::Solid, 1.25)?;
        }
        Ok(())
    }
}
