//! The fallback chain of one refresh, as a pure state machine: what to do next, given what has
//! happened so far and the clock.
//!
//! The order:
//! 1. the colo's cache: first when nothing fresh is held, else when Bybit's turn comes;
//! 2. the origin;
//! 3. Bybit, when the origin failed, or as a hedge when it has been silent for a while;
//! 4. OKX, when the origin and Bybit both failed;
//! 5. Binance's spot market, when no perpetual market has data that may be shown;
//! 6. the snapshot that the cron stored for all colos, when every source failed.
//!
//! The caller carries out each [`Step`] and reports its outcome here; it decides nothing itself.
//! When an upstream's turn comes is [`schedule`]'s affair.
//!
//! Invariants: each step is taken at most once per refresh; once [`Step::GiveUp`],
//! [`Step::UseCached`] or [`Step::Use`] is returned, the refresh is over.

mod schedule;

use crate::policy::deadlines::Deadlines;
use crate::policy::decision::{Decision, Refresh, decide};
use crate::policy::upstream::{PerUpstream, Upstream};
use schedule::{Call, Schedule};
use shared::freshness::{Freshness, Limits};
use shared::units::UnixMs;

pub use schedule::ShownVenue;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Read the colo's cache, then [`FallbackChain::cache_read`].
    ReadCache,
    /// End: what the cache had is young enough.
    UseCached,
    /// Call this upstream, beside those that are running; then [`FallbackChain::began`]. If the
    /// call is denied, [`FallbackChain::over_budget`] or [`FallbackChain::failed`] instead.
    Call(Upstream),
    /// Wait for an answer, until this moment at most; then [`FallbackChain::succeeded`],
    /// [`FallbackChain::over_budget`] or [`FallbackChain::failed`] for each that came.
    WaitUntil(UnixMs),
    /// End: this upstream's answer is the result.
    Use(Upstream),
    /// Read the snapshot that is kept for all colos, then [`FallbackChain::last_good_read`].
    ReadLastGood,
    /// End: no source had data.
    GiveUp,
}

/// Which parts of the chain this deployment has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available {
    /// The origin has an address.
    pub origin: bool,
    /// OKX has one.
    pub okx: bool,
    /// Binance has one.
    pub binance: bool,
    /// There is a store that all colos share.
    pub last_good: bool,
}

/// When the colo's cache is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CacheRead {
    Now,
    AtTheHedge,
    Done,
}

/// One refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FallbackChain {
    schedule: Schedule,
    /// The upstream whose turn is the first of all.
    first: Upstream,
    cache: CacheRead,
    is_cached_enough: bool,
    is_negative_cache_hit: bool,
    is_last_good_unread: bool,
}

impl FallbackChain {
    /// A refresh that begins `now`, while this is held and this market shown.
    #[must_use]
    pub fn begin(
        held: Option<UnixMs>,
        shown: Option<ShownVenue>,
        now: UnixMs,
        limits: Limits,
        deadlines: Deadlines,
        available: Available,
    ) -> Self {
        let if_there = |is_there| {
            if is_there {
                Call::Pending
            } else {
                Call::Failed
            }
        };
        let schedule = Schedule {
            began: now,
            limits,
            deadlines,
            shown,
            calls: PerUpstream::new(|upstream| match upstream {
                Upstream::Origin => if_there(available.origin),
                Upstream::Bybit => Call::Pending,
                Upstream::Okx => if_there(available.okx),
                Upstream::Binance => if_there(available.binance),
            }),
        };
        Self {
            // Reading the cache costs more than it can bring while a healthy origin is called for
            // fresh data every few seconds.
            cache: if schedule.class(held, now) == Some(Freshness::Fresh) {
                CacheRead::AtTheHedge
            } else {
                CacheRead::Now
            },
            first: if available.origin {
                Upstream::Origin
            } else {
                Upstream::Bybit
            },
            schedule,
            is_cached_enough: false,
            is_negative_cache_hit: false,
            is_last_good_unread: available.last_good,
        }
    }

    /// The cache was read; this is held and shown now. `is_failure_shared`: another isolate noted
    /// there that every source failed just now. That spares calling them, unless one was called.
    pub fn cache_read(
        &mut self,
        held: Option<UnixMs>,
        shown: Option<ShownVenue>,
        is_failure_shared: bool,
        now: UnixMs,
    ) {
        self.cache = CacheRead::Done;
        // The cache may have brought another venue's snapshot, which clients see from now on.
        self.schedule.shown = shown;
        self.is_cached_enough = matches!(
            decide(held, now, &self.schedule.limits, Refresh::Possible),
            Decision::Serve(_)
        );
        // A source that was called here already says more than another isolate's failure.
        self.is_negative_cache_hit =
            is_failure_shared && *self.schedule.calls.get(self.first) == Call::Pending;
    }

    /// Whether no upstream is called because another isolate noted that every source failed.
    #[must_use]
    pub const fn is_negative_cache_hit(&self) -> bool {
        self.is_negative_cache_hit
    }

    /// The call to this upstream began.
    pub const fn began(&mut self, upstream: Upstream, now: UnixMs) {
        *self.schedule.calls.get_mut(upstream) = Call::Running { since: now };
    }

    /// Its answer ends the refresh.
    pub const fn succeeded(&mut self, upstream: Upstream) {
        *self.schedule.calls.get_mut(upstream) = Call::Succeeded;
    }

    /// Its budget is spent, and it did not fail.
    pub const fn over_budget(&mut self, upstream: Upstream) {
        *self.schedule.calls.get_mut(upstream) = Call::OverBudget;
    }

    /// It failed, its answer is not good enough, or its circuit breaker or a pause denies the call.
    pub const fn failed(&mut self, upstream: Upstream) {
        *self.schedule.calls.get_mut(upstream) = Call::Failed;
    }

    /// Whether a call was over budget, so that it is unknown whether every source fails.
    #[must_use]
    pub fn is_over_budget(&self) -> bool {
        self.schedule
            .first(|call| *call == Call::OverBudget)
            .is_some()
    }

    /// What is kept for all colos was read.
    pub const fn last_good_read(&mut self) {
        self.is_last_good_unread = false;
    }

    /// The timeout of a call that begins now, milliseconds.
    #[must_use]
    pub const fn timeout_ms(&self, upstream: Upstream, now: UnixMs) -> u64 {
        self.schedule.timeout_ms(upstream, now)
    }

    /// The one decision: what to do at `now`, while this is held.
    #[must_use]
    pub fn next(&self, held: Option<UnixMs>, now: UnixMs) -> Step {
        if self.is_cache_due(held, now) {
            return Step::ReadCache;
        }
        if self.is_cached_enough {
            // Data of a neighbour that needs no refresh is as good as a call of our own.
            return Step::UseCached;
        }
        // In the order of preference: of two answers that came together the origin's is used.
        if let Some(upstream) = self.schedule.first(|call| *call == Call::Succeeded) {
            return Step::Use(upstream);
        }
        // The end is checked here and not left to the calls' own timeouts: one that hangs past its
        // deadline must not hold the refresh.
        if !self.is_negative_cache_hit && now < self.schedule.end() {
            let due = || self.schedule.due(held, now);
            if let Some((upstream, _)) = due().find(|(_, at)| *at <= now) {
                return Step::Call(upstream);
            }
            let is_running = |call: &Call| matches!(call, Call::Running { .. });
            if self.schedule.first(is_running).is_some() {
                // Not past the next hedge, which may add a call to those that are waited for.
                let next_hedge = due().map(|(_, at)| at).min();
                let end = self.schedule.end();
                return Step::WaitUntil(next_hedge.map_or(end, |at| at.min(end)));
            }
        }
        // Data that may only be shown as stale is worth a read of the store, which may have
        // younger data.
        let class = self.schedule.class(held, now);
        let is_young = matches!(class, Some(Freshness::Fresh | Freshness::Aging));
        if self.is_last_good_unread && !is_young {
            Step::ReadLastGood
        } else {
            Step::GiveUp
        }
    }

    fn is_cache_due(&self, held: Option<UnixMs>, now: UnixMs) -> bool {
        match self.cache {
            CacheRead::Now => true,
            // Before Bybit is called a neighbour's answer is looked for: it saves the colo a call.
            CacheRead::AtTheHedge => self
                .schedule
                .hedge_at(held, now)
                .is_some_and(|at| at <= now),
            CacheRead::Done => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::DEADLINES;
    use shared::provenance::Venue;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);
    const ALL: Available = Available {
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

    fn begin(held: Option<UnixMs>, available: Available) -> FallbackChain {
        FallbackChain::begin(held, None, NOW, Limits::DEFAULT, DEADLINES, available)
    }

    /// A refresh whose origin failed, while Bybit's data is shown and no last good is at hand.
    fn without_origin(held: Option<UnixMs>) -> FallbackChain {
        let available = Available {
            last_good: false,
            ..ALL
        };
        let mut chain = begin(held, available);
        chain.cache_read(held, usual(), false, NOW);
        chain.failed(Upstream::Origin);
        chain
    }

    fn usual() -> Option<ShownVenue> {
        Some(ShownVenue {
            venue: Venue::Bybit,
            since: NOW,
        })
    }

    /// A refresh that found nothing in the cache.
    fn cold(available: Available) -> FallbackChain {
        let mut chain = begin(None, available);
        assert_eq!(chain.next(None, NOW), Step::ReadCache);
        chain.cache_read(None, None, false, NOW);
        chain
    }

    #[test]
    fn the_cache_is_read_when_nothing_fresh_is_held_or_at_the_hedge() {
        assert_eq!(begin(None, ALL).next(None, NOW), Step::ReadCache);
        assert_eq!(
            begin(ago(15_001), ALL).next(ago(15_001), NOW),
            Step::ReadCache
        );
        let mut chain = begin(ago(14_000), ALL);
        assert_eq!(chain.next(ago(14_000), NOW), Step::Call(Upstream::Origin));
        chain.began(Upstream::Origin, NOW);
        assert_eq!(chain.next(ago(14_000), at(299)), Step::WaitUntil(at(300)));
        assert_eq!(
            chain.next(ago(14_000), at(300)),
            Step::ReadCache,
            "it was silent"
        );
        chain.failed(Upstream::Origin);
        assert_eq!(chain.next(ago(14_000), at(1)), Step::ReadCache, "it failed");
        chain.cache_read(ago(10_000), None, false, at(1));
        assert_eq!(chain.next(ago(10_000), at(1)), Step::Call(Upstream::Bybit));
    }

    #[test]
    fn an_upstream_over_budget_is_not_replaced_while_anything_may_be_shown() {
        let after = |held| {
            let mut chain = without_origin(held);
            chain.over_budget(Upstream::Bybit);
            (chain.next(held, NOW), chain.is_over_budget())
        };
        assert_eq!(after(ago(5_000)), (Step::GiveUp, true));
        assert_eq!(after(ago(299_000)), (Step::GiveUp, true));
        assert_eq!(after(ago(300_001)), (Step::Call(Upstream::Okx), true));
        assert_eq!(after(None), (Step::Call(Upstream::Okx), true));
    }

    #[test]
    fn the_spot_market_is_called_when_no_perpetual_market_has_anything_to_show() {
        let after = |held, venue| {
            let mut chain = begin(held, ALL);
            chain.cache_read(held, Some(ShownVenue { venue, since: NOW }), false, NOW);
            for upstream in [Upstream::Origin, Upstream::Bybit, Upstream::Okx] {
                chain.failed(upstream);
            }
            chain.next(held, NOW)
        };
        assert_eq!(after(ago(30_000), Venue::Bybit), Step::GiveUp);
        assert_eq!(after(ago(299_000), Venue::Okx), Step::ReadLastGood);
        assert_eq!(
            after(ago(300_001), Venue::Okx),
            Step::Call(Upstream::Binance)
        );
        assert_eq!(
            after(ago(5_000), Venue::Binance),
            Step::Call(Upstream::Binance),
            "it shows the spot market already"
        );
    }

    #[test]
    fn a_venue_that_was_left_is_not_called_for_a_while_unless_its_successor_fails() {
        let since = |ms| {
            Some(ShownVenue {
                venue: Venue::Okx,
                since: ago(ms).unwrap(),
            })
        };
        let begun = |ms| {
            let mut chain = begin(ago(5_000), ALL);
            chain.cache_read(ago(5_000), since(ms), false, NOW);
            chain.failed(Upstream::Origin);
            chain
        };
        let mut chain = begun(119_999);
        assert_eq!(chain.next(ago(5_000), NOW), Step::Call(Upstream::Okx));
        chain.over_budget(Upstream::Okx);
        assert_eq!(chain.next(ago(5_000), NOW), Step::GiveUp);
        chain.failed(Upstream::Okx);
        assert_eq!(chain.next(ago(5_000), NOW), Step::Call(Upstream::Bybit));
        assert_eq!(
            begun(120_000).next(ago(5_000), NOW),
            Step::Call(Upstream::Bybit)
        );
    }

    #[test]
    fn what_the_cache_had_ends_the_search_only_while_it_needs_no_refresh() {
        let after = |found, is_failure_shared| {
            let mut chain = begin(None, ALL);
            chain.cache_read(found, None, is_failure_shared, NOW);
            chain.next(found, NOW)
        };
        assert_eq!(after(ago(3_000), false), Step::UseCached);
        assert_eq!(after(ago(3_001), false), Step::Call(Upstream::Origin));
        assert_eq!(after(ago(100_000), false), Step::Call(Upstream::Origin));
        assert_eq!(
            after(None, true),
            Step::ReadLastGood,
            "a shared failure was tried again"
        );
        assert_eq!(after(ago(30_000), true), Step::GiveUp);
    }

    #[test]
    fn a_silent_origin_is_hedged_and_a_failed_one_replaced_at_once() {
        let mut chain = cold(ALL);
        assert_eq!(chain.next(None, NOW), Step::Call(Upstream::Origin));
        chain.began(Upstream::Origin, NOW);
        assert_eq!(
            chain.next(None, NOW),
            Step::WaitUntil(at(100)),
            "clients wait, for nothing is held"
        );
        assert_eq!(chain.next(None, at(100)), Step::Call(Upstream::Bybit));
        chain.failed(Upstream::Origin);
        assert_eq!(chain.next(None, at(1)), Step::Call(Upstream::Bybit));
    }

    #[test]
    fn the_origin_is_preferred_when_both_are_there() {
        let mut chain = cold(ALL);
        chain.began(Upstream::Origin, NOW);
        chain.began(Upstream::Bybit, at(300));
        chain.succeeded(Upstream::Bybit);
        assert_eq!(chain.next(None, at(310)), Step::Use(Upstream::Bybit));
        chain.succeeded(Upstream::Origin);
        assert_eq!(chain.next(None, at(310)), Step::Use(Upstream::Origin));
    }

    #[test]
    fn another_exchange_waits_for_both_of_the_usual_sources() {
        let mut chain = cold(ALL);
        chain.began(Upstream::Origin, NOW);
        chain.failed(Upstream::Bybit);
        assert_eq!(
            chain.next(None, at(350)),
            Step::WaitUntil(at(1_550)),
            "the origin may still answer"
        );
        chain.failed(Upstream::Origin);
        assert_eq!(chain.next(None, at(400)), Step::Call(Upstream::Okx));
        chain.began(Upstream::Okx, at(400));
        assert_eq!(chain.next(None, at(400)), Step::WaitUntil(at(900)));
        assert_eq!(chain.next(None, at(900)), Step::Call(Upstream::Binance));
        chain.failed(Upstream::Okx);
        assert_eq!(chain.next(None, at(500)), Step::Call(Upstream::Binance));
    }

    #[test]
    fn a_silent_bybit_is_hedged_with_another_exchange() {
        let mut chain = cold(ALL);
        chain.failed(Upstream::Origin);
        chain.began(Upstream::Bybit, at(100));
        assert_eq!(chain.next(None, at(100)), Step::WaitUntil(at(600)));
        assert_eq!(chain.next(None, at(600)), Step::Call(Upstream::Okx));
    }

    #[test]
    fn without_an_okx_a_silent_bybit_keeps_its_time_before_binance() {
        let mut chain = cold(Available { okx: false, ..ALL });
        chain.failed(Upstream::Origin);
        chain.began(Upstream::Bybit, at(100));
        assert_eq!(chain.next(None, at(100)), Step::WaitUntil(at(600)));
        assert_eq!(chain.next(None, at(600)), Step::Call(Upstream::Binance));
    }

    #[test]
    fn another_exchange_is_not_called_while_what_is_held_stays_fresh_until_bybit_s_next_turn() {
        let with = |held| {
            let mut chain = without_origin(held);
            chain.failed(Upstream::Bybit);
            chain.next(held, NOW)
        };
        assert_eq!(with(ago(5_000)), Step::GiveUp);
        assert_eq!(with(ago(5_001)), Step::Call(Upstream::Okx));
    }

    #[test]
    fn no_call_begins_that_could_not_answer_in_time() {
        let mut chain = cold(ALL);
        chain.failed(Upstream::Origin);
        chain.began(Upstream::Bybit, at(801));
        assert_eq!(
            chain.next(None, at(801)),
            Step::WaitUntil(at(1_550)),
            "OKX would begin at 1301 ms"
        );
        assert_eq!(chain.next(None, at(1_550)), Step::ReadLastGood);
        chain.last_good_read();
        assert_eq!(chain.next(None, at(1_550)), Step::GiveUp);
    }

    #[test]
    fn what_all_colos_share_is_read_last_and_only_for_want_of_younger_data() {
        let after_all = |held| {
            let mut chain = begin(
                held,
                Available {
                    okx: false,
                    binance: false,
                    ..ALL
                },
            );
            chain.cache_read(held, None, false, NOW);
            chain.failed(Upstream::Origin);
            chain.failed(Upstream::Bybit);
            chain.next(held, NOW)
        };
        assert_eq!(after_all(ago(60_000)), Step::GiveUp);
        assert_eq!(after_all(ago(60_001)), Step::ReadLastGood);
        assert_eq!(after_all(None), Step::ReadLastGood);
    }

    #[test]
    fn without_an_origin_the_exchange_is_called_first() {
        let mut chain = begin(
            ago(5_000),
            Available {
                origin: false,
                ..ALL
            },
        );
        assert_eq!(
            chain.next(ago(5_000), NOW),
            Step::ReadCache,
            "a neighbour may have called"
        );
        chain.cache_read(ago(5_000), usual(), false, NOW);
        assert_eq!(chain.next(ago(5_000), NOW), Step::Call(Upstream::Bybit));
        let mut cold = begin(
            None,
            Available {
                origin: false,
                ..ALL
            },
        );
        cold.cache_read(None, None, true, NOW);
        assert_eq!(
            cold.next(None, NOW),
            Step::ReadLastGood,
            "a shared failure was tried again"
        );
    }

    #[test]
    fn a_call_has_what_is_left_of_the_whole() {
        let chain = cold(ALL);
        assert_eq!(chain.timeout_ms(Upstream::Origin, NOW), 800);
        assert_eq!(chain.timeout_ms(Upstream::Bybit, at(100)), 1_200);
        assert_eq!(chain.timeout_ms(Upstream::Okx, at(1_000)), 500);
    }
}
