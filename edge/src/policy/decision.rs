//! What a request gets, by the age of what is held and by how the last refresh went: fresh from
//! memory, stale-while-revalidate, stale-if-error, or nothing.
//!
//! Invariants: what is past the last age limit is never served; what is stale is served only after
//! a refresh failed; a failed or finished refresh holds the next one off, so requests cannot cause
//! a storm of calls.

use super::time::is_within;
use shared::freshness::{Freshness, Limits};
use shared::units::UnixMs;

/// The negative cache's lifetime, milliseconds: for so long after a failed refresh no request
/// starts another.
pub const NEGATIVE_MS: u64 = 2_000;

/// The minimum interval between refreshes after one that succeeded, milliseconds: it may have found
/// nothing newer, and a busy isolate would start one per request.
pub const REST_MS: u64 = 1_000;

/// A refresh's lease, milliseconds: after it another may start. Longer than any refresh takes, so
/// it only acts when the leader is gone.
pub const LEASE_MS: u64 = 3_000;

/// What is known about refreshes of this isolate. Times, not flags: each ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefreshLog {
    /// When the refresh that is under way started.
    pub started: Option<UnixMs>,
    /// When the last refresh succeeded.
    pub succeeded: Option<UnixMs>,
    /// When the last refresh failed, unless one succeeded since.
    pub failed: Option<UnixMs>,
}

/// Where the isolate's refresh stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// One may start.
    Possible,
    /// One is under way.
    Running,
    /// One succeeded just now.
    Rested,
    /// One failed just now.
    Failed,
}

impl RefreshLog {
    /// The state at `now`.
    #[must_use]
    pub fn state(&self, now: UnixMs) -> Refresh {
        let within =
            |moment: Option<UnixMs>, ms| moment.is_some_and(|moment| is_within(moment, now, ms));
        // A running refresh counts first: its end will replace what the last one left.
        if within(self.started, LEASE_MS) {
            Refresh::Running
        } else if within(self.failed, NEGATIVE_MS) {
            Refresh::Failed
        } else if within(self.succeeded, REST_MS) {
            Refresh::Rested
        } else {
            Refresh::Possible
        }
    }
}

/// What to do with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Answer with what is held, marked with this class.
    Serve(Freshness),
    /// Wait briefly for the shared refresh, then answer with what is held, marked with this class.
    /// The wait is shorter while what is held is fresh than while it is aging.
    WaitBriefly(Freshness),
    /// Wait for the shared refresh.
    WaitForRefresh,
    /// Every source failed: answer with what is held, marked stale (stale-if-error).
    LastKnownGood,
    /// Every source failed, and nothing is held that may be shown.
    Unavailable,
}

/// The one decision; `held` is the data time of what is held.
#[must_use]
pub fn decide(held: Option<UnixMs>, now: UnixMs, limits: &Limits, refresh: Refresh) -> Decision {
    let is_due = held.is_some_and(|as_of| limits.wants_refresh(as_of, now));
    match (held.and_then(|as_of| limits.classify(as_of, now)), refresh) {
        (
            Some(class @ (Freshness::Fresh | Freshness::Aging)),
            Refresh::Possible | Refresh::Running,
        ) if is_due => Decision::WaitBriefly(class),
        (Some(class @ (Freshness::Fresh | Freshness::Aging)), _) => Decision::Serve(class),
        // Stale data is only shown once no source had better.
        (Some(Freshness::Stale), Refresh::Failed) => Decision::LastKnownGood,
        (None, Refresh::Failed) => Decision::Unavailable,
        (Some(Freshness::Stale) | None, _) => Decision::WaitForRefresh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn ago(ms: u64) -> UnixMs {
        UnixMs::from_millis(NOW.as_millis() - ms)
    }

    #[track_caller]
    fn check(held_age_ms: Option<u64>, refresh: Refresh, expected: Decision) {
        let decision = decide(held_age_ms.map(ago), NOW, &Limits::DEFAULT, refresh);
        assert_eq!(decision, expected, "for {held_age_ms:?} and {refresh:?}");
    }

    const ALL: [Refresh; 4] = [
        Refresh::Possible,
        Refresh::Running,
        Refresh::Rested,
        Refresh::Failed,
    ];

    #[test]
    fn young_data_is_served_without_a_refresh() {
        for refresh in ALL {
            check(Some(0), refresh, Decision::Serve(Freshness::Fresh));
            check(Some(3_000), refresh, Decision::Serve(Freshness::Fresh));
        }
    }

    #[test]
    fn older_data_waits_briefly_for_younger() {
        let cases = [(3_001, Freshness::Fresh), (15_000, Freshness::Fresh)];
        for (age_ms, class) in cases
            .into_iter()
            .chain([(15_001, Freshness::Aging), (60_000, Freshness::Aging)])
        {
            for refresh in [Refresh::Possible, Refresh::Running] {
                check(Some(age_ms), refresh, Decision::WaitBriefly(class));
            }
            for refresh in [Refresh::Rested, Refresh::Failed] {
                check(Some(age_ms), refresh, Decision::Serve(class));
            }
        }
    }

    #[test]
    fn stale_data_waits_for_a_refresh_and_is_shown_only_after_it_failed() {
        for refresh in [Refresh::Possible, Refresh::Running, Refresh::Rested] {
            check(Some(60_001), refresh, Decision::WaitForRefresh);
        }
        check(Some(60_001), Refresh::Failed, Decision::LastKnownGood);
        check(Some(300_000), Refresh::Failed, Decision::LastKnownGood);
    }

    #[test]
    fn data_past_the_last_limit_is_never_shown() {
        for held in [None, Some(300_001)] {
            for refresh in [Refresh::Possible, Refresh::Running, Refresh::Rested] {
                check(held, refresh, Decision::WaitForRefresh);
            }
            check(held, Refresh::Failed, Decision::Unavailable);
        }
    }

    #[test]
    fn no_decision_contradicts_the_age_of_the_data() {
        let ages = (0..400_000).step_by(500).map(Some).chain([None]);
        for (age_ms, refresh) in ages.flat_map(|age_ms| ALL.map(|refresh| (age_ms, refresh))) {
            let held = age_ms.map(ago);
            let class = held.and_then(|as_of| Limits::DEFAULT.classify(as_of, NOW));
            let holds = match decide(held, NOW, &Limits::DEFAULT, refresh) {
                Decision::Serve(marked) => class == Some(marked) && marked != Freshness::Stale,
                Decision::WaitBriefly(marked) => {
                    class == Some(marked) && marked != Freshness::Stale
                }
                Decision::WaitForRefresh => {
                    refresh != Refresh::Failed && class.is_none_or(|c| c == Freshness::Stale)
                }
                Decision::LastKnownGood => {
                    refresh == Refresh::Failed && class == Some(Freshness::Stale)
                }
                Decision::Unavailable => refresh == Refresh::Failed && class.is_none(),
            };
            assert!(holds, "at {age_ms:?} ms and {refresh:?}");
        }
    }

    #[track_caller]
    fn check_state(log: RefreshLog, expected: Refresh) {
        assert_eq!(log.state(NOW), expected, "for {log:?}");
    }

    #[test]
    fn a_refresh_under_way_holds_others_off_until_its_lease_ends() {
        let log = RefreshLog::default();
        check_state(log, Refresh::Possible);
        check_state(
            RefreshLog {
                started: Some(ago(2_999)),
                ..log
            },
            Refresh::Running,
        );
        check_state(
            RefreshLog {
                started: Some(ago(3_000)),
                ..log
            },
            Refresh::Possible,
        );
    }

    #[test]
    fn a_failure_is_shared_for_two_seconds_and_a_success_for_one() {
        let log = RefreshLog::default();
        check_state(
            RefreshLog {
                failed: Some(ago(1_999)),
                ..log
            },
            Refresh::Failed,
        );
        check_state(
            RefreshLog {
                failed: Some(ago(2_000)),
                ..log
            },
            Refresh::Possible,
        );
        check_state(
            RefreshLog {
                succeeded: Some(ago(999)),
                ..log
            },
            Refresh::Rested,
        );
        check_state(
            RefreshLog {
                succeeded: Some(ago(1_000)),
                ..log
            },
            Refresh::Possible,
        );
        check_state(
            RefreshLog {
                started: Some(ago(1)),
                failed: Some(ago(1)),
                ..log
            },
            Refresh::Running,
        );
    }

    #[test]
    fn marks_ahead_of_the_clock_hold_nobody_off() {
        let ahead = Some(NOW.plus_millis(3_600_000));
        check_state(
            RefreshLog {
                started: ahead,
                succeeded: ahead,
                failed: ahead,
            },
            Refresh::Possible,
        );
    }
}
