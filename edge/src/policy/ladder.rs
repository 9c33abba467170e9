//! What a refresh does next, as a pure function of what has happened so far and the clock.
//!
//! The order:
//! 1. the colo's cache, when what is held is not fresh, or once the origin is given up;
//! 2. the origin;
//! 3. Bybit, when the origin failed or has been silent for a while;
//! 4. OKX, when the origin and Bybit both failed;
//! 5. Binance's spot market, when no perpetual market has data that may be shown;
//! 6. the snapshot that the cron stored for all colos, when every source failed.
//!
//! The caller carries out each step and reports its outcome here; it decides nothing itself.
//!
//! Whose turn a budget withholds has not failed: nobody takes its place while anything may be
//! shown, for clients are not to be sent from one market to another and back. For the same reason
//! Bybit is not asked directly for a while after it was left.

use super::deadlines::Deadlines;
use super::decision::{Decision, Refresh, decide};
use super::limits::PACE_MS;
use super::time::is_within;
use super::upstream::{PerUpstream, Upstream};
use shared::freshness::{Freshness, Limits};
use shared::provenance::Venue;
use shared::units::UnixMs;

/// Where one upstream's turn stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Turn {
    /// It is still to come.
    #[default]
    Ahead,
    /// It was asked, and has not answered.
    Asked { since: UnixMs },
    /// Its answer ends the search.
    Fit,
    /// It must not be asked yet, and nothing is known against it.
    Withheld,
    /// It failed, or its circuit breaker or pause keeps it from being asked.
    Useless,
}

/// When the colo's cache is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Now,
    OnceOriginIsGivenUp,
    Over,
}

/// Where a step stands that is taken once, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Once {
    Ahead,
    Over,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Look into the colo's cache, then [`Ladder::looked`].
    LookIntoCache,
    /// End: what the cache had is young enough.
    TakeCached,
    /// Ask this one, beside those who are being asked; then [`Ladder::asked`], or if it must not be
    /// [`Ladder::withheld`] or [`Ladder::useless`].
    Ask(Upstream),
    /// Wait for an answer, until this moment at most; then [`Ladder::fit`] or [`Ladder::useless`]
    /// for whoever answered.
    WaitUntil(UnixMs),
    /// End: this answer is the one.
    Take(Upstream),
    /// Read what was kept for all colos, then [`Ladder::read_last_good`].
    ReadLastGood,
    /// End: every source failed.
    GiveUp,
}

/// What a refresh may do at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Means {
    /// The origin has an address.
    pub origin: bool,
    /// OKX has an address.
    pub okx: bool,
    /// Binance has one.
    pub binance: bool,
    /// There is a store that all colos share.
    pub last_good: bool,
}

/// The market that what is held is of, and since when this isolate has shown it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whose market.
    pub venue: Venue,
    /// Since when.
    pub since: UnixMs,
}

/// For how long Bybit is not asked directly after another exchange took its place, as long as that
/// one answers.
const RETURN_AFTER_MS: u64 = 120_000;

/// One refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    began: UnixMs,
    limits: Limits,
    deadlines: Deadlines,
    standing: Option<Standing>,
    cache: Look,
    cached_is_enough: bool,
    told_of_failure: bool,
    /// Whose turn is the first of all.
    first: Upstream,
    turns: PerUpstream<Turn>,
    last_good: Once,
}

impl Ladder {
    /// A refresh that begins `now`, when this is held, of that market.
    #[must_use]
    pub fn begin(
        held: Option<UnixMs>,
        standing: Option<Standing>,
        now: UnixMs,
        limits: Limits,
        deadlines: Deadlines,
        means: Means,
    ) -> Self {
        let is_fresh = held.and_then(|as_of| limits.classify(as_of, now)) == Some(Freshness::Fresh);
        let if_there = |is_there| if is_there { Turn::Ahead } else { Turn::Useless };
        Self {
            began: now,
            limits,
            deadlines,
            standing,
            cache: if is_fresh {
                Look::OnceOriginIsGivenUp
            } else {
                Look::Now
            },
            cached_is_enough: false,
            told_of_failure: false,
            first: if means.origin {
                Upstream::Origin
            } else {
                Upstream::Bybit
            },
            turns: PerUpstream::new(|upstream| match upstream {
                Upstream::Origin => if_there(means.origin),
                Upstream::Bybit => Turn::Ahead,
                Upstream::Okx => if_there(means.okx),
                Upstream::Binance => if_there(means.binance),
            }),
            last_good: if means.last_good {
                Once::Ahead
            } else {
                Once::Over
            },
        }
    }

    /// The look into the cache is over; this is held now. `told_of_failure`: another isolate tells
    /// that every source failed just now, which spares asking them if none was asked yet.
    pub fn looked(
        &mut self,
        held: Option<UnixMs>,
        standing: Option<Standing>,
        told_of_failure: bool,
        now: UnixMs,
    ) {
        self.cache = Look::Over;
        self.standing = standing;
        self.cached_is_enough = matches!(
            decide(held, now, &self.limits, Refresh::Possible),
            Decision::Serve(_)
        );
        self.told_of_failure = told_of_failure && *self.turns.get(self.first) == Turn::Ahead;
    }

    /// Whether nobody is asked because another isolate told that every source failed.
    #[must_use]
    pub const fn is_told_of_failure(&self) -> bool {
        self.told_of_failure
    }

    /// This one is being asked.
    pub const fn asked(&mut self, upstream: Upstream, now: UnixMs) {
        *self.turns.get_mut(upstream) = Turn::Asked { since: now };
    }

    /// Its answer ends the search.
    pub const fn fit(&mut self, upstream: Upstream) {
        *self.turns.get_mut(upstream) = Turn::Fit;
    }

    /// It must not be asked yet, and did not fail.
    pub const fn withheld(&mut self, upstream: Upstream) {
        *self.turns.get_mut(upstream) = Turn::Withheld;
    }

    /// Whether somebody's turn was withheld, so that nobody can say that every source failed.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        Upstream::ALL
            .into_iter()
            .any(|upstream| *self.turns.get(upstream) == Turn::Withheld)
    }

    /// It failed, its answer is not good enough, or its circuit breaker or pause keeps it from
    /// being asked.
    pub const fn useless(&mut self, upstream: Upstream) {
        *self.turns.get_mut(upstream) = Turn::Useless;
    }

    /// What was kept for all colos was read.
    pub const fn read_last_good(&mut self) {
        self.last_good = Once::Over;
    }

    /// How long a call may take that begins now, milliseconds.
    #[must_use]
    pub const fn time_for(&self, upstream: Upstream, now: UnixMs) -> u64 {
        let own_ms = match upstream {
            Upstream::Origin => self.deadlines.origin_ms,
            Upstream::Bybit | Upstream::Okx | Upstream::Binance => self.deadlines.exchange_ms,
        };
        self.deadlines.left_ms(own_ms, now.millis_since(self.began))
    }

    /// The one decision: what to do at `now`, when this is held.
    #[must_use]
    pub fn next(&self, held: Option<UnixMs>, now: UnixMs) -> Step {
        let is_look_due = match self.cache {
            Look::Now => true,
            Look::OnceOriginIsGivenUp => self
                .origin_is_given_up_at(held, now)
                .is_some_and(|at| at <= now),
            Look::Over => false,
        };
        if is_look_due {
            return Step::LookIntoCache;
        }
        if self.cached_is_enough {
            return Step::TakeCached;
        }
        if let Some(fit) = Upstream::ALL
            .into_iter()
            .find(|upstream| *self.turns.get(*upstream) == Turn::Fit)
        {
            return Step::Take(fit);
        }
        let end = self
            .began
            .plus_millis(self.deadlines.sources_ms + self.deadlines.grace_ms);
        if !self.told_of_failure && now < end {
            let turns = || {
                Upstream::ALL
                    .into_iter()
                    .filter_map(|upstream| Some((upstream, self.turn_of(upstream, held, now)?)))
            };
            if let Some((due, _)) = turns().find(|(_, turn)| *turn <= now) {
                return Step::Ask(due);
            }
            if Upstream::ALL
                .into_iter()
                .any(|upstream| matches!(self.turns.get(upstream), Turn::Asked { .. }))
            {
                return Step::WaitUntil(turns().fold(end, |until, (_, turn)| until.min(turn)));
            }
        }
        // Younger data first, whoever kept it: what may only be shown as stale is worth a look for
        // better.
        let is_held = held.and_then(|as_of| self.limits.classify(as_of, now));
        let is_young = matches!(is_held, Some(Freshness::Fresh | Freshness::Aging));
        if self.last_good == Once::Ahead && !is_young {
            Step::ReadLastGood
        } else {
            Step::GiveUp
        }
    }

    /// When this one is to be asked, if it still is; this is held.
    fn turn_of(&self, upstream: Upstream, held: Option<UnixMs>, now: UnixMs) -> Option<UnixMs> {
        if *self.turns.get(upstream) != Turn::Ahead {
            return None;
        }
        let deadlines = &self.deadlines;
        let class_at = |moment| held.and_then(|as_of| self.limits.classify(as_of, moment));
        let is_servable = class_at(now).is_some();
        let turn = match upstream {
            Upstream::Origin => self.began,
            Upstream::Bybit => {
                let origin = self.origin_is_given_up_at(held, now)?;
                if self.stays_away_from_bybit(now) {
                    origin.max(self.given_up(
                        Upstream::Okx,
                        is_servable,
                        deadlines.exchange_hedge_ms,
                    )?)
                } else {
                    origin
                }
            }
            Upstream::Okx | Upstream::Binance => {
                let venue = self.standing.map(|standing| standing.venue);
                // Another market's figures differ from Bybit's: clients are not sent to and fro
                // while what is held will still be fresh at Bybit's next turn. Beyond that younger
                // data, said to be another exchange's, is worth more.
                let is_usual = matches!(venue, None | Some(Venue::Bybit));
                let stays_fresh = class_at(now.plus_millis(PACE_MS)) == Some(Freshness::Fresh);
                if (stays_fresh && is_usual) || *self.turns.get(Upstream::Origin) != Turn::Useless {
                    return None;
                }
                // Prices of a spot market are others, and it knows neither funding nor open
                // interest.
                if upstream == Upstream::Binance && is_servable && venue != Some(Venue::Binance) {
                    return None;
                }
                let is_left = upstream == Upstream::Okx && self.stays_away_from_bybit(now);
                let bybit = if is_left {
                    self.began
                } else {
                    self.given_up(Upstream::Bybit, is_servable, deadlines.exchange_hedge_ms)?
                };
                if upstream == Upstream::Okx {
                    bybit
                } else {
                    bybit.max(self.given_up(
                        Upstream::Okx,
                        is_servable,
                        deadlines.exchange_hedge_ms,
                    )?)
                }
            }
        };
        let last_call = self
            .began
            .plus_millis(deadlines.sources_ms.saturating_sub(deadlines.least_ms));
        (turn <= last_call).then_some(turn)
    }

    /// Whether OKX took Bybit's place so short a while ago that it keeps it while it answers.
    fn stays_away_from_bybit(&self, now: UnixMs) -> bool {
        let left = self
            .standing
            .filter(|standing| standing.venue == Venue::Okx)
            .map(|standing| standing.since);
        left.is_some_and(|since| is_within(since, now, RETURN_AFTER_MS))
    }

    /// When nobody waits for the origin alone any more, when this is held.
    fn origin_is_given_up_at(&self, held: Option<UnixMs>, now: UnixMs) -> Option<UnixMs> {
        let is_fresh =
            held.and_then(|as_of| self.limits.classify(as_of, now)) == Some(Freshness::Fresh);
        let deadlines = if is_fresh {
            self.deadlines
        } else {
            self.deadlines.cold()
        };
        self.given_up(Upstream::Origin, false, deadlines.hedge_ms)
    }

    /// When nobody waits for this one alone any more: from the beginning if it is of no use, or
    /// once it has been silent for so long. One that is only withheld is waited for as long as
    /// anything may be shown.
    fn given_up(&self, upstream: Upstream, is_servable: bool, silence_ms: u64) -> Option<UnixMs> {
        match self.turns.get(upstream) {
            Turn::Ahead | Turn::Fit => None,
            Turn::Withheld if is_servable => None,
            Turn::Asked { since } => Some(since.plus_millis(silence_ms)),
            Turn::Withheld | Turn::Useless => Some(self.began),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::DEADLINES;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);
    const ALL: Means = Means {
        origin: true,
        okx: true,
        binance: true,
        last_good: true,
    };

    fn ago(ms: u64) -> Option<UnixMs> {
        Some(UnixMs::from_millis(NOW.as_millis() - ms))
    }

    fn at(ms: u64) -> UnixMs {
        NOW.plus_millis(ms)
    }

    fn begin(held: Option<UnixMs>, means: Means) -> Ladder {
        Ladder::begin(held, None, NOW, Limits::DEFAULT, DEADLINES, means)
    }

    fn usual() -> Option<Standing> {
        Some(Standing {
            venue: Venue::Bybit,
            since: NOW,
        })
    }

    /// A refresh that looked into an empty cache.
    fn cold(means: Means) -> Ladder {
        let mut ladder = begin(None, means);
        assert_eq!(ladder.next(None, NOW), Step::LookIntoCache);
        ladder.looked(None, None, false, NOW);
        ladder
    }

    #[test]
    fn the_cache_is_looked_into_when_nothing_fresh_is_held_or_the_origin_is_given_up() {
        assert_eq!(begin(None, ALL).next(None, NOW), Step::LookIntoCache);
        assert_eq!(
            begin(ago(15_001), ALL).next(ago(15_001), NOW),
            Step::LookIntoCache
        );
        let mut ladder = begin(ago(14_000), ALL);
        assert_eq!(ladder.next(ago(14_000), NOW), Step::Ask(Upstream::Origin));
        ladder.asked(Upstream::Origin, NOW);
        assert_eq!(ladder.next(ago(14_000), at(299)), Step::WaitUntil(at(300)));
        assert_eq!(
            ladder.next(ago(14_000), at(300)),
            Step::LookIntoCache,
            "it was silent"
        );
        ladder.useless(Upstream::Origin);
        assert_eq!(
            ladder.next(ago(14_000), at(1)),
            Step::LookIntoCache,
            "it failed"
        );
        ladder.looked(ago(10_000), None, false, at(1));
        assert_eq!(ladder.next(ago(10_000), at(1)), Step::Ask(Upstream::Bybit));
    }

    #[test]
    fn nobody_takes_the_place_of_one_who_waits_for_its_turn_while_anything_may_be_shown() {
        let after = |held| {
            let mut ladder = begin(
                held,
                Means {
                    last_good: false,
                    ..ALL
                },
            );
            ladder.looked(held, usual(), false, NOW);
            ladder.useless(Upstream::Origin);
            ladder.withheld(Upstream::Bybit);
            (ladder.next(held, NOW), ladder.is_withheld())
        };
        assert_eq!(after(ago(5_000)), (Step::GiveUp, true));
        assert_eq!(after(ago(299_000)), (Step::GiveUp, true));
        assert_eq!(after(ago(300_001)), (Step::Ask(Upstream::Okx), true));
        assert_eq!(after(None), (Step::Ask(Upstream::Okx), true));
    }

    #[test]
    fn the_spot_market_is_asked_when_no_perpetual_market_has_anything_to_show() {
        let after = |held, venue| {
            let mut ladder = begin(held, ALL);
            ladder.looked(held, Some(Standing { venue, since: NOW }), false, NOW);
            for upstream in [Upstream::Origin, Upstream::Bybit, Upstream::Okx] {
                ladder.useless(upstream);
            }
            ladder.next(held, NOW)
        };
        assert_eq!(after(ago(30_000), Venue::Bybit), Step::GiveUp);
        assert_eq!(after(ago(299_000), Venue::Okx), Step::ReadLastGood);
        assert_eq!(
            after(ago(300_001), Venue::Okx),
            Step::Ask(Upstream::Binance)
        );
        assert_eq!(
            after(ago(5_000), Venue::Binance),
            Step::Ask(Upstream::Binance),
            "it shows the spot market already"
        );
    }

    #[test]
    fn who_was_left_is_not_asked_for_a_while_unless_its_successor_fails() {
        let since = |ms| {
            Some(Standing {
                venue: Venue::Okx,
                since: ago(ms).unwrap(),
            })
        };
        let begun = |ms| {
            let mut ladder = begin(ago(5_000), ALL);
            ladder.looked(ago(5_000), since(ms), false, NOW);
            ladder.useless(Upstream::Origin);
            ladder
        };
        let mut ladder = begun(119_999);
        assert_eq!(ladder.next(ago(5_000), NOW), Step::Ask(Upstream::Okx));
        ladder.withheld(Upstream::Okx);
        assert_eq!(ladder.next(ago(5_000), NOW), Step::GiveUp);
        ladder.useless(Upstream::Okx);
        assert_eq!(ladder.next(ago(5_000), NOW), Step::Ask(Upstream::Bybit));
        assert_eq!(
            begun(120_000).next(ago(5_000), NOW),
            Step::Ask(Upstream::Bybit)
        );
    }

    #[test]
    fn what_the_cache_had_ends_the_search_only_while_it_needs_no_refresh() {
        let after = |found, told| {
            let mut ladder = begin(None, ALL);
            ladder.looked(found, None, told, NOW);
            ladder.next(found, NOW)
        };
        assert_eq!(after(ago(3_000), false), Step::TakeCached);
        assert_eq!(after(ago(3_001), false), Step::Ask(Upstream::Origin));
        assert_eq!(after(ago(100_000), false), Step::Ask(Upstream::Origin));
        assert_eq!(
            after(None, true),
            Step::ReadLastGood,
            "a shared failure was tried again"
        );
        assert_eq!(after(ago(30_000), true), Step::GiveUp);
    }

    #[test]
    fn a_silent_origin_is_hedged_and_a_failed_one_replaced_at_once() {
        let mut ladder = cold(ALL);
        assert_eq!(ladder.next(None, NOW), Step::Ask(Upstream::Origin));
        ladder.asked(Upstream::Origin, NOW);
        assert_eq!(
            ladder.next(None, NOW),
            Step::WaitUntil(at(100)),
            "clients wait, for nothing is held"
        );
        assert_eq!(ladder.next(None, at(100)), Step::Ask(Upstream::Bybit));
        ladder.useless(Upstream::Origin);
        assert_eq!(ladder.next(None, at(1)), Step::Ask(Upstream::Bybit));
    }

    #[test]
    fn the_origin_is_preferred_when_both_are_there() {
        let mut ladder = cold(ALL);
        ladder.asked(Upstream::Origin, NOW);
        ladder.asked(Upstream::Bybit, at(300));
        ladder.fit(Upstream::Bybit);
        assert_eq!(ladder.next(None, at(310)), Step::Take(Upstream::Bybit));
        ladder.fit(Upstream::Origin);
        assert_eq!(ladder.next(None, at(310)), Step::Take(Upstream::Origin));
    }

    #[test]
    fn another_exchange_waits_for_both_of_the_usual_sources() {
        let mut ladder = cold(ALL);
        ladder.asked(Upstream::Origin, NOW);
        ladder.useless(Upstream::Bybit);
        assert_eq!(
            ladder.next(None, at(350)),
            Step::WaitUntil(at(1_550)),
            "the origin may still answer"
        );
        ladder.useless(Upstream::Origin);
        assert_eq!(ladder.next(None, at(400)), Step::Ask(Upstream::Okx));
        ladder.asked(Upstream::Okx, at(400));
        assert_eq!(ladder.next(None, at(400)), Step::WaitUntil(at(900)));
        assert_eq!(ladder.next(None, at(900)), Step::Ask(Upstream::Binance));
        ladder.useless(Upstream::Okx);
        assert_eq!(ladder.next(None, at(500)), Step::Ask(Upstream::Binance));
    }

    #[test]
    fn a_silent_bybit_is_hedged_with_another_exchange() {
        let mut ladder = cold(ALL);
        ladder.useless(Upstream::Origin);
        ladder.asked(Upstream::Bybit, at(100));
        assert_eq!(ladder.next(None, at(100)), Step::WaitUntil(at(600)));
        assert_eq!(ladder.next(None, at(600)), Step::Ask(Upstream::Okx));
    }

    #[test]
    fn without_an_okx_a_silent_bybit_keeps_its_time_before_binance() {
        let mut ladder = cold(Means { okx: false, ..ALL });
        ladder.useless(Upstream::Origin);
        ladder.asked(Upstream::Bybit, at(100));
        assert_eq!(ladder.next(None, at(100)), Step::WaitUntil(at(600)));
        assert_eq!(ladder.next(None, at(600)), Step::Ask(Upstream::Binance));
    }

    #[test]
    fn another_exchange_is_not_asked_while_what_is_held_stays_fresh_until_bybit_s_next_turn() {
        let with = |held| {
            let mut ladder = begin(
                held,
                Means {
                    last_good: false,
                    ..ALL
                },
            );
            ladder.looked(held, usual(), false, NOW);
            ladder.useless(Upstream::Origin);
            ladder.useless(Upstream::Bybit);
            ladder.next(held, NOW)
        };
        assert_eq!(with(ago(5_000)), Step::GiveUp);
        assert_eq!(with(ago(5_001)), Step::Ask(Upstream::Okx));
    }

    #[test]
    fn nobody_is_asked_who_could_not_answer_in_time() {
        let mut ladder = cold(ALL);
        ladder.useless(Upstream::Origin);
        ladder.asked(Upstream::Bybit, at(801));
        assert_eq!(
            ladder.next(None, at(801)),
            Step::WaitUntil(at(1_550)),
            "OKX would begin at 1301 ms"
        );
        assert_eq!(ladder.next(None, at(1_550)), Step::ReadLastGood);
        ladder.read_last_good();
        assert_eq!(ladder.next(None, at(1_550)), Step::GiveUp);
    }

    #[test]
    fn what_all_colos_share_is_read_last_and_only_for_want_of_younger_data() {
        let after_all = |held| {
            let mut ladder = begin(
                held,
                Means {
                    okx: false,
                    binance: false,
                    ..ALL
                },
            );
            ladder.looked(held, None, false, NOW);
            ladder.useless(Upstream::Origin);
            ladder.useless(Upstream::Bybit);
            ladder.next(held, NOW)
        };
        assert_eq!(after_all(ago(60_000)), Step::GiveUp);
        assert_eq!(after_all(ago(60_001)), Step::ReadLastGood);
        assert_eq!(after_all(None), Step::ReadLastGood);
    }

    #[test]
    fn without_an_origin_the_exchange_is_the_first_to_be_asked() {
        let mut ladder = begin(
            ago(5_000),
            Means {
                origin: false,
                ..ALL
            },
        );
        assert_eq!(
            ladder.next(ago(5_000), NOW),
            Step::LookIntoCache,
            "a neighbour may have asked"
        );
        ladder.looked(ago(5_000), usual(), false, NOW);
        assert_eq!(ladder.next(ago(5_000), NOW), Step::Ask(Upstream::Bybit));
        let mut cold = begin(
            None,
            Means {
                origin: false,
                ..ALL
            },
        );
        cold.looked(None, None, true, NOW);
        assert_eq!(
            cold.next(None, NOW),
            Step::ReadLastGood,
            "a shared failure was tried again"
        );
    }

    #[test]
    fn a_call_has_what_is_left_of_the_whole() {
        let ladder = cold(ALL);
        assert_eq!(ladder.time_for(Upstream::Origin, NOW), 800);
        assert_eq!(ladder.time_for(Upstream::Bybit, at(100)), 1_200);
        assert_eq!(ladder.time_for(Upstream::Okx, at(1_000)), 500);
    }
}
