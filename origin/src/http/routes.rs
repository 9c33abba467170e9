//! Every route on one screen. Paths, methods and preconditions are decided by `shared`, the same
//! for origin and edge.

use super::app::App;
use super::{data, health, reply};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use shared::endpoints::{self, Asked, Endpoint, NoPlace, Place, Question};
use shared::problem::{Failure, Realm};

/// The answer to a request with a sound head. `has_data` is whether this listener serves data, or
/// only the state of the process.
pub(super) fn answer(app: &App, request: &Parts, has_data: bool) -> Response {
    let found = match endpoints::find(request.uri.path(), request.uri.query()) {
        // A process that only collects has no clients, and operators need no data.
        Ok(Place::Data(_) | Place::Snapshot) if !has_data => Err(NoPlace::UnknownPath),
        found => found,
    };
    match endpoints::asked(request.method.as_str(), found) {
        Ok(Asked::Options) => reply::preflight(&request.headers),
        Ok(Asked::Read { place, .. }) => read(place, app, &request.headers),
        Err(none) => reply::failure(&none.into()),
    }
}

/// The answer to GET. The HTTP library answers HEAD with the same, without the body.
fn read(place: Place<'_>, app: &App, headers: &HeaderMap) -> Response {
    // Before anything is computed for the answer.
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

/// Whether this request may read the place. Data is public. Health is public too: a probe that
/// needed a secret would take an origin out of service when its secret changes.
fn is_open(place: &Place<'_>, app: &App, headers: &HeaderMap) -> bool {
    match (place, &app.secrets) {
        (Place::Snapshot | Place::Metrics, Some(secrets)) => {
            secrets.admit(reply::lines(headers, header::AUTHORIZATION))
        }
        (Place::Snapshot | Place::Metrics, None) => true,
        (Place::Data(_) | Place::Health | Place::Live | Place::Ready, _) => true,
    }
}
