//! Upstreams: a path → bytes with the time they arrived, or a failure with a name. One try; pauses are the caller's.

mod backoff;
mod error;

use crate::clock::Clock;
use crate::config::BaseUrl;
use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderName;
use reqwest::{Client, Method, Request, Response, StatusCode, Url, header};
use shared::exchange::bybit;
use shared::headers::MARKET_DATA;
use shared::provenance::{Source, Venue};
use shared::units::UnixMs;
use std::time::{Duration, UNIX_EPOCH};
use tower::ServiceBuilder;
use tower::util::{BoxCloneSyncService, ServiceExt};

pub use backoff::{Pauses, pause};
pub use error::{FaultClass, FetchError, UpstreamError};

/// The longest body that is read: ten times today's largest answer.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// How much of a refusal's body is read to tell its kind.
const REFUSAL_BYTES: usize = 4 * 1024;

/// Bybit's header with the moment at which a limit starts anew.
const LIMIT_RESET: &str = "x-bapi-limit-reset-timestamp";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest silence of an upstream, before its answer and within it.
/// No limit of Bybit's lasts longer: its windows are of one and of five seconds. A moment further ahead is one that somebody
/// counted by another clock.
const LONGEST_LIMIT: Duration = Duration::from_secs(10);

pub const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// What carries requests to upstreams: an HTTP client, or what a test puts in its place.
pub type Transport = BoxCloneSyncService<Request, Response, FetchError>;

/// The HTTP client that all upstreams share.
///
/// # Errors
/// When TLS cannot be set up, as on a machine without root certificates.
pub fn client() -> Result<Transport, reqwest::Error> {
    let client = Client::builder()
        .user_agent(concat!("market-data-origin/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .pool_idle_timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    Ok(BoxCloneSyncService::new(ServiceBuilder::new().map_err(FetchError::from).service(client)))
}

/// One upstream.
#[derive(Clone, Debug)]
pub struct Upstream {
    transport: Transport,
    base: BaseUrl,
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
    /// The venue, and whether its host serves the real market.
    pub source: Source,
}

impl Upstream {
    /// An upstream at `base`, whose answers are stamped by `clock` when they arrive.
    #[must_use]
    pub fn new(transport: Transport, base: BaseUrl, venue: Venue, clock: Clock) -> Self {
        Self { transport, base, venue, clock }
    }

    /// Fetches a path (with its query).
    ///
    /// # Errors
    /// [`FetchError`]; redirects are not followed, and bodies are cut off at a limit.
    pub async fn get(&self, path: &str) -> Result<Fetched, FetchError> {
        let url = Url::parse(&self.base.join(path)).map_err(|error| FetchError::Unreachable(error.to_string()))?;
        let asked = self.clock.asked();
        let response = self.transport.clone().oneshot(Request::new(Method::GET, url)).await?;
        if let Some(date) = date(&response) {
            self.clock.hear(self.venue.name(), asked, date, seconds(&response, &header::AGE));
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
            return Err(FetchError::Status { status: status.as_u16(), retry_after });
        }
        let declared = response.headers().get(MARKET_DATA).map(|value| value.to_str().unwrap_or(""));
        let source = Source::declared(self.venue, declared);
        let until_reset = self.until_reset(&response);
        let body = read(response, MAX_BODY_BYTES, Overflow::Refuse).await?;
        if self.venue == Venue::Bybit && bybit::is_rate_limited(&body) {
            return Err(FetchError::RateLimited { retry_after: until_reset });
        }
        Ok(Fetched { body, received_at: self.clock.now(), source })
    }
}

impl Upstream {
    /// How long until the moment at which Bybit's limit starts anew, in Unix milliseconds; it comes with refusals that
    /// have status 200, too. By the answer's own date alone: by our clock, which may be wrong, a second could be minutes.
    fn until_reset(&self, response: &Response) -> Option<Duration> {
        if self.venue != Venue::Bybit {
            return None;
        }
        let reset = text(response, &HeaderName::from_static(LIMIT_RESET))?.parse().ok()?;
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

async fn read(mut response: Response, limit: usize, overflow: Overflow) -> Result<Bytes, FetchError> {
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

fn text<'r>(response: &'r Response, name: &HeaderName) -> Option<&'r str> {
    response.headers().get(name)?.to_str().ok().map(str::trim)
}
