//! One contract's score with the ticker figures it is shown beside, and what it is made of.
//!
//! A row has one of two bases and says which: six dimensions, or the ticker's momentum alone.

use super::components::Components;
use super::confluence::Confluence;
use crate::units::{Amount, Fraction, Percent, Price, Score, UnixMs};
use serde::{Deserialize, Serialize};

/// What a score is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ScoreBasis {
    /// The full analysis in six dimensions.
    SixDimension,
    /// The ticker row alone: momentum, never presented as confluence.
    TickerMomentum,
}

impl ScoreBasis {
    /// The time that such a score looks at, hours; it says nothing of longer ones. In six
    /// dimensions: a quarter of an hour of trades and books, and candles whose weights fit it.
    /// Momentum: the day.
    #[must_use]
    pub const fn horizon_hours(self) -> u32 {
        match self {
            // The horizon that the weights of the timeframes are chosen for, see
            // `analysis::scores::timeframe`.
            Self::SixDimension => 4,
            Self::TickerMomentum => 24,
        }
    }
}

/// One symbol's latest score, with the ticker it belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreRow {
    /// The venue's full symbol.
    pub symbol: String,
    /// 0 extreme bearish – 100 extreme bullish.
    pub score: Score,
    /// What the score is made of.
    pub score_basis: ScoreBasis,
    /// The analysis in six dimensions; `None` for a momentum score.
    pub confluence: Option<Box<Confluence>>,
    /// The version of the weights and formulas by which the score was worked out; nothing from a
    /// release before this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// The ticker's own momentum score, whatever the basis of `score` is.
    pub momentum_score: Option<Score>,
    /// When the score was worked out, where that is earlier than the snapshot's time: it is
    /// carried over from the process that led before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_as_of_ms: Option<UnixMs>,
    /// The share of the score's inputs that was there.
    pub reliability: Fraction,
    /// The last distinct six-dimension scores, oldest first, this one last; 24 at most.
    pub score_history: Vec<Score>,
    /// Last price, USDT.
    pub price: Price,
    /// Change over 24 hours, percent.
    pub change_24h: Option<Percent>,
    /// Highest price of 24 hours.
    pub high_24h: Option<Price>,
    /// Lowest price of 24 hours.
    pub low_24h: Option<Price>,
    /// Turnover of 24 hours, USD.
    pub turnover_24h: Option<Amount>,
    /// Volume of 24 hours in the base coin.
    pub volume_base_24h: Option<Amount>,
}

impl ScoreRow {
    /// Whether change and turnover are known: some clients draw what is `null` as a number.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.change_24h.is_some() && self.turnover_24h.is_some()
    }

    /// When the score was worked out, in a snapshot of `as_of_ms`.
    #[must_use]
    pub fn scored_at(&self, as_of_ms: UnixMs) -> UnixMs {
        // Only a carried score has a time of its own; every other one was computed with the prices.
        self.score_as_of_ms.unwrap_or(as_of_ms)
    }

    /// The six dimensions, where the score has them.
    #[must_use]
    pub fn components(&self) -> Option<&Components> {
        self.confluence
            .as_deref()
            .map(|confluence| &confluence.components)
    }
}
