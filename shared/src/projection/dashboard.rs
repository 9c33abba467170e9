//! The smaller bodies that existing clients read. Their field names and their redundancy are kept
//! as those clients expect them.

use super::head::Provenance;
use super::market::MarketOverview;
use super::rows::{MarketBreadth, MovedSymbol, ScoredSymbol};
use crate::analysis::signals::SignalCounts;
use crate::freshness::Freshness;
use crate::provenance::Source;
use crate::snapshot::Snapshot;
use crate::units::{Amount, Percent, Price, Score, Share};
use serde::Serialize;

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct Symbols<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    symbols: Vec<ScoredSymbol<'s>>,
    count: usize,
}

pub(super) fn symbols(snapshot: &Snapshot, class: Freshness) -> Symbols<'_> {
    let symbols = ScoredSymbol::whole(snapshot);
    Symbols {
        provenance: Provenance::of(snapshot, class),
        count: symbols.len(),
        symbols,
    }
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "DashboardOverview"))]
pub(super) struct Overview<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    summary: Summary,
    market_overview: MarketOverview<'s>,
    market_regime: String,
    top_gainers: Vec<MovedSymbol<'s>>,
    top_losers: Vec<MovedSymbol<'s>>,
    momentum: MomentumCounts,
    volatility: Volatility<'s>,
    signals: Signals,
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "DashboardSummary"))]
struct Summary {
    total_symbols: usize,
    /// All-market volume, USD.
    total_volume: Option<Amount>,
    /// Turnover of our contracts, USD.
    total_volume_24h: Option<Amount>,
    average_change: Percent,
    timestamp: u64,
}

/// How many contracts rise and fall.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
struct MomentumCounts {
    gainers: usize,
    losers: usize,
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "DashboardVolatility"))]
struct Volatility<'s> {
    value: Option<Amount>,
    level: &'s str,
}

/// Signals by strength: an object, never an array.
///
/// Momentum makes no signal, so the counts are `null` until there are six-dimension scores.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "DashboardSignals"))]
struct Signals {
    total: Option<usize>,
    strong: Option<usize>,
    medium: Option<usize>,
    weak: Option<usize>,
}

impl Signals {
    fn of(counts: Option<SignalCounts>) -> Self {
        Self {
            total: counts.map(|counts| counts.total),
            strong: counts.map(|counts| counts.strong),
            medium: counts.map(|counts| counts.medium),
            weak: counts.map(|counts| counts.weak),
        }
    }
}

pub(super) fn overview(snapshot: &Snapshot, class: Freshness) -> Overview<'_> {
    Overview {
        provenance: Provenance::of(snapshot, class),
        summary: Summary {
            total_symbols: snapshot.coverage.priced,
            total_volume: snapshot
                .global_market
                .value()
                // The whole market by CoinGecko, unlike the next field, which is the turnover of
                // our contracts.
                .map(|global| global.volume_24h.rounded(2)),
            total_volume_24h: snapshot.overview.total_turnover,
            average_change: snapshot.overview.average_change,
            timestamp: snapshot.as_of_ms.as_secs(),
        },
        market_overview: MarketOverview::of(snapshot),
        market_regime: snapshot.regime.wire_form(),
        top_gainers: MovedSymbol::all(&snapshot.movers.gainers),
        top_losers: MovedSymbol::all(&snapshot.movers.losers),
        // Existing clients read the counts of rising and falling contracts under this name.
        momentum: MomentumCounts {
            gainers: snapshot.breadth.up,
            losers: snapshot.breadth.down,
        },
        volatility: Volatility {
            value: snapshot.overview.dispersion,
            // The word of the regime, so that the number and its level never disagree.
            level: &snapshot.regime.dispersion,
        },
        signals: Signals::of(SignalCounts::of(&snapshot.scores)),
    }
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct FlatMarketOverview<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    #[serde(flatten)]
    market_overview: MarketOverview<'s>,
    market_breadth: MarketBreadth,
}

pub(super) fn market_overview(snapshot: &Snapshot, class: Freshness) -> FlatMarketOverview<'_> {
    FlatMarketOverview {
        provenance: Provenance::of(snapshot, class),
        market_overview: MarketOverview::of(snapshot),
        market_breadth: MarketBreadth::of(snapshot),
    }
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct MarketMovers<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    top_gainers: Vec<MovedSymbol<'s>>,
    top_losers: Vec<MovedSymbol<'s>>,
    volume_leaders: Vec<MovedSymbol<'s>>,
    statistics: Statistics,
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "MoverStatistics"))]
struct Statistics {
    total_symbols: usize,
    positive: usize,
    negative: usize,
    neutral: usize,
    /// Of all contracts, the unmoved ones included.
    positive_percentage: Option<Share>,
    negative_percentage: Option<Share>,
}

pub(super) fn market_movers(snapshot: &Snapshot, class: Freshness) -> MarketMovers<'_> {
    let breadth = &snapshot.breadth;
    // 0/0 for no contract is NaN, which `Share` refuses, so the share is `null`.
    let share = |count: usize| {
        Share::new(count as f64 / breadth.total() as f64 * 100.0)
            .ok()
            .map(|s| s.rounded(2))
    };
    MarketMovers {
        provenance: Provenance::of(snapshot, class),
        top_gainers: MovedSymbol::all(&snapshot.movers.gainers),
        top_losers: MovedSymbol::all(&snapshot.movers.losers),
        volume_leaders: MovedSymbol::all(&snapshot.volume_leaders),
        statistics: Statistics {
            total_symbols: breadth.total(),
            positive: breadth.up,
            negative: breadth.down,
            neutral: breadth.flat,
            positive_percentage: share(breadth.up),
            negative_percentage: share(breadth.down),
        },
    }
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct TopSymbols<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    symbols: Vec<TopSymbol<'s>>,
    source: Source,
    total_symbols_processed: usize,
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
struct TopSymbol<'s> {
    symbol: &'s str,
    price: Price,
    change_24h: Percent,
    /// USD.
    volume_24h: Amount,
    turnover_24h: Amount,
    status: &'static str,
    momentum_score: Option<Score>,
    data_source: Source,
}

pub(super) fn top_symbols(snapshot: &Snapshot, class: Freshness) -> TopSymbols<'_> {
    let momentum = |symbol: &str| {
        snapshot
            .scores
            .iter()
            .find(|row| row.symbol == symbol)?
            // Leaders are not all scored; a leader without a score has `null` here.
            .momentum_score
    };
    TopSymbols {
        provenance: Provenance::of(snapshot, class),
        symbols: snapshot
            .volume_leaders
            .iter()
            .map(|row| TopSymbol {
                symbol: &row.symbol,
                price: row.price,
                change_24h: row.change_24h,
                // Existing clients read a volume in dollars under this name, which is the turnover.
                volume_24h: row.turnover_24h,
                turnover_24h: row.turnover_24h,
                // The universe holds only contracts that trade.
                status: "trading",
                momentum_score: momentum(&row.symbol),
                data_source: snapshot.tickers_source,
            })
            .collect(),
        source: snapshot.tickers_source,
        total_symbols_processed: snapshot.coverage.priced,
    }
}
