//! The files in `data/`. Every value is an f32, so that all peers see the same problem.

use std::fs;
use std::path::Path;

use crate::Result;

/// A file line by line.
pub fn lines(name: &str) -> Result<Vec<Vec<f32>>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name);
    let text = fs::read_to_string(path).map_err(|error| format!("data/{name}: {error}"))?;
    let line = |line: &str| line.split(',').map(|field| field.trim().parse()).collect::<std::result::Result<_, _>>();
    Ok(text.lines().map(line).collect::<std::result::Result<_, _>>()?)
}

pub fn transpose(rows: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let columns = rows.first().map_or(0, Vec::len);
    (0..columns).map(|j| rows.iter().map(|row| row[j]).collect()).collect()
}
