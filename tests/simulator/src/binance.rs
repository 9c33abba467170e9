//! Binance's market data of the spot market. <https://developers.binance.com/docs/binance-spot-api-docs/rest-api>

mod tickers;
mod venue;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::link::Link;
use super::pipeline::{Request, Simulator};

pub(crate) fn routes() -> Router<Arc<Simulator>> {
    Router::new().route(
        "/api/v3/ticker/24hr",
        get(|request: Request| request.answer(Link::BinanceTickers, tickers::answer)),
    )
}
