//! Measured figures, and their printed form.

use crate::Result;
use crate::budget::Budget;

#[derive(Clone)]
pub struct Figure {
    pub board: &'static str,
    pub image: String,
    /// The shape, or empty for a figure of the whole image.
    pub shape: String,
    /// What was measured, in which unit, at which opt-level.
    pub metric: String,
    pub value: u64,
}

impl Figure {
    /// The key in `budget.toml`.
    pub fn key(&self) -> String {
        format!("{} {}", self.shape, self.metric).trim().to_owned()
    }
}

/// CSV on standard output.
pub fn print(figures: &[Figure], budget: &Budget) -> Result<()> {
    let mut writer = csv::Writer::from_writer(std::io::stdout());
    let failed = |error: csv::Error| error.to_string();
    writer.write_record(["board", "image", "shape", "metric", "value", "budget"]).map_err(failed)?;
    for figure in figures {
        let allowed = budget.of(figure).map_or(String::new(), |value| value.to_string());
        let Figure { board, image, shape, metric, value } = figure;
        writer.write_record([board, image.as_str(), shape, metric, &value.to_string(), &allowed]).map_err(failed)?;
    }
    writer.flush().map_err(|error| error.to_string())
}
