//! Scores of the monitored contracts: by the ticker alone, or in six dimensions.
//!
//! [`momentum`] reads the ticker. The origin computes the six dimensions outside this crate and
//! passes them in as [`Analysis`]. Their [`weights`] and the [`report`] are here, because the edge
//! needs them to serve a score.

pub mod momentum;

pub mod timeframe;

pub mod weights;

pub mod report;

use super::join::Market;
use crate::market::Ticker;
use crate::market::majors::MAJORS;
use crate::snapshot::confluence::Confluence;
use crate::snapshot::{ScoreBasis, ScoreRow};
use crate::units::{Score, UnixMs};
use std::collections::BTreeMap;

/// The six-dimension analysis of one contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// The score in six dimensions, if there is enough for one.
    pub confluence: Confluence,
    /// Earlier distinct scores, oldest first.
    pub history: Vec<Score>,
    /// When the previous leader computed it, where it is carried over from that one.
    pub carried_from_ms: Option<UnixMs>,
}

/// How long a score may be carried over, milliseconds. A new leader has its own inputs for every
/// contract before that.
pub const MAX_CARRIED_AGE_MS: u64 = 60_000;

/// The most scores that a history holds, the present one included.
pub const MAX_HISTORY: usize = 24;

/// Scores the `count` contracts with most turnover that can be scored, highest score first: in six
/// dimensions where an analysis has a score, else by the ticker alone. The majors are included
/// whatever turnover is stated for them.
#[must_use]
pub fn rows(
    market: &Market<'_, '_>,
    count: usize,
    analyses: &BTreeMap<String, Analysis>,
) -> Vec<ScoreRow> {
    let (majors, others): (Vec<_>, Vec<_>) = market
        .by_turnover()
        .into_iter()
        // A major whose turnover is unknown sorts last, and would have no score.
        .partition(|row| MAJORS.contains(&&*row.symbol));
    // Lazily scored: contracts beyond `count` cost nothing.
    let scored = majors
        .into_iter()
        .chain(others)
        .filter_map(|ticker| row(ticker, analyses.get(&*ticker.symbol)));
    let mut rows: Vec<ScoreRow> = scored.take(count).collect();
    sort(&mut rows);
    rows
}

/// Highest score first; symbols settle ties.
pub fn sort(rows: &mut [ScoreRow]) {
    rows.sort_by(|a, b| {
        b.score
            .get()
            .total_cmp(&a.score.get())
            .then_with(|| a.symbol.cmp(&b.symbol))
    });
}

/// One contract's row; `None` when too little is known for any score.
fn row(ticker: &Ticker<'_>, analysis: Option<&Analysis>) -> Option<ScoreRow> {
    let momentum = momentum::momentum(ticker);
    let analysed = analysis.and_then(|analysis| Some((analysis.confluence.score?, analysis)));
    let (score, reliability, score_basis, weights) = match (analysed, momentum) {
        (Some((score, Analysis { confluence, .. })), _) => (
            score,
            confluence.reliability,
            ScoreBasis::SixDimension,
            confluence.weights.clone(),
        ),
        // The analysis wins where it has a score. The ticker's score is kept beside it in
        // `momentum_score`.
        (None, Some(momentum)) => (
            momentum.score,
            momentum.reliability,
            ScoreBasis::TickerMomentum,
            Some(weights::version().to_owned()),
        ),
        (None, None) => return None,
    };
    Some(ScoreRow {
        symbol: ticker.symbol.to_string(),
        score,
        score_basis,
        weights,
        confluence: analysed.map(|(_, analysis)| Box::new(analysis.confluence.clone())),
        momentum_score: momentum.map(|momentum| momentum.score),
        reliability,
        score_as_of_ms: analysed.and_then(|(_, analysis)| analysis.carried_from_ms),
        score_history: analysed.map_or_else(Vec::new, |(score, analysis)| {
            continued(&analysis.history, score)
        }),
        price: ticker.last,
        change_24h: ticker.change_24h_pct.map(|change| change.rounded(4)),
        high_24h: ticker.high_24h,
        low_24h: ticker.low_24h,
        turnover_24h: ticker.turnover_24h.map(|turnover| turnover.rounded(2)),
        volume_base_24h: ticker.volume_base_24h,
    })
}

/// A history with the present score at its end, unless its last score is the same.
#[must_use]
pub fn continued(history: &[Score], score: Score) -> Vec<Score> {
    let mut history = history.to_vec();
    if history.last() != Some(&score) {
        history.push(score);
    }
    history.split_off(history.len().saturating_sub(MAX_HISTORY))
}
