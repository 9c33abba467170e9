//! The market regime: its state in words, and the figures that the words rest on.
//!
//! The texts are owned strings and not enums, so that a snapshot of another release with other
//! words can be read; the validation boundary checks that they are plain words.

use super::score::ScoreBasis;
use crate::units::Score;
use serde::{Deserialize, Serialize};

/// Where the market heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Mean score 70 or more.
    #[serde(rename = "Strong Bullish")]
    StrongBullish,
    /// 60 or more.
    Bullish,
    /// In between.
    Neutral,
    /// 40 or less.
    Bearish,
    /// 30 or less.
    #[serde(rename = "Strong Bearish")]
    StrongBearish,
}

impl Direction {
    /// Every direction, from bullish to bearish.
    pub const ALL: [Self; 5] = [
        Self::StrongBullish,
        Self::Bullish,
        Self::Neutral,
        Self::Bearish,
        Self::StrongBearish,
    ];

    crate::labels! {
        /// The category of the regime's wire form.
        pub const fn name(self) {
            Self::StrongBullish => "Strong Bullish",
            Self::Bullish => "Bullish",
            Self::Neutral => "Neutral",
            Self::Bearish => "Bearish",
            Self::StrongBearish => "Strong Bearish",
        }
    }
}

/// The market's state in words, and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regime {
    /// The category.
    pub direction: Direction,
    /// The label, such as `Broad Rally`.
    pub label: String,
    /// Mean of the scores.
    pub mean_score: Score,
    /// What those scores are made of.
    pub score_basis: ScoreBasis,
    /// `broad`, `mixed` or `narrow`.
    pub breadth: String,
    /// `high`, `elevated` or `normal`.
    pub dispersion: String,
    /// `extreme_fear` … `extreme_greed`; unknown without fear & greed.
    pub sentiment: Option<String>,
}

impl Regime {
    /// The wire form, `"Category: Label"`: always one string.
    #[must_use]
    pub fn wire_form(&self) -> String {
        format!("{}: {}", self.direction.name(), self.label)
    }
}
