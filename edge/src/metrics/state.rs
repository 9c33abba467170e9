//! The state of an answer: how it came about, by which it is counted, logged and throttled.

use super::alert::Alert;

/// How an answer came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Fresh, from this isolate's memory.
    Hit,
    /// Marked aging, while a refresh runs.
    Aging,
    /// Fresh, after waiting for the origin.
    Origin,
    /// Fresh, after waiting for the colo's cache.
    ColoCache,
    /// Fresh, after waiting for Bybit itself.
    Direct,
    /// Fresh, after waiting for a fallback exchange.
    Secondary,
    /// From what all colos share, because every source failed.
    LastGood,
    /// Marked stale, because every source failed (stale-if-error).
    Stale,
    /// 503: nothing may be shown.
    Unavailable,
    /// 503: there is data, but without the analysis that was requested.
    NotAnalysed,
    /// 429: the client is over its rate limit and nothing is held.
    RateLimited,
    /// 4xx: no such path, method or symbol.
    Refused,
    /// 500: a defect, or settings that cannot be used.
    Failed,
}

impl State {
    shared::labels! {
        /// The name in logs, metrics and data points.
        pub const fn name(self) {
            Self::Hit => "hit",
            Self::Aging => "aging",
            Self::Origin => "origin",
            Self::ColoCache => "colo_cache",
            Self::Direct => "direct",
            Self::Secondary => "secondary",
            Self::LastGood => "last_good",
            Self::Stale => "stale",
            Self::Unavailable => "unavailable",
            Self::NotAnalysed => "not_analysed",
            Self::RateLimited => "rate_limited",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// The alert that an answer of this state raises.
    #[must_use]
    pub const fn alert(self) -> Option<Alert> {
        match self {
            Self::Stale | Self::LastGood => Some(Alert::ServingLastKnownGood),
            Self::Secondary => Some(Alert::ServingSecondaryExchange),
            Self::Unavailable => Some(Alert::ServingNothing),
            Self::Failed => Some(Alert::Failing),
            Self::Hit
            | Self::Aging
            | Self::Origin
            | Self::ColoCache
            | Self::Direct
            | Self::NotAnalysed
            | Self::RateLimited
            | Self::Refused => None,
        }
    }
}
