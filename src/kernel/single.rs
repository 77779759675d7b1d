//! One frame by itself: cross product, descent, residual. Here the lanes are features or components.

use super::gram::{CHAINS, total};
use super::{VECTOR, inner, rolled};
use crate::scalar::Real;

/// Features that share one walk over the components in [`Frame::residual`], a multiple of [`CHAINS`]: their differences stay in registers.
const GROUP: usize = 16;

/// Interleaved sums of a cross product: a vector of f32, and independent chains for a scalar unit.
const STRANDS: usize = 4;

/// Components whose sums are kept in registers together.
const TILE: usize = if VECTOR { 8 } else { 4 };

/// Weights of features, times the power of four that brings the largest into
/// [1, 4): a common factor of them is irrelevant.
#[derive(Clone, Copy)]
pub(crate) struct FeatureWeights<'x, T, const M: usize> {
    values: &'x [T; M],
    unit: T,
    /// √(1/unit): what a residual is multiplied by.
    outward: T,
}

impl<'x, T: Real, const M: usize> FeatureWeights<'x, T, M> {
    pub(crate) fn new(values: &'x [T; M]) -> Self {
        let largest = rolled(values).iter().fold(T::ZERO, |largest, &weight| largest.at_least(weight));
        let half = largest.exponent().clamp(T::MIN_EXPONENT, -T::MIN_EXPONENT) / 2;
        Self { values, unit: T::exp2i(-2 * half), outward: T::exp2i(half) }
    }

    /// 0 below 2⁻⁶³ (f64: 2⁻⁵¹¹) of the largest: a part that only such features see would have no
    /// length.
    fn get(&self, i: usize) -> T {
        let weight = self.values.get(i).map_or(T::ZERO, |&weight| weight * self.unit);
        if weight >= T::exp2i(-T::MAX_EXPONENT / 2) { weight } else { T::ZERO }
    }

    pub(crate) fn outward(&self) -> T {
        self.outward
    }
}

/// A frame as it is read: times a power of two, and 0 where its weight is 0, whatever it holds there.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'x, T, const M: usize> {
    pub x: &'x [T; M],
    pub unit: T,
    pub weights: Option<FeatureWeights<'x, T, M>>,
}

impl<T: Real, const M: usize> Frame<'_, T, M> {
    /// True if the frame can be read as it lies in memory.
    fn is_plain(&self) -> bool {
        self.unit == T::ONE && self.weights.is_none()
    }

    /// Feature `i`, i < M, and its weight.
    fn read(&self, i: usize) -> (T, T) {
        // `get`: where this is not inlined, the compiler does not see that i < M.
        let x = self.x.get(i).map_or(T::ZERO, |&x| x * self.unit);
        match self.weights {
            None => (x, T::ONE),
            Some(weights) => match weights.get(i) {
                weight if weight > T::ZERO => (x, weight),
                _ => (T::ZERO, T::ZERO),
            },
        }
    }

    /// `out[k]` = Σ vᵢwᵢxᵢ for every column w of W, as four interleaved sums. M·K multiply-adds.
    pub(crate) fn cross<const K: usize>(&self, w: &[[T; M]; K], out: &mut [T; K]) {
        if !self.is_plain() {
            return self.cross_scaled(w, out);
        }
        // Tiles of components share the loads of x; their sums stay in registers.
        let (tiles, rest) = w.as_chunks::<TILE>();
        let (outs, out_rest) = out.as_chunks_mut::<TILE>();
        for (w, out) in tiles.iter().zip(outs) {
            tile(self.x, w, out);
        }
        let (tiles, rest) = rest.as_chunks::<3>();
        let (outs, out_rest) = out_rest.as_chunks_mut::<3>();
        for (w, out) in tiles.iter().zip(outs) {
            tile(self.x, w, out);
        }
        for (w, out) in rest.iter().zip(out_rest) {
            tile::<T, M, 1>(self.x, core::array::from_ref(w), core::array::from_mut(out));
        }
    }

    /// As [`cross`](Frame::cross), every feature read once and scaled.
    #[inline(never)]
    fn cross_scaled<const K: usize>(&self, w: &[[T; M]; K], out: &mut [T; K]) {
        let mut sums = [[T::ZERO; K]; STRANDS];
        for i in 0..M {
            let (x, weight) = self.read(i);
            let x = x * weight;
            if x != T::ZERO {
                for (sum, w) in sums[i % STRANDS].iter_mut().zip(w) {
                    *sum += w[i] * x;
                }
            }
        }
        for (k, out) in out.iter_mut().enumerate() {
            *out = sums[0][k] + sums[1][k] + sums[2][k] + sums[3][k];
        }
    }

    /// Σ vᵢxᵢ².
    pub(crate) fn energy(&self) -> T {
        if self.is_plain() {
            return inner(self.x, self.x);
        }
        let mut sums = [T::ZERO; CHAINS];
        for i in 0..M {
            let (x, weight) = self.read(i);
            sums[i % CHAINS] += x * (x * weight);
        }
        total(sums)
    }

    /// The largest |xᵢ| that has a weight; none if one of them is not finite.
    pub(crate) fn largest(&self) -> Option<T> {
        let mut largest = T::ZERO;
        for i in 0..M {
            let (x, _) = self.read(i);
            if !x.is_finite() {
                return None;
            }
            largest = largest.at_least(x.abs());
        }
        Some(largest)
    }

    /// Σ vᵢ(aᵢ·unit)·xᵢ, in the order of [`cross`](Frame::cross).
    pub(crate) fn inner_scaled(&self, a: &[T; M], unit: T) -> T {
        let mut sums = [T::ZERO; STRANDS];
        for (i, &a) in a.iter().enumerate() {
            let (x, weight) = self.read(i);
            sums[i % STRANDS] += (a * unit) * (x * weight);
        }
        sums[0] + sums[1] + sums[2] + sums[3]
    }

    /// (x − Wh)ᵢ, component by component, and the weight of the feature.
    fn rest<const K: usize>(&self, w: &[[T; M]; K], h: &[T; K], i: usize) -> (T, T) {
        let (mut r, weight) = self.read(i);
        for (w, &h) in w.iter().zip(h) {
            if h != T::ZERO
                && let Some(&w) = w.get(i)
            {
                r -= w * h;
            }
        }
        (r, weight)
    }

    /// Σ vᵢ(x − Wh)ᵢ² as eight interleaved sums. M·a multiply-adds for a components that are not 0.
    pub(crate) fn residual<const K: usize>(&self, w: &[[T; M]; K], h: &[T; K]) -> T {
        if self.is_plain() { self.squares::<K, true>(w, h) } else { self.squares::<K, false>(w, h) }
    }

    /// As [`residual`](Frame::residual): one code for frames that are `PLAIN`, one for the others.
    #[inline(never)]
    fn squares<const K: usize, const PLAIN: bool>(&self, w: &[[T; M]; K], h: &[T; K]) -> T {
        let mut sums = [T::ZERO; CHAINS];
        for g in 0..M / GROUP {
            let first = g * GROUP;
            let mut r = [T::ZERO; GROUP];
            for l in 0..GROUP {
                r[l] = if PLAIN { self.x[first + l] } else { self.read(first + l).0 };
            }
            for (w, &h) in w.iter().zip(h) {
                if h != T::ZERO {
                    for l in 0..GROUP {
                        r[l] -= w[first + l] * h;
                    }
                }
            }
            for l in 0..GROUP {
                let weight = if PLAIN { T::ONE } else { self.read(first + l).1 };
                sums[l % CHAINS] += r[l] * (r[l] * weight);
            }
        }
        if M.is_multiple_of(GROUP) {
            return total(sums);
        }
        // A copy: places that are only known at run time would keep the sums above out of registers.
        let mut sums = core::hint::black_box(sums);
        for i in M / GROUP * GROUP..M {
            let (r, weight) = self.rest(w, h, i);
            sums[i % CHAINS] += r * (r * weight);
        }
        total(sums)
    }

    /// `out` = WᵀV(x − Wh), from the direct residual. 2M·K multiply-adds.
    #[inline(never)]
    pub(crate) fn gradient<const K: usize>(&self, w: &[[T; M]; K], h: &[T; K], out: &mut [T; K]) {
        *out = [T::ZERO; K];
        for i in 0..M {
            let (r, weight) = self.rest(w, h, i);
            let r = r * weight;
            for (out, w) in out.iter_mut().zip(w) {
                *out += w[i] * r;
            }
        }
    }
}

/// `out[r]` = Σ w_r·x as interleaved sums.
#[inline(never)]
#[allow(clippy::large_stack_frames)] // the estimate adds up the copies of loops that are written out
fn tile<T: Real, const M: usize, const R: usize>(x: &[T; M], w: &[[T; M]; R], out: &mut [T; R]) {
    let mut sums = [[T::ZERO; STRANDS]; R];
    for g in 0..M / STRANDS {
        let first = g * STRANDS;
        if VECTOR {
            unrolled!(r < R, {
                for s in 0..STRANDS {
                    sums[r][s] += w[r][first + s] * x[first + s];
                }
            });
        } else {
            unrolled!(s < STRANDS, {
                let x = x[first + s];
                // Adds nothing, and many features of many frames are 0.
                if x != T::ZERO {
                    unrolled!(r < R, sums[r][s] += w[r][first + s] * x);
                }
            });
        }
    }
    unrolled!(s < STRANDS, {
        let i = M / STRANDS * STRANDS + s;
        if i < M {
            unrolled!(r < R, sums[r][s] += w[r][i] * x[i]);
        }
    });
    // The sums as the vectors that they are: the optimiser would rather vectorise over r, by single loads.
    let sums = core::hint::black_box(sums);
    unrolled!(r < R, out[r] = sums[r][0] + sums[r][1] + sums[r][2] + sums[r][3]);
}

/// Passes of coordinate descent on ½yᵀĜy − bᵀy over y ≥ 0, with unit diagonal; `gradient` is b − Ĝy before and after. From y = 0 a good
/// guess of which components are positive, for 2K² flops a pass.
#[inline(never)]
pub(crate) fn descend_single<T: Real, const K: usize>(
    gram: &[[T; K]; K],
    passes: u32,
    y: &mut [T; K],
    gradient: &mut [T; K],
) {
    let mut point = *y;
    let mut sums = *gradient;
    for _ in 0..passes {
        for k in 0..K {
            let d = (point[k] + sums[k]).positive() - point[k];
            if d == T::ZERO {
                continue; // a component that stays at 0; every product saved counts where they are made in software
            }
            point[k] += d;
            for q in 0..K {
                sums[q] -= gram[k][q] * d;
            }
        }
    }
    *y = point;
    *gradient = sums;
}

/// The power of two that brings the largest |wᵢ| into [½, 1), as far as it is a normal number.
pub(crate) fn unit<T: Real, const M: usize>(w: &[T; M]) -> T {
    let largest = rolled(w).iter().fold(T::ZERO, |largest, w| largest.at_least(w.abs()));
    T::exp2i(-(largest.exponent() + 1))
}

/// Σ vᵢaᵢbᵢ as eight interleaved sums, each vector times a power of two.
#[inline(never)]
pub(crate) fn inner_scaled<T: Real, const M: usize>(
    (a, a_unit): (&[T; M], T),
    (b, b_unit): (&[T; M], T),
    weights: Option<FeatureWeights<'_, T, M>>,
) -> T {
    let mut sums = [T::ZERO; CHAINS];
    for i in 0..M {
        let weight = weights.map_or(T::ONE, |weights| weights.get(i));
        sums[i % CHAINS] += (a[i] * a_unit) * (b[i] * b_unit * weight);
    }
    total(sums)
}
