//! Why a call to an exchange brought no snapshot: from a single answer to the refresh as a whole.

use super::fetch_error::FetchError;
use super::outcome::{AttemptFailure, Health, UnusableSnapshot};
use super::refusal;
use crate::policy::Refusal;
use shared::assemble::AssembleError;
use shared::exchange::ParseError;
use shared::exchange::bybit::instruments::UniverseError;
use shared::freshness::ClockAhead;
use shared::judge::WildTable;
use shared::provenance::Venue;
use shared::validate::Rejections;

/// Why one answer of an exchange is not data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// No body.
    #[error("{0}")]
    Fetch(#[from] FetchError),
    /// A status by which the exchange turns us away.
    #[error("sent away with HTTP status {status}: {refusal:?}")]
    Refused {
        /// Why, and for how long.
        refusal: Refusal,
        /// The status.
        status: u16,
    },
    /// An answer that cannot be read.
    #[error("{0}")]
    Parse(#[from] ParseError),
}

impl AnswerError {
    fn label(&self) -> String {
        match self {
            Self::Fetch(error) => error.label(),
            Self::Refused { refusal, status } => refusal
                .answer_label()
                .map_or_else(|| format!("http_{status}"), str::to_owned),
            Self::Parse(error) => error.label().to_owned(),
        }
    }

    fn received_status(&self) -> Option<u16> {
        match self {
            Self::Fetch(error) => error.received_status(),
            Self::Refused { status, .. } => Some(*status),
            // The envelope came with 200, whatever code it contains.
            Self::Parse(_) => Some(200),
        }
    }

    /// The refusal, by status or by the code in an answer with status 200.
    fn refusal(&self, venue: Venue) -> Option<Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(*refusal),
            Self::Parse(ParseError::Refused { code, .. }) => refusal::of_code(venue, *code),
            Self::Fetch(_) | Self::Parse(_) => None,
        }
    }
}

/// Why a call to an exchange does not end the search.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExchangeError {
    /// No tickers.
    #[error("tickers: {0}")]
    Tickers(AnswerError),
    /// No list of contracts.
    #[error("instruments: {0}")]
    Instruments(AnswerError),
    /// A list of contracts that contradicts itself or is empty.
    #[error("instruments: {0}")]
    Universe(#[from] UniverseError),
    /// The exchange's own list does not say which contracts count, and no other is at hand.
    #[error("no list of contracts is at hand")]
    NoUniverse,
    /// A venue's clock that is too far ahead to date its data.
    #[error("{0}")]
    Clock(#[from] ClockAhead),
    /// A table that the outlier filter rejected, until it is confirmed.
    #[error("{0}")]
    Wild(#[from] WildTable),
    /// Facts that no snapshot can be assembled from.
    #[error("{0}")]
    Assemble(#[from] AssembleError),
    /// A snapshot that breaks a rule.
    #[error("rejected: {0}")]
    Rejected(#[from] Rejections),
    /// A valid snapshot, but not a good one.
    #[error("{0}")]
    Unusable(#[from] UnusableSnapshot),
}

impl ExchangeError {
    /// The failure of a call to `venue` as it is reported.
    #[must_use]
    pub fn to_failure(&self, venue: Venue) -> AttemptFailure {
        let outcome = match self {
            Self::Tickers(error) => error.label(),
            // A refusal bans the whole address, so it has one name whichever request met it first.
            Self::Instruments(error) if error.refusal(venue).is_some() => error.label(),
            Self::Instruments(error) => format!("instruments_{}", error.label()),
            Self::Universe(error) => error.label().to_owned(),
            Self::NoUniverse => "instruments_unknown".to_owned(),
            Self::Clock(error) => error.label().to_owned(),
            Self::Wild(error) => error.label().to_owned(),
            Self::Assemble(error) => error.label().to_owned(),
            Self::Rejected(rejections) => rejections.label().to_owned(),
            Self::Unusable(unusable) => unusable.reason.label().to_owned(),
        };
        let (proxy_error, received_status) = match self {
            Self::Tickers(error) | Self::Instruments(error) => {
                let proxy_error = if let AnswerError::Fetch(error) = error {
                    error.proxy_error()
                } else {
                    None
                };
                (proxy_error, error.received_status())
            }
            // No answer was missing: this isolate lacks a list.
            Self::NoUniverse => (None, None),
            Self::Universe(_)
            | Self::Clock(_)
            | Self::Wild(_)
            | Self::Assemble(_)
            | Self::Rejected(_)
            | Self::Unusable(_) => (None, Some(200)),
        };
        // Only this variant has data, and so a time to report.
        let as_of = if let Self::Unusable(unusable) = self {
            Some(unusable.as_of)
        } else {
            None
        };
        AttemptFailure {
            outcome,
            message: self.to_string(),
            proxy_error,
            received_status,
            as_of,
        }
    }

    /// What this says of `venue` itself. A venue whose data is old works; so does one with a
    /// rejected table, for only its next tables can confirm it, and an open breaker would prevent
    /// that.
    #[must_use]
    pub fn health(&self, venue: Venue) -> Health {
        match self {
            Self::Tickers(error) | Self::Instruments(error) => {
                error.refusal(venue).map_or(Health::Fails, Health::Refuses)
            }
            Self::Universe(_) | Self::Clock(_) | Self::Assemble(_) | Self::Rejected(_) => {
                Health::Fails
            }
            // The exchange did its part.
            Self::NoUniverse | Self::Wild(_) | Self::Unusable(_) => Health::Works,
        }
    }

    /// Whether another host of the same exchange may do better: this one cannot be reached or
    /// answers 5xx. A refusal holds for all of them, and a timeout leaves no time.
    #[must_use]
    pub const fn is_of_the_host(&self) -> bool {
        match self {
            Self::Tickers(AnswerError::Fetch(error))
            | Self::Instruments(AnswerError::Fetch(error)) => {
                matches!(
                    error,
                    FetchError::Connection(_) | FetchError::Status(500..=599)
                )
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::exchange::{Detail, binance, bybit, okx};

    fn refused(venue: Venue, status: u16, body: &[u8]) -> AnswerError {
        let refusal = refusal::of_status(venue, status, body, Some(9)).unwrap();
        AnswerError::Refused { refusal, status }
    }

    fn coded(code: i64) -> AnswerError {
        AnswerError::Parse(ParseError::Refused {
            code,
            message: Detail::new(""),
        })
    }

    #[track_caller]
    fn check(venue: Venue, error: AnswerError, outcome: &str, health: Health) {
        let error = ExchangeError::Tickers(error);
        assert_eq!(error.to_failure(venue).outcome, outcome);
        assert_eq!(error.health(venue), health);
    }

    const REGION: Health = Health::Refuses(Refusal::Region);

    const fn too_many(retry_after_secs: Option<u64>) -> Health {
        Health::Refuses(Refusal::TooManyRequests { retry_after_secs })
    }

    #[test]
    fn every_refusal_of_bybit_is_distinguished_from_a_failure() {
        let of = |error, outcome, health| check(Venue::Bybit, error, outcome, health);
        let page = b"configured to block access from your country";
        of(refused(Venue::Bybit, 403, page), "forbidden_region", REGION);
        let frequent = Health::Refuses(Refusal::RateLimit);
        of(
            refused(Venue::Bybit, 403, b"access too frequent"),
            "forbidden_rate_limit",
            frequent,
        );
        of(
            refused(Venue::Bybit, 403, b""),
            "forbidden",
            Health::Refuses(Refusal::Unexplained),
        );
        of(
            refused(Venue::Bybit, 429, b""),
            "http_429",
            too_many(Some(9)),
        );
        for code in bybit::RATE_LIMITED {
            of(coded(code), "refused_by_venue", too_many(None));
        }
        of(coded(bybit::REGION_REFUSED[0]), "refused_by_venue", REGION);
        of(coded(10_001), "refused_by_venue", Health::Fails);
        of(FetchError::Status(503).into(), "http_503", Health::Fails);
        of(FetchError::Timeout.into(), "timeout", Health::Fails);
    }

    #[test]
    fn other_exchanges_refuse_in_ways_of_their_own() {
        check(
            Venue::Okx,
            coded(okx::RATE_LIMITED[0]),
            "refused_by_venue",
            too_many(None),
        );
        check(
            Venue::Okx,
            coded(okx::REGION_REFUSED[0]),
            "refused_by_venue",
            REGION,
        );
        check(
            Venue::Okx,
            coded(bybit::RATE_LIMITED[0]),
            "refused_by_venue",
            Health::Fails,
        );
        let forbidden = Health::Refuses(Refusal::Unexplained);
        check(
            Venue::Okx,
            refused(Venue::Okx, 403, b""),
            "forbidden",
            forbidden,
        );
        check(
            Venue::Binance,
            coded(binance::RATE_LIMITED),
            "refused_by_venue",
            too_many(None),
        );
        check(
            Venue::Binance,
            refused(Venue::Binance, 451, b""),
            "forbidden_region",
            REGION,
        );
        check(
            Venue::Binance,
            refused(Venue::Binance, 418, b""),
            "http_418",
            too_many(Some(9)),
        );
        let words = b"Service unavailable from a restricted location";
        check(
            Venue::Binance,
            refused(Venue::Binance, 403, words),
            "forbidden_region",
            REGION,
        );
    }

    #[test]
    fn an_exchange_whose_table_was_rejected_is_called_again() {
        let wild = ExchangeError::from(WildTable {
            leaping: 62,
            compared: 62,
        });
        let failure = wild.to_failure(Venue::Bybit);
        assert_eq!(
            (&*failure.outcome, failure.received_status),
            ("wild_table", Some(200))
        );
        assert!(shared::snapshot::is_reason(&failure.outcome));
        assert_eq!(wild.health(Venue::Bybit), Health::Works);
        assert!(!wild.is_of_the_host());
    }

    #[test]
    fn a_failure_of_the_list_is_distinguished_from_one_of_the_tickers() {
        let failure =
            ExchangeError::Instruments(FetchError::Timeout.into()).to_failure(Venue::Bybit);
        assert_eq!(
            (&*failure.outcome, failure.proxy_error),
            ("instruments_timeout", Some("http_response_timeout"))
        );
        let refusal = AnswerError::Refused {
            refusal: Refusal::Region,
            status: 403,
        };
        assert_eq!(
            &*ExchangeError::Instruments(refusal)
                .to_failure(Venue::Bybit)
                .outcome,
            "forbidden_region"
        );
    }

    #[test]
    fn another_host_is_called_only_when_this_one_is_broken() {
        let is_of_the_host = |error| ExchangeError::Tickers(error).is_of_the_host();
        assert!(is_of_the_host(
            FetchError::Connection(Detail::new("refused")).into()
        ));
        assert!(is_of_the_host(FetchError::Status(500).into()));
        assert!(is_of_the_host(FetchError::Status(503).into()));
        for other in [
            FetchError::Status(404).into(),
            FetchError::Timeout.into(),
            FetchError::ContentType(Detail::new("text/html")).into(),
            refused(Venue::Bybit, 403, b""),
            refused(Venue::Bybit, 429, b""),
        ] {
            assert!(!is_of_the_host(other.clone()), "{other}");
        }
    }
}
