//! Market facts → the snapshot's sections. Every function is pure arithmetic on what a venue sent.

pub mod means;

pub mod join;

pub mod breadth;

pub mod agreement;

pub mod volatility;

pub mod overview;

pub mod movers;

pub mod funding;

pub mod positioning;

pub mod perps;

pub mod scores;

pub mod regime;

pub mod beta;

pub mod performance;

#[cfg(feature = "confluence")]
pub mod statistics;

pub mod signals;

pub mod opportunities;

pub mod alerts;

/// What an operator may choose.
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
    use crate::market::candles::{Candle, Candles, Interval};
    use crate::units::{Amount, Percent, Price, UnixMs};
    use std::borrow::Cow;

    /// When the candle of step 0 begins: a midnight.
    pub(crate) const EPOCH: UnixMs = UnixMs::from_millis(1_788_825_600_000);

    /// Candles that stand still at their close, one at each of the steps.
    pub(crate) fn candles(
        interval: Interval,
        closes: impl IntoIterator<Item = (u64, f64)>,
    ) -> Candles {
        let candle = |(step, close): (u64, f64)| {
            let price = Price::new(close).unwrap();
            let nothing = Amount::new(0.0).unwrap();
            Candle {
                start_ms: EPOCH.plus_millis(step * interval.millis()),
                open: price,
                high: price,
                low: price,
                close: price,
                volume_base: nothing,
                turnover: nothing,
            }
        };
        Candles {
            interval,
            closed: closes.into_iter().map(candle).collect(),
        }
    }

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
            open_interest_usd: Some(Amount::new(turnover / 2.0).unwrap()),
            mark: Some(Price::new(last).unwrap()),
            index: Some(Price::new(last).unwrap()),
        }
    }
}
