//! How `Online` is best set where nothing is known of a stream: the tables behind its defaults.
//!
//! ```sh
//! cargo run --release -p experiments --bin forgetting > docs/forgetting.md     # some minutes
//! cargo run --release -p experiments --bin forgetting -- 1                     # starts of each stream, 12 without; half a minute
//! ```
//!
//! With all starts it fails if the defaults are not those that the rule chooses.

use std::error::Error;

use indicatif::{ProgressBar, ProgressStyle};
use rand_xorshift::XorShiftRng;
use rayon::prelude::*;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{Anls, Encoder, Factors, Momentum, Nmf, Online, OnlineState, Problem, Real, RestartLog, Start};
use tinynmf_examples::{data, drift};

const HALF_LIVES: [f32; 8] = [34.0, 50.0, 69.0, 100.0, 140.0, 200.0, 400.0, f32::INFINITY];
const COMPONENTS: [usize; 4] = [1, 2, 3, usize::MAX];
const TRUSTS: [f32; 5] = [0.0, 1.0, 2.0, 4.0, 8.0];
const STARTS: u64 = 12;
/// No column may be more than this above the best setting for it, in logarithms: a quarter.
const WORST: f64 = 0.223;
/// Components and half-life may cost this much of the mean.
const NEAR: f64 = 0.025;

/// What is varied.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Setting {
    half_life: f32,
    components: usize,
    trust: f32,
}

impl Setting {
    fn online(self) -> Online<f32> {
        Online::new().half_life(self.half_life).components_per_frame(self.components).trust(self.trust)
    }
}

/// What has the same weight in the mean.
const KINDS: [&str; 5] = ["digits", "piano", "spectra", "turned", "learnt"];

/// Columns of the table: the stream, and what is measured of it.
struct Stream {
    kind: &'static str,
    name: &'static str,
    columns: Vec<&'static str>,
    /// The batch error that each column is compared with.
    batch: Vec<f64>,
    /// The errors after a run from start n.
    run: Box<dyn Fn(Online<f32>, u64) -> Vec<f64> + Send + Sync>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let starts = std::env::args().nth(1).map_or(Ok(STARTS), |count| count.parse())?;
    // Factors pass over the stack on their way into a box.
    rayon::ThreadPoolBuilder::new().stack_size(64 << 20).build_global()?;
    let streams = rayon::scope(|_| streams());
    let settings = HALF_LIVES.iter().flat_map(|&half_life| {
        let components = COMPONENTS.iter().map(move |&components| Setting { half_life, components, trust: 0.0 });
        components.flat_map(|setting| TRUSTS.iter().map(move |&trust| Setting { trust, ..setting }))
    });
    let settings: Vec<Setting> = settings.collect();
    let bar = ProgressBar::new(settings.len() as u64)
        .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} settings, {eta} left")?);
    let measured = settings.par_iter().map(|&setting| {
        let logarithms = streams.iter().flat_map(|stream| stream.mean(setting.online(), starts)).collect();
        bar.inc(1);
        Row { setting, logarithms, mean: 0.0, worst: 0.0 }
    });
    let mut rows: Vec<Row> = measured.collect();
    bar.finish_and_clear();
    judge(&streams, &mut rows);
    let chosen = choose(&rows)?;
    print(&streams, &rows, chosen, starts);
    if starts == STARTS && chosen.online() != Online::new() {
        return Err(format!("the rule chooses {chosen:?}, the defaults are {:?}", Online::<f32>::new()).into());
    }
    Ok(())
}

/// What was measured of a setting.
struct Row {
    setting: Setting,
    /// ln(error / batch error), the mean over the starts, of every column.
    logarithms: Vec<f64>,
    /// Above the best setting for each column: the mean of a kind's columns, and of the kinds; the
    /// worst column.
    mean: f64,
    worst: f64,
}

fn judge(streams: &[Stream], rows: &mut [Row]) {
    let least = |column: usize| rows.iter().map(|row| row.logarithms[column]).fold(f64::INFINITY, f64::min);
    let best: Vec<f64> = (0..rows[0].logarithms.len()).map(least).collect();
    for row in rows {
        let above: Vec<f64> = row.logarithms.iter().zip(&best).map(|(value, best)| value - best).collect();
        row.worst = above.iter().copied().fold(0.0, f64::max);
        let means = KINDS.map(|kind| {
            let of_kind = columns(streams).zip(&above).filter(|((stream, _), _)| stream.kind == kind);
            let values: Vec<f64> = of_kind.map(|(_, &above)| above).collect();
            values.iter().sum::<f64>() / values.len() as f64
        });
        row.mean = means.iter().sum::<f64>() / KINDS.len() as f64;
    }
}

/// The rule that the printed page states.
fn choose(rows: &[Row]) -> Result<Setting, Box<dyn Error>> {
    let least = rows.iter().map(|row| row.mean).fold(f64::INFINITY, f64::min);
    let near = rows.iter().filter(|row| row.mean <= least + NEAR && row.worst <= WORST);
    let best = near.min_by(|a, b| {
        let (one, other) = (a.setting, b.setting);
        let fewer = one.components.cmp(&other.components);
        fewer.then(other.half_life.total_cmp(&one.half_life)).then(a.mean.total_cmp(&b.mean))
    });
    Ok(best.ok_or("no setting is good for every stream")?.setting)
}

fn columns(streams: &[Stream]) -> impl Iterator<Item = (&Stream, &'static str)> {
    streams.iter().flat_map(|stream| stream.columns.iter().map(move |&column| (stream, column)))
}

fn print(streams: &[Stream], rows: &[Row], chosen: Setting, starts: u64) {
    println!("# How fast to forget\n");
    println!(
        "Made by `cargo run --release -p experiments --bin forgetting > docs/forgetting.md`; means over {starts} starts.\n"
    );
    println!(
        "Each figure is the error of the whole stream with the dictionary that `Online` has after so many frames, in \
         per cent\nabove the error of the best of eight batch fits. *mean*: above the best setting of each column, in per \
         cent, first of the\ncolumns of a kind, then of the five kinds (digits, piano, spectra, turned, learnt before); \
         *worst*: that of the worst column.\n"
    );
    println!(
        "The rule: of the settings whose mean is within {} % of the least, with no column more than a quarter above its \
         best, those\nwith the fewest components (each costs 2·M·K multiply-adds a frame); of these the longest half-life; \
         of these the least mean.\n",
        100.0 * NEAR
    );
    println!("It chooses {}.\n", chosen.words());
    println!(
        "Streams: digits 64×1797, K 8, in any order; 627 frames of piano chords, 96 features, K 12, and a piano piece of \
         250\nframes, 129 features, K 6, both from anywhere on; 60 near-infrared spectra, 150 features, K 4, in any order; \
         *turned*:\n898 upright digits, then digits turned by a quarter, against a batch fit of turned digits; *learnt \
         before*: from the\ndictionary of the batch fit, in any order. The others start in turn from nothing, from their \
         first frames and from random\nparts. f32.\n"
    );
    let table = |title: String, which: &dyn Fn(&Setting) -> bool, name: &dyn Fn(&Setting) -> String| {
        println!("## {title}\n");
        let heads: Vec<String> =
            columns(streams).map(|(stream, column)| format!("{}: {column}", stream.name)).collect();
        println!("| | {} | mean | worst |", heads.join(" | "));
        println!("| --- |{}", " ---: |".repeat(heads.len() + 2));
        for row in rows.iter().filter(|row| which(&row.setting)) {
            let mark = if row.setting == chosen { "**" } else { "" };
            let cells: Vec<String> = row.logarithms.iter().map(|value| percent(*value)).collect();
            let [mean, worst] = [percent(row.mean), percent(row.worst)];
            println!("| {mark}{}{mark} | {} | {mean} | {worst} |", name(&row.setting), cells.join(" | "));
        }
        println!();
    };
    let Setting { half_life, components, trust } = chosen;
    let is = |setting: &Setting, h: bool, c: bool, t: bool| {
        (h || setting.half_life == half_life)
            && (c || setting.components == components)
            && (t || setting.trust == trust)
    };
    table("Half-life, in frames".into(), &|setting| is(setting, true, false, false), &|setting| {
        if setting.half_life.is_finite() { setting.half_life.to_string() } else { "∞".into() }
    });
    table("Components a frame".into(), &|setting| is(setting, false, true, false), &|setting| {
        named(setting.components)
    });
    table("Trust, in frames".into(), &|setting| is(setting, false, false, true), &|setting| setting.trust.to_string());
    table(
        "Half-life, one component a frame".into(),
        &|setting| setting.components == 1 && setting.trust == trust,
        &|setting| if setting.half_life.is_finite() { setting.half_life.to_string() } else { "∞".into() },
    );
}

fn percent(logarithm: f64) -> String {
    format!("{:.1}", 100.0 * logarithm.exp_m1())
}

fn named(components: usize) -> String {
    if components == usize::MAX { "all".into() } else { components.to_string() }
}

impl Setting {
    fn words(self) -> String {
        let Self { half_life, components, trust } = self;
        format!("a half-life of {half_life} frames, {} components a frame, a trust of {trust}", named(components))
    }
}

impl Stream {
    fn mean(&self, online: Online<f32>, starts: u64) -> Vec<f64> {
        let mut sums = vec![0.0; self.columns.len()];
        for start in 0..starts {
            for ((sum, error), batch) in sums.iter_mut().zip((self.run)(online, start)).zip(&self.batch) {
                *sum += (error / batch).ln() / starts as f64;
            }
        }
        sums
    }
}

fn streams() -> Vec<Stream> {
    let digits = data::frames::<64>("digits.csv");
    let chords = data::frames::<96>("piano_chords.csv");
    vec![
        passes::<64, 1797, 8>("digits", "digits", digits.clone(), false),
        passes::<96, 627, 12>("piano", "chords", chords, true),
        passes::<129, 250, 6>("piano", "piece", data::rows("piano_129x250.csv"), true),
        passes::<150, 60, 4>("spectra", "spectra", data::rows("spectra_150x60.csv"), false),
        turned(digits.clone()),
        learnt::<64, 1797, 8>("digits, learnt before", digits),
        learnt::<129, 250, 6>("piano, learnt before", data::rows("piano_129x250.csv")),
    ]
}

/// A stream of frames that is heard five times, in its own order from anywhere on or in any order.
fn passes<const M: usize, const N: usize, const K: usize>(
    kind: &'static str,
    name: &'static str,
    frames: Vec<[f64; M]>,
    ordered: bool,
) -> Stream {
    let (error, _) = batch::<M, N, K>(&frames);
    let run = move |online, start| {
        let mut rng = XorShiftRng::seed_from_u64(start);
        let mut frames = frames.clone();
        if ordered {
            frames.rotate_left((rng.next_u64() % N as u64) as usize);
        } else {
            shuffle(&mut frames, &mut rng);
        }
        let frames = data::cast::<f32, M>(&frames);
        let mut state = begun::<M, K>(&frames, start, &mut rng);
        let mut errors = Vec::new();
        for pass in 1..=5 {
            follow(online, &mut state, &frames);
            if pass == 1 || pass == 5 {
                errors.push(error_of(&state, &frames));
            }
        }
        errors
    };
    Stream { kind, name, columns: vec!["1 pass", "5 passes"], batch: vec![error; 2], run: Box::new(run) }
}

/// From the dictionary of the batch fit: what the first frames, in any order, take away from it.
fn learnt<const M: usize, const N: usize, const K: usize>(name: &'static str, frames: Vec<[f64; M]>) -> Stream {
    let (error, w) = batch::<M, N, K>(&frames);
    let run = move |online, start| {
        let mut frames = frames.clone();
        shuffle(&mut frames, &mut XorShiftRng::seed_from_u64(start));
        let frames = data::cast::<f32, M>(&frames);
        let mut state = Box::new(OnlineState::<f32, M, K>::new());
        state.reset(&w).expect("parts of unit length");
        let (first, rest) = frames.split_at(20);
        follow(online, &mut state, first);
        let early = error_of(&state, &frames);
        follow(online, &mut state, &rest[..80]);
        vec![early, error_of(&state, &frames)]
    };
    Stream { kind: "learnt", name, columns: vec!["20 frames", "100 frames"], batch: vec![error; 2], run: Box::new(run) }
}

/// The camera of `drift`: digits in any order, the second half of them turned.
fn turned(digits: Vec<[f64; 64]>) -> Stream {
    let turn = |image: &[f64; 64]| drift::turned(&image.map(|pixel| pixel as u8)).map(f64::from);
    let all: Vec<_> = digits.iter().map(turn).collect();
    // Every order has another second half, all of the same source.
    let (error, _) = batch::<64, 1797, 8>(&all);
    let all = data::cast::<f32, 64>(&all);
    let run = move |online, start| {
        let mut rng = XorShiftRng::seed_from_u64(start);
        let mut frames = digits.clone();
        shuffle(&mut frames, &mut rng);
        let (upright, turned) = frames.split_at(frames.len() / 2);
        let turned = data::cast::<f32, 64>(&turned.iter().map(turn).collect::<Vec<_>>());
        let upright = data::cast::<f32, 64>(upright);
        let mut state = begun::<64, 8>(&upright, start, &mut rng);
        follow(online, &mut state, &upright);
        let (first, rest) = turned.split_at(300);
        follow(online, &mut state, first);
        let early = error_of(&state, &all);
        follow(online, &mut state, rest);
        vec![early, error_of(&state, &all)]
    };
    Stream {
        kind: "turned",
        name: "turned",
        columns: vec!["300 frames", "899 frames"],
        batch: vec![error; 2],
        run: Box::new(run),
    }
}

/// From nothing, from the first frames, or from random parts: in turn.
fn begun<const M: usize, const K: usize>(
    frames: &[[f32; M]],
    start: u64,
    rng: &mut XorShiftRng,
) -> Box<OnlineState<f32, M, K>> {
    let mut state = Box::new(OnlineState::new());
    let mut w = state.w;
    match start % 3 {
        0 => return state,
        1 => w.data.0.iter_mut().zip(frames).for_each(|(w, frame)| *w = *frame),
        _ => w.iter_mut().for_each(|w| *w = f32::unit(rng.next_u64())),
    }
    state.reset(&w).expect("frames are not negative");
    state
}

fn follow<const M: usize, const K: usize>(
    online: Online<f32>,
    state: &mut OnlineState<f32, M, K>,
    frames: &[[f32; M]],
) {
    for &x in frames {
        online.push(state, &x.into(), &mut SVector::zeros());
    }
}

/// ‖X − WH‖/‖X‖ with the best H for the dictionary as it stands.
fn error_of<const M: usize, const K: usize>(state: &OnlineState<f32, M, K>, frames: &[[f32; M]]) -> f64 {
    let encoder = Encoder::new(&state.w);
    let (mut residual, mut energy) = (0.0, 0.0);
    for &x in frames {
        let code = encoder.encode(&x.into(), &mut SVector::zeros());
        residual += f64::from(code.residual).powi(2);
        energy += x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
    }
    (residual / energy).sqrt()
}

/// The error of the best of eight fits to all frames, and its dictionary.
fn batch<const M: usize, const N: usize, const K: usize>(frames: &[[f64; M]]) -> (f64, SMatrix<f32, M, K>) {
    let problem = Problem::<f64, M, N, _>::from_columns(frames).expect("the data are valid");
    let (mut best, mut trial) = (Box::new(Factors::<f64, M, N, K>::zeros()), Box::new(Factors::zeros()));
    let log: RestartLog<f64, 8> = Nmf::new(Momentum::new(Anls::new()))
        .fit_restarts(&problem, |_| Start::Uniform, &mut best, &mut trial, &mut Box::default())
        .expect("a fit from random factors");
    best.normalize();
    (log.outcome().relative_error, SMatrix::from_fn(|i, k| best.w[(i, k)] as f32))
}

fn shuffle<F>(frames: &mut [F], rng: &mut XorShiftRng) {
    for j in (1..frames.len()).rev() {
        frames.swap(j, (rng.next_u64() % (j as u64 + 1)) as usize);
    }
}
