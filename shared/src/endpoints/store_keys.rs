//! What is stored where and for how long: the only place that knows a key of the store.

/// A key of the store. One publication writes all of them or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreKey {
    /// Figures over all contracts and of the whole market.
    Overview,
    /// Rising against falling.
    Breadth,
    /// Gainers and losers.
    Movers,
    /// The scored symbols with their tickers.
    Tickers,
    /// The market's state in words.
    Regime,
    /// Bitcoin's share of the whole market.
    BtcDominance,
    /// What the six-dimension scores say to do.
    Signals,
    /// The last alerts.
    Alerts,
    /// The body of [`Endpoint::MobileData`](super::Endpoint::MobileData).
    MobileData,
    /// The whole snapshot, from which a restarted origin goes on.
    Snapshot,
}

impl StoreKey {
    /// Every key.
    pub const ALL: [Self; 10] = [
        Self::Overview,
        Self::Breadth,
        Self::Movers,
        Self::Tickers,
        Self::Regime,
        Self::BtcDominance,
        Self::Signals,
        Self::Alerts,
        Self::MobileData,
        Self::Snapshot,
    ];

    /// The key's name in Redis.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "market:overview",
            Self::Breadth => "market:breadth",
            Self::Movers => "market:movers",
            Self::Tickers => "market:tickers",
            Self::Regime => "analysis:market_regime",
            Self::BtcDominance => "market:btc_dominance",
            Self::Signals => "analysis:signals",
            Self::Alerts => "dashboard:alerts",
            Self::MobileData => "dashboard:mobile-data",
            Self::Snapshot => "market:snapshot",
        }
    }
}

/// The key that holds the [mark](crate::mark::Mark) of what is stored, by which an older writer is
/// refused.
pub const PUBLICATION_KEY: &str = "market:publication";

/// The key that holds the lease of the one process that collects and publishes, as `process:epoch`.
pub const LEADER_KEY: &str = "market:leader";

/// The key that holds the number of the last leadership. It never expires: a later leader has a
/// higher number.
pub const EPOCH_KEY: &str = "market:epoch";

/// The channel on which each publication's mark is announced.
pub const PUBLISHED_CHANNEL: &str = "market:published";

/// The key that holds what the alerts remember, so that a restart neither repeats nor forgets one.
pub const ALERT_STATE_KEY: &str = "dashboard:alert_state";

/// The key that holds every part of one contract's score.
#[must_use]
pub fn breakdown_key(symbol: &str) -> String {
    format!("confluence:breakdown:{symbol}")
}

/// How long the mark of a publication lives, milliseconds: longer than the data may be served, so
/// that a writer that slept meanwhile cannot put back what is older than readers have seen.
pub const MARK_TTL_MS: u64 = 3_600_000;

/// How far a number of the store may lie ahead of the clock, milliseconds, before it is nobody's:
/// epochs, times and sequences all count time, so what is further ahead was written by no origin,
/// and must shut none out. It is the life of a mark, so a lower one shuts none out for longer than
/// that either.
pub const MAX_AHEAD_MS: u64 = MARK_TTL_MS;

/// A lease that lasts longer, milliseconds, is no origin's: ten times the longest that can be
/// configured.
pub const MAX_LEASE_MS: u64 = 600_000;

/// The least life of a stored key, milliseconds.
const MIN_STORE_TTL_MS: u64 = 60_000;

/// How long stored keys live: long enough to outlast ten missed publications, so that a key's
/// absence never says more than its `as_of_ms` would have.
#[must_use]
pub const fn store_ttl_ms(publication_interval_ms: u64) -> u64 {
    let ten_intervals = publication_interval_ms.saturating_mul(10);
    if ten_intervals > MIN_STORE_TTL_MS {
        ten_intervals
    } else {
        MIN_STORE_TTL_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_keys_outlast_ten_publications() {
        assert_eq!(store_ttl_ms(2_000), 60_000);
        assert_eq!(store_ttl_ms(30_000), 300_000);
    }
}
