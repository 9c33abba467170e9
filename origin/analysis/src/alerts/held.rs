//! What is remembered of one contract between two observations, and which events follow from one to
//! the next.
//!
//! State machine per figure (`Held`): `Unseen` → `Calm` or `Beyond` (the baseline, without an
//! event) → events when a threshold or a higher tier is reached. Hysteresis: each threshold is left
//! below where it is reached.

use super::facts::{ContractFacts, OpenInterestMove, large_value};
use serde::{Deserialize, Serialize};
use shared::snapshot::Sentiment;
use shared::snapshot::alerts::{
    AlertEvent, CASCADE_FLOOR_USD, CASCADE_TIERS, FUNDING_TIERS_PCT, LiquidationCascade,
    OPEN_INTEREST_PRICE_MOVE_PCT, OPEN_INTEREST_TIERS_PCT, ScoreZone, Taker, Tier,
};
use shared::units::{Percent, Score, UnixMs};

/// A threshold that was reached is left below this share of it.
const LEAVE_SHARE: f64 = 0.9;

/// A score zone is left this far inside its threshold, points: more than a score moves within
/// minutes.
const LEAVE_POINTS: f64 = 5.0;

/// Whether a value is above its limit. One that was above stays so until it falls below nine tenths
/// of the limit.
pub(super) fn above(value: f64, limit: f64, was: bool) -> bool {
    value > if was { limit * LEAVE_SHARE } else { limit }
}

/// Where a figure of a contract stood when it was last known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Held<T> {
    /// Never known, so the next value is its baseline.
    Unseen,
    /// Between the thresholds.
    Calm,
    /// Beyond a threshold.
    Beyond(T),
}

impl<T> Held<T> {
    fn of(beyond: Option<T>) -> Self {
        beyond.map_or(Self::Calm, Self::Beyond)
    }
}

/// Who pays funding, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Paying {
    longs_pay: bool,
    tier: Tier,
}

/// What is remembered of one contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Watch {
    /// When it was last observed.
    pub(super) seen_ms: UnixMs,
    zone: Held<ScoreZone>,
    funding: Held<Paying>,
    open_interest: Held<Tier>,
    /// Trades up to this time were taken into account.
    pub(super) trades_until_ms: UnixMs,
}

impl Watch {
    /// The baseline. What is the case now is no news, nor are trades of the past.
    pub(super) fn first(contract: &ContractFacts<'_>, now: UnixMs) -> Self {
        let unseen = Self {
            seen_ms: now,
            zone: Held::Unseen,
            funding: Held::Unseen,
            open_interest: Held::Unseen,
            trades_until_ms: now,
        };
        unseen.next(contract, now).0
    }

    /// What is remembered after an observation, and the events that follow from it. An unknown
    /// figure keeps its last state.
    pub(super) fn next(self, contract: &ContractFacts<'_>, now: UnixMs) -> (Self, Vec<AlertEvent>) {
        let mut next = Self {
            seen_ms: now,
            ..self
        };
        let mut events = Vec::new();
        if let Some(score) = contract.score {
            // Leaving a zone changes the state and is no event.
            next.zone = Held::of(zone(score, self.zone));
            if let Held::Beyond(zone) = next.zone
                && self.zone != Held::Unseen
                && next.zone != self.zone
            {
                events.push(AlertEvent::ScoreCrossing { zone, score });
            }
        }
        if let Some(rate) = contract.funding_8h_pct {
            // Rounded before it is compared, so that the published rate explains its tier.
            let rate_8h_pct = rate.rounded(6);
            next.funding = Held::of(paying(rate_8h_pct, self.funding));
            if let Held::Beyond(paying) = next.funding
                && has_risen(paying, self.funding)
            {
                events.push(AlertEvent::Funding {
                    tier: paying.tier,
                    rate_8h_pct,
                });
            }
        }
        if let Some(moved) = contract.open_interest {
            next.open_interest = Held::of(growing(moved, self.open_interest));
            let (change_4h_pct, price_change_4h_pct) = (moved.change_pct, moved.price_change_pct);
            match (self.open_interest, next.open_interest) {
                // From `Unseen` there is no event: that is the baseline.
                (Held::Calm, Held::Beyond(tier)) => {
                    events.push(AlertEvent::OpenInterest {
                        tier,
                        change_4h_pct,
                        price_change_4h_pct,
                    });
                }
                (Held::Beyond(before), Held::Beyond(tier)) if tier > before => {
                    events.push(AlertEvent::OpenInterest {
                        tier,
                        change_4h_pct,
                        price_change_4h_pct,
                    });
                }
                _ => {}
            }
        }
        next.take_trades(contract, &mut events);
        (next, events)
    }

    /// Reports the most valuable of the new large trades only, because one order can fill as many.
    fn take_trades(&mut self, contract: &ContractFacts<'_>, events: &mut Vec<AlertEvent>) {
        // The venue sends the last trades again and again, so each counts by its time.
        let fresh = || {
            contract
                .trades
                .iter()
                .filter(|trade| trade.time_ms > self.trades_until_ms)
        };
        let large = fresh().filter_map(|trade| Some((large_value(trade)?, trade)));
        if let Some((value, trade)) = large.max_by(|(a, _), (b, _)| a.get().total_cmp(&b.get())) {
            events.push(AlertEvent::LargeTrade {
                taker: trade.taker.map(Taker::from),
                value_usd: value.rounded(2),
                price: trade.price,
                traded_at_ms: trade.time_ms,
            });
        }
        self.trades_until_ms = fresh()
            .map(|trade| trade.time_ms)
            .max()
            .unwrap_or(self.trades_until_ms);
    }
}

/// Where the liquidations of the market stood when they were last known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CascadeWatch {
    /// When they were last observed.
    pub(super) seen_ms: UnixMs,
    tier: Held<Tier>,
}

impl CascadeWatch {
    /// What is remembered after an observation, and the event that follows from it. Without a
    /// memory it sets the baseline: a cascade that goes on already is no news.
    pub(super) fn next(
        before: Option<Self>,
        cascade: LiquidationCascade,
        now: UnixMs,
    ) -> (Self, Option<AlertEvent>) {
        let held = before.map_or(Held::Unseen, |before| before.tier);
        let tier = Held::of(cascading(&cascade, held));
        let event = match (held, tier) {
            (Held::Calm, Held::Beyond(tier)) => Some(tier),
            (Held::Beyond(before), Held::Beyond(tier)) if tier > before => Some(tier),
            _ => None,
        };
        let next = Self { seen_ms: now, tier };
        let event = event.map(|tier| AlertEvent::LiquidationCascade { tier, cascade });
        (next, event)
    }
}

/// The tier of a cascade. It is reached from the floor on, and kept while nine tenths of that are
/// liquidated.
fn cascading(cascade: &LiquidationCascade, held: Held<Tier>) -> Option<Tier> {
    let held = match held {
        Held::Beyond(tier) => Some(tier),
        _ => None,
    };
    let (total, deviations) = (cascade.sides.total(), cascade.deviations());
    if total >= CASCADE_FLOOR_USD {
        tier(deviations, &CASCADE_TIERS, held)
    } else if total >= CASCADE_FLOOR_USD * LEAVE_SHARE {
        Tier::reached(deviations / LEAVE_SHARE, &CASCADE_TIERS).min(held)
    } else {
        None
    }
}

fn zone(score: Score, held: Held<ScoreZone>) -> Option<ScoreZone> {
    let score = score.get();
    // Only the zone that is held gets the tolerance, so entering it takes the full threshold.
    let give = |zone| {
        if held == Held::Beyond(zone) {
            LEAVE_POINTS
        } else {
            0.0
        }
    };
    if score >= Sentiment::LONG_FROM - give(ScoreZone::Long) {
        Some(ScoreZone::Long)
    } else if score <= Sentiment::SHORT_TO + give(ScoreZone::Short) {
        Some(ScoreZone::Short)
    } else {
        None
    }
}

/// The tier that `value` reaches, or the held one as long as `value` keeps it.
fn tier(value: f64, ladder: &[f64; 3], held: Option<Tier>) -> Option<Tier> {
    // What is kept is never above the held tier: the tolerance keeps, it does not raise.
    let kept = Tier::reached(value / LEAVE_SHARE, ladder).min(held);
    Tier::reached(value, ladder).max(kept)
}

fn paying(rate_8h: Percent, held: Held<Paying>) -> Option<Paying> {
    let longs_pay = rate_8h.get() > 0.0;
    let held = match held {
        // A change of the paying side starts from nothing.
        Held::Beyond(paying) if paying.longs_pay == longs_pay => Some(paying.tier),
        _ => None,
    };
    tier(rate_8h.get().abs(), &FUNDING_TIERS_PCT, held).map(|tier| Paying { longs_pay, tier })
}

fn has_risen(paying: Paying, held: Held<Paying>) -> bool {
    match held {
        Held::Unseen => false,
        Held::Calm => true,
        Held::Beyond(before) => paying.longs_pay != before.longs_pay || paying.tier > before.tier,
    }
}

/// The tier of growing open interest. It is reached only while the price moves, and kept while the
/// price still moves nine tenths of that.
fn growing(moved: OpenInterestMove, held: Held<Tier>) -> Option<Tier> {
    let held = match held {
        Held::Beyond(tier) => Some(tier),
        _ => None,
    };
    let price_move = moved.price_change_pct.get().abs();
    let change = moved.change_pct.get();
    if price_move >= OPEN_INTEREST_PRICE_MOVE_PCT {
        tier(change, &OPEN_INTEREST_TIERS_PCT, held)
    } else if price_move >= OPEN_INTEREST_PRICE_MOVE_PCT * LEAVE_SHARE {
        Tier::reached(change / LEAVE_SHARE, &OPEN_INTEREST_TIERS_PCT).min(held)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_is_left_only_below_nine_tenths_of_its_threshold() {
        let at = |value, held| tier(value, &FUNDING_TIERS_PCT, held);
        assert_eq!(at(0.05, None), Some(Tier::First));
        assert_eq!(at(0.0499, None), None);
        assert_eq!(at(0.046, Some(Tier::First)), Some(Tier::First));
        assert_eq!(at(0.044, Some(Tier::First)), None);
        assert_eq!(at(0.091, Some(Tier::First)), Some(Tier::First));
        assert_eq!(at(0.091, Some(Tier::Second)), Some(Tier::Second));
        assert_eq!(at(0.091, Some(Tier::Third)), Some(Tier::Second));
        assert_eq!(at(9.0, Some(Tier::First)), Some(Tier::Third));
    }

    #[test]
    fn a_zone_is_left_five_points_inside_its_threshold() {
        let at = |score, held| zone(Score::new(score).unwrap(), held);
        assert_eq!(at(70.0, Held::Calm), Some(ScoreZone::Long));
        assert_eq!(
            at(65.0, Held::Beyond(ScoreZone::Long)),
            Some(ScoreZone::Long)
        );
        assert_eq!(at(64.99, Held::Beyond(ScoreZone::Long)), None);
        assert_eq!(at(65.0, Held::Beyond(ScoreZone::Short)), None);
        assert_eq!(
            at(40.0, Held::Beyond(ScoreZone::Short)),
            Some(ScoreZone::Short)
        );
        assert_eq!(at(35.01, Held::Unseen), None);
    }

    #[test]
    fn open_interest_needs_a_price_that_moves() {
        let at = |change, price, held| {
            let percent = |value| Percent::new(value).unwrap();
            growing(
                OpenInterestMove {
                    change_pct: percent(change),
                    price_change_pct: percent(price),
                },
                held,
            )
        };
        assert_eq!(at(12.5, -2.0, Held::Calm), Some(Tier::Second));
        assert_eq!(at(12.5, 1.99, Held::Calm), None);
        assert_eq!(at(12.5, 1.9, Held::Beyond(Tier::First)), Some(Tier::First));
        assert_eq!(at(12.5, 1.7, Held::Beyond(Tier::First)), None);
        assert_eq!(at(-20.0, 5.0, Held::Beyond(Tier::First)), None);
    }
}
