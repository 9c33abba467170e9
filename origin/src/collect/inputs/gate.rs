//! Whether the exchange may be asked for an input: a hard budget of requests in a rolling window, and pauses that it asked for.
//!
//! The budget is one for everything that is asked of the exchange. The ticker table and the instruments list wait for nobody;
//! their share, which is known beforehand, is kept free, and the inputs share the rest.

use shared::units::UnixMs;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The venue's window.
const WINDOW_MS: u64 = 5_000;

/// Requests for the instruments list that may fall into one window: two pages.
const INSTRUMENT_PAGES: usize = 2;

/// The gate.
#[derive(Debug)]
pub struct Gate {
    /// What is left of the budget for the inputs.
    inputs_per_window: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Requests for inputs of the last window, oldest first.
    recent: VecDeque<UnixMs>,
    closed_until: Option<UnixMs>,
}

impl State {
    /// Milliseconds until another request fits.
    fn opens_in_ms(&mut self, now: UnixMs, limit: usize) -> u64 {
        while self.recent.front().is_some_and(|oldest| now.millis_since(*oldest) >= WINDOW_MS) {
            self.recent.pop_front();
        }
        let paused_ms = self.closed_until.map_or(0, |until| until.millis_since(now));
        let surplus = (self.recent.len() + 1).saturating_sub(limit);
        let full_ms = match surplus.checked_sub(1).and_then(|index| self.recent.get(index)) {
            Some(leaving) => leaving.plus_millis(WINDOW_MS).millis_since(now),
            None => 0,
        };
        paused_ms.max(full_ms)
    }
}

impl Gate {
    /// A gate for so many requests in any five seconds, of which the ticker table takes its share first.
    #[must_use]
    pub fn new(requests_per_window: usize, tickers_interval: Duration) -> Self {
        let tickers = u128::from(WINDOW_MS).div_ceil(tickers_interval.as_millis().max(1));
        let reserved = usize::try_from(tickers).unwrap_or(usize::MAX).saturating_add(INSTRUMENT_PAGES);
        Self { inputs_per_window: requests_per_window.saturating_sub(reserved).max(1), state: Mutex::default() }
    }

    /// The mean rate that is left for the inputs.
    #[must_use]
    pub fn requests_per_second(&self) -> f64 {
        self.inputs_per_window as f64 / (WINDOW_MS as f64 / 1_000.0)
    }

    /// Whether an input may be asked for.
    #[must_use]
    pub fn is_open(&self, now: UnixMs) -> bool {
        self.opens_in_ms(now) == 0
    }

    /// How long until one may.
    #[must_use]
    pub fn opens_in_ms(&self, now: UnixMs) -> u64 {
        self.with(|state| state.opens_in_ms(now, self.inputs_per_window))
    }

    /// How long the exchange asked to be left alone, whatever the budget says.
    #[must_use]
    pub fn paused_ms(&self, now: UnixMs) -> u64 {
        self.with(|state| state.closed_until.map_or(0, |until| until.millis_since(now)))
    }

    /// Notes a request for an input that is about to be sent.
    pub fn note(&self, now: UnixMs) {
        self.with(|state| state.recent.push_back(now));
    }

    /// Lets nothing through for a while; a longer pause stays.
    pub fn close_for(&self, now: UnixMs, pause: Duration) {
        let until = now.plus_millis(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
        self.with(|state| state.closed_until = state.closed_until.max(Some(until)));
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    /// A gate through which so many requests for inputs go in a window.
    fn gate_for(requests: usize) -> Gate {
        Gate { inputs_per_window: requests, ..Gate::new(60, Duration::from_secs(2)) }
    }

    #[test]
    fn the_ticker_table_has_its_share_of_the_budget() {
        let free = |budget, interval_ms| {
            let gate = Gate::new(budget, Duration::from_millis(interval_ms));
            (0..)
                .take_while(|_| {
                    let open = gate.is_open(NOW);
                    gate.note(NOW);
                    open
                })
                .count()
        };
        assert_eq!(free(60, 2_000), 60 - 3 - 2);
        assert_eq!(free(60, 250), 60 - 20 - 2);
        assert_eq!(free(10, 2_000), 10 - 3 - 2);
    }

    #[test]
    fn a_burst_is_let_through_and_then_one_for_each_that_leaves_the_window() {
        let gate = gate_for(3);
        for after in [0, 10, 20] {
            assert!(gate.is_open(NOW.plus_millis(after)));
            gate.note(NOW.plus_millis(after));
        }
        assert_eq!(gate.opens_in_ms(NOW.plus_millis(30)), 4_970);
        assert!(!gate.is_open(NOW.plus_millis(4_999)));
        assert!(gate.is_open(NOW.plus_millis(5_000)));
        gate.note(NOW.plus_millis(5_000));
        assert_eq!(gate.opens_in_ms(NOW.plus_millis(5_000)), 10);
    }

    #[test]
    fn a_pause_closes_whatever_the_budget_says_and_a_shorter_one_does_not_end_it() {
        let gate = Gate::new(100, Duration::from_secs(2));
        gate.close_for(NOW, Duration::from_secs(600));
        gate.close_for(NOW, Duration::from_secs(5));
        assert_eq!((gate.opens_in_ms(NOW), gate.paused_ms(NOW)), (600_000, 600_000));
        assert!(gate.is_open(NOW.plus_millis(600_000)));
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_the_budget(pauses in proptest::collection::vec(0_u64..400, 1..300), limit in 1_usize..40) {
            let gate = Gate::new(limit, Duration::from_secs(2));
            let (mut now, mut sent) = (NOW, Vec::new());
            for pause in pauses {
                now = now.plus_millis(pause);
                if gate.is_open(now) {
                    gate.note(now);
                    sent.push(now);
                }
            }
            for first in &sent {
                let in_window = sent.iter().filter(|other| *other >= first && other.millis_since(*first) < WINDOW_MS).count();
                prop_assert!(in_window <= limit);
            }
        }
    }
}
