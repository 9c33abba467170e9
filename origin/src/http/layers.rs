//! What every answer goes through.

use super::app::App;
use super::{reply, target};
use crate::metrics::Answered;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use shared::endpoints::{self, HEALTH, LIVE, METRICS, OTHER, READY};
use shared::headers::{ALWAYS, DATA_FRESHNESS};
use shared::problem::Failure;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Adds the headers that belong on every answer.
pub(super) async fn common_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in ALWAYS {
        response.headers_mut().insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    response
}

/// Asks clients of a process that is about to end for another connection next time, so that none
/// sends a request on one that is being closed.
pub(super) async fn say_goodbye(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if app.draining.load(Ordering::Relaxed) {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Counts the answer under its route, never under the path that a client made up.
pub(super) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = endpoints::route(request.uri().path());
    let metrics = &app.context.metrics;
    let (_in_flight, started) = (metrics.in_flight(), Instant::now());
    let response = next.run(request).await;
    metrics.answered(Answered {
        route,
        is_data: is_data(route),
        status: response.status().as_u16(),
        freshness: response
            .headers()
            .get(DATA_FRESHNESS)
            .and_then(|value| value.to_str().ok()),
        took: started.elapsed(),
    });
    response
}

fn is_data(route: &str) -> bool {
    !HEALTH.contains(&route) && ![LIVE, READY, METRICS, OTHER].contains(&route)
}

/// Refuses what does not say whom or what it is for.
pub(super) async fn addressed(request: Request, next: Next) -> Response {
    if target::is_sound(&request) {
        next.run(request).await
    } else {
        reply::failure(&Failure::BadTarget)
    }
}
