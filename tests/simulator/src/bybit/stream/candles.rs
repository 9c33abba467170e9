//! `kline.{interval}.{symbol}`. <https://bybit-exchange.github.io/docs/v5/websocket/public/kline>

use std::fmt::Write;

use super::tick::Tick;
use crate::bybit::bucket::bucket;
use crate::bybit::question::push_list;
use crate::bybit::writer::push_trimmed;
use crate::clock::SECOND_MS;
use crate::market::Instrument;
use crate::market::candle::{Candle, Candles, Interval};

/// Nobody is told more candles after a clock has leapt.
const MAX_CLOSED: i64 = 1_000;

/// The open candle that a client was shown.
#[derive(Debug)]
pub(super) struct CandleFeed {
    interval: Interval,
    start_ms: Option<i64>,
    /// The second, by the clock, in which it was last told.
    told_s: Option<i64>,
}

impl CandleFeed {
    pub(super) fn new(interval: Interval) -> Self {
        Self {
            interval,
            start_ms: None,
            told_s: None,
        }
    }

    /// Once a second the open candle, after those that have closed since the last time.
    pub(super) fn news(&mut self, tick: &Tick<'_>, symbol: &str) -> Option<String> {
        let second = tick.now_ms.div_euclid(SECOND_MS);
        if self.told_s.replace(second) == Some(second) {
            return None;
        }
        let moment = tick.history;
        let listing = tick.generated.market.listing(moment.data_ms);
        let instrument = listing.find(symbol)?;
        let mut candles = Candles::new(
            tick.generated.market.seed(),
            instrument,
            self.interval,
            bucket(moment.data_ms),
            moment.stamp_ms - moment.data_ms,
        );
        let (_, open_ms) = candles.span()?;
        let length_ms = self.interval.length_ms;
        let first_ms = self.start_ms.map_or(open_ms, |start_ms| {
            start_ms.max(open_ms - MAX_CLOSED * length_ms)
        });
        self.start_ms = Some(open_ms);
        // Time may have gone back, under a fault.
        let closed = (open_ms - first_ms).max(0) / length_ms;
        let starts = (0..=closed).map(|index| open_ms - (closed - index) * length_ms);
        let mut out = format!(
            r#"{{"topic":"kline.{}.{symbol}","data":"#,
            self.interval.name
        );
        push_list(&mut out, starts, |out, start_ms| {
            let candle = candles.at(start_ms);
            self.push(out, instrument, &candle, start_ms < open_ms, tick);
        });
        // Writing to a string cannot fail.
        let _ = write!(out, r#","ts":{},"type":"snapshot"}}"#, tick.moment.stamp_ms);
        Some(out)
    }

    fn push(
        &self,
        out: &mut String,
        instrument: &Instrument,
        candle: &Candle,
        is_closed: bool,
        tick: &Tick<'_>,
    ) {
        let (prices, quantities) = (instrument.price_decimals, instrument.quantity_decimals);
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            r#"{{"start":{},"end":{},"interval":"{}""#,
            candle.start_ms,
            candle.start_ms + self.interval.length_ms - 1,
            self.interval.name
        );
        for (name, units, decimals) in [
            ("open", candle.open, prices),
            ("close", candle.close, prices),
            ("high", candle.high, prices),
            ("low", candle.low, prices),
            ("volume", candle.volume_steps, quantities),
            ("turnover", candle.turnover_e4, 4),
        ] {
            let _ = write!(out, r#","{name}":""#);
            push_trimmed(out, units, decimals);
            out.push('"');
        }
        let stamp_ms = tick.moment.stamp_ms;
        let _ = write!(out, r#","confirm":{is_closed},"timestamp":{stamp_ms}}}"#);
    }
}
