//! Upstreams: a path → bytes with the time they arrived, or an error with a name.
//!
//! Order for a request: choose the host → send → the answer's date is evidence for the clock →
//! status → body within a limit → rate limits that come with status 200. One attempt; retry and
//! backoff are the caller's.
//!
//! Invariants: every wait is bounded. Redirects are not followed, so no answer comes from a host
//! that was not configured. An error never contains a URL, which may hold a key.

mod backoff;
mod error;
mod hosts;

use crate::clock::Clock;
use crate::config::{ApiKey, BaseUrl};
use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderName;
use reqwest::{Client, ClientBuilder, Method, Request, Response, StatusCode, Url, header};
use shared::exchange::{ParseError, bybit, sent_time};
use shared::headers::MARKET_DATA;
use shared::provenance::{Source, Venue};
use shared::units::UnixMs;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio::time::Instant;
use tower::ServiceBuilder;
use tower::util::{BoxCloneSyncService, ServiceExt};

pub use backoff::{Pauses, pause};
pub use error::{FaultClass, FetchError, UpstreamError};
use hosts::{Host, Hosts};

/// The longest body that is read, bytes: ten times the largest answer in use.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// How much of a refusal's body is read to tell its kind, bytes.
const REFUSAL_BYTES: usize = 4 * 1024;

/// Bybit's header with the moment at which a rate limit resets, Unix ms:
/// <https://bybit-exchange.github.io/docs/v5/rate-limit>.
const LIMIT_RESET: &str = "x-bapi-limit-reset-timestamp";

/// No rate limit of Bybit lasts longer: its windows are one and five seconds. A moment further
/// ahead comes from a wrong clock.
const LONGEST_LIMIT: Duration = Duration::from_secs(10);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest time without a byte, before an answer and within it.
pub const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// HTTP/2 keep-alive: the time without traffic after which the peer is pinged, and how long its
/// answer may take. All requests to a host share one connection. When the peer vanishes without
/// closing it, every request would run into its timeout until the operating system gives up, half a
/// minute later.
const SIGN_OF_LIFE_AFTER: Duration = Duration::from_secs(3);
const SIGN_OF_LIFE_WITHIN: Duration = Duration::from_secs(2);

/// What carries requests to upstreams: an HTTP client, or a test's replacement.
pub type Transport = BoxCloneSyncService<Request, Response, FetchError>;

/// The HTTP client that all upstreams share.
///
/// # Errors
/// When TLS cannot be set up, as on a machine without root certificates.
pub fn client() -> Result<Transport, reqwest::Error> {
    Ok(transport(settings().build()?))
}

/// The settings of the client.
fn settings() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("market-data-origin/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        // Idle connections are closed here rather than found closed by the peer when a request is
        // sent.
        .pool_idle_timeout(Duration::from_secs(30))
        .http2_keep_alive_interval(SIGN_OF_LIFE_AFTER)
        .http2_keep_alive_timeout(SIGN_OF_LIFE_WITHIN)
        .http2_keep_alive_while_idle(true)
        // An API does not redirect; a block page or a maintenance page may.
        .redirect(reqwest::redirect::Policy::none())
        // A proxy variable of the environment must not reroute market data.
        .no_proxy()
}

fn transport(client: Client) -> Transport {
    BoxCloneSyncService::new(
        ServiceBuilder::new()
            .map_err(FetchError::from)
            .service(client),
    )
}

/// One upstream.
#[derive(Clone, Debug)]
pub struct Upstream {
    transport: Transport,
    hosts: Arc<Hosts>,
    key: Option<ApiKey>,
    venue: Venue,
    clock: Clock,
}

/// A complete answer.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The body.
    pub body: Bytes,
    /// When its last byte arrived.
    pub received_at: UnixMs,
    /// When it left its publisher, at the latest: before it arrived, if it came from a cache.
    /// Answers that carry no time of their own are as old as this. An error when the `Age` header
    /// cannot be read, because the time is unknown then.
    pub sent_at: Result<UnixMs, ParseError>,
    /// The venue, and whether its host serves the real market.
    pub source: Source,
}

impl Upstream {
    /// An upstream at `base`. `clock` dates its answers when they arrive.
    #[must_use]
    pub fn new(transport: Transport, base: BaseUrl, venue: Venue, clock: Clock) -> Self {
        Self {
            transport,
            hosts: Arc::new(Hosts::new(base, None)),
            key: None,
            venue,
            clock,
        }
    }

    /// The same, with an alternative host of the same service, used while the first one fails.
    #[must_use]
    pub fn or_at(self, other: Option<BaseUrl>) -> Self {
        let first = self.hosts.base(Host::First).clone();
        Self {
            hosts: Arc::new(Hosts::new(first, other)),
            ..self
        }
    }

    /// The same, with a key that is sent with every request.
    #[must_use]
    pub fn with_key(self, key: Option<ApiKey>) -> Self {
        Self { key, ..self }
    }

    /// Fetches a path (with its query) from the host in use. One attempt.
    ///
    /// # Errors
    /// [`FetchError`]; redirects are not followed, and bodies are limited in length.
    pub async fn get(&self, path: &str) -> Result<Fetched, FetchError> {
        let host = self.hosts.choose(path, Instant::now());
        let outcome = self.get_from(host, path).await;
        self.hosts.note(path, host, &outcome, Instant::now());
        outcome
    }

    async fn get_from(&self, host: Host, path: &str) -> Result<Fetched, FetchError> {
        let url = Url::parse(&self.hosts.base(host).join(path));
        let url = url.map_err(|error| FetchError::Unreachable(error.to_string()))?;
        let mut request = Request::new(Method::GET, url);
        if let Some(ApiKey { name, value }) = &self.key {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        // Directly before sending: the date of the answer lies between this moment and its arrival.
        let asked = self.clock.asked();
        let response = self.transport.clone().oneshot(request).await?;
        // Before the body is read, which may take seconds. Refusals are evidence of the time as
        // well.
        if let Some(date) = date(&response) {
            self.clock.hear(
                self.venue.name(),
                asked,
                date,
                seconds(&response, &header::AGE),
            );
        }
        let status = response.status();
        if status == StatusCode::FORBIDDEN {
            // Only the body says whether this is a ban, a blocked country or something about this
            // path.
            let body = read(response, REFUSAL_BYTES, Overflow::Cut).await?;
            return Err(FetchError::forbidden(&body));
        }
        if status != StatusCode::OK {
            // `Retry-After` as a date is not used by the services we call.
            let stated = seconds(&response, &header::RETRY_AFTER).map(Duration::from_secs);
            let retry_after = stated.or_else(|| self.until_reset(&response));
            return Err(FetchError::Status {
                status: status.as_u16(),
                retry_after,
            });
        }
        let declared = response
            .headers()
            .get(MARKET_DATA)
            .map(|value| value.to_str().unwrap_or(""));
        let source = Source::declared(self.venue, declared);
        // Read before the body, which consumes the response.
        let until_reset = self.until_reset(&response);
        let age = joined(&response, &header::AGE);
        let body = read(response, MAX_BODY_BYTES, Overflow::Refuse).await?;
        // Bybit reports rate limits with status 200 and an error code in the body.
        if self.venue == Venue::Bybit && bybit::is_rate_limited(&body) {
            return Err(FetchError::RateLimited {
                retry_after: until_reset,
            });
        }
        let received_at = self.clock.now();
        Ok(Fetched {
            body,
            received_at,
            sent_at: sent_time(received_at, age.as_deref()),
            source,
        })
    }
}

impl Upstream {
    /// How long until Bybit's rate limit resets. Measured by the answer's own `Date`: by our clock,
    /// if it is wrong, a second could become minutes.
    fn until_reset(&self, response: &Response) -> Option<Duration> {
        if self.venue != Venue::Bybit {
            return None;
        }
        let reset = text(response, &HeaderName::from_static(LIMIT_RESET))?
            .parse()
            .ok()?;
        let left_ms = UnixMs::from_millis(reset).millis_since(date(response)?);
        Some(Duration::from_millis(left_ms).min(LONGEST_LIMIT))
    }
}

/// What to do with a body that is longer than the limit.
#[derive(Clone, Copy)]
enum Overflow {
    Cut,
    Refuse,
}

async fn read(
    mut response: Response,
    limit: usize,
    overflow: Overflow,
) -> Result<Bytes, FetchError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        let room = limit.saturating_sub(body.len());
        if chunk.len() <= room {
            body.extend_from_slice(&chunk);
            continue;
        }
        match overflow {
            Overflow::Refuse => return Err(FetchError::TooLarge { limit }),
            Overflow::Cut => {
                body.extend(chunk.iter().take(room));
                break;
            }
        }
    }
    Ok(body.freeze())
}

/// The answer's `Date`, to the second.
fn date(response: &Response) -> Option<UnixMs> {
    let date = httpdate::parse_http_date(text(response, &header::DATE)?).ok()?;
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    Some(UnixMs::from_secs(since.as_secs()))
}

/// A header that holds a number of seconds.
fn seconds(response: &Response, name: &HeaderName) -> Option<u64> {
    text(response, name)?.parse().ok()
}

/// All values of a header as one list. A value that is no text counts as empty, so that it is
/// noticed as unreadable.
fn joined(response: &Response, name: &HeaderName) -> Option<String> {
    let values = response.headers().get_all(name).iter();
    let values: Vec<&str> = values.map(|value| value.to_str().unwrap_or("")).collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn text<'r>(response: &'r Response, name: &HeaderName) -> Option<&'r str> {
    response.headers().get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests;
