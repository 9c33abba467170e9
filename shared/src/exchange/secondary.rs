//! The venues that are asked when Bybit cannot be: what each is asked for, and which contracts of
//! it count.

use super::{ParseError, binance, okx};
use crate::market::{Tickers, Universe};
use crate::provenance::Venue;
use std::borrow::Borrow;

/// A venue that takes Bybit's place. Its figures are never mixed with another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Secondary {
    /// OKX's perpetual swaps.
    Okx,
    /// Binance's spot market.
    Binance,
}

impl Secondary {
    /// All of them, the one to be asked first at the head: perpetuals are nearer to what is
    /// replaced than spot is.
    pub const IN_ORDER: [Self; 2] = [Self::Okx, Self::Binance];

    /// The venue.
    #[must_use]
    pub const fn venue(self) -> Venue {
        match self {
            Self::Okx => Venue::Okx,
            Self::Binance => Venue::Binance,
        }
    }

    /// The one that is this venue.
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

    /// Path and query of its own list of contracts, where that tells crypto from everything else;
    /// it is read by [`okx::instruments::Listing`].
    #[must_use]
    pub const fn instruments_path(self) -> Option<&'static str> {
        match self {
            Self::Okx => Some(okx::INSTRUMENTS),
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

    /// Which of the lists at hand says what counts: the venue's own; else OKX's, which names single
    /// coins as Binance does; else Bybit's, of which then only contracts of the same name and so of
    /// the same unit are found. Nothing when no list is at hand: without one, coins cannot be told
    /// from shares and currencies.
    #[must_use]
    pub fn universe<U: Borrow<Universe>>(self, at_hand: impl IntoIterator<Item = U>) -> Option<U> {
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
