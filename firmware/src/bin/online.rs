//! Follows 1000 recorded frames: what one push costs, three components improved a frame.
#![no_std]
#![no_main]

use tinynmf::Error;
use tinynmf_firmware::image;

image!(run);

fn run() -> Result<(), Error> {
    s64x1x8::all()
}

mod s64x1x8 {
    use static_cell::ConstStaticCell;
    use tinynmf::nalgebra::SVector;
    use tinynmf::nnls::NnlsStatus;
    use tinynmf::{Error, Online, OnlineState, Update};
    use tinynmf_firmware::measure::{instructions, median_and_worst, report, stack};
    use tinynmf_firmware::{FAILED, Line, data, digits, exit, hash, take};

    const SHAPE: &str = stringify!(s64x1x8);
    type Frame = SVector<f32, 64>;
    type Code = SVector<f32, 8>;
    type State = OnlineState<f32, 64, 8>;

    #[inline(never)]
    pub(super) fn all() -> Result<(), Error> {
        static STATE: ConstStaticCell<State> = ConstStaticCell::new(State::new());
        static SPENT: ConstStaticCell<[u32; 1000]> = ConstStaticCell::new([0; 1000]);
        let (state, spent) = (take(&STATE), take(&SPENT));
        state.reset(&digits::W)?;
        let (mut deepest, mut digest) = (0, 0);
        for (j, (spent, counts)) in spent.iter_mut().zip(&data::MANY_DIGITS).enumerate() {
            let mut x = Frame::zeros();
            for (x, &count) in x.iter_mut().zip(counts) {
                *x = f32::from(count);
            }
            let mut h = Code::zeros();
            let mut update = None;
            if j % 50 == 0 {
                deepest = deepest.max(stack(|| update = Some(push(state, &x, &mut h))));
            } else {
                *spent = instructions(|| update = Some(push(state, &x, &mut h))) as u32;
            }
            let learned = |update: &Update<f32>| update.learned && update.status == NnlsStatus::Optimal;
            if !update.as_ref().is_some_and(learned) {
                exit(FAILED);
            }
            digest ^= hash(h.iter());
        }
        let (median, worst) = median_and_worst(spent);
        report(SHAPE, "median push instructions", median);
        report(SHAPE, "worst push instructions", worst);
        report(SHAPE, "push stack", deepest);
        report(SHAPE, "state bytes", size_of::<State>() as u64);
        Line::new().text(SHAPE).hex(digest).hex(hash(state.w.iter())).print();
        Ok(())
    }

    #[inline(never)]
    fn push(state: &mut State, x: &Frame, h: &mut Code) -> Update<f32> {
        Online::new().push(state, x, h)
    }
}
