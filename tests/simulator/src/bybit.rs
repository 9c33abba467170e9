//! Bybit v5, public market data. <https://bybit-exchange.github.io/docs/v5/intro>

mod bucket;
mod cells;
mod cursor;
mod envelope;
mod instruments;
mod klines;
mod orderbook;
mod positions;
mod question;
mod stream;
mod tickers;
mod trades;
mod writer;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::link::Link;
use super::pipeline::{Request, Simulator};
use super::query::Query;
use super::reply::Reply;
use super::source::{Moment, Source};
pub(crate) use bucket::bucket;
use envelope::envelope;
pub(crate) use orderbook::book_at;

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
        .route("/v5/public/linear", get(stream::open))
}

/// The exchange's own time. It is no market data, so a replay answers it as well.
fn time(_source: &Source, _query: &Query, moment: Moment) -> Reply {
    let seconds = moment.stamp_ms.div_euclid(1_000);
    let nanos = moment.stamp_ms.saturating_mul(1_000_000);
    let result = format!(r#"{{"timeSecond":"{seconds}","timeNano":"{nanos}"}}"#);
    Reply::json(envelope(&result, moment.stamp_ms))
}
