//! HTTP responses, built from the runtime's own types.
//!
//! Nothing here chooses a lifetime, a status or a body: those come from `shared`. What is added is
//! what differs from one response to the next: date, age, cache state.

pub mod health;

pub mod rendered;

pub mod rendered_cache;

pub mod answer_path;

use shared::headers;
use shared::problem::Failure;
use shared::units::UnixMs;
use wasm_bindgen::JsValue;
use web_sys::{Headers, Response, ResponseInit};

/// This holder's name in `Cache-Status` and `Proxy-Status`.
const EDGE: &str = "edge";

/// The preconditions of a request (RFC 9110 section 13), as its headers state them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// The ETags that the client holds.
    pub if_none_match: Option<String>,
    /// The ETags of which one must be the answer's.
    pub if_match: Option<String>,
}

/// Headers of one response, in addition to those of its body.
pub type Extra = Vec<(&'static str, String)>;

/// A failure as problem+json; its headers alone for a HEAD.
///
/// # Errors
/// What the runtime throws when it refuses a header; none can occur, for all of them are ours.
pub fn problem(
    failure: &Failure,
    head: bool,
    now: UnixMs,
    extra: &Extra,
) -> Result<Response, JsValue> {
    let headers = common(now)?;
    set_all(&headers, &failure.headers())?;
    set_all(&headers, extra)?;
    text(failure.status(), &failure.body(), &headers, head)
}

/// A body that is neither data nor a problem, such as the state of the service. No cache may keep
/// it.
///
/// # Errors
/// As [`problem`].
pub fn uncached(
    content_type: &str,
    body: &str,
    head: bool,
    now: UnixMs,
    extra: &Extra,
) -> Result<Response, JsValue> {
    let headers = common(now)?;
    headers.set("content-type", content_type)?;
    // A state that a cache kept would say that all is well through an outage.
    headers.set("cache-control", headers::NO_STORE)?;
    set_all(&headers, extra)?;
    text(200, body, &headers, head)
}

/// The answer to a preflight request.
///
/// # Errors
/// As [`problem`].
pub fn preflight(requested: Option<&str>, now: UnixMs) -> Result<Response, JsValue> {
    let headers = common(now)?;
    set_all(&headers, &headers::preflight(requested.map(str::as_bytes)))?;
    empty(204, &headers)
}

/// The headers of every response.
fn common(now: UnixMs) -> Result<Headers, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in headers::ALWAYS {
        headers.set(name, value)?;
    }
    headers.set("date", &now.http_date())?;
    Ok(headers)
}

fn set_all(headers: &Headers, all: &[(&'static str, String)]) -> Result<(), JsValue> {
    all.iter()
        .try_for_each(|(name, value)| headers.set(name, value))
}

fn text(status: u16, body: &str, headers: &Headers, head: bool) -> Result<Response, JsValue> {
    if head {
        // RFC 9110 section 9.3.2: a HEAD has the headers that the GET would have.
        headers.set("content-length", &body.len().to_string())?;
        return empty(status, headers);
    }
    Response::new_with_opt_str_and_init(Some(body), &init(status, headers))
}

/// A response without a body. An empty body is not the same: the runtime refuses it for 204 and
/// 304.
fn empty(status: u16, headers: &Headers) -> Result<Response, JsValue> {
    Response::new_with_opt_str_and_init(None, &init(status, headers))
}

fn init(status: u16, headers: &Headers) -> ResponseInit {
    let init = ResponseInit::new();
    init.set_status(status);
    init.set_headers(headers);
    init
}
