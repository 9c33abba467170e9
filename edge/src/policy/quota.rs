//! How much is told of answers that are all alike: in a total outage each request would cost a line
//! and a data point.

use super::time::is_within;
use shared::units::UnixMs;

/// So many answers of one state are told of an isolate within [`WITHIN_MS`].
const MOST: u32 = 10;

/// The length of the window.
const WITHIN_MS: u64 = 10_000;

/// What was told of one kind of answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    since: Option<UnixMs>,
    told: u32,
    left_out: u64,
}

impl Quota {
    /// Notes one more: for how many it stands that were left out before it, when it is to be told;
    /// nothing when it is left out itself.
    pub fn take(&mut self, now: UnixMs) -> Option<u64> {
        if !self
            .since
            .is_some_and(|since| is_within(since, now, WITHIN_MS))
        {
            (self.since, self.told) = (Some(now), 0);
        }
        if self.told == MOST {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.told += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    #[test]
    fn ten_are_told_in_ten_seconds_and_the_next_stands_for_those_left_out() {
        let mut quota = Quota::default();
        for _ in 0..10 {
            assert_eq!(quota.take(NOW), Some(0));
        }
        for n in 0..5_000 {
            assert_eq!(quota.take(NOW.plus_millis(n)), None);
        }
        assert_eq!(quota.take(NOW.plus_millis(10_000)), Some(5_000));
        assert_eq!(quota.take(NOW.plus_millis(10_000)), Some(0));
    }

    #[test]
    fn none_is_lost_and_the_cost_does_not_grow_with_the_requests() {
        let (mut quota, mut told, mut counted) = (Quota::default(), 0_u64, 0_u64);
        for ms in 0..100_000 {
            if let Some(left_out) = quota.take(NOW.plus_millis(ms)) {
                told += 1;
                counted += 1 + left_out;
            }
        }
        assert_eq!(told, 100);
        assert_eq!(counted + quota.left_out, 100_000);
    }

    #[test]
    fn a_clock_that_was_set_back_silences_nobody() {
        let mut quota = Quota::default();
        for _ in 0..20 {
            quota.take(NOW);
        }
        assert_eq!(
            quota.take(UnixMs::from_millis(NOW.as_millis() - 3_600_000)),
            Some(10)
        );
    }
}
