//! Positions: how many contracts are open, who holds them, what holding them costs.

use crate::units::{Amount, Fraction, UnixMs};

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
