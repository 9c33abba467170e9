//! Decision → HTTP response, built from the runtime's own types.
//!
//! Nothing here chooses a lifetime, a status or a body: those come from `shared`. What is added is
//! what differs from one response to the next.

pub mod health;
pub mod rendered;

pub mod rendered_cache;
pub mod route;

use shared::headers;
use shared::problem::Failure;
use shared::units::UnixMs;
use wasm_bindgen::JsValue;
use web_sys::{Headers, Response, ResponseInit};

/// This holder's name in `Cache-Status` and `Proxy-Status`.
const EDGE: &str = "edge";

/// What a request says that an answer depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Headers only.
    pub head: bool,
    /// The ETags that the client holds.
    pub if_none_match: Option<String>,
    /// The ETags of which one must be the answer's.
    pub if_match: Option<String>,
}

impl Wish {
    /// The wish of a request of which only this counts.
    #[must_use]
    pub fn of_head(head: bool) -> Self {
        Self {
            head,
            ..Self::default()
        }
    }
}

/// Headers of one response, in addition to those of its body.
pub type Extra = Vec<(&'static str, String)>;

/// A failure, as a problem.
///
/// # Errors
/// What the runtime throws when it refuses a header; none can occur, for all of them are ours.
pub fn problem(
    failure: &Failure,
    wish: &Wish,
    now: UnixMs,
    extra: &Extra,
) -> Result<Response, JsValue> {
    let headers = common(now)?;
    set_all(&headers, &failure.headers())?;
    set_all(&headers, extra)?;
    text(failure.status(), &failure.body(), &headers, wish)
}

/// What is no data and no problem, such as the state of the service: never kept by any cache.
///
/// # Errors
/// As [`problem`].
pub fn uncached(
    content_type: &str,
    body: &str,
    wish: &Wish,
    now: UnixMs,
    extra: &Extra,
) -> Result<Response, JsValue> {
    let headers = common(now)?;
    headers.set("content-type", content_type)?;
    headers.set("cache-control", headers::NO_STORE)?;
    set_all(&headers, extra)?;
    text(200, body, &headers, wish)
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

/// The headers of every answer.
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

fn text(status: u16, body: &str, headers: &Headers, wish: &Wish) -> Result<Response, JsValue> {
    if wish.head {
        headers.set("content-length", &body.len().to_string())?;
        return empty(status, headers);
    }
    Response::new_with_opt_str_and_init(Some(body), &init(status, headers))
}

/// Without a body at all: an empty one is not the same, and is refused for 204 and 304.
fn empty(status: u16, headers: &Headers) -> Result<Response, JsValue> {
    Response::new_with_opt_str_and_init(None, &init(status, headers))
}

fn init(status: u16, headers: &Headers) -> ResponseInit {
    let init = ResponseInit::new();
    init.set_status(status);
    init.set_headers(headers);
    init
}
