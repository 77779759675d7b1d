//! The tables of figures in the README and in the guide for firmware. Both are made of `budget.toml` alone, so that a run of one
//! image, or a test, can tell whether they are up to date.

use std::collections::BTreeSet;
use std::path::Path;

use crate::Result;
use crate::board::BOARDS;
use crate::figures::Figure;

const BEGIN: &str = "<!-- figures: written by firmware/run --bless -->";
const END: &str = "<!-- end of figures -->";

/// Where the tables stand, seen from the folder `firmware`.
const README: &str = "../README.md";
const GUIDE: &str = "../src/into_your_firmware.md";

/// Writes the tables into both files.
pub fn write(root: &Path, figures: &[Figure]) -> Result<()> {
    for (file, text, _) in pages(root, figures)? {
        std::fs::write(root.join(file), text).map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(())
}

/// What is wrong with the tables, for each file.
pub fn check(root: &Path, figures: &[Figure]) -> Vec<String> {
    match pages(root, figures) {
        Ok(pages) => pages.into_iter().filter(|(_, new, old)| new != old).map(|(file, ..)| stale(file)).collect(),
        Err(message) => vec![message],
    }
}

fn stale(file: &str) -> String {
    let file = file.trim_start_matches("../");
    format!("{file}: the figures between its marks are not those of firmware/budget.toml; see --bless, --tables")
}

/// File, what it should hold, what it holds.
fn pages(root: &Path, figures: &[Figure]) -> Result<Vec<(&'static str, String, String)>> {
    let mut pages = Vec::new();
    for (file, table) in [(README, jobs(figures)?), (GUIDE, guide(figures)?)] {
        let old = std::fs::read_to_string(root.join(file)).map_err(|error| format!("{file}: {error}"))?;
        let new = replaced(&old, &table).map_err(|what| format!("{file}: {what}"))?;
        pages.push((file, new, old));
    }
    Ok(pages)
}

/// The text with the table between the two marks.
fn replaced(text: &str, table: &str) -> Result<String> {
    let (before, rest) = text.split_once(BEGIN).ok_or("no mark for the figures")?;
    let (_, after) = rest.split_once(END).ok_or("no mark for the end of the figures")?;
    Ok(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

// The README: four jobs.

/// A job, and the images that measure it.
struct Job {
    name: &'static str,
    core: &'static str,
    /// Flash and statics of the job alone.
    alone: &'static str,
    image: &'static str,
    instructions: &'static str,
    stack: &'static str,
}

const JOBS: [Job; 4] = [
    Job {
        name: "**encode** one frame, M 64, K 8",
        core: "Cortex-M4F",
        alone: "size_encode",
        image: "encode",
        instructions: "64x1x8 worst encode instructions",
        stack: "64x1x8 encode stack, worst case",
    },
    Job {
        name: "**follow** one frame, M 64, K 8",
        core: "Cortex-M4F",
        alone: "size_online",
        image: "online",
        instructions: "64x1x8 worst push instructions",
        stack: "64x1x8 push stack, worst case",
    },
    Job {
        name: "**learn**: `Nmf::small()`, one sweep, M 64, N 32, K 4",
        core: "Cortex-M4F",
        alone: "size_learn",
        image: "learn",
        instructions: "64x32x4 sweep instructions",
        stack: "64x32x4 fit stack, worst case",
    },
    Job {
        name: "**encode without FPU**, in integers",
        core: "Cortex-M0",
        alone: "size_encode_q15",
        image: "encode_q15",
        instructions: "64x1x8 worst encode i16 instructions",
        stack: "64x1x8 encode_words stack, worst case",
    },
];

/// The smallest and the fastest level.
const LEVELS: [&str; 2] = ["s", "3"];
const CLOCK_KHZ: u64 = 64_000;

fn jobs(figures: &[Figure]) -> Result<String> {
    let mut text = "\
| job | core | RAM, bytes: state + stack | flash, bytes | instructions | ms at 64 MHz |
| --- | --- | ---: | ---: | ---: | ---: |
"
    .to_owned();
    for job in &JOBS {
        let at = |image: &str, key: &str, level: &str| value(figures, job.core, image, &format!("{key}, opt {level}"));
        let both = |image: &str, key: &str| -> Result<[u64; 2]> {
            Ok([at(image, key, LEVELS[0])?, at(image, key, LEVELS[1])?])
        };
        let [state, fast] = both(job.alone, "static RAM above an empty image")?;
        let state = state.max(fast);
        let [stack, fast] = both(job.image, job.stack)?;
        let stack = stack.max(fast);
        let flash = both(job.alone, "flash above an empty image")?.map(grouped).join(" / ");
        let counts = both(job.image, job.instructions)?;
        let times = counts.map(|count| two_digits(count, CLOCK_KHZ)).join(" / ");
        let counts = counts.map(grouped).join(" / ");
        text.push_str(&format!(
            "| {} | {} | {} + {} | {flash} | {counts} | {times} |\n",
            job.name,
            job.core,
            grouped(state),
            grouped(stack)
        ));
    }
    text.push_str(
        "\n\
Two values: opt-level \"s\" / 3; RAM: the larger. Flash includes the dictionary. An emulator (QEMU) counts\n\
instructions, of frames the worst of some 1000; ms at one a cycle, a real core takes longer. Six cores, and\n\
how to link it: [Into your firmware](src/into_your_firmware.md).\n",
    );
    Ok(text)
}

fn value(figures: &[Figure], core: &str, image: &str, key: &str) -> Result<u64> {
    let board = BOARDS.iter().find(|board| board.core == core).map_or("", |board| board.name);
    let wanted = |figure: &&Figure| figure.board == board && figure.image == image && figure.key() == key;
    let figure = figures.iter().find(wanted);
    figure.map(|figure| figure.value).ok_or_else(|| format!("the README needs {board}, {image}, {key}"))
}

/// The quotient with two significant digits, or all before the point.
fn two_digits(value: u64, by: u64) -> String {
    let quotient = value as f64 / by as f64;
    let digits = match quotient {
        _ if quotient >= 9.95 => 0,
        _ if quotient >= 0.995 => 1,
        _ => 2,
    };
    format!("{quotient:.digits$}")
}

// The guide: a table per job.

struct Table {
    heading: &'static str,
    caption: &'static str,
    /// Images, and what a row of one is called where there are several.
    images: &'static [(&'static str, &'static str)],
    /// Only metrics that start so.
    metric: &'static str,
}

const TABLES: [Table; 11] = [
    Table {
        heading: "Encode a frame",
        caption: "`Encoder::encode`, dictionary 64×8 in flash: median and worst of 1000 digits.",
        images: &[("encode", "")],
        metric: "",
    },
    Table {
        heading: "Encode a frame in integers",
        caption: "`IntegerEncoder::encode` with the same frames as counts of 8 bits and of 16 (stack: `encode`, `encode_words`).",
        images: &[("encode_q15", "")],
        metric: "",
    },
    Table {
        heading: "Solve for one frame",
        caption: "`nnls::solve` from a cold start, Gram and cross products given: median and worst of all frames.",
        images: &[("nnls", "")],
        metric: "",
    },
    Table {
        heading: "Follow a stream",
        caption: "`Online::push`, 64×8, three components improved a frame: median and worst of 980 digits.",
        images: &[("online", "")],
        metric: "",
    },
    Table {
        heading: "Follow a stream in integers",
        caption: "`IntegerOnline::push` with the same frames, one component improved a frame.",
        images: &[("online_q15", "")],
        metric: "",
    },
    Table {
        heading: "Learn",
        caption: "`Nmf::small()`: one sweep of HALS with three passes, and the stack of a whole fit.",
        images: &[("learn", "")],
        metric: "",
    },
    Table {
        heading: "Learn in integers",
        caption: "`QuantizedFactors::sweep`.",
        images: &[("learn_q15", "")],
        metric: "",
    },
    Table {
        heading: "Kaczmarz projections",
        caption: "`kaczmarz::project` onto one row, 300 of them as a solve, a sweep of `Kaczmarz`, and the stack of a whole fit.",
        images: &[("kaczmarz", "")],
        metric: "",
    },
    Table {
        heading: "Against C",
        caption: "The same work in C (GCC 12, `-O3`, fused multiply-adds), plain and on CMSIS-DSP 1.10.3; median and worst of the frames.",
        images: &[("versus", "")],
        metric: "",
    },
    Table {
        heading: "Flash",
        caption: "Bytes above an image that does nothing, dictionaries included.",
        images: SIZES,
        metric: "flash",
    },
    Table {
        heading: "Static RAM",
        caption: "Bytes above an image that does nothing. What is not listed has no statics.",
        images: SIZES,
        metric: "static RAM",
    },
];

const SIZES: &[(&str, &str)] = &[
    ("size_nnls", "`nnls::solve`, K 8"),
    ("size_encode", "`Encoder`, 64×8"),
    ("size_encode_q15", "`IntegerEncoder`, 64×8"),
    ("size_online", "`Online`, 64×8"),
    ("size_hals", "`Nmf::small()`, 16×32, K 4, data in flash"),
    ("size_learn", "random start and `Nmf::small()`, 64×32, K 4"),
    ("size_fit", "the same and `finish(Anls)`"),
];

fn guide(figures: &[Figure]) -> Result<String> {
    let listed = |figure: &Figure| TABLES.iter().any(|table| table.label(figure).is_some());
    if let Some(figure) = figures.iter().find(|figure| !listed(figure)) {
        return Err(format!("{}, {}: in no table of {GUIDE}", figure.image, figure.metric));
    }
    Ok(TABLES.iter().map(|table| table.render(figures)).collect())
}

/// A row: its labels, and a value for every board.
struct Row {
    labels: Vec<String>,
    level: String,
    values: [Option<u64>; BOARDS.len()],
}

impl Table {
    /// What the rows of this image are called, if the figure belongs here.
    fn label(&self, figure: &Figure) -> Option<&'static str> {
        let (_, label) = self.images.iter().find(|(image, _)| *image == figure.image)?;
        figure.metric.starts_with(self.metric).then_some(*label)
    }

    fn render(&self, figures: &[Figure]) -> String {
        let mut rows = self.rows(figures);
        let shapes: BTreeSet<&str> = rows.iter().filter_map(|row| row.labels.get(1).map(String::as_str)).collect();
        let mut heads = vec!["figure"];
        if shapes.len() > 1 {
            heads.push("M×N×K");
        } else {
            rows.iter_mut().for_each(|row| row.labels.truncate(1));
        }
        heads.push("opt-level");
        let cores = columns(&rows);
        let names = cores.iter().map(|boards| boards.iter().map(|&b| BOARDS[b].core).collect::<Vec<_>>().join(", "));
        let heads = heads.into_iter().map(str::to_owned).chain(names).collect::<Vec<_>>().join(" | ");
        let rule = "| --- ".repeat(heads.matches(" | ").count() + 1 - cores.len()) + &"| ---: ".repeat(cores.len());
        let mut text = format!("\n## {}\n\n{}\n\n| {heads} |\n{rule}|\n", self.heading, self.caption);
        for row in rows {
            let values = cores.iter().filter_map(|boards| boards.first().map(|&board| row.values[board]));
            let cells = values.map(|value| value.map_or("–".to_owned(), grouped));
            let cells: Vec<String> = row.labels.into_iter().chain([row.level]).chain(cells).collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        text
    }

    /// A row per image, shape, metric and level; one for both levels where they agree on every board.
    fn rows(&self, figures: &[Figure]) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for figure in figures {
            let Some(label) = self.label(figure) else { continue };
            let (metric, level) = figure.metric.rsplit_once(", opt ").unwrap_or((&figure.metric, ""));
            let metric = metric.replace(" stack, worst case", " stack, bytes");
            let name = if label.is_empty() { metric } else { label.to_owned() };
            let labels = vec![name, figure.shape.replace('x', "×")];
            let index = match rows.iter().position(|row| row.labels == labels && row.level == level) {
                Some(index) => index,
                None => {
                    rows.push(Row { labels, level: level.to_owned(), values: [None; BOARDS.len()] });
                    rows.len() - 1
                }
            };
            let board = BOARDS.iter().position(|board| board.name == figure.board);
            if let (Some(row), Some(board)) = (rows.get_mut(index), board) {
                row.values[board] = Some(figure.value);
            }
        }
        let place =
            |row: &Row| self.images.iter().position(|(_, label)| row.labels.first().is_some_and(|l| l == label));
        // Labelled rows stand as they are listed, the others by name.
        rows.sort_by_cached_key(|row| (place(row), row.labels.clone(), row.level.clone()));
        rows.dedup_by(|second, first| {
            let same = first.labels == second.labels && first.values == second.values;
            if same {
                first.level = format!("{}, {}", first.level, second.level);
            }
            same
        });
        rows.retain(|row| row.values.iter().flatten().any(|&value| value > 0));
        rows
    }
}

/// Boards that share a column: neighbours with the same values throughout. A board without a value has none.
fn columns(rows: &[Row]) -> Vec<Vec<usize>> {
    let mut columns: Vec<Vec<usize>> = Vec::new();
    for board in 0..BOARDS.len() {
        let same = |other: usize| rows.iter().all(|row| row.values[other] == row.values[board]);
        if rows.iter().all(|row| row.values[board].is_none()) {
            continue;
        }
        match columns.last_mut() {
            Some(column) if column.first().is_some_and(|&first| same(first)) => column.push(board),
            _ => columns.push(vec![board]),
        }
    }
    columns
}

/// Thousands apart.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    fn budget() -> Vec<Figure> {
        Budget::load(root()).unwrap().figures()
    }

    #[test]
    fn both_pages_are_what_the_budgets_give() {
        assert_eq!(check(root(), &budget()), [""; 0]);
    }

    #[test]
    fn a_changed_figure_makes_both_pages_stale() {
        let mut figures = budget();
        let worst = |figure: &&mut Figure| {
            figure.image == "encode" && figure.board == "mps2-an386" && figure.metric.starts_with("worst")
        };
        figures.iter_mut().find(worst).unwrap().value += 1000;
        let problems = check(root(), &figures);
        assert_eq!(problems.len(), 2);
        assert!(problems[0].starts_with("README.md: ") && problems[0].ends_with("see --bless, --tables"));
    }

    #[test]
    fn the_readme_names_a_figure_that_is_missing() {
        let mut figures = budget();
        figures.retain(|figure| figure.image != "size_online");
        let message = jobs(&figures).unwrap_err();
        assert!(message.contains("mps2-an386, size_online, static RAM above an empty image, opt s"), "{message}");
    }

    #[test]
    fn the_readme_has_four_rows_of_six_cells() {
        let text = jobs(&budget()).unwrap();
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| **")).collect();
        assert_eq!(rows.len(), JOBS.len());
        assert!(rows.iter().all(|row| row.matches(" | ").count() == 5));
    }

    #[test]
    fn a_new_image_must_be_in_a_table() {
        let mut figures = budget();
        let new = Figure { image: "unheard_of".into(), ..figures[0].clone() };
        figures.push(new);
        assert!(guide(&figures).unwrap_err().starts_with("unheard_of"));
    }

    #[test]
    fn text_around_the_marks_stays() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        assert_eq!(replaced(&text, "new\n").unwrap(), format!("before\n{BEGIN}\nnew\n{END}\nafter\n"));
        assert!(replaced("no marks", "").is_err());
        assert!(replaced(&format!("{END}{BEGIN}"), "").is_err());
    }

    fn figure(board: usize, metric: &str, value: u64) -> Figure {
        let (image, shape) = ("encode".to_owned(), "64x1x8".to_owned());
        Figure { board: BOARDS[board].name, image, shape, metric: metric.to_owned(), value }
    }

    #[test]
    fn equal_levels_share_a_row_and_equal_boards_a_column() {
        let mut figures = Vec::new();
        for (board, state, count) in [(2, 4, 1000), (3, 4, 1000), (4, 4, 999)] {
            figures.push(figure(board, "state bytes, opt 3", state));
            figures.push(figure(board, "state bytes, opt s", state));
            figures.push(figure(board, "count, opt 3", count));
            figures.push(figure(board, "count, opt s", 2 * count));
            figures.push(figure(board, "nothing, opt s", 0));
        }
        let expected = "
## Encode a frame

`Encoder::encode`, dictionary 64×8 in flash: median and worst of 1000 digits.

| figure | opt-level | Cortex-M4F, Cortex-M7 | Cortex-M33 |
| --- | --- | ---: | ---: |
| count | 3 | 1 000 | 999 |
| count | s | 2 000 | 1 998 |
| state bytes | 3, s | 4 | 4 |
";
        assert_eq!(TABLES[0].render(&figures), expected);
    }

    #[test]
    fn milliseconds_have_two_digits() {
        assert_eq!(
            [9475, 63_700, 92_005, 640_000, 4_572_474].map(|n| two_digits(n, CLOCK_KHZ)),
            ["0.15", "1.0", "1.4", "10", "71"]
        );
    }
}
