//! Follows 1000 recorded frames without a floating-point instruction, from an empty dictionary: what one push costs.
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
    use tinynmf::Error;
    use tinynmf::integer::{IntegerOnline, IntegerOnlineState, IntegerUpdate};
    use tinynmf::nnls::NnlsStatus;
    use tinynmf_firmware::measure::{instructions, median_and_worst, report, stack};
    use tinynmf_firmware::{FAILED, Line, data, exit, hash_bytes, take};

    const SHAPE: &str = stringify!(s64x1x8);
    type State = IntegerOnlineState<64, 8>;

    #[inline(never)]
    pub(super) fn all() -> Result<(), Error> {
        static STATE: ConstStaticCell<State> = ConstStaticCell::new(State::new());
        static SPENT: ConstStaticCell<[u32; 1000]> = ConstStaticCell::new([0; 1000]);
        let (state, spent) = (take(&STATE), take(&SPENT));
        let (mut deepest, mut solves, mut digest) = (0, 0, 0);
        for (j, (spent, x)) in spent.iter_mut().zip(&data::MANY_DIGITS).enumerate() {
            let mut h = [0; 8];
            let mut update = None;
            if j % 50 == 0 {
                deepest = deepest.max(stack(|| update = Some(push(state, x, &mut h))));
            } else {
                *spent = instructions(|| update = Some(push(state, x, &mut h))) as u32;
            }
            let good = |update: &IntegerUpdate| update.learned && update.encoding.status == NnlsStatus::Optimal;
            let Some(update) = update.filter(good) else { exit(FAILED) };
            solves += u64::from(update.encoding.solves);
            digest ^= hash_bytes(h.iter().flat_map(|h| h.to_le_bytes()));
        }
        let (median, worst) = median_and_worst(spent);
        report(SHAPE, "median push instructions", median);
        report(SHAPE, "worst push instructions", worst);
        report(SHAPE, "push stack", deepest);
        report(SHAPE, "state bytes", size_of::<State>() as u64);
        let entries = (0..8).flat_map(|k| (0..64).map(move |i| (i, k)));
        let w = hash_bytes(entries.flat_map(|(i, k)| state.w().entry(i, k).to_le_bytes()));
        Line::new().text(SHAPE).number(solves).hex(digest).hex(w).print();
        Ok(())
    }

    #[inline(never)]
    fn push(state: &mut State, x: &[u8; 64], h: &mut [i32; 8]) -> IntegerUpdate {
        IntegerOnline::new().push(state, x, h)
    }
}
