//! Instructions of sweeps, codes and updates on this machine, against a baseline; and how a sweep grows with M, N and K.
//!
//! ```sh
//! benches/run            # counts, compares with benches/instructions/baseline.csv, writes target/instructions.csv
//! benches/run --bless    # writes the baseline
//! ```
//!
//! Counted by callgrind, exactly and repeatably; of a baseline's machine only the compiler and the target matter, and a little which
//! `memset` its C library chooses. Output is CSV: what, M, N, K, scalar, and the median and the worst of five sweeps or a hundred frames.

mod callgrind;
mod cases;
#[path = "../../examples/common/data.rs"]
mod data;
mod figure;
mod growth;

use std::path::Path;
use std::process::{Command, ExitCode};

use figure::Figures;
use growth::MODELS;

fn main() -> ExitCode {
    let mut bless = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            callgrind::COUNTED => {
                cases::run();
                return ExitCode::SUCCESS;
            }
            "--bless" => bless = true,
            "--bench" => {} // from cargo
            _ => return fail(&[format!("unknown option {argument}; known: --bless")]),
        }
    }
    match compare(bless) {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => fail(&problems),
        Err(problem) => fail(&[problem]),
    }
}

fn fail(problems: &[String]) -> ExitCode {
    for problem in problems {
        eprintln!("instructions: {problem}");
    }
    ExitCode::FAILURE
}

/// What is not as it should be.
fn compare(bless: bool) -> Result<Vec<String>, String> {
    if cfg!(debug_assertions) {
        return Err("not optimised; run it with: benches/run".into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (target, baseline) = (root.join("target"), root.join("benches/instructions/baseline.csv"));
    std::fs::create_dir_all(&target).map_err(|error| format!("{}: {error}", target.display()))?;
    let figures = Figures { compiler: compiler()?, list: callgrind::figures(&target.join("callgrind.out"))? };
    let report = target.join("instructions.csv");
    figures.write(&report)?;
    print!("{}", std::fs::read_to_string(&report).map_err(|error| error.to_string())?);
    if bless {
        figures.write(&baseline)?;
    }
    let mut problems = figures.differences(&Figures::read(&baseline)?);
    for model in &MODELS {
        let fit = model.fit(&model.series(&figures.list));
        let words = model.report(&fit);
        println!("# {words}");
        if fit.worst.1.abs() > model.tolerance {
            problems.push(format!("{words}; {:.0} % are allowed", 100.0 * model.tolerance));
        }
    }
    Ok(problems)
}

/// Release and target of the compiler: the toolchain that cargo was started with.
fn compiler() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output().map_err(|error| format!("rustc: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("unknown");
    Ok(format!("rustc {}, {}", field("release: "), field("host: ")))
}
