//! The contracts that moved most, and the row that leaders by turnover share with them.

use crate::units::{Amount, Percent, Price};
use serde::{Deserialize, Serialize};

/// The contracts that moved most in 24 hours, among those with enough turnover.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Movers {
    /// The least turnover that a mover must have, USD.
    pub turnover_floor: Amount,
    /// Up to five that rose, most first.
    pub gainers: Vec<Mover>,
    /// Up to five that fell, most first.
    pub losers: Vec<Mover>,
}

/// One contract in a list of movers or leaders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mover {
    /// The venue's full symbol.
    pub symbol: String,
    /// Last price, USDT.
    pub price: Price,
    /// Change over 24 hours, percent.
    pub change_24h: Percent,
    /// Turnover of 24 hours, USD.
    pub turnover_24h: Amount,
}
