//! Prints `docs/quality.md`: how good the default solver is from random starts, and where another
//! one is better.
//!
//! ```sh
//! cargo run --release -p experiments --bin quality_page > docs/quality.md
//! ```
//!
//! The figures do not depend on the machine, so that `ci.sh` compares the page with what this prints.

mod measure;

use measure::{Case, Fits, Summary, Visitor, bands, every_problem};
use tinynmf::{Anls, Hals, Momentum};

const STARTS: u64 = 100;
/// Of the bands.
const FEWER: u64 = 40;

fn main() {
    // Factors and workspaces pass over the stack on their way into a box.
    rayon::ThreadPoolBuilder::new().stack_size(64 << 20).build_global().expect("the first use of the pool");
    let mut rows = Rows::default();
    every_problem(&mut rows);
    let Rows { table, pilots, collinear, apart, exact, creeping } = rows;
    print!(
        "\
# Quality

How near `Nmf::default()` comes to the best fit known, whether one random start is enough, and where
another solver is better.

Made by `cargo run --release -p experiments --bin quality_page > docs/quality.md`. The figures are the
same on every machine, and CI compares them. `--bin quality -- --starts 100` prints every solver in f32
and f64 as CSV.

Errors are relative: ‖X − WH‖ / ‖X‖. *best known* is the least error found for the problem by any program
and any start. Each problem has {STARTS} starts in f32 (64×1797: 40), `Uniform` with seeds 0, 1, 2 …
A fit makes 200 sweeps (X: 300, 64×1797: 60) with `rel_tol` 0. The column *default `Stop`* alone ends by
the default stop rule.

| problem | best known | median | best | worst | within 1 % (exact: ≤ 1e-5) | sweeps to best known + 1e-3 | default `Stop`: error in sweeps | one-pass HALS: median, within 1 % |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
{table}
*sweeps to best known + 1e-3* is the median of the starts that come that near. One-pass HALS is
`Hals::new().passes(1)`, classical HALS in the order of scikit-learn's `cd`.

In f64 the medians of the inexact problems differ from these by at most {apart:.3} %. Those of the exact
ones are at most {exact:.0e}, but for the ill-conditioned one with {creeping:.1e}.

## Several starts

If starts end at different errors, make several and keep the best. The cheap way is `Nmf::pilots(30)`:
`fit_restarts` makes 30 sweeps from each start and continues the best. Here eight pilots form a group.
Group r has the seeds 8r … 8r + 7, and there are as many groups as starts above.

| problem | one start within 1e-3 | within 1 % | eight pilots within 1e-3 | within 1 % |
| --- | --- | --- | --- | --- |
{pilots}
*within 1e-3*: the error is at most the best known error + 1e-3.

## Nearly collinear parts

Where parts are nearly multiples of each other, coordinate descent needs many sweeps. `Momentum<Anls>`
solves the small problems exactly and needs few. Each of its sweeps costs more: see
[choosing a solver](../src/choosing_a_solver.md).

| problem | solver | median | within 1 % (exact: ≤ 1e-5) | sweeps to best known + 1e-3 | default `Stop`: error in sweeps |
| --- | --- | --- | --- | --- | --- |
{collinear}
How near is too near? Four overlapping bands, 30×24, with 0.2 % of noise; {FEWER} starts in f32, 500 sweeps
with `rel_tol` 0. *condition*: largest over smallest singular value of the bands. Each cell: the share of
starts that end within 1 % of the best error, and the median of the errors over the best one.

| condition | `Nmf::default()` | `Hals` | `Momentum<Anls>` |
| ---: | --- | --- | --- |
{}",
        [0.644, 0.406, 0.274, 0.181].map(near).concat()
    );
}

/// A row of the last table: bands so far apart.
fn near(spread: f64) -> String {
    let (case, condition) = bands(spread);
    let fits = Fits::<f32, 30, 24, 4>::new(&case, FEWER).without_stop();
    let [default, hals, anls] = [
        fits.solver("default", Momentum::new(Hals::new())),
        fits.solver("hals", Hals::new()),
        fits.solver("momentum_anls", Momentum::new(Anls::new())),
    ]
    .map(|summary| format!("{}, {:.2}", percent(summary.within_1_percent), summary.median / case.best_known));
    format!("| {condition:.0} | {default} | {hals} | {anls} |\n")
}

#[derive(Default)]
struct Rows {
    table: String,
    pilots: String,
    collinear: String,
    /// The largest difference of a median in f64, in per cent.
    apart: f64,
    /// The largest median of a well-conditioned exact problem in f64, and that of the ill-conditioned one.
    exact: f64,
    creeping: f64,
}

impl Visitor for Rows {
    fn visit<const M: usize, const N: usize, const K: usize>(&mut self, case: &Case<M, N, K>) {
        let (title, known) = (case.title, case.best_known);
        let fits = Fits::<f32, M, N, K>::new(case, STARTS);
        let by_default = fits.solver("default", Momentum::new(Hals::new()));
        let short = Fits::<f32, M, N, K>::new(case, STARTS).without_stop();
        let one_pass = short.solver("one pass", Hals::new().passes(1));
        let pilots = short.pilots("pilots", Momentum::new(Hals::new()));
        let double = Fits::<f64, M, N, K>::new(case, STARTS).without_stop();
        let double = double.solver("default, f64", Momentum::new(Hals::new())).median;
        if known > 0.0 {
            self.apart = self.apart.max(100.0 * (double / by_default.median - 1.0).abs());
        } else if title.starts_with("ill") {
            self.creeping = double;
        } else {
            self.exact = self.exact.max(double);
        }

        let best_known = if known > 0.0 { format!("{known:.6}") } else { "0".to_owned() };
        self.table += &format!(
            "| {title} | {best_known} | {} | {} | {} | {} | {} | {} in {} | {}, {} |\n",
            error(by_default.median),
            error(by_default.best),
            error(by_default.worst),
            percent(by_default.within_1_percent),
            by_default.sweeps,
            error(by_default.stop_median),
            by_default.stop_sweeps,
            error(one_pass.median),
            percent(one_pass.within_1_percent),
        );
        self.pilots += &format!(
            "| {title} | {} | {} | {} | {} |\n",
            percent(by_default.within_1e_3),
            percent(by_default.within_1_percent),
            percent(pilots.within_1e_3),
            percent(pilots.within_1_percent),
        );
        if title.contains("conditioned") || title.contains("collinear") {
            let solvers = [
                ("`Nmf::default()`", by_default),
                ("`Hals`", fits.solver("hals", Hals::new())),
                ("`Momentum<Anls>`", fits.solver("momentum_anls", Momentum::new(Anls::new()))),
            ];
            for (name, summary) in &solvers {
                self.collinear += &format!("| {title} | {name} | {} |\n", cells(summary));
            }
        }
    }
}

fn cells(summary: &Summary) -> String {
    format!(
        "{} | {} | {} | {} in {}",
        error(summary.median),
        percent(summary.within_1_percent),
        summary.sweeps,
        error(summary.stop_median),
        summary.stop_sweeps,
    )
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// Five digits behind the point, seven for small errors, powers of ten for those of exact data.
fn error(value: f64) -> String {
    match value {
        _ if value >= 0.02 => format!("{value:.5}"),
        _ if value >= 1e-3 => format!("{value:.7}"),
        _ => format!("{value:.1e}"),
    }
}
