//! Expected times from counts and timings.

use std::collections::HashMap;
use std::path::Path;

use super::plan::{counts, patience};
use crate::Result;
use crate::exchange::table;

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
    let all = counts(folder)?.into_iter().map(|found| {
        let patience = patience(&found.starts).unwrap_or(0);
        let mut reached: Vec<_> = found.starts.iter().flatten().copied().filter(|&count| count <= patience).collect();
        reached.sort_unstable();
        let of = |start: usize| {
            let key = [found.problem.clone(), found.target.clone(), found.learner.clone(), start.to_string()];
            fastest.get(&key).copied().unwrap_or(f64::INFINITY)
        };
        Found {
            starts: found.starts.len(),
            successes: reached.len(),
            patience,
            median: reached.get(reached.len() / 2).copied().unwrap_or(0),
            seconds: (0..found.starts.len()).map(of).sum::<f64>() / reached.len() as f64,
            problem: found.problem,
            target: found.target,
            learner: found.learner,
        }
    });
    Ok(all.collect())
}

impl Found {
    pub fn is_peer(&self) -> bool {
        !self.learner.starts_with("tinynmf")
    }

    pub fn is_native(&self) -> bool {
        self.learner.ends_with(" native")
    }
}
