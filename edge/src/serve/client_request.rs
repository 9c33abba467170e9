//! What is read of a client's request: method, path, query, and six headers. Nothing else of it has
//! any effect.

use crate::request_id;
use js_sys::JsString;
use shared::endpoints::{self, NoPlace, Place};
use shared::headers::request_id::RequestId;
use std::cell::OnceCell;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Request;

#[wasm_bindgen]
extern "C" {
    /// A client's headers, read by names that are kept on the JavaScript side: copying a string
    /// across the WASM boundary costs more than everything else in a hit.
    type ClientHeaders;

    #[wasm_bindgen(method)]
    fn get(this: &ClientHeaders, name: &JsString) -> Option<String>;
}

/// A header that has an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    IfNoneMatch,
    IfMatch,
    Authorization,
    /// `Access-Control-Request-Headers` of a preflight.
    RequestedHeaders,
    RequestId,
    /// The client's address. The platform sets it and overwrites what a client may have sent.
    ConnectingIp,
}

thread_local! {
    static NAMES: [JsString; 6] = [
        "if-none-match",
        "if-match",
        "authorization",
        "access-control-request-headers",
        "x-request-id",
        "cf-connecting-ip",
    ]
    .map(JsString::from);
}

/// A header's value.
pub(super) fn header(request: &Request, header: Header) -> Option<String> {
    let headers = request.headers();
    let headers: &ClientHeaders = headers.unchecked_ref();
    NAMES.with(
        |[
            if_none_match,
            if_match,
            authorization,
            requested_headers,
            request_id,
            connecting_ip,
        ]| {
            // One crossing per header: the name is a handle, and only the value is copied.
            headers.get(match header {
                Header::IfNoneMatch => if_none_match,
                Header::IfMatch => if_match,
                Header::Authorization => authorization,
                Header::RequestedHeaders => requested_headers,
                Header::RequestId => request_id,
                Header::ConnectingIp => connecting_ip,
            })
        },
    )
}

/// A request, and its ID once that is needed: a hit needs none.
pub(super) struct ClientRequest {
    pub(super) request: Request,
    id: OnceCell<RequestId>,
}

impl ClientRequest {
    pub(super) fn new(request: Request) -> Self {
        Self {
            request,
            id: OnceCell::new(),
        }
    }

    /// The client's own ID for it, or a new one; the same each time.
    pub(super) fn id(&self) -> &RequestId {
        self.id.get_or_init(|| {
            request_id::take_or_make(header(&self.request, Header::RequestId).as_deref())
        })
    }
}

/// The route of an absolute URL.
pub(super) fn place(url: &str) -> Result<Place<'_>, NoPlace> {
    let (path, query) = path_and_query(url);
    endpoints::find(path, query)
}

/// The path and the query of an absolute URL, without the fragment. Sliced, not parsed: the runtime
/// has validated the URL, and a `URL` object would cost an allocation per request.
fn path_and_query(url: &str) -> (&str, Option<&str>) {
    let address = url.split('#').next().unwrap_or_default();
    let (address, query) = address
        .split_once('?')
        .map_or((address, None), |(address, query)| (address, Some(query)));
    // The query was cut off before: it may contain "://" and slashes.
    let after_scheme = address.split_once("://").map_or(address, |(_, rest)| rest);
    let path = after_scheme
        .find('/')
        .and_then(|start| after_scheme.get(start..))
        .unwrap_or("/");
    (path, query)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::endpoints::{CLIENT_ROUTES, HEALTH, LIVE, METRICS, Question, READY};

    #[track_caller]
    fn check(url: &str, path: &str, query: Option<&str>) {
        assert_eq!(path_and_query(url), (path, query), "of {url}");
    }

    #[test]
    fn a_path_is_what_stands_between_host_and_query() {
        check("https://a.example/mobile-data", "/mobile-data", None);
        check(
            "https://a.example/mobile-data?t=1&x=/other#f",
            "/mobile-data",
            Some("t=1&x=/other"),
        );
        check("https://a.example/a/b/", "/a/b/", None);
        check("https://a.example", "/", None);
        check("https://a.example?x=/y", "/", Some("x=/y"));
        check("https://a.example/#?limit=1", "/", None);
        check("", "/", None);
    }

    #[test]
    fn every_path_of_the_contract_is_served() {
        let at = |path: &str| {
            place(&format!("https://a.example{path}?t=1")).map(|place| format!("{place:?}"))
        };
        for (path, endpoint) in CLIENT_ROUTES {
            assert_eq!(
                at(path),
                Ok(format!("{:?}", Place::Data(Question::Whole(endpoint))))
            );
        }
        for path in HEALTH.into_iter().chain([LIVE, READY, METRICS]) {
            assert!(at(path).is_ok(), "{path}");
        }
        for path in ["/", "/mobile-data/", "/MOBILE-DATA", "/mobile"] {
            assert_eq!(at(path), Err(NoPlace::UnknownPath), "{path}");
        }
    }
}
