//! Columns of the data as the first parts.

use nalgebra::SMatrix;
use rand_core::Rng;

use super::{Init, project};
use crate::columns::{Data, Observed};
use crate::kernel;
use crate::random::below;
use crate::scalar::Real;

/// W from K different random columns of X, H from the scaled projections of X onto them.
///
/// A column that is zero, or a multiple of one already taken, is passed over for the next one:
/// equal parts would get equal updates. If none is left, as with K > N, the part stays zero and is
/// revived by the solver.
///
/// # Cost
///
/// K column reads, K²/2 inner products of M numbers, then one pass over X with 2·M·N·K
/// multiply-adds, 2M numbers of stack.
#[derive(Debug)]
pub struct RandomColumns<'r, R: ?Sized>(pub &'r mut R);

impl<T: Real, const M: usize, const N: usize, const K: usize, R: Rng + ?Sized, O: Observed> Init<T, M, N, K, O>
    for RandomColumns<'_, R>
{
    fn fill(self, x: &Data<'_, T, M, O>, w: &mut SMatrix<T, M, K>, h: &mut SMatrix<T, K, N>) {
        let parts = &mut w.data.0;
        for k in 0..K {
            let (taken, rest) = parts.split_at_mut(k);
            let Some(part) = rest.first_mut() else { break };
            let mut j = below(self.0, N);
            let mut found = false;
            for _ in 0..N {
                x.read_filled(j, part);
                found = is_new(taken, part);
                if found {
                    break;
                }
                j = if j + 1 < N { j + 1 } else { 0 };
            }
            if !found {
                *part = [T::ZERO; M];
            }
        }
        project(x, &w.data.0, h.data.0.as_mut_slice());
    }
}

/// True unless the column is zero, or parallel to one of `taken` to within the rounding of an inner
/// product.
fn is_new<T: Real, const M: usize>(taken: &[[T; M]], column: &[T; M]) -> bool {
    let energy = kernel::norm_squared(column);
    energy > T::ZERO
        && taken.iter().all(|taken| {
            let along = kernel::inner(taken, column);
            !(along * along > (T::ONE - T::RIDGE) * energy * kernel::norm_squared(taken))
        })
}
