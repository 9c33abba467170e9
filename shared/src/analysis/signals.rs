//! Scores → signals. Only a six-dimension score makes a signal; momentum makes none, because it
//! reads a single ticker row.
//!
//! Two scales exist side by side. [`SignalType`] keeps the thresholds that existing clients know
//! ([`Sentiment::of`]); [`Stance`] has thresholds symmetric about neutral.

use crate::snapshot::{ScoreBasis, ScoreRow, Sentiment};
use crate::units::Score;
use serde::Serialize;

/// A score at least this far from neutral is a strong signal: 80 and more, 20 and less.
pub const STRONG_DEVIATION: f64 = 30.0;

/// A score at least this far from neutral is a medium signal: every long one, and shorts from 30
/// down.
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
        // A neutral score has no strength, however far it is from 50: the thresholds are not
        // symmetric.
        (SignalType::of(score) != SignalType::Neutral).then_some(if deviation >= STRONG_DEVIATION {
            Self::Strong
        } else if deviation >= MEDIUM_DEVIATION {
            Self::Medium
        } else {
            Self::Weak
        })
    }
}

/// Which side a score takes, by thresholds that lie as far from neutral on either: a mirrored
/// market has the mirrored stance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Stance {
    /// 70 and more.
    Long,
    /// Between.
    Neutral,
    /// 30 and less.
    Short,
}

impl Stance {
    /// The side of a score.
    #[must_use]
    pub fn of(score: Score) -> Self {
        match score.get() - 50.0 {
            // Inclusive on both sides, so that 70 and 30 mirror each other.
            deviation if deviation >= MEDIUM_DEVIATION => Self::Long,
            deviation if deviation <= -MEDIUM_DEVIATION => Self::Short,
            _ => Self::Neutral,
        }
    }

    /// How far it is from neutral; nothing for a neutral one.
    #[must_use]
    pub fn strength(score: Score) -> Option<Strength> {
        let is_strong = (score.get() - 50.0).abs() >= STRONG_DEVIATION;
        (Self::of(score) != Self::Neutral).then_some(if is_strong {
            Strength::Strong
        } else {
            Strength::Medium
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

/// The signals of the rows with a six-dimension score, neutral ones included, in their order.
#[must_use]
pub fn signals(rows: &[ScoreRow]) -> Vec<Signal<'_>> {
    six_dimension(rows)
        .map(|row| Signal {
            row,
            signal_type: SignalType::of(row.score),
            strength: Strength::of(row.score),
        })
        .collect()
}

/// The rows whose score is confluence.
pub(super) fn six_dimension(rows: &[ScoreRow]) -> impl Iterator<Item = &ScoreRow> {
    rows.iter()
        .filter(|row| row.score_basis == ScoreBasis::SixDimension)
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
    /// Counts the signals; `None` when no row has a six-dimension score. Zero would read as a
    /// market without signals.
    #[must_use]
    pub fn of(rows: &[ScoreRow]) -> Option<Self> {
        six_dimension(rows).next()?;
        let strengths: Vec<Strength> = six_dimension(rows)
            .filter_map(|row| Strength::of(row.score))
            .collect();
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
        assert_eq!(
            (SignalType::of(score), Strength::of(score)),
            (signal_type, strength),
            "at {score:?}"
        );
    }

    #[test]
    fn a_mirrored_score_takes_the_other_side_with_the_same_strength() {
        for tenths in 0..=500 {
            let deviation = f64::from(tenths) / 10.0;
            let (above, below) = (
                Score::new(50.0 + deviation).unwrap(),
                Score::new(50.0 - deviation).unwrap(),
            );
            let mirrored = match Stance::of(above) {
                Stance::Long => Stance::Short,
                Stance::Neutral => Stance::Neutral,
                Stance::Short => Stance::Long,
            };
            assert_eq!(Stance::of(below), mirrored, "{deviation} from neutral");
            assert_eq!(
                Stance::strength(above),
                Stance::strength(below),
                "{deviation} from neutral"
            );
        }
        let of = |score| {
            (
                Stance::of(Score::new(score).unwrap()),
                Stance::strength(Score::new(score).unwrap()),
            )
        };
        assert_eq!(of(69.99), (Stance::Neutral, None));
        assert_eq!(of(70.0), (Stance::Long, Some(Strength::Medium)));
        assert_eq!(of(20.0), (Stance::Short, Some(Strength::Strong)));
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
