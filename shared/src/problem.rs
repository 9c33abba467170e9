//! Failure → HTTP status and `application/problem+json` body (RFC 9457): the only place that
//! chooses an error status.
//!
//! Invariants: every error body has this shape. It contains nothing of the request and no
//! internals, and is never cached. `Retry-After` is set where a later attempt can succeed.

use crate::endpoints::{ALLOWED_METHODS, Absence, NoPlace, Parameter};
use crate::headers::{NO_STORE, PROBLEM_JSON};
use crate::units::UnixMs;
use serde::Serialize;

/// What one source of data had to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct SourceOutcome {
    /// The source, such as `origin` or `bybit-direct`.
    pub name: &'static str,
    /// A machine-readable word, such as `timeout`.
    pub outcome: String,
    /// How old its last good answer is, Unix milliseconds.
    pub as_of_ms: Option<UnixMs>,
}

/// Why a request is not answered with data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No such path.
    NotFound,
    /// A method other than [`ALLOWED_METHODS`].
    MethodNotAllowed,
    /// No source has data that may be shown.
    NoValidData {
        /// What each source said.
        sources: Vec<SourceOutcome>,
        /// When to ask again, seconds.
        retry_after_secs: u32,
    },
    /// A query parameter that is not one of the values it may have.
    BadQuery {
        /// The parameter.
        parameter: Parameter,
    },
    /// A request that does not name one host and a path.
    BadTarget,
    /// What the client made its request depend on does not hold.
    PreconditionFailed,
    /// Too many requests at once.
    Overloaded,
    /// Too many requests of one client.
    TooManyRequests {
        /// When to ask again, seconds.
        retry_after_secs: u32,
    },
    /// What is asked for is for who knows a secret alone.
    Unauthorized {
        /// Whose secret.
        realm: Realm,
    },
    /// A defect of ours.
    Internal,
}

/// Who keeps the secret without which something is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Realm {
    /// The edge's operator: the counts of an isolate.
    Metrics,
    /// The origin: what its edges and its operators read, and clients do not.
    Origin,
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(crate) struct Problem<'p> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    retry_after: Option<u32>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[cfg_attr(
        feature = "typescript",
        ts(optional, as = "Option<Vec<SourceOutcome>>")
    )]
    sources: &'p [SourceOutcome],
}

impl Failure {
    /// The data is valid and what was asked for rests on an analysis that is not there, for this
    /// reason.
    #[must_use]
    pub fn not_analysed(reason: &str, now: UnixMs) -> Self {
        Self::NoValidData {
            sources: vec![SourceOutcome {
                // Listed like a source, so that clients find every reason of a 503 in one place.
                name: "analysis",
                outcome: reason.to_owned(),
                as_of_ms: None,
            }],
            retry_after_secs: jittered_retry_after_secs(now),
        }
    }

    /// The snapshot has no answer, for this reason.
    #[must_use]
    pub fn absent(absence: Absence<'_>, now: UnixMs) -> Self {
        match absence {
            // A symbol that is not scored has no resource, while a missing analysis comes back by
            // itself: 404 and 503.
            Absence::NotMonitored => Self::NotFound,
            Absence::NotAnalysed(reason) => Self::not_analysed(reason, now),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadQuery { .. } | Self::BadTarget => 400,
            Self::Unauthorized { .. } => 401,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::PreconditionFailed => 412,
            Self::TooManyRequests { .. } => 429,
            Self::Internal => 500,
            Self::NoValidData { .. } | Self::Overloaded => 503,
        }
    }

    /// The problem as JSON.
    #[must_use]
    pub fn body(&self) -> String {
        let (kind, title, detail) = self.words();
        let sources: &[SourceOutcome] = match self {
            Self::NoValidData { sources, .. } => sources,
            _ => &[],
        };
        let problem = Problem {
            kind,
            title,
            status: self.status(),
            detail,
            retry_after: self.retry_after_secs(),
            sources,
        };
        // A struct of strings and integers always has a JSON form.
        serde_json::to_string(&problem)
            // An error body must not fail, so the impossible case has a constant one.
            .unwrap_or_else(|_| r#"{"type":"about:blank","status":500}"#.to_owned())
    }

    /// The headers that belong to the status.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("content-type", PROBLEM_JSON.to_owned()),
            ("cache-control", NO_STORE.to_owned()),
        ];
        if let Some(secs) = self.retry_after_secs() {
            headers.push(("retry-after", secs.to_string()));
        }
        // RFC 9110 requires `Allow` on a 405, and `WWW-Authenticate` on a 401.
        if matches!(self, Self::MethodNotAllowed) {
            headers.push(("allow", ALLOWED_METHODS.to_owned()));
        }
        if let Self::Unauthorized { realm } = self {
            headers.push(("www-authenticate", realm.challenge().to_owned()));
        }
        headers
    }

    const fn retry_after_secs(&self) -> Option<u32> {
        match self {
            Self::NoValidData {
                retry_after_secs, ..
            }
            | Self::TooManyRequests { retry_after_secs } => Some(*retry_after_secs),
            // Fixed and short: the limit is on simultaneous requests, so it frees within seconds.
            Self::Overloaded => Some(3),
            Self::NotFound
            | Self::MethodNotAllowed
            | Self::BadQuery { .. }
            | Self::BadTarget
            | Self::PreconditionFailed
            | Self::Unauthorized { .. }
            | Self::Internal => None,
        }
    }

    const fn words(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NotFound => ("about:blank", "Not Found", "There is nothing at this path."),
            Self::MethodNotAllowed => (
                "about:blank",
                "Method Not Allowed",
                "This service is read with GET, HEAD or OPTIONS.",
            ),
            Self::NoValidData { .. } => (
                // The only problem with a type of its own: clients react to it. The others say no
                // more than their status.
                "urn:market-data:problem:no-valid-data",
                "No valid market data",
                "No source has data that is complete and young enough to be shown.",
            ),
            Self::BadQuery { parameter } => ("about:blank", "Bad Request", parameter.allowed()),
            Self::BadTarget => (
                "about:blank",
                "Bad Request",
                "A request has one host and a path that begins with a slash.",
            ),
            Self::PreconditionFailed => (
                "about:blank",
                "Precondition Failed",
                "What lies here has weak tags only, so nothing but * can match in If-Match.",
            ),
            Self::TooManyRequests { .. } => (
                "about:blank",
                "Too Many Requests",
                "This client asks more often than the data changes.",
            ),
            Self::Unauthorized { realm } => ("about:blank", "Unauthorized", realm.needs()),
            Self::Overloaded => (
                "about:blank",
                "Service Unavailable",
                "Too many requests at once.",
            ),
            Self::Internal => (
                "about:blank",
                "Internal Server Error",
                "The request could not be answered.",
            ),
        }
    }
}

impl Realm {
    /// The challenge of a 401 (RFC 6750).
    const fn challenge(self) -> &'static str {
        match self {
            Self::Metrics => "Bearer realm=\"metrics\"",
            Self::Origin => "Bearer realm=\"origin\"",
        }
    }

    const fn needs(self) -> &'static str {
        match self {
            Self::Metrics => "This needs the operator's bearer token.",
            Self::Origin => "This needs the bearer secret that the origin shares with the edge.",
        }
    }
}

impl From<NoPlace> for Failure {
    fn from(none: NoPlace) -> Self {
        match none {
            NoPlace::UnknownPath => Self::NotFound,
            NoPlace::OtherMethod => Self::MethodNotAllowed,
            NoPlace::BadQuery { parameter } => Self::BadQuery { parameter },
        }
    }
}

/// A pause of 3–10 s before the next try, spread over clients so that they do not all come back at
/// once.
#[must_use]
pub const fn jittered_retry_after_secs(now: UnixMs) -> u32 {
    // The clock's milliseconds serve as randomness, which this crate does not have.
    3 + (now.as_millis() % 8) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(failure: &Failure, status: u16) {
        let body: serde_json::Value = serde_json::from_str(&failure.body()).unwrap();
        assert_eq!(failure.status(), status);
        assert_eq!(body["status"], status, "body and status line disagree");
        assert!(
            failure
                .headers()
                .contains(&("cache-control", "no-store".to_owned()))
        );
        assert!(
            failure
                .headers()
                .contains(&("content-type", "application/problem+json".to_owned()))
        );
    }

    #[test]
    fn every_failure_has_its_status_in_line_and_body() {
        check(&Failure::NotFound, 404);
        check(&Failure::MethodNotAllowed, 405);
        check(
            &Failure::BadQuery {
                parameter: Parameter::Limit,
            },
            400,
        );
        check(&Failure::BadTarget, 400);
        check(&Failure::PreconditionFailed, 412);
        check(
            &Failure::Unauthorized {
                realm: Realm::Metrics,
            },
            401,
        );
        check(
            &Failure::Unauthorized {
                realm: Realm::Origin,
            },
            401,
        );
        check(
            &Failure::TooManyRequests {
                retry_after_secs: 10,
            },
            429,
        );
        check(&Failure::Overloaded, 503);
        check(&Failure::Internal, 500);
        check(
            &Failure::NoValidData {
                sources: Vec::new(),
                retry_after_secs: 4,
            },
            503,
        );
    }

    #[test]
    fn no_data_says_who_failed_how_and_when_to_ask_again() {
        let failure = Failure::NoValidData {
            sources: vec![SourceOutcome {
                name: "origin",
                outcome: "timeout".to_owned(),
                as_of_ms: None,
            }],
            retry_after_secs: 4,
        };
        let body: serde_json::Value = serde_json::from_str(&failure.body()).unwrap();
        assert_eq!(body["sources"][0]["outcome"], "timeout");
        assert_eq!(body["retry_after"], 4);
        assert!(failure.headers().contains(&("retry-after", "4".to_owned())));
    }

    #[test]
    fn a_refused_method_is_told_which_are_allowed() {
        assert!(
            Failure::MethodNotAllowed
                .headers()
                .contains(&("allow", "GET, HEAD, OPTIONS".to_owned()))
        );
    }

    #[test]
    fn who_asks_too_often_is_told_when_to_come_back() {
        let failure = Failure::TooManyRequests {
            retry_after_secs: 10,
        };
        assert!(
            failure
                .headers()
                .contains(&("retry-after", "10".to_owned()))
        );
        assert!(failure.body().contains(r#""retry_after":10"#));
    }

    #[test]
    fn who_has_no_token_is_told_which_kind_is_wanted() {
        for (realm, challenge) in [
            (Realm::Metrics, "Bearer realm=\"metrics\""),
            (Realm::Origin, "Bearer realm=\"origin\""),
        ] {
            let headers = Failure::Unauthorized { realm }.headers();
            assert!(
                headers.contains(&("www-authenticate", challenge.to_owned())),
                "{headers:?}"
            );
        }
    }

    #[test]
    fn what_is_not_asked_for_rightly_has_its_status() {
        assert_eq!(Failure::from(NoPlace::UnknownPath).status(), 404);
        assert_eq!(Failure::from(NoPlace::OtherMethod).status(), 405);
        let bad = Failure::from(NoPlace::BadQuery {
            parameter: Parameter::Timeframe,
        });
        assert_eq!(bad.status(), 400);
        assert!(bad.body().contains("timeframe is one of"), "{}", bad.body());
        let now = UnixMs::from_millis(0);
        assert_eq!(Failure::absent(Absence::NotMonitored, now).status(), 404);
        let absent = Failure::absent(Absence::NotAnalysed("too_old"), now);
        assert_eq!(absent.status(), 503);
        assert!(
            absent.body().contains(r#""outcome":"too_old""#),
            "{}",
            absent.body()
        );
    }

    #[test]
    fn the_pause_is_between_three_and_ten_seconds() {
        for millis in 0..1_000 {
            assert!((3..=10).contains(&jittered_retry_after_secs(UnixMs::from_millis(millis))));
        }
    }
}
