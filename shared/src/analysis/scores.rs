//! Scores of the monitored contracts. The six-dimension scores' place is beside [`momentum`].

pub mod momentum;

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
