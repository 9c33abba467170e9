//! One GET to another server.
//!
//! Invariants: one deadline covers headers and body; no redirect is followed; no cache on the way
//! answers; no body grows past its limit; nothing of a client's request is passed on but its ID.

use crate::bindings::Service;
use crate::clock;
use js_sys::{Promise, Reflect, Uint8Array};
use shared::exchange::Detail;
use shared::headers::bearer::{self, Secret};
use shared::headers::request_id::RequestId;
use shared::units::UnixMs;
use std::future::Future;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, ReadableStreamDefaultReader, RequestCache, RequestInit,
    RequestRedirect, Response, WorkerGlobalScope,
};

/// Why there is no body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The deadline passed, before the headers or in the body.
    #[error("no complete answer within the deadline")]
    Timeout,
    /// No connection, or one that broke before the headers came.
    #[error("connection failed: {0}")]
    Connection(Detail),
    /// The body ended before its end.
    #[error("the body broke off: {0}")]
    Incomplete(Detail),
    /// A status other than 200; redirects are not followed.
    #[error("HTTP status {0}")]
    Status(u16),
    /// A body that is not JSON by its `Content-Type`.
    #[error("content type {0:?} in place of JSON")]
    ContentType(Detail),
    /// A body above the limit.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

impl FetchError {
    /// The outcome in one word.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Timeout => "timeout".to_owned(),
            Self::Connection(_) => "connection_failed".to_owned(),
            Self::Incomplete(_) => "incomplete_body".to_owned(),
            Self::Status(status) => format!("http_{status}"),
            Self::ContentType(_) => "content_type".to_owned(),
            Self::TooLarge { .. } => "too_large".to_owned(),
        }
    }

    /// The error type of RFC 9209 section 2.3, where one applies.
    #[must_use]
    pub const fn proxy_error(&self) -> Option<&'static str> {
        match self {
            Self::Timeout => Some("http_response_timeout"),
            Self::Connection(_) => Some("connection_terminated"),
            Self::Incomplete(_) => Some("http_response_incomplete"),
            Self::TooLarge { .. } => Some("http_response_body_size"),
            Self::Status(_) | Self::ContentType(_) => None,
        }
    }

    /// The HTTP status that came, where one did.
    #[must_use]
    pub const fn received_status(&self) -> Option<u16> {
        match self {
            Self::Timeout | Self::Connection(_) => None,
            Self::Status(status) => Some(*status),
            // These are found after a 200 only; other statuses are not read.
            Self::Incomplete(_) | Self::ContentType(_) | Self::TooLarge { .. } => Some(200),
        }
    }
}

/// A deadline over everything that is fetched with it, bodies included. Dropping it aborts what is
/// still under way.
///
/// The runtime's own `AbortSignal.timeout` would keep the request alive until its time is over,
/// however early the answer.
#[derive(Debug)]
pub struct Deadline {
    until: UnixMs,
    abort: Option<AbortController>,
}

impl Deadline {
    /// A deadline so many milliseconds from now.
    #[must_use]
    pub fn after(millis: u64) -> Self {
        // No runtime is known to refuse a controller. Without one calls still end by the timer, and
        // only their connections stay open for longer.
        Self {
            until: clock::now().plus_millis(millis),
            abort: AbortController::new().ok(),
        }
    }

    /// What is left of it, milliseconds.
    #[must_use]
    pub fn left_ms(&self) -> u64 {
        self.until.millis_since(clock::now())
    }

    /// Waits for `work` until the deadline.
    async fn hold<T>(
        &self,
        work: impl Future<Output = Result<T, FetchError>>,
    ) -> Result<T, FetchError> {
        clock::within(self.left_ms(), work)
            .await
            .unwrap_or(Err(FetchError::Timeout))
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }
}

/// An answer whose headers have come.
#[derive(Debug)]
pub struct Answer<'d> {
    response: Response,
    deadline: &'d Deadline,
}

/// The headers of a request beside those that every one has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Introduction<'i> {
    /// The ID of the client's request that caused this one. It is for our own servers: exchanges
    /// are not sent it.
    pub request_id: Option<&'i RequestId>,
    /// The bearer secret; for the origin alone.
    pub secret: Option<&'i Secret>,
}

/// Sends the request.
///
/// # Errors
/// [`FetchError::Timeout`] or [`FetchError::Connection`].
pub async fn get<'d>(
    url: &str,
    introduction: Introduction<'_>,
    deadline: &'d Deadline,
) -> Result<Answer<'d>, FetchError> {
    let network = |init: &RequestInit| {
        let global: WorkerGlobalScope = js_sys::global().unchecked_into();
        Ok(global.fetch_with_str_and_init(url, init))
    };
    send(network, introduction, deadline).await
}

/// Sends the request to another Worker.
///
/// # Errors
/// [`FetchError::Timeout`] or [`FetchError::Connection`].
pub async fn get_from<'d>(
    service: &Service,
    url: &str,
    request_id: Option<&RequestId>,
    deadline: &'d Deadline,
) -> Result<Answer<'d>, FetchError> {
    let introduction = Introduction {
        request_id,
        ..Introduction::default()
    };
    send(
        |init: &RequestInit| service.fetch(url, init),
        introduction,
        deadline,
    )
    .await
}

async fn send<'d>(
    carry: impl FnOnce(&RequestInit) -> Result<Promise, JsValue>,
    Introduction { request_id, secret }: Introduction<'_>,
    deadline: &'d Deadline,
) -> Result<Answer<'d>, FetchError> {
    let sent = async {
        let headers = Headers::new()?;
        headers.set("accept", shared::headers::JSON)?;
        headers.set("user-agent", "market-data-edge")?;
        if let Some(id) = request_id {
            headers.set(shared::headers::REQUEST_ID, id.as_str())?;
        }
        if let Some(secret) = secret {
            headers.set(bearer::AUTHORIZATION, &secret.authorization())?;
        }
        let init = RequestInit::new();
        init.set_headers(&headers);
        // A redirect is a failure: following it could send the secret to another server.
        init.set_redirect(RequestRedirect::Manual);
        // A Worker's own requests go through its zone's cache, which knows nothing of the age of
        // the data in it.
        init.set_cache(RequestCache::NoStore);
        init.set_signal(
            deadline
                .abort
                .as_ref()
                .map(AbortController::signal)
                .as_ref(),
        );
        JsFuture::from(carry(&init)?).await?.dyn_into::<Response>()
    };
    let sent = async {
        sent.await
            .map_err(|error: JsValue| thrown(&error, FetchError::Connection))
    };
    Ok(Answer {
        response: deadline.hold(sent).await?,
        deadline,
    })
}

impl Answer<'_> {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status()
    }

    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.response.headers().get(name).ok().flatten()
    }

    /// Refuses all but 200 with JSON.
    ///
    /// # Errors
    /// [`FetchError::Status`] or [`FetchError::ContentType`].
    pub fn expect_json(&self) -> Result<(), FetchError> {
        if self.status() != 200 {
            return Err(FetchError::Status(self.status()));
        }
        let content_type = self.header("content-type").unwrap_or_default();
        if is_json(&content_type) {
            Ok(())
        } else {
            Err(FetchError::ContentType(Detail::new(&content_type)))
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`FetchError::TooLarge`], [`FetchError::Timeout`] or [`FetchError::Incomplete`].
    pub async fn body(self, limit: usize) -> Result<Vec<u8>, FetchError> {
        let announced = self
            .header("content-length")
            .and_then(|length| length.parse::<usize>().ok());
        // The announced length of a compressed body says nothing about what it unpacks to.
        let is_plain = self
            .header("content-encoding")
            .is_none_or(|encoding| encoding == "identity");
        match announced {
            // Refused by the header, before a byte is read.
            Some(length) if length > limit => {
                self.discard();
                Err(FetchError::TooLarge { limit })
            }
            // One crossing of the WASM boundary instead of one per chunk.
            Some(_) if is_plain => self.deadline.hold(self.whole()).await,
            _ => match self.deadline.hold(self.up_to(limit)).await? {
                (body, true) => Ok(body),
                (_, false) => Err(FetchError::TooLarge { limit }),
            },
        }
    }

    /// The beginning of the body, `limit` bytes at most; empty when it does not come.
    pub async fn beginning(self, limit: usize) -> Vec<u8> {
        let mut body = self
            .deadline
            .hold(self.up_to(limit))
            .await
            .map(|(body, _)| body)
            .unwrap_or_default();
        body.truncate(limit);
        body
    }

    /// Cancels a body that is not read, which frees its connection.
    pub fn discard(self) {
        if let Some(stream) = self.response.body() {
            // Nobody waits for the cancellation.
            let _ = stream.cancel();
        }
    }

    async fn whole(&self) -> Result<Vec<u8>, FetchError> {
        let read = async { JsFuture::from(self.response.array_buffer()?).await };
        let buffer = read
            .await
            .map_err(|error| thrown(&error, FetchError::Incomplete))?;
        Ok(Uint8Array::new(&buffer).to_vec())
    }

    /// The body and whether that is all of it. Stops reading once there is more than `limit`.
    async fn up_to(&self, limit: usize) -> Result<(Vec<u8>, bool), FetchError> {
        self.chunks(limit)
            .await
            .map_err(|error| thrown(&error, FetchError::Incomplete))
    }

    async fn chunks(&self, limit: usize) -> Result<(Vec<u8>, bool), JsValue> {
        let mut body = Vec::new();
        let Some(stream) = self.response.body() else {
            return Ok((body, true));
        };
        let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
        loop {
            let step = JsFuture::from(reader.read()).await?;
            if Reflect::get(&step, &JsValue::from_str("done"))?.is_truthy() {
                return Ok((body, true));
            }
            let chunk: Uint8Array = Reflect::get(&step, &JsValue::from_str("value"))?.dyn_into()?;
            // Checked after each chunk: a compressed body can unpack to any size.
            body.extend_from_slice(&chunk.to_vec());
            if body.len() > limit {
                let _ = reader.cancel();
                return Ok((body, false));
            }
        }
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(shared::headers::JSON)
}

/// The error of this kind with the text of what the runtime threw.
fn thrown(error: &JsValue, kind: fn(Detail) -> FetchError) -> FetchError {
    let text = Reflect::get(error, &JsValue::from_str("message"))
        .ok()
        .and_then(|value| value.as_string());
    kind(Detail::new(&text.unwrap_or_else(|| format!("{error:?}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_recognised_by_its_media_type() {
        for good in [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON ;q=1",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "text/html",
            "application/jsonp",
            "application/problem+json",
            "text/plain; application/json",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }

    #[track_caller]
    fn check(error: &FetchError, label: &str, proxy_error: Option<&str>, status: Option<u16>) {
        assert_eq!(error.label(), label);
        assert_eq!(error.proxy_error(), proxy_error);
        assert_eq!(error.received_status(), status);
        assert!(shared::snapshot::is_reason(&format!(
            "origin_instruments_{label}"
        )));
    }

    #[test]
    fn every_failure_has_its_outcome_and_its_registered_error() {
        check(
            &FetchError::Timeout,
            "timeout",
            Some("http_response_timeout"),
            None,
        );
        check(
            &FetchError::Connection(Detail::new("x")),
            "connection_failed",
            Some("connection_terminated"),
            None,
        );
        check(
            &FetchError::Incomplete(Detail::new("x")),
            "incomplete_body",
            Some("http_response_incomplete"),
            Some(200),
        );
        check(&FetchError::Status(503), "http_503", None, Some(503));
        check(
            &FetchError::ContentType(Detail::new("text/html")),
            "content_type",
            None,
            Some(200),
        );
        check(
            &FetchError::TooLarge { limit: 9 },
            "too_large",
            Some("http_response_body_size"),
            Some(200),
        );
    }
}
