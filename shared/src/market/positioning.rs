//! Positions: how many contracts are open, which side holds them, what holding them costs.
//!
//! Lists are oldest first, as the parsers return them, so the last element dates a list.

use super::OwnTime;
use crate::units::{Amount, Fraction, UnixMs};

/// The time from one row of open interest or account ratios to the next, as requested,
/// milliseconds. A row is current for that long.
const PERIOD_MS: u64 = 5 * 60_000;

/// Open interest at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpenInterest {
    /// When.
    pub time_ms: UnixMs,
    /// One side's open contracts, in the base coin.
    pub one_sided_base: Amount,
}

/// Accounts on either side at one moment; the two shares sum to 1 but for their rounding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccountRatio {
    /// When.
    pub time_ms: UnixMs,
    /// Share of the accounts that are net long.
    pub long: Fraction,
    /// Share of the accounts that are net short.
    pub short: Fraction,
}

/// One funding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Funding {
    /// When it was paid.
    pub time_ms: UnixMs,
    /// The rate as a fraction of the position; positive when longs pay.
    pub rate: f64,
}

/// Oldest first.
impl OwnTime for [OpenInterest] {
    fn known_until(&self) -> Option<UnixMs> {
        Some(self.last()?.time_ms.plus_millis(PERIOD_MS))
    }
}

/// Oldest first.
impl OwnTime for [AccountRatio] {
    fn known_until(&self) -> Option<UnixMs> {
        Some(self.last()?.time_ms.plus_millis(PERIOD_MS))
    }
}

/// Oldest first. Contracts pay at different intervals, so a funding is dated by its own time.
impl OwnTime for [Funding] {
    fn known_until(&self) -> Option<UnixMs> {
        Some(self.last()?.time_ms)
    }
}
