//! The top of each monitored contract's book: the best bid, the best ask, and what lies between.
//!
//! Invariants, checked by [`Books::check`]: a contract stands once, a bid is below its ask, a spread
//! is that of its prices, and no book is much newer than the section, which is as old as its oldest.

use crate::freshness::MAX_CLOCK_AHEAD_MS;
use crate::market::is_plausible_symbol;
use crate::units::{Amount, Price, UnixMs, round_to};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The most books that a section may have.
pub const MAX_BOOKS: usize = 1_000;

/// The oldest book that is shown, milliseconds. The best prices of an older one have long been traded.
pub const MAX_BOOK_AGE_MS: u64 = 60_000;

/// The same with what a venue's clock may be ahead of ours.
const MAX_APART_MS: u64 = MAX_BOOK_AGE_MS + MAX_CLOCK_AHEAD_MS;

/// How far a spread may be from that of its prices, basis points: it is rounded.
const SPREAD_TOLERANCE_BPS: f64 = 0.000_1;

/// The best prices of one contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookTop {
    /// The venue's full symbol.
    pub symbol: String,
    /// The matching engine's time.
    pub as_of_ms: UnixMs,
    /// The highest price at which somebody buys, USDT.
    pub bid: Price,
    /// What is wanted there, base coin.
    pub bid_size_base: Amount,
    /// The lowest price at which somebody sells, USDT.
    pub ask: Price,
    /// What is offered there, base coin.
    pub ask_size_base: Amount,
    /// Ask less bid, of the mean of both, in basis points: hundredths of a percent.
    pub spread_bps: f64,
}

/// The books of the monitored contracts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Books {
    /// How many contracts are monitored. Those without a row have no book that is young enough, or
    /// one with an empty side.
    pub monitored: usize,
    /// The books, in the order of turnover.
    pub rows: Vec<BookTop>,
}

/// Why books may not be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookFault {
    /// More books than contracts are monitored.
    #[error("more books than contracts, or more than {MAX_BOOKS}")]
    TooMany,
    /// A symbol that is none.
    #[error("a symbol is malformed")]
    MalformedSymbol,
    /// A contract that stands twice.
    #[error("a contract stands twice")]
    Repeated,
    /// A bid that is not below its ask.
    #[error("a book is crossed")]
    Crossed,
    /// A side on which nobody trades.
    #[error("a side of a book is empty")]
    EmptySide,
    /// A spread that is not that of its prices.
    #[error("a spread is not that of its prices")]
    WrongSpread,
    /// Books whose times do not fit the section's.
    #[error("a book is older than the section, or much newer")]
    TimesContradict,
}

impl BookFault {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(self) {
            Self::TooMany => "books_too_many",
            Self::MalformedSymbol => "books_malformed_symbol",
            Self::Repeated => "books_repeated",
            Self::Crossed => "books_crossed",
            Self::EmptySide => "books_empty_side",
            Self::WrongSpread => "books_wrong_spread",
            Self::TimesContradict => "books_times_contradict",
        }
    }
}

/// Ask less bid of the mean of both, basis points, as it is shown.
#[must_use]
pub fn spread_bps(bid: Price, ask: Price) -> f64 {
    let (bid, ask) = (bid.get(), ask.get());
    round_to((ask - bid) / ((ask + bid) / 2.0) * 10_000.0, 4)
}

impl BookTop {
    fn check(&self, as_of: UnixMs) -> Result<(), BookFault> {
        if !is_plausible_symbol(&self.symbol) {
            return Err(BookFault::MalformedSymbol);
        }
        if self.bid >= self.ask {
            return Err(BookFault::Crossed);
        }
        if self.bid_size_base.get() <= 0.0 || self.ask_size_base.get() <= 0.0 {
            return Err(BookFault::EmptySide);
        }
        let is_right =
            (self.spread_bps - spread_bps(self.bid, self.ask)).abs() <= SPREAD_TOLERANCE_BPS;
        if !is_right {
            return Err(BookFault::WrongSpread);
        }
        if self.as_of_ms < as_of || self.as_of_ms.millis_since(as_of) > MAX_APART_MS {
            return Err(BookFault::TimesContradict);
        }
        Ok(())
    }
}

impl Books {
    /// Whether the section may be published as of `as_of`, the time of its oldest book.
    ///
    /// # Errors
    /// The first [`BookFault`].
    pub fn check(&self, as_of: UnixMs) -> Result<(), BookFault> {
        if self.rows.len() > self.monitored.min(MAX_BOOKS) {
            return Err(BookFault::TooMany);
        }
        let mut seen = HashSet::with_capacity(self.rows.len());
        for row in &self.rows {
            row.check(as_of)?;
            if !seen.insert(row.symbol.as_str()) {
                return Err(BookFault::Repeated);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AS_OF: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn top(symbol: &str) -> BookTop {
        BookTop {
            symbol: symbol.to_owned(),
            as_of_ms: AS_OF,
            bid: Price::new(99.95).unwrap(),
            bid_size_base: Amount::new(2.0).unwrap(),
            ask: Price::new(100.05).unwrap(),
            ask_size_base: Amount::new(3.0).unwrap(),
            spread_bps: 10.0,
        }
    }

    #[track_caller]
    fn check(expected: Result<(), BookFault>, change: impl FnOnce(&mut Books)) {
        let mut books = Books {
            monitored: 3,
            rows: vec![top("BTCUSDT"), top("ETHUSDT")],
        };
        change(&mut books);
        assert_eq!(books.check(AS_OF), expected);
    }

    #[test]
    fn a_spread_is_the_difference_of_the_best_prices_of_their_mean() {
        assert_eq!(
            spread_bps(Price::new(99.95).unwrap(), Price::new(100.05).unwrap()),
            10.0
        );
        check(Ok(()), |_| {});
        check(Ok(()), |it| it.rows.clear());
    }

    #[test]
    fn a_book_that_cannot_be_is_refused_by_name() {
        check(Err(BookFault::Crossed), |it| {
            it.rows[1].ask = it.rows[1].bid;
        });
        check(Err(BookFault::EmptySide), |it| {
            it.rows[0].bid_size_base = Amount::new(0.0).unwrap();
        });
        check(Err(BookFault::WrongSpread), |it| {
            it.rows[0].spread_bps = 9.99;
        });
        check(Err(BookFault::WrongSpread), |it| {
            it.rows[0].spread_bps = f64::NAN;
        });
        check(Err(BookFault::TimesContradict), |it| {
            it.rows[0].as_of_ms = AS_OF.plus_millis(MAX_APART_MS + 1);
        });
        check(Err(BookFault::TimesContradict), |it| {
            it.rows[0].as_of_ms = UnixMs::from_millis(AS_OF.as_millis() - 1);
        });
        check(Err(BookFault::MalformedSymbol), |it| {
            it.rows[0].symbol = String::new();
        });
        check(Err(BookFault::Repeated), |it| {
            it.rows[0].symbol = "ETHUSDT".to_owned();
        });
        check(Err(BookFault::TooMany), |it| it.monitored = 1);
    }
}
