//! The kinds of alert, the level of each, and its cooldown: the time in which the same key does not
//! alert again.
//!
//! Kinds and their names are an interface: they are in the wire form, in ids and in keys.

use crate::units::MINUTE_MS;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlertKind {
    /// The market's regime is another.
    RegimeChange,
    /// A score entered the long or the short zone.
    ScoreCrossing,
    /// Funding reached a tier.
    Funding,
    /// Open interest grew to a tier while the price moved.
    OpenInterest,
    /// One trade of at least [`super::LARGE_TRADE_USD`].
    LargeTrade,
    /// At least [`super::CASCADE_FLOOR_USD`] was liquidated in five minutes, far more than usual.
    LiquidationCascade,
    /// The snapshot is older than [`super::STALE_AFTER_MS`].
    StaleData,
    /// More than [`super::MAX_FALLBACK_SHARE`] of the answers came from a fallback.
    FallbackShare,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::RegimeChange,
        Self::ScoreCrossing,
        Self::Funding,
        Self::OpenInterest,
        Self::LargeTrade,
        Self::LiquidationCascade,
        Self::StaleData,
        Self::FallbackShare,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RegimeChange => "regime_change",
            Self::ScoreCrossing => "score_crossing",
            Self::Funding => "funding",
            Self::OpenInterest => "open_interest",
            Self::LargeTrade => "large_trade",
            Self::LiquidationCascade => "liquidation_cascade",
            Self::StaleData => "stale_data",
            Self::FallbackShare => "fallback_share",
        }
    }

    /// How long the same (kind, symbol, tier) stays silent after an alert.
    ///
    /// - regime: 15 minutes, the time in which a market that hovers at a threshold settles
    /// - score: 30 minutes, the longest candle but one that a score rests on
    /// - funding and open interest: 4 hours, the usual funding interval and the span that is
    ///   compared
    /// - large trade: 5 minutes, for one order is filled in many trades
    /// - liquidation cascade: 15 minutes, three of the windows that are compared
    /// - stale data: 10 minutes; fallback share: 30 minutes: long enough for an operator to act
    #[must_use]
    pub const fn cooldown_ms(self) -> u64 {
        match self {
            Self::RegimeChange | Self::LiquidationCascade => 15 * MINUTE_MS,
            Self::ScoreCrossing | Self::FallbackShare => 30 * MINUTE_MS,
            // Four hours: the period over which open interest is compared, and half a funding
            // period.
            Self::Funding | Self::OpenInterest => 240 * MINUTE_MS,
            Self::LargeTrade => 5 * MINUTE_MS,
            Self::StaleData => 10 * MINUTE_MS,
        }
    }

    /// Whether the kind is about one contract; the others are about the market or the data.
    #[must_use]
    pub const fn has_symbol(self) -> bool {
        matches!(
            self,
            Self::ScoreCrossing | Self::Funding | Self::OpenInterest | Self::LargeTrade
        )
    }
}

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum AlertLevel {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warning,
    /// Worth acting on.
    Critical,
}

impl AlertLevel {
    /// The same in the words of existing clients.
    #[must_use]
    pub const fn severity(self) -> &'static str {
        match self {
            Self::Info => "low",
            Self::Warning => "medium",
            Self::Critical => "high",
        }
    }
}

/// A rung of a ladder of three thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Tier {
    /// The lowest threshold is reached.
    First,
    /// The middle one.
    Second,
    /// The highest.
    Third,
}

impl Tier {
    /// The highest tier whose threshold `value` reaches.
    #[must_use]
    pub fn reached(value: f64, ladder: &[f64; 3]) -> Option<Self> {
        let reached = |(tier, threshold): (Self, &f64)| (value >= *threshold).then_some(tier);
        [Self::First, Self::Second, Self::Third]
            .into_iter()
            .zip(ladder)
            .filter_map(reached)
            // The highest tier that is reached. A NaN reaches none, since every comparison with it
            // is false.
            .max()
    }

    /// Its threshold.
    #[must_use]
    pub const fn threshold(self, ladder: &[f64; 3]) -> f64 {
        let [first, second, third] = *ladder;
        match self {
            Self::First => first,
            Self::Second => second,
            Self::Third => third,
        }
    }

    pub(super) const fn level(self) -> AlertLevel {
        match self {
            Self::First => AlertLevel::Info,
            Self::Second => AlertLevel::Warning,
            Self::Third => AlertLevel::Critical,
        }
    }
}

impl From<Tier> for u8 {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::First => 1,
            Tier::Second => 2,
            Tier::Third => 3,
        }
    }
}

impl TryFrom<u8> for Tier {
    type Error = NoTier;

    fn try_from(number: u8) -> Result<Self, NoTier> {
        match number {
            1 => Ok(Self::First),
            2 => Ok(Self::Second),
            3 => Ok(Self::Third),
            _ => Err(NoTier(number)),
        }
    }
}

/// A number that names no tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no tier from 1 to 3")]
pub struct NoTier(u8);
