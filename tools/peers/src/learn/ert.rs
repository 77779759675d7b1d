//! Expected times from counts and timings.

use std::collections::HashMap;
use std::path::Path;

use super::plan::{counts, patience};
use crate::Result;
use crate::exchange::table;

/// Ends the name of what is built for this CPU. It makes the same iterations as the plain build.
const NATIVE: &str = " native";

/// A learner on a problem.
pub struct Found {
    pub problem: String,
    pub target: String,
    pub learner: String,
    pub starts: usize,
    /// Starts that reach the target before it is given up.
    pub successes: usize,
    /// Iterations after which it is given up; 0: always.
    pub patience: u32,
    /// Of the successes; 0 of none.
    pub median: u32,
    /// Expected seconds with restarts; infinite without a success.
    pub seconds: f64,
}

pub fn found(folder: &Path) -> Result<Vec<Found>> {
    let mut fastest = HashMap::<[String; 4], f64>::new();
    for [_, problem, target, learner, start, seconds] in table::<6>(&folder.join("learn.csv"))? {
        let least = fastest.entry([problem, target, learner, start]).or_insert(f64::INFINITY);
        *least = least.min(seconds.parse()?);
    }
    let mut all = Vec::new();
    for counts in counts(folder)? {
        for build in ["", NATIVE] {
            let learner = format!("{}{build}", counts.learner);
            let times: Vec<f64> = (0..counts.starts.len())
                .filter_map(|start| {
                    let key = [counts.problem.clone(), counts.target.clone(), learner.clone(), start.to_string()];
                    fastest.get(&key).copied()
                })
                .collect();
            // Python has one build; without a success there is nothing to time.
            if build == NATIVE && times.is_empty() {
                continue;
            }
            let patience = patience(&counts.starts).unwrap_or(0);
            let mut reached: Vec<_> = counts.starts.iter().flatten().copied().filter(|&n| n <= patience).collect();
            reached.sort_unstable();
            all.push(Found {
                problem: counts.problem.clone(),
                target: counts.target.clone(),
                learner,
                starts: counts.starts.len(),
                successes: reached.len(),
                patience,
                median: reached.get(reached.len() / 2).copied().unwrap_or(0),
                seconds: if reached.is_empty() {
                    f64::INFINITY
                } else {
                    times.iter().sum::<f64>() / reached.len() as f64
                },
            });
        }
    }
    Ok(all)
}

impl Found {
    pub fn is_peer(&self) -> bool {
        !self.learner.starts_with("tinynmf")
    }

    pub fn is_native(&self) -> bool {
        self.learner.ends_with(NATIVE)
    }
}
