//! One alert: what happened, when and where. Its kind, level, key and id follow from that.
//!
//! An alert that is read back is checked against the same thresholds that raise one, so a stored
//! alert cannot claim what its numbers do not show.

use super::event::{
    AlertEvent, CASCADE_FLOOR_USD, CASCADE_TIERS, FUNDING_TIERS_PCT, LARGE_TRADE_USD,
    MAX_FALLBACK_SHARE, OPEN_INTEREST_PRICE_MOVE_PCT, OPEN_INTEREST_TIERS_PCT, STALE_AFTER_MS,
    ScoreZone,
};
use super::fault::AlertFault;
use super::kind::{AlertKind, AlertLevel, Tier};
use crate::market::is_plausible_symbol;
use crate::snapshot::sentiment::Sentiment;
use crate::units::UnixMs;
use serde::{Deserialize, Serialize};

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
            AlertEvent::LiquidationCascade { .. } => AlertKind::LiquidationCascade,
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
            AlertEvent::Funding { tier, .. }
            | AlertEvent::OpenInterest { tier, .. }
            | AlertEvent::LiquidationCascade { tier, .. } => tier.level(),
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
                // The payer is part of the key: funding that turns from one extreme to the other is
                // news in spite of the cooldown.
                let payer = if rate_8h_pct.get() > 0.0 {
                    "longs"
                } else {
                    "shorts"
                };
                format!("{kind}:{symbol}:{payer}_pay_{}", u8::from(*tier))
            }
            AlertEvent::OpenInterest { tier, .. } | AlertEvent::LiquidationCascade { tier, .. } => {
                format!("{kind}:{symbol}:{}", u8::from(*tier))
            }
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
            // Integer division: every moment of one cooldown window gives the same number.
            self.at_ms.as_millis() / self.kind().cooldown_ms()
        )
    }

    /// Whether the numbers are those of such an alert.
    pub(super) fn check(&self) -> Result<(), AlertFault> {
        match (&self.symbol, self.kind().has_symbol()) {
            // The symbol is the only foreign text of an alert, so it is checked before the numbers.
            (None, false) => {}
            (Some(symbol), true) if is_plausible_symbol(symbol) => {}
            (Some(_), true) => return Err(AlertFault::MalformedSymbol),
            _ => return Err(AlertFault::MisplacedSymbol),
        }
        let holds = match &self.event {
            // A change to the same regime is no event.
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
                // Exactly this tier: a higher rate belongs to a higher tier, which has another key.
                Tier::reached(rate_8h_pct.get().abs(), &FUNDING_TIERS_PCT) == Some(*tier)
            }
            AlertEvent::OpenInterest {
                tier,
                change_4h_pct,
                price_change_4h_pct,
            } => {
                Tier::reached(change_4h_pct.get(), &OPEN_INTEREST_TIERS_PCT) == Some(*tier)
                    // Open interest that grows while the price stands still does not alert.
                    && price_change_4h_pct.get().abs() >= OPEN_INTEREST_PRICE_MOVE_PCT
            }
            AlertEvent::LargeTrade { value_usd, .. } => value_usd.get() >= LARGE_TRADE_USD,
            AlertEvent::LiquidationCascade { tier, cascade } => {
                cascade.is_compared()
                    && cascade.sides.total() >= CASCADE_FLOOR_USD
                    && Tier::reached(cascade.deviations(), &CASCADE_TIERS) == Some(*tier)
            }
            // Strictly above, like the sentence ("more than"); tiers include their threshold ("or
            // more").
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
