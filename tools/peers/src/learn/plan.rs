//! When to give up: after that number of iterations, the same for all starts of a learner, at which its expected number of
//! iterations is least in hindsight. Nobody is charged for somebody else's patience.

use std::path::Path;

use crate::Result;
use crate::exchange::{append, table};

/// A learner, and the iterations of every start to the target.
pub struct Counts {
    pub problem: String,
    pub target: String,
    pub learner: String,
    pub starts: Vec<Option<u32>>,
}

pub fn counts(folder: &Path) -> Result<Vec<Counts>> {
    let mut all = Vec::<Counts>::new();
    for [problem, target, learner, start, iterations] in table::<5>(&folder.join("counts.csv"))? {
        let iterations = if iterations.is_empty() { None } else { Some(iterations.parse()?) };
        let known =
            |counts: &&mut Counts| counts.problem == problem && counts.target == target && counts.learner == learner;
        let counts = match all.iter_mut().find(known) {
            Some(counts) => counts,
            None => {
                all.push(Counts { problem, target, learner, starts: Vec::new() });
                all.last_mut().expect("just pushed")
            }
        };
        assert_eq!(counts.starts.len(), start.parse::<usize>()?, "starts in order");
        counts.starts.push(iterations);
    }
    Ok(all)
}

/// The number of iterations after which to give up, none if no start is a success.
pub fn patience(starts: &[Option<u32>]) -> Option<u32> {
    let expected = |most: u32| {
        let spent: f64 = starts.iter().map(|count| f64::from(count.map_or(most, |count| count.min(most)))).sum();
        spent / starts.iter().flatten().filter(|&&count| count <= most).count() as f64
    };
    starts.iter().flatten().copied().min_by(|&a, &b| expected(a).total_cmp(&expected(b)))
}

pub fn plan(folder: &Path) -> Result<()> {
    for Counts { problem, target, learner, starts } in counts(folder)? {
        let Some(patience) = patience(&starts) else { continue };
        for (start, count) in starts.iter().enumerate() {
            let iterations = count.map_or(patience, |count| count.min(patience));
            append(&folder.join("plan.csv"), &format!("{problem},{target},{learner},{start},{iterations}"))?;
        }
    }
    Ok(())
}
