//! What is learnt, and how well.

use std::path::Path;

use crate::Result;
use crate::exchange::{read, table};

/// A row of the report.
pub struct Row {
    pub name: &'static str,
    /// M, N, K.
    pub shape: (usize, usize, usize),
    /// Of many restarts of `--bin quality`; 0: an exact product.
    pub best: f64,
    /// Starts of a full run.
    pub starts: usize,
    /// No fit is longer.
    pub iterations: u32,
    /// Part of a quick run.
    pub quick: bool,
}

pub const ROWS: [Row; 9] = [
    Row { name: "V 4×4 K 2", shape: (4, 4, 2), best: 0.06746359, starts: 40, iterations: 1000, quick: true },
    Row { name: "X 12×10 K 3", shape: (12, 10, 3), best: 0., starts: 40, iterations: 10000, quick: true },
    Row { name: "exact 100×80 K 5", shape: (100, 80, 5), best: 0., starts: 10, iterations: 10000, quick: false },
    Row {
        name: "digits 64×100 K 8", shape: (64, 100, 8), best: 0.31099239, starts: 20, iterations: 1000, quick: true
    },
    Row {
        name: "digits 64×100 K 16",
        shape: (64, 100, 16),
        best: 0.219346,
        starts: 20,
        iterations: 1000,
        quick: false,
    },
    Row {
        name: "piano 129×250 K 6",
        shape: (129, 250, 6),
        best: 0.18153586,
        starts: 20,
        iterations: 1000,
        quick: true,
    },
    Row { name: "swimmer 256×1024 K 16", shape: (256, 1024, 16), best: 0., starts: 10, iterations: 500, quick: false },
    Row {
        name: "digits 64×1797 K 8",
        shape: (64, 1797, 8),
        best: 0.35479579,
        starts: 10,
        iterations: 500,
        quick: false,
    },
    Row {
        name: "digits 64×1797 K 16",
        shape: (64, 1797, 16),
        best: 0.25648032,
        starts: 10,
        iterations: 500,
        quick: true,
    },
];

/// Name and relative error, the loose one first.
pub fn targets(row: &Row) -> [(&'static str, f64); 2] {
    if row.best > 0. {
        [("1 %", 1.01 * row.best), ("0.1 %", 1.001 * row.best)]
    } else {
        [("1e-3", 1e-3), ("1e-6", 1e-6)]
    }
}

/// What a learner is given.
pub struct Problem {
    pub name: String,
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub iterations: u32,
    /// Name and relative error, the loose one first.
    pub targets: Vec<(String, f64)>,
    /// N columns of M.
    pub x: Vec<f64>,
    /// K columns of W, N columns of H.
    pub starts: Vec<(Vec<f64>, Vec<f64>)>,
}

pub fn load(folder: &Path, name: &str) -> Result<Problem> {
    let problems = table::<6>(&folder.join("problems.csv"))?;
    let known = problems.into_iter().find(|[known, ..]| known == name);
    let [_, m, n, k, iterations, starts] = known.ok_or(format!("no such problem: {name}"))?;
    let targets = table::<3>(&folder.join("targets.csv"))?.into_iter().filter(|[problem, ..]| problem == name);
    let targets = targets.map(|[_, target, error]| Ok((target, error.parse()?))).collect::<Result<_>>()?;
    let number = |number: usize, factor: &str| read(&folder.join(format!("{name}.{number}.{factor}")));
    Ok(Problem {
        name: name.to_owned(),
        m: m.parse()?,
        n: n.parse()?,
        k: k.parse()?,
        iterations: iterations.parse()?,
        targets,
        x: read(&folder.join(format!("{name}.x")))?,
        starts: (0..starts.parse()?)
            .map(|start| Ok((number(start, "w")?, number(start, "h")?)))
            .collect::<Result<_>>()?,
    })
}

/// ‖X−WH‖_F/‖X‖_F from columns.
pub fn relative_error(problem: &Problem, w: &[f64], h: &[f64]) -> f64 {
    let (mut rest, mut whole) = (0., 0.);
    for (x, h) in problem.x.chunks_exact(problem.m).zip(h.chunks_exact(problem.k)) {
        let mut frame = x.to_vec();
        for (w, h) in w.chunks_exact(problem.m).zip(h) {
            frame.iter_mut().zip(w).for_each(|(frame, w)| *frame -= w * h);
        }
        rest += frame.iter().map(|value| value * value).sum::<f64>();
        whole += x.iter().map(|value| value * value).sum::<f64>();
    }
    (rest / whole).sqrt()
}
