//! An answer before the faults get at it.

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::json;

pub(crate) const JSON: &str = "application/json; charset=utf-8";
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// What an endpoint answers.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(body: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: JSON,
            body: body.into(),
        }
    }

    /// An error of the simulator itself, as opposed to one of the services it speaks for.
    pub(crate) fn problem(status: StatusCode, detail: &str) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        let body = json!({"title": title, "status": status.as_u16(), "detail": detail});
        Self {
            status,
            content_type: PROBLEM_JSON,
            body: body.to_string().into(),
        }
    }

    /// The answer of a replay that has no recording of this endpoint.
    pub(crate) fn not_recorded(what: &str) -> Self {
        Self::problem(
            StatusCode::NOT_FOUND,
            &format!("the replayed folder holds no recording of {what}"),
        )
    }
}
