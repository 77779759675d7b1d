//! Figures, the CSV files that hold them, and what may change.
// The example `growth` and the test `counts` use parts of it.
#![allow(dead_code)]

use std::fmt::{Display, Formatter};
use std::path::Path;

use tinynmf::Real;

/// Percent by which a count may differ from the baseline, up or down: a figure that fell must not hide the next rise.
pub const TOLERANCE: u64 = 2;

const HEADER: [&str; 7] = ["what", "m", "n", "k", "scalar", "median", "worst"];

/// What was counted, at which shape (M, N, K) and in which scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub what: String,
    pub shape: [usize; 3],
    pub scalar: String,
}

/// The upper median and the largest of the counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    pub key: Key,
    pub median: u64,
    pub worst: u64,
}

/// The figures of a run, and the compiler that made them.
#[derive(Debug, PartialEq, Eq)]
pub struct Figures {
    pub compiler: String,
    pub list: Vec<Figure>,
}

impl Key {
    pub fn new<T: Real>(what: &str, shape: [usize; 3]) -> Self {
        Self { what: what.to_owned(), shape, scalar: std::any::type_name::<T>().to_owned() }
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let [m, n, k] = self.shape;
        write!(f, "{} {m}×{n}×{k} {}", self.what, self.scalar)
    }
}

impl Figure {
    /// `counts` is not empty.
    pub fn new(key: Key, mut counts: Vec<u64>) -> Self {
        counts.sort_unstable();
        Self { key, median: counts[counts.len() / 2], worst: counts[counts.len() - 1] }
    }
}

impl Figures {
    /// From a file as [`write`](Figures::write) writes it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let failed = |error: &dyn Display| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
        let (compiler, table) = text.split_once('\n').unwrap_or_default();
        let mut list = Vec::new();
        for record in csv::Reader::from_reader(table.as_bytes()).deserialize() {
            let (what, m, n, k, scalar, median, worst) = record.map_err(|error: csv::Error| failed(&error))?;
            list.push(Figure { key: Key { what, shape: [m, n, k], scalar }, median, worst });
        }
        Ok(Self { compiler: compiler.trim_start_matches("# ").to_owned(), list })
    }

    pub fn write(&self, path: &Path) -> Result<(), String> {
        let failed = |error: &dyn Display| format!("{}: {error}", path.display());
        let mut writer = csv::Writer::from_writer(format!("# {}\n", self.compiler).into_bytes());
        writer.write_record(HEADER).map_err(|error| failed(&error))?;
        for Figure { key: Key { what, shape: [m, n, k], scalar }, median, worst } in &self.list {
            writer.serialize((what, m, n, k, scalar, median, worst)).map_err(|error| failed(&error))?;
        }
        let bytes = writer.into_inner().map_err(|error| failed(&error))?;
        std::fs::write(path, bytes).map_err(|error| failed(&error))
    }

    /// Every count that is not what the baseline says, and every figure that only one of the two has.
    pub fn differences(&self, baseline: &Self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.compiler != baseline.compiler {
            problems.push(format!("the baseline is of {}, this is {}", baseline.compiler, self.compiler));
        }
        for figure in &self.list {
            let Some(before) = baseline.list.iter().find(|before| before.key == figure.key) else {
                problems.push(format!("{}: not in the baseline; see --bless", figure.key));
                continue;
            };
            for (name, now, before) in [("median", figure.median, before.median), ("worst", figure.worst, before.worst)]
            {
                if now.abs_diff(before) * 100 > before * TOLERANCE {
                    let change = 100.0 * (now as f64 / before as f64 - 1.0);
                    problems.push(format!(
                        "{}, {name}: {now} instructions, {before} in the baseline: {change:+.1} %; if it is meant, --bless",
                        figure.key
                    ));
                }
            }
        }
        let gone = baseline.list.iter().filter(|before| self.list.iter().all(|figure| figure.key != before.key));
        problems.extend(gone.map(|before| format!("{}: in the baseline, but not counted", before.key)));
        problems
    }
}
