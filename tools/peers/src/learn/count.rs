//! How many iterations every learner needs from every start.

use std::path::Path;

use super::learner::learners;
use super::problem;
use crate::Result;
use crate::exchange::append;

pub fn count(folder: &Path, name: &str) -> Result<()> {
    let problem = problem::load(folder, name)?;
    for mut learner in learners(&problem)? {
        eprintln!("    {}", learner.name());
        for start in 0..problem.starts.len() {
            let mut lost = false; // who misses the loose target misses the other
            for (target, error) in &problem.targets {
                let count = if lost { None } else { learner.count(start, *error, problem.iterations) };
                lost = count.is_none();
                let count = count.map_or(String::new(), |count| count.to_string());
                append(&folder.join("counts.csv"), &format!("{name},{target},{},{start},{count}", learner.name()))?;
            }
        }
    }
    Ok(())
}
