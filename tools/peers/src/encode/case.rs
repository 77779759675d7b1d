//! What is encoded.

use std::path::Path;

use crate::Result;
use crate::exchange::{read, table};

/// A dictionary, the frames to encode in it, and its name.
pub struct Case {
    pub name: String,
    pub m: usize,
    pub k: usize,
    /// K columns of M.
    pub w: Vec<f64>,
    /// Frames of M.
    pub x: Vec<f64>,
}

/// All cases, in the order of the report.
pub fn cases(folder: &Path) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for [name, m, k, _] in table::<4>(&folder.join("cases.csv"))? {
        let w = read(&folder.join(format!("{name}.w")))?;
        let x = read(&folder.join(format!("{name}.x")))?;
        cases.push(Case { name, m: m.parse()?, k: k.parse()?, w, x });
    }
    Ok(cases)
}
