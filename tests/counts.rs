//! The comparison and the models of the instruction counts, without valgrind: `benches/instructions`.

#[path = "../benches/instructions/figure.rs"]
mod figure;
#[path = "../benches/instructions/growth.rs"]
mod growth;

use figure::{Figure, Figures, Key};
use growth::{BASE, MODELS, SWEEP};

fn figures(counts: &[u64]) -> Figures {
    let figure = |(n, &count)| Figure::new(Key::new::<f32>("encode", [64, n, 8]), vec![count, 1000, 1]);
    Figures { compiler: "rustc 1".into(), list: counts.iter().enumerate().map(figure).collect() }
}

#[test]
fn a_count_may_be_two_percent_off_in_either_direction() {
    let before = figures(&[1000, 10_000]);
    for (counts, problems) in [([1000, 10_200], 0), ([1000, 9800], 0), ([1000, 10_201], 1), ([1000, 9799], 1)] {
        assert_eq!(figures(&counts).differences(&before).len(), problems, "{counts:?}");
    }
    let line = &figures(&[1000, 11_000]).differences(&before)[0];
    assert_eq!(
        line,
        "encode 64×1×8 f32, worst: 11000 instructions, 10000 in the baseline: +10.0 %; if it is meant, --bless"
    );
}

#[test]
fn a_figure_that_only_one_side_has_is_a_difference() {
    let (one, two) = (figures(&[1000]), figures(&[1000, 2000]));
    assert_eq!(two.differences(&one), ["encode 64×1×8 f32: not in the baseline; see --bless"]);
    assert_eq!(one.differences(&two), ["encode 64×1×8 f32: in the baseline, but not counted"]);
}

#[test]
fn another_compiler_is_a_difference() {
    let (now, mut before) = (figures(&[1000]), figures(&[1000]));
    before.compiler = "rustc 2".into();
    assert_eq!(now.differences(&before), ["the baseline is of rustc 2, this is rustc 1"]);
}

#[test]
fn a_file_holds_what_was_written() -> Result<(), String> {
    let path = std::env::temp_dir().join(format!("tinynmf_counts_{}.csv", std::process::id()));
    let figures = figures(&[1000, 2000]);
    figures.write(&path)?;
    let read = Figures::read(&path);
    let _ = std::fs::remove_file(path);
    assert_eq!(read?, figures);
    Ok(())
}

#[test]
fn models_find_planted_coefficients() {
    for model in &MODELS {
        let planted = [3.0, if model.dimension == 2 { 6.0 } else { 0.0 }, 200.0];
        let mut list = Vec::new();
        for size in [4, 8, 16, 32, 64] {
            let mut shape = BASE;
            shape[model.dimension] = size;
            let count = model.value(&planted, shape).round() as u64;
            list.push(Figure::new(Key::new::<f32>(SWEEP, shape), vec![count]));
        }
        let fit = model.fit(&model.series(&list));
        for (found, planted) in fit.coefficients.iter().zip(planted) {
            assert!((found - planted).abs() <= 0.01 * planted, "{}: {:?}", model.formula, fit.coefficients);
        }
        // One count that is a third too high is farther off than any tolerance.
        list[2].median += list[2].median / 3;
        let fit = model.fit(&model.series(&list));
        assert!(fit.worst.1.abs() > model.tolerance.min(0.15), "{}", model.report(&fit));
    }
}
