//! What is served where, and what is stored where: the only place that knows a path or a key.

mod key_prefix;
mod path;
mod place;

pub use key_prefix::{BadKeyPrefix, KeyPrefix};
pub use place::{Asked, NoPlace, OTHER, Parameter, Place, Question, asked, find, route};

/// A body that clients read, projected from the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// Everything a mobile dashboard shows.
    MobileData,
    /// The same with the aliases that existing clients read.
    DashboardMobileData,
    /// The scored symbols alone.
    Symbols,
    /// The summary of existing clients.
    Overview,
    /// The market overview, flat.
    MarketOverview,
    /// Gainers, losers, turnover leaders.
    MarketMovers,
    /// The fifteen contracts with most turnover.
    TopSymbols,
    /// What the six-dimension scores say to do.
    Signals,
    /// The contracts that stand out, long and short.
    Opportunities,
    /// The last alerts.
    Alerts,
    /// The perpetuals as a whole, and what is unusual about them.
    PerpetualsPulse,
    /// Contracts against Bitcoin.
    Beta,
    /// The whole snapshot, as origin hands it to the edge.
    Snapshot,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 13] = [
        Self::MobileData,
        Self::DashboardMobileData,
        Self::Symbols,
        Self::Overview,
        Self::MarketOverview,
        Self::MarketMovers,
        Self::TopSymbols,
        Self::Signals,
        Self::Opportunities,
        Self::Alerts,
        Self::PerpetualsPulse,
        Self::Beta,
        Self::Snapshot,
    ];

    /// The name of the projection, in ETags and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MobileData => "mobile-data",
            Self::DashboardMobileData => "dashboard-mobile-data",
            Self::Symbols => "symbols",
            Self::Overview => "overview",
            Self::MarketOverview => "market-overview",
            Self::MarketMovers => "market-movers",
            Self::TopSymbols => "top-symbols",
            Self::Signals => "signals",
            Self::Opportunities => "opportunities",
            Self::Alerts => "alerts",
            Self::PerpetualsPulse => "perpetuals-pulse",
            Self::Beta => "beta",
            Self::Snapshot => "snapshot",
        }
    }

    /// The endpoint that clients reach at `path`.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        CLIENT_ROUTES
            .iter()
            .find(|(route, _)| *route == path)
            .map(|(_, endpoint)| *endpoint)
    }
}

/// Client paths, served alike by origin and edge.
pub const CLIENT_ROUTES: [(&str, Endpoint); 19] = [
    ("/mobile-data", Endpoint::MobileData),
    ("/api/dashboard/mobile-data", Endpoint::DashboardMobileData),
    (
        "/api/dashboard-cached/mobile-data",
        Endpoint::DashboardMobileData,
    ),
    ("/api/dashboard/symbols", Endpoint::Symbols),
    ("/api/dashboard-cached/symbols", Endpoint::Symbols),
    ("/api/dashboard/overview", Endpoint::Overview),
    ("/api/dashboard-cached/overview", Endpoint::Overview),
    ("/api/dashboard/market-overview", Endpoint::MarketOverview),
    (
        "/api/dashboard-cached/market-overview",
        Endpoint::MarketOverview,
    ),
    ("/api/market/overview", Endpoint::MarketOverview),
    ("/api/dashboard/market-movers", Endpoint::MarketMovers),
    (
        "/api/dashboard-cached/market-movers",
        Endpoint::MarketMovers,
    ),
    ("/api/dashboard/signals", Endpoint::Signals),
    ("/api/dashboard/opportunities", Endpoint::Opportunities),
    (
        "/api/dashboard-cached/opportunities",
        Endpoint::Opportunities,
    ),
    ("/api/dashboard/alerts", Endpoint::Alerts),
    ("/api/dashboard/perpetuals-pulse", Endpoint::PerpetualsPulse),
    ("/api/bitcoin-beta/realtime", Endpoint::Beta),
    ("/api/bybit-direct/top-symbols", Endpoint::TopSymbols),
];

/// A body about one contract, whose symbol ends the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SymbolEndpoint {
    /// The analysis as text, with what it rests on.
    Analysis,
    /// Every part of the score.
    Breakdown,
}

impl SymbolEndpoint {
    /// Every endpoint.
    pub const ALL: [Self; 2] = [Self::Analysis, Self::Breakdown];

    /// What stands before the symbol.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Analysis => "/api/dashboard/confluence-analysis/",
            Self::Breakdown => "/api/dashboard/confluence/breakdown/",
        }
    }

    /// The name of the projection, in ETags and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Analysis => "confluence-analysis",
            Self::Breakdown => "confluence-breakdown",
        }
    }
}

/// The newest alerts only; `?limit=` says how many, 1 to 100.
pub const RECENT_ALERTS: &str = "/api/dashboard/alerts/recent";

/// Contracts side by side; `?timeframe=` says how far back, in hours.
pub const BETA_CHART: &str = "/api/dashboard/beta-chart";

/// Where origin hands its snapshot to the edge.
pub const SNAPSHOT: &str = "/snapshot";

/// Whether a process answers at all.
pub const LIVE: &str = "/health/live";

/// Whether data is young enough to be sent clients to.
pub const READY: &str = "/health/ready";

/// Both in one body, as the edge and existing clients ask for it.
pub const HEALTH: [&str; 2] = ["/health", "/api/dashboard/health"];

/// Prometheus metrics.
pub const METRICS: &str = "/metrics";

/// The methods that every path answers to.
pub const ALLOWED_METHODS: &str = "GET, HEAD, OPTIONS";

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
    /// The body of [`Endpoint::MobileData`].
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
    use std::collections::HashSet;

    #[test]
    fn no_path_and_no_key_stands_twice() {
        let paths: HashSet<_> = CLIENT_ROUTES.iter().map(|(path, _)| path).collect();
        assert_eq!(paths.len(), CLIENT_ROUTES.len());
        let keys: HashSet<_> = StoreKey::ALL.iter().map(|key| key.name()).collect();
        assert_eq!(keys.len(), StoreKey::ALL.len());
        for other in [PUBLICATION_KEY, LEADER_KEY, EPOCH_KEY, ALERT_STATE_KEY] {
            assert!(!keys.contains(other), "{other}");
        }
    }

    #[test]
    fn a_path_is_found_only_as_it_is_written() {
        assert_eq!(Endpoint::at("/mobile-data"), Some(Endpoint::MobileData));
        for other in [
            "/mobile-data/",
            "/Mobile-Data",
            "mobile-data",
            "/",
            "",
            "/snapshot",
        ] {
            assert_eq!(Endpoint::at(other), None, "{other}");
        }
    }

    #[test]
    fn stored_keys_outlast_ten_publications() {
        assert_eq!(store_ttl_ms(2_000), 60_000);
        assert_eq!(store_ttl_ms(30_000), 300_000);
    }
}
