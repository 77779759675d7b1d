//! Data and starts, the same for every learner that takes them.

use std::f64::consts::TAU;
use std::fs;
use std::path::Path;

use rand_xorshift::XorShiftRng;
use tinynmf::Real;
use tinynmf::rand_core::{Rng, SeedableRng};

use super::problem::{ROWS, Row, targets};
use crate::Result;
use crate::data::{lines, transpose};
use crate::exchange::{append, write};
use crate::notebook::{notebook_v, notebook_x};

/// Below 1, only the quick problems and this share of the starts.
pub fn prepare(folder: &Path, share: f64) -> Result<()> {
    fs::create_dir_all(folder)?;
    for row in ROWS.iter().filter(|row| row.quick || share >= 1.) {
        let (m, n, k) = row.shape;
        let x: Vec<f64> = columns(row)?.into_iter().map(|value| f64::from(value as f32)).collect();
        assert_eq!(x.len(), m * n, "{}", row.name);
        write(&folder.join(format!("{}.x", row.name)), &x)?;
        let starts = (row.starts as f64 * share).round().max(5.) as usize;
        for start in 0..starts {
            let mut normal = Normal(XorShiftRng::seed_from_u64(start as u64));
            let scale = (x.iter().sum::<f64>() / (x.len() * k) as f64).sqrt();
            for (factor, size) in [("w", m * k), ("h", k * n)] {
                let values: Vec<_> = (0..size).map(|_| f64::from((scale * normal.draw().abs()) as f32)).collect();
                write(&folder.join(format!("{}.{start}.{factor}", row.name)), &values)?;
            }
        }
        append(&folder.join("problems.csv"), &format!("{},{m},{n},{k},{},{starts}", row.name, row.iterations))?;
        for (target, error) in targets(row) {
            append(&folder.join("targets.csv"), &format!("{},{target},{error}", row.name))?;
        }
    }
    Ok(())
}

fn columns(row: &Row) -> Result<Vec<f64>> {
    let wide = |lines: Vec<Vec<f32>>| lines.concat().into_iter().map(f64::from).collect::<Vec<_>>();
    Ok(match row.name.split(' ').next() {
        Some("V") => notebook_v().concat(),
        Some("X") => notebook_x().concat(),
        Some("exact") => random_product(row.shape),
        Some("digits") => wide(lines("digits.csv")?.into_iter().take(row.shape.1).collect()),
        Some("piano") => wide(transpose(&lines("piano_129x250.csv")?)),
        Some("swimmer") => swimmer(),
        _ => return Err(format!("no data for {}", row.name).into()),
    })
}

/// Factors uniform in [0, 1), seed 1, W first, column by column.
fn random_product((m, n, k): (usize, usize, usize)) -> Vec<f64> {
    let mut rng = XorShiftRng::seed_from_u64(1);
    let mut draw = |size| (0..size).map(|_| <f64 as Real>::unit(rng.next_u64())).collect::<Vec<_>>();
    let (w, h) = (draw(m * k), draw(k * n));
    let entry = |i: usize, j: usize| (0..k).map(|q| w[q * m + i] * h[j * k + q]).sum();
    (0..n).flat_map(|j| (0..m).map(move |i| (i, j))).map(|(i, j)| entry(i, j)).collect()
}

/// Stick figures of 32×32 pixels: a torso of 2×10 and four limbs, each a line of two by ten pixels in one of four
/// directions; all 256 of them, a row of X each. Pixels of several limbs add up, so the product of rank 16 is exact.
fn swimmer() -> Vec<f64> {
    const SIDE: i32 = 32;
    let limb = |limb: i32, way: usize| {
        let (down, right) = (limb & 1, limb >> 1);
        let (dy, dx) = [(0, 1), (1, 1), (1, 0), (-1, 1)][way];
        let (fall, side) = (2 * down - 1, 2 * right - 1);
        (0..10).flat_map(move |step| {
            let y = 11 + 9 * down + fall * dy * (step + 1);
            let x = 15 + right + side * (1 + dx * step);
            // The second pixel lies beside the line.
            [(y, x), if dx == 0 { (y, x + side) } else { (y + fall, x) }]
        })
    };
    let mut images = vec![vec![0.; (SIDE * SIDE) as usize]; 256];
    for (figure, image) in images.iter_mut().enumerate() {
        let torso = (11..21).flat_map(|y| [(y, 15), (y, 16)]);
        for (y, x) in torso.chain((0..4).flat_map(|l| limb(l, figure >> (2 * l) & 3))) {
            image[(y * SIDE + x) as usize] += 1.;
        }
    }
    (0..images[0].len()).flat_map(|pixel| images.iter().map(move |image| image[pixel])).collect()
}

/// Standard normal numbers by Box and Muller.
struct Normal(XorShiftRng);

impl Normal {
    fn draw(&mut self) -> f64 {
        let mut unit = || <f64 as Real>::unit(self.0.next_u64());
        (-2. * (1. - unit()).ln()).sqrt() * (TAU * unit()).cos()
    }
}
