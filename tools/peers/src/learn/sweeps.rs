//! Single iterations beside the peak of the processor.

use std::fmt::Write;
use std::path::Path;

use super::problem::ROWS;
use crate::Result;
use crate::exchange;
use crate::markdown::three;

pub fn table(text: &mut String, folder: &Path) -> Result<()> {
    let sweeps = fastest(
        exchange::table::<4>(&folder.join("sweeps.csv"))?
            .into_iter()
            .map(|[_, problem, learner, seconds]| ((problem, learner), seconds)),
    )?;
    let peaks = exchange::table::<3>(&folder.join("peaks.csv"))?;
    let peaks = fastest(peaks.into_iter().map(|[_, build, flops]| (build, flops)))?;
    writeln!(
        text,
        "\nOne iteration, from two fits of different length. flop of a sweep of three passes: 2·(2·M·N·K + (M + N)·5·K²). Peak: independent \
         chains of f32 multiplications and additions, two roundings, in the registers of the build (SSE2 by default, AVX native).\n\n\
         | problem | learner | ms | Gflop/s | peak of the build, Gflop/s | share |\n|---|---|---|---|---|---|"
    )?;
    for ((problem, learner), seconds) in &sweeps {
        write!(text, "| {problem} | {learner} | {} |", three(1e3 * seconds.0))?;
        let build = if learner.ends_with(" native") { " native" } else { "" };
        let row = ROWS.iter().find(|row| row.name == problem);
        let peak = peaks.iter().find(|(known, _)| known == build);
        match (row, peak) {
            (Some(row), Some((_, peak))) if learner.starts_with("tinynmf") => {
                let (m, n, k) = row.shape;
                let speed = 2. * (2 * m * n * k + (m + n) * 5 * k * k) as f64 / seconds.0;
                let share = 100. * speed / peak.1;
                writeln!(text, " {} | {} | {} % |", three(1e-9 * speed), three(1e-9 * peak.1), three(share))?;
            }
            _ => writeln!(text, " – | – | – |")?,
        }
    }
    Ok(())
}

/// The least and the greatest value of every key, in the order of their first appearance.
fn fastest<K: PartialEq>(lines: impl Iterator<Item = (K, String)>) -> Result<Vec<(K, (f64, f64))>> {
    let mut all = Vec::<(K, (f64, f64))>::new();
    for (key, value) in lines {
        let value: f64 = value.parse()?;
        match all.iter_mut().find(|(known, _)| *known == key) {
            Some((_, (least, greatest))) => (*least, *greatest) = (least.min(value), greatest.max(value)),
            None => all.push((key, (value, value))),
        }
    }
    Ok(all)
}
