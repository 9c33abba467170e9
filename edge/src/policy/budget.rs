//! Admission of calls to upstreams: the isolate's interval, the colo's pace, refusals, and the
//! circuit breaker.
//!
//! State: what this isolate knows of its own calls ([`Calls`]); what the colo knows is passed in
//! (the ledger's [`Entry`]). Invariant: no exchange is called while it has turned us away, however
//! little there is to show.

use super::breaker::Breaker;
use super::ledger::Entry;
use super::limits::{MAX_CALLS, PACE_MS, WINDOW_MS};
use super::refusal::Refusal;
use super::time::is_within;
use shared::units::UnixMs;

/// The least time between two calls of one isolate, milliseconds. One call is all requests that one
/// snapshot needs.
const INTERVAL_MS: u64 = 3_000;

/// From so many calls of the colo in a window on, no exercise is admitted.
const EXERCISE_CALLS: usize = 2;

/// Why a call is not made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// This isolate called a moment ago.
    #[error("this isolate asked less than {INTERVAL_MS} ms ago")]
    IsolateBudget,
    /// The colo's budget is spent.
    #[error(
        "this colo asked less than {PACE_MS} ms ago, or {MAX_CALLS} times within {WINDOW_MS} ms"
    )]
    ColoBudget,
    /// The upstream turned us away.
    #[error("it sent us away: {}", .0.label())]
    Paused(Refusal),
    /// Its circuit breaker is open.
    #[error("it failed again and again and is left alone for a while")]
    BreakerOpen,
}

impl Denied {
    /// Whether only a budget is spent: nothing is known against the upstream.
    #[must_use]
    pub const fn is_over_budget(&self) -> bool {
        matches!(self, Self::IsolateBudget | Self::ColoBudget)
    }

    /// A label for metrics and machine-readable reasons.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::IsolateBudget => "withheld_by_budget",
            Self::ColoBudget => "withheld_by_colo_budget",
            Self::Paused(refusal) => refusal.label(),
            Self::BreakerOpen => "breaker_open",
        }
    }
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Anything that may be shown, for nothing is held. Such a call is not paced: a client without
    /// data is the greater harm.
    Data,
    /// Younger data than is held.
    YoungerData,
}

/// What this isolate knows about its own calls to one upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// When the last one began.
    pub started: Option<UnixMs>,
    /// The circuit breaker over how they ended.
    pub breaker: Breaker,
}

impl Calls {
    /// Whether an upstream without a budget, one of our own, may be called at `now`.
    ///
    /// # Errors
    /// [`Denied::BreakerOpen`].
    pub fn admit(&self, now: UnixMs) -> Result<(), Denied> {
        if self.breaker.admits(now) {
            Ok(())
        } else {
            Err(Denied::BreakerOpen)
        }
    }

    /// Whether an exchange may be called at `now`, by what the colo knows of it.
    ///
    /// # Errors
    /// [`Denied`] with the reason why not.
    pub fn admit_exchange(&self, colo: &Entry, need: Need, now: UnixMs) -> Result<(), Denied> {
        // First, for it binds every isolate of the colo and every need.
        if let Some(refusal) = colo.pause(now) {
            return Err(Denied::Paused(refusal));
        }
        if self
            .started
            .is_some_and(|started| is_within(started, now, INTERVAL_MS))
        {
            return Err(Denied::IsolateBudget);
        }
        let calls = colo.calls_in_window(now);
        // A second call may follow the first at once: the first may have failed.
        let is_paced = calls <= 1 || !colo.was_called_within(PACE_MS, now);
        if calls >= MAX_CALLS || (need == Need::YoungerData && !is_paced) {
            return Err(Denied::ColoBudget);
        }
        // The breaker last: what a budget denies says nothing against the upstream.
        self.admit(now)
    }

    /// Whether an exercise may call it: only well within the budget, for that is there for need.
    ///
    /// # Errors
    /// [`Denied`] with the reason why not.
    pub fn admit_exercise(&self, colo: &Entry, now: UnixMs) -> Result<(), Denied> {
        if colo.calls_in_window(now) >= EXERCISE_CALLS {
            return Err(Denied::ColoBudget);
        }
        self.admit_exchange(colo, Need::YoungerData, now)
    }

    /// The state once a call has begun.
    #[must_use]
    pub const fn began(self, now: UnixMs) -> Self {
        Self {
            started: Some(now),
            breaker: self.breaker.began(now),
        }
    }

    /// The state after a call that worked or failed. A refusal is neither: its pause acts in place
    /// of the breaker.
    #[must_use]
    pub fn ended(self, worked: bool, now: UnixMs) -> Self {
        Self {
            breaker: if worked {
                self.breaker.worked()
            } else {
                self.breaker.failed(now)
            },
            ..self
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

    fn called_at(ages: impl IntoIterator<Item = u64>) -> Entry {
        let mut entry = Entry::default();
        ages.into_iter().for_each(|ms| entry.note_call(ago(ms)));
        entry
    }

    fn called(times: u64, ms: u64) -> Entry {
        called_at((0..times).map(|n| ms + n))
    }

    fn refused(refusal: Refusal, since: UnixMs) -> Entry {
        let mut entry = Entry::default();
        entry.note_refusal(refusal, since);
        entry
    }

    #[track_caller]
    fn check(calls: Calls, colo: &Entry, expected: Result<(), Denied>) {
        let found = calls.admit_exchange(colo, Need::YoungerData, NOW);
        assert_eq!(found, expected, "for {calls:?} and {colo:?}");
    }

    #[test]
    fn one_call_of_an_isolate_per_three_seconds() {
        let started = |ms| Calls {
            started: Some(ago(ms)),
            ..Calls::default()
        };
        check(Calls::default(), &Entry::default(), Ok(()));
        check(
            started(2_999),
            &Entry::default(),
            Err(Denied::IsolateBudget),
        );
        check(started(3_000), &Entry::default(), Ok(()));
    }

    #[test]
    fn one_call_of_a_colo_per_ten_seconds_but_for_a_second_one() {
        check(Calls::default(), &called_at([100]), Ok(()));
        check(
            Calls::default(),
            &called_at([4_000, 100]),
            Err(Denied::ColoBudget),
        );
        check(
            Calls::default(),
            &called_at([13_000, 9_999]),
            Err(Denied::ColoBudget),
        );
        check(Calls::default(), &called_at([13_000, 10_000]), Ok(()));
        check(Calls::default(), &called_at([60_000, 100]), Ok(()));
    }

    #[test]
    fn with_nothing_to_show_calls_are_not_paced() {
        let bare = |entry: &Entry| Calls::default().admit_exchange(entry, Need::Data, NOW);
        assert_eq!(bare(&called(11, 100)), Ok(()));
        assert_eq!(bare(&called(12, 100)), Err(Denied::ColoBudget));
        let just_called = Calls {
            started: Some(ago(100)),
            ..Calls::default()
        };
        assert_eq!(
            just_called.admit_exchange(&Entry::default(), Need::Data, NOW),
            Err(Denied::IsolateBudget)
        );
    }

    #[test]
    fn an_exercise_leaves_calls_for_when_they_are_needed() {
        let exercise = |entry: &Entry| Calls::default().admit_exercise(entry, NOW);
        assert_eq!(exercise(&called(1, 100)), Ok(()));
        assert_eq!(exercise(&called(2, 100)), Err(Denied::ColoBudget));
        let region = refused(Refusal::Region, ago(1));
        assert_eq!(exercise(&region), Err(Denied::Paused(Refusal::Region)));
    }

    #[track_caller]
    fn check_pause(refusal: Refusal, pause_ms: u64) {
        check(
            Calls::default(),
            &refused(refusal, ago(pause_ms - 1)),
            Err(Denied::Paused(refusal)),
        );
        check(Calls::default(), &refused(refusal, ago(pause_ms)), Ok(()));
    }

    #[test]
    fn a_refusal_is_answered_with_its_pause() {
        check_pause(Refusal::Region, 600_000);
        check_pause(Refusal::RateLimit, 600_000);
        check_pause(Refusal::Unexplained, 60_000);
        check_pause(
            Refusal::TooManyRequests {
                retry_after_secs: None,
            },
            60_000,
        );
        check_pause(
            Refusal::TooManyRequests {
                retry_after_secs: Some(90),
            },
            90_000,
        );
        check_pause(
            Refusal::TooManyRequests {
                retry_after_secs: Some(u64::MAX),
            },
            600_000,
        );
    }

    #[test]
    fn an_upstream_that_fails_in_a_row_is_left_alone() {
        let failing = (0..3).fold(Calls::default(), |calls, _| {
            calls.began(ago(3_500)).ended(false, ago(1_000))
        });
        check(failing, &Entry::default(), Err(Denied::BreakerOpen));
        assert_eq!(failing.admit(NOW), Err(Denied::BreakerOpen));
        check(failing.ended(true, NOW), &Entry::default(), Ok(()));
    }

    #[test]
    fn a_clock_that_was_set_back_ends_the_pause() {
        let ahead = NOW.plus_millis(3_600_000);
        check(
            Calls::default().began(ahead),
            &refused(Refusal::Region, ahead),
            Ok(()),
        );
    }
}
