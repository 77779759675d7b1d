//! Instructions and stack of a call, and data for images of which only the size counts.

use tinynmf::{Columns, Full};

use crate::{Line, board};

/// 32 frames of 64 features that take no flash.
pub struct Made;

impl Columns<f32, 64> for Made {
    type Observed = Full;

    fn len(&self) -> usize {
        32
    }

    fn column<'a>(&'a self, j: usize, buf: &'a mut [f32; 64]) -> &'a [f32; 64] {
        for (i, value) in buf.iter_mut().enumerate() {
            *value = f32::from_bits(0x3F00_0000 + ((i ^ j) << 16) as u32);
        }
        buf
    }
}

/// Instructions of `f`, exact and repeatable: QEMU counts them, not time.
pub fn instructions(f: impl FnOnce()) -> u64 {
    let empty = counted(|| ());
    counted(f).saturating_sub(empty)
}

#[inline(always)]
fn counted(f: impl FnOnce()) -> u64 {
    let start = board::instructions();
    f();
    board::instructions().wrapping_sub(start)
}

/// Deepest stack below the caller of `f`, bytes: the free stack is painted, `f` runs, and the lowest byte that lost its paint
/// tells. Interrupts are off meanwhile.
#[inline(never)]
pub fn stack(f: impl FnOnce()) -> u64 {
    board::without_interrupts(|| {
        let top = board::paint();
        f();
        top.saturating_sub(board::lowest_unpainted()) as u64
    })
}

/// Prints a figure: `measured SHAPE METRIC VALUE`.
pub fn report(shape: &str, metric: &str, value: u64) {
    Line::new().text("measured ").text(shape).text(" ").text(metric).number(value).print();
}

/// The upper median, and the largest.
pub fn median_and_worst<V: Copy + Ord + Into<u64>>(values: &[V]) -> (u64, u64) {
    // By counting: sorting can panic, if only on an order that is none.
    let is_median = |value: &&V| {
        let below = values.iter().filter(|other| other < value).count();
        let at_most = values.iter().filter(|other| other <= value).count();
        below <= values.len() / 2 && values.len() / 2 < at_most
    };
    let number = |value: Option<&V>| value.map_or(0, |&value| value.into());
    (number(values.iter().find(is_median)), number(values.iter().max()))
}
