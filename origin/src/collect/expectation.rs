//! How many contracts usually have a price: the running median, by which the validation boundary
//! recognises a truncated table.
//!
//! State: the counts of the last admitted snapshots, and the smaller size on which rejected tables
//! have agreed, with the time since when.
//!
//! Invariant: no expectation can refuse the market for ever. It is given up when smaller tables
//! have agreed for two minutes, and when nothing was admitted for as long as data may be served.

use shared::freshness::Limits;
use shared::validate::{Baseline, Counted, Expected};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// How many snapshots the median spans: a minute at the usual pace.
const WINDOW: usize = 30;

/// How long tables must agree on a smaller market before it is believed. A truncated table is
/// expected to be whole again before that.
const BELIEVED_AFTER: Duration = Duration::from_secs(120);

/// Two sizes are the same when they differ by at most one in so many: contracts are listed and
/// delisted, and not every one has a price in each table.
const SAME_SIZE_ONE_IN: usize = 20;

/// The counts of the last admitted snapshots.
#[derive(Debug, Default)]
pub(super) struct Expectation {
    counts: VecDeque<usize>,
    last: Option<Instant>,
    /// The size on which tables that were too small agree, and since when.
    smaller: Option<(usize, Instant)>,
}

impl Expectation {
    /// Records an admitted snapshot. After a long gap the window starts empty, because older counts
    /// no longer describe the market: kept, they would admit one table after each gap and refuse
    /// the next ones.
    pub(super) fn record(&mut self, priced: usize, now: Instant, limits: &Limits) {
        if self.has_lapsed(now, limits) {
            self.counts.clear();
        }
        // A full table ends the suspicion that the market shrank.
        self.smaller = None;
        if self.counts.len() >= WINDOW {
            self.counts.pop_front();
        }
        self.counts.push_back(priced);
        self.last = Some(now);
    }

    /// Records a table with too few contracts. Once tables have agreed on a size for
    /// [`BELIEVED_AFTER`], nothing is expected any more: a truncation varies, a market that shrank
    /// does not.
    pub(super) fn too_few(&mut self, found: usize, now: Instant) {
        let same = |size: usize| size.abs_diff(found) * SAME_SIZE_ONE_IN <= size;
        let (size, since) = self
            .smaller
            // Another size starts the count anew, so a table that is cut off at changing places is
            // never believed.
            .filter(|(size, _)| same(*size))
            .unwrap_or((found, now));
        self.smaller = Some((size, since));
        if is_believed(since, now) {
            self.counts.clear();
            self.last = None;
        }
    }

    /// Whether a smaller market was just believed. No other expectation may replace this one then.
    pub(super) fn is_forgotten(&self, now: Instant) -> bool {
        self.last.is_none()
            && self
                .smaller
                .is_some_and(|(_, since)| is_believed(since, now))
    }

    fn has_lapsed(&self, now: Instant, limits: &Limits) -> bool {
        let servable = Duration::from_millis(limits.stale_ms);
        self.last
            .is_none_or(|last| now.saturating_duration_since(last) > servable)
    }

    /// How many contracts to expect now; nothing once the last admission is longer ago than data
    /// may be served.
    pub(super) fn baseline(&self, now: Instant, limits: &Limits) -> Baseline {
        let lapsed = self.has_lapsed(now, limits);
        let mut sorted: Vec<usize> = self.counts.iter().copied().collect();
        sorted.sort_unstable();
        let usual = if lapsed {
            None
        } else {
            // The median: a few odd counts in the window do not move it.
            sorted.get(sorted.len() / 2).copied()
        };
        Baseline {
            expected: usual.map(|contracts| Expected {
                counted: Counted::BYBIT,
                contracts,
            }),
        }
    }
}

fn is_believed(since: Instant, now: Instant) -> bool {
    now.saturating_duration_since(since) >= BELIEVED_AFTER
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(expectation: &Expectation, now: Instant) -> Option<usize> {
        expectation
            .baseline(now, &Limits::DEFAULT)
            .expected
            .map(|expected| expected.contracts)
    }

    #[test]
    fn the_median_is_expected_whatever_one_snapshot_held() {
        let (mut expectation, now) = (Expectation::default(), Instant::now());
        assert_eq!(expected(&expectation, now), None);
        for count in [514, 514, 40, 513, 514] {
            expectation.record(count, now, &Limits::DEFAULT);
        }
        assert_eq!(expected(&expectation, now), Some(514));
    }

    #[test]
    fn a_slow_change_moves_the_expectation() {
        let (mut expectation, now) = (Expectation::default(), Instant::now());
        (0..WINDOW).for_each(|_| expectation.record(500, now, &Limits::DEFAULT));
        (0..WINDOW).for_each(|_| expectation.record(450, now, &Limits::DEFAULT));
        assert_eq!(expected(&expectation, now), Some(450));
    }

    #[test]
    fn the_expectation_lapses_with_the_last_servable_data() {
        let (mut expectation, now) = (Expectation::default(), Instant::now());
        expectation.record(514, now, &Limits::DEFAULT);
        let later = now + Duration::from_millis(Limits::DEFAULT.stale_ms);
        assert_eq!(expected(&expectation, later), Some(514));
        assert_eq!(
            expected(&expectation, later + Duration::from_millis(1)),
            None
        );
    }

    #[test]
    fn after_a_lapse_it_begins_anew() {
        let (mut expectation, now) = (Expectation::default(), Instant::now());
        (0..WINDOW).for_each(|_| expectation.record(514, now, &Limits::DEFAULT));
        let later = now + Duration::from_millis(Limits::DEFAULT.stale_ms + 1);
        expectation.record(351, later, &Limits::DEFAULT);
        assert_eq!(
            expected(&expectation, later),
            Some(351),
            "counts of before the lapse are back"
        );
    }

    #[test]
    fn a_smaller_market_is_believed_once_tables_have_agreed_for_two_minutes() {
        let (mut expectation, now) = (Expectation::default(), Instant::now());
        (0..WINDOW).for_each(|_| expectation.record(514, now, &Limits::DEFAULT));
        let at = |secs: u64| now + Duration::from_secs(secs);
        expectation.too_few(100, at(0));
        expectation.too_few(351, at(60));
        expectation.too_few(349, at(179));
        assert_eq!(
            expected(&expectation, at(179)),
            Some(514),
            "another size counted too"
        );
        expectation.too_few(352, at(180));
        assert_eq!(expected(&expectation, at(180)), None);
        assert!(expectation.is_forgotten(at(180)));
        expectation.record(351, at(182), &Limits::DEFAULT);
        assert_eq!(expected(&expectation, at(184)), Some(351));
        assert!(!expectation.is_forgotten(at(184)));
    }
}
