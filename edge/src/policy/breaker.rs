//! The circuit breaker of one upstream: arithmetic on its last outcomes and the clock.
//!
//! State: how many failures in a row, when the last was, and when a probe began. Open and half-open
//! are read off these times and are not states that a transition has to leave: an open breaker
//! admits a probe when its pause is over, and a probe that never reports holds the next one off for
//! no longer than its lease.

use super::time::is_within;
use shared::units::UnixMs;

/// From so many failures in a row on the breaker is open.
const FAILURES: u32 = 3;

/// The first pause, milliseconds; each further failure doubles it.
const FIRST_PAUSE_MS: u64 = 2_000;

/// The longest pause, milliseconds: as long as the recovery of an upstream may go unnoticed.
const MAX_PAUSE_MS: u64 = 15_000;

/// A probe's lease, milliseconds. Longer than any call may take.
const PROBE_MS: u64 = 3_000;

/// A failure so many milliseconds after the one before it counts as the first.
const FORGET_MS: u64 = 60_000;

/// What is known about one upstream's last calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    failed_at: Option<UnixMs>,
    probed_at: Option<UnixMs>,
}

impl Breaker {
    /// Whether the upstream may be called at `now`.
    #[must_use]
    pub fn admits(&self, now: UnixMs) -> bool {
        let Some(failed_at) = self.failed_at.filter(|_| self.failures >= FAILURES) else {
            return true;
        };
        let is_paused = is_within(failed_at, now, self.pause_ms());
        let is_probed = self
            .probed_at
            .is_some_and(|probed_at| is_within(probed_at, now, PROBE_MS));
        !is_paused && !is_probed
    }

    /// The state once a call has begun.
    #[must_use]
    pub const fn began(self, now: UnixMs) -> Self {
        Self {
            probed_at: Some(now),
            ..self
        }
    }

    /// The state after a call that worked.
    #[must_use]
    pub fn worked(self) -> Self {
        // One success is enough to close: the next failures open it again within seconds.
        Self::default()
    }

    /// The state after a call that failed.
    #[must_use]
    pub fn failed(self, now: UnixMs) -> Self {
        let is_in_a_row = self
            .failed_at
            .is_some_and(|before| is_within(before, now, FORGET_MS));
        let failures = if is_in_a_row {
            self.failures.saturating_add(1)
        } else {
            1
        };
        Self {
            failures,
            failed_at: Some(now),
            probed_at: None,
        }
    }

    fn pause_ms(&self) -> u64 {
        // Capped before the shift, which would overflow after 63 doublings.
        let doublings = self.failures.saturating_sub(FAILURES).min(16);
        (FIRST_PAUSE_MS << doublings).min(MAX_PAUSE_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn failing(times: u32) -> Breaker {
        (0..times).fold(Breaker::default(), |breaker, _| {
            breaker.began(NOW).failed(NOW)
        })
    }

    #[track_caller]
    fn check_pause(failures: u32, pause_ms: u64) {
        let breaker = failing(failures);
        if pause_ms > 0 {
            assert!(
                !breaker.admits(NOW.plus_millis(pause_ms - 1)),
                "after {failures} failures"
            );
        }
        assert!(
            breaker.admits(NOW.plus_millis(pause_ms)),
            "after {failures} failures"
        );
    }

    #[test]
    fn the_third_failure_opens_it_and_each_further_one_doubles_the_pause() {
        check_pause(0, 0);
        check_pause(2, 0);
        check_pause(3, 2_000);
        check_pause(4, 4_000);
        check_pause(5, 8_000);
        check_pause(6, 15_000);
        check_pause(1_000, 15_000);
    }

    #[test]
    fn one_probe_at_a_time_and_one_that_never_reports_ends_by_itself() {
        let over = NOW.plus_millis(2_000);
        let probing = failing(3).began(over);
        assert!(!probing.admits(over.plus_millis(2_999)));
        assert!(probing.admits(over.plus_millis(3_000)));
    }

    #[test]
    fn a_call_that_works_closes_it() {
        assert!(failing(9).worked().admits(NOW));
        assert_eq!(failing(9).worked().failed(NOW), failing(1));
    }

    #[test]
    fn failures_far_apart_do_not_add_up() {
        let rare = (0..10).fold(Breaker::default(), |breaker, n: u64| {
            breaker.failed(NOW.plus_millis(n * 60_000))
        });
        assert!(rare.admits(NOW.plus_millis(9 * 60_000)));
    }

    #[test]
    fn a_clock_that_was_set_back_closes_it() {
        assert!(
            failing(9)
                .began(NOW)
                .admits(UnixMs::from_millis(NOW.as_millis() - 1))
        );
    }

    proptest! {
        #[test]
        fn whatever_happened_it_lets_a_probe_through_within_the_longest_pause(
            steps in prop::collection::vec((0..3_u8, 0..20_000_u64), 0..60)
        ) {
            let (breaker, now) = steps.into_iter().fold((Breaker::default(), NOW), |(breaker, now), (step, ms)| {
                let now = now.plus_millis(ms);
                let next = match step {
                    0 => breaker.began(now),
                    1 => breaker.failed(now),
                    _ => breaker.worked(),
                };
                (next, now)
            });
            prop_assert!(breaker.admits(now.plus_millis(MAX_PAUSE_MS)));
        }
    }
}
