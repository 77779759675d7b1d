//! Timings and codes of all encoders as CSV and as Markdown.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::case::{Case, cases};
use crate::Result;
use crate::exchange;
use crate::markdown::{three, versions};

/// What the others are compared with.
const REFERENCE: [&str; 2] = ["tinynmf f32", "tinynmf f64"];
/// Codes with more than this are not a solution of the problem.
const EXACT: f64 = 1e-6;

struct Row {
    case: String,
    encoder: String,
    /// Of the fastest round.
    micros: f64,
    median: f64,
    kkt: f64,
    /// Its time over that of every reference.
    ratio: [f64; 2],
}

pub fn report(folder: &Path) -> Result<()> {
    let timings = exchange::table::<4>(&folder.join("encode.csv"))?;
    let cases = cases(folder)?;
    let mut rows = Vec::<Row>::new();
    for [_, case, encoder, _] in &timings {
        if rows.iter().any(|row| row.case == *case && row.encoder == *encoder) {
            continue;
        }
        let own = rounds(&timings, case, encoder)?;
        let mut ratio = [f64::NAN; 2];
        for (ratio, reference) in ratio.iter_mut().zip(REFERENCE) {
            *ratio = fastest(&own) / fastest(&rounds(&timings, case, reference)?);
        }
        let found = cases.iter().find(|known| known.name == *case).ok_or(format!("unknown case: {case}"))?;
        let kkt = kkt(found, &exchange::read(&folder.join(format!("{case}.{encoder}.h")))?);
        rows.push(Row {
            case: case.clone(),
            encoder: encoder.clone(),
            micros: fastest(&own),
            median: median(own),
            kkt,
            ratio,
        });
    }
    println!("case,encoder,us_per_frame,us_median_round,kkt,ratio_to_f32,ratio_to_f64");
    for Row { case, encoder, micros, median, kkt, ratio: [f32, f64] } in &rows {
        println!("{case},{encoder},{micros:.4},{median:.4},{kkt:.2e},{f32:.3},{f64:.3}");
    }
    Ok(fs::write(folder.join("encode.md"), table(folder, &cases, &rows)?)?)
}

fn table(folder: &Path, cases: &[Case], rows: &[Row]) -> Result<String> {
    let mut encoders = Vec::<&str>::new();
    for row in rows {
        if !encoders.contains(&&*row.encoder) {
            encoders.push(&row.encoder);
        }
    }
    encoders.sort_by_key(|encoder| !encoder.starts_with("tinynmf")); // stable
    let mut text = versions(folder)?;
    let frames: Vec<_> = cases.iter().map(|case| (case.x.len() / case.m).to_string()).collect();
    writeln!(
        text,
        "\n\nOne frame at a time, one thread; {} frames. µs per frame (× the time of {}) and kkt of the worst frame. A round \
         counts the fastest pass over every 50 frames, the table the fastest of all rounds. ≈: inexact, kkt > {EXACT:e}. \
         batch: 1000 frames a call, time per frame. native: built for this CPU.\n",
        frames.join(", "),
        REFERENCE[0],
    )?;
    let head: Vec<_> = cases.iter().map(|case| &*case.name).collect();
    writeln!(text, "| encoder | {} |\n|---|{}", head.join(" | "), "---|".repeat(cases.len()))?;
    for encoder in encoders {
        write!(text, "| {encoder} |")?;
        for case in cases {
            match rows.iter().find(|row| row.case == case.name && row.encoder == encoder) {
                Some(Row { micros, kkt, ratio: [ratio, _], .. }) => {
                    let mark = if *kkt <= EXACT { "" } else { "≈ " };
                    write!(text, " {mark}{} ({}×) {kkt:.1e} |", three(*micros), three(*ratio))?;
                }
                None => write!(text, " failed |")?,
            }
        }
        writeln!(text)?;
    }
    Ok(text)
}

/// µs per frame of an encoder in every round.
fn rounds(timings: &[[String; 4]], case: &str, encoder: &str) -> Result<Vec<f64>> {
    let of = timings.iter().filter(|[_, c, e, _]| c == case && e == encoder);
    Ok(of.map(|[_, _, _, micros]| micros.parse()).collect::<std::result::Result<_, _>>()?)
}

fn fastest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { 0.5 * (values[middle - 1] + values[middle]) }
}

/// The worst frame's violation of the optimality conditions, in f64.
///
/// g_k = ⟨w_k, x − Wh⟩/‖w_k‖; the largest of |g_k| where h_k > 0 and of max(0, g_k) where h_k = 0, over
/// max_k |⟨w_k, x⟩|/‖w_k‖. Infinite for a code that is negative, not finite or missing.
fn kkt(case: &Case, codes: &[f64]) -> f64 {
    let &Case { m, k, .. } = case;
    if codes.len() * m != case.x.len() * k || codes.iter().any(|&h| !(h >= 0. && h.is_finite())) {
        return f64::INFINITY;
    }
    let parts: Vec<_> = case.w.chunks_exact(m).filter(|w| dot(w, w) > 0.).collect();
    assert_eq!(parts.len(), k, "{}: a dead part", case.name);
    let frame = |(x, h): (&[f64], &[f64])| {
        let mut rest = x.to_vec();
        for (w, h) in parts.iter().zip(h) {
            rest.iter_mut().zip(*w).for_each(|(rest, w)| *rest -= w * h);
        }
        let (mut worst, mut scale) = (0f64, 0f64);
        for (w, &h) in parts.iter().zip(h) {
            let length = dot(w, w).sqrt();
            let gradient = dot(w, &rest) / length;
            worst = worst.max(if h > 0. { gradient.abs() } else { gradient });
            scale = scale.max(dot(w, x).abs() / length);
        }
        if scale > 0. { worst / scale } else { worst }
    };
    case.x.chunks_exact(m).zip(codes.chunks_exact(k)).map(frame).fold(0., f64::max)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
