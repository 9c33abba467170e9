//! Every path on one screen.

use super::{App, data, health, layers, reply};
use axum::Router;
use axum::middleware;
use axum::routing::get;
use shared::endpoints::{
    BETA_CHART, CLIENT_ROUTES, Endpoint, HEALTH, LIVE, METRICS, READY, RECENT_ALERTS, SNAPSHOT, SymbolEndpoint,
};
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
    let router = if app.role.serves() { with_data(Router::new()) } else { Router::new() };
    let router = HEALTH.into_iter().fold(router, |router, path| router.route(path, get(health::health)));
    router
        .route(LIVE, get(health::live))
        .route(READY, get(health::ready))
        .route(METRICS, get(health::metrics))
        .fallback(async || reply::failure(&Failure::NotFound))
        .layer(
            ServiceBuilder::new()
                .layer(middleware::from_fn(layers::common_headers))
                .layer(middleware::from_fn_with_state(app.clone(), layers::say_goodbye))
                .layer(middleware::from_fn_with_state(app.clone(), layers::count))
                .layer(middleware::from_fn(layers::methods))
                .layer(middleware::from_fn_with_state(layers::Limit::new(MAX_CONCURRENT, DEADLINE), layers::bounded))
                .layer(CatchPanicLayer::custom(|_| reply::failure(&Failure::Internal))),
        )
        .with_state(app)
}

/// Adds what clients ask for.
fn with_data(router: Router<App>) -> Router<App> {
    let mut router = router;
    for (path, endpoint) in CLIENT_ROUTES.into_iter().chain([(SNAPSHOT, Endpoint::Snapshot)]) {
        router = router.route(path, get(move |state, headers| data::serve(endpoint, state, headers)));
    }
    for endpoint in SymbolEndpoint::ALL {
        let path = format!("{}{{symbol}}", endpoint.prefix());
        router = router
            .route(&path, get(move |state, symbol, headers| data::serve_symbol(endpoint, state, symbol, headers)));
    }
    router.route(RECENT_ALERTS, get(data::recent_alerts)).route(BETA_CHART, get(data::beta_chart))
}
