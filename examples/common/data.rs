//! The inputs in `data/`, read by the `csv` crate, and the matrices of the two notebooks.
#![allow(dead_code, unused_imports)] // tests and benches compile it too and use parts of it

#[path = "notebook.rs"]
mod notebook;

use std::path::{Path, PathBuf};

use rand_xorshift::XorShiftRng;
use tinynmf::nalgebra::SMatrix;
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{Factors, Real};

use notebook::notebook_factors;
pub use notebook::{notebook_v, notebook_x};

/// The folder of the repository: this file is compiled in packages of several folders.
fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().find(|folder| folder.join("data").is_dir()).unwrap_or(package)
}

/// Path of a file in `data/`.
pub fn path(name: &str) -> PathBuf {
    root().join("data").join(name)
}

/// Path of a file in `target/`, which is made where it is missing.
pub fn target(name: &str) -> PathBuf {
    let folder = root().join("target");
    std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("target: {error}"));
    folder.join(name)
}

/// The fields of a CSV file without header, line by line.
pub fn lines(name: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .from_path(path(name))
        .unwrap_or_else(|error| panic!("data/{name}: {error}"));
    let records = reader.records().map(|record| record.expect("a CSV record"));
    records.map(|record| record.iter().map(str::to_owned).collect()).collect()
}

fn numbers(name: &str) -> Vec<Vec<f64>> {
    let parse = |field: &String| field.trim().parse().expect("a number");
    lines(name).iter().map(|line| line.iter().map(parse).collect()).collect()
}

/// A file whose lines are frames.
pub fn frames<const M: usize>(name: &str) -> Vec<[f64; M]> {
    numbers(name).iter().map(|line| line.as_slice().try_into().expect("M values a line")).collect()
}

/// A file whose lines are rows of X.
pub fn rows<const M: usize>(name: &str) -> Vec<[f64; M]> {
    let rows = numbers(name);
    assert_eq!(rows.len(), M, "{name}");
    (0..rows[0].len()).map(|j| std::array::from_fn(|i| rows[i][j])).collect()
}

/// Frames in the precision of a fit. Every value of `data/` that a fit in f32 sees is rounded once, here.
pub fn cast<T: Real, const M: usize>(frames: &[[f64; M]]) -> Vec<[T; M]> {
    frames.iter().map(|frame| frame.map(from_f64)).collect()
}

/// The nearest f32 or f64.
pub fn from_f64<T: Real>(value: f64) -> T {
    use std::any::Any;
    let (single, double) = (value as f32, value);
    let found = (&single as &dyn Any).downcast_ref::<T>().or_else(|| (&double as &dyn Any).downcast_ref::<T>());
    *found.expect("Real is f32 or f64")
}

/// Exact.
pub fn to_f64<T: Real>(value: T) -> f64 {
    use std::any::Any;
    let value = &value as &dyn Any;
    value
        .downcast_ref::<f32>()
        .map(|&value| f64::from(value))
        .or_else(|| value.downcast_ref::<f64>().copied())
        .expect("f32 or f64")
}

/// Its factors plus 0.01·U(0, 1): the second notebook's start near the truth.
pub fn notebook_near_truth(seed: u64) -> Factors<f64, 12, 10, 3> {
    let (parts, weights) = notebook_factors();
    let mut rng = XorShiftRng::seed_from_u64(seed);
    let mut noise = || 0.01 * <f64 as Real>::unit(rng.next_u64());
    Factors { w: SMatrix::from_fn(|i, k| parts[k][i] + noise()), h: SMatrix::from_fn(|k, j| weights[k][j] + noise()) }
}
