//! A snapshot made here from Bybit's own answers, for when the origin has none.

use super::fetch::{self, Deadline, FetchError};
use super::{Failed, Health, NotFit, Refused, baseline, judge};
use crate::config::Config;
use crate::policy::{self, Refusal};
use crate::{clock, memory};
use futures_util::future::try_join;
use shared::analysis::Settings;
use shared::assemble::{AssembleError, Identity, Inputs, LongView, Slow, assemble};
use shared::exchange::ParseError;
use shared::exchange::bybit::instruments::UniverseError;
use shared::exchange::bybit::{self, Forbidden, Listing, UniverseBuilder, tickers};
use shared::headers::MARKET_DATA;
use shared::market::Universe;
use shared::provenance::{Source, Venue};
use shared::snapshot::{Producer, Section};
use shared::units::UnixMs;
use shared::validate::{Rejections, ValidSnapshot};
use std::rc::Rc;

/// The largest ticker table that is read, bytes: eight times today's.
const MAX_TICKERS_BYTES: usize = 4_000_000;

/// The largest page of the instruments list, bytes.
const MAX_PAGE_BYTES: usize = 6_000_000;

/// How much of a 403's body is read to tell the kinds apart.
const FORBIDDEN_BYTES: usize = 4_096;

/// Why the sections that only the origin collects are missing.
const NOT_COLLECTED: &str = "not_collected_at_edge";

/// Why one answer of Bybit is not data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// No body.
    #[error("{0}")]
    Fetch(#[from] FetchError),
    /// A 403.
    #[error("{}", .0.label())]
    Forbidden(Forbidden),
    /// A 429.
    #[error("too many requests; retry after {retry_after_secs:?} s")]
    TooManyRequests {
        /// Its `Retry-After`.
        retry_after_secs: Option<u64>,
    },
    /// Not what was asked for.
    #[error("{0}")]
    Parse(#[from] ParseError),
}

impl AnswerError {
    fn label(&self) -> String {
        match self {
            Self::Fetch(error) => error.label(),
            Self::Forbidden(kind) => kind.label().to_owned(),
            Self::TooManyRequests { .. } => "http_429".to_owned(),
            Self::Parse(error) => error.label().to_owned(),
        }
    }

    fn received_status(&self) -> Option<u16> {
        match self {
            Self::Fetch(error) => error.received_status(),
            Self::Forbidden(_) => Some(403),
            Self::TooManyRequests { .. } => Some(429),
            Self::Parse(_) => Some(200),
        }
    }

    /// Whether Bybit sent us away, in any of its ways of saying so.
    fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Forbidden(Forbidden::Region) => Some(Refusal::Region),
            Self::Forbidden(Forbidden::RateLimit) => Some(Refusal::RateLimit),
            Self::Forbidden(Forbidden::Unexplained) => Some(Refusal::Unexplained),
            Self::TooManyRequests { retry_after_secs } => {
                Some(Refusal::TooManyRequests { retry_after_secs: *retry_after_secs })
            }
            Self::Parse(ParseError::Refused { code, .. }) if *code == bybit::RATE_LIMITED => {
                Some(Refusal::TooManyRequests { retry_after_secs: None })
            }
            Self::Parse(ParseError::Refused { code, .. }) if bybit::REGION_REFUSED.contains(code) => {
                Some(Refusal::Region)
            }
            Self::Fetch(_) | Self::Parse(_) => None,
        }
    }
}

/// Why the direct way did not end the search.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DirectError {
    /// No tickers.
    #[error("tickers: {0}")]
    Tickers(AnswerError),
    /// No list of contracts.
    #[error("instruments: {0}")]
    Instruments(AnswerError),
    /// A list of contracts that is none.
    #[error("instruments: {0}")]
    Universe(#[from] UniverseError),
    /// Facts that make no snapshot.
    #[error("{0}")]
    Assemble(#[from] AssembleError),
    /// A snapshot that breaks a rule.
    #[error("rejected: {0}")]
    Rejected(#[from] Rejections),
    /// A valid snapshot, but not a good one.
    #[error("{0}")]
    NotFit(#[from] NotFit),
}

impl DirectError {
    /// The failure as it is told.
    #[must_use]
    pub fn told(&self) -> Failed {
        let outcome = match self {
            Self::Tickers(error) => error.label(),
            // Who is sent away is sent away from both, whichever of the two heard it first.
            Self::Instruments(error) if error.refusal().is_some() => error.label(),
            Self::Instruments(error) => format!("instruments_{}", error.label()),
            Self::Universe(error) => error.label().to_owned(),
            Self::Assemble(error) => error.label().to_owned(),
            Self::Rejected(rejections) => rejections.label().to_owned(),
            Self::NotFit(not_fit) => not_fit.unfit.label().to_owned(),
        };
        let (proxy_error, received_status) = match self {
            Self::Tickers(error) | Self::Instruments(error) => {
                let proxy_error = if let AnswerError::Fetch(error) = error { error.proxy_error() } else { None };
                (proxy_error, error.received_status())
            }
            Self::Universe(_) | Self::Assemble(_) | Self::Rejected(_) | Self::NotFit(_) => (None, Some(200)),
        };
        let as_of = if let Self::NotFit(not_fit) = self { Some(not_fit.as_of) } else { None };
        Failed { outcome, message: self.to_string(), proxy_error, received_status, as_of }
    }

    /// What this says of Bybit itself: one whose data is old answers well.
    #[must_use]
    pub fn health(&self) -> Health {
        match self {
            Self::Tickers(error) | Self::Instruments(error) => error.refusal().map_or(Health::Fails, Health::Refuses),
            Self::Universe(_) | Self::Assemble(_) | Self::Rejected(_) => Health::Fails,
            Self::NotFit(_) => Health::Works,
        }
    }

    /// Whether another host of the same exchange may do better: this one cannot be reached, or is broken. A host that
    /// sends us away says so for all of them.
    #[must_use]
    pub const fn is_of_the_host(&self) -> bool {
        match self {
            Self::Tickers(AnswerError::Fetch(error)) | Self::Instruments(AnswerError::Fetch(error)) => {
                matches!(error, FetchError::Connection(_) | FetchError::Status(500..=599))
            }
            _ => false,
        }
    }
}

/// What a snapshot made here is made with.
#[derive(Clone, Debug)]
pub struct Materials<'m> {
    /// What is held: the parts that only the origin collects are carried over from it while they may be shown.
    pub held: Option<&'m ValidSnapshot>,
    /// The list of contracts that count; without one it is fetched beside the tickers.
    pub universe: Option<Rc<Universe>>,
    /// Why not the origin.
    pub reason: String,
}

/// A snapshot made here.
#[derive(Debug)]
pub struct FromBybit {
    /// The snapshot.
    pub snapshot: ValidSnapshot,
    /// The list of contracts, when it was fetched for this.
    pub fetched: Option<Rc<Universe>>,
}

/// Makes a snapshot of what the host at `base` answers.
///
/// # Errors
/// [`Refused`] when what Bybit answered does not end the search.
pub async fn snapshot(
    config: &Config,
    base: &str,
    deadline: &Deadline,
    materials: Materials<'_>,
) -> Result<FromBybit, Refused<DirectError>> {
    let Materials { held, universe, reason } = materials;
    let is_fetched = universe.is_none();
    let (answer, universe) = try_join(get_tickers(base, deadline), known_or_fetched(base, deadline, universe)).await?;
    let table = tickers::parse(&answer.body).map_err(|error| DirectError::Tickers(error.into()))?;
    let now = clock::now();
    let inputs = Inputs {
        tickers: &table,
        tickers_source: answer.source,
        received_at: answer.received_at,
        universe: &universe,
        global_market: &carried_over(held.map(|held| &held.get().global_market)),
        defi_market: &carried_over(held.map(|held| &held.get().defi_market)),
        fear_greed: &carried_over(held.map(|held| &held.get().fear_greed)),
        long_view: &held.map_or_else(|| LongView::unknown(NOT_COLLECTED), |held| LongView::carried_over(held.get())),
    };
    let identity = Identity {
        sequence: policy::next_sequence(held.map(|held| held.get().sequence), now),
        producer: Producer::BybitDirect,
        fallback_reason: Some(reason),
        now,
    };
    let assembled = assemble(&inputs, identity, &Settings::DEFAULT).map_err(DirectError::from)?;
    let expected = baseline(held, now, &config.limits);
    let snapshot = ValidSnapshot::admit(assembled.snapshot, now, expected).map_err(DirectError::from)?;
    let snapshot = judge(snapshot, now, &config.limits)?;
    Ok(FromBybit { snapshot, fetched: is_fetched.then_some(universe) })
}

fn carried_over<T: Clone>(section: Option<&Section<T>>) -> Slow<T> {
    section.map_or_else(|| Slow::unknown(NOT_COLLECTED), Slow::carried_over)
}

async fn known_or_fetched(
    base: &str,
    deadline: &Deadline,
    known: Option<Rc<Universe>>,
) -> Result<Rc<Universe>, DirectError> {
    match known {
        Some(universe) => Ok(universe),
        None => {
            let universe = Rc::new(get_universe(base, deadline).await?);
            // Kept at once: whatever becomes of the tickers, the next try need not fetch it again.
            memory::keep_universe(Rc::clone(&universe));
            Ok(universe)
        }
    }
}

struct Body {
    body: Vec<u8>,
    source: Source,
    received_at: UnixMs,
}

async fn get_tickers(base: &str, deadline: &Deadline) -> Result<Body, DirectError> {
    get(base, bybit::TICKERS, deadline, MAX_TICKERS_BYTES).await.map_err(DirectError::Tickers)
}

/// Fetches the list of contracts from the host at `base`, page after page.
///
/// # Errors
/// [`DirectError::Instruments`] or [`DirectError::Universe`].
pub async fn get_universe(base: &str, deadline: &Deadline) -> Result<Universe, DirectError> {
    let mut builder = UniverseBuilder::new();
    let mut path = bybit::INSTRUMENTS.to_owned();
    loop {
        let page = get(base, &path, deadline, MAX_PAGE_BYTES).await.map_err(DirectError::Instruments)?;
        let listing = Listing::parse(&page.body).map_err(|error| DirectError::Instruments(error.into()))?;
        match builder.add(listing)? {
            Some(cursor) => path = bybit::instruments_after(&cursor),
            None => return Ok(builder.finish(page.source, page.received_at)?),
        }
    }
}

async fn get(base: &str, path: &str, deadline: &Deadline, limit: usize) -> Result<Body, AnswerError> {
    let answer = fetch::get(&format!("{base}{path}"), deadline).await?;
    match answer.status() {
        403 => return Err(AnswerError::Forbidden(Forbidden::from_body(&answer.beginning(FORBIDDEN_BYTES).await))),
        429 => {
            let retry_after_secs = answer.header("retry-after").and_then(|secs| secs.trim().parse().ok());
            answer.discard();
            return Err(AnswerError::TooManyRequests { retry_after_secs });
        }
        _ => {}
    }
    if let Err(error) = answer.expect_json() {
        answer.discard();
        return Err(error.into());
    }
    let source = Source::declared(Venue::Bybit, answer.header(MARKET_DATA).as_deref());
    let body = answer.body(limit).await?;
    Ok(Body { body, source, received_at: clock::now() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::exchange::Detail;

    #[track_caller]
    fn check(error: AnswerError, outcome: &str, health: Health) {
        let error = DirectError::Tickers(error);
        assert_eq!(error.told().outcome, outcome);
        assert_eq!(error.health(), health);
    }

    #[test]
    fn every_way_of_being_sent_away_is_told_from_failing() {
        let coded = |code| AnswerError::Parse(ParseError::Refused { code, message: Detail::new("") });
        let refuses = Health::Refuses;
        check(AnswerError::Forbidden(Forbidden::Region), "forbidden_region", refuses(Refusal::Region));
        check(AnswerError::Forbidden(Forbidden::RateLimit), "forbidden_rate_limit", refuses(Refusal::RateLimit));
        check(AnswerError::Forbidden(Forbidden::Unexplained), "forbidden", refuses(Refusal::Unexplained));
        let too_many = |retry_after_secs| refuses(Refusal::TooManyRequests { retry_after_secs });
        check(AnswerError::TooManyRequests { retry_after_secs: Some(9) }, "http_429", too_many(Some(9)));
        check(coded(bybit::RATE_LIMITED), "refused_by_venue", too_many(None));
        check(coded(bybit::REGION_REFUSED[0]), "refused_by_venue", refuses(Refusal::Region));
        check(coded(10_001), "refused_by_venue", Health::Fails);
        check(AnswerError::Fetch(FetchError::Status(503)), "http_503", Health::Fails);
        check(AnswerError::Fetch(FetchError::Timeout), "timeout", Health::Fails);
    }

    #[test]
    fn another_host_is_tried_for_what_is_wrong_with_this_one_alone() {
        let is_of_the_host = |error| DirectError::Tickers(error).is_of_the_host();
        assert!(is_of_the_host(FetchError::Connection(Detail::new("refused")).into()));
        assert!(is_of_the_host(FetchError::Status(500).into()));
        assert!(is_of_the_host(FetchError::Status(503).into()));
        for other in [
            FetchError::Status(404).into(),
            FetchError::Timeout.into(),
            FetchError::ContentType(Detail::new("text/html")).into(),
            AnswerError::Forbidden(Forbidden::Region),
            AnswerError::Forbidden(Forbidden::RateLimit),
            AnswerError::TooManyRequests { retry_after_secs: None },
        ] {
            assert!(!is_of_the_host(other.clone()), "{other}");
        }
    }

    #[test]
    fn a_failure_of_the_list_is_told_from_one_of_the_tickers() {
        let told = DirectError::Instruments(FetchError::Timeout.into()).told();
        assert_eq!((&*told.outcome, told.proxy_error), ("instruments_timeout", Some("http_response_timeout")));
        let sent_away = DirectError::Instruments(AnswerError::Forbidden(Forbidden::Region)).told();
        assert_eq!(&*sent_away.outcome, "forbidden_region");
    }
}
