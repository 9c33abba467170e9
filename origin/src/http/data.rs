//! Data: the finished body of the current publication, in the class of its age at this moment.

use super::{App, reply};
use crate::clock;
use crate::publication::{Coding, Publication, Rendered};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::endpoints::{Endpoint, SymbolEndpoint};
use shared::freshness::Limits;
use shared::headers::{age_secs, cache_status, matches_etag, ttl_secs};
use shared::problem::{Failure, SourceOutcome, jittered_retry_after_secs};
use shared::projection;
use shared::units::UnixMs;

/// The name under which the origin stands in `Cache-Status`.
const CACHE_NAME: &str = "snapshot";

/// Answers from memory.
pub(super) async fn serve(endpoint: Endpoint, State(app): State<App>, request: HeaderMap) -> Response {
    let now = clock::now();
    let Some(publication) = app.context.current.get() else { return no_data(&app, now) };
    let Some(class) = app.context.limits.classify(publication.valid().get().as_of_ms, now) else {
        return no_data(&app, now);
    };
    if let Some(reason) = projection::absence(publication.valid(), endpoint) {
        return not_analysed(reason, now);
    }
    match publication.body(endpoint, class) {
        Some(rendered) => found(&publication, rendered, &request, &app.context.limits, now),
        None => reply::failure(&Failure::Internal),
    }
}

/// Answers about one contract. Made anew for each request: few ask, and each is a few kilobytes.
pub(super) async fn serve_symbol(
    endpoint: SymbolEndpoint,
    State(app): State<App>,
    symbol: Result<Path<String>, PathRejection>,
    request: HeaderMap,
) -> Response {
    let now = clock::now();
    let Ok(Path(symbol)) = symbol else { return reply::failure(&Failure::NotFound) };
    let Some(publication) = app.context.current.get() else { return no_data(&app, now) };
    let Some(class) = app.context.limits.classify(publication.valid().get().as_of_ms, now) else {
        return no_data(&app, now);
    };
    match Rendered::of_symbol(publication.valid(), endpoint, &symbol, class) {
        Ok(Some(rendered)) => found(&publication, &rendered, &request, &app.context.limits, now),
        Ok(None) => reply::failure(&Failure::NotFound),
        Err(error) => {
            tracing::error!(endpoint = endpoint.name(), symbol, %error, "a body could not be made");
            reply::failure(&Failure::Internal)
        }
    }
}

/// The snapshot is valid and has nothing to say here yet.
fn not_analysed(reason: &str, now: UnixMs) -> Response {
    reply::failure(&Failure::NoValidData {
        sources: vec![SourceOutcome { name: "analysis", outcome: reason.to_owned(), as_of_ms: None }],
        retry_after_secs: jittered_retry_after_secs(now),
    })
}

/// The problem that says which source failed how.
pub(super) fn no_data(app: &App, now: UnixMs) -> Response {
    reply::failure(&Failure::NoValidData {
        sources: app.context.board.all(),
        retry_after_secs: jittered_retry_after_secs(now),
    })
}

fn found(
    publication: &Publication,
    rendered: &Rendered,
    request: &HeaderMap,
    limits: &Limits,
    now: UnixMs,
) -> Response {
    let accepted = request.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let coding = rendered.available(Coding::negotiate(accepted));
    let etag = rendered.etag(coding);
    let known = request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| matches_etag(known, &etag));
    let mut response =
        if unchanged { StatusCode::NOT_MODIFIED.into_response() } else { rendered.body(coding).into_response() };
    let as_of = publication.valid().get().as_of_ms;
    let headers = response.headers_mut();
    reply::insert(headers, rendered.headers());
    reply::insert(
        headers,
        [
            ("etag", etag.as_str()),
            ("age", &age_secs(as_of, now).to_string()),
            ("cache-status", &cache_status::hit(CACHE_NAME, ttl_secs(as_of, now, limits))),
            ("vary", "Accept-Encoding"),
        ]
        .into_iter(),
    );
    if unchanged {
        headers.remove(header::CONTENT_TYPE);
    } else if let Some(name) = coding.name() {
        reply::insert(headers, [("content-encoding", name)].into_iter());
    }
    response
}
