//! Whether a request may be sent to the exchange: a hard budget of requests in a rolling window, a
//! pace within it, and a circuit breaker for the pauses that the exchange asks for.
//!
//! The budget is one for all requests to the exchange. The ticker table and the instruments list
//! never wait for it: their share is known beforehand and subtracted from it. The inputs have the
//! rest.
//!
//! State machine: `Open` → (a refusal that concerns every request) `Paused` → (its end) `Trying` →
//! (the trial request is answered) `Open`, or (it is refused) `Paused` again. In `Trying` a single
//! request is under way, from any source. After it the pace is even for one window, so that a
//! banned address does not return with a burst.
//!
//! Invariant: a `Pass` carries the number of pauses before it. What became of a request that was
//! sent before the latest pause neither opens the gate nor counts as another refusal.

use crate::jitter::Jitter;
use crate::upstream::{FaultClass, Pauses, UpstreamError, pause};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The rolling window of Bybit's limit per IP address:
/// <https://bybit-exchange.github.io/docs/v5/rate-limit>.
const WINDOW: Duration = Duration::from_secs(5);

/// Requests for the instruments list that may fall into one window: two pages.
const INSTRUMENT_PAGES: usize = 2;

/// How much faster than evenly requests go while the window has room, as at the start. The budget
/// of a window, and with it the first scores, is spent in a third of its time.
const HURRY: u32 = 3;

/// The part of the budget that is left free for inputs by what can wait: one in eight.
const SPARE_ONE_IN: usize = 8;

/// When the trial request counts as lost and another may go. Longer than any request may take, so
/// it acts only when a task ended without reporting.
const LOST_AFTER: Duration = Duration::from_secs(8);

/// The least wait before the gate is tried again, so that no caller spins.
pub(in crate::collect) const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// The longest pause for a rate limit, whatever end is stated. Then one trial request shows whether
/// the limit still holds. It does not shorten a ban, which a trial request could prolong.
const LONGEST_LIMIT: Duration = Duration::from_secs(60);

/// How often callers check whether the trial request was answered: nothing wakes them.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The gate.
#[derive(Debug)]
pub struct Gate {
    /// The budget that is left for the inputs.
    inputs_per_window: usize,
    jitter: Jitter,
    state: Mutex<State>,
}

/// Permission to send one request. Its outcome is reported to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Pauses before it was given; another number at the gate makes its outcome obsolete.
    pauses: u64,
    is_first: bool,
}

/// The state of the circuit breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// The exchange asked for a pause: no request goes.
    Paused { until: Instant },
    /// The pause is over, and a single trial request decides. `since` is when it was sent; `None`
    /// before that.
    Trying { since: Option<Instant> },
}

#[derive(Debug, Default)]
struct State {
    /// When the inputs of the last window were requested, oldest first.
    recent: VecDeque<Instant>,
    phase: Phase,
    pauses: u64,
    /// Refusals in a row, for the backoff. Requests that were under way together count once.
    refusals: u32,
    /// Until when the pace is even, after a pause.
    even_until: Option<Instant>,
}

impl State {
    /// How long no request may go, because of a pause or of a trial request under way.
    fn paused(&mut self, now: Instant) -> Duration {
        // Paused → Trying. Done here, because nobody is woken when a pause ends.
        if let Phase::Paused { until } = self.phase
            && until <= now
        {
            self.phase = Phase::Trying { since: None };
        }
        match self.phase {
            Phase::Open | Phase::Trying { since: None } => Duration::ZERO,
            Phase::Paused { until } => until.saturating_duration_since(now),
            // Callers come again soon; once the trial counts as lost, this is zero and the next is
            // a trial.
            Phase::Trying { since: Some(since) } => (since + LOST_AFTER)
                .saturating_duration_since(now)
                .min(LOOK_AGAIN),
        }
    }

    /// How long until budget and pace have room for another input.
    fn full(&mut self, now: Instant, limit: usize) -> Duration {
        while self
            .recent
            .front()
            .is_some_and(|oldest| now.saturating_duration_since(*oldest) >= WINDOW)
        {
            self.recent.pop_front();
        }
        // The window has room once the oldest `surplus` requests have left it.
        let surplus = (self.recent.len() + 1).saturating_sub(limit);
        let leaving = surplus
            .checked_sub(1)
            .and_then(|index| self.recent.get(index));
        let budget = leaving.map_or(Duration::ZERO, |leaving| {
            (*leaving + WINDOW).saturating_duration_since(now)
        });
        let even = WINDOW / u32::try_from(limit).unwrap_or(u32::MAX).max(1);
        // Hurrying is for a start. After a pause it would be the burst that caused it.
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

    // In `Trying` the pass is the trial: recording `since` closes the gate for all others.
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
    /// A gate for `requests_per_window` requests in any five seconds. The ticker table and the
    /// instruments list take their share first. `jitter` lengthens pauses, so that no two processes
    /// return at the same moment.
    #[must_use]
    pub fn new(requests_per_window: usize, tickers_interval: Duration, jitter: Jitter) -> Self {
        let tickers = WINDOW
            .as_millis()
            .div_ceil(tickers_interval.as_millis().max(1));
        let reserved = usize::try_from(tickers)
            .unwrap_or(usize::MAX)
            .saturating_add(INSTRUMENT_PAGES);
        Self {
            // At least one, or a small budget would stop the inputs altogether.
            inputs_per_window: requests_per_window.saturating_sub(reserved).max(1),
            jitter,
            state: Mutex::default(),
        }
    }

    /// The mean rate that is left for the inputs, requests per second.
    #[must_use]
    pub fn requests_per_second(&self) -> f64 {
        self.inputs_per_window as f64 / WINDOW.as_secs_f64()
    }

    /// How long until an input may be requested.
    #[must_use]
    pub fn opens_in(&self, now: Instant) -> Duration {
        self.with(|state| {
            state
                .paused(now)
                .max(state.full(now, self.inputs_per_window))
        })
    }

    /// How long until the ticker table or the instruments list may be requested. Their share of the
    /// budget is reserved, so only a pause delays them.
    #[must_use]
    pub fn paused(&self, now: Instant) -> Duration {
        self.with(|state| state.paused(now))
    }

    /// A pass for an input, if one may be requested now.
    #[must_use]
    pub fn pass_input(&self, now: Instant) -> Option<Pass> {
        self.with(|state| {
            // Checked and recorded under one lock: two callers cannot both take the last slot or be
            // the trial.
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

    /// A pass for something that can wait, if more than an eighth of the window's budget is left: that
    /// much is kept free for inputs. While they queue for the budget, as after a start, there is none.
    #[must_use]
    pub fn pass_spare(&self, now: Instant) -> Option<Pass> {
        let kept_free = self.inputs_per_window.div_ceil(SPARE_ONE_IN);
        // A budget that is kept free as a whole has nothing to spare.
        let most = self
            .inputs_per_window
            .checked_sub(kept_free)
            .filter(|most| *most > 0)?;
        self.with(|state| {
            let is_open = state.paused(now).max(state.full(now, most)).is_zero();
            is_open.then(|| {
                state.recent.push_back(now);
                state.pass(now)
            })
        })
    }

    /// A pass for the ticker table or the instruments list, if no pause is on.
    #[must_use]
    pub fn pass_table(&self, now: Instant) -> Option<Pass> {
        self.with(|state| state.paused(now).is_zero().then(|| state.pass(now)))
    }

    /// The exchange answered with anything but a refusal of every request, so it serves this
    /// address.
    pub fn answered(&self, pass: Pass, now: Instant) {
        self.with(|state| {
            // An answer to a request from before the pause says nothing about the pause.
            if pass.pauses != state.pauses {
                return;
            }
            state.refusals = 0;
            if pass.is_first {
                // Trying → Open, at an even pace for one window.
                (state.phase, state.even_until) = (Phase::Open, Some(now + WINDOW));
            }
        });
    }

    /// A request brought no data; returns how long to leave what it asked for alone. `failures`
    /// counts failures in a row, this one included. A refusal that concerns every request pauses
    /// them all for as long.
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
                // Each input counts its own failures. The refusals of the address are the longer
                // memory, because after a pause the trial may be another input's.
                failures.max(self.refusals(pass)),
                pauses.at_most(LONGEST_LIMIT),
            );
            let pause = self.jitter.lengthen(pause);
            self.refused(pass, now, pause);
            return pause;
        }
        match error.class() {
            // An answer that cannot be read is an answer: the address is served.
            FaultClass::BadData => self.answered(pass, now),
            // A 403 without a reason may concern one path only, and a timeout or a 5xx says nothing
            // about the address. The trial is undecided.
            FaultClass::Refused | FaultClass::ServerError | FaultClass::NotReached => {
                self.lost(pass);
            }
        }
        self.jitter.lengthen(pause(error, failures, pauses))
    }

    /// The request ended without evidence about the address. If it was the trial, the next request
    /// is.
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

    /// Refusals in a row, this one included. Requests that were under way together are refused
    /// together and count once, or one ban would raise the backoff by dozens of steps.
    fn refusals(&self, pass: Pass) -> u32 {
        self.with(|state| {
            state
                .refusals
                .saturating_add(u32::from(pass.pauses == state.pauses))
        })
    }

    /// The exchange refused the address: no request goes for `pause`. A longer pause that is
    /// already on stays.
    fn refused(&self, pass: Pass, now: Instant, pause: Duration) {
        self.with(|state| {
            // The first refusal of those under way together. The others carry the older number.
            if pass.pauses == state.pauses {
                state.refusals = state.refusals.saturating_add(1);
                state.pauses = state.pauses.saturating_add(1);
            }
            // A pause beyond the timer's range counts as none. No stated pause is that long:
            // `Pauses` bounds it.
            let asked = now.checked_add(pause).unwrap_or(now);
            let until = match state.phase {
                Phase::Paused { until } => until.max(asked),
                Phase::Open | Phase::Trying { .. } => asked,
            };
            // From any phase. Late refusals of earlier requests close an open gate too, since a ban
            // is of the address.
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

    #[tokio::test(start_paused = true)]
    async fn what_can_wait_goes_only_while_the_inputs_leave_room() {
        let gate = gate_for(16);
        let mut now = Instant::now();
        let step = WINDOW / 16;
        // Inputs that queue take every place.
        for _ in 0..14 {
            assert!(gate.pass_input(now).is_some());
            now += step / 3;
        }
        assert_eq!(gate.pass_spare(now), None, "two places are kept free");
        assert!(gate.pass_input(now).is_some());
        now += step / 3;
        assert!(gate.pass_input(now).is_some());
        now += WINDOW;
        assert!(gate.pass_spare(now).is_some(), "nobody queues any more");
        // It counts like every other request, and what is pending stays within the budget.
        now += step;
        for _ in 0..15 {
            assert!(gate.pass_input(now).is_some());
            now += step / 3;
        }
        assert_eq!(gate.pass_input(now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_can_wait_never_goes_in_a_pause_nor_of_the_last_request() {
        let gate = gate_for(16);
        let now = Instant::now();
        let pass = gate.pass_input(now).unwrap();
        gate.refused(pass, now, Duration::from_secs(10));
        assert_eq!(gate.pass_spare(now + Duration::from_secs(9)), None);
        let smallest = gate_for(1);
        assert_eq!(smallest.pass_spare(now), None, "it is the inputs'");
    }

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
