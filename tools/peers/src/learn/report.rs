//! Expected times of all learners as CSV and as Markdown.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::ert::{Found, found};
use super::problem::{ROWS, Row, targets};
use super::sweeps;
use crate::Result;
use crate::markdown::{three, versions};

/// Fewer successes decide nothing.
const FEW: usize = 3;
const SCIKIT_LEARN: &str = "scikit-learn cd f64";

pub fn report(folder: &Path) -> Result<()> {
    let found = found(folder)?;
    println!(
        "problem,target,learner,successes,starts,median_iterations,give_up_after,seconds,fastest_peer_over_it,scikit_learn_cd_over_it"
    );
    for Found { problem, target, learner, starts, successes, patience, median, seconds } in &found {
        let rival = rival(&found, problem, target, true).map_or(f64::INFINITY, |peer| peer.seconds);
        let classic = learner_of(&found, problem, target, SCIKIT_LEARN).map_or(f64::INFINITY, |peer| peer.seconds);
        println!(
            "{problem},{target},{learner},{successes},{starts},{median},{patience},{seconds:.4e},{:.3},{:.3}",
            rival / seconds,
            classic / seconds
        );
    }
    let mut text = versions(folder)?;
    text.push_str(ABOUT);
    fastest(&mut text, &found)?;
    everybody(&mut text, &found)?;
    sweeps::table(&mut text, folder)?;
    Ok(fs::write(folder.join("learn.md"), text)?)
}

const ABOUT: &str = "

Expected time with restarts, one thread: the time of all starts, each until it reaches the error or is given up, over the number \
of successes. A learner gives up after the same number of iterations at every start: the number at which its expected iterations \
are fewest in hindsight. Iterations are counted first. What is timed is one call that makes just as many (no tolerance), the \
fastest of all rounds for every start.

* *error*: relative; of inexact data within 1 % and 0.1 % of the best one known.
* *÷*: above 1 tinynmf is faster, below 1 slower. ≈: fewer than three successes on a side.
* *native*: built for this CPU, the same iterations.
* Starts are |N(0, 1)|·√(mean/K), the same for all but ferrolearn (uniform, seeded, drawn in the call) and nnmf_nalgebra (uniform, \
drawn anew in every call, stops by itself; the mean of 100 calls).
* Times of tinynmf include the check of the data and of the error.
* Not measured: nnmf_nalgebra beyond V (NaN on zero rows and columns, which of the others only the piano and the random product \
lack), RcppML (needs R), nonnegfac (not on PyPI), nmf-rs on the swimmer and all digits (two to eight times the others' time an \
iteration).

";

/// The fastest peer beside tinynmf.
fn fastest(text: &mut String, found: &[Found]) -> Result<()> {
    writeln!(
        text,
        "| problem | error | fastest peer | scikit-learn cd f64 | tinynmf | fastest peer ÷ tinynmf | native | fastest peer ÷ native |\n\
         |---|---|---|---|---|---|---|---|"
    )?;
    for (row, target) in rows(found) {
        let of = |learner| learner_of(found, row.name, target, learner);
        let [plain, native] =
            [("tinynmf f32", "tinynmf f64"), ("tinynmf f32 native", "tinynmf f64 native")].map(|(single, double)| {
                [of(single), of(double)].into_iter().flatten().find(|found| found.successes > 0).or(of(single))
            });
        let peers = [false, true].map(|native| rival(found, row.name, target, native));
        write!(text, "| {} | {target} | {} | {} |", row.name, named(peers[0]), time(of(SCIKIT_LEARN)))?;
        for (ours, peer) in [(plain, peers[0]), (native, peers[1])] {
            let double = if ours.is_some_and(|ours| ours.learner.contains("f64")) { ", f64" } else { "" };
            let ratio = peer.zip(ours).map_or(f64::NAN, |(peer, ours)| peer.seconds / ours.seconds);
            let few = [ours, peer].iter().flatten().any(|found| found.successes < FEW);
            let ratio = match ratio {
                _ if !(ratio.is_finite() && ratio > 0.) => "undecided".into(),
                _ if few => format!("≈ {}×", three(ratio)),
                _ => format!("{}×", three(ratio)),
            };
            write!(text, " {}{double} | {ratio} |", time(ours))?;
        }
        writeln!(text)?;
    }
    Ok(())
}

/// A column a learner, without those built for this CPU.
fn everybody(text: &mut String, found: &[Found]) -> Result<()> {
    let mut learners = Vec::<&str>::new();
    for Found { learner, .. } in found.iter().filter(|found| !found.is_native()) {
        if !learners.contains(&&**learner) {
            learners.push(learner);
        }
    }
    writeln!(text, "\nEverybody; successes of starts; median iterations of the successes.\n")?;
    writeln!(text, "| problem | error | {} |\n|---|---|{}", learners.join(" | "), "---|".repeat(learners.len()))?;
    for (row, target) in rows(found) {
        write!(text, "| {} | {target} |", row.name)?;
        for learner in &learners {
            match learner_of(found, row.name, target, learner) {
                Some(found) => write!(text, " {} {} |", time(Some(found)), iterations(found))?,
                None => write!(text, " – |")?,
            }
        }
        writeln!(text)?;
    }
    Ok(())
}

fn rows(found: &[Found]) -> impl Iterator<Item = (&'static Row, &'static str)> {
    let measured = |row: &&Row| found.iter().any(|found| found.problem == row.name);
    ROWS.iter().filter(measured).flat_map(|row| targets(row).map(|(target, _)| (row, target)))
}

fn learner_of<'f>(found: &'f [Found], problem: &str, target: &str, learner: &str) -> Option<&'f Found> {
    found.iter().find(|found| found.problem == problem && found.target == target && found.learner == learner)
}

/// The fastest peer, with those built for this CPU or without.
fn rival<'f>(found: &'f [Found], problem: &str, target: &str, native: bool) -> Option<&'f Found> {
    let peers = found.iter().filter(|found| found.problem == problem && found.target == target && found.is_peer());
    peers.filter(|peer| native || !peer.is_native()).min_by(|a, b| a.seconds.total_cmp(&b.seconds))
}

fn named(found: Option<&Found>) -> String {
    found.filter(|found| found.successes > 0).map_or("none".into(), |peer| format!("{} {}", peer.learner, time(found)))
}

/// Time and share of successes.
fn time(found: Option<&Found>) -> String {
    let Some(&Found { seconds, successes, starts, .. }) = found else { return "–".into() };
    let time = match seconds {
        0.0..1e-3 => format!("{} µs", three(1e6 * seconds)),
        1e-3..1. => format!("{} ms", three(1e3 * seconds)),
        1.0..1e9 => format!("{} s", three(seconds)),
        _ => "never".into(),
    };
    format!("{time} ({successes}/{starts})")
}

fn iterations(found: &Found) -> String {
    if found.successes == 0 || found.learner.starts_with("nnmf") { String::new() } else { found.median.to_string() }
}
