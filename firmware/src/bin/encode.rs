//! Encodes 1000 recorded frames with a dictionary in flash, as a device does that never learns.
#![no_std]
#![no_main]

use tinynmf::Error;
use tinynmf_firmware::image;

image!(run);

fn run() -> Result<(), Error> {
    s64x1x8::all()
}

mod s64x1x8 {
    use tinynmf::nalgebra::SVector;
    use tinynmf::nnls::NnlsStatus;
    use tinynmf::{Encoding, Error};
    use tinynmf_firmware::digits::ENCODER;
    use tinynmf_firmware::measure::{instructions, median_and_worst, report, stack};
    use tinynmf_firmware::{FAILED, Line, data, exit, hash};

    const SHAPE: &str = stringify!(s64x1x8);
    type Frame = SVector<f32, 64>;
    type Code = SVector<f32, 8>;

    #[inline(never)]
    pub(super) fn all() -> Result<(), Error> {
        let mut spent = [0; 1000];
        let (mut deepest, mut solves, mut digest, mut novel) = (0, 0, 0, 0);
        for (j, (spent, counts)) in spent.iter_mut().zip(&data::MANY_DIGITS).enumerate() {
            let x = frame(counts);
            let mut h = Code::zeros();
            let mut encoding = None;
            *spent = instructions(|| encoding = Some(encode(&x, &mut h)));
            let Some(encoding) = encoding.filter(|encoding| encoding.status == NnlsStatus::Optimal) else {
                exit(FAILED)
            };
            solves += u64::from(encoding.solves);
            novel += u64::from(encoding.relative_residual > 0.5);
            digest ^= hash(h.iter());
            // Painting the stack takes longer than encoding.
            if j % 50 == 0 {
                deepest = deepest.max(stack(|| _ = encode(&x, &mut h)));
            }
        }
        let (median, worst) = median_and_worst(&spent);
        report(SHAPE, "median encode instructions", median);
        report(SHAPE, "worst encode instructions", worst);
        report(SHAPE, "encode stack", deepest);
        Line::new().text(SHAPE).number(solves).number(novel).hex(digest).print();
        Ok(())
    }

    fn frame(counts: &[u8; 64]) -> Frame {
        let mut x = Frame::zeros();
        for (x, &count) in x.iter_mut().zip(counts) {
            *x = f32::from(count);
        }
        x
    }

    #[inline(never)]
    fn encode(x: &Frame, h: &mut Code) -> Encoding<f32> {
        ENCODER.encode(x, h)
    }
}
