//! The backoff after a failure: a pure function of the failure and of how many came in a row.
//! Callers add jitter.
//!
//! Precedence: a ban or a blocked country → its fixed pause; a pause that the answer states → that,
//! within bounds; a rate limit without one → a few seconds at least; anything else → exponential
//! backoff.

use super::error::{FetchError, UpstreamError};
use shared::exchange::ParseError;
use shared::exchange::bybit::{Forbidden, RATE_LIMITED, REGION_REFUSED};
use std::time::Duration;

/// Bybit lifts a ban of an address ten minutes after the last request. A blocked country does not
/// change sooner either.
const BAN: Duration = Duration::from_secs(600);

/// The least pause after a rate limit that states no end: Bybit's longest window.
const TOO_MANY: Duration = Duration::from_secs(5);

/// The bounds of one source's backoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pauses {
    /// After a first failure.
    pub first: Duration,
    /// The longest exponential backoff.
    pub most: Duration,
    /// The longest stated pause that is obeyed. A maintenance page may announce an hour and be gone
    /// after ten seconds, so a source that clients wait for is tried in between.
    pub most_stated: Duration,
}

impl Pauses {
    /// The same, with no pause longer than `limit`.
    #[must_use]
    pub fn at_most(self, limit: Duration) -> Self {
        Self {
            first: self.first.min(limit),
            most: self.most.min(limit),
            most_stated: self.most_stated.min(limit),
        }
    }
}

/// The pause before the next attempt.
///
/// A failure that states its own pause gets it. Any other starts at `first` and doubles with each
/// failure in a row, up to `most`.
#[must_use]
pub fn pause(error: &UpstreamError, failures_in_a_row: u32, pauses: Pauses) -> Duration {
    let Pauses {
        first,
        most,
        most_stated,
    } = pauses;
    // 2¹⁶ times the first is far beyond any `most`; the cap keeps the power from overflowing.
    let doubled = first
        .saturating_mul(2_u32.saturating_pow(failures_in_a_row.saturating_sub(1).min(16)))
        .min(most);
    match error {
        UpstreamError::Fetch(FetchError::Forbidden {
            kind: Forbidden::Region | Forbidden::RateLimit,
        }) => BAN,
        // A stated pause shortens no backoff: an upstream that always says "one second" would be
        // called every second.
        UpstreamError::Fetch(
            FetchError::Status {
                retry_after: Some(stated),
                ..
            }
            | FetchError::RateLimited {
                retry_after: Some(stated),
            },
        ) => (*stated).clamp(doubled, most_stated.max(doubled)),
        UpstreamError::Fetch(
            FetchError::RateLimited { retry_after: None } | FetchError::Status { status: 429, .. },
        ) => doubled.max(TOO_MANY),
        UpstreamError::Parse(ParseError::Refused { code, .. }) if RATE_LIMITED.contains(code) => {
            doubled.max(TOO_MANY)
        }
        UpstreamError::Parse(ParseError::Refused { code, .. }) if REGION_REFUSED.contains(code) => {
            BAN
        }
        _ => doubled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::exchange::Detail;

    const PAUSES: Pauses = Pauses {
        first: Duration::from_secs(2),
        most: Duration::from_secs(30),
        most_stated: Duration::from_secs(60),
    };

    #[track_caller]
    fn check(error: FetchError, failures: u32, expected_secs: u64) {
        let pause = pause(&error.into(), failures, PAUSES);
        assert_eq!(pause, Duration::from_secs(expected_secs));
    }

    fn status(status: u16, retry_after: Option<u64>) -> FetchError {
        FetchError::Status {
            status,
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    #[test]
    fn ordinary_failures_double_up_to_the_most() {
        check(FetchError::Timeout, 1, 2);
        check(FetchError::Timeout, 2, 4);
        check(FetchError::Timeout, 5, 30);
        check(FetchError::Timeout, u32::MAX, 30);
    }

    #[test]
    fn a_ban_and_a_blocked_country_are_left_alone_for_ten_minutes() {
        check(FetchError::forbidden(b"403, access too frequent"), 1, 600);
        check(
            FetchError::forbidden(b"configured to block access from your country"),
            1,
            600,
        );
        check(FetchError::forbidden(b"?"), 1, 2);
    }

    #[test]
    fn a_stated_pause_is_obeyed_within_reason() {
        check(status(429, Some(20)), 1, 20);
        check(status(503, Some(0)), 1, 2);
        check(status(503, Some(60)), 1, 60);
        check(status(503, Some(3_600)), 1, 60);
        check(status(503, Some(u64::MAX)), 9, 60);
        check(status(429, None), 1, 5);
        check(status(500, None), 1, 2);
        check(
            FetchError::RateLimited {
                retry_after: Some(Duration::from_secs(20)),
            },
            1,
            20,
        );
        check(
            FetchError::RateLimited {
                retry_after: Some(Duration::ZERO),
            },
            2,
            4,
        );
        check(
            FetchError::RateLimited {
                retry_after: Some(Duration::MAX),
            },
            1,
            60,
        );
        check(FetchError::RateLimited { retry_after: None }, 1, 5);
    }

    #[test]
    fn a_source_that_nobody_waits_for_obeys_what_it_is_told() {
        let patient = Pauses {
            most_stated: Duration::from_secs(3_600),
            ..PAUSES
        };
        let stated = |secs| pause(&status(429, Some(secs)).into(), 1, patient);
        assert_eq!(
            (stated(900), stated(7_200)),
            (Duration::from_secs(900), Duration::from_secs(3_600))
        );
    }

    #[test]
    fn a_limit_cuts_every_pause_but_that_of_a_ban() {
        let cut = PAUSES.at_most(Duration::from_secs(10));
        let of = |error: FetchError| pause(&error.into(), 9, cut);
        assert_eq!(of(FetchError::Timeout), Duration::from_secs(10));
        assert_eq!(of(status(429, Some(3_600))), Duration::from_secs(10));
        assert_eq!(of(FetchError::forbidden(b"403, access too frequent")), BAN);
    }

    #[test]
    fn a_rate_limit_inside_a_successful_answer_is_a_rate_limit() {
        let refused = |code| {
            ParseError::Refused {
                code,
                message: Detail::new(""),
            }
            .into()
        };
        for code in RATE_LIMITED {
            assert_eq!(pause(&refused(code), 1, PAUSES), TOO_MANY);
        }
        assert_eq!(pause(&refused(10_009), 1, PAUSES), BAN);
        assert_eq!(pause(&refused(10_016), 1, PAUSES), PAUSES.first);
    }
}
