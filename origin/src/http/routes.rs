//! Every path on one screen.

use super::app::App;
use super::{data, health, reply};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use shared::endpoints::{self, Asked, Endpoint, NoPlace, Place, Question};
use shared::problem::{Failure, Realm};

/// The answer to a request whose head is sound. `has_data` is whether this listener serves data, or
/// only the process's own state.
///
/// What is where is known by `shared`, the same for origin and edge.
pub(super) fn answer(app: &App, request: &Parts, has_data: bool) -> Response {
    let found = match endpoints::find(request.uri.path(), request.uri.query()) {
        // Who only collects has no clients, and operators ask for none of it.
        Ok(Place::Data(_) | Place::Snapshot) if !has_data => Err(NoPlace::UnknownPath),
        found => found,
    };
    match endpoints::asked(request.method.as_str(), found) {
        Ok(Asked::Options) => reply::preflight(&request.headers),
        Ok(Asked::Read { place, .. }) => read(place, app, &request.headers),
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
