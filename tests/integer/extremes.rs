//! Frames at the limits of their type, dictionaries that are degenerate, and both by chance: defined, feasible, and in debug builds without
//! an overflow.

use proptest::prelude::*;

use super::*;
use crate::common::cases::cases;

/// Share of frames in dictionaries of equal or nearly equal columns that may end short of the optimality conditions.
const UNRESOLVED: u32 = 100;

/// A converter's counts, from numbers in [−1, 1] and its limits.
trait Extreme: Count {
    const LEAST: Self;
    const MOST: Self;
    fn of(share: f64) -> Self;
}

impl Extreme for u8 {
    const LEAST: Self = 0;
    const MOST: Self = u8::MAX;
    fn of(share: f64) -> Self {
        (share.abs() * 255.0) as u8
    }
}

impl Extreme for i16 {
    const LEAST: Self = i16::MIN;
    const MOST: Self = i16::MAX;
    fn of(share: f64) -> Self {
        (share * 32768.0) as i16
    }
}

impl Extreme for u16 {
    const LEAST: Self = 0;
    const MOST: Self = u16::MAX;
    fn of(share: f64) -> Self {
        (share.abs() * 65535.0) as u16
    }
}

/// Frames that a careless encoder does not survive.
fn frames<C: Extreme, const M: usize>(draw: &mut Draw) -> Vec<[C; M]> {
    let mut frames = vec![[C::LEAST; M], [C::MOST; M], [C::of(0.0); M], [C::of(1e-4); M]];
    frames.push(std::array::from_fn(|i| if i % 2 == 0 { C::LEAST } else { C::MOST }));
    frames.push(std::array::from_fn(|i| if i < M / 2 { C::LEAST } else { C::MOST }));
    for hot in [0, M / 2, M - 1] {
        for value in [C::LEAST, C::MOST, C::of(2e-5)] {
            frames.push(std::array::from_fn(|i| if i == hot { value } else { C::of(0.0) }));
        }
    }
    for _ in 0..10 {
        let size = 10_f64.powf(-4.0 * draw.unit());
        frames.push(std::array::from_fn(|_| C::of(draw.signed() * size)));
        frames.push(std::array::from_fn(|_| if draw.unit() < 0.5 { C::LEAST } else { C::MOST }));
    }
    frames
}

/// Dictionaries that a careless encoder does not survive: random, with zero columns, all columns alike, nearly alike, one entry each or
/// some, all entries the largest, of very different lengths.
fn dictionaries<const M: usize, const K: usize>(draw: &mut Draw) -> Vec<(bool, SMatrix<f64, M, K>)> {
    let random: SMatrix<f64, M, K> = draw.matrix();
    let single = SMatrix::from_fn(|i, k| f64::from(u8::from(i == k % M)));
    let sparse = random.map(|w| if w < 0.7 { 0.0 } else { w });
    let mut holes = random;
    let mut scaled = random;
    for k in 0..K {
        if k % 2 == 0 {
            holes.column_mut(k).fill(0.0);
        }
        scaled.column_mut(k).iter_mut().for_each(|w| *w *= 10_f64.powi(k as i32 % 9 - 4));
    }
    let alike = SMatrix::from_fn(|i, _| random[(i, 0)]);
    let nearly = SMatrix::from_fn(|i, k| random[(i, 0)] + 1e-3 * random[(i, k)]);
    // Columns of one entry beside full ones: lengths as integers that differ by √M.
    let mixed = SMatrix::from_fn(|i, k| if k % 2 == 0 { single[(i, k)] } else { random[(i, k)] });
    vec![
        (K <= M / 2, mixed),
        (K <= M / 2, random),
        (K <= M, single),
        (false, sparse),
        (K <= M / 2, holes),
        (K <= M / 2, scaled),
        (false, alike),
        (false, nearly),
        (false, SMatrix::repeat(1.0)),
        (true, SMatrix::repeat(0.0)),
    ]
}

/// `regular`: far from singular, so that every frame is optimal.
fn survive<C: Extreme, I: Entry, const M: usize, const K: usize>(
    findings: &mut Findings,
    worst: &mut Worst,
    (regular, w): (bool, &SMatrix<f64, M, K>),
    frames: &[[C; M]],
) {
    let quantized = QuantizedDictionary::<I, M, K>::quantize(w).expect("a dictionary");
    let (judge, encoder) = (Judge::new(&quantized), IntegerEncoder::new(&quantized));
    for x in frames {
        let what = || format!("{M}×{K}, frame {}… in {:?}", &format!("{x:?}")[..90.min(M)], quantized.gram()[0]);
        let (h, encoding, _) = sound(findings, worst, what, &judge, (&encoder, x));
        findings.expect(!regular || encoding.status == NnlsStatus::Optimal, || format!("{}: {encoding:?}", what()));
        let silent = numbers(x).iter().all(|&x| x == 0.0);
        findings
            .expect(!silent || h == [0; K] && encoding.residual_squared == 0, || format!("{}: {encoding:?}", what()));
        for k in 0..K {
            findings.expect(quantized.scale()[k] > 0.0 || h[k] == 0, || format!("{}: {h:?}", what()));
        }
        let mut again = [7; K];
        findings.expect(encoder.encode(x, &mut again) == encoding && again == h, || format!("{}: {again:?}", what()));
    }
}

fn every_type<const M: usize, const K: usize>() {
    let mut findings = Findings::default();
    let mut worst = Worst::default();
    let mut draw = Draw::new((M * 100 + K) as u64);
    for (regular, w) in dictionaries::<M, K>(&mut draw) {
        let w = (regular, &w);
        survive::<u8, i16, M, K>(&mut findings, &mut worst, w, &frames(&mut draw));
        survive::<i16, i16, M, K>(&mut findings, &mut worst, w, &frames(&mut draw));
        survive::<u16, i16, M, K>(&mut findings, &mut worst, w, &frames(&mut draw));
        survive::<u8, i8, M, K>(&mut findings, &mut worst, w, &frames(&mut draw));
        survive::<i16, i8, M, K>(&mut findings, &mut worst, w, &frames(&mut draw));
        survive::<u16, i8, M, K>(&mut findings, &mut worst, w, &frames(&mut draw));
    }
    worst.print(&format!("{M}×{K}"));
    findings.expect(worst.bound * UNRESOLVED <= worst.frames, || format!("{M}×{K}: {} not optimal", worst.bound));
}

#[test]
fn one_component() {
    every_type::<1, 1>();
    every_type::<3, 1>();
    every_type::<64, 1>();
}

#[test]
fn few_components() {
    every_type::<2, 2>();
    every_type::<64, 3>();
    every_type::<16, 5>();
    every_type::<64, 8>();
}

#[test]
fn more_components_than_features() {
    every_type::<1, 5>();
    every_type::<3, 8>();
    every_type::<5, 32>();
}

#[test]
fn many_features_and_components() {
    every_type::<129, 32>();
    every_type::<1000, 7>();
}

/// The largest sums there are.
#[test]
fn the_largest_frame_in_the_largest_dictionary() {
    static W: QuantizedDictionary<i16, 32768, 1> =
        QuantizedDictionary::<i16, 32768, 1>::new(&[[i16::MAX; 32768]], &[1.0]);
    let mut h = [0];
    let encoder = IntegerEncoder::new(&W);
    let encoding = encoder.encode(&[u16::MAX; 32768], &mut h);
    assert_eq!(encoding.status, NnlsStatus::Optimal);
    let amount = f64::from(h[0]) * f64::from(-encoder.binary_point()).exp2();
    assert!((amount / (65535.0 * 32768_f64.sqrt()) - 1.0).abs() < 1e-6, "{amount}");
    IntegerEncoder::new(&W).encode(&[i16::MIN; 32768], &mut h);
    assert_eq!(h, [0]);
}

/// Parts that overlap as those of spectra do: far from dependent in exact arithmetic, and a Gram whose smallest eigenvalues are below its
/// rounding.
#[test]
fn smooth_parts_that_overlap() {
    fn bumps<C: Extreme, const M: usize, const K: usize>(findings: &mut Findings, tried: &mut (u32, u32), width: f64) {
        let place = |k: usize| k as f64 * M as f64 / K as f64;
        let w = SMatrix::<f64, M, K>::from_fn(|i, k| (-0.5 * ((i as f64 - place(k)) / width).powi(2)).exp());
        let mut frames = frames::<C, M>(&mut Draw::new(K as u64));
        frames.push([C::of(0.15); M]);
        let mut draw = Draw::new(M as u64);
        for _ in 0..20 {
            // What the parts explain, but for some percent.
            let mut x = [0.0; M];
            for k in 0..K {
                let amount = draw.unit() * draw.unit();
                x.iter_mut().enumerate().for_each(|(i, x)| *x += amount * w[(i, k)]);
            }
            let largest = x.iter().fold(0.0, |largest: f64, &x| largest.max(x));
            frames.push(x.map(|x| C::of(x / largest * (0.9 + 0.1 * draw.unit()))));
        }
        explain::<C, i16, M, K>(findings, tried, &w, &frames);
        explain::<C, i8, M, K>(findings, tried, &w, &frames);
    }
    fn explain<C: Extreme, I: Entry, const M: usize, const K: usize>(
        findings: &mut Findings,
        (count, not_optimal): &mut (u32, u32),
        w: &SMatrix<f64, M, K>,
        frames: &[[C; M]],
    ) {
        let quantized = QuantizedDictionary::<I, M, K>::quantize(w).expect("a dictionary");
        let (judge, encoder) = (Judge::new(&quantized), IntegerEncoder::new(&quantized));
        for x in frames {
            let what = || format!("{M}×{K}, {x:?} in {:?}", quantized.gram()[0]);
            // Twice what it is elsewhere: many amounts add up to a frame.
            let (_, encoding, _) = honest(findings, 2.0 * exact::<K>(), what, &judge, (&encoder, x));
            if encoding.status == NnlsStatus::Optimal {
                findings.expect(encoding.kkt <= documented::<K>(), || format!("{}: {encoding:?}", what()));
            } else {
                *not_optimal += 1;
            }
            *count += 1;
        }
    }
    let (mut findings, mut tried) = (Findings::default(), (0, 0));
    for width in [2.0, 4.0, 6.0, 10.0, 16.0, 24.0] {
        bumps::<u8, 64, 32>(&mut findings, &mut tried, width);
        bumps::<i16, 64, 32>(&mut findings, &mut tried, width);
        bumps::<u16, 64, 32>(&mut findings, &mut tried, width);
        bumps::<u16, 128, 20>(&mut findings, &mut tried, width);
        bumps::<u8, 3, 32>(&mut findings, &mut tried, width);
        bumps::<u16, 16, 4>(&mut findings, &mut tried, width);
    }
    let (count, not_optimal) = tried;
    findings.expect(not_optimal * UNRESOLVED <= count, || format!("{not_optimal} of {count} not optimal"));
}

/// A short column beside a long one, where `kkt` has to count what the rounding of a length does.
#[test]
fn lengths_far_apart() {
    fn pair<C: Extreme, I: Entry, const M: usize>(findings: &mut Findings, w: &QuantizedDictionary<I, M, 2>) {
        let (judge, encoder) = (Judge::new(w), IntegerEncoder::<C, I, M, 2>::new(w));
        for x in frames::<C, M>(&mut Draw::new(M as u64)) {
            let what = || format!("{M}×2, {:?}…", &numbers(&x)[..4]);
            let (_, encoding, _) = honest(findings, exact::<2>(), what, &judge, (&encoder, &x));
            findings.expect(encoding.status == NnlsStatus::Optimal, || format!("{}: {encoding:?}", what()));
        }
    }
    fn every_type<const M: usize>(findings: &mut Findings) {
        let (mut short, mut long) = ([0; M], [121; M]);
        (short[0], long[1]) = (64, 127);
        let w = Box::new(QuantizedDictionary::<i8, M, 2>::new(&[short, long], &[1.0; 2]));
        pair::<u8, i8, M>(findings, &w);
        pair::<u16, i8, M>(findings, &w);
        let [short, long] = [short, long].map(|q| q.map(|q| i16::from(q) * 257));
        let w = Box::new(QuantizedDictionary::<i16, M, 2>::new(&[short, long], &[1.0; 2]));
        pair::<u8, i16, M>(findings, &w);
        pair::<i16, i16, M>(findings, &w);
    }
    let mut findings = Findings::default();
    every_type::<64>(&mut findings);
    every_type::<1024>(&mut findings);
    every_type::<8192>(&mut findings);
}

/// Lengths as different as entries can make them.
#[test]
fn a_single_count_beside_a_full_column() {
    let mut columns = [[0; 64]; 3];
    columns[0] = [i16::MAX; 64];
    columns[1][3] = 1;
    columns[2][5] = 181;
    let w = QuantizedDictionary::<i16, 64, 3>::new(&columns, &[1.0; 3]);
    let judge = Judge::new(&w);
    let (mut findings, mut worst) = (Findings::default(), Worst::default());
    let mut draw = Draw::new(7);
    let encoder = IntegerEncoder::new(&w);
    for x in frames::<u16, 64>(&mut draw) {
        sound(&mut findings, &mut worst, || format!("{x:?}"), &judge, (&encoder, &x));
    }
    let encoder = IntegerEncoder::new(&w);
    for x in frames::<i16, 64>(&mut draw) {
        sound(&mut findings, &mut worst, || format!("{x:?}"), &judge, (&encoder, &x));
    }
    assert_eq!(worst.bound, 0);
}

fn count(range: std::ops::RangeInclusive<i32>) -> impl Strategy<Value = i32> {
    let (least, most) = (*range.start(), *range.end());
    prop_oneof![2 => Just(least), 2 => Just(most), 2 => Just(0), 1 => -3..=3_i32, 4 => range]
        .prop_map(move |x| x.clamp(least, most))
}

fn entry() -> impl Strategy<Value = f64> {
    prop_oneof![3 => Just(0.0), 2 => Just(1.0), 1 => Just(1e-4), 4 => 0.0..1.0_f64]
}

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn nothing_overflows(
        w in prop::collection::vec(prop::array::uniform12::<_>(entry()), 6),
        x in prop::array::uniform12(count(-32768..=32767)),
        twin in 0..6_usize,
    ) {
        let mut w = SMatrix::<f64, 12, 6>::from_fn(|i, k| w[k][i]);
        if twin > 0 {
            // Two columns that are the same.
            let column = w.column(0).clone_owned();
            w.set_column(twin, &column);
        }
        let mut findings = Findings::default();
        let mut worst = Worst::default();
        survive::<i16, i16, 12, 6>(&mut findings, &mut worst, (false, &w), &[x.map(|x| x as i16)]);
        survive::<u16, i16, 12, 6>(&mut findings, &mut worst, (false, &w), &[x.map(|x| (x + 32768) as u16)]);
        survive::<u8, i8, 12, 6>(&mut findings, &mut worst, (false, &w), &[x.map(|x| (x >> 8).unsigned_abs() as u8)]);
    }
}
