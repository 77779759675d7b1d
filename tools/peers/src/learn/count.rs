//! How many iterations every learner needs from every start.

use std::path::Path;

use super::learner::learners;
use super::problem;
use crate::Result;
use crate::exchange::append;

pub fn count(folder: &Path, build: &str, name: &str) -> Result<()> {
    let problem = problem::load(folder, name)?;
    for mut learner in learners(&problem)? {
        eprintln!("    {}{build}", learner.name());
        for start in 0..problem.starts.len() {
            for (target, error) in &problem.targets {
                let count = learner.count(start, *error, problem.iterations);
                let count = count.map_or(String::new(), |count| count.to_string());
                append(
                    &folder.join("counts.csv"),
                    &format!("{name},{target},{}{build},{start},{count}", learner.name()),
                )?;
            }
        }
    }
    Ok(())
}
