//! Projections of contracts against Bitcoin: the table, and the chart of rebased performance.

use super::head::Provenance;
use super::market::btc_dominance;
use crate::freshness::Freshness;
use crate::snapshot::Snapshot;
use crate::snapshot::beta::{BetaClass, BetaRow, BetaSpan, BetaWindow, RiskCategory};
use crate::snapshot::performance::{ChartOverview, ChartPoint, ChartTimeframe, PerformanceRow};
use crate::units::{Correlation, Fraction, Percent, Price, Ratio, Share, UnixMs};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct Beta<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    /// When the newest hour of the returns ended: the section's own time.
    beta_as_of_ms: Option<UnixMs>,
    overview: Overview,
    symbols: Vec<Symbol<'s>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "BetaOverview"))]
struct Overview {
    market_beta: Option<Ratio>,
    btc_dominance: Option<Share>,
    total_symbols: usize,
    high_beta_count: usize,
    low_beta_count: usize,
    neutral_beta_count: usize,
    avg_correlation: Option<Correlation>,
    market_regime: String,
    timestamp: u64,
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "BetaSymbol"))]
struct Symbol<'s> {
    symbol: &'s str,
    last_price: Option<Price>,
    change_24h: Option<Percent>,
    beta_7d: Option<Ratio>,
    beta_30d: Option<Ratio>,
    beta_90d: Option<Ratio>,
    correlation_7d: Option<Correlation>,
    correlation_30d: Option<Correlation>,
    correlation_90d: Option<Correlation>,
    r_squared_7d: Option<Fraction>,
    r_squared_30d: Option<Fraction>,
    r_squared_90d: Option<Fraction>,
    alpha_7d: Option<Percent>,
    alpha_30d: Option<Percent>,
    alpha_90d: Option<Percent>,
    risk_category: Option<Risk>,
    volatility_ratio: Option<Ratio>,
    /// How it moves beside Bitcoin, by the β of the window that speaks for the row.
    beta_class: Option<BetaClass>,
    /// What is known of each span, with how sure it is; spans with too few hours are left out.
    windows: Vec<Window>,
}

/// One span, with intervals that hold the true figure in 95 of 100 samples.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "BetaWindow"))]
struct Window {
    days: usize,
    /// Hours that both contracts have.
    hours: usize,
    beta: Ratio,
    beta_low: Option<Ratio>,
    beta_high: Option<Ratio>,
    r_squared: Fraction,
    /// What it gained beyond β times Bitcoin over these hours, percent; unknown where the interval
    /// holds zero.
    excess_return: Option<Percent>,
    excess_return_low: Option<Percent>,
    excess_return_high: Option<Percent>,
}

impl Window {
    fn of(span: BetaSpan, window: &BetaWindow) -> Self {
        let (beta, excess) = (window.beta_interval(), window.excess_interval());
        Self {
            days: span.hours() / 24,
            hours: window.pairs,
            beta: window.beta,
            beta_low: beta.map(|beta| beta.low),
            beta_high: beta.map(|beta| beta.high),
            r_squared: window.r_squared,
            excess_return: excess.map(|excess| excess.value),
            excess_return_low: excess.map(|excess| excess.low),
            excess_return_high: excess.map(|excess| excess.high),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "RiskCategory"))]
struct Risk {
    category: &'static str,
    color: &'static str,
    description: &'static str,
}

impl Risk {
    fn of(category: RiskCategory) -> Self {
        Self {
            category: category.name(),
            color: category.color(),
            description: category.description(),
        }
    }
}

impl<'s> Symbol<'s> {
    fn of(row: &'s BetaRow, snapshot: &Snapshot) -> Self {
        // Betas cover contracts that are not scored now; those rows have no price.
        let scored = snapshot
            .scores
            .iter()
            .find(|scored| scored.symbol == row.symbol);
        // A span without enough hours has no window, and each of its fields is `null`.
        let window = |span| row.window(span);
        let beta = |span| window(span).map(|window: &BetaWindow| window.beta);
        let correlation = |span| window(span).map(|window: &BetaWindow| window.correlation);
        let r_squared = |span| window(span).map(|window: &BetaWindow| window.r_squared);
        let alpha = |span| window(span).map(|window: &BetaWindow| window.alpha_pct);
        Self {
            symbol: &row.symbol,
            last_price: scored.map(|scored| scored.price),
            change_24h: scored.and_then(|scored| scored.change_24h),
            beta_7d: beta(BetaSpan::Week),
            beta_30d: beta(BetaSpan::Month),
            beta_90d: beta(BetaSpan::Quarter),
            correlation_7d: correlation(BetaSpan::Week),
            correlation_30d: correlation(BetaSpan::Month),
            correlation_90d: correlation(BetaSpan::Quarter),
            r_squared_7d: r_squared(BetaSpan::Week),
            r_squared_30d: r_squared(BetaSpan::Month),
            r_squared_90d: r_squared(BetaSpan::Quarter),
            alpha_7d: alpha(BetaSpan::Week),
            alpha_30d: alpha(BetaSpan::Month),
            alpha_90d: alpha(BetaSpan::Quarter),
            // By the row's leading window: a row without any window has no category.
            risk_category: row.risk_category().map(Risk::of),
            volatility_ratio: row.volatility_ratio(),
            beta_class: row.lead().map(|window| BetaClass::of(window.beta)),
            windows: BetaSpan::ALL
                .into_iter()
                // Unlike the flat fields above, which are `null`, a missing span is left out of the
                // list.
                .filter_map(|span| Some(Window::of(span, row.window(span)?)))
                .collect(),
        }
    }
}

/// The table. The section is there: whoever asks has looked.
pub(super) fn beta(snapshot: &Snapshot, class: Freshness) -> Beta<'_> {
    let section = snapshot.beta.value();
    let overview = section.map(crate::snapshot::beta::BetaSection::overview);
    Beta {
        provenance: Provenance::of(snapshot, class),
        beta_as_of_ms: snapshot.beta.as_of_ms(),
        overview: Overview {
            market_beta: overview.and_then(|overview| overview.market_beta),
            btc_dominance: btc_dominance(snapshot),
            total_symbols: overview.map_or(0, |overview| overview.total_symbols),
            high_beta_count: overview.map_or(0, |overview| overview.high_beta_count),
            low_beta_count: overview.map_or(0, |overview| overview.low_beta_count),
            neutral_beta_count: overview.map_or(0, |overview| overview.neutral_beta_count),
            avg_correlation: overview.and_then(|overview| overview.avg_correlation),
            market_regime: snapshot.regime.wire_form(),
            timestamp: snapshot.as_of_ms.as_secs(),
        },
        symbols: section.map_or_else(Vec::new, |section| {
            section
                .rows
                .iter()
                .map(|row| Symbol::of(row, snapshot))
                .collect()
        }),
    }
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct BetaChart<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    /// The moment of the chart's last points.
    chart_as_of_ms: Option<UnixMs>,
    chart_data: BTreeMap<&'s str, Vec<ChartPoint>>,
    /// Best first.
    performance_order: Vec<&'s str>,
    performance_summary: Vec<PerformanceRow<'s>>,
    overview: Option<ChartOverview>,
    /// RFC 3339.
    generated_at: String,
}

/// The chart of one timeframe, if there is one.
pub(super) fn chart(
    snapshot: &Snapshot,
    timeframe: ChartTimeframe,
    class: Freshness,
) -> Option<BetaChart<'_>> {
    let chart = snapshot.performance.value()?.chart(timeframe)?;
    let summary = chart.summary();
    Some(BetaChart {
        provenance: Provenance::of(snapshot, class),
        chart_as_of_ms: Some(chart.last_ms()),
        chart_data: chart
            .lines
            .iter()
            .map(|(symbol, line)| (symbol.as_str(), chart.points(line).collect()))
            .collect(),
        performance_order: summary.iter().map(|row| row.symbol).collect(),
        performance_summary: summary,
        // The price of the snapshot and not of the chart's last candle, so that it agrees with
        // other bodies.
        overview: chart.overview(snapshot.overview.btc_price),
        generated_at: snapshot.generated_at_ms.rfc3339(),
    })
}
