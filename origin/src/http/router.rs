//! Every path on one screen.

use super::{App, data, health, layers, named, reply};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::middleware;
use axum::response::Response;
use shared::endpoints::{self, Endpoint, Place, Question};
use shared::problem::Failure;
use std::time::Duration;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

/// The most requests that are answered at once; each takes microseconds, so more means that something is wrong.
const MAX_CONCURRENT: usize = 4_096;

/// The longest that a request may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// The service.
pub fn router(app: App) -> Router {
    Router::new()
        .fallback(answer)
        .layer(
            ServiceBuilder::new()
                .layer(middleware::from_fn(layers::common_headers))
                .layer(middleware::from_fn_with_state(named::Journal::new(app.context.clock.clone()), named::named))
                .layer(middleware::from_fn_with_state(app.clone(), layers::say_goodbye))
                .layer(middleware::from_fn_with_state(app.clone(), layers::count))
                .layer(middleware::from_fn(layers::methods))
                .layer(middleware::from_fn_with_state(layers::Limit::new(MAX_CONCURRENT, DEADLINE), layers::bounded))
                .layer(CatchPanicLayer::custom(|_| reply::failure(&Failure::Internal))),
        )
        .with_state(app)
}

/// What is where is known by `shared`, the same for origin and edge.
async fn answer(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    match endpoints::find(uri.path(), uri.query()) {
        // Who only collects has no clients.
        Ok(Place::Data(_) | Place::Snapshot) if !app.role.serves() => reply::failure(&Failure::NotFound),
        Ok(Place::Data(question)) => data::serve(&question, &app, &headers),
        Ok(Place::Snapshot) => data::serve(&Question::Whole(Endpoint::Snapshot), &app, &headers),
        Ok(Place::Health) => health::health(&app),
        Ok(Place::Live) => health::live(),
        Ok(Place::Ready) => health::ready(&app),
        Ok(Place::Metrics) => health::metrics(&app),
        Err(none) => reply::failure(&none.into()),
    }
}
