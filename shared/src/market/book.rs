//! The order book: what is offered at which price.
//!
//! Invariants, checked by the parser: both sides are sorted best price first, every size is above
//! zero, and the best bid is below the best ask.

use super::OwnTime;
use crate::units::{Amount, Price, UnixMs};

/// One price level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// The price, USDT.
    pub price: Price,
    /// What is offered there, in the base coin; above zero.
    pub size_base: Amount,
}

/// One symbol's book, best prices first; best bid below best ask. A side is empty when nobody
/// offers on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Book {
    /// The matching engine's time.
    pub as_of_ms: UnixMs,
    /// Buyers, highest price first.
    pub bids: Vec<Level>,
    /// Sellers, lowest price first.
    pub asks: Vec<Level>,
}

impl OwnTime for Book {
    fn known_until(&self) -> Option<UnixMs> {
        Some(self.as_of_ms)
    }
}
