//! One GET to another server.
//!
//! Invariants: one deadline covers headers and body; no redirect is followed; no cache on the way
//! answers; no body grows past its limit; nothing of a client's request is passed on but its ID.

use super::deadline::Deadline;
use super::fetch_error::FetchError;
use crate::bindings::Service;
use js_sys::{Promise, Reflect, Uint8Array};
use shared::exchange::Detail;
use shared::headers::bearer::{self, Secret};
use shared::headers::request_id::RequestId;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Headers, ReadableStreamDefaultReader, RequestCache, RequestInit, RequestRedirect, Response,
    WorkerGlobalScope,
};

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
        init.set_signal(deadline.signal().as_ref());
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
}
