//! Up to five components: no active set has a smaller residual than the code.

use super::*;

/// The residual that rounding amounts and gradients to LSBs adds, relative to ‖x‖².
const MORE: f64 = 1e-6;

/// The smallest ‖x − Wh‖² over h ≥ 0 of all active sets.
fn best(judge: &Judge, x: &[f64]) -> f64 {
    let k = judge.columns.len();
    (0..1_usize << k)
        .filter_map(|set| {
            let set: Vec<usize> = (0..k).filter(|k| set >> k & 1 == 1).collect();
            restricted(judge, x, &set)
        })
        .fold(f64::INFINITY, f64::min)
}

/// ‖x − Wh‖² of the least squares solution in the components of a set, by Cholesky; none if they depend or one would be negative.
fn restricted(judge: &Judge, x: &[f64], set: &[usize]) -> Option<f64> {
    let n = set.len();
    let (mut l, mut y) = (vec![vec![0.0; n]; n], vec![0.0; n]);
    for i in 0..n {
        for j in 0..=i {
            let left =
                dot(&judge.columns[set[i]], &judge.columns[set[j]]) - (0..j).map(|p| l[i][p] * l[j][p]).sum::<f64>();
            if i == j && left < 1e-12 {
                return None;
            }
            l[i][j] = if i == j { left.sqrt() } else { left / l[j][j] };
        }
        y[i] = (dot(&judge.columns[set[i]], x) - (0..i).map(|p| l[i][p] * y[p]).sum::<f64>()) / l[i][i];
    }
    for i in (0..n).rev() {
        y[i] = (y[i] - (i + 1..n).map(|p| l[p][i] * y[p]).sum::<f64>()) / l[i][i];
    }
    let mut h = vec![0.0; judge.columns.len()];
    set.iter().zip(&y).for_each(|(&k, &y)| h[k] = y);
    let rest = judge.rest(x, &h);
    y.iter().all(|&y| y >= 0.0).then(|| dot(&rest, &rest))
}

fn compare<const M: usize, const K: usize>(seed: u64) {
    let mut draw = Draw::new(seed);
    let mut findings = Findings::default();
    let mut worst = Worst::default();
    let mut farthest = 0.0_f64;
    for trial in 0..300 {
        let mut w: SMatrix<f64, M, K> = draw.matrix();
        if trial % 3 == 0 {
            // Nearly dependent.
            let (first, noise) = (w.column(0).clone_owned(), w.column(K - 1).clone_owned());
            let share = 10_f64.powf(-4.0 * draw.unit());
            w.set_column(K - 1, &(first + noise * share));
        }
        let quantized = QuantizedDictionary::<i16, M, K>::quantize(&w).expect("a dictionary");
        let (judge, encoder) = (Judge::new(&quantized), IntegerEncoder::new(&quantized));
        for _ in 0..5 {
            let x: [i16; M] = std::array::from_fn(|_| (draw.signed() * 32768.0) as i16);
            let what = || format!("{M}×{K}, trial {trial}, {x:?}");
            let (_, encoding, verdict) = sound(&mut findings, &mut worst, what, &judge, (&encoder, &x));
            let more = (verdict.residual_squared - best(&judge, &numbers(&x))) / verdict.energy;
            farthest = farthest.max(more);
            findings.expect(more <= MORE, || format!("{}: {more:e} of ‖x‖² above the best, {encoding:?}", what()));
        }
    }
    worst.print(&format!("{M}×{K}"));
    println!("    ‖x − Wh‖² within {farthest:.1e} of ‖x‖² of the best");
}

#[test]
fn no_active_set_is_better() {
    compare::<6, 2>(1);
    compare::<6, 3>(2);
    compare::<16, 4>(3);
    compare::<16, 5>(4);
    compare::<4, 5>(5);
}
