//! The control API: set faults, count requests.
//!
//! - `GET /control/health`
//! - `GET /control/faults`, `DELETE /control/faults`
//! - `PUT /control/faults/{link}` with a [`Fault`](super::faults::Fault) such as
//!   `{"kind":"delay","ms":2000,"times":3}`
//! - `DELETE /control/faults/{link}`
//! - `GET /control/requests`, `DELETE /control/requests`
//! - `GET /control/book/{symbol}?at=MILLISECONDS`: the book of any moment, of now without `at`,
//!   whatever the faults make of it
//!
//! A link is the name of a [`Link`](super::link::Link), `bybit`, `okx`, `binance` or `coingecko`
//! for all links of that service, or `all`. With `"where":{"symbol":"BTCUSDT"}` a fault applies
//! only to requests with these query parameters. The most specific fault applies, and only that
//! one.
//!
//! On open streams (`bybit-stream`) `where` may name a `topic` or a `symbol`. A stream follows a
//! fault that lasts, such as `frozen` or `scale_all`, as long as it is set, and an outage (`reset`,
//! `status`, `maintenance`, `geo_403`, `geo_451`) cuts all connections when it is
//! set.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use bytes::Bytes;
use serde::Serialize;

use super::bybit::book_at;
use super::counters;
use super::faults::{Fault, Order};
use super::link::{Link, Scope};
use super::pipeline::Simulator;
use super::reply::Reply;
use super::source::Source;
use super::streams::{Cut, StreamCounts};

/// The end of the year 9999: no book is asked for after it.
const LATEST_MS: i64 = 253_402_300_799_999;

/// What `GET /control/requests` answers.
#[derive(Debug, Serialize)]
struct Counts {
    #[serde(flatten)]
    requests: counters::Counts,
    streams: BTreeMap<&'static str, StreamCounts>,
}

type Shared = State<Arc<Simulator>>;

pub(crate) fn routes() -> Router<Arc<Simulator>> {
    Router::new()
        .route("/control/health", get(|| async { "ok" }))
        .route("/control/faults", get(list_faults).delete(clear_faults))
        .route("/control/faults/{link}", put(set_fault).delete(clear_fault))
        .route("/control/book/{symbol}", get(read_book))
        .route("/control/requests", get(read_counts).delete(reset_counts))
}

async fn list_faults(State(simulator): Shared) -> Response {
    Json(simulator.faults.read()).into_response()
}

async fn clear_faults(State(simulator): Shared) -> StatusCode {
    simulator.faults.clear();
    simulator.pace_streams();
    StatusCode::NO_CONTENT
}

async fn set_fault(
    State(simulator): Shared,
    Path(link): Path<String>,
    body: Bytes,
) -> Result<Response, Reply> {
    let scope = scope(&link)?;
    let order = Order::parse(&body).map_err(|error| {
        Reply::problem(StatusCode::BAD_REQUEST, &format!("not a fault: {error}"))
    })?;
    tracing::info!(link = %scope, fault = ?order.fault, times = ?order.times, "fault set");
    let is_outage = order.fault.is_outage() && order.only.is_empty();
    let cut = if order.fault == Fault::Reset {
        Cut::Reset
    } else {
        Cut::End
    };
    simulator.faults.set(scope, order, simulator.now_ms());
    simulator.pace_streams();
    if is_outage && Scope::around(Link::BybitStream).contains(&scope) {
        simulator.streams.cut(cut);
    }
    Ok(Json(simulator.faults.read()).into_response())
}

async fn clear_fault(
    State(simulator): Shared,
    Path(link): Path<String>,
) -> Result<StatusCode, Reply> {
    simulator.faults.remove(scope(&link)?);
    simulator.pace_streams();
    Ok(StatusCode::NO_CONTENT)
}

async fn read_book(
    State(simulator): Shared,
    Path(symbol): Path<String>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Reply {
    let Source::Generated(generated) = simulator.source() else {
        return Reply::not_recorded("a book");
    };
    let at_ms = match asked.get("at").map(|at| (at, at.parse())) {
        None => simulator.now_ms(),
        Some((_, Ok(at_ms))) if (0..=LATEST_MS).contains(&at_ms) => at_ms,
        Some((at, _)) => {
            let detail = format!("`at` is {at}, which is no time in milliseconds");
            return Reply::problem(StatusCode::BAD_REQUEST, &detail);
        }
    };
    book_at(generated, &symbol, at_ms).map_or_else(
        || Reply::problem(StatusCode::NOT_FOUND, &format!("there is no {symbol}")),
        Reply::json,
    )
}

async fn read_counts(State(simulator): Shared) -> Response {
    let counts = Counts {
        requests: simulator.counters.read(),
        streams: [(Link::BybitStream.name(), simulator.streams.read())].into(),
    };
    Json(counts).into_response()
}

async fn reset_counts(State(simulator): Shared) -> StatusCode {
    simulator.counters.reset();
    simulator.streams.reset();
    StatusCode::NO_CONTENT
}

fn scope(link: &str) -> Result<Scope, Reply> {
    link.parse().map_err(|error: super::link::UnknownScope| {
        Reply::problem(StatusCode::NOT_FOUND, &error.to_string())
    })
}
