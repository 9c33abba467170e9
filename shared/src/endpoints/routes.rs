//! The table of paths, the same at origin and edge.
//!
//! A path is an interface: existing clients call each of these, so a path is never changed or
//! removed. Several paths with one body are aliases of earlier versions.

/// A body that clients read, projected from the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// Everything a mobile dashboard shows.
    MobileData,
    /// The same with field aliases that existing clients read.
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
    /// The signals of the six-dimension scores.
    Signals,
    /// The contracts whose scores stand out, long and short.
    Opportunities,
    /// The last alerts.
    Alerts,
    /// The perpetuals as a whole, and what is unusual about them.
    PerpetualsPulse,
    /// What was liquidated, and since when that is known.
    Liquidations,
    /// Funding and open interest of every contract.
    Contracts,
    /// The tops of the monitored contracts' books.
    Books,
    /// Contracts against Bitcoin.
    Beta,
    /// The whole snapshot, as origin hands it to the edge.
    Snapshot,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 16] = [
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
        Self::Liquidations,
        Self::Contracts,
        Self::Books,
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
            Self::Liquidations => "liquidations",
            Self::Contracts => "contracts",
            Self::Books => "books",
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
            // A linear search over twenty short texts; a map would not be faster.
            .map(|(_, endpoint)| *endpoint)
    }
}

/// Client paths, served alike by origin and edge.
pub const CLIENT_ROUTES: [(&str, Endpoint); 22] = [
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
    ("/api/liquidations", Endpoint::Liquidations),
    ("/api/contracts", Endpoint::Contracts),
    ("/api/books", Endpoint::Books),
    ("/api/bitcoin-beta/realtime", Endpoint::Beta),
    ("/api/bybit-direct/top-symbols", Endpoint::TopSymbols),
];

/// A body about one contract. The symbol is the rest of the path.
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

    /// The path before the symbol.
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

/// The whole snapshot, which the edge reads from the origin.
pub const SNAPSHOT: &str = "/snapshot";

/// Liveness: whether the process answers at all.
pub const LIVE: &str = "/health/live";

/// Readiness: whether the data is fresh enough for a load balancer to send clients here.
pub const READY: &str = "/health/ready";

/// Both in one body, as the edge and existing clients read it.
pub const HEALTH: [&str; 2] = ["/health", "/api/dashboard/health"];

/// Prometheus metrics.
pub const METRICS: &str = "/metrics";

/// The methods that every path answers to.
pub const ALLOWED_METHODS: &str = "GET, HEAD, OPTIONS";

#[cfg(test)]
mod tests {
    use super::*;

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
}
