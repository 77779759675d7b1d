//! Golden data from SciPy: real frames in dictionaries of real frames.

use super::*;

/// Distance of W·h from the reference's, relative to ‖x‖. The objective is strongly convex in W·h: its square is at most the
/// violation times Σ|difference of amounts|, so the root of 1e-6 and of 1e-12 bound it.
fn model<T: Real>() -> f64 {
    if single::<T>() { 2e-3 } else { 2e-6 }
}

fn fields(kind: &str, data: &str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = include_str!("../golden/encode_scipy.csv").lines();
    let lines = lines.map(|line| line.split(',').collect::<Vec<_>>());
    let chosen: Vec<_> = lines.filter(|fields| fields[0] == kind && fields[1] == data).collect();
    chosen.into_iter().map(|fields| fields[2..].to_vec())
}

fn compare<T: Real, const M: usize, const K: usize>(data: &str, frames: &[[f64; M]], codes: usize) {
    // Rounded to f32 in both precisions, as the reference has them.
    let frames: Vec<[f64; M]> = frames.iter().map(|x| x.map(|x| f64::from(x as f32))).collect();
    let columns = fields("w", data).next().expect("a dictionary");
    assert_eq!(columns.len(), K);
    let column = |k: usize| SVector::from(frames[columns[k].parse::<usize>().unwrap()].map(from_f64));
    let w = SMatrix::<T, M, K>::from_columns(&std::array::from_fn::<_, K, _>(column));
    let (parts, encoder) = (Parts::new(&w), Encoder::new(&w));
    let (mut findings, mut worst, mut apart, mut checked) = (Findings::default(), Worst::default(), [0.0_f64; 3], 0);
    for line in fields("h", data) {
        let what = format!("{} {data}, frame {}", scalar::<T>(), line[0]);
        let x: SVector<T, M> = SVector::from(frames[line[0].parse::<usize>().unwrap()].map(from_f64));
        let golden: Vec<f64> = line[1..].iter().map(|value| value.parse().unwrap()).collect();
        let (h, encoding) = encode(&encoder, &x);
        let verdict = exact(&mut findings, &mut worst, &what, &parts, (&x, &h, encoding));
        let target = parts.target(&x);
        let scale = verdict.norm * target.unit;
        let off = (verdict.residual * target.unit - golden[0]).abs() / scale;
        let reported = (to_f64(encoding.residual) - golden[0]).abs() / scale;
        let theirs = SVector::<f64, K>::from_column_slice(&golden[1..]);
        let (ours, theirs) = (parts.amounts(&target, &h), parts.amounts(&target, &theirs));
        let difference: Vec<f64> =
            parts.rest(&target, &ours).iter().zip(parts.rest(&target, &theirs)).map(|(a, b)| a - b).collect();
        let distance = dot(&difference, &difference).sqrt() / verdict.norm;
        findings.expect(off <= BEST, || format!("{what}: residual {off:e} of ‖x‖ from the reference"));
        findings.expect(reported <= BEST, || format!("{what}: reported residual {reported:e} of ‖x‖ off"));
        findings.expect(distance <= model::<T>(), || format!("{what}: W·h {distance:e} of ‖x‖ from the reference"));
        // The oracle of the other tests, against the same data.
        let oracle = parts.measure(&target, &parts.reference(&target, K));
        let off_oracle = (oracle.residual * target.unit - golden[0]).abs() / scale;
        findings.expect(off_oracle <= 1e-12, || format!("{what}: the oracle is {off_oracle:e} off"));
        apart = [apart[0].max(off).max(reported), apart[1].max(distance), apart[2].max(off_oracle)];
        checked += 1;
    }
    assert_eq!(checked, codes);
    worst.print(&format!("{} {data}", scalar::<T>()));
    println!(
        "    residuals within {:.2e}, W·h within {:.2e}, the oracle within {:.2e} of ‖x‖",
        apart[0], apart[1], apart[2]
    );
}

#[test]
fn digits_agree_with_scipy() {
    compare::<f32, 64, 16>("digits", digits(), 60);
    compare::<f64, 64, 16>("digits", digits(), 60);
}

#[test]
fn the_piano_agrees_with_scipy() {
    compare::<f32, 129, 32>("piano", piano(), 40);
    compare::<f64, 129, 32>("piano", piano(), 40);
}
