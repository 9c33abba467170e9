//! The keys of the store and their lifetimes.
//!
//! Data model: one publication writes every [`StoreKey`] and the [mark](PUBLICATION_KEY), all or
//! none, then announces the mark on [`PUBLISHED_CHANNEL`]. A leader holds [`LEADER_KEY`] and takes
//! its number from [`EPOCH_KEY`]. The mark, the epoch and the lease together keep an earlier leader
//! from overwriting a later one's data.

/// A key of the store. One publication writes all of them or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreKey {
    /// Figures over all contracts and of the whole market.
    Overview,
    /// Numbers of rising and falling contracts.
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

/// The [mark](crate::mark::Mark) of the stored publication, by which an older writer is refused.
pub const PUBLICATION_KEY: &str = "market:publication";

/// The lease of the one process that collects and publishes, as `process:epoch`.
pub const LEADER_KEY: &str = "market:leader";

/// The number of the last leadership. It never expires, so that a later leader always has a higher
/// one.
pub const EPOCH_KEY: &str = "market:epoch";

/// The channel on which each publication's mark is announced.
pub const PUBLISHED_CHANNEL: &str = "market:published";

/// The memory of the alerts, so that a restart neither repeats nor loses one.
pub const ALERT_STATE_KEY: &str = "dashboard:alert_state";

/// The key of every part of one contract's score.
#[must_use]
pub fn breakdown_key(symbol: &str) -> String {
    format!("confluence:breakdown:{symbol}")
}

/// The lifetime of a publication's mark, milliseconds. It is longer than data may be served, so a
/// writer that was suspended for as long cannot put back data older than readers have seen.
pub const MARK_TTL_MS: u64 = 3_600_000;

/// How far a number in the store may lie ahead of the clock, milliseconds. Epochs, times and
/// sequences all count time, so a number further ahead was written by no origin and must not shut
/// origins out. It equals the lifetime of a mark, so a smaller one shuts none out for longer than
/// that, either.
pub const MAX_AHEAD_MS: u64 = MARK_TTL_MS;

/// The longest lease that is plausible, milliseconds: ten times the longest that can be configured.
/// A longer one was not written by an origin.
pub const MAX_LEASE_MS: u64 = 600_000;

/// The shortest lifetime of a stored key, milliseconds.
const MIN_STORE_TTL_MS: u64 = 60_000;

/// The lifetime of stored keys, milliseconds. It outlasts ten missed publications, so data expires
/// by its `as_of_ms` before its key does, and an absent key never means more than old data.
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
