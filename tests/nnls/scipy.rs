//! Golden data from SciPy.

use super::*;

/// One problem of `golden/nnls_scipy.csv`: columns of A, b, SciPy's x and residual norm.
struct Golden {
    kind: &'static str,
    m: usize,
    k: usize,
    a: Vec<Vec<f64>>,
    b: Vec<f64>,
    x: Vec<f64>,
    residual: f64,
}

fn goldens() -> Vec<Golden> {
    let lines = include_str!("../golden/nnls_scipy.csv").lines().filter(|line| !line.starts_with('#'));
    let parse = |line: &'static str| {
        let mut fields = line.split(',');
        let mut next = || fields.next().expect("a field");
        let kind = next();
        let (m, k) = (next().parse().unwrap(), next().parse().unwrap());
        // A and b are exact in f32.
        let mut exact = || f64::from(next().parse::<f32>().unwrap());
        let a = (0..k).map(|_| (0..m).map(|_| exact()).collect()).collect();
        let b = (0..m).map(|_| exact()).collect();
        let x = (0..k).map(|_| next().parse().unwrap()).collect();
        Golden { kind, m, k, a, b, x, residual: next().parse().unwrap() }
    };
    lines.map(parse).collect()
}

/// Compares one problem; false if it is of another shape.
fn compare<T: Precision, const K: usize>(golden: &Golden, worst: &mut [f64; 2]) -> bool {
    if golden.k != K {
        return false;
    }
    let name = format!("{} {}×{K}", golden.kind, golden.m);
    let h = solved::<T, K>(&name, &golden.a, &golden.b).map(T::to_f64);
    let left = |i: usize| golden.b[i] - (0..K).map(|k| golden.a[k][i] * h[k]).sum::<f64>();
    let residual = (0..golden.m).map(|i| left(i).powi(2)).sum::<f64>().sqrt();
    let norm = golden.b.iter().map(|b| b * b).sum::<f64>().sqrt();
    let error = (residual - golden.residual).abs() / norm;
    assert!(error <= T::RESIDUAL, "{name}: residual norm {residual:e}, SciPy {:e}, {error:e} of ‖b‖", golden.residual);
    worst[0] = worst[0].max(error);

    // The exact normal equations, to see how well h is determined.
    let (gram, cross) = normal::<f64, K>(&golden.a, &golden.b);
    let system = System::new(&gram, &cross);
    let eigenvalue = system.smallest_eigenvalue();
    if eigenvalue >= REGULAR {
        let (x, other) = (system.scale(&h), system.scale(&SVector::<f64, K>::from_column_slice(&golden.x)));
        let two = x.iter().zip(&other).map(|(x, other)| (x - other).powi(2)).sum::<f64>().sqrt();
        // Strong convexity, with the rounding of a Gram and a cross product of M terms added to the violation.
        let violation = (T::KKT + golden.m as f64 * T::EPSILON * system.terms(&other).max(1.0)) * system.largest;
        let allowed = violation * (K as f64).sqrt() / eigenvalue;
        assert!(two <= allowed, "{name}: h {two:e} from SciPy's, allowed {allowed:e}");
        worst[1] = worst[1].max(two / allowed);
    }
    true
}

fn scipy<T: Precision>() {
    let mut worst = [0.0; 2];
    for golden in &goldens() {
        let compared = compare::<T, 3>(golden, &mut worst)
            || compare::<T, 4>(golden, &mut worst)
            || compare::<T, 6>(golden, &mut worst)
            || compare::<T, 8>(golden, &mut worst)
            || compare::<T, 12>(golden, &mut worst);
        assert!(compared, "no instance for K = {}", golden.k);
    }
    let [residual, share] = worst;
    println!("residual norms within {residual:.2e} of ‖b‖, h within {share:.3} of its bound");
}

#[test]
fn agrees_with_scipy_f32() {
    scipy::<f32>();
}

#[test]
fn agrees_with_scipy_f64() {
    scipy::<f64>();
}
