//! Error traces of independent NumPy implementations (`data/golden.csv`), an oracle that shares no code with the crate.

#[path = "../examples/common/data.rs"]
mod data;

use data::{cast, to_f64};
use tinynmf::{Als, Anls, Factors, Hals, History, Momentum, Nmf, Problem, Real, Solver, Stop};

const SWEEPS: [usize; 8] = [0, 1, 2, 3, 4, 5, 10, 20];

/// The trace of one solver at the golden sweeps.
fn trace<T: Real, S, const M: usize, const N: usize, const K: usize>(
    frames: &[[f64; M]],
    problem_name: &str,
    seed: &str,
    solver: S,
) -> [f64; 8]
where
    S: Solver<T, M, N, K> + Copy,
    S::Workspace: Default,
{
    let x = cast::<T, M>(frames);
    let problem = Problem::<T, M, N, _>::from_columns(&x[..]).unwrap();
    let mut factors = Factors::<T, M, N, K>::zeros();
    for line in data::lines("golden_starts.csv") {
        if line[0] != problem_name || line[1] != seed {
            continue;
        }
        let row: usize = line[3].parse().unwrap();
        // The starts are exact in f32.
        let values = line[4..].iter().map(|field| data::from_f64::<T>(f64::from(field.parse::<f32>().unwrap())));
        for (k, value) in values.enumerate() {
            if line[2] == "W" {
                factors.w[(row, k)] = value;
            } else {
                factors.h[(k, row)] = value;
            }
        }
    }
    let start = to_f64(factors.relative_error(&problem));
    let mut history = History::<T, 20>::new();
    let nmf = Nmf::new(solver).stop(Stop::new().rel_tol(T::ZERO).max_sweeps(20));
    nmf.fit_with(&problem, &mut factors, &mut S::Workspace::default(), &mut history).unwrap();
    SWEEPS.map(|sweep| if sweep == 0 { start } else { to_f64(history.errors()[sweep - 1]) })
}

fn golden(problem: &str, solver: &str, seed: &str, scalar: &str) -> [f64; 8] {
    let lines = data::lines("golden.csv");
    let line =
        lines.iter().find(|line| line[0] == problem && line[1] == solver && line[2] == seed && line[3] == scalar);
    let line = line.unwrap_or_else(|| panic!("no golden trace {problem} {solver} {seed} {scalar}"));
    std::array::from_fn(|i| line[4 + i].parse().unwrap())
}

fn each<const M: usize, const N: usize, const K: usize>(name: &str, frames: Vec<[f64; M]>) {
    for seed in ["1", "2"] {
        compare::<f64, _, M, N, K>(name, &frames, seed, "float64", "hals inner=1", Hals::new().passes(1));
        compare::<f32, _, M, N, K>(name, &frames, seed, "float32", "hals inner=1", Hals::new().passes(1));
        compare::<f64, _, M, N, K>(name, &frames, seed, "float64", "hals inner=3", Hals::new());
        compare::<f32, _, M, N, K>(name, &frames, seed, "float32", "hals inner=3", Hals::new());
        compare::<f64, _, M, N, K>(name, &frames, seed, "float64", "anls-as", Anls::new());
        compare::<f32, _, M, N, K>(name, &frames, seed, "float32", "anls-as", Anls::new());
        compare::<f64, _, M, N, K>(name, &frames, seed, "float64", "als", Als::new());
        compare::<f32, _, M, N, K>(name, &frames, seed, "float32", "als", Als::new());
        compare::<f64, _, M, N, K>(name, &frames, seed, "float64", "e-hals inner=3", Momentum::new(Hals::new()));
        compare::<f32, _, M, N, K>(name, &frames, seed, "float32", "e-hals inner=3", Momentum::new(Hals::new()));
    }
}

fn compare<T: Real, S, const M: usize, const N: usize, const K: usize>(
    name: &str,
    frames: &[[f64; M]],
    seed: &str,
    scalar: &str,
    solver_name: &str,
    solver: S,
) where
    S: Solver<T, M, N, K> + Copy,
    S::Workspace: Default,
{
    let ours = trace::<T, S, M, N, K>(frames, name, seed, solver);
    let theirs = golden(name, solver_name, seed, scalar);
    println!("{name} {solver_name} {seed} {scalar}");
    for i in 0..8 {
        println!("  {:3} {:.10e} {:.10e} {:+.1e}", SWEEPS[i], ours[i], theirs[i], ours[i] / theirs[i] - 1.0);
    }
}

#[test]
fn traces() {
    each::<12, 10, 3>("seedX k=3", data::notebook_x());
    each::<4, 4, 2>("seedV k=2", data::notebook_v());
    each::<9, 7, 3>("A9x7 k=3", data::rows("seed_A.csv"));
    each::<64, 100, 8>("digits64x100 k=8", data::frames::<64>("digits.csv")[..100].to_vec());
}
