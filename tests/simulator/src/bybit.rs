//! Bybit v5, public market data. <https://bybit-exchange.github.io/docs/v5/intro>

mod cursor;
mod instruments;
mod klines;
mod orderbook;
mod positions;
mod question;
mod shelf;
mod tickers;
mod trades;
mod writer;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::link::Link;
use super::pipeline::{Query, Request, Simulator};
use super::reply::Reply;
use super::source::{Moment, Source};
use cursor::Page;
pub(crate) use instruments::InstrumentRow;
pub(crate) use shelf::Shelf;
pub(crate) use tickers::bucket;

/// A parameter is wrong.
const BAD_PARAMETER: i64 = 10_001;

pub(crate) fn routes() -> Router<Arc<Simulator>> {
    Router::new()
        .route(
            "/v5/market/tickers",
            get(|request: Request| request.answer(Link::BybitTickers, tickers::answer)),
        )
        .route(
            "/v5/market/instruments-info",
            get(|request: Request| request.answer(Link::BybitInstruments, instruments::answer)),
        )
        .route(
            "/v5/market/time",
            get(|request: Request| request.answer(Link::BybitTime, time)),
        )
        .route(
            "/v5/market/kline",
            get(|request: Request| request.answer(Link::BybitKlines, klines::answer)),
        )
        .route(
            "/v5/market/orderbook",
            get(|request: Request| request.answer(Link::BybitOrderbook, orderbook::answer)),
        )
        .route(
            "/v5/market/recent-trade",
            get(|request: Request| request.answer(Link::BybitTrades, trades::answer)),
        )
        .route(
            "/v5/market/open-interest",
            get(|request: Request| {
                request.answer(Link::BybitOpenInterest, positions::open_interest)
            }),
        )
        .route(
            "/v5/market/account-ratio",
            get(|request: Request| {
                request.answer(Link::BybitAccountRatio, positions::account_ratio)
            }),
        )
        .route(
            "/v5/market/funding/history",
            get(|request: Request| request.answer(Link::BybitFunding, positions::funding_history)),
        )
}

/// The envelope around every successful result.
pub(crate) fn envelope(result: &str, stamp_ms: i64) -> String {
    // One allocation for the 600 kB of all tickers.
    let mut body = String::with_capacity(result.len() + 96);
    body.push_str(r#"{"retCode":0,"retMsg":"OK","result":"#);
    body.push_str(result);
    body.push_str(r#","retExtInfo":{},"time":"#);
    body.push_str(&stamp_ms.to_string());
    body.push('}');
    body
}

/// An error of the exchange, which comes with HTTP 200.
fn refusal(message: &str, stamp_ms: i64) -> Reply {
    Reply::json(format!(
        r#"{{"retCode":{BAD_PARAMETER},"retMsg":"{message}","result":{{}},"retExtInfo":{{}},"time":{stamp_ms}}}"#
    ))
}

/// The only category that is simulated is `linear`.
fn check_category(query: &Query) -> Result<(), &'static str> {
    match query.get("category") {
        Some("linear") => Ok(()),
        _ => Err("params error: Category is invalid"),
    }
}

/// The exchange's own time. It is no market data, so a replay answers it as well.
fn time(_source: &Source, _query: &Query, moment: Moment) -> Reply {
    let seconds = moment.stamp_ms.div_euclid(1_000);
    let nanos = moment.stamp_ms.saturating_mul(1_000_000);
    let result = format!(r#"{{"timeSecond":"{seconds}","timeNano":"{nanos}"}}"#);
    Reply::json(envelope(&result, moment.stamp_ms))
}
