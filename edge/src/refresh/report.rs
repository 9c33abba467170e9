//! What came of a refresh, for headers, problems, the log and counters.

use crate::last_good::LAST_GOOD_STORE;
use crate::metrics::Alert;
use crate::policy::{Refusal, Upstream, Withheld};
use crate::upstream::Asked;
use shared::exchange::secondary::Secondary;
use shared::headers::cache_status::Forward;
use shared::headers::request_id::RequestId;
use shared::units::UnixMs;

/// Bybit's word that this colo may not ask.
const BANS: [Refusal; 2] = [Refusal::Region, Refusal::RateLimit];

/// Where a refresh found what it brought.
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
    /// At another exchange.
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

/// Why somebody else is asked, where this is held.
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
    /// Why it asked: what the isolate or its colo held was too old, or neither held anything.
    pub forward: Forward,
    /// Where it found data; nothing when it found none.
    pub via: Option<Via>,
    /// Every source that had its turn, in the order of preference.
    pub asked: Vec<Asked>,
    /// Whether Bybit was asked beside an origin that was silent.
    pub hedged: bool,
    /// When it began.
    pub began: UnixMs,
    /// How long it took, milliseconds.
    pub took_ms: u64,
}

impl Report {
    /// Whether a source brought data that ends the search.
    #[must_use]
    pub const fn succeeded(&self) -> bool {
        matches!(
            self.via,
            Some(Via::EdgeCache | Via::Origin { .. } | Via::BybitDirect | Via::Secondary(_))
        )
    }

    /// Whether nobody was asked, because those who failed again and again are being left alone.
    #[must_use]
    pub fn left_all_alone(&self) -> bool {
        let mut sources = self
            .asked
            .iter()
            .filter(|asked| asked.source != LAST_GOOD_STORE);
        let is_open = |asked: &Asked| {
            asked
                .failure
                .as_ref()
                .is_some_and(|failed| failed.outcome == Withheld::BreakerOpen.label())
        };
        self.asked.iter().any(is_open) && sources.all(|asked| asked.took_ms.is_none())
    }

    /// The alert that what the sources said raises.
    #[must_use]
    pub fn alert(&self) -> Option<Alert> {
        let tells = |ban: Refusal, outcome: &str| {
            ban.answer_label() == Some(outcome) || ban.label() == outcome
        };
        let is_banned = |asked: &Asked| {
            let failure = asked
                .failure
                .as_ref()
                .filter(|_| asked.source == Upstream::Bybit.name());
            failure.is_some_and(|failed| BANS.iter().any(|ban| tells(*ban, &failed.outcome)))
        };
        self.asked
            .iter()
            .any(is_banned)
            .then_some(Alert::DirectPathBanned)
    }

    /// Writes a line when a source failed: a refresh that went the usual way is no news.
    pub(super) fn log(&self) {
        if self.asked.iter().all(|asked| asked.failure.is_none()) {
            return;
        }
        let asked: Vec<_> = self.asked.iter().map(asked_line).collect();
        let line = serde_json::json!({
            "event": "refresh",
            "request_id": self.request_id.as_str(),
            "alert": self.alert().map(Alert::name),
            "via": self.via.as_ref().map(Via::name),
            "hedged": self.hedged,
            "took_ms": self.took_ms,
            "asked": asked,
        });
        worker::console_warn!("{line}");
    }
}

fn asked_line(asked: &Asked) -> serde_json::Value {
    serde_json::json!({
        "source": asked.source,
        "outcome": asked.failure.as_ref().map_or("ok", |failed| &failed.outcome),
        "message": asked.failure.as_ref().map(|failed| &failed.message),
        "took_ms": asked.took_ms,
    })
}
