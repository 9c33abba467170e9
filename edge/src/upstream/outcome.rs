//! What comes of calling a source, in the words that headers, problems, the log and counters share.
//!
//! Three views of one call are kept apart: what is reported ([`Attempt`]), what it says about the
//! upstream ([`Health`]), and what may still be served ([`Refused::candidate`]). Old data is a
//! failed attempt at a healthy upstream that may leave a candidate.

use crate::policy::{Denied, Refusal, Unusable, Upstream};
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::rc::Rc;

/// The origin's name in outcomes and headers.
pub const ORIGIN: &str = Upstream::Origin.name();

/// Bybit's.
pub const BYBIT_DIRECT: &str = Upstream::Bybit.name();

/// Bybit's, at its other host.
pub const BYBIT_ALTERNATIVE: &str = "bybit-alternative";

/// The outcome of an attempt that did not fail.
const OK: &str = "ok";

/// One attempt at one source, as it is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The source.
    pub source: &'static str,
    /// Why it did not help; `None` when it did.
    pub failure: Option<AttemptFailure>,
    /// How long it took, milliseconds; `None` when no call was made.
    pub took_ms: Option<u64>,
}

impl Attempt {
    /// The outcome in one word.
    #[must_use]
    pub fn outcome(&self) -> &str {
        self.failure.as_ref().map_or(OK, |failure| &failure.outcome)
    }
}

/// Why an attempt did not help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptFailure {
    /// A machine-readable word.
    pub outcome: String,
    /// The whole story, for the log.
    pub message: String,
    /// The error type of RFC 9209, where one applies.
    pub proxy_error: Option<&'static str>,
    /// The HTTP status that came, where one did.
    pub received_status: Option<u16>,
    /// The time of the data that was refused, where it had one.
    pub as_of: Option<UnixMs>,
}

impl AttemptFailure {
    /// A failure of which nothing but its word is known: no answer of the source came here.
    #[must_use]
    pub const fn without_answer(outcome: String, message: String) -> Self {
        Self {
            outcome,
            message,
            proxy_error: None,
            received_status: None,
            as_of: None,
        }
    }

    /// The failure of a call that was denied before it was made.
    #[must_use]
    pub fn denied(denied: Denied) -> Self {
        Self {
            proxy_error: Some("destination_unavailable"),
            ..Self::without_answer(denied.label().to_owned(), denied.to_string())
        }
    }
}

/// What a call says of the upstream itself, whatever its data is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    Works,
    /// It does not, or not with data.
    Fails,
    /// It turned us away.
    Refuses(Refusal),
}

/// An error that makes the refresh go on, and what may still be served if no other source has
/// better.
#[derive(Debug)]
pub struct Refused<E> {
    /// Why the refresh goes on.
    pub error: E,
    /// A valid snapshot that is merely old.
    pub candidate: Option<Rc<ValidSnapshot>>,
}

impl<E> From<E> for Refused<E> {
    fn from(error: E) -> Self {
        Self {
            error,
            candidate: None,
        }
    }
}

/// A valid snapshot that is not good enough while another source can be called.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct UnusableSnapshot {
    /// What is wrong with it.
    pub reason: Unusable,
    /// Its time.
    pub as_of: UnixMs,
}
