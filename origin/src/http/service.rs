//! What a request goes through, from its head to its answer: it is counted, checked, answered and
//! named.
//!
//! One function instead of a layer for each step: an answer is made from memory and waits for
//! nothing, and each layer would cost a task of its own per request.

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

/// What clients are answered by.
pub fn router(app: App) -> Router {
    let has_data = app.role.serves();
    service(app, has_data)
}

/// What operators are answered by: the process's own state, and no data.
pub fn operator_router(app: App) -> Router {
    service(app, false)
}

fn service(app: App, has_data: bool) -> Router {
    let journal = Journal::new(app.context.clock.clone());
    let answer = move |State(app): State<App>, request: Request| {
        // A request's body means nothing here; the library reads past it.
        let response = answer(&app, &journal, &request.into_parts().0, has_data);
        std::future::ready(response)
    };
    Router::new().fallback(answer).with_state(app)
}

fn answer(app: &App, journal: &Journal, request: &Parts, has_data: bool) -> Response {
    let started = Instant::now();
    // Counted under its route, never under the path that a client made up.
    let route = endpoints::route(request.uri.path());
    let metrics = &app.context.metrics;
    let _in_flight = metrics.in_flight();
    let mut response = if target::is_sound(request) {
        // One panic costs one answer. Nothing is left half changed: answering only reads.
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
    // Clients of a process that is about to end ask for another connection next time, so that none
    // sends a request on one that is being closed.
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
