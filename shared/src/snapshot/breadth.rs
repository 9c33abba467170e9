//! Breadth: how many contracts rise and how many fall.

use crate::units::Share;
use serde::{Deserialize, Serialize};

/// The mood that the count of rising and falling contracts tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum BreadthMood {
    /// 60 % or more rise.
    Bullish,
    /// 40 % or fewer rise.
    Bearish,
    /// In between.
    Neutral,
}

/// Rising against falling contracts, by their 24-hour change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Breadth {
    /// Contracts that rose.
    pub up: usize,
    /// Contracts that fell.
    pub down: usize,
    /// Contracts that did not move.
    pub flat: usize,
    /// up / (up + down) · 100; unknown when nothing moved.
    pub percentage: Option<Share>,
    /// The mood; unknown when nothing moved.
    pub mood: Option<BreadthMood>,
}

impl Breadth {
    /// All contracts that were counted.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.up + self.down + self.flat
    }
}
