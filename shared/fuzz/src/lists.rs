//! What must hold of everything that is read about one contract: it is possible, it is in order,
//! and written down again as the venue would write it, it reads back as the same.

use super::seeds::{SYMBOL, now};
use serde_json::{Value, json};
use shared::exchange::ParseError;
use shared::exchange::bybit::{
    Reading, account_ratio, funding_history, klines, open_interest, orderbook, trades,
};
use shared::market::book::{Book, Level};
use shared::market::candles::Interval;
use shared::market::trades::{Side, Trade, Trades};
use shared::units::{Amount, Price, UnixMs};

/// 2018-01-01, before which the venue did not exist.
const EARLIEST: UnixMs = UnixMs::from_millis(1_514_764_800_000);

/// How far the venue's machines may disagree.
const AHEAD_MS: u64 = 5_000;

fn is_price(price: Price) -> bool {
    price.get().is_finite() && price.get() > 0.0
}

fn is_amount(amount: Amount) -> bool {
    amount.get().is_finite() && amount.get() >= 0.0
}

/// A moment between the venue's beginning and its present.
#[track_caller]
fn check_past(moment: UnixMs, server_time: UnixMs) {
    assert!(
        moment >= EARLIEST,
        "{moment} is before the venue's beginning"
    );
    assert!(
        moment <= server_time.plus_millis(AHEAD_MS),
        "{moment} is after the answer of {server_time}"
    );
}

/// Moments that rise, and none twice.
#[track_caller]
fn check_rising(times: impl Iterator<Item = UnixMs>) {
    let times: Vec<UnixMs> = times.collect();
    assert!(
        times.windows(2).all(|pair| pair[0] < pair[1]),
        "the rows are not oldest first and each once: {times:?}"
    );
}

/// An answer of the venue that holds `result`.
fn answer(result: &Value, server_time: UnixMs) -> Vec<u8> {
    json!({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": server_time.as_millis()})
        .to_string()
        .into_bytes()
}

/// A number as the venue writes it.
fn text(number: f64) -> Value {
    Value::String(number.to_string())
}

/// Facts that are written as rows, newest first as the venue does, read back as the same facts with
/// nothing refused.
#[track_caller]
fn check_round_trip<T: PartialEq + std::fmt::Debug>(
    reading: &Reading<T>,
    rows: Vec<Value>,
    parse: impl Fn(&[u8]) -> Result<Reading<T>, ParseError>,
) {
    if rows.is_empty() {
        return;
    }
    let rows: Vec<Value> = rows.into_iter().rev().collect();
    let body = answer(
        &json!({"category": "linear", "list": rows}),
        reading.server_time,
    );
    let again = parse(&body).expect("what was read, written again, is no answer");
    assert_eq!(
        again.value, reading.value,
        "what was read, written again, reads as something else"
    );
    assert_eq!(
        again.refused,
        [],
        "what was read, written again, is refused"
    );
}

/// Candles are closed, on the grid, each once, oldest first, and their range holds their prices.
pub fn klines(body: &[u8]) -> bool {
    const INTERVAL: Interval = Interval::FiveMinutes;
    let parse = |body: &[u8]| klines::parse(body, SYMBOL, INTERVAL, now());
    let Ok(reading) = parse(body) else {
        return false;
    };
    let candles = &reading.value;
    assert_eq!(candles.interval, INTERVAL);
    for candle in &candles.closed {
        let prices = [candle.open, candle.high, candle.low, candle.close];
        assert!(prices.into_iter().all(is_price), "{candle:?}");
        assert!(
            is_amount(candle.volume_base) && is_amount(candle.turnover),
            "{candle:?}"
        );
        assert!(
            prices
                .iter()
                .all(|price| candle.low <= *price && *price <= candle.high),
            "{candle:?}"
        );
        assert_eq!(
            candle.start_ms.as_millis() % 300_000,
            0,
            "{candle:?} is not on the grid"
        );
        assert!(candle.start_ms >= EARLIEST, "{candle:?}");
        let end_ms = candle.start_ms.plus_millis(300_000);
        assert!(
            end_ms <= now() && end_ms <= reading.server_time,
            "{candle:?} is still open"
        );
    }
    check_rising(candles.closed.iter().map(|candle| candle.start_ms));
    let row = |candle: &shared::market::candles::Candle| {
        let start = Value::String(candle.start_ms.to_string());
        let prices =
            [candle.open, candle.high, candle.low, candle.close].map(|price| text(price.get()));
        let amounts = [candle.volume_base, candle.turnover].map(|amount| text(amount.get()));
        Value::Array([start].into_iter().chain(prices).chain(amounts).collect())
    };
    check_round_trip(&reading, candles.closed.iter().map(row).collect(), parse);
    true
}

/// A book is sorted, not crossed, and something is offered on every level.
pub fn orderbook(body: &[u8]) -> bool {
    let Ok(book) = orderbook::parse(body, SYMBOL) else {
        return false;
    };
    check_book(&book);
    let Book {
        as_of_ms,
        bids,
        asks,
    } = &book;
    let side = |levels: &[Level]| -> Vec<Value> {
        levels
            .iter()
            .map(|level| json!([text(level.price.get()), text(level.size_base.get())]))
            .collect()
    };
    let result =
        json!({"s": SYMBOL, "b": side(bids), "a": side(asks), "cts": as_of_ms.as_millis()});
    assert_eq!(
        orderbook::parse(&answer(&result, *as_of_ms), SYMBOL),
        Ok(book),
        "a book reads back as another"
    );
    true
}

/// Sorted, not crossed, something on every level.
pub fn check_book(book: &Book) {
    let Book {
        as_of_ms,
        bids,
        asks,
    } = book;
    assert!(
        *as_of_ms >= EARLIEST && !(bids.is_empty() && asks.is_empty()),
        "{book:?}"
    );
    for level in bids.iter().chain(asks) {
        assert!(
            is_price(level.price) && is_amount(level.size_base) && level.size_base.get() > 0.0,
            "{level:?}"
        );
    }
    assert!(
        bids.windows(2).all(|pair| pair[0].price > pair[1].price),
        "bids out of order: {bids:?}"
    );
    assert!(
        asks.windows(2).all(|pair| pair[0].price < pair[1].price),
        "asks out of order: {asks:?}"
    );
    if let (Some(bid), Some(ask)) = (bids.first(), asks.first()) {
        assert!(bid.price < ask.price, "crossed: {bid:?} and {ask:?}");
    }
}

/// Trades have a price, a size and a moment, and are oldest first.
pub fn trades(body: &[u8]) -> bool {
    // The names of what is written again are others.
    let unnamed = |mut reading: Reading<Trades>| {
        reading
            .value
            .trades
            .iter_mut()
            .for_each(|trade| trade.id = 0);
        reading
    };
    let parse = |body: &[u8]| trades::parse(body, SYMBOL).map(unnamed);
    let Ok(reading) = parse(body) else {
        return false;
    };
    for trade in &reading.value.trades {
        assert!(
            is_price(trade.price) && is_amount(trade.size_base) && trade.size_base.get() > 0.0,
            "{trade:?}"
        );
        check_past(trade.time_ms, reading.server_time);
    }
    assert!(
        reading.value.trades.is_sorted_by_key(|trade| trade.time_ms),
        "trades out of order"
    );
    let row = |(index, trade): (usize, &Trade)| {
        let side = match trade.taker {
            Some(Side::Buy) => "Buy",
            Some(Side::Sell) => "Sell",
            None => "",
        };
        json!({
            "execId": index.to_string(), "symbol": SYMBOL, "price": text(trade.price.get()),
            "size": text(trade.size_base.get()), "side": side, "time": trade.time_ms.to_string(), "isBlockTrade": false
        })
    };
    check_round_trip(
        &reading,
        reading.value.trades.iter().enumerate().map(row).collect(),
        parse,
    );
    true
}

/// Open interest is an amount at a moment, each moment once.
pub fn open_interest(body: &[u8]) -> bool {
    let parse = |body: &[u8]| open_interest::parse(body, SYMBOL);
    let Ok(reading) = parse(body) else {
        return false;
    };
    for row in &reading.value {
        assert!(is_amount(row.one_sided_base), "{row:?}");
        check_past(row.time_ms, reading.server_time);
    }
    check_rising(reading.value.iter().map(|row| row.time_ms));
    let rows = reading
        .value
        .iter()
        .map(|row| json!({"singleOpenInterest": text(row.one_sided_base.get()), "timestamp": row.time_ms.to_string()}));
    check_round_trip(&reading, rows.collect(), parse);
    true
}

/// The two shares of the accounts are shares and make a whole.
pub fn account_ratio(body: &[u8]) -> bool {
    let parse = |body: &[u8]| account_ratio::parse(body, SYMBOL);
    let Ok(reading) = parse(body) else {
        return false;
    };
    for row in &reading.value {
        let (long, short) = (row.long.get(), row.short.get());
        assert!(
            (0.0..=1.0).contains(&long) && (0.0..=1.0).contains(&short),
            "{row:?}"
        );
        assert!((long + short - 1.0).abs() <= 0.001, "{row:?} is no whole");
        check_past(row.time_ms, reading.server_time);
    }
    check_rising(reading.value.iter().map(|row| row.time_ms));
    let rows = reading.value.iter().map(|row| {
        json!({
            "symbol": SYMBOL, "buyRatio": text(row.long.get()), "sellRatio": text(row.short.get()),
            "timestamp": row.time_ms.to_string()
        })
    });
    check_round_trip(&reading, rows.collect(), parse);
    true
}

/// A funding is a believable rate at a moment, each moment once.
pub fn funding_history(body: &[u8]) -> bool {
    let parse = |body: &[u8]| funding_history::parse(body, SYMBOL);
    let Ok(reading) = parse(body) else {
        return false;
    };
    for row in &reading.value {
        assert!(row.rate.is_finite() && row.rate.abs() <= 0.5, "{row:?}");
        check_past(row.time_ms, reading.server_time);
    }
    check_rising(reading.value.iter().map(|row| row.time_ms));
    let rows = reading.value.iter().map(
        |row| json!({"symbol": SYMBOL, "fundingRate": text(row.rate), "fundingRateTimestamp": row.time_ms.to_string()}),
    );
    check_round_trip(&reading, rows.collect(), parse);
    true
}
