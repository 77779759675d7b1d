//! Ratings with most entries missing: predicts the ones that were hidden.
//!
//! ```sh
//! cargo run --release --example recommender
//! ```
//!
//! The ratings are simulated, so that they can be shipped and anyone can check the result: 80 films, 300 viewers, every
//! viewer a mix of four tastes, films of different quality, a third of a star of noise, whole stars from 1 to 5. About a
//! quarter of the ratings are known; popular films and keen viewers have more of them, as in real collections. A tenth of the known
//! ratings is hidden from every method.

use std::error::Error;

use rand_xorshift::XorShiftRng;
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{
    Factors, HoldOut, KaczmarzEntry, KaczmarzEntryWorkspace, Mask, Nmf, Problem, RandomAls, RandomAlsWorkspace, Real,
    Stop, Uniform, Workspace, rank_curve,
};

/// Features: films.
const M: usize = 80;
/// Frames: viewers.
const N: usize = 300;
/// Components: tastes.
const K: usize = 4;

struct Ratings {
    /// Stars, one viewer per element; NaN where the viewer has not rated the film.
    stars: Vec<[f32; M]>,
    /// What the methods may see.
    shown: Vec<[bool; M]>,
    /// What they are judged by.
    hidden: Vec<(usize, usize)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let ratings = simulate(1);
    let shown = ratings.shown.iter().flatten().filter(|&&shown| shown).count();
    let share = 100.0 * shown as f64 / (M * N) as f64;
    println!(
        "{M} films × {N} viewers, {shown} ratings shown ({share:.1} %), {} hidden; {K} tastes\n",
        ratings.hidden.len()
    );

    let x = Mask { columns: &ratings.stars[..], observed: &ratings.shown };
    let problem = Problem::<f32, M, N, _>::from_columns(&x)?;
    let mut factors = Box::new(Factors::<f32, M, N, K>::zeros());

    println!("method                                        RMSE of the hidden ratings, stars");
    let mean = mean(&ratings, |_, _| true);
    let by_mean = rmse(&ratings, |_, _| mean);
    report("mean of all ratings", by_mean);
    let film = means_by_film(&ratings, mean);
    report("mean of the film", rmse(&ratings, |i, _| film[i]));

    // Missing ratings taken for zero stars: what a fit without a mask has to do.
    let zeros: Vec<[f32; M]> =
        (0..N).map(|j| std::array::from_fn(|i| if ratings.shown[j][i] { ratings.stars[j][i] } else { 0.0 })).collect();
    let unmasked = Problem::<f32, M, N, _>::from_columns(&zeros[..])?;
    factors.init(&unmasked, Uniform(&mut XorShiftRng::seed_from_u64(1)));
    Nmf::default().fit(&unmasked, &mut factors, &mut Box::new(Workspace::new()))?;
    report("NMF without a mask, missing = 0", rmse(&ratings, |i, j| product(&factors, i, j)));

    // A viewer of whom nothing is shown has a zero column: the mean of the film is then all there is to say.
    let predict =
        |factors: &Factors<f32, M, N, K>, i: usize, j: usize| match factors.h.column(j).iter().any(|&h| h > 0.0) {
            true => product(factors, i, j).clamp(1.0, 5.0),
            false => film[i],
        };
    factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(1)));
    let nmf = Nmf::new(RandomAls::masked());
    let outcome = nmf.fit(&problem, &mut factors, &mut Box::new(RandomAlsWorkspace::new()))?;
    report("RandomAls with the mask and a ridge", rmse(&ratings, |i, j| predict(&factors, i, j)));

    factors.init(&problem, Uniform(&mut XorShiftRng::seed_from_u64(1)));
    let nmf = Nmf::new(KaczmarzEntry::masked()).stop(Stop::new().max_sweeps(60));
    nmf.fit(&problem, &mut factors, &mut Box::new(KaczmarzEntryWorkspace::new()))?;
    let by_tastes = rmse(&ratings, |i, j| predict(&factors, i, j));
    report("KaczmarzEntry, the same, 60 sweeps", by_tastes);
    println!(
        "\nviewers of whom nothing is shown: {}, films: {}",
        outcome.unobserved.frames, outcome.unobserved.features
    );

    println!("\ntastes  error shown  error held out (cross-validation over the shown ratings)");
    let curve = rank_curve!(
        HoldOut::new().folds(5).starts(1),
        &problem,
        &nmf,
        [1, 2, 3, 4, 6],
        |point: tinynmf::RankPoint<f32>| {
            println!("{:6}  {:11.4}  {:14.4}", point.k, point.training, point.held_out);
        }
    )?;
    println!("{:6}  is the number to take", curve.best().map_or(0, |point| point.k));
    if by_tastes < by_mean { Ok(()) } else { Err("the mean predicts better".into()) }
}

fn report(method: &str, rmse: f64) {
    println!("{method:45} {rmse:.3}");
}

fn product(factors: &Factors<f32, M, N, K>, i: usize, j: usize) -> f32 {
    (0..K).map(|k| factors.w[(i, k)] * factors.h[(k, j)]).sum()
}

fn rmse(ratings: &Ratings, predict: impl Fn(usize, usize) -> f32) -> f64 {
    let square = |&(i, j): &(usize, usize)| f64::from(ratings.stars[j][i] - predict(i, j)).powi(2);
    (ratings.hidden.iter().map(square).sum::<f64>() / ratings.hidden.len() as f64).sqrt()
}

/// Mean of the shown ratings that `which` selects; NaN if there are none.
fn mean(ratings: &Ratings, which: impl Fn(usize, usize) -> bool) -> f32 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (j, (stars, shown)) in ratings.stars.iter().zip(&ratings.shown).enumerate() {
        for i in (0..M).filter(|&i| shown[i] && which(i, j)) {
            sum += stars[i];
            count += 1.0;
        }
    }
    sum / count
}

fn means_by_film(ratings: &Ratings, otherwise: f32) -> Vec<f32> {
    (0..M)
        .map(|film| {
            let mean = mean(ratings, |i, _| i == film);
            if mean.is_nan() { otherwise } else { mean }
        })
        .collect()
}

fn simulate(seed: u64) -> Ratings {
    let mut rng = XorShiftRng::seed_from_u64(seed);
    let mut unit = || <f32 as Real>::unit(rng.next_u64());
    // Films belong to one or two of four kinds; viewers like some kinds more than others.
    let films: Vec<[f32; 4]> = (0..M)
        .map(|i| std::array::from_fn(|k| if k == i % 4 { 0.6 + 0.4 * unit() } else { 0.35 * unit() * unit() }))
        .collect();
    let quality: Vec<f32> = (0..M).map(|_| 1.6 * unit()).collect();
    let viewers: Vec<[f32; 4]> = (0..N).map(|_| std::array::from_fn(|_| 4.0 * unit() * unit())).collect();
    let popularity: Vec<f32> = (0..M).map(|_| 0.1 + 0.6 * unit() * unit()).collect();
    let keenness: Vec<f32> = (0..N).map(|_| 0.4 + 1.6 * unit()).collect();
    let mut ratings = Ratings { stars: vec![[f32::NAN; M]; N], shown: vec![[false; M]; N], hidden: Vec::new() };
    for j in 0..N {
        for i in 0..M {
            let noise = (unit() + unit() + unit() - 1.5) * 0.66; // standard deviation 1/3
            let liking: f32 = (0..4).map(|k| films[i][k] * viewers[j][k]).sum();
            let rated = unit() < popularity[i] * keenness[j];
            let hide = unit() < 0.1;
            if rated {
                ratings.stars[j][i] = (1.0 + quality[i] + liking + noise).round().clamp(1.0, 5.0);
                if hide {
                    ratings.hidden.push((i, j));
                } else {
                    ratings.shown[j][i] = true;
                }
            }
        }
    }
    ratings
}
