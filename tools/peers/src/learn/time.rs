//! Times the planned fits of the learners written in Rust, single iterations, and the peak of the processor.

use std::path::Path;
use std::time::Instant;

use super::learner::{Learner, learners, sweepers};
use super::peak;
use super::problem::{self, Problem};
use crate::Result;
use crate::exchange::{append, table};

/// The time of an iteration is the difference of two fits, and so without what only happens once.
const BRIEF: u32 = 10;
const LONG: u32 = 40;

/// Every planned fit at least once, and until `seconds` have gone.
pub fn time(folder: &Path, build: &str, name: &str, round: &str, seconds: f64) -> Result<()> {
    let problem = problem::load(folder, name)?;
    let plan = table::<5>(&folder.join("plan.csv"))?;
    for mut learner in learners(&problem)? {
        let full = format!("{}{build}", learner.name());
        for (target, error) in &problem.targets {
            let planned = plan.iter().filter(|[p, t, l, ..]| p == name && t == target && l == learner.name());
            let planned = planned.map(|[.., iterations]| Ok(iterations.parse()?)).collect::<Result<Vec<u32>>>()?;
            for (start, fastest) in fastest(&mut *learner, *error, &planned, seconds).into_iter().enumerate() {
                append(&folder.join("learn.csv"), &format!("{round},{name},{target},{full},{start},{fastest}"))?;
            }
        }
    }
    sweeps(folder, build, round, &problem, seconds)
}

/// Seconds of the fastest fit from every start.
fn fastest(learner: &mut dyn Learner, error: f64, iterations: &[u32], seconds: f64) -> Vec<f64> {
    let mut fastest = vec![f64::INFINITY; iterations.len()];
    let begin = Instant::now();
    while !fastest.is_empty() {
        for (start, (fastest, &iterations)) in fastest.iter_mut().zip(iterations).enumerate() {
            *fastest = fastest.min(learner.time(start, error, iterations));
        }
        if begin.elapsed().as_secs_f64() >= seconds {
            break;
        }
    }
    fastest
}

fn sweeps(folder: &Path, build: &str, round: &str, problem: &Problem, seconds: f64) -> Result<()> {
    let mut learners = sweepers(problem);
    for learner in &mut learners {
        // The same start twice: number 0, briefly and long.
        let mut of = |iterations| fastest(&mut **learner, 0., &[iterations], 2. * seconds)[0];
        let iteration = (of(LONG) - of(BRIEF)) / f64::from(LONG - BRIEF);
        append(&folder.join("sweeps.csv"), &format!("{round},{},{}{build},{iteration}", problem.name, learner.name()))?;
    }
    if !learners.is_empty() {
        append(&folder.join("peaks.csv"), &format!("{round},{build},{}", peak::measure()))?;
    }
    Ok(())
}
