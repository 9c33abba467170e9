//! The secondary exchanges, which replace Bybit when it cannot be reached: what is fetched from
//! each, and which of its contracts count.
//!
//! Invariant: one snapshot is of one venue. Figures of two venues are never mixed, because their
//! turnovers, contracts and units differ.

use super::{ParseError, binance, okx};
use crate::market::{Tickers, Universe};
use crate::provenance::Venue;
use std::borrow::Borrow;

/// A venue that replaces Bybit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Secondary {
    /// OKX's perpetual swaps.
    Okx,
    /// Binance's spot market.
    Binance,
}

impl Secondary {
    /// The order in which they are tried: perpetuals are closer to what they replace than spot is.
    pub const IN_ORDER: [Self; 2] = [Self::Okx, Self::Binance];

    /// The venue.
    #[must_use]
    pub const fn venue(self) -> Venue {
        match self {
            Self::Okx => Venue::Okx,
            Self::Binance => Venue::Binance,
        }
    }

    /// The secondary exchange of this venue; `None` for any other venue.
    #[must_use]
    pub fn of(venue: Venue) -> Option<Self> {
        Self::IN_ORDER
            .into_iter()
            .find(|secondary| secondary.venue() == venue)
    }

    /// Path and query of its ticker table.
    #[must_use]
    pub const fn tickers_path(self) -> &'static str {
        match self {
            Self::Okx => okx::TICKERS,
            Self::Binance => binance::TICKERS,
        }
    }

    /// Path and query of its own list of contracts, where that list tells crypto from everything
    /// else. Read by [`okx::instruments::Listing`].
    #[must_use]
    pub const fn instruments_path(self) -> Option<&'static str> {
        match self {
            Self::Okx => Some(okx::INSTRUMENTS),
            // Its list weighs many megabytes and does not say which pairs are currencies.
            Self::Binance => None,
        }
    }

    /// Reads its ticker table.
    ///
    /// # Errors
    /// Any [`ParseError`] when the answer as a whole is no ticker table.
    pub fn tickers(self, body: &[u8]) -> Result<Tickers<'_>, ParseError> {
        match self {
            Self::Okx => okx::tickers::parse(body),
            Self::Binance => binance::tickers::parse(body),
        }
    }

    /// The list that decides which contracts count, from the lists at hand: the venue's own; else
    /// OKX's, which names single coins as Binance does; else Bybit's, of which then only contracts
    /// of the same name, and so of the same unit, are found. `None` without a list: coins could
    /// then not be told from shares and currencies.
    #[must_use]
    pub fn universe<U: Borrow<Universe>>(self, at_hand: impl IntoIterator<Item = U>) -> Option<U> {
        // The lower the rank the better the list; 3 marks a list that is never used.
        let rank = |universe: &U| match universe.borrow().source.venue {
            venue if venue == self.venue() => 0,
            Venue::Okx => 1,
            Venue::Bybit => 2,
            _ => 3,
        };
        at_hand
            .into_iter()
            .filter(|universe| rank(universe) < 3)
            .min_by_key(rank)
    }
}
