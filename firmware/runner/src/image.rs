//! One run of an image: its output, its status, its figures.

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::board::Board;
use crate::build::Image;
use crate::figures::Figure;
use crate::tools::Tools;
use crate::{Result, elf, stack};

/// Far more than any image takes; only a hang reaches it.
const LIMIT: Duration = Duration::from_secs(120);
/// The exit status that the images give a fault.
const FAULT: i32 = 70;

struct Finished {
    output: String,
    errors: String,
    status: Option<i32>,
}

/// Runs the image twice where it measures, compares and proves. Gives its figures.
pub fn run(image: &Image, board: &Board, tools: &Tools, bless: bool) -> Result<Vec<Figure>> {
    let graph = stack::Graph::read(image, board, tools)?;
    if image.name != "overflow"
        && let Some(cycle) = graph.recursion()
    {
        return Err(format!("recursion: {cycle}"));
    }
    if board.soft && !matches!(image.name.as_str(), "digest" | "digest_codes" | "nopanic") {
        elf::without_soft_floats(image)?;
    }
    if !image.runs(board) {
        return Ok(Vec::new());
    }
    let finished = emulate(image, board)?;
    if image.faults() {
        return faulted(&finished).map(|()| Vec::new());
    }
    ended_well(&finished)?;
    let (measured, printed): (Vec<&str>, Vec<&str>) =
        finished.output.lines().partition(|line| line.starts_with("measured "));
    compare(&printed, image, board, &tools.root, bless)?;
    if measured.is_empty() {
        return Ok(Vec::new());
    }
    let again = emulate(image, board)?;
    if again.output != finished.output {
        return Err(format!("a second run printed something else:\n{}", again.output));
    }
    let mut figures = Vec::new();
    for line in measured {
        let figure = figure(line, image, board).ok_or_else(|| format!("not a figure: {line}"))?;
        let computed = computed(&figure, image, &graph)?;
        figures.push(figure);
        figures.extend(computed);
    }
    Ok(figures)
}

/// `measured SHAPE METRIC … VALUE`.
fn figure(line: &str, image: &Image, board: &Board) -> Option<Figure> {
    let rest = line.strip_prefix("measured s")?;
    let (shape, rest) = rest.split_once(' ')?;
    let (metric, value) = rest.rsplit_once(' ')?;
    let metric = format!("{metric}, opt {}", image.opt_level());
    let (image, shape) = (image.name.clone(), shape.to_owned());
    Some(Figure { board: board.name, image, shape, metric, value: value.parse().ok()? })
}

/// For a stack that was painted: the worst case by the call graph, which must not be less.
fn computed(figure: &Figure, image: &Image, graph: &stack::Graph) -> Result<Option<Figure>> {
    let Some((function, _)) = figure.metric.split_once(" stack") else { return Ok(None) };
    let root = format!("{}::s{}::{function}", figure.image, figure.shape);
    let value = graph.depth(&root)?;
    if value < figure.value {
        return Err(format!(
            "{root}: {} bytes of stack were painted over, the call graph allows {value}",
            figure.value
        ));
    }
    let metric = format!("{function} stack, worst case, opt {}", image.opt_level());
    Ok(Some(Figure { metric, value, ..figure.clone() }))
}

fn emulate(image: &Image, board: &Board) -> Result<Finished> {
    let mut command = board.emulator();
    command.arg(&image.path).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("QEMU: {error}"))?;
    let read = |stream: Option<Box<dyn std::io::Read + Send>>| {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            if let Some(mut stream) = stream {
                // What was read until an error is what there is.
                let _ = stream.read_to_end(&mut text);
            }
            String::from_utf8_lossy(&text).into_owned()
        })
    };
    let output = read(child.stdout.take().map(|stream| Box::new(stream) as _));
    let errors = read(child.stderr.take().map(|stream| Box::new(stream) as _));
    let start = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if start.elapsed() > LIMIT => {
                // It may have ended in this moment.
                let _ = child.kill();
                return Err(format!("still running after {} s", LIMIT.as_secs()));
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let text = |handle: std::thread::JoinHandle<String>| handle.join().unwrap_or_default();
    // Semihosting prints to QEMU's standard error.
    let (output, errors) = (text(output), text(errors));
    let (printed, noise): (Vec<&str>, Vec<&str>) = errors.lines().partition(|line| !line.starts_with("qemu"));
    let output = format!("{output}{}", printed.iter().map(|line| format!("{line}\n")).collect::<String>());
    Ok(Finished { output, errors: noise.join("\n"), status: status.code() })
}

/// Why a run ended, in words; `None` for one that went well.
fn verdict(finished: &Finished) -> Option<String> {
    if finished.errors.contains("Lockup") {
        return Some("the core locked up: a fault while it took a fault, as after a stack overflow".into());
    }
    match finished.status {
        Some(0) => None,
        Some(FAULT) => {
            Some(finished.output.lines().filter(|line| line.starts_with("fault")).collect::<Vec<_>>().join(", "))
        }
        Some(status) => Some(format!("status {status}\n{}{}", finished.output, finished.errors)),
        None => Some(format!("QEMU was killed\n{}{}", finished.output, finished.errors)),
    }
}

fn ended_well(finished: &Finished) -> Result<()> {
    verdict(finished).map_or(Ok(()), Err)
}

fn faulted(finished: &Finished) -> Result<()> {
    match verdict(finished) {
        Some(verdict) if verdict.starts_with("fault: ") || verdict.starts_with("the core locked up") => Ok(()),
        Some(verdict) => Err(format!("should have ended in a fault, not with {verdict}")),
        None => Err("should have ended in a fault".into()),
    }
}

/// With `expected/IMAGE.BOARD.out` if there is one, else with `expected/IMAGE.out`: the same bits on every board.
fn compare(printed: &[&str], image: &Image, board: &Board, root: &Path, bless: bool) -> Result<()> {
    let folder = root.join("expected");
    let special = folder.join(format!("{}.{}.out", image.name, board.name));
    let path = if special.exists() { special } else { folder.join(format!("{}.out", image.name)) };
    let text: String = printed.iter().map(|line| format!("{line}\n")).collect();
    if bless {
        return std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()));
    }
    let expected = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    if text == expected {
        return Ok(());
    }
    Err(format!("prints something else than {}:\n{text}", path.display()))
}
