//! Encoding of single frames by tinynmf and its peers: the Rust half, and the report of both. Started by `run`.
//!
//! ```text
//! tinynmf-peers prepare FOLDER FRAMES                      learns W, writes W and as many frames, if there are
//! tinynmf-peers measure FOLDER BUILD ROUND SECONDS PASSES  times the encoders of this build, keeps their codes
//! tinynmf-peers report  FOLDER                             CSV and Markdown of all timings and codes in FOLDER
//! ```
//!
//! What lies in FOLDER (numbers are little-endian f64):
//!
//! | file | content |
//! | --- | --- |
//! | `cases.csv` | case, M, K, number of frames |
//! | `CASE.w`, `CASE.x` | K columns of W; the frames. Every value is an f32, so that all encoders solve the same problems |
//! | `timings.csv` | round, case, encoder, µs per frame |
//! | `CASE.ENCODER.h` | codes, a frame after the other |
//! | `versions.csv` | what ran, its version |

mod exchange;
mod measure;
mod prepare;
mod report;

use std::error::Error;
use std::path::PathBuf;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let mut next = |what: &str| words.next().ok_or(format!("tinynmf-peers: {what} is missing"));
    let task = next("the task")?;
    let folder = PathBuf::from(next("the folder")?);
    match task.as_str() {
        "prepare" => prepare::prepare(&folder, next("the number of frames")?.parse()?),
        "measure" => {
            let (build, round) = (next("the build")?, next("the round")?);
            let effort = measure::Effort { seconds: next("the time")?.parse()?, passes: next("passes")?.parse()? };
            measure::measure(&folder, &build, &round, effort)
        }
        "report" => report::report(&folder),
        _ => Err(format!("tinynmf-peers: no such task: {task}").into()),
    }
}
