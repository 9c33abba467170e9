//! How many contracts usually have a price: the running median, by which a table that lost its rows is recognised.

use shared::freshness::Limits;
use shared::units::UnixMs;
use shared::validate::{Baseline, Counted, Expected};
use std::collections::VecDeque;

/// How many snapshots the median spans: a minute at the usual pace.
const WINDOW: usize = 30;

/// Counts of the last admitted snapshots.
#[derive(Debug, Default)]
pub(super) struct Expectation {
    counts: VecDeque<usize>,
    last: Option<UnixMs>,
}

impl Expectation {
    /// Notes an admitted snapshot.
    pub(super) fn record(&mut self, priced: usize, now: UnixMs) {
        if self.counts.len() >= WINDOW {
            self.counts.pop_front();
        }
        self.counts.push_back(priced);
        self.last = Some(now);
    }

    /// What to expect now.
    ///
    /// Once nothing was admitted for as long as data may be served, the market may really have shrunk, so the expectation
    /// lapses: a wrong one must not refuse the market for ever.
    pub(super) fn baseline(&self, now: UnixMs, limits: &Limits) -> Baseline {
        let lapsed = self.last.is_none_or(|last| now.millis_since(last) > limits.stale_ms);
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
