//! Upstreams: a path → bytes with the time they arrived, or a failure with a name. One try; pauses
//! are the caller's.

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

/// The longest body that is read: ten times today's largest answer.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// How much of a refusal's body is read to tell its kind.
const REFUSAL_BYTES: usize = 4 * 1024;

/// Bybit's header with the moment at which a limit starts anew.
const LIMIT_RESET: &str = "x-bapi-limit-reset-timestamp";

/// No limit of Bybit's lasts longer: its windows are of one and of five seconds. A moment further
/// ahead is one that somebody counted by another clock.
const LONGEST_LIMIT: Duration = Duration::from_secs(10);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest silence of an upstream, before its answer and within it.
pub const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// After how much silence of an HTTP/2 connection its peer is asked for a sign of life, and how
/// long that may take. All requests to a host share one connection. Where its peer is gone without
/// a word, each of them would run into its time limit until the operating system gives the
/// connection up, half a minute later.
const SIGN_OF_LIFE_AFTER: Duration = Duration::from_secs(3);
const SIGN_OF_LIFE_WITHIN: Duration = Duration::from_secs(2);

/// What carries requests to upstreams: an HTTP client, or what a test puts in its place.
pub type Transport = BoxCloneSyncService<Request, Response, FetchError>;

/// The HTTP client that all upstreams share.
///
/// # Errors
/// When TLS cannot be set up, as on a machine without root certificates.
pub fn client() -> Result<Transport, reqwest::Error> {
    Ok(transport(settings().build()?))
}

/// How the client is set.
fn settings() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("market-data-origin/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .pool_idle_timeout(Duration::from_secs(30))
        .http2_keep_alive_interval(SIGN_OF_LIFE_AFTER)
        .http2_keep_alive_timeout(SIGN_OF_LIFE_WITHIN)
        .http2_keep_alive_while_idle(true)
        .redirect(reqwest::redirect::Policy::none())
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
    /// When it left its publisher, at the latest: earlier than it arrived where it lay in a cache.
    /// What tells no time of its own is as old as this; nobody knows where its `Age` cannot be
    /// read.
    pub sent_at: Result<UnixMs, ParseError>,
    /// The venue, and whether its host serves the real market.
    pub source: Source,
}

impl Upstream {
    /// An upstream at `base`, whose answers are stamped by `clock` when they arrive.
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

    /// The same, with another host of the same service, which is asked while the first one fails.
    #[must_use]
    pub fn or_at(self, other: Option<BaseUrl>) -> Self {
        let first = self.hosts.base(Host::First).clone();
        Self {
            hosts: Arc::new(Hosts::new(first, other)),
            ..self
        }
    }

    /// The same, with a key that goes out with every request.
    #[must_use]
    pub fn with_key(self, key: Option<ApiKey>) -> Self {
        Self { key, ..self }
    }

    /// Fetches a path (with its query) from the host that is its turn.
    ///
    /// # Errors
    /// [`FetchError`]; redirects are not followed, and bodies are cut off at a limit.
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
        let asked = self.clock.asked();
        let response = self.transport.clone().oneshot(request).await?;
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
            let body = read(response, REFUSAL_BYTES, Overflow::Cut).await?;
            return Err(FetchError::forbidden(&body));
        }
        if status != StatusCode::OK {
            // The date form is not used by the services we read.
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
        let until_reset = self.until_reset(&response);
        let age = joined(&response, &header::AGE);
        let body = read(response, MAX_BODY_BYTES, Overflow::Refuse).await?;
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
    /// How long until the moment at which Bybit's limit starts anew, in Unix milliseconds; it comes
    /// with refusals that have status 200, too. By the answer's own date alone: by our clock, which
    /// may be wrong, a second could be minutes.
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

/// What the answer's `Date` says, to the second.
fn date(response: &Response) -> Option<UnixMs> {
    let date = httpdate::parse_http_date(text(response, &header::DATE)?).ok()?;
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    Some(UnixMs::from_secs(since.as_secs()))
}

/// A header that holds a number of seconds.
fn seconds(response: &Response, name: &HeaderName) -> Option<u64> {
    text(response, name)?.parse().ok()
}

/// Every value of a header, as one list; what is no text is an empty value.
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
