//! The ledger that the isolates of one colo share: calls to exchanges, refusals, and that every
//! source failed just now (the negative cache).
//!
//! It is stored in the Cache API: the entry may be evicted, stale or slow, and there is no
//! compare-and-swap. So every isolate keeps what it ever read, and merging only adds. Two isolates
//! that write at once lose each other's call until both have read again.
//!
//! Invariants:
//! * What an isolate did itself is never forgotten for what it reads.
//! * Without the cache each isolate keeps to the whole colo's budget on its own.
//! * A moment ahead of the clock denies no call.

pub(super) mod wire;

use super::decision::NEGATIVE_MS;
use super::limits::{MAX_CALLS, WINDOW_MS};
use super::refusal::Refusal;
use super::time::is_within;
use super::upstream::{PerUpstream, Upstream};
use shared::units::UnixMs;

/// What is known of one exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// When the last calls began, oldest first; at most [`MAX_CALLS`], for older ones do not count.
    calls: Vec<UnixMs>,
    /// The refusal that lasts longest, and when it came.
    refusal: Option<(Refusal, UnixMs)>,
}

impl Entry {
    /// How many calls began within the window.
    #[must_use]
    pub fn calls_in_window(&self, now: UnixMs) -> usize {
        self.calls
            .iter()
            .filter(|began| is_within(**began, now, WINDOW_MS))
            .count()
    }

    /// Whether a call began within the last `ms`.
    #[must_use]
    pub fn was_called_within(&self, ms: u64, now: UnixMs) -> bool {
        self.calls.iter().any(|began| is_within(*began, now, ms))
    }

    /// The refusal that holds at `now`.
    #[must_use]
    pub fn pause(&self, now: UnixMs) -> Option<Refusal> {
        self.refusal
            .filter(|(refusal, since)| is_within(*since, now, refusal.pause_ms()))
            .map(|(refusal, _)| refusal)
    }

    /// Notes a call.
    pub fn note_call(&mut self, now: UnixMs) {
        self.take_calls(&[now]);
    }

    /// Notes a refusal.
    pub fn note_refusal(&mut self, refusal: Refusal, now: UnixMs) {
        self.take_refusal((refusal, now));
    }

    fn take_calls(&mut self, others: &[UnixMs]) {
        // The same call read twice is one call: it is identified by its moment.
        self.calls.extend(others);
        // Sorted, so that the oldest are dropped first; deduplicated, so that a merge is
        // idempotent.
        self.calls.sort_unstable();
        self.calls.dedup();
        self.calls
            .drain(..self.calls.len().saturating_sub(MAX_CALLS));
    }

    fn take_refusal(&mut self, other: (Refusal, UnixMs)) {
        let ends = |(refusal, since): (Refusal, UnixMs)| since.plus_millis(refusal.pause_ms());
        if self.refusal.is_none_or(|known| ends(other) > ends(known)) {
            self.refusal = Some(other);
        }
    }

    /// Forgets what is over, and what is ahead of the clock: a wrong clock there must not count
    /// here.
    fn prune(&mut self, now: UnixMs) {
        self.calls.retain(|began| is_within(*began, now, WINDOW_MS));
        self.refusal = self.refusal.filter(|_| self.pause(now).is_some());
    }
}

/// An entry of the negative cache: every source failed, so isolates that hold nothing need not call
/// them again at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedFailure {
    /// When.
    pub at: UnixMs,
    /// The upstreams that failed, and the outcome of each.
    pub outcomes: Vec<(Upstream, String)>,
}

/// What the isolates of a colo know together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    entries: PerUpstream<Entry>,
    failure: Option<SharedFailure>,
}

impl Ledger {
    /// What is known of one exchange.
    #[must_use]
    pub const fn entry(&self, exchange: Upstream) -> &Entry {
        self.entries.get(exchange)
    }

    /// The same, to note something.
    pub const fn entry_mut(&mut self, exchange: Upstream) -> &mut Entry {
        self.entries.get_mut(exchange)
    }

    /// Notes that every source failed.
    pub fn note_failure(&mut self, failure: SharedFailure) {
        self.failure = Some(failure);
    }

    /// The failure that is still shared at `now`.
    #[must_use]
    pub fn failure(&self, now: UnixMs) -> Option<&SharedFailure> {
        self.failure
            .as_ref()
            .filter(|failure| is_within(failure.at, now, NEGATIVE_MS))
    }

    /// Adds what another ledger knows.
    pub fn merge(&mut self, other: &Self, now: UnixMs) {
        for exchange in Upstream::EXCHANGES {
            let (mine, theirs) = (self.entries.get_mut(exchange), other.entries.get(exchange));
            // Both sides are pruned first, or moments ahead of the clock would push out real calls.
            mine.prune(now);
            let mut theirs = theirs.clone();
            theirs.prune(now);
            mine.take_calls(&theirs.calls);
            if let Some(refusal) = theirs.refusal {
                mine.take_refusal(refusal);
            }
        }
        let at = |ledger: &Self| ledger.failure(now).map(|failure| failure.at);
        // The younger failure holds; times ahead of the clock were filtered out by `failure`.
        if at(other) > at(self) {
            self.failure.clone_from(&other.failure);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn ago(ms: u64) -> UnixMs {
        UnixMs::from_millis(NOW.as_millis() - ms)
    }

    fn noted(note: impl FnOnce(&mut Entry)) -> Ledger {
        let mut ledger = Ledger::default();
        note(ledger.entry_mut(Upstream::Bybit));
        ledger
    }

    fn failure(at: UnixMs) -> SharedFailure {
        SharedFailure {
            at,
            outcomes: vec![(Upstream::Origin, "timeout".to_owned())],
        }
    }

    #[test]
    fn what_an_isolate_did_outlives_what_it_reads() {
        let mut own = noted(|entry| {
            entry.note_call(ago(1_000));
            entry.note_refusal(Refusal::Region, ago(1_000));
        });
        own.merge(&Ledger::default(), NOW);
        assert_eq!(own.entry(Upstream::Bybit).calls_in_window(NOW), 1);
        assert_eq!(own.entry(Upstream::Bybit).pause(NOW), Some(Refusal::Region));
        own.merge(&noted(|entry| entry.note_call(ago(2_000))), NOW);
        assert_eq!(own.entry(Upstream::Bybit).calls_in_window(NOW), 2);
        own.merge(&own.clone(), NOW);
        assert_eq!(
            own.entry(Upstream::Bybit).calls_in_window(NOW),
            2,
            "a call was counted twice"
        );
    }

    #[test]
    fn the_longer_pause_holds() {
        let mut own = noted(|entry| entry.note_refusal(Refusal::Region, ago(10_000)));
        own.entry_mut(Upstream::Bybit)
            .note_refusal(Refusal::Unexplained, ago(1));
        assert_eq!(own.entry(Upstream::Bybit).pause(NOW), Some(Refusal::Region));
        own.merge(
            &noted(|entry| entry.note_refusal(Refusal::RateLimit, ago(5_000))),
            NOW,
        );
        assert_eq!(
            own.entry(Upstream::Bybit).pause(NOW),
            Some(Refusal::RateLimit)
        );
    }

    #[test]
    fn a_ledger_that_lies_about_the_future_holds_nobody_off() {
        let ahead = NOW.plus_millis(3_600_000);
        let mut lie = noted(|entry| {
            (0..6).for_each(|n| entry.note_call(ahead.plus_millis(n)));
            entry.note_refusal(Refusal::Region, ahead);
        });
        lie.note_failure(failure(ahead));
        let mut own = noted(|entry| entry.note_call(ago(1)));
        own.merge(&lie, NOW);
        assert_eq!(
            own.entry(Upstream::Bybit).calls_in_window(NOW),
            1,
            "own calls were pushed out"
        );
        assert_eq!(own.entry(Upstream::Bybit).pause(NOW), None);
        assert_eq!(own.failure(NOW), None);
    }

    #[test]
    fn a_failure_is_shared_for_two_seconds() {
        let mut own = Ledger::default();
        let from = |ms| {
            let mut other = Ledger::default();
            other.note_failure(failure(ago(ms)));
            other
        };
        own.merge(&from(2_000), NOW);
        assert_eq!(own.failure(NOW), None);
        own.merge(&from(1_999), NOW);
        assert_eq!(own.failure(NOW), Some(&failure(ago(1_999))));
        own.merge(&from(1_000), NOW);
        assert_eq!(own.failure(NOW).map(|failure| failure.at), Some(ago(1_000)));
        own.merge(&from(1_500), NOW);
        assert_eq!(
            own.failure(NOW).map(|failure| failure.at),
            Some(ago(1_000)),
            "an older failure was taken"
        );
    }
}
