//! Following a stream in integers: [`IntegerOnline`].

use super::encoder::{IntegerEncoder, IntegerEncoding};
use super::entry::Count;
use super::frame::energy;
use super::state::{Amounts, IntegerOnlineState};
use crate::online::turn;

/// A frame of which less than 2 to this power is left teaches no new part: that much is rounding.
const EXPLAINED: u32 = 20;

/// Learns from a stream of counts, one frame at a time, without storing frames and without a floating-point operation:
/// [`Online`](crate::Online) in integers.
///
/// Every frame is encoded exactly; the statistics A = Σ yyᵀ and B = Σ xyᵀ fade by 2^−fade and take
/// it in; then one component is set to the minimiser of ½tr(WᵀWA) − tr(WᵀB), non-negative, and
/// quantised anew. The statistics are numbers of 32 bits with an exponent for each component:
/// frames may become louder or fainter without bound, and the weight of louder frames falls by 12
/// dB in a half-life. A component that is silent, or nearly so, fades no further than to the weight
/// of four frames.
///
/// # Cost
///
/// A frame: that of [`IntegerEncoder::encode`]; (M + K)·K steps of fading, (M + K)·a multiply-adds for a active components; for the component that
/// is improved 4·M·K short multiply-adds, and a root and 4K divisions of 64 bits for its Gram and the lengths. Stack: M words beside those of the
/// encoder. State: [`IntegerOnlineState`].
///
/// # Notes
///
/// A zero frame gives h = 0 and teaches nothing; one of which nothing is explained teaches the parts that are there nothing. A component
/// that is zero, at the start or because nothing is left of it, gets the part of the next frame that the others do not explain. The
/// dictionary is always the one that [`QuantizedDictionary::new`](super::QuantizedDictionary::new) makes of its entries.
///
/// # Example
///
/// ```
/// use tinynmf::integer::{IntegerOnline, IntegerOnlineState};
///
/// let online = IntegerOnline::new().fade(5); // half of the weight is gone after 22 frames
/// let mut state = IntegerOnlineState::<4, 2>::new(); // learns both parts from the stream
/// let (hum, beep) = ([400_i16, 300, 0, 0], [0, 0, 300, 400]);
/// let mut h = [0; 2];
/// for n in 0..100 {
///     let x: [i16; 4] = std::array::from_fn(|i| hum[i] * (n % 3) + beep[i] * (n % 2));
///     online.push(&mut state, &x, &mut h);
/// }
/// let update = online.push(&mut state, &hum, &mut h);
/// assert!(update.encoding.residual_squared * 1000 < update.encoding.energy);
/// assert!((f64::from(h.iter().sum::<i32>()) * f64::from(-update.binary_point).exp2() - 500.0).abs() < 5.0);
/// ```
///
/// # References
///
/// J. Mairal, F. Bach, J. Ponce, G. Sapiro, Online learning for matrix factorization and sparse coding, JMLR 11, 2010.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegerOnline {
    fade: u32,
    trust: u32,
    fixed: usize,
}

/// What [`IntegerOnline::push`] did with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IntegerUpdate {
    /// What the dictionary before the frame made of it.
    pub encoding: IntegerEncoding,
    /// Bits after the point of h: they change with the dictionary.
    pub binary_point: i32,
    /// False for a zero frame.
    pub learned: bool,
    /// A zero component got the part of the frame that the others do not explain; `encoding`, the binary point and h are those with it.
    pub revived: bool,
}

impl IntegerOnline {
    /// Fades by 1/128 a frame, trusts the first dictionary for a frame, nothing fixed.
    #[must_use]
    pub const fn new() -> Self {
        Self { fade: 7, trust: 1, fixed: 0 }
    }

    /// Statistics fade by 2^−fade a frame: half of them is gone after 0.69·2^fade frames. Default
    /// 7, 88 frames, the next to the [`half_life`](crate::Online::half_life) of `Online`; from 1 to
    /// 12.
    #[must_use]
    pub const fn fade(mut self, fade: u32) -> Self {
        self.fade = if fade < 1 {
            1
        } else if fade > 12 {
            12
        } else {
            fade
        };
        self
    }

    /// For how many frames a part of the first dictionary counts. Default 1, right for a guess; some hundred keep a dictionary that was learnt
    /// with care. At most 65535.
    #[must_use]
    pub const fn trust(mut self, frames: u32) -> Self {
        self.trust = if frames > 65_535 { 65_535 } else { frames };
        self
    }

    /// So many first components stay as they are. Default 0.
    #[must_use]
    pub const fn fixed(mut self, components: usize) -> Self {
        self.fixed = components;
        self
    }

    /// Encodes the frame, learns from it. `h`: its amounts in the dictionary before, overwritten.
    pub fn push<C: Count, const M: usize, const K: usize>(
        &self,
        state: &mut IntegerOnlineState<M, K>,
        x: &[C; M],
        h: &mut [i32; K],
    ) -> IntegerUpdate {
        let (mut encoding, mut binary_point) = encode(state, x, h);
        let mut update = IntegerUpdate { encoding, binary_point, learned: false, revived: false };
        if encoding.energy == 0 {
            return update;
        }
        let zero = state.w.inverse.iter().skip(self.fixed).position(|&inverse| inverse == 0);
        let mut revived = None;
        if let Some(k) = zero.map(|k| k + self.fixed)
            && encoding.residual_squared > encoding.energy >> EXPLAINED
            && state.revive(k, x, h, binary_point)
        {
            (encoding, binary_point) = encode(state, x, h);
            revived = Some(k);
            update = IntegerUpdate { encoding, binary_point, revived: true, ..update };
        }
        let (_, peak) = energy(x);
        state.fold(x, peak, &Amounts::new(h, binary_point), (self.fade, self.trust), revived);
        update.learned = true;
        for _ in self.fixed.min(K)..K {
            let k = turn::<K>(&mut state.next, self.fixed);
            if state.improve(k) {
                break;
            }
        }
        update
    }
}

impl Default for IntegerOnline {
    fn default() -> Self {
        Self::new()
    }
}

/// And the binary point.
fn encode<C: Count, const M: usize, const K: usize>(
    state: &IntegerOnlineState<M, K>,
    x: &[C; M],
    h: &mut [i32; K],
) -> (IntegerEncoding, i32) {
    let encoder = IntegerEncoder::new(&state.w);
    (encoder.encode(x, h), encoder.binary_point())
}
