//! How many contracts usually have a price: the running median, by which a table that lost its rows is recognised.

use shared::freshness::Limits;
use shared::units::UnixMs;
use shared::validate::{Baseline, Counted, Expected};
use std::collections::VecDeque;

/// How many snapshots the median spans: a minute at the usual pace.
const WINDOW: usize = 30;

/// How long tables must agree on a smaller market before it is believed.
const BELIEVED_AFTER_MS: u64 = 120_000;

/// Sizes that differ by one in so many are the same.
const SAME_SIZE_ONE_IN: usize = 20;

/// Counts of the last admitted snapshots.
#[derive(Debug, Default)]
pub(super) struct Expectation {
    counts: VecDeque<usize>,
    last: Option<UnixMs>,
    /// The size that too small tables agree on, and since when.
    smaller: Option<(usize, UnixMs)>,
}

impl Expectation {
    /// Notes an admitted snapshot. After a long silence it begins anew: counts of before say nothing any more, or one table
    /// would be admitted in each silence and the next ones refused again.
    pub(super) fn record(&mut self, priced: usize, now: UnixMs, limits: &Limits) {
        if self.has_lapsed(now, limits) {
            self.counts.clear();
        }
        self.smaller = None;
        if self.counts.len() >= WINDOW {
            self.counts.pop_front();
        }
        self.counts.push_back(priced);
        self.last = Some(now);
    }

    /// Notes a table that held too few contracts. A market that has really shrunk stays at its new size: once tables have
    /// said the same for [`BELIEVED_AFTER_MS`], nothing is expected any more.
    pub(super) fn too_few(&mut self, found: usize, now: UnixMs) {
        let same = |size: usize| size.abs_diff(found) * SAME_SIZE_ONE_IN <= size;
        let (size, since) = self.smaller.filter(|(size, _)| same(*size)).unwrap_or((found, now));
        self.smaller = Some((size, since));
        if now.millis_since(since) >= BELIEVED_AFTER_MS {
            self.counts.clear();
            self.last = None;
        }
    }

    fn has_lapsed(&self, now: UnixMs, limits: &Limits) -> bool {
        self.last.is_none_or(|last| now.millis_since(last) > limits.stale_ms)
    }

    /// Whether a smaller market was just believed, so that no other expectation stands in for ours.
    pub(super) fn is_forgotten(&self, now: UnixMs) -> bool {
        self.last.is_none() && self.smaller.is_some_and(|(_, since)| now.millis_since(since) >= BELIEVED_AFTER_MS)
    }

    /// What to expect now.
    ///
    /// Once nothing was admitted for as long as data may be served, the market may really have shrunk, so the expectation
    /// lapses: a wrong one must not refuse the market for ever.
    pub(super) fn baseline(&self, now: UnixMs, limits: &Limits) -> Baseline {
        let lapsed = self.has_lapsed(now, limits);
        let mut sorted: Vec<usize> = self.counts.iter().copied().collect();
        sorted.sort_unstable();
        let usual = if lapsed { None } else { sorted.get(sorted.len() / 2).copied() };
        Baseline { expected: usual.map(|contracts| Expected { counted: Counted::BYBIT, contracts }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn expected(expectation: &Expectation, now: UnixMs) -> Option<usize> {
        expectation.baseline(now, &Limits::DEFAULT).expected.map(|expected| expected.contracts)
    }

    #[test]
    fn the_median_is_expected_whatever_one_snapshot_held() {
        let mut expectation = Expectation::default();
        assert_eq!(expected(&expectation, NOW), None);
        for count in [514, 514, 40, 513, 514] {
            expectation.record(count, NOW);
        }
        assert_eq!(expected(&expectation, NOW), Some(514));
    }

    #[test]
    fn a_slow_change_moves_the_expectation() {
        let mut expectation = Expectation::default();
        (0..WINDOW).for_each(|_| expectation.record(500, NOW));
        (0..WINDOW).for_each(|_| expectation.record(450, NOW));
        assert_eq!(expected(&expectation, NOW), Some(450));
    }

    #[test]
    fn the_expectation_lapses_with_the_last_servable_data() {
        let mut expectation = Expectation::default();
        expectation.record(514, NOW);
        let later = NOW.plus_millis(Limits::DEFAULT.stale_ms);
        assert_eq!(expected(&expectation, later), Some(514));
        assert_eq!(expected(&expectation, later.plus_millis(1)), None);
    }
}
