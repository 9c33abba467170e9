//! Throttles the log: in a total outage every request would otherwise cost a line and a data point,
//! so that the cost of logging would grow with the outage.
//!
//! Invariant: nothing is lost from the sums. Each line says how many were suppressed before it.

use super::time::is_within;
use shared::units::UnixMs;

/// Lines per window, of one isolate.
const LINES: u32 = 10;

/// The length of the window, milliseconds.
const WINDOW_MS: u64 = 10_000;

/// The lines of one kind of answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogThrottle {
    window_began: Option<UnixMs>,
    logged: u32,
    suppressed: u64,
}

impl LogThrottle {
    /// Notes one more line. `Some` if it is to be written, with how many were suppressed since the
    /// last one; `None` if it is suppressed itself.
    pub fn admit(&mut self, now: UnixMs) -> Option<u64> {
        let is_open = self
            .window_began
            .is_some_and(|began| is_within(began, now, WINDOW_MS));
        if !is_open {
            (self.window_began, self.logged) = (Some(now), 0);
        }
        // Counted and not queued: a line that is late says less than a sum.
        if self.logged == LINES {
            self.suppressed = self.suppressed.saturating_add(1);
            return None;
        }
        self.logged += 1;
        Some(std::mem::take(&mut self.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    #[test]
    fn ten_are_logged_in_ten_seconds_and_the_next_counts_those_suppressed() {
        let mut throttle = LogThrottle::default();
        for _ in 0..10 {
            assert_eq!(throttle.admit(NOW), Some(0));
        }
        for n in 0..5_000 {
            assert_eq!(throttle.admit(NOW.plus_millis(n)), None);
        }
        assert_eq!(throttle.admit(NOW.plus_millis(10_000)), Some(5_000));
        assert_eq!(throttle.admit(NOW.plus_millis(10_000)), Some(0));
    }

    #[test]
    fn none_is_lost_and_the_cost_does_not_grow_with_the_requests() {
        let (mut throttle, mut logged, mut counted) = (LogThrottle::default(), 0_u64, 0_u64);
        for ms in 0..100_000 {
            if let Some(left_out) = throttle.admit(NOW.plus_millis(ms)) {
                logged += 1;
                counted += 1 + left_out;
            }
        }
        assert_eq!(logged, 100);
        assert_eq!(counted + throttle.suppressed, 100_000);
    }

    #[test]
    fn a_clock_that_was_set_back_silences_nobody() {
        let mut throttle = LogThrottle::default();
        for _ in 0..20 {
            throttle.admit(NOW);
        }
        assert_eq!(
            throttle.admit(UnixMs::from_millis(NOW.as_millis() - 3_600_000)),
            Some(10)
        );
    }
}
