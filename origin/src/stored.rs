//! What the store is known to hold: written by the writer and the follower, read by duty and the
//! health answers.

use arc_swap::ArcSwapOption;
use shared::units::{Fraction, UnixMs};
use shared::validate::ValidSnapshot;

/// The time and quality of a stored snapshot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// When its data was true.
    pub as_of_ms: UnixMs,
    /// The data's quality.
    pub quality: Fraction,
}

/// The last snapshot known to be stored; empty before the first write or read.
pub type Stored = ArcSwapOption<Held>;

impl Held {
    /// What the store holds after this publication was written to it or read from it.
    #[must_use]
    pub fn of(valid: &ValidSnapshot) -> Self {
        Self {
            as_of_ms: valid.get().as_of_ms,
            quality: valid.quality(),
        }
    }
}
