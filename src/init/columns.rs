//! Columns of the data as the first parts.

use nalgebra::SMatrix;
use rand_core::Rng;

use super::{Init, project};
use crate::columns::{Data, Observed};
use crate::random::below;
use crate::scalar::Real;

/// W from K different random columns of X, H from the scaled projections of X onto them.
///
/// A zero column is passed over for the next one. With K > N some columns serve twice; with fewer than K frames that are not
/// zero a part stays zero and is revived by the solver.
///
/// # Cost
///
/// K column reads, then one pass over X with 2·M·N·K multiply-adds, 2M numbers of stack.
#[derive(Debug)]
pub struct RandomColumns<'r, R: ?Sized>(pub &'r mut R);

impl<T: Real, const M: usize, const N: usize, const K: usize, R: Rng + ?Sized, O: Observed> Init<T, M, N, K, O>
    for RandomColumns<'_, R>
{
    fn fill(self, x: &Data<'_, T, M, O>, w: &mut SMatrix<T, M, K>, h: &mut SMatrix<T, K, N>) {
        let mut taken = [usize::MAX; K];
        for (k, w) in w.data.0.iter_mut().enumerate() {
            let mut j = below(self.0, N);
            for _ in 0..N {
                x.read_filled(j, w);
                let zero = w.iter().all(|&w| w == T::ZERO);
                if !zero && (k >= N || !taken.contains(&j)) {
                    break;
                }
                j = if j + 1 < N { j + 1 } else { 0 };
            }
            if let Some(taken) = taken.get_mut(k) {
                *taken = j;
            }
        }
        project(x, &w.data.0, h.data.0.as_mut_slice());
    }
}
