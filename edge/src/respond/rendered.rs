//! A finished body with its headers, kept on the JavaScript side. A hit parses and serialises
//! nothing, and copies nothing through WebAssembly's memory: this is what makes a hit cheap.
//!
//! Invariant: body, ETag and fixed headers belong together and never change; only date, age and
//! cache state of the two hits are brought up to date in place.

use shared::endpoints::{Absence, Question};
use shared::freshness::{Freshness, Limits};
use shared::headers::cache_status;
use shared::headers::{self, age_secs, ttl_secs};
use shared::projection;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::cell::Cell;
use wasm_bindgen::JsValue;
use web_sys::{Headers, Response, ResponseInit};

use super::{EDGE, Extra, empty, init, set_all};
use js_sys::Uint8Array;

/// The body of one answer in one class.
#[derive(Debug)]
pub struct Rendered {
    body: Uint8Array,
    etag: Box<str>,
    as_of: UnixMs,
    /// The fixed headers, to be copied.
    headers: Headers,
    /// A hit with the body.
    full: Hit,
    /// A hit for a client that holds the body already: 304.
    unchanged: Hit,
}

impl Rendered {
    /// Projects the body, or says why the snapshot has none.
    ///
    /// # Errors
    /// What the runtime throws when it refuses a header; none can occur, for all of them are ours.
    pub fn of<'s>(
        valid: &'s ValidSnapshot,
        query: &Question<'_>,
        class: Freshness,
        limits: &Limits,
    ) -> Result<Result<Self, Absence<'s>>, JsValue> {
        let answer = projection::answer(valid, query, class, limits);
        let body = match answer.map_err(|error| JsValue::from_str(&error.to_string()))? {
            Ok(body) => body,
            Err(absence) => return Ok(Err(absence)),
        };
        // Three copies of one set: one to be copied, and one for each kind of hit to be updated.
        let template = Headers::new()?;
        for (name, value) in headers::ALWAYS {
            template.set(name, value)?;
        }
        set_all(&template, &headers::of_body(valid, query, class, limits))?;
        let without_body = Headers::new_with_headers(&template)?;
        // A 304 repeats the headers that a cache updates by; a type without a body is none of them.
        without_body.delete("content-type")?;
        Ok(Ok(Self {
            body: Uint8Array::from(body.as_slice()),
            etag: headers::etag(valid.get(), query, class).into(),
            as_of: valid.get().as_of_ms,
            full: Hit::new(200, Headers::new_with_headers(&template)?),
            unchanged: Hit::new(304, without_body),
            headers: template,
        }))
    }

    /// A hit, for a GET. The runtime copies the headers into the response, so the kept ones may
    /// change afterwards.
    ///
    /// # Errors
    /// As [`Rendered::of`].
    pub fn hit(
        &self,
        if_none_match: Option<&str>,
        now: UnixMs,
        limits: &Limits,
    ) -> Result<Response, JsValue> {
        if self.is_held_by(if_none_match) {
            return Response::new_with_opt_str_and_init(
                None,
                self.unchanged.at(self.as_of, now, limits)?,
            );
        }
        let init = self.full.at(self.as_of, now, limits)?;
        Response::new_with_opt_js_u8_array_and_init(Some(&self.body), init)
    }

    /// Any other answer: the body, its headers alone, or 304 when the client holds it already.
    ///
    /// # Errors
    /// As [`Rendered::of`].
    pub fn answer(
        &self,
        head: bool,
        if_none_match: Option<&str>,
        extra: &Extra,
    ) -> Result<Response, JsValue> {
        // A copy: the kept headers must stay as they are.
        let headers = Headers::new_with_headers(&self.headers)?;
        set_all(&headers, extra)?;
        if self.is_held_by(if_none_match) {
            headers.delete("content-type")?;
            return empty(304, &headers);
        }
        if head {
            // A client can learn the size from this. Without it the connection would be closed to
            // mark the end.
            headers.set("content-length", &self.body.byte_length().to_string())?;
            return empty(200, &headers);
        }
        Response::new_with_opt_js_u8_array_and_init(Some(&self.body), &init(200, &headers))
    }

    fn is_held_by(&self, if_none_match: Option<&str>) -> bool {
        headers::matches_etag(if_none_match.map(str::as_bytes), &self.etag)
    }
}

/// The headers and status of a hit. They change at most twice a second, when the clock's second and
/// when the age changes, so that most hits set no header at all.
#[derive(Debug)]
struct Hit {
    headers: Headers,
    init: ResponseInit,
    /// The clock's second and the age that the headers state.
    stated: Cell<Option<(u64, u64)>>,
}

impl Hit {
    fn new(status: u16, headers: Headers) -> Self {
        Self {
            init: init(status, &headers),
            headers,
            stated: Cell::new(None),
        }
    }

    fn at(&self, as_of: UnixMs, now: UnixMs, limits: &Limits) -> Result<&ResponseInit, JsValue> {
        // The age can change between two seconds of the clock, for the data has milliseconds.
        let moment = (now.as_secs(), age_secs(as_of, now));
        if self.stated.get() != Some(moment) {
            self.headers.set("date", &now.http_date())?;
            self.headers.set("age", &moment.1.to_string())?;
            self.headers.set(
                cache_status::NAME,
                &cache_status::hit(EDGE, ttl_secs(as_of, now, limits)),
            )?;
            self.stated.set(Some(moment));
        }
        Ok(&self.init)
    }
}
