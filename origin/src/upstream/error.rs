//! Why an upstream gave no data: what they said is told apart from what never reached us.

use shared::exchange::ParseError;
use shared::exchange::bybit::instruments::UniverseError;
use shared::exchange::bybit::{Forbidden, RATE_LIMITED, REGION_REFUSED};
use std::borrow::Cow;
use std::time::Duration;

/// A fetch that brought no body.
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
        /// When to come back, if told.
        retry_after: Option<Duration>,
    },
    /// A rate limit, told with status 200 and the moment of its end.
    #[error("too many requests")]
    RateLimited {
        /// When to come back, if told.
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
        Self::Forbidden { kind: Forbidden::from_body(body) }
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
            Self::RateLimited { .. } => "refused_by_venue".into(),
            Self::TooLarge { .. } => "body_too_large".into(),
        }
    }
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        // The innermost cause says most; the URL is known to whoever logs this.
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
}

impl UpstreamError {
    /// Whether the next request for something else would meet the same: a ban, a blocked country, a rate limit.
    #[must_use]
    pub fn concerns_all_requests(&self) -> bool {
        match self {
            Self::Fetch(error) => {
                matches!(
                    error,
                    FetchError::Forbidden { .. }
                        | FetchError::RateLimited { .. }
                        | FetchError::Status { status: 429, .. }
                )
            }
            Self::Parse(ParseError::Refused { code, .. }) => *code == RATE_LIMITED || REGION_REFUSED.contains(code),
            Self::Parse(_) | Self::Universe(_) => false,
        }
    }

    /// A label for metrics and machine-readable reasons.
    #[must_use]
    pub fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Fetch(error) => error.label(),
            Self::Parse(error) => error.label().into(),
            Self::Universe(error) => error.label().into(),
        }
    }
}
