//! CoinGecko's totals of the whole market. <https://docs.coingecko.com/reference/crypto-global>

mod defi;
mod global;
mod totals;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::link::Link;
use super::pipeline::{Request, Simulator};

pub(crate) fn routes() -> Router<Arc<Simulator>> {
    Router::new()
        .route(
            "/api/v3/global",
            get(|request: Request| request.answer(Link::CoinGeckoGlobal, global::answer)),
        )
        .route(
            "/api/v3/global/decentralized_finance_defi",
            get(|request: Request| request.answer(Link::CoinGeckoDefi, defi::answer)),
        )
}
