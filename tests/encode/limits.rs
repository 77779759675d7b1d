//! `max_active`: never more components than allowed, and the best that can be done with those.

use super::*;

/// Objectives in f64 of the same active set, relative to ½‖x‖²: the square of BEST would do for exact codes, an f32 code is
/// rounded.
const SAME: f64 = 1e-6;

/// What every limited code keeps, against the oracle's path with the same limit.
fn limited<T: Real, const M: usize, const K: usize>(
    findings: &mut Findings,
    what: &str,
    w: &SMatrix<T, M, K>,
    x: &SVector<T, M>,
    n: usize,
) -> (SVector<T, K>, Encoding<T>) {
    let parts = Parts::new(w);
    let target = parts.target(x);
    let (h, encoding) = encode(&Encoder::new(w).max_active(n), x);
    let what = format!("{} {what}, at most {n}", scalar::<T>());
    let verdict = sound(findings, &mut Worst::default(), &what, &parts, (x, &h, encoding));
    findings.expect(encoding.active <= n, || format!("{what}: {encoding:?}"));
    findings.expect(verdict.inner <= optimal::<T>(), || format!("{what}: gradient {:e} in the set", verdict.inner));

    // Exact within its own support.
    let set: Vec<usize> = (0..K).filter(|&k| h[k] > T::ZERO).collect();
    let best = parts.measure(&target, &parts.restricted(&target, &set));
    let energy = 0.5 * verdict.norm * verdict.norm;
    let off = (verdict.objective - best.objective) / energy;
    findings.expect(off <= SAME, || format!("{what}: {off:e} above the minimum of its own set"));

    match encoding.status {
        NnlsStatus::Optimal => {
            findings.expect(verdict.kkt <= optimal::<T>(), || format!("{what}: kkt {:e}", verdict.kkt));
        }
        NnlsStatus::Limited => {
            findings.expect(encoding.active == n, || format!("{what}: {encoding:?}, but more may be active"));
            findings.expect(verdict.kkt > 0.2 * optimal::<T>(), || format!("{what}: kkt {:e}", verdict.kkt));
            let off = (to_f64(encoding.kkt) - verdict.kkt).abs();
            findings.expect(off <= optimal::<T>(), || format!("{what}: kkt {:e}, {encoding:?}", verdict.kkt));
        }
        _ => findings.expect(false, || format!("{what}: {encoding:?}")),
    }
    (h, encoding)
}

#[test]
fn digits_with_few_components() {
    fn check<T: Real>() {
        let mut findings = Findings::default();
        let w = digit_parts::<T, 8>();
        let mut statuses = [0; 2];
        for (j, x) in vectors::<T, 64>(digits()).iter().enumerate().step_by(15) {
            let mut last = f64::INFINITY;
            for n in 0..=8 {
                let (_, encoding) = limited(&mut findings, &format!("digit {j}"), &w, x, n);
                let relative = to_f64(encoding.relative_residual);
                findings.expect(relative <= last + residual::<T>(), || format!("digit {j}: worse with {n}"));
                last = relative;
                statuses[usize::from(encoding.status == NnlsStatus::Limited)] += 1;
            }
        }
        // Both happen.
        assert!(statuses.iter().all(|&count| count > 100), "{statuses:?}");
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn none_at_all_is_the_zero_code() {
    fn check<T: Real>() {
        let w = digit_parts::<T, 8>();
        for x in &vectors::<T, 64>(&digits()[..20]) {
            let (h, encoding) = encode(&Encoder::new(&w).max_active(0), x);
            assert!(h.iter().all(|&h| h == T::ZERO));
            assert_eq!((encoding.status, encoding.active), (NnlsStatus::Limited, 0));
            assert_eq!(encoding.relative_residual, T::ONE);
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn as_many_as_there_are_is_no_limit() {
    fn check<T: Real>() {
        let w = digit_parts::<T, 8>();
        for x in &vectors::<T, 64>(&digits()[..50]) {
            let free = code_bits(&encode(&Encoder::new(&w), x));
            for n in [8, 9, usize::MAX] {
                assert_eq!(code_bits(&encode(&Encoder::new(&w).max_active(n), x)), free);
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

/// K ≤ 6, against all sets of at most n components and against the path of the greedy oracle in f64.
fn small<T: Real, const M: usize, const K: usize>(findings: &mut Findings) {
    let mut draw = Draw::new(K as u64);
    let (mut same, mut all) = (0, 0);
    for round in 0..60 {
        let mut w: SMatrix<T, M, K> = draw.matrix();
        if round % 2 == 0 {
            w = w.map(|w| if to_f64(w) < 0.5 { T::ZERO } else { w });
            w.row_mut(0).fill(T::HALF);
        }
        let x: SVector<T, M> = draw.matrix();
        let parts = Parts::new(&w);
        let target = parts.target(&x);
        let feasible: Vec<(usize, f64)> = (0..1_usize << K)
            .map(|set| (0..K).filter(|k| set >> k & 1 == 1).collect::<Vec<_>>())
            .map(|set| (set.len(), parts.restricted(&target, &set)))
            .filter(|(_, amounts)| amounts.iter().all(|&amount| amount >= 0.0))
            .map(|(n, amounts)| (n, parts.measure(&target, &amounts).objective))
            .collect();
        for n in 0..=K {
            let what = format!("{M}×{K}, round {round}");
            let (h, _) = limited(findings, &what, &w, &x, n);
            let verdict = parts.judge(&x, &h);
            let scale = 0.5 * verdict.norm * verdict.norm;
            let best = feasible.iter().filter(|(size, _)| *size <= n).fold(f64::INFINITY, |best, set| best.min(set.1));
            let above = (verdict.objective - best) / scale;
            findings.expect(above >= -SAME, || format!("{what}: {above:e}, better than the best of all sets"));
            if n <= 1 || n == K {
                // The steepest part is the best one; without a limit the best set is found.
                findings.expect(above <= SAME, || format!("{what}, at most {n}: {above:e} above the best of all sets"));
            }
            let greedy = parts.reference(&target, n);
            let off = (verdict.objective - parts.measure(&target, &greedy).objective).abs() / scale;
            findings.expect(off <= SAME, || format!("{what}, at most {n}: {off:e} from the greedy path"));
            all += 1;
            same += usize::from((0..K).all(|k| (greedy[k] > 0.0) == (h[k] > T::ZERO)));
        }
    }
    println!("{} {M}×{K}: {same} of {all} sets are those of the oracle", scalar::<T>());
}

#[test]
fn small_problems_against_all_sets() {
    fn check<T: Real>() {
        let mut findings = Findings::default();
        small::<T, 5, 1>(&mut findings);
        small::<T, 6, 2>(&mut findings);
        small::<T, 8, 4>(&mut findings);
        small::<T, 10, 6>(&mut findings);
    }
    check::<f32>();
    check::<f64>();
}

/// Where the unrestricted optimum has no more components than are allowed, nothing is in the way of it.
#[test]
fn limited_says_that_a_component_was_kept_out() {
    fn check<T: Real, const M: usize, const K: usize>(findings: &mut Findings) {
        let mut draw = Draw::new(K as u64);
        for round in 0..200 {
            let w: SMatrix<T, M, K> = draw.matrix();
            let x: SVector<T, M> = draw.matrix();
            let (_, free) = encode(&Encoder::new(&w), &x);
            for n in 0..=K {
                let (_, encoding) = encode(&Encoder::new(&w).max_active(n), &x);
                // Greedy choice may keep one out even where the optimum has no more than n: then the status must say so.
                let fine = match encoding.status {
                    NnlsStatus::Optimal => encoding.residual <= free.residual * (T::ONE + T::REL_TOL),
                    NnlsStatus::Limited => encoding.active == n && encoding.kkt > T::OPTIMAL,
                    _ => false,
                };
                let fine = fine && (free.active <= n || encoding.status == NnlsStatus::Limited);
                findings.expect(fine, || {
                    let name = scalar::<T>();
                    format!("{name} {M}×{K}, round {round}, at most {n}: {encoding:?}, free {free:?}")
                });
            }
        }
    }
    let mut findings = Findings::default();
    check::<f32, 6, 2>(&mut findings);
    check::<f32, 8, 4>(&mut findings);
    check::<f64, 10, 6>(&mut findings);
}
