//! The two precisions.

use tinynmf::Real;

pub trait Scalar: Real {
    /// Rounded once.
    fn narrow(value: f64) -> Self;
    fn wide(self) -> f64;
}

impl Scalar for f32 {
    fn narrow(value: f64) -> Self {
        value as f32
    }

    fn wide(self) -> f64 {
        f64::from(self)
    }
}

impl Scalar for f64 {
    fn narrow(value: f64) -> Self {
        value
    }

    fn wide(self) -> f64 {
        self
    }
}
