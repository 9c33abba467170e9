//! Every path on one screen.

use super::app::App;
use super::{data, health, layers, named, reply};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware;
use axum::response::Response;
use shared::endpoints::{self, Asked, Endpoint, NoPlace, Place, Question};
use shared::problem::{Failure, Realm};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

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
    Router::new()
        .fallback(move |state, method, uri, headers| answer(state, method, uri, headers, has_data))
        .layer(
            ServiceBuilder::new()
                .layer(middleware::from_fn(layers::common_headers))
                .layer(middleware::from_fn_with_state(
                    named::Journal::new(app.context.clock.clone()),
                    named::named,
                ))
                .layer(middleware::from_fn_with_state(
                    app.clone(),
                    layers::say_goodbye,
                ))
                .layer(middleware::from_fn_with_state(app.clone(), layers::count))
                .layer(middleware::from_fn(layers::addressed))
                .layer(CatchPanicLayer::custom(|_| {
                    reply::failure(&Failure::Internal)
                })),
        )
        .with_state(app)
}

/// What is where is known by `shared`, the same for origin and edge.
async fn answer(
    State(app): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    has_data: bool,
) -> Response {
    let found = match endpoints::find(uri.path(), uri.query()) {
        // Who only collects has no clients, and operators ask for none of it.
        Ok(Place::Data(_) | Place::Snapshot) if !has_data => Err(NoPlace::UnknownPath),
        found => found,
    };
    match endpoints::asked(method.as_str(), found) {
        Ok(Asked::Options) => reply::preflight(&headers),
        Ok(Asked::Read { place, .. }) => read(place, &app, &headers),
        Err(none) => reply::failure(&none.into()),
    }
}

/// The answer to GET; to HEAD the library sends the same without its body.
fn read(place: Place<'_>, app: &App, headers: &HeaderMap) -> Response {
    if !is_open(&place, app, headers) {
        return reply::failure(&Failure::Unauthorized {
            realm: Realm::Origin,
        });
    }
    match place {
        Place::Data(question) => data::serve(&question, app, headers),
        Place::Snapshot => data::serve(&Question::Whole(Endpoint::Snapshot), app, headers),
        Place::Health => health::health(app),
        Place::Live => health::live(),
        Place::Ready => health::ready(app),
        Place::Metrics => health::metrics(app, headers),
    }
}

/// Whether this request may read what is there. Data is for everybody, and health for whoever
/// decides where clients are sent: a probe that needed a secret would take an origin away when its
/// secret changes.
fn is_open(place: &Place<'_>, app: &App, headers: &HeaderMap) -> bool {
    match (place, &app.secrets) {
        (Place::Snapshot | Place::Metrics, Some(secrets)) => {
            secrets.admit(reply::lines(headers, header::AUTHORIZATION))
        }
        (Place::Snapshot | Place::Metrics, None) => true,
        (Place::Data(_) | Place::Health | Place::Live | Place::Ready, _) => true,
    }
}
