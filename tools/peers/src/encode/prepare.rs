//! Dictionaries and frames, the same for every encoder.

use std::fs;
use std::path::Path;

use tinynmf::{Factors, Nmf, Problem, RestartLog, Start, Workspace};

use crate::Result;
use crate::data::{lines, transpose};
use crate::exchange::{append, write};

const SEED: u64 = 1;
const RESTARTS: usize = 4;

/// At most `most` frames of every case are there to encode.
pub fn prepare(folder: &Path, most: usize) -> Result<()> {
    fs::create_dir_all(folder)?;
    let digits: Vec<[f32; 64]> = frames(&lines("digits.csv")?)?;
    let piano: Vec<[f32; 129]> = frames(&transpose(&lines("piano_129x250.csv")?))?;
    // Learnt from the images that are not encoded; of the piano there are too few to hold any back.
    let (_, images) = digits.split_at(digits.len() - 797);
    let (new, sound) = (&digits[..most.min(1000)], &piano[..most.min(piano.len())]);
    case::<64, 797, 8>(folder, "digits 64×8", images, new)?;
    case::<64, 797, 16>(folder, "digits 64×16", images, new)?;
    case::<129, 250, 6>(folder, "piano 129×6", &piano, sound)?;
    case::<129, 250, 32>(folder, "piano 129×32", &piano, sound)
}

fn case<const M: usize, const N: usize, const K: usize>(
    folder: &Path,
    name: &str,
    learn: &[[f32; M]],
    encode: &[[f32; M]],
) -> Result<()> {
    let problem = Problem::<f32, M, N, _>::from_columns(learn)?;
    let (mut best, mut trial) = (Box::new(Factors::<f32, M, N, K>::zeros()), Box::new(Factors::zeros()));
    let log: RestartLog<f32, RESTARTS> = Nmf::default().seed(SEED).fit_restarts(
        &problem,
        |_| Start::Uniform,
        &mut best,
        &mut trial,
        &mut Box::new(Workspace::new()),
    )?;
    best.normalize();
    best.sort();
    let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
    write(&folder.join(format!("{name}.w")), &wide(best.w.as_slice()))?;
    write(&folder.join(format!("{name}.x")), &wide(encode.as_flattened()))?;
    append(&folder.join("cases.csv"), &format!("{name},{M},{K},{}", encode.len()))?;
    eprintln!("  {name}: relative error {:.4} on {N} frames; {} to encode", log.outcome().relative_error, encode.len());
    Ok(())
}

fn frames<const M: usize>(lines: &[Vec<f32>]) -> Result<Vec<[f32; M]>> {
    let frame = |line: &Vec<f32>| line.as_slice().try_into().map_err(|_| format!("not {M} values a line").into());
    lines.iter().map(frame).collect()
}
