//! Encodes 1000 recorded frames with a dictionary of integers, without a floating-point instruction: counts of 8 bits as they were
//! recorded, and the same frames as a converter of 16 bits would deliver them.
#![no_std]
#![no_main]

use tinynmf::Error;
use tinynmf_firmware::image;

image!(run);

fn run() -> Result<(), Error> {
    s64x1x8::all()
}

mod s64x1x8 {
    use tinynmf::Error;
    use tinynmf::integer::{IntegerEncoder, IntegerEncoding};
    use tinynmf::nnls::NnlsStatus;
    use tinynmf_firmware::digits_q15::W;
    use tinynmf_firmware::measure::{instructions, median_and_worst, report, stack};
    use tinynmf_firmware::{FAILED, Line, data, exit, hash_bytes};

    const SHAPE: &str = stringify!(s64x1x8);
    /// 16, the largest pixel, becomes 32752.
    const FULL_SCALE: i16 = 2047;

    static BYTES: IntegerEncoder<'static, u8, i16, 64, 8> = IntegerEncoder::new(&W);
    static WORDS: IntegerEncoder<'static, i16, i16, 64, 8> = IntegerEncoder::new(&W);

    #[inline(never)]
    pub(super) fn all() -> Result<(), Error> {
        let mut spent = [0; 1000];
        let [bytes, words] = [
            [" encode u8", "median encode u8 instructions", "worst encode u8 instructions", "encode stack"],
            [" encode i16", "median encode i16 instructions", "worst encode i16 instructions", "encode_words stack"],
        ];
        frames(&mut spent, bytes, |counts| *counts, encode);
        frames(&mut spent, words, |counts| counts.map(|count| i16::from(count) * FULL_SCALE), encode_words);
        Ok(())
    }

    fn frames<C>(
        spent: &mut [u64; 1000],
        names: [&str; 4],
        frame: impl Fn(&[u8; 64]) -> [C; 64],
        encode: impl Fn(&[C; 64], &mut [i32; 8]) -> IntegerEncoding,
    ) {
        let (mut deepest, mut solves, mut digest, mut novel, mut kkt) = (0, 0, 0, 0, 0);
        for (j, (spent, counts)) in spent.iter_mut().zip(&data::MANY_DIGITS).enumerate() {
            let x = frame(counts);
            let mut h = [0; 8];
            let mut encoding = None;
            *spent = instructions(|| encoding = Some(encode(&x, &mut h)));
            let Some(encoding) = encoding.filter(|encoding| encoding.status == NnlsStatus::Optimal) else {
                exit(FAILED)
            };
            solves += u64::from(encoding.solves);
            novel += u64::from(encoding.residual_squared > encoding.energy / 4);
            kkt = kkt.max(u64::from(encoding.kkt));
            digest ^= hash_bytes(h.iter().flat_map(|h| h.to_le_bytes()));
            // Painting the stack takes longer than encoding.
            if j % 50 == 0 {
                deepest = deepest.max(stack(|| _ = encode(&x, &mut h)));
            }
        }
        let (median, worst) = median_and_worst(spent);
        let [line, median_name, worst_name, stack_name] = names;
        report(SHAPE, median_name, median);
        report(SHAPE, worst_name, worst);
        report(SHAPE, stack_name, deepest);
        Line::new().text(SHAPE).text(line).number(solves).number(novel).number(kkt).hex(digest).print();
    }

    #[inline(never)]
    fn encode(x: &[u8; 64], h: &mut [i32; 8]) -> IntegerEncoding {
        BYTES.encode(x, h)
    }

    #[inline(never)]
    fn encode_words(x: &[i16; 64], h: &mut [i32; 8]) -> IntegerEncoding {
        WORDS.encode(x, h)
    }
}
