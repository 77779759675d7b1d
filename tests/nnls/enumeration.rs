//! Small problems against the best of all active sets.

use super::*;

const SMALL: [Kind; 22] = [
    Kind::NonNegative,
    Kind::Signed,
    Kind::Sparse,
    Kind::Duplicate,
    Kind::Sums,
    Kind::Collinear(1e-2),
    Kind::Collinear(1e-4),
    Kind::Collinear(1e-6),
    Kind::SignedCollinear(1e-2),
    Kind::SignedCollinear(1e-4),
    Kind::SignedCollinear(1e-6),
    Kind::Scaled(12.0),
    Kind::SignedScaled(12.0),
    Kind::Scaled(3.0),
    Kind::ZeroColumns,
    Kind::Wide,
    Kind::SignedWide,
    Kind::Binary,
    Kind::Peaks,
    Kind::Powers,
    Kind::Steps,
    Kind::Equal,
];

/// Problems per kind of columns, kind of target and K.
const SMALL_REPEATS: usize = 4;

fn small<T: Precision, const K: usize>(worst: &mut [Worst; SMALL.len()]) {
    let mut draw = Draw::new(K as u64);
    for (kind, worst) in SMALL.into_iter().zip(worst) {
        for aim in TARGETS.repeat(SMALL_REPEATS) {
            let w = dictionary(&mut draw, kind, K);
            let (gram, cross) = normal::<T, K>(&w, &target(&mut draw, aim, &w));
            let name = format!("K {K}, {kind:?}, {aim:?}");
            let system = System::new(&gram, &cross);
            let (h, _) = worst.cold(&name, &system, &gram, &cross);

            let (x, candidates) = (system.scale(&h), system.enumerate());
            let least = |value: &dyn Fn(&Vec<f64>) -> f64| {
                candidates.iter().min_by(|a, b| value(a).total_cmp(&value(b))).expect("the empty set is feasible")
            };
            let best = least(&|x| system.objective(x));
            let eigenvalue = system.smallest_eigenvalue();
            let one: f64 = x.iter().zip(best).map(|(x, best)| (x - best).abs()).sum();
            let two: f64 = x.iter().zip(best).map(|(x, best)| (x - best).powi(2)).sum::<f64>().sqrt();
            // Convexity: f(x) − f(x*) ≤ Σ violation·|x − x*|. Rounding makes a singular Gram slightly indefinite, where
            // the tangent may lie above by ½|λ|‖x − x*‖².
            let violation = T::KKT * system.largest;
            let gap = system.objective(&x) - system.objective(best);
            let curvature = 0.5 * (-eigenvalue).max(0.0) * two * two;
            let size: f64 = x.iter().chain(best).sum();
            let allowed = violation * one + curvature + ROUNDING * system.largest * size;
            if gap.abs() > allowed {
                worst.failures.push(format!("{name}: objective {gap:e} above the minimum, allowed {allowed:e}"));
            }
            if eigenvalue >= REGULAR {
                // Strong convexity: λ‖x − x*‖² ≤ Σ violation·|x − x*| ≤ violation·√K·‖x − x*‖.
                let solution = least(&|x| system.kkt(x));
                let two = x.iter().zip(solution).map(|(x, solution)| (x - solution).powi(2)).sum::<f64>().sqrt();
                let allowed = violation * (K as f64).sqrt() / eigenvalue;
                if two > allowed {
                    worst.failures.push(format!("{name}: h {two:e} from the minimum, allowed {allowed:e}"));
                }
            }
        }
    }
}

fn enumerated<T: Precision>() {
    let mut worst: [Worst; SMALL.len()] = std::array::from_fn(|_| Worst::default());
    small::<T, 1>(&mut worst);
    small::<T, 2>(&mut worst);
    small::<T, 3>(&mut worst);
    small::<T, 4>(&mut worst);
    small::<T, 5>(&mut worst);
    small::<T, 6>(&mut worst);
    for (kind, worst) in SMALL.iter().zip(&worst) {
        worst.judge(&format!("{kind:?}"));
    }
}

#[test]
fn small_problems_reach_the_best_of_all_active_sets_f32() {
    enumerated::<f32>();
}

#[test]
fn small_problems_reach_the_best_of_all_active_sets_f64() {
    enumerated::<f64>();
}
