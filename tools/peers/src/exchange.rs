//! Files that both halves of the comparison read and write.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::Result;

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
    for fields in table::<4>(&folder.join("cases.csv"))? {
        let [name, m, k, _] = fields;
        let w = read(&folder.join(format!("{name}.w")))?;
        let x = read(&folder.join(format!("{name}.x")))?;
        cases.push(Case { name, m: m.parse()?, k: k.parse()?, w, x });
    }
    Ok(cases)
}

pub fn write(path: &Path, values: &[f64]) -> Result<()> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Ok(fs::write(path, bytes)?)
}

pub fn read(path: &Path) -> Result<Vec<f64>> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (values, []) = bytes.as_chunks::<8>() else { return Err(format!("{}: cut off", path.display()).into()) };
    Ok(values.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect())
}

/// The lines of a CSV file of C columns.
pub fn table<const C: usize>(path: &Path) -> Result<Vec<[String; C]>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut lines = Vec::new();
    for line in text.lines() {
        let fields: Vec<_> = line.splitn(C, ',').map(str::to_owned).collect();
        lines.push(fields.try_into().map_err(|_| format!("{}: not {C} columns: {line}", path.display()))?);
    }
    Ok(lines)
}

/// Adds a line.
pub fn append(path: &Path, line: &str) -> Result<()> {
    Ok(writeln!(OpenOptions::new().create(true).append(true).open(path)?, "{line}")?)
}
