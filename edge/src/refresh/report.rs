//! What came of a refresh, for headers, problems, the log and counters.

use crate::last_good::LAST_GOOD_STORE;
use crate::metrics::{self, Alert};
use crate::policy::{Denied, Refusal, Upstream};
use crate::upstream::Attempt;
use shared::exchange::secondary::Secondary;
use shared::headers::cache_status::Forward;
use shared::headers::request_id::RequestId;
use shared::units::UnixMs;

/// Bybit's refusals of this whole colo, as against a limit of one call.
const BANS: [Refusal; 2] = [Refusal::Region, Refusal::RateLimit];

/// Where a refresh found its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// In the colo's cache.
    EdgeCache,
    /// At the origin, which said this of its own store.
    Origin {
        /// Its `Cache-Status`.
        cache_status: Option<String>,
    },
    /// At Bybit itself.
    BybitDirect,
    /// At a fallback exchange.
    Secondary(Secondary),
    /// In what all colos share, after every source had failed.
    LastGood,
}

impl Via {
    /// The name in the log and in counters.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::EdgeCache => "edge-cache",
            Self::Origin { .. } => Upstream::Origin.name(),
            Self::BybitDirect => Upstream::Bybit.name(),
            Self::Secondary(secondary) => Upstream::of(*secondary).name(),
            Self::LastGood => LAST_GOOD_STORE,
        }
    }
}

/// The `fwd` reason of `Cache-Status` for a refresh that began while this was held (RFC 9211).
#[must_use]
pub const fn why_forward(held: Option<UnixMs>) -> Forward {
    if held.is_some() {
        Forward::Stale
    } else {
        Forward::UriMiss
    }
}

/// What came of a refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which refresh it was.
    pub generation: u64,
    /// The request that led it.
    pub request_id: RequestId,
    /// Why it called anybody: what the isolate and its colo held was too old, or they held nothing.
    pub forward: Forward,
    /// Where it found data; `None` when it found none.
    pub via: Option<Via>,
    /// Every source that had its turn, in the order of preference.
    pub attempts: Vec<Attempt>,
    /// Whether Bybit was called as a hedge, beside a silent origin.
    pub hedged: bool,
    /// When it began.
    pub began: UnixMs,
    /// How long it took, milliseconds.
    pub took_ms: u64,
}

impl Report {
    /// Whether it found data young enough to end the search. The last good snapshot of all colos is
    /// served but is no success: the sources are called again as after a failure.
    #[must_use]
    pub const fn succeeded(&self) -> bool {
        matches!(
            self.via,
            Some(Via::EdgeCache | Via::Origin { .. } | Via::BybitDirect | Via::Secondary(_))
        )
    }

    /// Whether no call was made, because circuit breakers are open.
    #[must_use]
    pub fn is_breaker_open(&self) -> bool {
        let is_open = |attempt: &Attempt| attempt.outcome() == Denied::BreakerOpen.label();
        // The store of all colos is no upstream that a breaker could keep from being called.
        let mut upstreams = self
            .attempts
            .iter()
            .filter(|attempt| attempt.source != LAST_GOOD_STORE);
        self.attempts.iter().any(is_open) && upstreams.all(|attempt| attempt.took_ms.is_none())
    }

    /// The alert that the attempts raise.
    #[must_use]
    pub fn alert(&self) -> Option<Alert> {
        // The refusal itself, or a call that is denied because of an earlier one.
        let is_ban = |outcome: &str| {
            BANS.iter()
                .any(|ban| ban.answer_label() == Some(outcome) || ban.label() == outcome)
        };
        self.attempts
            .iter()
            .any(|attempt| attempt.source == Upstream::Bybit.name() && is_ban(attempt.outcome()))
            .then_some(Alert::DirectPathBanned)
    }

    /// Counts the refresh and its attempts.
    pub fn count(&self) {
        metrics::refreshed(
            self.via.as_ref().map(Via::name),
            self.attempts
                .iter()
                .map(|attempt| (attempt.source, attempt.outcome())),
        );
    }

    /// Logs the refresh if a source failed: one that went the usual way is no news.
    pub(super) fn log(&self) {
        if self
            .attempts
            .iter()
            .all(|attempt| attempt.failure.is_none())
        {
            return;
        }
        let attempts: Vec<_> = self.attempts.iter().map(attempt_line).collect();
        let line = serde_json::json!({
            "event": "refresh",
            "request_id": self.request_id.as_str(),
            "alert": self.alert().map(Alert::name),
            "via": self.via.as_ref().map(Via::name),
            "hedged": self.hedged,
            "took_ms": self.took_ms,
            // The name of the field in the log, which queries rely on.
            "asked": attempts,
        });
        worker::console_warn!("{line}");
    }
}

fn attempt_line(attempt: &Attempt) -> serde_json::Value {
    serde_json::json!({
        "source": attempt.source,
        "outcome": attempt.outcome(),
        "message": attempt.failure.as_ref().map(|failure| &failure.message),
        "took_ms": attempt.took_ms,
    })
}
