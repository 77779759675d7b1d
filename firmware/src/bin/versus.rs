//! The same HALS sweep and the same encoding by this library, by plain C and by C on CMSIS-DSP, counted side by side.
//!
//! C is compiled by GCC with `-O3`, fused multiply-adds allowed. X is f32 for all of them, W and H start from the same values,
//! and the results must agree.
#![no_std]
#![no_main]

use core::ffi::c_float;

use static_cell::ConstStaticCell;
use tinynmf::nalgebra::{SMatrix, SVector};
use tinynmf::{AlternateWorkspace, Columns, Encoder, Error, Factors, Full, Hals, Problem, Solver, Spa};
use tinynmf_firmware::measure::{instructions, median_and_worst, report};
use tinynmf_firmware::{FAILED, Line, data, exit, image, take};

image!(run);

const M: usize = 64;
const N: usize = 32;
const K: usize = 4;
const ATOMS: usize = 8;
/// Different orders of summation and fused products: more than rounding of single sums, less than a wrong step.
const AGREE: f32 = 1e-4;

unsafe extern "C" {
    fn plain_hals_sweep(x: *const c_float, w: *mut c_float, h: *mut c_float);
    fn cmsis_hals_sweep(x: *mut c_float, w: *mut c_float, h: *mut c_float);
    fn plain_encode(w: *const c_float, gram: *const c_float, x: *const c_float, h: *mut c_float);
    fn cmsis_encode(wt: *mut c_float, gram: *const c_float, x: *mut c_float, h: *mut c_float);
}

fn run() -> Result<(), Error> {
    sweep()?;
    encode();
    Ok(())
}

#[inline(never)]
fn sweep() -> Result<(), Error> {
    static FRAMES: ConstStaticCell<[[f32; M]; N]> = ConstStaticCell::new([[0.0; M]; N]);
    static ROWS: ConstStaticCell<[[f32; N]; M]> = ConstStaticCell::new([[0.0; N]; M]);
    static OURS: ConstStaticCell<Factors<f32, M, N, K>> = ConstStaticCell::new(Factors::zeros());
    static PLAIN: ConstStaticCell<Factors<f32, M, N, K>> = ConstStaticCell::new(Factors::zeros());
    static CMSIS: ConstStaticCell<(SMatrix<f32, K, M>, SMatrix<f32, N, K>)> =
        ConstStaticCell::new((zeros::<K, M>(), zeros::<N, K>()));
    static WORKSPACE: ConstStaticCell<AlternateWorkspace<f32, M, K>> = ConstStaticCell::new(AlternateWorkspace::new());
    let (frames, rows, ws) = (take(&FRAMES), take(&ROWS), take(&WORKSPACE));
    let (ours, plain, cmsis) = (take(&OURS), take(&PLAIN), take(&CMSIS));
    for (frame, counts) in frames.iter_mut().zip(&data::DIGITS) {
        for (value, &count) in frame.iter_mut().zip(counts) {
            // Largest value in [½, 1): the library does not scale it again.
            *value = f32::from(count) / 32.0;
        }
    }
    for (i, row) in rows.iter_mut().enumerate() {
        for (value, frame) in row.iter_mut().zip(frames.iter()) {
            *value = frame.get(i).copied().unwrap_or(0.0);
        }
    }
    let problem = Problem::<f32, M, N, _>::from_columns(&frames[..])?;
    ours.init(&problem, Spa);
    Solver::<f32, M, N, K>::begin(&Hals::new(), ws);
    // The first sweep also sums up the energy of the rows of X.
    Hals::new().sweep(&problem.data(), &mut ours.w, &mut ours.h, ws);
    plain.w.clone_from(&ours.w);
    plain.h.clone_from(&ours.h);
    ours.w.transpose_to(&mut cmsis.0);
    ours.h.transpose_to(&mut cmsis.1);

    let count = instructions(|| hals_sweep(&problem, ours, ws));
    report("s64x32x4", "sweep instructions, tinynmf", count);
    let (w, h) = (plain.w.as_mut_ptr(), plain.h.as_mut_ptr());
    // SAFETY: sizes as in nmf.h; column-major is a part, and a frame, after the other.
    let count = instructions(|| unsafe { plain_hals_sweep(frames.as_ptr().cast(), w, h) });
    report("s64x32x4", "sweep instructions, plain C", count);
    let (w, h) = (cmsis.0.as_mut_ptr(), cmsis.1.as_mut_ptr());
    // SAFETY: sizes as in nmf.h; the transposes are column-major, so the C side sees rows.
    let count = instructions(|| unsafe { cmsis_hals_sweep(rows.as_mut_ptr().cast(), w, h) });
    report("s64x32x4", "sweep instructions, C with CMSIS-DSP", count);

    agree("sweep, plain C, W", ours.w.iter().zip(plain.w.iter()));
    agree("sweep, plain C, H", ours.h.iter().zip(plain.h.iter()));
    let mut w = SMatrix::<f32, M, K>::zeros();
    cmsis.0.transpose_to(&mut w);
    agree("sweep, CMSIS-DSP, W", ours.w.iter().zip(w.iter()));
    let mut h = SMatrix::<f32, K, N>::zeros();
    cmsis.1.transpose_to(&mut h);
    agree("sweep, CMSIS-DSP, H", ours.h.iter().zip(h.iter()));
    Ok(())
}

#[inline(never)]
fn hals_sweep<C: Columns<f32, M, Observed = Full> + ?Sized>(
    problem: &Problem<'_, f32, M, N, C>,
    factors: &mut Factors<f32, M, N, K>,
    ws: &mut AlternateWorkspace<f32, M, K>,
) {
    Hals::new().sweep(&problem.data(), &mut factors.w, &mut factors.h, ws);
}

/// 56 frames as sums of the last eight.
#[inline(never)]
fn encode() {
    static ATOMS_OF_W: ConstStaticCell<SMatrix<f32, M, ATOMS>> = ConstStaticCell::new(zeros::<M, ATOMS>());
    let w = take(&ATOMS_OF_W);
    for (column, frame) in w.data.0.iter_mut().zip(data::DIGITS.iter().rev()) {
        read(frame, column);
    }
    let mut gram = SMatrix::<f32, ATOMS, ATOMS>::zeros();
    w.tr_mul_to(&*w, &mut gram);
    let w = &*w;
    let encoder = Encoder::new(w);
    let mut spent = [[0; 56]; 3];
    let [ours, plain, cmsis] = &mut spent;
    let mut x = SVector::<f32, M>::zeros();
    for (((ours, plain), cmsis), frame) in ours.iter_mut().zip(plain).zip(cmsis).zip(&data::DIGITS) {
        let [column] = &mut x.data.0;
        read(frame, column);
        let mut h = [SVector::zeros(), SVector::zeros(), SVector::zeros()];
        let [a, b, c] = &mut h;
        *ours = instructions(|| encode_frame(&encoder, &x, a));
        // SAFETY: sizes as in nmf.h; the Gram is symmetric.
        *plain = instructions(|| unsafe { plain_encode(w.as_ptr(), gram.as_ptr(), x.as_ptr(), b.as_mut_ptr()) });
        // SAFETY: as above; CMSIS-DSP takes mutable pointers to what it only reads.
        *cmsis = instructions(|| unsafe {
            cmsis_encode(w.as_ptr().cast_mut(), gram.as_ptr(), x.as_mut_ptr(), c.as_mut_ptr())
        });
        agree("encode, plain C", a.iter().zip(b.iter()));
        agree("encode, CMSIS-DSP", a.iter().zip(c.iter()));
    }
    for (spent, whose) in spent.iter().zip(["tinynmf", "plain C", "C with CMSIS-DSP"]) {
        let (median, worst) = median_and_worst(spent);
        let metric = |what: &str, value| report_of("s64x1x8", what, whose, value);
        metric("median encode instructions", median);
        metric("worst encode instructions", worst);
    }
    Line::new().text("sweeps and encodings agree").print();
}

#[inline(never)]
fn encode_frame(encoder: &Encoder<'_, f32, M, ATOMS>, x: &SVector<f32, M>, h: &mut SVector<f32, ATOMS>) {
    encoder.encode(x, h);
}

fn report_of(shape: &str, what: &str, whose: &str, value: u64) {
    Line::new().text("measured ").text(shape).text(" ").text(what).text(", ").text(whose).number(value).print();
}

fn read(counts: &[i16], column: &mut [f32; M]) {
    for (value, &count) in column.iter_mut().zip(counts) {
        *value = f32::from(count);
    }
}

fn agree<'a>(what: &str, pairs: impl Iterator<Item = (&'a f32, &'a f32)>) {
    for (&a, &b) in pairs {
        if !((a - b).abs() <= AGREE * (a.abs() + b.abs() + 1e-2)) {
            Line::new().text("disagreement: ").text(what).share(a).share(b).print();
            exit(FAILED);
        }
    }
}

const fn zeros<const R: usize, const C: usize>() -> SMatrix<f32, R, C> {
    SMatrix::from_array_storage(tinynmf::nalgebra::ArrayStorage([[0.0; R]; C]))
}
