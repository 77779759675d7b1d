//! Lines of text and numbers for the host. No `core::fmt`: its tables cost flash, its calls stack, and both would be measured.

use core::ffi::CStr;

use semihosting::sys::arm_compat::sys_write0;

const LENGTH: usize = 120;

/// A line in the making. What does not fit is cut off.
pub struct Line {
    bytes: [u8; LENGTH],
    used: usize,
}

impl Line {
    /// An empty line.
    #[expect(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self { bytes: [0; LENGTH], used: 0 }
    }

    /// Appends text.
    pub fn text(mut self, text: &str) -> Self {
        for &byte in text.as_bytes() {
            self.push(byte);
        }
        self
    }

    /// Appends a space and a number.
    pub fn number(self, value: u64) -> Self {
        self.text(" ").digits(value, 1)
    }

    /// Appends a space and 16 hexadecimal digits.
    pub fn hex(mut self, value: u64) -> Self {
        self.push(b' ');
        for place in (0..16).rev() {
            let digit = (value >> (4 * place)) as u8 & 15;
            self.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
        }
        self
    }

    /// Appends a space and a share of 1 in millionths, rounded. From 1e-6 on; an error below is printed as 0.
    pub fn share(self, value: f32) -> Self {
        let millionths = (value * 1e6 + 0.5) as u32;
        self.text(" ")
            .digits(u64::from(millionths / 1_000_000), 1)
            .text(".")
            .digits(u64::from(millionths % 1_000_000), 6)
    }

    /// Prints the line.
    pub fn print(mut self) {
        self.used = self.used.min(LENGTH - 2);
        self.push(b'\n');
        if let Ok(line) = CStr::from_bytes_until_nul(&self.bytes) {
            sys_write0(line);
        }
    }

    fn digits(mut self, mut value: u64, least: usize) -> Self {
        let mut digits = [b'0'; 20];
        let mut count = 0;
        for digit in digits.iter_mut().rev() {
            if value == 0 && count >= least {
                break;
            }
            *digit = b'0' + (value % 10) as u8;
            value /= 10;
            count += 1;
        }
        for &digit in digits.iter().skip(20 - count) {
            self.push(digit);
        }
        self
    }

    fn push(&mut self, byte: u8) {
        // The last byte stays 0: it ends the string.
        if self.used < LENGTH - 1
            && let Some(place) = self.bytes.get_mut(self.used)
        {
            *place = byte;
            self.used += 1;
        }
    }
}

/// Prints a digest and what it is of. 1 if it is not the one that is expected, and says so.
pub fn compared(precision: &str, name: &str, digest: u64, expected: u64) -> u32 {
    let line = Line::new().text(precision).hex(digest).text(" ").text(name);
    if digest == expected {
        line.print();
        return 0;
    }
    line.text(": should be").hex(expected).print();
    1
}
