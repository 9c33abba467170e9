//! What every answer goes through.

use super::{App, reply};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use shared::endpoints;
use shared::headers::{ALWAYS, PREFLIGHT};
use shared::problem::Failure;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Adds the headers that belong on every answer.
pub(super) async fn common_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in ALWAYS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// Counts the answer under its route, never under the path that a client made up.
pub(super) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = endpoints::route(request.uri().path());
    let response = next.run(request).await;
    app.context.metrics.request(route, response.status().as_u16());
    response
}

/// Answers what is no GET or HEAD.
pub(super) async fn methods(request: Request, next: Next) -> Response {
    match *request.method() {
        Method::GET | Method::HEAD => next.run(request).await,
        Method::OPTIONS => (StatusCode::NO_CONTENT, PREFLIGHT).into_response(),
        _ => reply::failure(&Failure::MethodNotAllowed),
    }
}

/// How many requests may run at once, and for how long.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    places: Arc<Semaphore>,
    deadline: Duration,
}

impl Limit {
    pub(super) fn new(places: usize, deadline: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), deadline }
    }
}

/// Turns away what is too much and ends what takes too long, rather than let a queue grow.
pub(super) async fn bounded(State(limit): State<Limit>, request: Request, next: Next) -> Response {
    let Ok(_place) = limit.places.try_acquire() else { return reply::failure(&Failure::Overloaded) };
    match tokio::time::timeout(limit.deadline, next.run(request)).await {
        Ok(response) => response,
        Err(_) => reply::failure(&Failure::Overloaded),
    }
}
