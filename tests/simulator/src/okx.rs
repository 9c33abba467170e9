//! OKX v5, public market data of the swaps. <https://www.okx.com/docs-v5/en/>

mod instruments;
mod tickers;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use super::elsewhere::Venue;
use super::link::Link;
use super::pipeline::{Query, Request, Simulator};
use super::reply::Reply;

/// OKX: dearer than Bybit by 0.07 %, a third of the trading, with shares and metals among the
/// swaps.
const OKX: Venue = Venue {
    price_factor: 1.0007,
    turnover_share: 0.31,
    listed_share: 0.55,
    has_other_classes: true,
    key: 101,
};

/// A swap that is suspended: it is listed, and stays in the table with its last prices. Busy enough
/// to be listed whatever the seed.
const SUSPENDED: &str = "ADA";

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

/// The envelope around every successful answer. It has no time.
fn envelope(rows: &str) -> Reply {
    Reply::json(format!(r#"{{"code":"0","msg":"","data":[{rows}]}}"#))
}

/// The only type of instruments that is simulated is `SWAP`.
fn check_type(query: &Query) -> Result<(), Reply> {
    let refusal = |code: i64, message: &str| Reply {
        status: StatusCode::BAD_REQUEST,
        ..Reply::json(format!(
            r#"{{"code":"{code}","msg":"{message}","data":[]}}"#
        ))
    };
    match query.get("instType") {
        Some("SWAP") => Ok(()),
        None => Err(refusal(50_014, "Parameter instType can not be empty.")),
        Some(_) => Err(refusal(51_000, "Parameter instType error")),
    }
}

/// What one contract is worth in coins: a power of ten, so that it is worth some tens of dollars.
fn contract_value(price: f64) -> f64 {
    10_f64.powf((1.5 - price.log10()).round())
}
