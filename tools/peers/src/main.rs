//! tinynmf and its peers side by side: the Rust half, and the reports of both. Started by `run`.
//!
//! ```text
//! tinynmf-peers encode-prepare FOLDER FRAMES                      learns W, writes W and as many frames, if there are
//! tinynmf-peers encode-measure FOLDER BUILD ROUND SECONDS PASSES  times the encoders of this build, keeps their codes
//! tinynmf-peers encode-report  FOLDER                             CSV of the above; encode.md
//! tinynmf-peers learn-prepare  FOLDER SHARE                       writes X and starts; below 1: few problems, few starts
//! tinynmf-peers learn-count    FOLDER PROBLEM                     iterations from every start to every target
//! tinynmf-peers learn-plan     FOLDER                             when to give up
//! tinynmf-peers learn-time     FOLDER BUILD PROBLEM ROUND SECONDS times the planned fits of this build
//! tinynmf-peers learn-report   FOLDER                             CSV of the above; learn.md
//! tinynmf-peers publish        FOLDER NAME DOCUMENT               puts NAME.md between its marks in a document
//! ```
//!
//! What lies in FOLDER (numbers are little-endian f64):
//!
//! | file | content |
//! | --- | --- |
//! | `versions.csv` | what ran, its version |
//! | `cases.csv` | case, M, K, number of frames |
//! | `CASE.w`, `CASE.x` | K columns of W; the frames. Every value is an f32, so that all encoders solve the same problems |
//! | `encode.csv` | round, case, encoder, µs per frame |
//! | `CASE.ENCODER.h` | codes, a frame after the other |
//! | `problems.csv` | problem, M, N, K, most iterations, number of starts |
//! | `targets.csv` | problem, target, relative error |
//! | `PROBLEM.x`, `PROBLEM.START.w`, `PROBLEM.START.h` | N columns of X; K of W, N of H. Every value is an f32 |
//! | `counts.csv` | problem, target, learner, start, iterations or empty |
//! | `plan.csv` | problem, target, learner, start, iterations of the timed fit |
//! | `learn.csv` | round, problem, target, learner, start, seconds |
//! | `sweeps.csv` | round, problem, learner, seconds of an iteration |
//! | `peaks.csv` | round, build, flop/s |

mod data;
mod encode;
mod exchange;
mod learn;
mod markdown;
#[path = "../../../examples/common/notebook.rs"]
mod notebook;
mod scalar;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let mut next = |what: &str| words.next().ok_or(format!("tinynmf-peers: {what} is missing"));
    let task = next("the task")?;
    let folder = PathBuf::from(next("the folder")?);
    match task.as_str() {
        "encode-prepare" => encode::prepare(&folder, next("the number of frames")?.parse()?),
        "encode-measure" => {
            let (build, round) = (next("the build")?, next("the round")?);
            let effort = encode::Effort { seconds: next("the time")?.parse()?, passes: next("passes")?.parse()? };
            encode::measure(&folder, &build, &round, effort)
        }
        "encode-report" => encode::report(&folder),
        "learn-prepare" => learn::prepare(&folder, next("the share")?.parse()?),
        "learn-count" => learn::count(&folder, &next("the problem")?),
        "learn-plan" => learn::plan(&folder),
        "learn-time" => {
            let (build, problem, round) = (next("the build")?, next("the problem")?, next("the round")?);
            learn::time(&folder, &build, &problem, &round, next("the time")?.parse()?)
        }
        "learn-report" => learn::report(&folder),
        "publish" => {
            let (name, document) = (next("the name")?, next("the document")?);
            markdown::publish(Path::new(&document), &name, &fs::read_to_string(folder.join(format!("{name}.md")))?)
        }
        _ => Err(format!("tinynmf-peers: no such task: {task}").into()),
    }
}
