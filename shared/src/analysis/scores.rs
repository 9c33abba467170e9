//! Scores of the monitored contracts: by the ticker alone, or in six dimensions.
//!
//! Facts flow down the modules below: `inputs` → `bars`, `flow` → the formulas of the six dimensions → `six_dimension`
//! → [`combine`] → [`report`]. What needs indicators stands behind the feature `confluence`; the types of the result and
//! their weights do not, for whoever serves scores needs them.

pub mod momentum;

pub mod dimension;

pub mod sub_component;

pub mod timeframe;

pub mod reading;

pub mod interpret;

pub mod combine;

pub mod report;

#[cfg(feature = "confluence")]
pub mod maths;

#[cfg(feature = "confluence")]
pub mod indicators;

#[cfg(feature = "confluence")]
pub mod bars;

#[cfg(feature = "confluence")]
mod profile;

#[cfg(feature = "confluence")]
pub mod flow;

#[cfg(feature = "confluence")]
mod swings;

#[cfg(feature = "confluence")]
pub mod technical;

#[cfg(feature = "confluence")]
pub mod volume;

#[cfg(feature = "confluence")]
pub mod orderflow;

#[cfg(feature = "confluence")]
pub mod orderbook;

#[cfg(feature = "confluence")]
pub mod price_structure;

#[cfg(feature = "confluence")]
pub mod sentiment;

#[cfg(feature = "confluence")]
pub mod inputs;

#[cfg(feature = "confluence")]
pub mod six_dimension;

use super::join::Market;
use crate::market::Ticker;
use crate::snapshot::{ScoreBasis, ScoreRow};

/// Scores the `count` contracts with most turnover from their tickers alone, highest score first.
#[must_use]
pub fn from_tickers(market: &Market<'_, '_>, count: usize) -> Vec<ScoreRow> {
    let mut rows: Vec<ScoreRow> = market.by_turnover().into_iter().take(count).filter_map(momentum_row).collect();
    sort(&mut rows);
    rows
}

/// Highest score first; symbols settle ties.
pub fn sort(rows: &mut [ScoreRow]) {
    rows.sort_by(|a, b| b.score.get().total_cmp(&a.score.get()).then_with(|| a.symbol.cmp(&b.symbol)));
}

/// A row whose score is the ticker's momentum; nothing when too little is known for one.
fn momentum_row(ticker: &Ticker<'_>) -> Option<ScoreRow> {
    let momentum = momentum::momentum(ticker)?;
    Some(ScoreRow {
        symbol: ticker.symbol.to_string(),
        score: momentum.score,
        score_basis: ScoreBasis::TickerMomentum,
        components: None,
        momentum_score: Some(momentum.score),
        reliability: momentum.reliability,
        score_history: Vec::new(),
        price: ticker.last,
        change_24h: ticker.change_24h_pct.rounded(4),
        high_24h: ticker.high_24h,
        low_24h: ticker.low_24h,
        turnover_24h: ticker.turnover_24h.rounded(2),
        volume_base_24h: ticker.volume_base_24h,
    })
}
