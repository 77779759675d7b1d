//! Where an iteration starts: [`Uniform`], [`RandomColumns`], [`Spa`], or the caller's own factors.

mod columns;
mod spa;
mod uniform;

use nalgebra::SMatrix;

use crate::columns::{Columns, Data, Full, Observed};
use crate::factors::Factors;
use crate::kernel;
use crate::problem::Problem;
use crate::scalar::Real;

pub use columns::RandomColumns;
pub use spa::Spa;
pub use uniform::Uniform;

/// A way to choose initial factors. Yours works like the ones here.
///
/// No start is based on a singular value decomposition: NNDSVD was measured no better than scaled random factors on small
/// problems, and got stuck on one of them.
///
/// The starts here also serve data with missing entries (`O` = [`Masked`](crate::Masked)): `Uniform` finds its scale on the
/// observed entries, the others put the mean of a frame where one of its entries is missing.
pub trait Init<T: Real, const M: usize, const N: usize, const K: usize, O = Full> {
    /// Overwrites W and H, in the scale in which `x` is read.
    fn fill(self, x: &Data<'_, T, M, O>, w: &mut SMatrix<T, M, K>, h: &mut SMatrix<T, K, N>);
}

impl<T: Real, const M: usize, const N: usize, const K: usize> Factors<T, M, N, K> {
    /// Overwrites both factors with a start, in the unit of X.
    ///
    /// # Cost
    ///
    /// See the start: [`Uniform`](crate::Uniform), [`RandomColumns`](crate::RandomColumns), [`Spa`](crate::Spa).
    pub fn init<C>(&mut self, problem: &Problem<'_, T, M, N, C>, init: impl Init<T, M, N, K, C::Observed>)
    where
        C: Columns<T, M> + ?Sized,
    {
        init.fill(&problem.data(), &mut self.w, &mut self.h);
        kernel::rescale(&mut self.w.data.0, self.h.data.0.as_mut_slice(), problem.scale().exponent(), &[]);
    }

    /// As [`init`](Factors::init), then writes known parts into the first F columns of W, for solvers with that many
    /// [`fixed`](crate::Hals::fixed) components. Their rows of H are set to 0; the first sweep fills them.
    pub fn init_with_known<C, const F: usize>(
        &mut self,
        problem: &Problem<'_, T, M, N, C>,
        init: impl Init<T, M, N, K, C::Observed>,
        known: &SMatrix<T, M, F>,
    ) where
        C: Columns<T, M> + ?Sized,
    {
        const { assert!(F <= K, "more known parts than components") };
        self.init(problem, init);
        self.keep_known(&known.data.0, F);
    }
}

/// The start of one of several fits, for [`Nmf::fit_restarts`](crate::Nmf::fit_restarts). Restart `r` draws from
/// `seed + r`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// Scaled uniform factors, [`Uniform`].
    #[default]
    Uniform,
    /// Random columns of X, [`RandomColumns`].
    Columns,
    /// Successive projection, [`Spa`]. Deterministic: more than one restart with it repeats itself.
    Spa,
    /// The factors that `best` holds: the caller's own in the first restart, the best so far in a later one.
    Keep,
}

/// H for a W that was taken from the data: each h_j is the non-negative Wᵀx_j, scaled to fit x_j best.
///
/// A component without energy gets a zero row and is left to revival. Missing entries count as the mean of their frame.
fn project<T: Real, const M: usize, const K: usize, O: Observed>(
    x: &Data<'_, T, M, O>,
    w: &[[T; M]; K],
    h: &mut [[T; K]],
) {
    let (mut frame, mut model) = ([T::ZERO; M], [T::ZERO; M]);
    for (j, h) in h.iter_mut().enumerate() {
        x.read_filled(j, &mut frame);
        for (h, w) in h.iter_mut().zip(w) {
            *h = kernel::inner(w, &frame);
        }
        kernel::product_into(w, h, &mut model);
        let (fit, size) = (kernel::inner(&frame, &model), kernel::norm_squared(&model));
        let scale = if size > T::TINY { fit / size } else { T::ZERO };
        for h in h {
            *h *= scale;
        }
    }
}
