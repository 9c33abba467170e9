//! Market facts → the snapshot's sections. Every function is pure arithmetic on what a venue sent.
//!
//! Modules stand in the order of use: [`means`] and [`join`] first, since every section is made of
//! the joined rows; then one module per section; [`signals`] and [`opportunities`] last, because
//! they read finished scores.
//!
//! Invariant: a figure over the market is `None` unless most contracts have it ([`join::is_most`]).
//! A mean of a few would be read as one of the market.

pub mod means;

pub mod join;

pub mod breadth;

pub mod overview;

pub mod movers;

pub mod premium;

pub mod perps;

pub mod contracts;

pub mod pulse;

pub mod scores;

pub mod regime;

pub mod signals;

pub mod opportunities;

/// The settings of an operator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The least turnover of 24 hours that a mover must have, USD.
    pub mover_turnover_floor: f64,
    /// How many contracts, by turnover, get a score.
    pub monitored_symbols: usize,
}

impl Settings {
    /// One million dollars; forty contracts.
    pub const DEFAULT: Self = Self {
        mover_turnover_floor: 1_000_000.0,
        monitored_symbols: 40,
    };
}

/// Builders of tickers for the tests of this crate.
#[cfg(test)]
pub(crate) mod testing {
    use crate::market::Ticker;
    use crate::units::{Amount, Percent, Price};
    use std::borrow::Cow;

    /// A ticker with a price, a change and a turnover; a quiet range around the price.
    pub(crate) fn ticker(
        symbol: &str,
        last: f64,
        change_pct: f64,
        turnover: f64,
    ) -> Ticker<'static> {
        Ticker {
            symbol: Cow::Owned(symbol.to_owned()),
            last: Price::new(last).unwrap(),
            bid: None,
            ask: None,
            change_24h_pct: Some(Percent::new(change_pct).unwrap()),
            change_1h_pct: Some(Percent::new(change_pct / 10.0).unwrap()),
            high_24h: Some(Price::new(last * 1.05).unwrap()),
            low_24h: Some(Price::new(last * 0.95).unwrap()),
            volume_base_24h: Some(Amount::new(turnover / last).unwrap()),
            turnover_24h: Some(Amount::new(turnover).unwrap()),
            funding_rate: Some(0.0001),
            funding_interval_hours: Some(8.0),
            next_funding_ms: None,
            open_interest_usd: Some(Amount::new(turnover / 2.0).unwrap()),
            open_interest_base: Some(Amount::new(turnover / 2.0 / last).unwrap()),
            mark: Some(Price::new(last).unwrap()),
            index: Some(Price::new(last).unwrap()),
        }
    }
}
