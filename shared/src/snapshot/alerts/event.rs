//! The events that alert, and the thresholds from which on they do.
//!
//! The thresholds are public because three places use them: the detector in the origin, the check
//! of stored alerts, and the sentences for clients.

use super::kind::Tier;
use super::regime_name::RegimeName;
use crate::market::trades::Side;
use crate::snapshot::liquidations::LiquidatedSides;
use crate::units::{Amount, Fraction, MAD_TO_DEVIATION, Percent, Price, Score, UnixMs, round_to};
use serde::{Deserialize, Serialize};

/// Funding per 8 hours beyond which each tier begins, percent, whoever pays.
pub const FUNDING_TIERS_PCT: [f64; 3] = [0.05, 0.1, 0.15];

/// Growth of open interest in 4 hours at which each tier begins, percent.
pub const OPEN_INTEREST_TIERS_PCT: [f64; 3] = [8.0, 12.0, 18.0];

/// The least move of the price, either way, over the same 4 hours, percent: growing positions that
/// move nothing are no news.
pub const OPEN_INTEREST_PRICE_MOVE_PCT: f64 = 2.0;

/// The least value of a large trade, USD.
pub const LARGE_TRADE_USD: f64 = 750_000.0;

/// A snapshot older than this is stale, milliseconds.
pub const STALE_AFTER_MS: u64 = 120_000;

/// More than this share of answers from a fallback is a fault.
pub const MAX_FALLBACK_SHARE: f64 = 0.1;

/// The least that is liquidated in five minutes in a cascade, USD.
pub const CASCADE_FLOOR_USD: f64 = 1_000_000.0;

/// Deviations above the usual at which each tier of a cascade begins.
pub const CASCADE_TIERS: [f64; 3] = [6.0, 12.0, 24.0];

/// The least deviation that a cascade is measured by, USD. In quiet hours most windows are nearly
/// equal, and without it the smallest liquidation would be infinitely unusual.
pub const LEAST_CASCADE_DEVIATION_USD: f64 = 50_000.0;

/// The fewest earlier windows of five minutes that tell what is usual: an hour of them.
pub const FEWEST_CASCADE_WINDOWS: usize = 12;

/// The most of them: a day without the last window.
const MOST_CASCADE_WINDOWS: usize = 287;

/// Which zone a score entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum ScoreZone {
    /// At or above the long threshold.
    Long,
    /// At or below the short threshold.
    Short,
}

/// The taker's side of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Taker {
    /// The taker bought.
    Buy,
    /// The taker sold.
    Sell,
}

impl From<Side> for Taker {
    fn from(side: Side) -> Self {
        match side {
            Side::Buy => Self::Buy,
            Side::Sell => Self::Sell,
        }
    }
}

/// What was liquidated in five minutes, beside the windows of five minutes before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiquidationCascade {
    /// Liquidated in the last window.
    #[serde(flatten)]
    pub sides: LiquidatedSides,
    /// The median of the earlier windows, both sides, USD.
    pub median_usd: Amount,
    /// The median distance of the earlier windows from it, USD.
    pub mad_usd: Amount,
    /// The earlier windows.
    pub windows: usize,
}

impl LiquidationCascade {
    /// How far the last window is above the usual: (both sides − median) / the larger of 1.4826 ×
    /// median distance and [`LEAST_CASCADE_DEVIATION_USD`], to two decimals.
    #[must_use]
    pub fn deviations(&self) -> f64 {
        let deviation = (MAD_TO_DEVIATION * self.mad_usd.get()).max(LEAST_CASCADE_DEVIATION_USD);
        round_to((self.sides.total() - self.median_usd.get()) / deviation, 2)
    }

    /// Whether there are as many earlier windows as it takes, and no more than a day has.
    pub(super) fn is_compared(&self) -> bool {
        (FEWEST_CASCADE_WINDOWS..=MOST_CASCADE_WINDOWS).contains(&self.windows)
    }
}

/// What happened, in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AlertEvent {
    /// The market's regime is another.
    RegimeChange {
        /// The one that was told last.
        from: RegimeName,
        /// The one that is.
        to: RegimeName,
    },
    /// A score entered a zone.
    ScoreCrossing {
        /// Which.
        zone: ScoreZone,
        /// The score.
        score: Score,
    },
    /// Funding reached a tier.
    Funding {
        /// Which.
        tier: Tier,
        /// Percent per 8 hours; positive when longs pay.
        rate_8h_pct: Percent,
    },
    /// Open interest grew to a tier.
    OpenInterest {
        /// Which.
        tier: Tier,
        /// Growth over 4 hours, percent.
        change_4h_pct: Percent,
        /// The price's move over the same 4 hours, percent.
        price_change_4h_pct: Percent,
    },
    /// One large trade.
    LargeTrade {
        /// The taker's side, where the venue tells it.
        taker: Option<Taker>,
        /// Price times size, USD.
        value_usd: Amount,
        /// The price, USDT.
        price: Price,
        /// When it was made.
        traded_at_ms: UnixMs,
    },
    /// Far more than usual was liquidated in five minutes.
    LiquidationCascade {
        /// Which.
        tier: Tier,
        /// The last five minutes, and those before.
        #[serde(flatten)]
        cascade: LiquidationCascade,
    },
    /// The snapshot is old.
    StaleData {
        /// Its age, milliseconds.
        age_ms: u64,
    },
    /// Answers came from a fallback.
    FallbackShare {
        /// Their share.
        share: Fraction,
    },
}
