//! How often an exchange may be asked from here. Its limits count per address, and many Workers
//! share one.

use super::breaker::Breaker;
use super::ledger::Entry;
use super::limits::{CALLS_WITHIN_MS, MAX_CALLS, PACE_MS};
use super::refusal::Refusal;
use super::time::is_within;
use shared::units::UnixMs;

/// The least time between two calls of one isolate. One call is all requests that one snapshot
/// needs.
const INTERVAL_MS: u64 = 3_000;

/// From so many calls on nothing is called for practice.
const SPARE_CALLS: usize = 2;

/// Why an upstream is not asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// It was asked a moment ago.
    #[error("this isolate asked less than {INTERVAL_MS} ms ago")]
    Budget,
    /// Others near here asked it often enough.
    #[error(
        "this colo asked less than {PACE_MS} ms ago, or {MAX_CALLS} times within {CALLS_WITHIN_MS} ms"
    )]
    ColoBudget,
    /// It sent us away.
    #[error("it sent us away: {}", .0.label())]
    Paused(Refusal),
    /// It failed again and again.
    #[error("it failed again and again and is left alone for a while")]
    BreakerOpen,
}

impl Withheld {
    /// Whether it is only not its turn: nothing is known against it.
    #[must_use]
    pub const fn is_of_budget(&self) -> bool {
        matches!(self, Self::Budget | Self::ColoBudget)
    }

    /// A label for metrics and machine-readable reasons.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Budget => "withheld_by_budget",
            Self::ColoBudget => "withheld_by_colo_budget",
            Self::Paused(refusal) => refusal.label(),
            Self::BreakerOpen => "breaker_open",
        }
    }
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Something that may be shown: nothing is held. It need not wait for its turn, for a client
    /// without data is the greater harm.
    Data,
    /// Younger data than is held.
    YoungerData,
}

/// What this isolate knows about its own calls to one upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// When the last one began.
    pub started: Option<UnixMs>,
    /// How they ended.
    pub breaker: Breaker,
}

impl Calls {
    /// Whether an upstream without a budget, our own origin, may be asked at `now`.
    ///
    /// # Errors
    /// [`Withheld::BreakerOpen`].
    pub fn may_ask(&self, now: UnixMs) -> Result<(), Withheld> {
        if self.breaker.admits(now) {
            Ok(())
        } else {
            Err(Withheld::BreakerOpen)
        }
    }

    /// Whether an exchange may be asked at `now`, by what its colo knows of it.
    ///
    /// # Errors
    /// [`Withheld`] with the reason why not.
    pub fn may_ask_exchange(&self, colo: &Entry, need: Need, now: UnixMs) -> Result<(), Withheld> {
        if let Some(refusal) = colo.pause(now) {
            return Err(Withheld::Paused(refusal));
        }
        if self
            .started
            .is_some_and(|started| is_within(started, now, INTERVAL_MS))
        {
            return Err(Withheld::Budget);
        }
        let calls = colo.calls_within(now);
        let is_paced = calls <= 1 || !colo.was_called_within(PACE_MS, now);
        if calls >= MAX_CALLS || (need == Need::YoungerData && !is_paced) {
            return Err(Withheld::ColoBudget);
        }
        self.may_ask(now)
    }

    /// The same for a call that only keeps the way in practice.
    ///
    /// # Errors
    /// [`Withheld`] with the reason why not.
    pub fn may_exercise(&self, colo: &Entry, now: UnixMs) -> Result<(), Withheld> {
        if colo.calls_within(now) >= SPARE_CALLS {
            return Err(Withheld::ColoBudget);
        }
        self.may_ask_exchange(colo, Need::YoungerData, now)
    }

    /// The state once a call has begun.
    #[must_use]
    pub const fn asked(self, now: UnixMs) -> Self {
        Self {
            started: Some(now),
            breaker: self.breaker.asked(now),
        }
    }

    /// The state after a call that worked, or failed. One that was refused is neither: its pause
    /// says all.
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
        ages.into_iter().for_each(|ms| entry.called(ago(ms)));
        entry
    }

    fn called(times: u64, ms: u64) -> Entry {
        called_at((0..times).map(|n| ms + n))
    }

    fn refused(refusal: Refusal, since: UnixMs) -> Entry {
        let mut entry = Entry::default();
        entry.refused(refusal, since);
        entry
    }

    #[track_caller]
    fn check(calls: Calls, colo: &Entry, expected: Result<(), Withheld>) {
        let found = calls.may_ask_exchange(colo, Need::YoungerData, NOW);
        assert_eq!(found, expected, "for {calls:?} and {colo:?}");
    }

    #[test]
    fn one_call_of_an_isolate_per_three_seconds() {
        let started = |ms| Calls {
            started: Some(ago(ms)),
            ..Calls::default()
        };
        check(Calls::default(), &Entry::default(), Ok(()));
        check(started(2_999), &Entry::default(), Err(Withheld::Budget));
        check(started(3_000), &Entry::default(), Ok(()));
    }

    #[test]
    fn one_call_of_a_colo_per_ten_seconds_but_for_a_second_one() {
        check(Calls::default(), &called_at([100]), Ok(()));
        check(
            Calls::default(),
            &called_at([4_000, 100]),
            Err(Withheld::ColoBudget),
        );
        check(
            Calls::default(),
            &called_at([13_000, 9_999]),
            Err(Withheld::ColoBudget),
        );
        check(Calls::default(), &called_at([13_000, 10_000]), Ok(()));
        check(Calls::default(), &called_at([60_000, 100]), Ok(()));
    }

    #[test]
    fn who_has_nothing_to_show_does_not_wait_for_its_turn() {
        let bare = |entry: &Entry| Calls::default().may_ask_exchange(entry, Need::Data, NOW);
        assert_eq!(bare(&called(11, 100)), Ok(()));
        assert_eq!(bare(&called(12, 100)), Err(Withheld::ColoBudget));
        let just_asked = Calls {
            started: Some(ago(100)),
            ..Calls::default()
        };
        assert_eq!(
            just_asked.may_ask_exchange(&Entry::default(), Need::Data, NOW),
            Err(Withheld::Budget)
        );
    }

    #[test]
    fn an_exercise_leaves_calls_for_when_they_are_needed() {
        let exercise = |entry: &Entry| Calls::default().may_exercise(entry, NOW);
        assert_eq!(exercise(&called(1, 100)), Ok(()));
        assert_eq!(exercise(&called(2, 100)), Err(Withheld::ColoBudget));
        let region = refused(Refusal::Region, ago(1));
        assert_eq!(exercise(&region), Err(Withheld::Paused(Refusal::Region)));
    }

    #[track_caller]
    fn check_pause(refusal: Refusal, pause_ms: u64) {
        check(
            Calls::default(),
            &refused(refusal, ago(pause_ms - 1)),
            Err(Withheld::Paused(refusal)),
        );
        check(Calls::default(), &refused(refusal, ago(pause_ms)), Ok(()));
    }

    #[test]
    fn who_is_sent_away_stays_away() {
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
    fn who_fails_again_and_again_is_left_alone() {
        let failing = (0..3).fold(Calls::default(), |calls, _| {
            calls.asked(ago(3_500)).ended(false, ago(1_000))
        });
        check(failing, &Entry::default(), Err(Withheld::BreakerOpen));
        assert_eq!(failing.may_ask(NOW), Err(Withheld::BreakerOpen));
        check(failing.ended(true, NOW), &Entry::default(), Ok(()));
    }

    #[test]
    fn a_clock_that_was_set_back_ends_the_pause() {
        let ahead = NOW.plus_millis(3_600_000);
        check(
            Calls::default().asked(ahead),
            &refused(Refusal::Region, ahead),
            Ok(()),
        );
    }
}
