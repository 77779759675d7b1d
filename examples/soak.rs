//! Pushes frames through `Online` until something grows or breaks: by default ten million.
//!
//! ```sh
//! cargo run --release --example soak                 # f32 and f64, about a minute
//! cargo run --release --example soak -- 200000
//! ```
//!
//! The source is noise on eight parts that drift slowly, pause, and change their loudness by 10^±6 over and over; now and then a
//! frame is broken. Fails if a factor is negative or not finite, or if the error of any tenth is above that of the first by more than 5 %.

use std::error::Error;

use indicatif::{ProgressBar, ProgressStyle};
use rand_xorshift::XorShiftRng;
use tinynmf::nalgebra::SVector;
use tinynmf::nnls::NnlsStatus;
use tinynmf::rand_core::{Rng, SeedableRng};
use tinynmf::{Online, OnlineState, Real};
use tinynmf_examples::data;

const M: usize = 32;
const K: usize = 8;
/// The error is compared tenth by tenth.
const PARTS: u64 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let frames = std::env::args().nth(1).map_or(Ok(10_000_000), |count| count.parse())?;
    soak::<f32>("f32", frames)?;
    soak::<f64>("f64", frames)
}

fn soak<T: Real>(name: &str, frames: u64) -> Result<(), Box<dyn Error>> {
    let bar = ProgressBar::new(frames)
        .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} frames, {eta} left  {msg}")?)
        .with_message(name.to_owned());
    let mut source = Source { rng: XorShiftRng::seed_from_u64(1), frame: 0 };
    let mut state = Box::new(OnlineState::<T, M, K>::new());
    let mut h = SVector::<T, K>::from_element(T::ZERO);
    let mut errors = Vec::new();
    for part in 0..PARTS {
        let (mut rest, mut count) = (0.0, 0_u64);
        for n in part * frames / PARTS..(part + 1) * frames / PARTS {
            let x = source.next::<T>();
            let update = Online::new().push(&mut state, &x, &mut h);
            let broken = x.iter().any(|x| !x.is_finite());
            if broken != (update.status == NnlsStatus::NonFinite) {
                return Err(format!("{name}, frame {n}: {update:?}").into());
            }
            if !broken {
                rest += data::to_f64(update.relative_residual).powi(2);
                count += 1;
            }
            if n % 10_000 == 0 {
                bar.set_position(n);
                if !state.w.iter().chain(h.iter()).all(|value| value.is_finite() && *value >= T::ZERO) {
                    return Err(format!("{name}, frame {n}: a factor is negative or not finite").into());
                }
            }
        }
        errors.push((rest / count.max(1) as f64).sqrt());
    }
    bar.finish_and_clear();
    let shown: Vec<String> = errors.iter().map(|error| format!("{error:.4}")).collect();
    println!("{name}, {frames} frames, relative residual of each tenth: {}", shown.join(" "));
    match errors.iter().position(|error| !(*error <= 1.05 * errors[0])) {
        Some(tenth) => Err(format!("{name}: the error has grown in tenth {tenth}").into()),
        None => Ok(()),
    }
}

struct Source {
    rng: XorShiftRng,
    frame: u64,
}

impl Source {
    fn unit(&mut self) -> f64 {
        f64::unit(self.rng.next_u64())
    }

    fn next<T: Real>(&mut self) -> SVector<T, M> {
        self.frame += 1;
        let time = self.frame as f64;
        let loudness = 10_f64.powf(6.0 * (time / 50_000.0).sin());
        let mut x = [0.0; M];
        for k in 0..K {
            // Each part rests for a while, at other times than the others.
            let rests = (self.frame / 3000 + k as u64).is_multiple_of(5);
            let amount = if rests || self.unit() < 0.4 { 0.0 } else { self.unit() };
            let centre = 4.0 * k as f64 + (time / 30_000.0 + k as f64).sin();
            for (i, x) in x.iter_mut().enumerate() {
                *x += amount * (-(i as f64 - centre).powi(2) / 4.0).exp();
            }
        }
        let mut frame = x.map(|x| data::from_f64::<T>(loudness * (x + 0.05 * self.unit())));
        if self.frame.is_multiple_of(9973) {
            frame[7] = T::INFINITY;
        }
        frame.into()
    }
}
