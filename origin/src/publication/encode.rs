//! A body in every coding that clients accept, compressed once: in advance where it is asked for
//! often, else by the first request.
//!
//! Invariant: each coding has its own ETag, because the bytes differ. Bytes and headers are shared
//! by reference count, so an answer copies neither.

use super::demand::{Asked, Demand};
use axum::http::header::InvalidHeaderValue;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use shared::endpoints::{Endpoint, Question};
use shared::freshness::{Freshness, Limits};
use shared::headers::Coding;
use shared::validate::ValidSnapshot;
use shared::{headers, projection};
use std::io::Write;
use std::sync::{Arc, OnceLock};

/// Brotli's level. Level 5 is hardly smaller and takes twice the time, level 9 thirty times.
const BROTLI_QUALITY: u32 = 4;

/// Brotli's window, 2^22 bytes: its default.
const BROTLI_WINDOW: u32 = 22;

const BROTLI_BUFFER_BYTES: usize = 4_096;

/// A finished body with the headers that belong to it.
#[derive(Debug)]
pub struct Rendered {
    identity: Bytes,
    /// For bodies that are served often enough to be worth it.
    compressed: Option<Compressed>,
    headers: HeaderMap,
    etags: Etags,
}

/// The compressed forms of a body, each made once.
#[derive(Debug)]
struct Compressed {
    gzip: OnceLock<Option<Bytes>>,
    brotli: OnceLock<Option<Bytes>>,
    asked: Arc<Asked>,
}

impl Compressed {
    /// Makes in advance what was asked for lately.
    fn new(identity: &[u8], asked: Arc<Asked>) -> Self {
        let compressed = Self {
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
            asked,
        };
        if compressed.asked.gzip.take() {
            compressed.gzip(identity);
        }
        if compressed.asked.brotli.take() {
            compressed.brotli(identity);
        }
        compressed
    }

    fn gzip(&self, identity: &[u8]) -> Option<Bytes> {
        // Single flight: requests that come while it is made wait for it.
        self.gzip
            .get_or_init(|| made("gzip", gzip(identity)))
            .clone()
    }

    fn brotli(&self, identity: &[u8]) -> Option<Bytes> {
        self.brotli
            .get_or_init(|| made("brotli", brotli(identity)))
            .clone()
    }
}

impl Rendered {
    /// Projects, and compresses what is asked for; `None` if it fails, which is a defect.
    pub(super) fn new(
        valid: &ValidSnapshot,
        endpoint: Endpoint,
        class: Freshness,
        limits: &Limits,
        demand: &Demand,
    ) -> Option<Self> {
        let made = projection::body(valid, endpoint, class, limits)
            .map_err(std::io::Error::from)
            .and_then(|identity| {
                // Compressed once per publication; compressing per request would cost more than
                // everything else in it.
                let compressed = Some(Compressed::new(&identity, demand.of(endpoint)));
                let headers = headers::of_body(valid, &Question::Whole(endpoint), class, limits);
                let (headers, etags) = ready(headers).map_err(std::io::Error::other)?;
                Ok(Self {
                    identity: identity.into(),
                    compressed,
                    headers,
                    etags,
                })
            });
        made.inspect_err(
            |error| tracing::error!(endpoint = endpoint.name(), %error, "a body could not be made"),
        )
        .ok()
    }

    /// An uncompressed body, for answers that few clients request.
    ///
    /// # Errors
    /// When a value cannot be that of a header.
    pub fn uncompressed(
        body: Vec<u8>,
        headers: Vec<(&'static str, String)>,
    ) -> Result<Self, InvalidHeaderValue> {
        let (headers, etags) = ready(headers)?;
        Ok(Self {
            identity: body.into(),
            compressed: None,
            headers,
            etags,
        })
    }

    /// The coding for a client that prefers `wanted`.
    #[must_use]
    pub fn available(&self, wanted: Coding) -> Coding {
        if self.compressed.is_some() {
            wanted
        } else {
            Coding::Identity
        }
    }

    /// The body in a coding; uncompressed where there is no other. `None` only if it could not be
    /// compressed, which is a defect.
    #[must_use]
    pub fn body(&self, coding: Coding) -> Option<Bytes> {
        match (coding, &self.compressed) {
            (Coding::Gzip, Some(compressed)) => {
                compressed.asked.gzip.renew();
                compressed.gzip(&self.identity)
            }
            (Coding::Brotli, Some(compressed)) => {
                compressed.asked.brotli.renew();
                compressed.brotli(&self.identity)
            }
            _ => Some(self.identity.clone()),
        }
    }

    /// The headers that do not change while the body does not, without the ETag.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The ETag of a coding. Each has its own, for the bytes differ.
    #[must_use]
    pub fn etag(&self, coding: Coding) -> &HeaderValue {
        match coding {
            Coding::Identity => &self.etags.identity,
            Coding::Gzip => &self.etags.gzip,
            Coding::Brotli => &self.etags.brotli,
        }
    }
}

#[derive(Debug)]
struct Etags {
    identity: HeaderValue,
    gzip: HeaderValue,
    brotli: HeaderValue,
}

/// The headers as they are sent, made once. The ETag is kept apart, because it depends on the
/// coding.
fn ready(headers: Vec<(&'static str, String)>) -> Result<(HeaderMap, Etags), InvalidHeaderValue> {
    let (mut map, mut etag) = (HeaderMap::new(), String::new());
    for (name, value) in headers {
        if name == "etag" {
            etag = value;
        } else {
            map.insert(HeaderName::from_static(name), HeaderValue::try_from(value)?);
        }
    }
    let of = |coding: Coding| match coding.name() {
        None => HeaderValue::from_str(&etag),
        // The suffix goes inside the quotes: `"abc-gzip"`.
        Some(name) => HeaderValue::try_from(format!("{}-{name}\"", etag.trim_end_matches('"'))),
    };
    let etags = Etags {
        identity: of(Coding::Identity)?,
        gzip: of(Coding::Gzip)?,
        brotli: of(Coding::Brotli)?,
    };
    Ok((map, etags))
}

/// Writing to memory does not fail, so an error is a defect.
fn made(coding: &str, compressed: std::io::Result<Vec<u8>>) -> Option<Bytes> {
    compressed
        .inspect_err(|error| tracing::error!(coding, %error, "a body could not be compressed"))
        .ok()
        .map(Bytes::from)
}

fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body)?;
    encoder.finish()
}

fn brotli(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = brotli::CompressorWriter::new(
        Vec::new(),
        BROTLI_BUFFER_BYTES,
        BROTLI_QUALITY,
        BROTLI_WINDOW,
    );
    encoder.write_all(body)?;
    // `into_inner` finishes the stream; the flush reports an error that it would swallow.
    encoder.flush()?;
    Ok(encoder.into_inner())
}
