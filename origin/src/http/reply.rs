//! Answers that are no data.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::headers::{JSON, NO_STORE};
use shared::problem::Failure;

/// A problem.
pub(super) fn failure(failure: &Failure) -> Response {
    let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, failure.body()).into_response();
    insert(response.headers_mut(), failure.headers().iter().map(|(name, value)| (*name, value.as_str())));
    response
}

/// A JSON body that no cache may keep.
pub(super) fn uncached_json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => text(JSON, body),
        Err(error) => {
            tracing::error!(%error, "an answer could not be encoded");
            failure(&Failure::Internal)
        }
    }
}

/// A body of any type that no cache may keep.
pub(super) fn text(content_type: &'static str, body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, NO_STORE)], body.into()).into_response()
}

/// Sets headers whose values are ours; one that is no header value is left out and logged.
pub(super) fn insert<'h>(headers: &mut HeaderMap, pairs: impl Iterator<Item = (&'static str, &'h str)>) {
    for (name, value) in pairs {
        match HeaderValue::from_str(value) {
            Ok(value) => {
                headers.insert(HeaderName::from_static(name), value);
            }
            Err(error) => tracing::error!(name, %error, "a header could not be set"),
        }
    }
}
