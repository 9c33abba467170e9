//! A body in every coding that clients ask for, compressed once.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use shared::endpoints::{Endpoint, Question};
use shared::freshness::{Freshness, Limits};
use shared::headers::Coding;
use shared::validate::ValidSnapshot;
use shared::{headers, projection};
use std::io::Write;

/// Brotli's level: level 5 is hardly smaller and twice as slow, level 9 thirty times as slow.
const BROTLI_QUALITY: u32 = 4;

/// Brotli's window, 2^22 bytes: its default.
const BROTLI_WINDOW: u32 = 22;

const BROTLI_BUFFER_BYTES: usize = 4_096;

/// A finished body with the headers that belong to it.
#[derive(Debug)]
pub struct Rendered {
    identity: Bytes,
    /// gzip and Brotli, for bodies that are served often enough to be worth it.
    compressed: Option<(Bytes, Bytes)>,
    headers: Vec<(&'static str, String)>,
}

impl Rendered {
    /// Projects and compresses; nothing if either fails, which is a defect of ours.
    pub(super) fn new(
        valid: &ValidSnapshot,
        endpoint: Endpoint,
        class: Freshness,
        limits: &Limits,
    ) -> Option<Self> {
        let made = projection::body(valid, endpoint, class, limits)
            .map_err(std::io::Error::from)
            .and_then(|identity| {
                let compressed = Some((gzip(&identity)?.into(), brotli(&identity)?.into()));
                Ok(Self {
                    identity: identity.into(),
                    compressed,
                    headers: headers::of_body(valid, &Question::Whole(endpoint), class, limits),
                })
            });
        made.inspect_err(
            |error| tracing::error!(endpoint = endpoint.name(), %error, "a body could not be made"),
        )
        .ok()
    }

    /// A body that few ask for, uncompressed.
    #[must_use]
    pub fn uncompressed(body: Vec<u8>, headers: Vec<(&'static str, String)>) -> Self {
        Self {
            identity: body.into(),
            compressed: None,
            headers,
        }
    }

    /// The coding in which the body is sent to a client that would take `wanted`.
    #[must_use]
    pub fn available(&self, wanted: Coding) -> Coding {
        if self.compressed.is_some() {
            wanted
        } else {
            Coding::Identity
        }
    }

    /// The body in a coding; uncompressed where there is no other.
    #[must_use]
    pub fn body(&self, coding: Coding) -> Bytes {
        match (coding, &self.compressed) {
            (Coding::Gzip, Some((gzip, _))) => gzip.clone(),
            (Coding::Brotli, Some((_, brotli))) => brotli.clone(),
            _ => self.identity.clone(),
        }
    }

    /// The headers that do not change while the body does not, without the ETag.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.headers
            .iter()
            .filter(|(name, _)| *name != "etag")
            .map(|(name, value)| (*name, value.as_str()))
    }

    /// The ETag of a coding. Each has its own, for the bytes differ.
    #[must_use]
    pub fn etag(&self, coding: Coding) -> String {
        let etag = self
            .headers
            .iter()
            .find(|(name, _)| *name == "etag")
            .map_or("", |(_, value)| value);
        match coding.name() {
            None => etag.to_owned(),
            Some(name) => format!("{}-{name}\"", etag.trim_end_matches('"')),
        }
    }
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
    encoder.flush()?;
    Ok(encoder.into_inner())
}
