//! Alerts: something that just happened, as facts. Identity, level and sentence follow from the
//! facts, so nothing that is stored can carry a text of somebody else's, but for the symbol, which
//! is checked.
//!
//! Liquidation cascades have no alert: they need the venue's liquidation stream, which nobody reads
//! yet.

mod body;
mod kind;
mod regime_name;

use crate::market::is_plausible_symbol;
use crate::market::trades::Side;
use crate::snapshot::Sentiment;
use crate::units::{Amount, Fraction, Percent, Price, Score, UnixMs};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

pub use body::{AlertBody, AlertDetails};
pub use kind::{AlertKind, AlertLevel, NoTier, Tier};
pub use regime_name::{MalformedRegime, RegimeName};

/// The most alerts that are kept.
pub const MAX_ALERTS: usize = 100;

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

/// One alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// When it was noticed.
    pub at_ms: UnixMs,
    /// The contract; `None` for what is about the market or the data.
    pub symbol: Option<String>,
    /// What happened.
    pub event: AlertEvent,
}

impl Alert {
    /// What kind of thing happened.
    #[must_use]
    pub const fn kind(&self) -> AlertKind {
        match self.event {
            AlertEvent::RegimeChange { .. } => AlertKind::RegimeChange,
            AlertEvent::ScoreCrossing { .. } => AlertKind::ScoreCrossing,
            AlertEvent::Funding { .. } => AlertKind::Funding,
            AlertEvent::OpenInterest { .. } => AlertKind::OpenInterest,
            AlertEvent::LargeTrade { .. } => AlertKind::LargeTrade,
            AlertEvent::StaleData { .. } => AlertKind::StaleData,
            AlertEvent::FallbackShare { .. } => AlertKind::FallbackShare,
        }
    }

    /// How urgent it is: tiers ascend; a regime of another category counts more than another label.
    #[must_use]
    pub fn level(&self) -> AlertLevel {
        match &self.event {
            AlertEvent::RegimeChange { from, to } if from.category() == to.category() => {
                AlertLevel::Info
            }
            AlertEvent::ScoreCrossing { .. } | AlertEvent::LargeTrade { .. } => AlertLevel::Info,
            AlertEvent::RegimeChange { .. } | AlertEvent::FallbackShare { .. } => {
                AlertLevel::Warning
            }
            AlertEvent::Funding { tier, .. } | AlertEvent::OpenInterest { tier, .. } => {
                tier.level()
            }
            AlertEvent::StaleData { .. } => AlertLevel::Critical,
        }
    }

    /// What is silent during a cooldown: kind, symbol and tier, such as
    /// `funding:BTCUSDT:longs_pay_2`.
    #[must_use]
    pub fn key(&self) -> String {
        let kind = self.kind().name();
        let symbol = self.symbol.as_deref().unwrap_or("market");
        match &self.event {
            AlertEvent::ScoreCrossing {
                zone: ScoreZone::Long,
                ..
            } => format!("{kind}:{symbol}:long"),
            AlertEvent::ScoreCrossing {
                zone: ScoreZone::Short,
                ..
            } => format!("{kind}:{symbol}:short"),
            AlertEvent::Funding { tier, rate_8h_pct } => {
                let payer = if rate_8h_pct.get() > 0.0 {
                    "longs"
                } else {
                    "shorts"
                };
                format!("{kind}:{symbol}:{payer}_pay_{}", u8::from(*tier))
            }
            AlertEvent::OpenInterest { tier, .. } => format!("{kind}:{symbol}:{}", u8::from(*tier)),
            _ => format!("{kind}:{symbol}"),
        }
    }

    /// [`Self::key`] and the number of the cooldown in which it was noticed. As two alerts of one
    /// key are at least a cooldown apart, no two share an id; and two processes that notice the
    /// same give it the same id.
    #[must_use]
    pub fn id(&self) -> String {
        format!(
            "{}:{}",
            self.key(),
            self.at_ms.as_millis() / self.kind().cooldown_ms()
        )
    }

    fn check(&self) -> Result<(), AlertFault> {
        match (&self.symbol, self.kind().has_symbol()) {
            (None, false) => {}
            (Some(symbol), true) if is_plausible_symbol(symbol) => {}
            (Some(_), true) => return Err(AlertFault::MalformedSymbol),
            _ => return Err(AlertFault::MisplacedSymbol),
        }
        let holds = match &self.event {
            AlertEvent::RegimeChange { from, to } => from != to,
            AlertEvent::ScoreCrossing {
                zone: ScoreZone::Long,
                score,
            } => score.get() >= Sentiment::LONG_FROM,
            AlertEvent::ScoreCrossing {
                zone: ScoreZone::Short,
                score,
            } => score.get() <= Sentiment::SHORT_TO,
            AlertEvent::Funding { tier, rate_8h_pct } => {
                Tier::reached(rate_8h_pct.get().abs(), &FUNDING_TIERS_PCT) == Some(*tier)
            }
            AlertEvent::OpenInterest {
                tier,
                change_4h_pct,
                price_change_4h_pct,
            } => {
                Tier::reached(change_4h_pct.get(), &OPEN_INTEREST_TIERS_PCT) == Some(*tier)
                    && price_change_4h_pct.get().abs() >= OPEN_INTEREST_PRICE_MOVE_PCT
            }
            AlertEvent::LargeTrade { value_usd, .. } => value_usd.get() >= LARGE_TRADE_USD,
            AlertEvent::StaleData { age_ms } => *age_ms > STALE_AFTER_MS,
            AlertEvent::FallbackShare { share } => share.get() > MAX_FALLBACK_SHARE,
        };
        if holds {
            Ok(())
        } else {
            Err(AlertFault::NoReason)
        }
    }
}

/// The last alerts, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertSection {
    /// At most [`MAX_ALERTS`]; none is a fact too.
    pub alerts: Vec<Alert>,
}

impl AlertSection {
    /// Whether the section may be published.
    ///
    /// # Errors
    /// The first [`AlertFault`].
    pub fn check(&self) -> Result<(), AlertFault> {
        if self.alerts.len() > MAX_ALERTS {
            return Err(AlertFault::TooMany);
        }
        self.alerts.iter().try_for_each(Alert::check)?;
        if !self
            .alerts
            .is_sorted_by(|before, after| before.at_ms >= after.at_ms)
        {
            return Err(AlertFault::OutOfOrder);
        }
        let mut seen = HashSet::new();
        if self.alerts.iter().all(|alert| seen.insert(alert.id())) {
            Ok(())
        } else {
            Err(AlertFault::Repeated)
        }
    }
}

/// Why a section may not be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlertFault {
    /// More alerts than are kept.
    #[error("more than {MAX_ALERTS} alerts")]
    TooMany,
    /// A symbol that is none.
    #[error("an alert's symbol is malformed")]
    MalformedSymbol,
    /// A symbol where none belongs, or none where one does.
    #[error("an alert has a symbol that it should not have, or lacks one")]
    MisplacedSymbol,
    /// Numbers that do not reach the threshold that the alert says they did.
    #[error("an alert's numbers give no reason for it")]
    NoReason,
    /// Alerts that are not newest first.
    #[error("the alerts are not newest first")]
    OutOfOrder,
    /// The same alert twice.
    #[error("an alert stands twice")]
    Repeated,
}

impl AlertFault {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(self) {
            Self::TooMany => "alerts_too_many",
            Self::MalformedSymbol => "alerts_malformed_symbol",
            Self::MisplacedSymbol => "alerts_misplaced_symbol",
            Self::NoReason => "alerts_no_reason",
            Self::OutOfOrder => "alerts_out_of_order",
            Self::Repeated => "alerts_repeated",
        }
    }
}
