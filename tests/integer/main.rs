//! `IntegerEncoder` and its dictionaries against what they promise: optimality conditions of the quantised problem from the integers
//! themselves, enumeration of active sets, the encoder in f32.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/parts.rs"]
mod parts;

mod boards;
mod dictionaries;
mod enumeration;
mod exactness;
mod extremes;
mod following;
mod learning;

use common::*;
use parts::*;
use tinynmf::integer::{Count, Entry, IntegerEncoder, IntegerEncoding, QuantizedDictionary};
use tinynmf::nalgebra::SMatrix;
use tinynmf::nnls::{NnlsStatus, bound};
use tinynmf::{Encoder, Real};

/// A dictionary of integers in f64, where all of its numbers, and all that is computed here, are exact to 1e-9 LSB.
struct Judge {
    /// Columns of unit length; 0 for a zero column.
    columns: Vec<Vec<f64>>,
}

struct Verdict {
    /// Largest violation of the optimality conditions, in LSB.
    kkt: f64,
    residual_squared: f64,
    energy: f64,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn numbers<C: Count>(x: &[C]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x.into())).collect()
}

impl Judge {
    fn new<I: Entry, const M: usize, const K: usize>(w: &QuantizedDictionary<I, M, K>) -> Self {
        let column = |k: usize| {
            let column: Vec<f64> = (0..M).map(|i| f64::from(w.entry(i, k))).collect();
            let length = dot(&column, &column).sqrt();
            column.into_iter().map(|q| if length > 0.0 { q / length } else { 0.0 }).collect()
        };
        Self { columns: (0..K).map(column).collect() }
    }

    fn rest(&self, x: &[f64], h: &[f64]) -> Vec<f64> {
        let mut rest = x.to_vec();
        for (column, &h) in self.columns.iter().zip(h) {
            rest.iter_mut().zip(column).for_each(|(rest, q)| *rest -= q * h);
        }
        rest
    }

    fn judge<C: Count>(&self, x: &[C], h: &[i32], point: i32) -> Verdict {
        let x = numbers(x);
        let lsb = f64::from(-point).exp2();
        let amounts: Vec<f64> = h.iter().map(|&h| f64::from(h) * lsb).collect();
        let rest = self.rest(&x, &amounts);
        let violation = |(column, &h): (&Vec<f64>, &i32)| {
            let g = dot(column, &rest) / lsb;
            if h > 0 { g.abs() } else { g }
        };
        let kkt = self.columns.iter().zip(h).map(violation).fold(0.0, f64::max);
        Verdict { kkt, residual_squared: dot(&rest, &rest), energy: dot(&x, &x) }
    }
}

/// Most LSBs that violate the optimality conditions of a frame that is optimal, see `IntegerEncoding::kkt`.
fn documented<const K: usize>() -> u32 {
    3 * (K as u32 / 2) + 10
}

/// What a residual is off by, as a share of ‖x‖².
fn exact<const K: usize>() -> f64 {
    K as f64 * 4e-8 + 1e-7
}

/// What a run over many frames reaches.
#[derive(Default)]
struct Worst {
    kkt: f64,
    reported: u32,
    frames: u32,
    solves: u32,
    most: u32,
    bound: u32,
}

impl Worst {
    fn print(&self, name: &str) {
        println!(
            "{name}: {} frames, kkt {:.2} LSB, reported {}, solves {:.3} each, at most {}, {} not optimal",
            self.frames,
            self.kkt,
            self.reported,
            f64::from(self.solves) / f64::from(self.frames),
            self.most,
            self.bound
        );
    }
}

/// What holds for every frame in every dictionary: nothing negative, what is reported is true, ‖x − Wh‖² to a share of ‖x‖², no more solves
/// than promised.
fn honest<C: Count, I: Entry, const M: usize, const K: usize>(
    findings: &mut Findings,
    share: f64,
    what: impl Fn() -> String,
    judge: &Judge,
    (encoder, x): (&IntegerEncoder<'_, C, I, M, K>, &[C; M]),
) -> ([i32; K], IntegerEncoding, Verdict) {
    let mut h = [-1; K];
    let encoding = encoder.encode(x, &mut h);
    let verdict = judge.judge(x, &h, encoder.binary_point());
    findings.expect(h.iter().all(|&h| h >= 0), || format!("{}: {h:?}", what()));
    findings.expect(encoding.active == h.iter().filter(|&&h| h > 0).count(), || format!("{}: {encoding:?}", what()));
    findings.expect(encoding.solves <= bound(K), || format!("{}: {encoding:?}", what()));
    findings.expect(encoding.energy as f64 == verdict.energy, || format!("{}: {encoding:?}", what()));
    findings.expect(verdict.kkt <= f64::from(encoding.kkt), || {
        format!("{}: kkt {} LSB, {encoding:?}", what(), verdict.kkt)
    });
    // Rounding of cross products, gradients and amounts.
    let off = (encoding.residual_squared as f64 - verdict.residual_squared).abs();
    findings.expect(off <= verdict.energy * share + 2.0, || {
        format!("{}: ‖x − Wh‖² {} of {}, {encoding:?}", what(), verdict.residual_squared, verdict.energy)
    });
    (h, encoding, verdict)
}

/// As [`honest`], and where the status says so no more than the documented violation.
fn sound<C: Count, I: Entry, const M: usize, const K: usize>(
    findings: &mut Findings,
    worst: &mut Worst,
    what: impl Fn() -> String,
    judge: &Judge,
    frame: (&IntegerEncoder<'_, C, I, M, K>, &[C; M]),
) -> ([i32; K], IntegerEncoding, Verdict) {
    let (h, encoding, verdict) = honest(findings, exact::<K>(), &what, judge, frame);
    if encoding.status == NnlsStatus::Optimal {
        findings.expect(encoding.kkt <= documented::<K>(), || format!("{}: {encoding:?}", what()));
        worst.kkt = worst.kkt.max(verdict.kkt);
        worst.reported = worst.reported.max(encoding.kkt);
    } else {
        worst.bound += 1;
    }
    worst.frames += 1;
    worst.solves += encoding.solves;
    worst.most = worst.most.max(encoding.solves);
    (h, encoding, verdict)
}
