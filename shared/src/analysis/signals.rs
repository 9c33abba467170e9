//! Scores → signals. Momentum makes none: only a score in six dimensions does.

use crate::snapshot::{ScoreBasis, ScoreRow, Sentiment};
use crate::units::Score;
use serde::Serialize;

/// A score at least this far from neutral is a strong signal: 80 and more, 20 and less.
pub const STRONG_DEVIATION: f64 = 30.0;

/// A score at least this far from neutral is a medium signal: every long one, and shorts from 30 down.
pub const MEDIUM_DEVIATION: f64 = 20.0;

/// What a score suggests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "UPPERCASE")]
pub enum SignalType {
    /// At or above the long threshold.
    Buy,
    /// At or below the short threshold.
    Sell,
    /// Between.
    Neutral,
}

impl SignalType {
    /// By the one table of thresholds.
    #[must_use]
    pub fn of(score: Score) -> Self {
        match Sentiment::of(score) {
            Sentiment::Bullish => Self::Buy,
            Sentiment::Bearish => Self::Sell,
            Sentiment::Neutral => Self::Neutral,
        }
    }
}

/// How far a signal is from neutral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// [`STRONG_DEVIATION`] and more.
    Strong,
    /// [`MEDIUM_DEVIATION`] and more.
    Medium,
    /// Less.
    Weak,
}

impl Strength {
    /// The strength of a signal with this score; nothing for a neutral score, which is no signal.
    #[must_use]
    pub fn of(score: Score) -> Option<Self> {
        let deviation = (score.get() - 50.0).abs();
        (SignalType::of(score) != SignalType::Neutral).then_some(if deviation >= STRONG_DEVIATION {
            Self::Strong
        } else if deviation >= MEDIUM_DEVIATION {
            Self::Medium
        } else {
            Self::Weak
        })
    }
}

/// One contract's signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal<'s> {
    /// The score and its ticker.
    pub row: &'s ScoreRow,
    /// What it suggests.
    pub signal_type: SignalType,
    /// How strongly; unknown to a neutral row.
    pub strength: Option<Strength>,
}

/// The rows with a score in six dimensions, neutral ones too, in their order.
#[must_use]
pub fn signals(rows: &[ScoreRow]) -> Vec<Signal<'_>> {
    six_dimension(rows)
        .map(|row| Signal { row, signal_type: SignalType::of(row.score), strength: Strength::of(row.score) })
        .collect()
}

/// The rows whose score is confluence.
pub(super) fn six_dimension(rows: &[ScoreRow]) -> impl Iterator<Item = &ScoreRow> {
    rows.iter().filter(|row| row.score_basis == ScoreBasis::SixDimension)
}

/// Signals that are not neutral, by strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalCounts {
    /// The sum of the three.
    pub total: usize,
    /// Strong ones.
    pub strong: usize,
    /// Medium ones.
    pub medium: usize,
    /// Weak ones.
    pub weak: usize,
}

impl SignalCounts {
    /// Counts the signals; nothing when no row has a score in six dimensions, so that no signal is not taken for none.
    #[must_use]
    pub fn of(rows: &[ScoreRow]) -> Option<Self> {
        six_dimension(rows).next()?;
        let strengths: Vec<Strength> = six_dimension(rows).filter_map(|row| Strength::of(row.score)).collect();
        let count = |strength| strengths.iter().filter(|found| **found == strength).count();
        Some(Self {
            total: strengths.len(),
            strong: count(Strength::Strong),
            medium: count(Strength::Medium),
            weak: count(Strength::Weak),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(score: f64, signal_type: SignalType, strength: Option<Strength>) {
        let score = Score::new(score).unwrap();
        assert_eq!((SignalType::of(score), Strength::of(score)), (signal_type, strength), "at {score:?}");
    }

    #[test]
    fn a_signal_follows_the_one_table_of_thresholds() {
        check(100.0, SignalType::Buy, Some(Strength::Strong));
        check(80.0, SignalType::Buy, Some(Strength::Strong));
        check(79.99, SignalType::Buy, Some(Strength::Medium));
        check(70.0, SignalType::Buy, Some(Strength::Medium));
        check(69.99, SignalType::Neutral, None);
        check(50.0, SignalType::Neutral, None);
        check(35.01, SignalType::Neutral, None);
        check(35.0, SignalType::Sell, Some(Strength::Weak));
        check(30.0, SignalType::Sell, Some(Strength::Medium));
        check(20.0, SignalType::Sell, Some(Strength::Strong));
        check(0.0, SignalType::Sell, Some(Strength::Strong));
    }
}
