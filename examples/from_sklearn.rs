//! Encodes the frames of scikit-learn in a dictionary of scikit-learn, compares with exact codes, and writes the dictionary as Rust
//! source. Run both from the root of the repository; the first needs NumPy, SciPy and scikit-learn:
//!
//! ```sh
//! python3 tools/from_sklearn.py                    # trains, writes target/from_sklearn/*.npy
//! cargo run --release --example from_sklearn       # encodes, writes h.npy and dictionary.rs beside them
//! ```
//!
//! Both take another folder as their argument. Ends with an error if a residual is not the exact one to 1e-6 of the frame.

use std::error::Error;
use std::fmt::Display;
use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use npyz::{Deserialize, NpyFile, Order, WriteOptions, WriterBuilder};
use tinynmf::Encoder;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::nnls::NnlsStatus;

const M: usize = 64; // features
const K: usize = 16; // parts

/// Largest difference of a residual and the exact one, relative to the length of the frame: a few roundings of f32.
const LIMIT: f64 = 1e-6;

fn main() -> ExitCode {
    let folder = std::env::args_os().nth(1).map_or_else(|| Path::new("target").join("from_sklearn"), PathBuf::from);
    match run(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("from_sklearn: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path) -> Result<(), Box<dyn Error>> {
    let w = rows::<f32, K>(folder, "w.npy", Some(M))?;
    let w = SMatrix::<f32, M, K>::from_fn(|i, k| w[i][k]);
    let frames = rows::<f32, M>(folder, "x.npy", None)?;
    let sklearn = rows::<f32, K>(folder, "h_sklearn.npy", Some(frames.len()))?;
    let exact = rows::<f64, K>(folder, "h_exact.npy", Some(frames.len()))?;

    let encoder = Encoder::new(&w);
    let (mut codes, mut kkt, mut suspects) = (Vec::with_capacity(frames.len()), 0.0_f32, 0);
    for frame in &frames {
        let mut h = SVector::zeros();
        let encoding = encoder.encode(&SVector::from(*frame), &mut h);
        kkt = kkt.max(encoding.kkt);
        suspects += usize::from(encoding.status != NnlsStatus::Optimal);
        codes.push(<[f32; K]>::from(h));
    }

    // f32 ends here: what follows is about the numbers that came out, not about how they are added up.
    let double = |codes: &[[f32; K]]| codes.iter().map(|h| h.map(f64::from)).collect::<Vec<_>>();
    let exact = Explained::new(&w, &frames, &exact);
    let sklearn = Explained::new(&w, &frames, &double(&sklearn));
    let ours = Explained::new(&w, &frames, &double(&codes));
    println!("{} frames of {M} features, {K} parts", frames.len());
    println!("largest differences to the exact ones, relative to the length of a frame:\n");
    println!("{:<24}{:>16}{:>12}{:>12}", "", "relative error", "residuals", "parts");
    println!("{:<24}{:>16.6}", "SciPy, exact, f64", exact.relative_error());
    for (name, it) in [("scikit-learn, transform", &sklearn), ("tinynmf, f32", &ours)] {
        let ((_, residuals), parts) = (it.worst_residual(&exact), it.worst_part(&exact));
        println!("{name:<24}{:>16.6}{residuals:>12.1e}{parts:>12.1e}", it.relative_error());
    }
    println!("\nlargest kkt of tinynmf: {kkt:.1e}");

    let (frame, difference) = ours.worst_residual(&exact);
    if !(difference <= LIMIT) {
        return Err(format!(
            "frame {frame}: its residual differs by {difference:.1e} of its length, allowed {LIMIT:.0e}"
        )
        .into());
    }
    if suspects > 0 {
        return Err(format!("{suspects} frames are not solved to optimality").into());
    }
    write_codes(&folder.join("h.npy"), &codes)?;
    let mut source = String::new();
    encoder.write_source(&mut source)?;
    std::fs::write(folder.join("dictionary.rs"), source)?;
    println!("written: h.npy, dictionary.rs in {}", folder.display());
    Ok(())
}

/// How codes explain the frames, in f64.
struct Explained {
    /// ‖x − Wh‖ of every frame.
    residuals: Vec<f64>,
    /// ‖w_k‖h_k of every frame: how much of a part is in it, however the dictionary is scaled.
    parts: Vec<[f64; K]>,
    /// ‖x‖ of every frame.
    lengths: Vec<f64>,
}

impl Explained {
    fn new(w: &SMatrix<f32, M, K>, frames: &[[f32; M]], codes: &[[f64; K]]) -> Self {
        let w = w.cast::<f64>();
        let of_parts: [f64; K] = std::array::from_fn(|k| length(w.column(k).as_slice()));
        let frames: Vec<_> = frames.iter().map(|frame| SVector::from(frame.map(f64::from))).collect();
        let residual = |(x, h): (&SVector<f64, M>, &[f64; K])| length((x - w * SVector::from(*h)).as_slice());
        Self {
            residuals: frames.iter().zip(codes).map(residual).collect(),
            parts: codes.iter().map(|h| std::array::from_fn(|k| of_parts[k] * h[k])).collect(),
            lengths: frames.iter().map(|x| length(x.as_slice())).collect(),
        }
    }

    fn relative_error(&self) -> f64 {
        length(&self.residuals) / length(&self.lengths)
    }

    /// The frame whose residual differs most, and by how much. NaN differs most of all.
    fn worst_residual(&self, other: &Self) -> (usize, f64) {
        let pairs = self.residuals.iter().zip(&other.residuals).zip(&self.lengths);
        let differences = pairs.map(|((a, b), length)| relative(a - b, *length));
        differences.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap_or((0, 0.0))
    }

    /// How much a part of a frame differs at most.
    fn worst_part(&self, other: &Self) -> f64 {
        let pairs = self.parts.iter().zip(&other.parts).zip(&self.lengths);
        let differences = pairs.flat_map(|((a, b), length)| (0..K).map(move |k| relative(a[k] - b[k], *length)));
        differences.max_by(f64::total_cmp).unwrap_or(0.0)
    }
}

/// Of a zero frame, that has nothing to be relative to: any difference counts.
fn relative(difference: f64, length: f64) -> f64 {
    difference.abs() / length.max(f64::MIN_POSITIVE)
}

fn length(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// The rows of a matrix with C columns. NumPy stores it row by row, or column by column if it is the transpose of another: both are read.
fn rows<T: Deserialize + Copy, const C: usize>(
    folder: &Path,
    name: &str,
    count: Option<usize>,
) -> Result<Vec<[T; C]>, Box<dyn Error>> {
    let path = folder.join(name);
    let fail = |reason: &dyn Display| format!("{}: {reason}", path.display());
    let file = File::open(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => fail(&format!("missing; first run: python3 tools/from_sklearn.py {}", folder.display())),
        _ => fail(&error),
    })?;
    let npy = NpyFile::new(BufReader::new(file)).map_err(|error| fail(&error))?;
    let (order, shape) = (npy.order(), npy.shape().to_vec());
    let fits = |rows: u64| rows > 0 && count.is_none_or(|count| count as u64 == rows);
    let rows = match shape[..] {
        [rows, columns] if columns == C as u64 && fits(rows) => rows as usize,
        _ => {
            let count = count.map_or("any number".to_string(), |count| count.to_string());
            return Err(fail(&format!("has shape {shape:?}, expected [{count}, {C}]")).into());
        }
    };
    let values = npy.into_vec::<T>().map_err(|error| fail(&error))?;
    let at = |i: usize, j: usize| match order {
        Order::C => values[i * C + j],
        Order::Fortran => values[i + j * rows],
    };
    Ok((0..rows).map(|i| std::array::from_fn(|j| at(i, j))).collect())
}

/// One code a row, as `transform` returns them.
fn write_codes(path: &Path, codes: &[[f32; K]]) -> Result<(), Box<dyn Error>> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut npy =
        WriteOptions::new().default_dtype().shape(&[codes.len() as u64, K as u64]).writer(&mut file).begin_nd()?;
    npy.extend(codes.as_flattened())?;
    npy.finish()?;
    Ok(file.flush()?)
}
