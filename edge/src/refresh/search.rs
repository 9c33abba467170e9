//! The search of one refresh: the fallback chain together with what its calls brought. Pure: it
//! does no I/O and reads no clock; [`super::run`] carries its steps out.
//!
//! State, per upstream: where its call stands (in the chain), what was reported of it, and the data
//! that it found.
//!
//! Invariants:
//! * An upstream that was called reports exactly one outcome: [`Search::ended`] or
//!   [`Search::timed_out`].
//! * Data is kept here only for an upstream that the chain knows as succeeded, until
//!   [`Search::take`] hands it out.
//! * Old data never ends the search: it is handed back as a candidate, and the chain goes on.
//! * Attempts are reported in the order of preference, whatever the order of their ends.
//! * A failure is shared with the colo only if every source was called and failed: neither when a
//!   negative-cache entry was merely read, which would never expire, nor when a budget was spent.

use super::outcome::{CallOutcome, Found, NotFound};
use super::report::{Via, why_forward};
use crate::policy::{
    Available, Deadlines, Decision, FallbackChain, PerUpstream, Refresh, SharedFailure, ShownVenue,
    Step, Upstream, decide, fallback_reason,
};
use crate::upstream::FetchError;
use crate::upstream::{Attempt, AttemptFailure};
use shared::freshness::{Freshness, Limits};
use shared::headers::cache_status::Forward;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::cell::Cell;
use std::rc::Rc;

/// A search under way.
pub(super) struct Search {
    chain: FallbackChain,
    limits: Limits,
    has_origin: bool,
    forward: Forward,
    attempts: PerUpstream<Vec<Attempt>>,
    found: PerUpstream<Option<Found>>,
    /// Whether the call to Bybit beside the origin was sent; `None` when there was no such call.
    hedge: Option<Rc<Cell<bool>>>,
    cache_helped: bool,
    last_good: Option<Attempt>,
    last_good_helped: bool,
}

/// What is reported of a search that is over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SearchReport {
    /// Why others than the colo's cache were called.
    pub(super) forward: Forward,
    /// Where it found data.
    pub(super) via: Option<Via>,
    /// Every source that had its turn, in the order of preference.
    pub(super) attempts: Vec<Attempt>,
    /// Whether Bybit was called beside a silent origin.
    pub(super) hedged: bool,
}

impl Search {
    pub(super) fn begin(
        held: Option<UnixMs>,
        shown: Option<ShownVenue>,
        now: UnixMs,
        limits: Limits,
        deadlines: Deadlines,
        available: Available,
    ) -> Self {
        Self {
            chain: FallbackChain::begin(held, shown, now, limits, deadlines, available),
            limits,
            has_origin: available.origin,
            forward: why_forward(held),
            attempts: PerUpstream::default(),
            found: PerUpstream::default(),
            hedge: None,
            cache_helped: false,
            last_good: None,
            last_good_helped: false,
        }
    }

    /// What to do next, while this is held.
    pub(super) fn next(&self, held: Option<UnixMs>, now: UnixMs) -> Step {
        self.chain.next(held, now)
    }

    /// The timeout of a call that begins now, milliseconds.
    pub(super) const fn timeout_ms(&self, upstream: Upstream, now: UnixMs) -> u64 {
        self.chain.timeout_ms(upstream, now)
    }

    /// The colo's cache was read; this is held and shown now. `helped`: its snapshot was better
    /// than the held one. `failure`: the negative-cache entry that holds. Returns whether waiters
    /// can be answered before the search is over.
    pub(super) fn cache_read(
        &mut self,
        held: Option<UnixMs>,
        shown: Option<ShownVenue>,
        helped: bool,
        failure: Option<SharedFailure>,
        now: UnixMs,
    ) -> bool {
        self.cache_helped = helped;
        // The colo's cache is part of this cache: had the request known what it holds, it would
        // have been forwarded for that reason.
        self.forward = why_forward(held);
        self.chain.cache_read(held, shown, failure.is_some(), now);
        // Reported as the outcomes of this search, for it makes no calls of its own.
        let reported = failure.filter(|_| self.chain.is_negative_cache_hit());
        for (upstream, outcome) in reported.into_iter().flat_map(|failure| failure.outcomes) {
            let message = "another isolate of this colo was told so a moment ago".to_owned();
            self.attempts.get_mut(upstream).push(Attempt {
                source: upstream.name(),
                failure: Some(AttemptFailure::without_answer(outcome, message)),
                took_ms: None,
            });
        }
        matches!(
            decide(held, now, &self.limits, Refresh::Possible),
            Decision::Serve(_) | Decision::WaitBriefly(_)
        )
    }

    /// The fallback reason of data from elsewhere: how the origin failed. An origin that has not
    /// failed may still answer, so it is slow. A Worker without an origin is called by one that has
    /// one, which puts its own reason in place of this.
    pub(super) fn fallback_reason(&self) -> String {
        if !self.has_origin {
            return fallback_reason("not_asked");
        }
        let failed = self
            .attempts
            .get(Upstream::Origin)
            .iter()
            .find_map(|attempt| attempt.failure.as_ref());
        fallback_reason(failed.map_or("slow", |failed| &failed.outcome))
    }

    /// The call to this upstream began.
    pub(super) const fn began(&mut self, upstream: Upstream, now: UnixMs) {
        self.chain.began(upstream, now);
    }

    /// The call to Bybit that began is a hedge: the origin's is still running. `is_sent` is set
    /// once the budgets have admitted it.
    pub(super) fn hedge_began(&mut self, is_sent: Rc<Cell<bool>>) {
        self.hedge = Some(is_sent);
    }

    /// This upstream has no address here.
    pub(super) const fn has_no_address(&mut self, upstream: Upstream) {
        self.chain.failed(upstream);
    }

    /// The call ended, or was denied. Returns valid data that is merely old.
    pub(super) fn ended(
        &mut self,
        upstream: Upstream,
        outcome: CallOutcome,
    ) -> Option<Rc<ValidSnapshot>> {
        if outcome.covers_others {
            // The direct Worker has called these from where it stands; calling them from here
            // again would spend this colo's budget on the same answer.
            self.chain.failed(Upstream::Okx);
            self.chain.failed(Upstream::Binance);
        }
        self.attempts.get_mut(upstream).extend(outcome.attempts);
        match outcome.found {
            Ok(found) => {
                self.chain.succeeded(upstream);
                // Kept until the chain decides: the origin's answer may come in the same moment.
                *self.found.get_mut(upstream) = Some(found);
                None
            }
            Err(NotFound::OverBudget) => {
                // Not a failure: the chain must not go on to another venue for it.
                self.chain.over_budget(upstream);
                None
            }
            Err(NotFound::Failed(candidate)) => {
                self.chain.failed(upstream);
                candidate
            }
        }
    }

    /// The call that began at `since` is not waited for any longer.
    pub(super) fn timed_out(&mut self, upstream: Upstream, since: UnixMs, now: UnixMs) {
        let silent_ms = now.millis_since(since);
        let message = format!("silent for {silent_ms} ms, and not waited for any longer");
        let failure = AttemptFailure {
            proxy_error: FetchError::Timeout.proxy_error(),
            ..AttemptFailure::without_answer(FetchError::Timeout.label(), message)
        };
        self.attempts.get_mut(upstream).push(Attempt {
            source: upstream.name(),
            failure: Some(failure),
            // A call was made, and this is how long it was waited for.
            took_ms: Some(silent_ms),
        });
    }

    /// What all colos share is about to be read.
    pub(super) const fn last_good_began(&mut self) {
        self.chain.last_good_read();
    }

    /// It was read. `helped`: its snapshot was better than the held one.
    pub(super) fn last_good_read(&mut self, attempt: Attempt, helped: bool) {
        self.last_good = Some(attempt);
        self.last_good_helped = helped;
    }

    /// Hands out what this upstream found.
    pub(super) const fn take(&mut self, upstream: Upstream) -> Option<Found> {
        self.found.get_mut(upstream).take()
    }

    /// The failure to share with the colo when the search gives up.
    pub(super) fn shared_failure(&self, now: UnixMs) -> Option<SharedFailure> {
        if self.chain.is_negative_cache_hit() || self.chain.is_over_budget() {
            return None;
        }
        // The first of several hosts: the other one is only called because of it.
        let first_failure = |upstream: Upstream| {
            let failed = self
                .attempts
                .get(upstream)
                .iter()
                .find_map(|attempt| attempt.failure.as_ref())?;
            Some((upstream, failed.outcome.clone()))
        };
        let outcomes = Upstream::ALL
            .into_iter()
            .filter_map(first_failure)
            .collect();
        Some(SharedFailure { at: now, outcomes })
    }

    /// Where the data is from that is held when the search gives up.
    pub(super) fn via_of_held(&self, held: Option<UnixMs>, now: UnixMs) -> Option<Via> {
        match held.and_then(|as_of| self.limits.classify(as_of, now)) {
            Some(_) if self.last_good_helped => Some(Via::LastGood),
            // A neighbour's fresh answer is as good as if this isolate had fetched it.
            Some(Freshness::Fresh) if self.cache_helped => Some(Via::EdgeCache),
            _ => None,
        }
    }

    /// Ends the search.
    pub(super) fn report(mut self, via: Option<Via>) -> SearchReport {
        let mut attempts: Vec<Attempt> = Upstream::ALL
            .into_iter()
            .flat_map(|upstream| std::mem::take(self.attempts.get_mut(upstream)))
            .collect();
        attempts.extend(self.last_good.take());
        SearchReport {
            forward: self.forward,
            via,
            attempts,
            hedged: self.hedge.is_some_and(|is_sent| is_sent.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::outcome::UniverseTask;
    use super::*;
    use crate::policy::{DEADLINES, Denied};
    use proptest::prelude::*;
    use shared::validate::Baseline;

    const NOW: UnixMs = UnixMs::from_millis(1_795_255_705_070);
    const ALL: Available = Available {
        origin: true,
        okx: true,
        binance: true,
        last_good: true,
    };

    fn at(ms: u64) -> UnixMs {
        NOW.plus_millis(ms)
    }

    fn ago(ms: u64) -> UnixMs {
        UnixMs::from_millis(NOW.as_millis() - ms)
    }

    fn snapshot() -> Rc<ValidSnapshot> {
        let body = include_bytes!("../../../shared/fuzz/seeds/snapshot/analysed.json");
        Rc::new(ValidSnapshot::from_json(body, NOW, Baseline::default()).unwrap())
    }

    fn attempt(upstream: Upstream, outcome: &str) -> Attempt {
        let failure = (outcome != "ok")
            .then(|| AttemptFailure::without_answer(outcome.to_owned(), String::new()));
        Attempt {
            source: upstream.name(),
            failure,
            took_ms: Some(1),
        }
    }

    fn found(upstream: Upstream) -> CallOutcome {
        let found = Found {
            via: Via::BybitDirect,
            snapshot: snapshot(),
            universe: UniverseTask::Nothing,
        };
        CallOutcome::of(vec![attempt(upstream, "ok")], Ok(found))
    }

    fn failed(upstream: Upstream, outcome: &str) -> CallOutcome {
        let attempts = vec![attempt(upstream, outcome)];
        CallOutcome::of(attempts, Err(NotFound::Failed(None)))
    }

    fn begin(held: Option<UnixMs>, available: Available) -> Search {
        Search::begin(held, None, NOW, Limits::DEFAULT, DEADLINES, available)
    }

    /// A search that found nothing in the cache.
    fn cold(available: Available) -> Search {
        let mut search = begin(None, available);
        assert_eq!(search.next(None, NOW), Step::ReadCache);
        assert!(!search.cache_read(None, None, false, None, NOW));
        search
    }

    fn outcomes(search: Search) -> Vec<(&'static str, String)> {
        let attempts = search.report(None).attempts;
        attempts
            .iter()
            .map(|attempt| (attempt.source, attempt.outcome().to_owned()))
            .collect()
    }

    #[test]
    fn a_neighbour_s_answer_ends_the_search_only_while_it_needs_no_refresh() {
        for (age_ms, may_wake, step) in [
            (3_000, true, Step::UseCached),
            (3_001, true, Step::Call(Upstream::Origin)),
            (60_000, true, Step::Call(Upstream::Origin)),
            (60_001, false, Step::Call(Upstream::Origin)),
        ] {
            let (mut search, held) = (begin(None, ALL), Some(ago(age_ms)));
            let woken = search.cache_read(held, None, true, None, NOW);
            assert_eq!(
                (woken, search.next(held, NOW)),
                (may_wake, step),
                "{age_ms}"
            );
        }
    }

    #[test]
    fn what_the_colo_held_was_no_miss() {
        assert_eq!(cold(ALL).report(None).forward, Forward::UriMiss);
        let mut search = begin(None, ALL);
        search.cache_read(Some(ago(20_000)), None, true, None, NOW);
        assert_eq!(search.report(None).forward, Forward::Stale);
    }

    #[test]
    fn an_answer_that_ends_the_search_is_handed_out_once() {
        let mut search = cold(ALL);
        search.began(Upstream::Origin, NOW);
        assert!(
            search
                .ended(Upstream::Origin, found(Upstream::Origin))
                .is_none()
        );
        assert_eq!(search.next(None, at(90)), Step::Use(Upstream::Origin));
        assert!(search.take(Upstream::Origin).is_some());
        assert!(search.take(Upstream::Origin).is_none());
    }

    #[test]
    fn old_data_is_a_candidate_and_the_search_goes_on() {
        let mut search = cold(ALL);
        search.began(Upstream::Origin, NOW);
        let old = CallOutcome::of(
            vec![attempt(Upstream::Origin, "stale")],
            Err(NotFound::Failed(Some(snapshot()))),
        );
        assert!(search.ended(Upstream::Origin, old).is_some());
        assert_eq!(search.next(None, at(50)), Step::Call(Upstream::Bybit));
        assert_eq!(search.fallback_reason(), "origin_stale");
    }

    #[test]
    fn data_from_elsewhere_says_why_it_is_not_the_origin_s() {
        let mut search = cold(ALL);
        search.began(Upstream::Origin, NOW);
        assert_eq!(
            search.fallback_reason(),
            "origin_slow",
            "it may still answer"
        );
        search.ended(Upstream::Origin, failed(Upstream::Origin, "http_503"));
        assert_eq!(search.fallback_reason(), "origin_http_503");
        let without = cold(Available {
            origin: false,
            ..ALL
        });
        assert_eq!(without.fallback_reason(), "origin_not_asked");
    }

    #[test]
    fn a_hedge_counts_once_it_was_sent() {
        for is_sent in [false, true] {
            let mut search = cold(ALL);
            search.began(Upstream::Origin, NOW);
            search.hedge_began(Rc::new(Cell::new(is_sent)));
            search.began(Upstream::Bybit, at(100));
            assert_eq!(search.report(None).hedged, is_sent);
        }
        assert!(!cold(ALL).report(None).hedged);
    }

    #[test]
    fn attempts_are_reported_in_the_order_of_preference() {
        let mut search = cold(ALL);
        search.began(Upstream::Origin, NOW);
        search.began(Upstream::Bybit, at(100));
        search.ended(Upstream::Bybit, failed(Upstream::Bybit, "http_500"));
        search.timed_out(Upstream::Origin, NOW, at(400));
        search.last_good_began();
        let store = Attempt {
            source: "last-good-store",
            failure: None,
            took_ms: Some(9),
        };
        search.last_good_read(store, true);
        let expected = [
            ("origin", "timeout".to_owned()),
            ("bybit-direct", "http_500".to_owned()),
            ("last-good-store", "ok".to_owned()),
        ];
        assert_eq!(outcomes(search), expected);
    }

    #[test]
    fn a_call_that_is_not_waited_for_says_how_long_it_was_silent() {
        let mut search = cold(ALL);
        search.timed_out(Upstream::Bybit, at(100), at(700));
        let attempts = search.report(None).attempts;
        assert_eq!(attempts[0].took_ms, Some(600));
        let failure = attempts[0].failure.as_ref().unwrap();
        assert_eq!(failure.outcome, "timeout");
        assert_eq!(failure.proxy_error, Some("http_response_timeout"));
    }

    #[test]
    fn the_direct_worker_s_answer_stands_for_every_exchange() {
        let mut search = cold(ALL);
        search.ended(Upstream::Origin, failed(Upstream::Origin, "timeout"));
        search.began(Upstream::Bybit, NOW);
        let outcome = CallOutcome {
            covers_others: true,
            ..failed(Upstream::Bybit, "timeout")
        };
        search.ended(Upstream::Bybit, outcome);
        assert_eq!(search.next(None, NOW), Step::ReadLastGood);
    }

    fn failing(search: &mut Search) {
        for upstream in Upstream::ALL {
            search.ended(upstream, failed(upstream, "timeout"));
        }
    }

    #[test]
    fn a_failure_of_every_source_is_shared() {
        let mut search = cold(ALL);
        failing(&mut search);
        let shared = search.shared_failure(at(7)).unwrap();
        assert_eq!(shared.at, at(7));
        let expected = Upstream::ALL.map(|upstream| (upstream, "timeout".to_owned()));
        assert_eq!(shared.outcomes, expected);
    }

    #[test]
    fn a_spent_budget_is_no_failure_to_share() {
        let mut search = cold(ALL);
        failing(&mut search);
        let denied = CallOutcome::denied(Upstream::Bybit.name(), Denied::ColoBudget);
        search.ended(Upstream::Bybit, denied);
        assert_eq!(search.shared_failure(NOW), None);
    }

    #[test]
    fn a_negative_cache_entry_is_reported_and_not_published_again() {
        let failure = SharedFailure {
            at: ago(500),
            outcomes: vec![(Upstream::Origin, "timeout".to_owned())],
        };
        let mut search = begin(None, ALL);
        search.cache_read(None, None, false, Some(failure.clone()), NOW);
        assert_eq!(search.next(None, NOW), Step::ReadLastGood);
        assert_eq!(search.shared_failure(NOW), None);
        let attempts = search.report(None).attempts;
        assert_eq!(attempts[0].outcome(), "timeout");
        assert_eq!(attempts[0].took_ms, None, "no call was made here");
        // Once the origin was called here, its own outcome counts.
        let mut search = begin(Some(ago(14_000)), ALL);
        search.began(Upstream::Origin, NOW);
        search.cache_read(None, None, false, Some(failure), at(300));
        assert_eq!(search.report(None).attempts, []);
    }

    #[test]
    fn a_search_that_gives_up_tells_whose_data_is_held() {
        let mut search = cold(ALL);
        assert_eq!(search.via_of_held(Some(ago(1_000)), NOW), None);
        let store = attempt(Upstream::Origin, "ok");
        search.last_good_read(store, true);
        assert_eq!(
            search.via_of_held(Some(ago(200_000)), NOW),
            Some(Via::LastGood)
        );
        assert_eq!(search.via_of_held(Some(ago(300_001)), NOW), None);
        let mut search = begin(None, ALL);
        search.cache_read(Some(ago(10_000)), None, true, None, NOW);
        assert_eq!(
            search.via_of_held(Some(ago(10_000)), NOW),
            Some(Via::EdgeCache)
        );
        assert_eq!(search.via_of_held(Some(ago(20_000)), NOW), None);
    }

    /// What a call does in a simulated search.
    #[derive(Clone, Copy, Debug)]
    enum Call {
        Succeeds { after_ms: u64 },
        Fails { after_ms: u64 },
        IsOld { after_ms: u64 },
        IsDenied(Denied),
        Hangs,
    }

    fn a_call() -> impl Strategy<Value = Call> {
        prop_oneof![
            (1..2_000_u64).prop_map(|after_ms| Call::Succeeds { after_ms }),
            (1..2_000_u64).prop_map(|after_ms| Call::Fails { after_ms }),
            (1..2_000_u64).prop_map(|after_ms| Call::IsOld { after_ms }),
            Just(Call::IsDenied(Denied::IsolateBudget)),
            Just(Call::IsDenied(Denied::ColoBudget)),
            Just(Call::IsDenied(Denied::BreakerOpen)),
            Just(Call::Hangs),
        ]
    }

    fn outcome(upstream: Upstream, call: Call) -> CallOutcome {
        match call {
            Call::Succeeds { .. } => found(upstream),
            Call::Fails { .. } | Call::Hangs => failed(upstream, "http_500"),
            Call::IsOld { .. } => CallOutcome::of(
                vec![attempt(upstream, "stale")],
                Err(NotFound::Failed(Some(snapshot()))),
            ),
            Call::IsDenied(denied) => CallOutcome::denied(upstream.name(), denied),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_the_calls_do_the_search_ends_and_keeps_its_invariants(
            calls in proptest::array::uniform4(a_call()),
            held_age_ms in prop_oneof![Just(None), (0..400_000_u64).prop_map(Some)],
        ) {
            let held = held_age_ms.map(ago);
            let (mut search, mut now) = (begin(held, ALL), NOW);
            let mut ends: PerUpstream<Option<UnixMs>> = PerUpstream::default();
            let mut called: PerUpstream<u32> = PerUpstream::default();
            let of = |upstream: Upstream| {
                calls[Upstream::ALL.iter().position(|known| *known == upstream).unwrap()]
            };
            let mut used = None;
            for step in 0.. {
                prop_assert!(step < 40, "no end");
                match search.next(held, now) {
                    Step::ReadCache => {
                        search.cache_read(held, None, false, None, now);
                    }
                    Step::Call(upstream) => {
                        *called.get_mut(upstream) += 1;
                        match of(upstream) {
                            Call::IsDenied(_) => {
                                search.ended(upstream, outcome(upstream, of(upstream)));
                            }
                            Call::Succeeds { after_ms }
                            | Call::Fails { after_ms }
                            | Call::IsOld { after_ms } => {
                                search.began(upstream, now);
                                *ends.get_mut(upstream) = Some(now.plus_millis(after_ms));
                            }
                            Call::Hangs => search.began(upstream, now),
                        }
                    }
                    Step::WaitUntil(until) => {
                        prop_assert!(until > now, "a wait that does not wait");
                        let next = Upstream::ALL
                            .into_iter()
                            .filter_map(|upstream| *ends.get(upstream))
                            .min();
                        now = next.map_or(until, |next| next.min(until));
                        for upstream in Upstream::ALL {
                            if ends.get_mut(upstream).take_if(|end| *end <= now).is_some() {
                                search.ended(upstream, outcome(upstream, of(upstream)));
                            }
                        }
                    }
                    Step::Use(upstream) => {
                        prop_assert!(search.take(upstream).is_some());
                        used = Some(upstream);
                        break;
                    }
                    Step::UseCached => break,
                    Step::ReadLastGood => search.last_good_began(),
                    Step::GiveUp => break,
                }
            }
            prop_assert!(now <= at(DEADLINES.total_ms));
            if let Some(used) = used {
                let succeeds = matches!(of(used), Call::Succeeds { .. });
                prop_assert!(succeeds, "{used:?} did not succeed");
            }
            for upstream in Upstream::ALL {
                prop_assert!(*called.get(upstream) <= 1, "{upstream:?} was called twice");
            }
            let is_over_budget = Upstream::ALL.into_iter().any(|upstream| match of(upstream) {
                Call::IsDenied(denied) => denied.is_over_budget() && *called.get(upstream) == 1,
                _ => false,
            });
            prop_assert_eq!(search.shared_failure(now).is_none(), is_over_budget);
            let order: Vec<usize> = search
                .report(None)
                .attempts
                .iter()
                .filter_map(|attempt| {
                    Upstream::ALL
                        .iter()
                        .position(|upstream| upstream.name() == attempt.source)
                })
                .collect();
            prop_assert!(order.is_sorted_by(|first, second| first < second), "{order:?}");
        }
    }
}
