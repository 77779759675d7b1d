//! The successive projection algorithm: the K columns of X that span it best, one after the other.

use nalgebra::SMatrix;

use super::{Init, project};
use crate::columns::{Data, Observed};
use crate::kernel;
use crate::scalar::Real;

/// Successive projection (SPA): deterministic, no random numbers.
///
/// Takes the column of X with the largest part outside the span of those already taken, K times; H from the scaled
/// projections. Where X is separable (every part occurs alone in some frame) these columns are the parts. If X has rank
/// below K the remaining components stay zero and are revived by the solver.
///
/// # Cost
///
/// K + 2 passes over X, M·N·(K + 1) + 2·M·K² multiply-adds and the projections (2·M·N·K). 4M numbers of stack; the orthonormal basis lives in
/// W and the residual norms in H until they are filled.
///
/// # References
///
/// M. C. U. Araújo et al., The successive projections algorithm for variable selection, Chemom. Intell. Lab. Syst. 57,
/// 2001. N. Gillis, S. A. Vavasis, Fast and robust recursive algorithms for separable NMF, IEEE TPAMI 36, 2014.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spa;

impl<T: Real, const M: usize, const N: usize, const K: usize, O: Observed> Init<T, M, N, K, O> for Spa {
    fn fill(self, x: &Data<'_, T, M, O>, w: &mut SMatrix<T, M, K>, h: &mut SMatrix<T, K, N>) {
        let basis = &mut w.data.0;
        let norms = h.data.0.as_mut_slice();
        let mut frame = [T::ZERO; M];
        for (j, norm) in norms.iter_mut().enumerate() {
            x.read_filled(j, &mut frame);
            norm[0] = kernel::norm_squared(&frame);
        }
        let mut taken = [None; K];
        for k in 0..K {
            let (j, _) = norms
                .iter()
                .enumerate()
                .fold((0, T::ZERO), |best, (j, norm)| if norm[0] > best.1 { (j, norm[0]) } else { best });
            x.read_filled(j, &mut frame);
            let before = kernel::norm_squared(&frame);
            let (done, open) = basis.split_at_mut(k);
            // Twice: one orthogonalisation leaves rounding of the size of what it removed.
            for _ in 0..2 {
                for q in done.iter() {
                    let share = kernel::inner(q, &frame);
                    for (f, &q) in frame.iter_mut().zip(q) {
                        *f -= share * q;
                    }
                }
            }
            let after = kernel::norm_squared(&frame);
            // A column inside the span of the others to within rounding: X has rank k.
            if !(after > T::RIDGE * before && after > T::TINY) {
                break;
            }
            let inverse = T::ONE / after.sqrt();
            for f in &mut frame {
                *f *= inverse;
            }
            if let (Some(q), Some(taken)) = (open.first_mut(), taken.get_mut(k)) {
                *q = frame;
                *taken = Some(j);
            }
            let direction = frame;
            for (j, norm) in norms.iter_mut().enumerate() {
                x.read_filled(j, &mut frame);
                let share = kernel::inner(&direction, &frame);
                norm[0] = (norm[0] - share * share).positive();
            }
        }
        for (w, taken) in basis.iter_mut().zip(taken) {
            match taken {
                Some(j) => x.read_filled(j, w),
                None => *w = [T::ZERO; M],
            }
        }
        project(x, &w.data.0, h.data.0.as_mut_slice());
    }
}
