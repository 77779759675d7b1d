//! Components that keep their places: a new dictionary put in the order and the units of an old one.

use nalgebra::SMatrix;

use crate::factors::Factors;
use crate::kernel;
use crate::scalar::Real;

/// How the components of a dictionary were matched with those of an earlier one.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Alignment<T, const K: usize> {
    /// Component k was component `order[k]` before.
    pub order: [usize; K],
    /// Cosine of the angle between part k and part k of the earlier dictionary: 1 the same shape, 0 nothing in common or no part.
    pub similarity: [T; K],
}

impl<T: Real, const M: usize, const N: usize, const K: usize> Factors<T, M, N, K> {
    /// Puts the components in the order of an earlier dictionary and gives every part the length it had there, so that
    /// component 2 is still component 2, in the same unit, after training anew. W·H changes by rounding only.
    ///
    /// The sum of the similarities is the largest that any order gives (assignment problem, solved exactly). A part that is
    /// zero in one of the dictionaries keeps its length.
    ///
    /// # Cost
    ///
    /// M·K² multiply-adds and at most K³ steps; stack K² + 6K numbers.
    ///
    /// # Example
    ///
    /// ```
    /// use tinynmf::{Factors, nalgebra::{Matrix2, Vector2}};
    /// let mut factors = Factors::<f32, 2, 1, 2> { w: Matrix2::new(0.0, 2.0, 3.0, 0.1), h: Vector2::new(5.0, 7.0) };
    /// let alignment = factors.align_to(&Matrix2::identity());
    /// assert_eq!(alignment.order, [1, 0]);
    /// assert!((factors.h[(0, 0)] - 14.0).abs() < 0.02); // 7 times a part that was twice as long
    /// ```
    ///
    /// # References
    ///
    /// R. Jonker, A. Volgenant, A shortest augmenting path algorithm for dense and sparse linear assignment problems,
    /// Computing 38, 1987.
    pub fn align_to(&mut self, previous: &SMatrix<T, M, K>) -> Alignment<T, K> {
        let alignment = matching(&self.w.data.0, &previous.data.0);
        permute(&alignment.order, |k, q| {
            swap(&mut self.w.data.0, k, q);
            for h in &mut self.h.data.0 {
                swap(h, k, q);
            }
        });
        for (k, (w, previous)) in self.w.data.0.iter_mut().zip(&previous.data.0).enumerate() {
            let (now, then) = (kernel::length(w), kernel::length(previous));
            let (on_w, on_h) = (then / now, now / then);
            if on_w > T::ZERO && on_w.is_finite() && on_h > T::ZERO && on_h.is_finite() {
                for w in w {
                    *w *= on_w;
                }
                for h in &mut self.h.data.0 {
                    if let Some(h) = h.get_mut(k) {
                        *h *= on_h;
                    }
                }
            }
        }
        alignment
    }
}

/// The order of the columns of `w` that makes them most similar to those of `previous`.
pub(crate) fn matching<T: Real, const M: usize, const K: usize>(
    w: &[[T; M]; K],
    previous: &[[T; M]; K],
) -> Alignment<T, K> {
    let mut cosines = [[T::ZERO; K]; K];
    for (cosines, previous) in cosines.iter_mut().zip(previous) {
        let previous = (previous, kernel::unit(previous));
        let length = kernel::inner_scaled(previous, previous, None);
        for (cosine, w) in cosines.iter_mut().zip(w) {
            let w = (w, kernel::unit(w));
            let size = (kernel::inner_scaled(w, w, None) * length).sqrt();
            let value = kernel::inner_scaled(w, previous, None) / size;
            // A zero part is like nothing.
            *cosine = if value.is_finite() { value.positive() } else { T::ZERO };
        }
    }
    let order = assign(&cosines);
    let mut similarity = [T::ZERO; K];
    for ((similarity, cosines), &k) in similarity.iter_mut().zip(&cosines).zip(&order) {
        *similarity = at(cosines, k);
    }
    Alignment { order, similarity }
}

/// For every row the column, each column once, with the largest sum of `gain`: one row after the other takes the cheapest alternating path
/// to a free column, by potentials that keep all reduced costs at or above 0.
fn assign<T: Real, const K: usize>(gain: &[[T; K]; K]) -> [usize; K] {
    const FREE: usize = usize::MAX;
    let (mut rows, mut columns) = ([T::ZERO; K], [T::ZERO; K]);
    let mut row_of = [FREE; K];
    for start in 0..K {
        let mut distance = [T::INFINITY; K];
        let mut before = [FREE; K];
        let mut done = [false; K];
        let (mut row, mut reached, mut from) = (start, T::ZERO, FREE);
        let end = loop {
            for j in 0..K {
                let step = reached - at(&rows, row) - columns[j] - at(gain.get(row).unwrap_or(&[T::ZERO; K]), j);
                if !done[j] && step < distance[j] {
                    distance[j] = step;
                    before[j] = from;
                }
            }
            let (mut nearest, mut least) = (FREE, T::INFINITY);
            for j in 0..K {
                if !done[j] && (nearest == FREE || distance[j] < least) {
                    (nearest, least) = (j, distance[j]);
                }
            }
            // `get`: the compiler does not see that `nearest` is below K.
            let (Some(&known), Some(done)) = (row_of.get(nearest), done.get_mut(nearest)) else { break FREE };
            reached = least;
            if known == FREE {
                break nearest;
            }
            *done = true;
            (row, from) = (known, nearest);
        };
        rows[start] += reached;
        for j in 0..K {
            if done[j] {
                let slack = reached - distance[j];
                columns[j] -= slack;
                if let Some(row) = rows.get_mut(row_of[j]) {
                    *row += slack;
                }
            }
        }
        let mut column = end;
        // As many steps as columns, at most.
        for _ in 0..K {
            let Some(&previous) = before.get(column) else { break };
            let row = row_of.get(previous).copied().unwrap_or(start);
            if let Some(place) = row_of.get_mut(column) {
                *place = row;
            }
            column = previous;
        }
    }
    let mut order = [0; K];
    for (column, &row) in row_of.iter().enumerate() {
        if let Some(place) = order.get_mut(row) {
            *place = column;
        }
    }
    order
}

/// Swaps components until `order[k]` stands at every k.
pub(crate) fn permute<const K: usize>(order: &[usize; K], mut swap_components: impl FnMut(usize, usize)) {
    let mut standing = [0; K];
    for (k, standing) in standing.iter_mut().enumerate() {
        *standing = k;
    }
    for (k, wanted) in order.iter().enumerate() {
        if let Some(q) = standing.iter().position(|standing| standing == wanted)
            && q != k
        {
            swap(&mut standing, k, q);
            swap_components(k, q);
        }
    }
}

/// Two places change their values; nothing if there are not two.
pub(crate) fn swap<V>(values: &mut [V], a: usize, b: usize) {
    if let Ok([a, b]) = values.get_disjoint_mut([a, b]) {
        core::mem::swap(a, b);
    }
}

fn at<T: Real, const K: usize>(values: &[T; K], k: usize) -> T {
    values.get(k).copied().unwrap_or(T::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The best sum over all orders.
    fn best<const K: usize>(gain: &[[f64; K]; K], row: usize, taken: &mut [bool; K]) -> f64 {
        if row == K {
            return 0.0;
        }
        let mut most = f64::NEG_INFINITY;
        for column in 0..K {
            if !taken[column] {
                taken[column] = true;
                most = most.max(gain[row][column] + best(gain, row + 1, taken));
                taken[column] = false;
            }
        }
        most
    }

    fn check<const K: usize>() {
        let mut seed = 1_u64;
        for round in 0..200 {
            let gain: [[f64; K]; K] = core::array::from_fn(|_| {
                core::array::from_fn(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    // Coarse values: ties.
                    let value = (seed >> 40) as f64 / (1_u64 << 24) as f64;
                    if round % 2 == 0 { value } else { (value * 4.0).floor() / 4.0 }
                })
            });
            let order = assign(&gain);
            let mut seen = [false; K];
            for &column in &order {
                assert!(!core::mem::replace(&mut seen[column], true), "{order:?}");
            }
            let sum: f64 = order.iter().enumerate().map(|(row, &column)| gain[row][column]).sum();
            assert!((sum - best(&gain, 0, &mut [false; K])).abs() < 1e-12, "{sum} {order:?}");
        }
    }

    #[test]
    fn the_assignment_is_the_best_of_all_orders() {
        check::<1>();
        check::<2>();
        check::<3>();
        check::<5>();
        check::<6>();
    }
}
