//! Large, hard and badly scaled problems against the optimality conditions.

use super::*;

const LARGE: [Kind; 12] = [
    Kind::NonNegative,
    Kind::Signed,
    Kind::Sparse,
    Kind::Duplicate,
    Kind::Sums,
    Kind::Collinear(1e-2),
    Kind::Collinear(1e-4),
    Kind::Collinear(1e-6),
    Kind::Scaled(3.0),
    Kind::ZeroColumns,
    Kind::Wide,
    Kind::SignedCollinear(1e-4),
];

fn large<T: Precision, const K: usize>(worst: &mut [Worst; LARGE.len()], problems: usize) {
    let mut draw = Draw::new(1000 + K as u64);
    for number in 0..problems {
        let kind = number % LARGE.len();
        let aim = TARGETS[draw.below(TARGETS.len())];
        starts::<T, K>(&mut worst[kind], &mut draw, LARGE[kind], aim);
    }
}

/// 12 000 problems; fewer of the large ones, so that the test takes seconds.
fn random<T: Precision>() {
    let mut worst: [Worst; LARGE.len()] = std::array::from_fn(|_| Worst::default());
    large::<T, 2>(&mut worst, 2400);
    large::<T, 3>(&mut worst, 2400);
    large::<T, 4>(&mut worst, 2100);
    large::<T, 6>(&mut worst, 1800);
    large::<T, 8>(&mut worst, 1500);
    large::<T, 12>(&mut worst, 900);
    large::<T, 16>(&mut worst, 480);
    large::<T, 24>(&mut worst, 240);
    large::<T, 32>(&mut worst, 180);
    for (kind, worst) in LARGE.iter().zip(&worst) {
        worst.judge(&format!("{kind:?}"));
        let collinear = matches!(kind, Kind::Collinear(_) | Kind::SignedCollinear(_));
        let share = worst.over as f64 / worst.colds as f64;
        let allowed = if collinear { OVER_COLLINEAR } else { OVER };
        assert!(share <= allowed, "{kind:?}: {} cold starts took more than K + {BEYOND} solves", worst.over);
    }
}

#[test]
fn random_problems_satisfy_the_optimality_conditions_f32() {
    random::<f32>();
}

#[test]
fn random_problems_satisfy_the_optimality_conditions_f64() {
    random::<f64>();
}

const HARD: [(Kind, Target); 6] = [
    (Kind::Collinear(1e-5), Target::Exact),
    (Kind::Peaks, Target::Exact),
    (Kind::Powers, Target::Nearly),
    (Kind::Binary, Target::Ties),
    (Kind::Equal, Target::Ties),
    (Kind::Sparse, Target::Exact),
];

/// Six families of 69: near-duplicates, condition beyond the precision, no residual, ties, many zeros.
fn hard<T: Precision>() {
    let mut draw = Draw::new(414);
    for (kind, aim) in HARD {
        let mut worst = Worst::default();
        for _ in 0..23 {
            starts::<T, 6>(&mut worst, &mut draw, kind, aim);
            starts::<T, 12>(&mut worst, &mut draw, kind, aim);
            starts::<T, 20>(&mut worst, &mut draw, kind, aim);
        }
        worst.judge(&format!("{kind:?}, {aim:?}"));
    }
}

#[test]
fn hard_cases_f32() {
    hard::<f32>();
}

#[test]
fn hard_cases_f64() {
    hard::<f64>();
}

/// 400 dictionaries with columns from 1e-12 to 1e12, half of them of either sign.
fn badly_scaled<T: Precision>() {
    let mut draw = Draw::new(400);
    for kind in [Kind::Scaled(12.0), Kind::SignedScaled(12.0)] {
        let mut worst = Worst::default();
        for number in 0..50 {
            let aim = TARGETS[number % TARGETS.len()];
            starts::<T, 3>(&mut worst, &mut draw, kind, aim);
            starts::<T, 6>(&mut worst, &mut draw, kind, aim);
            starts::<T, 10>(&mut worst, &mut draw, kind, aim);
            starts::<T, 20>(&mut worst, &mut draw, kind, aim);
        }
        worst.judge(&format!("{kind:?}"));
    }
}

#[test]
fn badly_scaled_dictionaries_f32() {
    badly_scaled::<f32>();
}

#[test]
fn badly_scaled_dictionaries_f64() {
    badly_scaled::<f64>();
}

/// More columns than rows and of either sign: the Gram is singular in directions with h > 0. Whatever rounding makes of
/// that, the status tells.
fn cancelling<T: Precision, const K: usize>() {
    let mut draw = Draw::new(77);
    let (mut missed, mut worst) = (0, 0.0_f64);
    const PROBLEMS: usize = 500;
    for number in 0..PROBLEMS {
        let w = dictionary(&mut draw, Kind::SignedWide, K);
        let (gram, cross) = normal::<T, K>(&w, &target(&mut draw, TARGETS[number % TARGETS.len()], &w));
        let system = System::new(&gram, &cross);
        let mut h = SVector::from_element(T::ZERO);
        let report = solve(&gram, &cross, &mut h);
        let x = system.scale(&h);
        let (kkt, terms) = (system.kkt(&x), system.terms(&x));
        assert!(h.iter().all(|h| h.is_finite() && *h >= T::ZERO), "{h:?}");
        assert!(report.solves <= bound(K));
        assert!(system.objective(&x) <= ROUNDING * system.largest * x.iter().sum::<f64>(), "worse than h = 0");
        match report.status {
            NnlsStatus::Optimal | NnlsStatus::IllConditioned => {
                let reported = REPORTED * T::EPSILON * terms.max(1.0);
                assert!((report.kkt.to_f64() - kkt).abs() <= reported, "kkt {kkt:e}, {report:?}");
                worst = worst.max(report.kkt.to_f64());
            }
            _ => missed += 1,
        }
    }
    println!("K {K}: {missed} of {PROBLEMS} unresolved, the others report a kkt of at most {worst:.2e}");
    assert!(worst <= 2.0 * T::KKT);
    assert!(f64::from(missed) <= UNRESOLVED * PROBLEMS as f64);
}

#[test]
fn status_tells_where_columns_cancel() {
    cancelling::<f32, 2>();
    cancelling::<f32, 4>();
    cancelling::<f32, 8>();
    cancelling::<f32, 16>();
    cancelling::<f64, 2>();
    cancelling::<f64, 4>();
    cancelling::<f64, 8>();
    cancelling::<f64, 16>();
}
