//! An alert as clients read it: with its id, its level, a sentence, and the numbers that it rests
//! on.
//!
//! Sentences are written here and not stored, so a release can reword them for old alerts, too.

use super::alert::Alert;
use super::event::{
    AlertEvent, CASCADE_FLOOR_USD, CASCADE_TIERS, FUNDING_TIERS_PCT, LARGE_TRADE_USD,
    MAX_FALLBACK_SHARE, OPEN_INTEREST_TIERS_PCT, STALE_AFTER_MS, ScoreZone, Taker,
};
use super::kind::AlertLevel;
use crate::snapshot::sentiment::Sentiment;
use crate::units::{Amount, Fraction, Percent, Price, Score, UnixMs};
use serde::Serialize;

/// One alert on the wire.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "Alert"))]
pub struct AlertBody<'a> {
    /// See [`Alert::id`].
    pub id: String,
    /// What happened, in a word.
    pub alert_type: &'static str,
    /// `info`, `warning` or `critical`.
    pub level: AlertLevel,
    /// The same as `low`, `medium` or `high`.
    pub severity: &'static str,
    /// The venue's full symbol; `null` for what is about the market or the data.
    pub symbol: Option<&'a str>,
    /// What happened, in a sentence.
    pub message: String,
    /// Unix seconds.
    pub unix_timestamp: u64,
    /// Unix milliseconds.
    pub timestamp: UnixMs,
    /// The numbers.
    pub details: AlertDetails<'a>,
}

/// The numbers of an alert; which ones, its `alert_type` tells.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(untagged)]
#[expect(
    missing_docs,
    reason = "the fields are those of `AlertEvent`, with the threshold that each went past"
)]
pub enum AlertDetails<'a> {
    RegimeChange {
        from: &'a str,
        to: &'a str,
    },
    ScoreCrossing {
        zone: ScoreZone,
        score: Score,
        threshold: f64,
    },
    Funding {
        tier: u8,
        rate_8h_pct: Percent,
        threshold_pct: f64,
    },
    OpenInterest {
        tier: u8,
        change_4h_pct: Percent,
        price_change_4h_pct: Percent,
        threshold_pct: f64,
    },
    LargeTrade {
        taker: Option<Taker>,
        value_usd: Amount,
        price: Price,
        traded_at_ms: UnixMs,
        threshold_usd: f64,
    },
    LiquidationCascade {
        tier: u8,
        long_usd: Amount,
        short_usd: Amount,
        median_usd: Amount,
        mad_usd: Amount,
        windows: usize,
        deviations: f64,
        threshold: f64,
        floor_usd: f64,
    },
    StaleData {
        age_ms: u64,
        threshold_ms: u64,
    },
    FallbackShare {
        share: Fraction,
        threshold: f64,
    },
}

impl Alert {
    /// The alert as clients read it.
    #[must_use]
    pub fn body(&self) -> AlertBody<'_> {
        let level = self.level();
        AlertBody {
            id: self.id(),
            alert_type: self.kind().name(),
            level,
            severity: level.severity(),
            symbol: self.symbol.as_deref(),
            message: self.message(),
            unix_timestamp: self.at_ms.as_secs(),
            // Milliseconds here and seconds above: clients of both kinds exist.
            timestamp: self.at_ms,
            details: self.details(),
        }
    }

    /// What happened, in a sentence. The symbol is the only word in it that is not ours.
    #[must_use]
    pub fn message(&self) -> String {
        let symbol = self.symbol.as_deref().unwrap_or("the market");
        match &self.event {
            AlertEvent::RegimeChange { from, to } => {
                format!(
                    "The market regime changed from \"{}\" to \"{}\".",
                    from.as_str(),
                    to.as_str()
                )
            }
            AlertEvent::ScoreCrossing { zone, score } => {
                // The same thresholds that raise the alert, so a changed threshold changes the
                // sentence, too.
                let (verb, side, threshold) = match zone {
                    ScoreZone::Long => ("rose", "long", Sentiment::LONG_FROM),
                    ScoreZone::Short => ("fell", "short", Sentiment::SHORT_TO),
                };
                format!(
                    "The score of {symbol} {verb} to {:.2}, past the {side} threshold of {threshold}.",
                    score.get()
                )
            }
            AlertEvent::Funding { tier, rate_8h_pct } => {
                let rate = rate_8h_pct.get();
                let payer = if rate > 0.0 {
                    "longs pay shorts"
                } else {
                    "shorts pay longs"
                };
                // The threshold of the tier and not the lowest one: it is what this alert exceeded.
                let threshold = tier.threshold(&FUNDING_TIERS_PCT);
                format!(
                    "Funding of {symbol} is {rate:+.4} % per 8 hours, {threshold} % or more: {payer}."
                )
            }
            AlertEvent::OpenInterest {
                change_4h_pct,
                price_change_4h_pct,
                ..
            } => format!(
                "Open interest of {symbol} grew {:.2} % in 4 hours while the price moved {:+.2} %.",
                change_4h_pct.get(),
                price_change_4h_pct.get()
            ),
            AlertEvent::LargeTrade {
                taker,
                value_usd,
                price,
                ..
            } => {
                let what = match taker {
                    Some(Taker::Buy) => "A taker bought",
                    Some(Taker::Sell) => "A taker sold",
                    // The venue states no side, so the sentence names none.
                    None => "One trade moved",
                };
                format!(
                    "{what} {:.0} USD of {symbol} at {}.",
                    value_usd.get(),
                    price.get()
                )
            }
            AlertEvent::LiquidationCascade { cascade, .. } => {
                let (long, short) = (cascade.sides.long_usd.get(), cascade.sides.short_usd.get());
                // Whole percents, of at least a million.
                let long_share = 100.0 * long / (long + short);
                format!(
                    "Positions worth {:.0} USD were liquidated in 5 minutes, {long_share:.0} % of it long; {:.0} USD is usual.",
                    long + short,
                    cascade.median_usd.get()
                )
            }
            AlertEvent::StaleData { age_ms } => {
                format!(
                    // Whole seconds, rounded down: the age is at least what the sentence says.
                    "The market data is {} s old, more than {} s.",
                    age_ms / 1_000,
                    STALE_AFTER_MS / 1_000
                )
            }
            AlertEvent::FallbackShare { share } => format!(
                "{:.1} % of the answers came from a fallback, more than {:.0} %.",
                share.get() * 100.0,
                MAX_FALLBACK_SHARE * 100.0
            ),
        }
    }

    fn details(&self) -> AlertDetails<'_> {
        match &self.event {
            AlertEvent::RegimeChange { from, to } => AlertDetails::RegimeChange {
                from: from.as_str(),
                to: to.as_str(),
            },
            AlertEvent::ScoreCrossing { zone, score } => {
                let threshold = match zone {
                    ScoreZone::Long => Sentiment::LONG_FROM,
                    ScoreZone::Short => Sentiment::SHORT_TO,
                };
                AlertDetails::ScoreCrossing {
                    zone: *zone,
                    score: *score,
                    threshold,
                }
            }
            AlertEvent::Funding { tier, rate_8h_pct } => AlertDetails::Funding {
                tier: (*tier).into(),
                rate_8h_pct: *rate_8h_pct,
                threshold_pct: tier.threshold(&FUNDING_TIERS_PCT),
            },
            AlertEvent::OpenInterest {
                tier,
                change_4h_pct,
                price_change_4h_pct,
            } => AlertDetails::OpenInterest {
                tier: (*tier).into(),
                change_4h_pct: *change_4h_pct,
                price_change_4h_pct: *price_change_4h_pct,
                threshold_pct: tier.threshold(&OPEN_INTEREST_TIERS_PCT),
            },
            AlertEvent::LargeTrade {
                taker,
                value_usd,
                price,
                traded_at_ms,
            } => AlertDetails::LargeTrade {
                taker: *taker,
                value_usd: *value_usd,
                price: *price,
                traded_at_ms: *traded_at_ms,
                threshold_usd: LARGE_TRADE_USD,
            },
            AlertEvent::LiquidationCascade { tier, cascade } => AlertDetails::LiquidationCascade {
                tier: (*tier).into(),
                long_usd: cascade.sides.long_usd,
                short_usd: cascade.sides.short_usd,
                median_usd: cascade.median_usd,
                mad_usd: cascade.mad_usd,
                windows: cascade.windows,
                deviations: cascade.deviations(),
                threshold: tier.threshold(&CASCADE_TIERS),
                floor_usd: CASCADE_FLOOR_USD,
            },
            AlertEvent::StaleData { age_ms } => AlertDetails::StaleData {
                age_ms: *age_ms,
                threshold_ms: STALE_AFTER_MS,
            },
            AlertEvent::FallbackShare { share } => AlertDetails::FallbackShare {
                share: *share,
                threshold: MAX_FALLBACK_SHARE,
            },
        }
    }
}
