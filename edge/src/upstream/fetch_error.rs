//! Why a GET brought no body, and how that is named in outcomes and in `Proxy-Status` (RFC 9209).

use shared::exchange::Detail;

/// Why there is no body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The deadline passed, before the headers or in the body.
    #[error("no complete answer within the deadline")]
    Timeout,
    /// No connection, or one that broke before the headers came.
    #[error("connection failed: {0}")]
    Connection(Detail),
    /// The body ended before its end.
    #[error("the body broke off: {0}")]
    Incomplete(Detail),
    /// A status other than 200; redirects are not followed.
    #[error("HTTP status {0}")]
    Status(u16),
    /// A body that is not JSON by its `Content-Type`.
    #[error("content type {0:?} in place of JSON")]
    ContentType(Detail),
    /// A body above the limit.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

impl FetchError {
    /// The outcome in one word.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Timeout => "timeout".to_owned(),
            Self::Connection(_) => "connection_failed".to_owned(),
            Self::Incomplete(_) => "incomplete_body".to_owned(),
            Self::Status(status) => format!("http_{status}"),
            Self::ContentType(_) => "content_type".to_owned(),
            Self::TooLarge { .. } => "too_large".to_owned(),
        }
    }

    /// The error type of RFC 9209 section 2.3, where one applies.
    #[must_use]
    pub const fn proxy_error(&self) -> Option<&'static str> {
        match self {
            Self::Timeout => Some("http_response_timeout"),
            Self::Connection(_) => Some("connection_terminated"),
            Self::Incomplete(_) => Some("http_response_incomplete"),
            Self::TooLarge { .. } => Some("http_response_body_size"),
            Self::Status(_) | Self::ContentType(_) => None,
        }
    }

    /// The HTTP status that came, where one did.
    #[must_use]
    pub const fn received_status(&self) -> Option<u16> {
        match self {
            Self::Timeout | Self::Connection(_) => None,
            Self::Status(status) => Some(*status),
            // These are found after a 200 only; other statuses are not read.
            Self::Incomplete(_) | Self::ContentType(_) | Self::TooLarge { .. } => Some(200),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: &FetchError, label: &str, proxy_error: Option<&str>, status: Option<u16>) {
        assert_eq!(error.label(), label);
        assert_eq!(error.proxy_error(), proxy_error);
        assert_eq!(error.received_status(), status);
        assert!(shared::snapshot::is_reason(&format!(
            "origin_instruments_{label}"
        )));
    }

    #[test]
    fn every_failure_has_its_outcome_and_its_registered_error() {
        check(
            &FetchError::Timeout,
            "timeout",
            Some("http_response_timeout"),
            None,
        );
        check(
            &FetchError::Connection(Detail::new("x")),
            "connection_failed",
            Some("connection_terminated"),
            None,
        );
        check(
            &FetchError::Incomplete(Detail::new("x")),
            "incomplete_body",
            Some("http_response_incomplete"),
            Some(200),
        );
        check(&FetchError::Status(503), "http_503", None, Some(503));
        check(
            &FetchError::ContentType(Detail::new("text/html")),
            "content_type",
            None,
            Some(200),
        );
        check(
            &FetchError::TooLarge { limit: 9 },
            "too_large",
            Some("http_response_body_size"),
            Some(200),
        );
    }
}
