//! Files that both halves of the comparison read and write. Numbers are little-endian f64.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::Result;

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
