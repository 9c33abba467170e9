//! Why an upstream gave no data.
//!
//! Two questions are kept apart: whose fault it is ([`FaultClass`]: metrics, alerts), and whether
//! the next request for something else would meet the same (`concerns_all_requests`: the gate).

use shared::exchange::ParseError;
use shared::exchange::bybit::instruments::UniverseError;
use shared::exchange::bybit::{Forbidden, RATE_LIMITED, REGION_REFUSED};
use shared::freshness::ClockAhead;
use shared::published::Doubt;
use std::borrow::Cow;
use std::time::Duration;

/// A request that brought no body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// No complete answer in time.
    #[error("no complete answer in time")]
    Timeout,
    /// No connection.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The connection broke before the answer was complete.
    #[error("the answer broke off: {0}")]
    BrokenOff(String),
    /// Refused with 403.
    #[error("forbidden: {}", kind.label())]
    Forbidden {
        /// What the refusal means.
        kind: Forbidden,
    },
    /// Any status but 200.
    #[error("HTTP status {status}")]
    Status {
        /// The status.
        status: u16,
        /// The pause that the answer states, if any.
        retry_after: Option<Duration>,
    },
    /// A rate limit that was reported with status 200 and the moment of its reset.
    #[error("too many requests")]
    RateLimited {
        /// The pause that the answer states, if any.
        retry_after: Option<Duration>,
    },
    /// A body beyond the limit.
    #[error("a body of more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

impl FetchError {
    /// A 403 with the beginning of its body.
    #[must_use]
    pub fn forbidden(body: &[u8]) -> Self {
        Self::Forbidden {
            kind: Forbidden::from_body(body),
        }
    }

    /// A label for metrics and machine-readable reasons.
    #[must_use]
    pub fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Timeout => "timeout".into(),
            Self::Unreachable(_) => "unreachable".into(),
            Self::BrokenOff(_) => "broken_off".into(),
            Self::Forbidden { kind } => kind.label().into(),
            Self::Status { status, .. } => format!("http_{status}").into(),
            // The same word as without the moment: what the venue says is the same.
            // The same label as a refusal in a parsed body: the venue says the same thing, with or
            // without a moment.
            Self::RateLimited { .. } => "refused_by_venue".into(),
            Self::TooLarge { .. } => "body_too_large".into(),
        }
    }
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        // The innermost cause is the most specific. The URL is left out: the caller logs which
        // upstream it was, and a query may hold a key.
        let error = error.without_url();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        if error.is_timeout() {
            Self::Timeout
        } else if error.is_connect() {
            Self::Unreachable(cause.to_string())
        } else {
            Self::BrokenOff(cause.to_string())
        }
    }
}

/// Why an upstream's answer became no fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// There is no body.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The body is no data.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The listed contracts make no universe.
    #[error(transparent)]
    Universe(#[from] UniverseError),
    /// The figures can be read and are not believed.
    #[error(transparent)]
    Doubted(#[from] Doubt),
    /// The venue's clock is too far ahead to date its data.
    #[error(transparent)]
    Clock(#[from] ClockAhead),
}

/// Whose fault it is that there is no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultClass {
    /// They refused us: a ban, a rate limit, a blocked country.
    Refused,
    /// They reported a failure of their own.
    ServerError,
    /// They were not reached: no connection, or no complete answer.
    NotReached,
    /// They answered, but not with usable data.
    BadData,
}

impl FaultClass {
    shared::labels! {
        /// The word in metrics.
        pub const fn name(self) {
            Self::Refused => "refused",
            Self::ServerError => "server_error",
            Self::NotReached => "not_reached",
            Self::BadData => "bad_data",
        }
    }
}

impl UpstreamError {
    /// Whose fault it is.
    #[must_use]
    pub fn class(&self) -> FaultClass {
        match self {
            // First: Bybit reports bans and rate limits as parse results as well.
            _ if self.concerns_all_requests() => FaultClass::Refused,
            Self::Fetch(FetchError::Forbidden { .. }) => FaultClass::Refused,
            Self::Fetch(FetchError::Status { status: 500.., .. }) => FaultClass::ServerError,
            Self::Fetch(
                FetchError::Timeout | FetchError::Unreachable(_) | FetchError::BrokenOff(_),
            ) => FaultClass::NotReached,
            Self::Fetch(_)
            | Self::Parse(_)
            | Self::Universe(_)
            | Self::Doubted(_)
            | Self::Clock(_) => FaultClass::BadData,
        }
    }

    /// Whether every other request would meet the same: a ban, a blocked country, a rate limit. A
    /// 403 without a reason may concern one path only.
    #[must_use]
    pub fn concerns_all_requests(&self) -> bool {
        match self {
            Self::Fetch(error) => {
                matches!(
                    error,
                    FetchError::Forbidden {
                        kind: Forbidden::Region | Forbidden::RateLimit
                    } | FetchError::RateLimited { .. }
                        | FetchError::Status { status: 429, .. }
                )
            }
            Self::Parse(ParseError::Refused { code, .. }) => {
                RATE_LIMITED.contains(code) || REGION_REFUSED.contains(code)
            }
            Self::Parse(_) | Self::Universe(_) | Self::Doubted(_) | Self::Clock(_) => false,
        }
    }

    /// A label for metrics and machine-readable reasons.
    #[must_use]
    pub fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Fetch(error) => error.label(),
            Self::Parse(error) => error.label().into(),
            Self::Universe(error) => error.label().into(),
            Self::Doubted(doubt) => doubt.label().into(),
            Self::Clock(error) => error.label().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::exchange::Detail;

    #[track_caller]
    fn check(error: impl Into<UpstreamError>, expected: FaultClass) {
        let error = error.into();
        assert_eq!(error.class(), expected, "of {error}");
    }

    fn status(status: u16) -> FetchError {
        FetchError::Status {
            status,
            retry_after: None,
        }
    }

    #[test]
    fn only_what_gives_a_reason_concerns_more_than_what_was_asked_for() {
        let concerns_all = |error: UpstreamError| error.concerns_all_requests();
        for body in [
            "access too frequent",
            "configured to block access from your country",
            r#"{"retCode":10018,"retMsg":"","result":{},"time":1}"#,
        ] {
            assert!(
                concerns_all(FetchError::forbidden(body.as_bytes()).into()),
                "{body}"
            );
        }
        for body in [
            "",
            "Forbidden",
            r#"{"retCode":10001,"retMsg":"","result":{},"time":1}"#,
        ] {
            assert!(
                !concerns_all(FetchError::forbidden(body.as_bytes()).into()),
                "{body}"
            );
        }
        assert!(concerns_all(status(429).into()));
        assert!(!concerns_all(status(503).into()));
    }

    #[test]
    fn what_they_said_is_told_apart_from_what_never_reached_us() {
        check(
            FetchError::forbidden(b"access too frequent"),
            FaultClass::Refused,
        );
        check(FetchError::forbidden(b""), FaultClass::Refused);
        check(status(429), FaultClass::Refused);
        for code in RATE_LIMITED {
            check(
                ParseError::Refused {
                    code,
                    message: Detail::new("Too many visits!"),
                },
                FaultClass::Refused,
            );
        }
        check(status(500), FaultClass::ServerError);
        check(status(599), FaultClass::ServerError);
        check(FetchError::Timeout, FaultClass::NotReached);
        check(
            FetchError::Unreachable("refused".to_owned()),
            FaultClass::NotReached,
        );
        check(
            FetchError::BrokenOff("reset".to_owned()),
            FaultClass::NotReached,
        );
        check(status(404), FaultClass::BadData);
        check(FetchError::TooLarge { limit: 9 }, FaultClass::BadData);
        check(ParseError::Truncated, FaultClass::BadData);
        check(
            Doubt::FromTheFuture { ahead_ms: 9_000 },
            FaultClass::BadData,
        );
    }
}
