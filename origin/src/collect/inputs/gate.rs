//! Whether the exchange may be asked: a hard budget of requests in a rolling window, a pace within
//! it, and pauses that the exchange asked for.
//!
//! The budget is one for everything that is asked of the exchange. The ticker table and the
//! instruments list wait for nobody; their share, which is known beforehand, is kept free, and the
//! inputs share the rest.
//!
//! After a pause one single request goes first, whoever sends it. Only when the exchange answered
//! that does the pace return, evenly over a window: an address that was told to stop does not come
//! back with everything at once.

use crate::jitter::Jitter;
use crate::upstream::{FaultClass, Pauses, UpstreamError, pause};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The venue's window.
const WINDOW: Duration = Duration::from_secs(5);

/// Requests for the instruments list that may fall into one window: two pages.
const INSTRUMENT_PAGES: usize = 2;

/// How many times the even pace is gone while a window is empty, as at the start: the budget of a
/// window, and with it the first scores, in a third of its time.
const HURRY: u32 = 3;

/// More than a request may take: the first one after a pause counts as lost when nothing came of it
/// until then.
const LOST_AFTER: Duration = Duration::from_secs(8);

/// The least that is waited before the gate is asked again.
pub(in crate::collect) const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// The longest that everything is left alone for a limit, whatever end is stated. Then one request
/// looks whether it holds on; a ban, which such a look could make longer, lasts as long as a ban
/// does.
const LONGEST_LIMIT: Duration = Duration::from_secs(60);

/// How soon it is looked again whether the first request after a pause was answered.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The gate.
#[derive(Debug)]
pub struct Gate {
    /// What is left of the budget for the inputs.
    inputs_per_window: usize,
    jitter: Jitter,
    state: Mutex<State>,
}

/// Leave to send one request. What came of it is told to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// How many pauses were before it.
    pauses: u64,
    is_first: bool,
}

/// Whether the exchange lets us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// It asked for a pause.
    Paused { until: Instant },
    /// The pause is over, and the first request is to show whether all may go: since when it is
    /// under way.
    Trying { since: Option<Instant> },
}

#[derive(Debug, Default)]
struct State {
    /// Requests for inputs of the last window, oldest first.
    recent: VecDeque<Instant>,
    phase: Phase,
    pauses: u64,
    /// Refusals since the exchange last answered, not counting those of requests that were under
    /// way at an earlier one.
    refusals: u32,
    /// Until when the pace is even.
    even_until: Option<Instant>,
}

impl State {
    /// How long the exchange asked to be left alone, or the first request after that is under way.
    fn paused(&mut self, now: Instant) -> Duration {
        if let Phase::Paused { until } = self.phase
            && until <= now
        {
            self.phase = Phase::Trying { since: None };
        }
        match self.phase {
            Phase::Open | Phase::Trying { since: None } => Duration::ZERO,
            Phase::Paused { until } => until.saturating_duration_since(now),
            Phase::Trying { since: Some(since) } => (since + LOST_AFTER)
                .saturating_duration_since(now)
                .min(LOOK_AGAIN),
        }
    }

    /// How long until the budget and the pace have room for another input.
    fn full(&mut self, now: Instant, limit: usize) -> Duration {
        while self
            .recent
            .front()
            .is_some_and(|oldest| now.saturating_duration_since(*oldest) >= WINDOW)
        {
            self.recent.pop_front();
        }
        let surplus = (self.recent.len() + 1).saturating_sub(limit);
        let leaving = surplus
            .checked_sub(1)
            .and_then(|index| self.recent.get(index));
        let budget = leaving.map_or(Duration::ZERO, |leaving| {
            (*leaving + WINDOW).saturating_duration_since(now)
        });
        let even = WINDOW / u32::try_from(limit).unwrap_or(u32::MAX).max(1);
        let step = if self.even_until.is_some_and(|until| now < until) {
            even
        } else {
            even / HURRY
        };
        let pace = self.recent.back().map_or(Duration::ZERO, |last| {
            (*last + step).saturating_duration_since(now)
        });
        budget.max(pace)
    }

    fn pass(&mut self, now: Instant) -> Pass {
        let is_first = matches!(self.phase, Phase::Trying { .. });
        if is_first {
            self.phase = Phase::Trying { since: Some(now) };
        }
        Pass {
            pauses: self.pauses,
            is_first,
        }
    }
}

impl Gate {
    /// A gate for so many requests in any five seconds, of which the ticker table takes its share
    /// first. No pause ends for two processes at the same moment.
    #[must_use]
    pub fn new(requests_per_window: usize, tickers_interval: Duration, jitter: Jitter) -> Self {
        let tickers = WINDOW
            .as_millis()
            .div_ceil(tickers_interval.as_millis().max(1));
        let reserved = usize::try_from(tickers)
            .unwrap_or(usize::MAX)
            .saturating_add(INSTRUMENT_PAGES);
        Self {
            inputs_per_window: requests_per_window.saturating_sub(reserved).max(1),
            jitter,
            state: Mutex::default(),
        }
    }

    /// The mean rate that is left for the inputs.
    #[must_use]
    pub fn requests_per_second(&self) -> f64 {
        self.inputs_per_window as f64 / WINDOW.as_secs_f64()
    }

    /// How long until an input may be asked for.
    #[must_use]
    pub fn opens_in(&self, now: Instant) -> Duration {
        self.with(|state| {
            state
                .paused(now)
                .max(state.full(now, self.inputs_per_window))
        })
    }

    /// How long until the ticker table may be asked for: the budget has its share, so only a pause
    /// keeps it.
    #[must_use]
    pub fn paused(&self, now: Instant) -> Duration {
        self.with(|state| state.paused(now))
    }

    /// Leave to ask for an input now, if there is.
    #[must_use]
    pub fn pass_input(&self, now: Instant) -> Option<Pass> {
        self.with(|state| {
            let is_open = state
                .paused(now)
                .max(state.full(now, self.inputs_per_window))
                .is_zero();
            is_open.then(|| {
                state.recent.push_back(now);
                state.pass(now)
            })
        })
    }

    /// Leave to ask for the ticker table now, if there is.
    #[must_use]
    pub fn pass_table(&self, now: Instant) -> Option<Pass> {
        self.with(|state| state.paused(now).is_zero().then(|| state.pass(now)))
    }

    /// The exchange answered, whatever it answered.
    pub fn answered(&self, pass: Pass, now: Instant) {
        self.with(|state| {
            if pass.pauses != state.pauses {
                return;
            }
            state.refusals = 0;
            if pass.is_first {
                (state.phase, state.even_until) = (Phase::Open, Some(now + WINDOW));
            }
        });
    }

    /// A request brought no data; says how long to leave alone what it asked for, of which so many
    /// failed in a row. When we were sent away for a reason that holds for every request,
    /// everything is left alone as long.
    pub fn failed(
        &self,
        pass: Pass,
        now: Instant,
        error: &UpstreamError,
        failures: u32,
        pauses: Pauses,
    ) -> Duration {
        if error.concerns_all_requests() {
            let pause = pause(
                error,
                failures.max(self.refusals(pass)),
                pauses.at_most(LONGEST_LIMIT),
            );
            let pause = self.jitter.lengthen(pause);
            self.refused(pass, now, pause);
            return pause;
        }
        match error.class() {
            FaultClass::BadData => self.answered(pass, now),
            // One path may be forbidden while all others are served, so that tells no more than
            // silence does.
            FaultClass::Refused | FaultClass::ServerError | FaultClass::NotReached => {
                self.lost(pass);
            }
        }
        self.jitter.lengthen(pause(error, failures, pauses))
    }

    /// Nothing that tells anything came of a request: the next one is as much a first one as this
    /// was.
    pub fn lost(&self, pass: Pass) {
        self.with(|state| {
            if pass.is_first
                && pass.pauses == state.pauses
                && matches!(state.phase, Phase::Trying { .. })
            {
                state.phase = Phase::Trying { since: None };
            }
        });
    }

    /// How often the exchange has now sent us away in a row, this time included. Requests that were
    /// under way together are sent away together and count once.
    fn refusals(&self, pass: Pass) -> u32 {
        self.with(|state| {
            state
                .refusals
                .saturating_add(u32::from(pass.pauses == state.pauses))
        })
    }

    /// The exchange sent a request away: nothing goes through for a while; a longer pause stays.
    fn refused(&self, pass: Pass, now: Instant, pause: Duration) {
        self.with(|state| {
            if pass.pauses == state.pauses {
                state.refusals = state.refusals.saturating_add(1);
                state.pauses = state.pauses.saturating_add(1);
            }
            // One too long for the clock is as good as one that is over: no stated pause is.
            let asked = now.checked_add(pause).unwrap_or(now);
            let until = match state.phase {
                Phase::Paused { until } => until.max(asked),
                Phase::Open | Phase::Trying { .. } => asked,
            };
            state.phase = Phase::Paused { until };
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::FetchError;
    use proptest::prelude::*;

    const TABLE: Duration = Duration::from_secs(2);

    /// A gate through which so many requests for inputs go in a window.
    fn gate_for(requests: usize) -> Gate {
        Gate {
            inputs_per_window: requests,
            ..Gate::new(60, TABLE, Jitter::seeded(1))
        }
    }

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Every request that goes through within so long, by when it does, when each is answered
    /// `latency` later.
    fn sent(gate: &Gate, from: Instant, within: Duration, latency: Duration) -> Vec<Duration> {
        let (mut sent, mut under_way) = (Vec::new(), VecDeque::new());
        for after in 0..u64::try_from(within.as_millis()).unwrap() {
            let now = from + ms(after);
            while under_way
                .front()
                .is_some_and(|(at, _)| *at + latency <= now)
            {
                under_way
                    .pop_front()
                    .into_iter()
                    .for_each(|(_, pass)| gate.answered(pass, now));
            }
            if let Some(pass) = gate.pass_input(now) {
                sent.push(ms(after));
                under_way.push_back((now, pass));
            }
        }
        sent
    }

    fn count_within(sent: &[Duration], span: Duration) -> usize {
        sent.iter().filter(|at| **at < span).count()
    }

    #[test]
    fn the_ticker_table_has_its_share_of_the_budget() {
        let free = |budget, interval_ms| {
            let gate = Gate::new(budget, ms(interval_ms), Jitter::seeded(1));
            sent(&gate, Instant::now(), WINDOW, ms(1)).len()
        };
        assert_eq!(free(60, 2_000), 60 - 3 - 2);
        assert_eq!(free(60, 250), 60 - 20 - 2);
        assert_eq!(free(10, 2_000), 10 - 3 - 2);
    }

    #[test]
    fn a_window_is_used_up_in_haste_and_then_one_goes_for_each_that_leaves_it() {
        let sent = sent(&gate_for(55), Instant::now(), 2 * WINDOW, ms(100));
        assert_eq!(count_within(&sent, ms(100)), 4, "{sent:?}");
        assert_eq!(count_within(&sent, ms(1_700)), 55, "{sent:?}");
        assert_eq!(count_within(&sent, ms(5_000)), 55, "{sent:?}");
        assert!(
            sent[55] >= sent[0] + WINDOW && sent[55] < sent[0] + WINDOW + ms(50),
            "{sent:?}"
        );
    }

    #[test]
    fn a_pause_closes_whatever_the_budget_says_and_a_shorter_one_does_not_end_it() {
        let (gate, now) = (Gate::new(100, TABLE, Jitter::seeded(1)), Instant::now());
        let pass = gate.pass_input(now).unwrap();
        gate.refused(pass, now, ms(600_000));
        gate.refused(pass, now, ms(5_000));
        assert_eq!(
            (gate.opens_in(now), gate.paused(now)),
            (ms(600_000), ms(600_000))
        );
        assert_eq!(
            (
                gate.pass_input(now + ms(599_999)),
                gate.pass_table(now + ms(599_999))
            ),
            (None, None)
        );
        assert!(gate.pass_table(now + ms(600_000)).is_some());
    }

    const PAUSES: Pauses = Pauses {
        first: ms(2_000),
        most: ms(300_000),
        most_stated: ms(3_600_000),
    };

    /// How long one failure of an input closes the gate, and how long it says to leave the input
    /// alone.
    fn closed_by(error: FetchError, failures: u32) -> (Duration, Duration) {
        let (gate, now) = (Gate::new(100, TABLE, Jitter::seeded(1)), Instant::now());
        let pass = gate.pass_input(now).unwrap();
        let pause = gate.failed(pass, now, &error.into(), failures, PAUSES);
        (gate.paused(now), pause)
    }

    #[test]
    fn what_one_request_meets_closes_nothing_for_the_others() {
        for (error, failures) in [
            (FetchError::forbidden(b"Forbidden"), 1),
            (FetchError::forbidden(b""), 9),
            (
                FetchError::Status {
                    status: 503,
                    retry_after: Some(ms(3_600_000)),
                },
                1,
            ),
            (FetchError::Timeout, 9),
        ] {
            let (closed, pause) = closed_by(error.clone(), failures);
            assert_eq!(closed, Duration::ZERO, "{error}");
            assert!(pause >= PAUSES.first, "{error}");
        }
    }

    #[test]
    fn a_limit_closes_for_a_minute_at_most_and_a_ban_for_ten() {
        let spread = |secs: u64| ms(secs * 1_000)..ms(secs * 1_250);
        for (error, failures, secs) in [
            (
                FetchError::Status {
                    status: 429,
                    retry_after: Some(ms(3_600_000)),
                },
                1,
                60,
            ),
            (FetchError::RateLimited { retry_after: None }, 99, 60),
            (
                FetchError::RateLimited {
                    retry_after: Some(ms(1_000)),
                },
                1,
                2,
            ),
            (FetchError::forbidden(b"access too frequent"), 1, 600),
            (
                FetchError::forbidden(b"configured to block access from your country"),
                1,
                600,
            ),
        ] {
            let (closed, pause) = closed_by(error.clone(), failures);
            assert!(spread(secs).contains(&closed), "{error}: {closed:?}");
            assert_eq!(pause, closed, "{error}");
        }
    }

    #[test]
    fn a_403_without_a_reason_does_not_show_that_a_pause_is_over() {
        let (gate, now) = (gate_for(50), Instant::now());
        let pass = gate.pass_input(now).unwrap();
        gate.refused(pass, now, ms(1_000));
        let over = now + ms(1_000);
        let first = gate.pass_input(over).unwrap();
        gate.failed(first, over, &FetchError::forbidden(b"").into(), 1, PAUSES);
        assert!(
            gate.pass_input(over + ms(200)).is_some(),
            "another may look"
        );
        assert_eq!(gate.pass_input(over + ms(400)), None, "and one at a time");
    }

    #[test]
    fn two_processes_that_were_sent_away_together_do_not_come_back_together() {
        let closed = |seed| {
            let (gate, now) = (Gate::new(100, TABLE, Jitter::seeded(seed)), Instant::now());
            let pass = gate.pass_input(now).unwrap();
            gate.failed(
                pass,
                now,
                &FetchError::forbidden(b"access too frequent").into(),
                1,
                PAUSES,
            )
        };
        assert_ne!(closed(1), closed(2));
        assert_eq!(closed(1), closed(1));
    }

    #[test]
    fn after_a_pause_one_goes_first_and_then_all_at_an_even_pace() {
        let (gate, now) = (gate_for(50), Instant::now());
        let pass = gate.pass_input(now).unwrap();
        gate.refused(pass, now, ms(10_000));
        let over = now + ms(10_000);
        let first = gate.pass_table(over).unwrap();
        assert_eq!(
            (
                gate.pass_table(over + ms(3_000)),
                gate.pass_input(over + ms(3_000))
            ),
            (None, None)
        );
        let back = over + ms(3_100);
        gate.answered(first, back);
        let sent = sent(&gate, back, WINDOW, ms(10));
        assert_eq!(
            (
                count_within(&sent, ms(100)),
                count_within(&sent, ms(1_000)),
                sent.len()
            ),
            (1, 10, 50),
            "{sent:?}"
        );
    }

    #[test]
    fn while_first_requests_are_lost_there_is_one_at_a_time() {
        let (gate, now) = (gate_for(50), Instant::now());
        let pass = gate.pass_input(now).unwrap();
        gate.refused(pass, now, ms(1_000));
        let first = gate.pass_input(now + ms(1_000)).unwrap();
        assert_eq!(gate.pass_input(now + ms(2_000)), None);
        gate.lost(first);
        let second = gate.pass_input(now + ms(2_000)).unwrap();
        assert_eq!(gate.pass_input(now + ms(9_999)), None);
        assert!(
            gate.pass_input(now + ms(10_000)).is_some(),
            "whoever sent the first one is gone, and so is the gate"
        );
        gate.answered(second, now + ms(10_001));
        assert!(gate.pass_input(now + ms(10_200)).is_some());
    }

    #[test]
    fn refusals_count_once_for_all_that_were_under_way_and_again_for_each_try() {
        let (gate, now) = (gate_for(50), Instant::now());
        let passes: Vec<Pass> = (0..5)
            .filter_map(|after| gate.pass_input(now + ms(after * 100)))
            .collect();
        let refuse = |pass: Pass, at: Instant| {
            let refusals = gate.refusals(pass);
            gate.refused(pass, at, ms(1_000));
            refusals
        };
        let counted: Vec<u32> = passes
            .iter()
            .map(|pass| refuse(*pass, now + ms(500)))
            .collect();
        assert_eq!(counted, [1, 1, 1, 1, 1]);
        let second = gate.pass_input(now + ms(1_500)).unwrap();
        // An answer to a request of before the pause ends nothing.
        gate.answered(passes[0], now + ms(1_501));
        assert_eq!(gate.pass_input(now + ms(1_600)), None);
        assert_eq!(refuse(second, now + ms(1_600)), 2);
        let third = gate.pass_input(now + ms(2_600)).unwrap();
        gate.answered(third, now + ms(2_700));
        let fourth = gate.pass_input(now + ms(2_800)).unwrap();
        assert_eq!(gate.refusals(fourth), 1, "it answered meanwhile");
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_the_budget(pauses in proptest::collection::vec(0_u64..400, 1..300), limit in 1_usize..40) {
            let gate = gate_for(limit);
            let (mut now, mut sent) = (Instant::now(), Vec::new());
            for pause in pauses {
                now += ms(pause);
                if let Some(pass) = gate.pass_input(now) {
                    gate.answered(pass, now);
                    sent.push(now);
                }
            }
            for first in &sent {
                let in_window = sent.iter().filter(|other| *other >= first && other.duration_since(*first) < WINDOW).count();
                prop_assert!(in_window <= limit);
            }
        }

        #[test]
        fn whatever_comes_of_requests_the_gate_opens_again(outcomes in proptest::collection::vec((0_u64..2_000, 0_u8..4, any::<bool>()), 1..120)) {
            let gate = gate_for(20);
            let mut now = Instant::now();
            for (pause, outcome, of_table) in outcomes {
                now += ms(pause);
                let pass = if of_table { gate.pass_table(now) } else { gate.pass_input(now) };
                match (pass, outcome) {
                    (Some(pass), 0) => gate.refused(pass, now, ms(pause * 10)),
                    (Some(pass), 1) => gate.lost(pass),
                    (Some(pass), 2) => gate.answered(pass, now),
                    // Nobody ever hears of it.
                    _ => {}
                }
            }
            now += ms(20_000) + LOST_AFTER;
            let pass = gate.pass_input(now);
            prop_assert!(pass.is_some());
            gate.answered(pass.unwrap(), now);
            prop_assert!(gate.pass_input(now + ms(250)).is_some());
        }
    }
}
