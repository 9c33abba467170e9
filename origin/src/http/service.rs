//! The path of a request from head to answer: count, check, answer, name.
//!
//! One function instead of a stack of layers: an answer is made from memory without waiting, and
//! each layer would add a future per request.

use super::app::App;
use super::journal::Journal;
use super::{reply, routes, target};
use crate::metrics::Answered;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use shared::endpoints::{self, HEALTH, LIVE, METRICS, OTHER, READY};
use shared::headers::DATA_FRESHNESS;
use shared::problem::Failure;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Instant;

/// The clients' service.
pub fn router(app: App) -> Router {
    let has_data = app.role.serves();
    service(app, has_data)
}

/// The operators' service: the state of the process, and no data.
pub fn operator_router(app: App) -> Router {
    service(app, false)
}

fn service(app: App, has_data: bool) -> Router {
    let journal = Journal::new(app.context.clock.clone());
    let answer = move |State(app): State<App>, request: Request| {
        // A request's body has no meaning here; the library discards it.
        let response = answer(&app, &journal, &request.into_parts().0, has_data);
        std::future::ready(response)
    };
    Router::new().fallback(answer).with_state(app)
}

fn answer(app: &App, journal: &Journal, request: &Parts, has_data: bool) -> Response {
    let started = Instant::now();
    // Counted by route, never by the path that a client made up: each path would be a new series.
    let route = endpoints::route(request.uri.path());
    let metrics = &app.context.metrics;
    let _in_flight = metrics.in_flight();
    let mut response = if target::is_sound(request) {
        // A panic costs one answer. Handlers only read, so nothing is left half changed.
        catch_unwind(AssertUnwindSafe(|| routes::answer(app, request, has_data)))
            .unwrap_or_else(|_| reply::failure(&Failure::Internal))
    } else {
        reply::failure(&Failure::BadTarget)
    };
    let took = started.elapsed();
    metrics.answered(Answered {
        route,
        is_data: is_data(route),
        status: response.status().as_u16(),
        freshness: response
            .headers()
            .get(DATA_FRESHNESS)
            .and_then(|value| value.to_str().ok()),
        took,
    });
    // Clients of a process that is about to end open another connection next time, so none sends a
    // request on one that is being closed.
    if app.draining.load(Ordering::Relaxed) {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    journal.note(route, &request.headers, &mut response, took);
    reply::complete(response.headers_mut());
    response
}

fn is_data(route: &str) -> bool {
    !HEALTH.contains(&route) && ![LIVE, READY, METRICS, OTHER].contains(&route)
}
