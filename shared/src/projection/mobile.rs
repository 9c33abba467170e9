//! `/mobile-data`, and the same with the aliases that existing clients read.

use super::head::Head;
use super::market::{MarketOverview, btc_dominance};
use super::rows::{MarketBreadth, MovedSymbol, ScoredSymbol, TopMovers};
use crate::freshness::Freshness;
use crate::snapshot::{BasisStatus, Payer, Perps, Snapshot};
use crate::units::{Amount, Fraction, Percent, Price, Score, Share, UnixMs};
use serde::Serialize;

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct MobileData<'s> {
    #[serde(flatten)]
    head: Head,
    market_overview: MarketOverview<'s>,
    market_breadth: MarketBreadth,
    confluence_scores: Vec<ScoredSymbol<'s>>,
    top_movers: TopMovers<'s>,
    perps: PerpsView,
}

/// The perpetuals. There is no source for a split between centralised and decentralised venues, so
/// those stay `null`.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "Perps"))]
pub(super) struct PerpsView {
    /// Percent per 8 hours.
    funding_rate: Option<Percent>,
    /// Contracts in that mean.
    funding_contracts: Option<usize>,
    funding_zscore: Option<f64>,
    long_pct: Option<Share>,
    short_pct: Option<Share>,
    ls_entropy: Option<Fraction>,
    /// One side, USD.
    total_open_interest: Option<Amount>,
    /// Contracts in that sum.
    open_interest_contracts: Option<usize>,
    basis_pct: Option<Percent>,
    /// Contracts in that mean.
    basis_contracts: Option<usize>,
    basis_status: Option<BasisStatus>,
    /// What those who hold positions pay, weighted by open interest, percent per 8 hours.
    funding_paid: Option<Percent>,
    /// Who pays it.
    payer: Option<Payer>,
    /// How unusual it is: −5 to 5, 0 where it is as in the middle of its past.
    funding_unusual: Option<f64>,
    /// How far perpetuals are marked above their index, weighted by open interest, percent.
    premium: Option<Percent>,
    /// How unusual that is: −5 to 5, 0 where it is as in the middle of its last day.
    premium_unusual: Option<f64>,
    cex_pct: Option<Share>,
    dex_pct: Option<Share>,
    contract_count: Option<usize>,
}

impl PerpsView {
    pub(super) fn of(perps: &Perps) -> Self {
        Self {
            funding_rate: perps.funding_rate,
            funding_contracts: perps.funding_contracts,
            funding_zscore: perps.funding_zscore,
            long_pct: perps.long_pct,
            short_pct: perps.short_pct,
            ls_entropy: perps.ls_entropy,
            total_open_interest: perps.total_open_interest,
            open_interest_contracts: perps.open_interest_contracts,
            basis_pct: perps.basis_pct,
            basis_contracts: perps.basis_contracts,
            basis_status: perps.basis_status,
            funding_paid: perps.funding_paid,
            // From the mean by open interest: who holds, pays.
            payer: perps.funding_paid.and_then(Payer::of),
            funding_unusual: perps.funding_unusual,
            premium: perps.premium,
            premium_unusual: perps.premium_unusual,
            // No venue publishes these. The fields stay because clients read them.
            cex_pct: None,
            dex_pct: None,
            contract_count: perps.contract_count,
        }
    }
}

/// The body as it is shown until `until`.
pub(super) fn mobile_data(snapshot: &Snapshot, class: Freshness, until: UnixMs) -> MobileData<'_> {
    of_rows(snapshot, class, until, ScoredSymbol::of_phone(snapshot))
}

fn of_rows<'s>(
    snapshot: &'s Snapshot,
    class: Freshness,
    until: UnixMs,
    rows: Vec<ScoredSymbol<'s>>,
) -> MobileData<'s> {
    MobileData {
        head: Head::of(snapshot, class, until),
        market_overview: MarketOverview::of(snapshot),
        market_breadth: MarketBreadth::of(snapshot),
        confluence_scores: rows,
        top_movers: TopMovers::of(snapshot),
        perps: PerpsView::of(&snapshot.perps),
    }
}

/// [`MobileData`] with top-level aliases under every name that a client in the field reads.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct DashboardMobileData<'s> {
    #[serde(flatten)]
    mobile_data: MobileData<'s>,
    market_regime: String,
    regime: String,
    trend_strength: Option<Score>,
    trend_score: Option<Score>,
    current_volatility: Option<Amount>,
    btc_price: Price,
    btc_dominance: Option<Share>,
    total_volume_24h: Option<Amount>,
    average_change: Percent,
    gainers: Vec<MovedSymbol<'s>>,
    top_gainers: Vec<MovedSymbol<'s>>,
    losers: Vec<MovedSymbol<'s>>,
    symbols: Vec<ScoredSymbol<'s>>,
    top_symbols: Vec<ScoredSymbol<'s>>,
    funding_rate: Option<Percent>,
}

pub(super) fn dashboard_mobile_data(
    snapshot: &Snapshot,
    class: Freshness,
    until: UnixMs,
) -> DashboardMobileData<'_> {
    DashboardMobileData {
        // Whole rows only: clients of this path draw `null` as a number.
        mobile_data: of_rows(
            snapshot,
            class,
            until,
            ScoredSymbol::whole_of_phone(snapshot),
        ),
        market_regime: snapshot.regime.wire_form(),
        regime: snapshot.regime.wire_form(),
        trend_strength: snapshot.overview.trend_strength,
        trend_score: snapshot.overview.trend_strength,
        current_volatility: snapshot.overview.dispersion,
        btc_price: snapshot.overview.btc_price,
        btc_dominance: btc_dominance(snapshot),
        total_volume_24h: snapshot.overview.total_turnover,
        average_change: snapshot.overview.average_change,
        gainers: MovedSymbol::all(&snapshot.movers.gainers),
        top_gainers: MovedSymbol::all(&snapshot.movers.gainers),
        losers: MovedSymbol::all(&snapshot.movers.losers),
        symbols: ScoredSymbol::whole_of_phone(snapshot),
        top_symbols: ScoredSymbol::whole_of_phone(snapshot),
        funding_rate: snapshot.perps.funding_rate,
    }
}
