//! How unusual the premium of the perpetuals is, against its own last day.
//!
//! A venue states only the present premium. The past is what was published, one value a minute,
//! kept by the process that publishes and by every process that follows it. A process that has just
//! started has none.
//!
//! State: [`PremiumHistory`], oldest first, at most a day long.

use super::means::unusual;
use crate::units::{Percent, UnixMs, round_to};
use std::collections::VecDeque;

/// The least time between two values that are kept.
pub const PREMIUM_EVERY_MS: u64 = 60_000;

/// The age up to which values are kept, milliseconds.
pub const PREMIUMS_REACH_MS: u64 = 24 * 3_600_000;

/// The fewest values against which a premium is compared: two hours of them.
pub const FEWEST_PREMIUMS: usize = 120;

/// The floor of the deviation, percent: a tenth of a basis point, as for funding.
const LEAST_DEVIATION_PCT: f64 = 1e-3;

/// The published premiums of the last 24 hours, at most one a minute, oldest first.
#[derive(Clone, Debug, Default)]
pub struct PremiumHistory(VecDeque<(UnixMs, Percent)>);

impl PremiumHistory {
    /// Adds the premium of a market that last moved at `at`, unless a value less than a minute
    /// older is kept.
    pub fn put(&mut self, at: UnixMs, premium: Percent) {
        // A later value is of a clock that has been set back since, and would block every new one.
        self.0
            .retain(|(time, _)| *time <= at && at.millis_since(*time) <= PREMIUMS_REACH_MS);
        let is_due = self
            .0
            .back()
            .is_none_or(|(newest, _)| at.millis_since(*newest) >= PREMIUM_EVERY_MS);
        if is_due {
            self.0.push_back((at, premium));
        }
    }

    /// The values of the 24 hours before `at`, percent, oldest first.
    #[must_use]
    pub fn before(&self, at: UnixMs) -> Vec<f64> {
        self.0
            .iter()
            .filter(|(time, _)| *time < at && at.millis_since(*time) <= PREMIUMS_REACH_MS)
            .map(|(_, premium)| premium.get())
            .collect()
    }
}

/// How unusual a premium is: its distance from the median of the `past` ones, percent, in robust
/// deviations (median distance from the median × 1.4826), within five either way, to four decimals.
///
/// `None` for fewer than [`FEWEST_PREMIUMS`]. The deviation has a floor: a premium that hardly
/// moved for hours moves a little in the end, and that is no event.
#[must_use]
pub fn unusual_premium(premium: Percent, past: &[f64]) -> Option<f64> {
    if past.len() < FEWEST_PREMIUMS {
        return None;
    }
    unusual(premium.get(), past, LEAST_DEVIATION_PCT).map(|found| round_to(found, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> UnixMs {
        UnixMs::from_secs(1_788_870_000 + second)
    }

    fn pct(value: f64) -> Percent {
        Percent::new(value).unwrap()
    }

    #[test]
    fn one_premium_a_minute_is_kept_for_a_day() {
        let mut history = PremiumHistory::default();
        for second in [0, 2, 59, 60, 119, 121] {
            history.put(at(second), pct(second as f64));
        }
        assert_eq!(history.before(at(122)), [0.0, 60.0, 121.0]);
        assert_eq!(history.before(at(121)), [0.0, 60.0], "itself is no past");
        let day = PREMIUMS_REACH_MS / 1_000;
        history.put(at(day + 61), pct(1.0));
        assert_eq!(history.before(at(day + 62)), [121.0, 1.0]);
        assert_eq!(history.before(at(day + 122)), [1.0]);
    }

    #[test]
    fn a_clock_that_was_set_back_leaves_nothing_of_what_is_to_come() {
        let mut history = PremiumHistory::default();
        for second in [0, 60, 120] {
            history.put(at(second), pct(second as f64));
        }
        history.put(at(70), pct(9.0));
        assert_eq!(history.before(at(200)), [0.0, 60.0]);
    }

    #[test]
    fn a_premium_is_unusual_by_how_it_was_before() {
        let past = [-0.02, -0.01, 0.0].repeat(FEWEST_PREMIUMS / 3);
        // Median −0.01, the median distance 0.01.
        assert_eq!(unusual_premium(pct(-0.01), &past), Some(0.0));
        assert_eq!(
            unusual_premium(pct(0.01), &past),
            Some(round_to(2.0 / 1.4826, 4))
        );
        assert_eq!(unusual_premium(pct(-9.0), &past), Some(-5.0));
        assert_eq!(unusual_premium(pct(0.01), &past[1..]), None, "too short");
    }

    #[test]
    fn a_premium_that_stood_still_is_no_event_by_a_hair() {
        let still = [0.01; FEWEST_PREMIUMS];
        assert_eq!(unusual_premium(pct(0.0105), &still), Some(0.5));
        assert_eq!(unusual_premium(pct(0.02), &still), Some(5.0));
    }
}
