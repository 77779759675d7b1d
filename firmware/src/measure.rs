//! Instructions and stack of a call.

use crate::{Line, board};

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
