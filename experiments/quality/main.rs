//! Quality of every solver on every problem, over many random starts, as CSV.
//!
//! ```sh
//! cargo run --release -p experiments --bin quality -- --starts 100
//! ```
//!
//! In release it takes minutes to compile: 15 solvers, 14 problems, two precisions. The page
//! `docs/quality.md` needs a few of them, and `--bin quality_page` compiles those only.
//!
//! Options: `--starts n` (default 20; the two digits 64×1797 problems use at most 40),
//! `--problem text` and `--solver text` to select by part of the name, `--scalar f32|f64`.
//!
//! Start r is `Uniform` from seed r. Columns: best, median, worst relative error after the named
//! number of sweeps with rel_tol 0; share_1pct within 1 % of the best known (for exact data:
//! relative error ≤ 1e-5); share_1e-3 within 1e-3, absolute, of the best known; median_sweeps to
//! that, over the starts that reach it; revived components per start; stop_median and stop_sweeps
//! with the default `Stop`. The errors of mu_kl are its own measure, √(2D/ΣX).

mod measure;

use measure::{Case, Fits, Summary, Visitor, every_problem};
use tinynmf::{Als, Anls, Hals, Kaczmarz, KaczmarzEntry, Momentum, Mu, MuKl, RandomAls, Real, Solver};

struct Options {
    starts: u64,
    problem: String,
    solver: String,
    scalar: String,
}

fn options() -> Options {
    let mut options = Options { starts: 20, problem: String::new(), solver: String::new(), scalar: String::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| fail(&format!("{word} needs a value")));
        match word.as_str() {
            "--starts" => {
                options.starts =
                    value().parse().ok().filter(|&n| n > 0).unwrap_or_else(|| fail("--starts: a count ≥ 1"))
            }
            "--problem" => options.problem = value(),
            "--solver" => options.solver = value(),
            "--scalar" => options.scalar = value(),
            _ => fail(&format!("unknown option {word}; known: --starts --problem --solver --scalar")),
        }
    }
    options
}

fn fail(message: &str) -> ! {
    eprintln!("quality: {message}");
    std::process::exit(2)
}

fn main() {
    let options = options();
    // Factors and workspaces pass over the stack on their way into a box.
    rayon::ThreadPoolBuilder::new().stack_size(64 << 20).build_global().expect("the first use of the pool");
    println!(
        "problem,solver,scalar,starts,best,median,worst,share_1pct,share_1e-3,median_sweeps,revived,stop_median,stop_sweeps"
    );
    every_problem(&mut Csv(options));
}

struct Csv(Options);

impl Visitor for Csv {
    fn visit<const M: usize, const N: usize, const K: usize>(&mut self, case: &Case<M, N, K>) {
        if case.name.contains(&self.0.problem) {
            solvers::<f32, M, N, K>(&self.0, case, "f32");
            solvers::<f64, M, N, K>(&self.0, case, "f64");
        }
    }
}

fn solvers<T: Real, const M: usize, const N: usize, const K: usize>(
    options: &Options,
    case: &Case<M, N, K>,
    scalar: &str,
) {
    if !scalar.contains(&options.scalar) {
        return;
    }
    let run = Lines { options, case: case.name, scalar, fits: Fits::<T, M, N, K>::new(case, options.starts) };
    run.solver("als", Als::new());
    run.solver("als_unconstrained", Als::unconstrained());
    run.solver("anls", Anls::new());
    run.solver("hals_1_pass", Hals::new().passes(1));
    run.solver("hals", Hals::new());
    run.solver("kaczmarz", Kaczmarz::new());
    run.solver("kaczmarz_entry", KaczmarzEntry::new());
    run.solver("mu", Mu::new());
    run.solver("mu_kl", MuKl::new());
    run.solver("random_als", RandomAls::new());
    run.solver("random_als_projected", RandomAls::projected());
    run.solver("random_als_unconstrained", RandomAls::unconstrained());
    run.solver("momentum_anls", Momentum::new(Anls::new()));
    run.solver("momentum_hals", Momentum::new(Hals::new()));
    run.pilots("momentum_hals_8_pilots", Momentum::new(Hals::new()));
}

struct Lines<'a, T, const M: usize, const N: usize, const K: usize> {
    options: &'a Options,
    case: &'a str,
    scalar: &'a str,
    fits: Fits<'a, T, M, N, K>,
}

impl<T: Real, const M: usize, const N: usize, const K: usize> Lines<'_, T, M, N, K> {
    fn solver<S>(&self, name: &str, solver: S)
    where
        S: Solver<T, M, N, K> + Copy + Sync,
        S::Workspace: Default,
    {
        self.line(name, || self.fits.solver(name, solver));
    }

    fn pilots<S>(&self, name: &str, solver: S)
    where
        S: Solver<T, M, N, K> + Copy + Sync,
        S::Workspace: Default,
    {
        self.line(name, || self.fits.pilots(name, solver));
    }

    fn line(&self, name: &str, measure: impl Fn() -> Summary) {
        if !name.contains(&self.options.solver) {
            return;
        }
        let summary = measure();
        println!(
            "{},{name},{},{},{:.4e},{:.6e},{:.4e},{:.3},{:.3},{},{:.2},{:.6e},{}",
            self.case,
            self.scalar,
            summary.starts,
            summary.best,
            summary.median,
            summary.worst,
            summary.within_1_percent,
            summary.within_1e_3,
            summary.sweeps,
            summary.revived,
            summary.stop_median,
            summary.stop_sweeps,
        );
    }
}
