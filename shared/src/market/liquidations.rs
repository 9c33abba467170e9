//! Liquidations: positions that the venue closed because their margin was used up.

use crate::units::{Amount, Price, UnixMs};
use serde::{Deserialize, Serialize};

/// What a position gains from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Position {
    /// A rising price.
    Long,
    /// A falling price.
    Short,
}

/// One liquidation.
#[derive(Clone, Debug, PartialEq)]
pub struct Liquidation {
    /// When the venue reported it.
    pub time_ms: UnixMs,
    /// The contract.
    pub symbol: String,
    /// The position that was closed.
    pub position: Position,
    /// How much of it, in the base coin.
    pub size_base: Amount,
    /// The price at which its margin was used up, USDT. No trade happened at it.
    pub bankruptcy_price: Price,
}
