//! `GET /v5/market/kline`. <https://bybit-exchange.github.io/docs/v5/market/kline>
//!
//! All lengths but the month. With `start` alone the candles go forward from there, else backward
//! from `end` or now.

use super::bucket::bucket;
use super::question::{Asked, about_contract, push_list};
use super::writer::push_fixed;
use crate::market::candle::{Candle, Candles, Interval};
use crate::query::Query;
use crate::reply::Reply;
use crate::source::{Moment, Source};

const DEFAULT_LIMIT: usize = 200;
const MAX_LIMIT: usize = 1_000;

/// A row has about 100 bytes.
const ROW_BYTES: usize = 110;

pub(super) fn answer(source: &Source, query: &Query, moment: Moment) -> Reply {
    about_contract(source, query, moment, "/v5/market/kline", result)
}

fn result(asked: &Asked<'_>) -> Result<String, &'static str> {
    let interval = asked
        .query
        .get("interval")
        .and_then(Interval::named)
        .ok_or("params error: interval invalid")?;
    let limit = asked.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let (start_ms, end_ms) = (asked.time("start")?, asked.time("end")?);
    // The last price of the ticker is that of the bucket, and so is the close of the open candle.
    let now_ms = bucket(asked.data_ms());
    let mut candles = Candles::new(
        asked.seed,
        asked.instrument,
        interval,
        now_ms,
        asked.ahead_ms(),
    );
    let starts = candles
        .span()
        .map(|span| starts(interval, span, start_ms, end_ms, limit))
        .unwrap_or_default();

    let instrument = asked.instrument;
    let mut out = String::with_capacity(starts.len() * ROW_BYTES + 64);
    out.push_str(r#"{"symbol":""#);
    out.push_str(&instrument.symbol);
    out.push_str(r#"","category":"linear","list":"#);
    push_list(&mut out, starts, |out, start_ms| {
        push_row(
            out,
            &candles.at(start_ms),
            instrument.price_decimals,
            instrument.quantity_decimals,
        );
    });
    out.push('}');
    Ok(out)
}

/// The beginnings of the candles that are asked for, newest first.
fn starts(
    interval: Interval,
    (first_ms, last_ms): (i64, i64),
    start_ms: Option<i64>,
    end_ms: Option<i64>,
    limit: usize,
) -> Vec<i64> {
    let length_ms = interval.length_ms;
    let reach_ms = length_ms * (limit as i64 - 1);
    let first_ms = match start_ms {
        // A candle belongs to the answer when it begins within the span.
        Some(start_ms) if start_ms > first_ms => {
            interval.start_of(start_ms.min(last_ms + length_ms) - 1) + length_ms
        }
        _ => first_ms,
    };
    let last_ms = match (start_ms, end_ms) {
        (Some(_), None) => last_ms.min(first_ms + reach_ms),
        (_, Some(end_ms)) => last_ms.min(interval.start_of(end_ms)),
        (None, None) => last_ms,
    };
    let count = ((last_ms - first_ms).div_euclid(length_ms) + 1).clamp(0, limit as i64);
    (0..count)
        .map(|index| last_ms - index * length_ms)
        .collect()
}

fn push_row(out: &mut String, candle: &Candle, price_decimals: u32, quantity_decimals: u32) {
    let cells = [
        (candle.start_ms, 0),
        (candle.open, price_decimals),
        (candle.high, price_decimals),
        (candle.low, price_decimals),
        (candle.close, price_decimals),
        (candle.volume_steps, quantity_decimals),
        (candle.turnover_e4, 4),
    ];
    push_list(out, cells, |out, (units, decimals)| {
        out.push('"');
        push_fixed(out, units, decimals);
        out.push('"');
    });
}
