//! The control API: set faults, count requests.
//!
//! - `GET /control/health`
//! - `GET /control/faults`, `DELETE /control/faults`
//! - `PUT /control/faults/{link}` with a [`Fault`](super::faults::Fault) such as
//!   `{"kind":"delay","ms":2000,"times":3}`
//! - `DELETE /control/faults/{link}`
//! - `GET /control/requests`, `DELETE /control/requests`
//!
//! A link is the name of a [`Link`](super::link::Link), `bybit`, `okx`, `binance` or `coingecko`
//! for all links of that service, or `all`. With `"where":{"symbol":"BTCUSDT"}` a fault applies
//! only to requests with these query parameters. The most specific fault applies, and only that
//! one.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use bytes::Bytes;
use serde::Serialize;

use super::counters;
use super::faults::Order;
use super::link::{Link, Scope};
use super::pipeline::Simulator;
use super::reply::Reply;
use super::streams::StreamCounts;

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
        .route("/control/requests", get(read_counts).delete(reset_counts))
}

async fn list_faults(State(simulator): Shared) -> Response {
    Json(simulator.faults.read()).into_response()
}

async fn clear_faults(State(simulator): Shared) -> StatusCode {
    simulator.faults.clear();
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
    simulator.faults.set(scope, order, simulator.now_ms());
    Ok(Json(simulator.faults.read()).into_response())
}

async fn clear_fault(
    State(simulator): Shared,
    Path(link): Path<String>,
) -> Result<StatusCode, Reply> {
    simulator.faults.remove(scope(&link)?);
    Ok(StatusCode::NO_CONTENT)
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
