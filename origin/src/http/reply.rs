//! Answers that are not data, and the helpers that all answers are made with.

use axum::body::Body;
use axum::http::header::AsHeaderName;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use shared::headers::{self, JSON, NO_STORE};
use shared::problem::Failure;
use std::convert::Infallible;
use std::sync::LazyLock;

/// A problem document (RFC 9457).
pub(super) fn failure(failure: &Failure) -> Response {
    let status =
        StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, failure.body()).into_response();
    insert(
        response.headers_mut(),
        failure
            .headers()
            .iter()
            .map(|(name, value)| (*name, value.as_str())),
    );
    response
}

/// The answer to a preflight request.
pub(super) fn preflight(request: &HeaderMap) -> Response {
    // Decided in `shared`, so that origin and edge allow the same.
    let answer = headers::preflight(lines(request, header::ACCESS_CONTROL_REQUEST_HEADERS));
    let mut response = bodiless(StatusCode::NO_CONTENT);
    insert(
        response.headers_mut(),
        answer.iter().map(|(name, value)| (*name, value.as_str())),
    );
    response
}

/// An answer whose status has no body. The stream hides its length of zero: the router would write
/// it as `Content-Length` into a 304, where that header means the length of the client's copy.
pub(super) fn bodiless(status: StatusCode) -> Response {
    let nothing = Body::from_stream(stream::empty::<Result<Bytes, Infallible>>());
    let mut response = Response::new(nothing);
    *response.status_mut() = status;
    response
}

/// The lines of a header, as they came.
pub(super) fn lines(request: &HeaderMap, name: impl AsHeaderName) -> impl Iterator<Item = &[u8]> {
    request.get_all(name).into_iter().map(HeaderValue::as_bytes)
}

/// A JSON body that no cache may store.
pub(super) fn uncached_json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => text(JSON, body),
        Err(error) => {
            tracing::error!(%error, "an answer could not be encoded");
            failure(&Failure::Internal)
        }
    }
}

/// A body of any type that no cache may store.
pub(super) fn text(content_type: &'static str, body: impl Into<Body>) -> Response {
    (
        [
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, NO_STORE),
        ],
        body.into(),
    )
        .into_response()
}

/// The headers that belong on every answer.
static ALWAYS: LazyLock<Vec<(HeaderName, HeaderValue)>> = LazyLock::new(|| {
    let header = |(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    headers::ALWAYS.into_iter().map(header).collect()
});

/// Adds the headers of every answer.
pub(super) fn complete(headers: &mut HeaderMap) {
    headers.extend(ALWAYS.iter().cloned());
}

/// Sets headers whose values are made here. A value that is not allowed in a header is left out and
/// logged, because an answer without it is better than none.
pub(super) fn insert<'h>(
    headers: &mut HeaderMap,
    pairs: impl Iterator<Item = (&'static str, &'h str)>,
) {
    for (name, value) in pairs {
        match HeaderValue::from_str(value) {
            Ok(value) => {
                headers.insert(HeaderName::from_static(name), value);
            }
            Err(error) => tracing::error!(name, %error, "a header could not be set"),
        }
    }
}
