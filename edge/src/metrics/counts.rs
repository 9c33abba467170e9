//! The counters: plain data, without the isolate that they belong to.

use super::event::Event;
use super::state::State;
use crate::policy::LogThrottle;
use shared::units::UnixMs;
use std::collections::BTreeMap;

/// The most outcomes that are counted apart per source. A server may answer with any status, and
/// each would be a time series of its own.
pub(super) const MAX_OUTCOMES: usize = 64;

/// The label under which outcomes beyond [`MAX_OUTCOMES`] are counted together.
const OTHER: &str = "other";

/// Every counter of the isolate.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// By state and by the producer of the data.
    pub(super) answers: BTreeMap<(State, &'static str), u64>,
    /// By source and outcome.
    pub(super) attempts: BTreeMap<(&'static str, String), u64>,
    /// By where the refresh found data, or `failed`.
    pub(super) refreshes: BTreeMap<&'static str, u64>,
    pub(super) events: BTreeMap<Event, u64>,
    /// Which answers are logged one by one.
    throttles: BTreeMap<State, LogThrottle>,
}

impl Counts {
    pub(super) fn answer(&mut self, state: State, source: &'static str) {
        *self.answers.entry((state, source)).or_default() += 1;
    }

    pub(super) fn refresh(&mut self, via: &'static str) {
        *self.refreshes.entry(via).or_default() += 1;
    }

    pub(super) fn attempt(&mut self, source: &'static str, outcome: &str) {
        // An outcome that is known is always counted as itself: series do not vanish at the limit.
        let (mut count, mut is_known) = (0, false);
        for (_, known) in self.attempts.keys().filter(|(of, _)| *of == source) {
            count += 1;
            is_known |= known == outcome;
        }
        let outcome = if is_known || count < MAX_OUTCOMES {
            outcome
        } else {
            OTHER
        };
        *self
            .attempts
            .entry((source, outcome.to_owned()))
            .or_default() += 1;
    }

    pub(super) fn event(&mut self, event: Event) {
        *self.events.entry(event).or_default() += 1;
    }

    /// Whether one more answer of this state is logged; see [`super::admit_log_line`].
    pub(super) fn admit_log_line(&mut self, state: State, now: UnixMs) -> Option<u64> {
        self.throttles.entry(state).or_default().admit(now)
    }
}
