//! Trades: what changed hands.

use super::OwnTime;
use crate::units::{Amount, Price, UnixMs};

/// The side of a trade's taker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The taker bought.
    Buy,
    /// The taker sold.
    Sell,
}

/// One trade.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trade {
    /// When.
    pub time_ms: UnixMs,
    /// The price, USDT.
    pub price: Price,
    /// How much, in the base coin.
    pub size_base: Amount,
    /// The taker's side as the venue tells it; an unknown side is never guessed.
    pub taker: Option<Side>,
}

/// The last trades of one symbol, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Trades {
    /// Trades, oldest first.
    pub trades: Vec<Trade>,
}

impl OwnTime for Trades {
    fn known_until(&self) -> Option<UnixMs> {
        Some(self.trades.last()?.time_ms)
    }
}
