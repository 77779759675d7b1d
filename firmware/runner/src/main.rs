//! Builds every image for every board, runs it in QEMU, compares what it prints with `expected/` and what it costs with
//! `budget.toml`. Installs nothing.

mod board;
mod budget;
mod build;
mod elf;
mod figures;
mod image;
mod stack;
mod tables;
mod tools;

use std::process::ExitCode;
use std::sync::mpsc;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use board::{BOARDS, Board};
use budget::Budget;
use figures::Figure;

/// Runs the firmware images on six emulated cores; prints CSV: board, image, shape, metric, value, budget.
#[derive(Parser)]
struct Options {
    /// Writes the figures of this run, with --image those of the image, to budget.toml, and the tables in README.md and
    /// src/into_your_firmware.md that are made of it.
    #[arg(long)]
    bless: bool,
    /// Writes those tables from budget.toml as it is, and runs nothing.
    #[arg(long)]
    tables: bool,
    /// Writes what the images print to expected/.
    #[arg(long)]
    bless_output: bool,
    /// Only this board (a QEMU machine, or `virt`).
    #[arg(long)]
    board: Option<String>,
    /// Only this image.
    #[arg(long)]
    image: Option<String>,
}

type Result<T> = std::result::Result<T, String>;

fn main() -> ExitCode {
    let problems = match run(&Options::parse()) {
        Ok(problems) => problems,
        Err(message) => vec![message],
    };
    for problem in &problems {
        eprintln!("firmware/run: {problem}");
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What went wrong without ending the run.
fn run(options: &Options) -> Result<Vec<String>> {
    let all = options.board.is_none() && options.image.is_none();
    if options.bless && options.board.is_some() {
        return Err("--bless needs the figures of every board".into());
    }
    if options.tables {
        let root = tools::root()?;
        return tables::write(&root, &Budget::load(&root)?.figures()).map(|()| Vec::new());
    }
    let tools = tools::find()?;
    let mut problems = Vec::new();
    let mut figures: Vec<Figure> = Vec::new();
    let boards: Vec<_> =
        BOARDS.iter().filter(|board| options.board.as_deref().is_none_or(|name| name == board.name)).collect();
    if boards.is_empty() {
        return Err(format!("no board {:?}; there are {}", options.board, board::names()));
    }
    let progress = Progress::new();
    std::thread::scope(|scope| -> Result<()> {
        // One board runs while the next ones are built.
        let (built, builds) = mpsc::channel();
        let (boards, tools) = (&boards, &tools);
        scope.spawn(move || {
            for (board, profile) in pairs(boards) {
                // Nobody listens any more after an error.
                if built.send(build::images(board, profile, tools, options.image.as_deref())).is_err() {
                    break;
                }
            }
        });
        for (board, profile) in pairs(boards) {
            progress.begin(format!("{}: builds, profile {profile}", board.name));
            let images = builds.recv().map_err(|error| error.to_string())??;
            for image in &images {
                let name = format!("{} ({}): {}, opt-level {}", board.name, board.core, image.name, image.opt_level());
                progress.begin(name.clone());
                let verdict = match image::run(image, board, tools, options.bless_output) {
                    Ok(measured) => {
                        figures.extend(measured);
                        "ok"
                    }
                    Err(problem) => {
                        problems.push(format!("{name}: {problem}"));
                        "FAILED"
                    }
                };
                progress.end(&format!("{name}: {verdict}"));
            }
            figures.extend(elf::sizes(board, &images)?);
        }
        Ok(())
    })?;
    progress.0.finish_and_clear();
    let mut budget = Budget::load(&tools.root)?;
    if options.bless {
        budget.replace(&figures, &tools.compiler, all)?;
        tables::write(&tools.root, &budget.figures())?;
    }
    problems.extend(tables::check(&tools.root, &budget.figures()));
    problems.extend(budget.check(&figures, &tools.compiler, all));
    figures::print(&figures, &budget)?;
    Ok(problems)
}

/// Every board at every level.
fn pairs<'b>(boards: &[&'b Board]) -> impl Iterator<Item = (&'b Board, &'static str)> {
    boards.iter().flat_map(|&board| build::PROFILES.map(|profile| (board, profile)))
}

/// What is being done now, and a line for what is done, on standard error.
struct Progress(ProgressBar);

impl Progress {
    fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{elapsed:>4} {msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    fn begin(&self, message: String) {
        self.0.set_message(message);
        self.0.tick();
    }

    fn end(&self, line: &str) {
        // Taken before: the bar is locked while it is suspended.
        let elapsed = self.0.elapsed().as_secs();
        self.0.suspend(|| eprintln!("{elapsed:>4} s  {line}"));
    }
}
