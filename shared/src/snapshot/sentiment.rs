//! The three words for a score, by the one table of thresholds.

use crate::units::Score;
use serde::{Deserialize, Serialize};

/// What a score says, by the one table of thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "UPPERCASE")]
pub enum Sentiment {
    /// 70 or more.
    Bullish,
    /// Between.
    Neutral,
    /// 35 or less.
    Bearish,
}

impl Sentiment {
    /// Scores from here on are long.
    pub const LONG_FROM: f64 = 70.0;

    /// Scores down to here are short.
    pub const SHORT_TO: f64 = 35.0;

    /// What `score` says.
    #[must_use]
    pub fn of(score: Score) -> Self {
        if score.get() >= Self::LONG_FROM {
            Self::Bullish
        } else if score.get() <= Self::SHORT_TO {
            Self::Bearish
        } else {
            Self::Neutral
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_sentiment(score: f64, expected: Sentiment) {
        assert_eq!(
            Sentiment::of(Score::new(score).unwrap()),
            expected,
            "at {score}"
        );
    }

    #[test]
    fn one_table_says_what_a_score_means() {
        check_sentiment(70.0, Sentiment::Bullish);
        check_sentiment(69.99, Sentiment::Neutral);
        check_sentiment(35.01, Sentiment::Neutral);
        check_sentiment(35.0, Sentiment::Bearish);
    }
}
