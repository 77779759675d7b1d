//! Scaled uniform factors.

use nalgebra::SMatrix;
use rand_core::Rng;

use super::Init;
use crate::columns::{Data, Observed};
use crate::kernel;
use crate::scalar::Real;

/// Uniform random factors with the optimal common scale: the default start.
///
/// W and H are drawn from U[0, 1), W first, column by column, 64 random bits a number; W is then multiplied by
/// s = ⟨X, WH⟩ / ‖WH‖², the scalar that fits X best. f32 and f64 see the same draws, cut to their precision.
///
/// # Cost
///
/// (M + N)·K draws, one pass over X with M·N·K multiply-adds, 2M numbers of stack.
///
/// # Example
///
/// ```
/// use rand_core::SeedableRng;
/// use tinynmf::{Factors, Problem, Uniform, nalgebra::SMatrix, rand_core};
/// let x = SMatrix::<f32, 4, 4>::new(5., 4., 0., 2., 4., 3., 0., 1., 3., 2., 4., 5., 2., 1., 5., 4.);
/// let mut factors = Factors::<f32, 4, 4, 2>::zeros();
/// let mut rng = rand_xorshift::XorShiftRng::seed_from_u64(1);
/// factors.init(&Problem::new(&x)?, Uniform(&mut rng));
/// assert!(factors.relative_error(&Problem::new(&x)?) < 1.0);
/// # Ok::<(), tinynmf::Error>(())
/// ```
#[derive(Debug)]
pub struct Uniform<'r, R: ?Sized>(pub &'r mut R);

impl<T: Real, const M: usize, const N: usize, const K: usize, R: Rng + ?Sized, O: Observed> Init<T, M, N, K, O>
    for Uniform<'_, R>
{
    fn fill(self, x: &Data<'_, T, M, O>, w: &mut SMatrix<T, M, K>, h: &mut SMatrix<T, K, N>) {
        for w in w.data.0.as_flattened_mut() {
            *w = T::unit(self.0.next_u64());
        }
        for h in h.data.0.as_flattened_mut() {
            *h = T::unit(self.0.next_u64());
        }
        let scale = optimal_scale(x, &w.data.0, h.data.0.as_slice());
        for w in w.data.0.as_flattened_mut() {
            *w *= scale;
        }
    }
}

/// ⟨X, WH⟩ / ‖WH‖². 1 in the one case in which every draw was 0.
fn optimal_scale<T: Real, const M: usize, const K: usize, O: Observed>(
    x: &Data<'_, T, M, O>,
    w: &[[T; M]; K],
    h: &[[T; K]],
) -> T {
    let (mut frame, mut model) = ([T::ZERO; M], [T::ZERO; M]);
    let (mut fit, mut size) = (T::ZERO, T::ZERO);
    for (j, h) in h.iter().enumerate() {
        kernel::product_into(w, h, &mut model);
        x.read(j, &mut frame);
        if O::ALL {
            fit += kernel::inner(&frame, &model);
            size += kernel::norm_squared(&model);
        } else {
            let plain = model;
            x.weigh(j, &mut model);
            fit += kernel::inner(&frame, &model);
            size += kernel::inner(&plain, &model);
        }
    }
    if size > T::ZERO { fit / size } else { T::ONE }
}
