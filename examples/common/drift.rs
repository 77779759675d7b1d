//! A stream whose source changes, explained by a dictionary that stays and by one that follows: the core that the desktop example and the
//! firmware image share. No `std`.

use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::{Encoder, Encoding, Error, Online, OnlineState, Update};

/// Features: 8×8 pixels.
pub const M: usize = 64;
/// Components.
pub const K: usize = 8;

/// Follows changes within some thirty frames; the parts it starts with were learnt with care.
pub const FOLLOW: Online<f32> = Online::new().half_life(34.0).trust(100.0);

/// Both dictionaries at work.
pub struct Follower<'w> {
    still: Encoder<'w, f32, M, K>,
    /// The dictionary that follows.
    pub state: &'w mut OnlineState<f32, M, K>,
}

impl<'w> Follower<'w> {
    /// Both start from the same parts.
    pub fn new(w: &'w SMatrix<f32, M, K>, state: &'w mut OnlineState<f32, M, K>) -> Result<Self, Error> {
        state.reset(w)?;
        Ok(Self { still: Encoder::new(w), state })
    }

    /// What each makes of the next image.
    #[inline(never)]
    pub fn step(&mut self, image: &[u8; M]) -> (Encoding<f32>, Update<f32>) {
        let mut x = SVector::<f32, M>::zeros();
        for (x, &pixel) in x.iter_mut().zip(image) {
            *x = f32::from(pixel);
        }
        let mut h = SVector::zeros();
        let still = self.still.encode(&x, &mut h);
        (still, FOLLOW.push(self.state, &x, &mut h))
    }
}

/// The image as the camera sees it once somebody has turned it by a quarter.
pub fn turned(image: &[u8; M]) -> [u8; M] {
    let mut turned = [0; M];
    for (place, turned) in turned.iter_mut().enumerate() {
        let (row, column) = (place / 8, place % 8);
        *turned = image.get(8 * (7 - column) + row).copied().unwrap_or(0);
    }
    turned
}
