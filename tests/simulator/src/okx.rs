//! OKX v5, public market data of the swaps. <https://www.okx.com/docs-v5/en/>

mod envelope;
mod instruments;
mod tickers;
mod venue;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::link::Link;
use super::pipeline::{Request, Simulator};

pub(crate) fn routes() -> Router<Arc<Simulator>> {
    Router::new()
        .route(
            "/api/v5/market/tickers",
            get(|request: Request| request.answer(Link::OkxTickers, tickers::answer)),
        )
        .route(
            "/api/v5/public/instruments",
            get(|request: Request| request.answer(Link::OkxInstruments, instruments::answer)),
        )
}
