//! What is read of a client's request: method, path, query, and few headers. Nothing else is looked
//! at.

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
    /// A client's headers, asked for by names that lie ready on the JavaScript side: a text that
    /// crosses the boundary costs more than all else that a hit does.
    type ClientHeaders;

    #[wasm_bindgen(method)]
    fn get(this: &ClientHeaders, name: &JsString) -> Option<String>;
}

/// A header that means something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    IfNoneMatch,
    IfMatch,
    Authorization,
    /// What a browser's preflight asks for.
    RequestedHeaders,
    RequestId,
    /// The client's address, set by the platform, which overwrites what a client may have sent.
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

/// A request, and its name once that is asked for: a hit needs none.
pub(super) struct Named {
    pub(super) request: Request,
    id: OnceCell<RequestId>,
}

impl Named {
    pub(super) fn new(request: Request) -> Self {
        Self {
            request,
            id: OnceCell::new(),
        }
    }

    /// The client's own name for it, or a new one; the same each time.
    pub(super) fn id(&self) -> &RequestId {
        self.id.get_or_init(|| {
            request_id::take_or_make(header(&self.request, Header::RequestId).as_deref())
        })
    }
}

/// What an absolute URL asks for.
pub(super) fn place(url: &str) -> Result<Place<'_>, NoPlace> {
    let (path, query) = path_and_query(url);
    endpoints::find(path, query)
}

/// The path and the query of an absolute URL, without the fragment.
fn path_and_query(url: &str) -> (&str, Option<&str>) {
    let address = url.split('#').next().unwrap_or_default();
    let (address, query) = address
        .split_once('?')
        .map_or((address, None), |(address, query)| (address, Some(query)));
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
