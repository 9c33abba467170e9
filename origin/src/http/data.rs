//! Data: the finished body of the current publication, in the class of its age at this moment.
//!
//! Bodies are made with the publication; a request chooses one, compresses it if it is the first to
//! ask for that coding, and adds the headers that depend on the moment. Invariant: one publication is taken once per request, so body and headers
//! belong together.

use super::app::App;
use super::reply;
use crate::publication::{Publication, Rendered};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use shared::endpoints::Question;
use shared::freshness::Limits;
use shared::headers;
use shared::headers::{Coding, age_secs, cache_status, fails_if_match, matches_etag, ttl_secs};
use shared::problem::{Failure, jittered_retry_after_secs};
use shared::projection;
use shared::units::UnixMs;

/// The origin's name in `Cache-Status` (RFC 9211).
const CACHE_NAME: &str = "snapshot";

/// Answers from memory.
pub(super) fn serve(question: &Question<'_>, app: &App, request: &HeaderMap) -> Response {
    let now = app.context.clock.now();
    let Some(publication) = app.context.current.get() else {
        return no_data(app, now);
    };
    let valid = publication.valid();
    // Too old to be served: the same answer as without data.
    let Some(class) = app.context.limits.classify(valid.get().as_of_ms, now) else {
        return no_data(app, now);
    };
    if let Question::Whole(endpoint) = question
        && projection::absence(valid, *endpoint, class, &app.context.limits).is_none()
    {
        return match publication.body(*endpoint, class) {
            Some(rendered) => found(&publication, rendered, request, &app.context.limits, now),
            None => reply::failure(&Failure::Internal),
        };
    }
    // Partial answers are made for each request: few clients ask for them, and each is a few
    // kilobytes.
    match projection::answer(valid, question, class, &app.context.limits) {
        Ok(Ok(body)) => {
            let headers = headers::of_body(valid, question, class, &app.context.limits);
            match Rendered::uncompressed(body, headers) {
                Ok(rendered) => found(&publication, &rendered, request, &app.context.limits, now),
                Err(error) => defect(&error),
            }
        }
        Ok(Err(absence)) => reply::failure(&Failure::absent(absence, now)),
        Err(error) => defect(&error),
    }
}

/// A body could not be made, which is a defect.
fn defect(error: &(dyn std::error::Error + 'static)) -> Response {
    tracing::error!(error, "a body could not be made");
    reply::failure(&Failure::Internal)
}

/// The problem document that says which source failed how.
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
    // `If-Match` comes before `If-None-Match` (RFC 9110, 13.2.2).
    if fails_if_match(reply::lines(request, header::IF_MATCH)) {
        return reply::failure(&Failure::PreconditionFailed);
    }
    let coding = rendered.available(Coding::negotiate(reply::lines(
        request,
        header::ACCEPT_ENCODING,
    )));
    // The tag of the coding that would be sent: the bytes differ.
    let etag = rendered.etag(coding);
    let unchanged = matches_etag(
        reply::lines(request, header::IF_NONE_MATCH),
        etag.to_str().unwrap_or_default(),
    );
    let mut response = if unchanged {
        reply::bodiless(StatusCode::NOT_MODIFIED)
    } else {
        match rendered.body(coding) {
            Some(body) => Response::new(Body::from(body)),
            None => return reply::failure(&Failure::Internal),
        }
    };
    let as_of = publication.valid().get().as_of_ms;
    let headers = response.headers_mut();
    // A 304 carries the same headers as the 200 would, so that the client's copy gets its new age.
    headers.clone_from(rendered.headers());
    headers.insert(header::ETAG, etag.clone());
    headers.insert(header::AGE, HeaderValue::from(age_secs(as_of, now)));
    let cache_status = cache_status::hit(CACHE_NAME, ttl_secs(as_of, now, limits));
    reply::insert(headers, [("cache-status", &*cache_status)].into_iter());
    if unchanged {
        headers.remove(header::CONTENT_TYPE);
    } else if let Some(name) = coding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    response
}
