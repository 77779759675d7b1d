//! The tables of figures in the README and in the documentation.

use std::collections::BTreeMap;
use std::path::Path;

use crate::Result;
use crate::board::BOARDS;
use crate::figures::Figure;

const BEGIN: &str = "<!-- figures: written by firmware/run --bless -->";
const END: &str = "<!-- end of figures -->";

/// Replaces what stands between the two marks in both files.
pub fn write(root: &Path, figures: &[Figure]) -> Result<()> {
    // Painted stack is a lower bound: the documents have the worst case.
    let all: Vec<&Figure> = figures.iter().filter(|figure| !figure.metric.contains("stack, opt")).collect();
    replace(&root.join("../src/into_your_firmware.md"), &table(&all))?;
    // The README has each figure at the level that one would choose for it.
    let sized = |figure: &Figure| figure.image.starts_with("size_");
    let chosen =
        all.into_iter().filter(|figure| figure.metric.ends_with(if sized(figure) { "opt s" } else { "opt 3" }));
    replace(&root.join("../README.md"), &table(&chosen.collect::<Vec<_>>()))
}

fn replace(path: &Path, table: &str) -> Result<()> {
    let failed = |what: &str| format!("{}: {what}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error.to_string()))?;
    let before = text.split_once(BEGIN).ok_or_else(|| failed("no mark for the figures"))?.0;
    let after = text.split_once(END).ok_or_else(|| failed("no mark for the end of the figures"))?.1;
    std::fs::write(path, format!("{before}{BEGIN}\n{table}{END}{after}")).map_err(|error| failed(&error.to_string()))
}

/// A row per image, shape and metric, a column per core.
fn table(figures: &[&Figure]) -> String {
    let mut rows: Vec<(String, BTreeMap<&str, u64>)> = Vec::new();
    for figure in figures {
        let name = format!("{} | {} | {}", figure.image, figure.shape.replace('x', "×"), figure.metric);
        let row = match rows.iter_mut().find(|(known, _)| *known == name) {
            Some(row) => row,
            None => {
                rows.push((name, BTreeMap::new()));
                let Some(row) = rows.last_mut() else { continue };
                row
            }
        };
        row.1.insert(figure.board, figure.value);
    }
    rows.sort();
    let cores = BOARDS.map(|board| board.core).join(" | ");
    let mut text =
        format!("| image | M×N×K | figure | {cores} |\n| --- | --- | ---{} |\n", " | ---:".repeat(BOARDS.len()));
    for (name, values) in rows {
        let cells = BOARDS.map(|board| values.get(board.name).map_or("–".to_owned(), |&value| grouped(value)));
        text.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
    }
    text
}

/// Thousands apart.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}
