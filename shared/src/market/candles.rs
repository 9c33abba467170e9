//! Candles: what was traded in one interval of time.
//!
//! Invariants of a series ([`Candles`]): closed candles only, oldest first, none twice. A series
//! may have holes, since a venue sends no candle or a bad one; [`Candles::missing`] counts them. A
//! series is extended by [`Candles::merge`], which refuses to join two that do not meet.

use super::OwnTime;
use crate::units::{Amount, MINUTE_MS, Price, UnixMs};
use std::collections::BTreeMap;

/// The length of a candle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Interval {
    /// One minute.
    OneMinute,
    /// Five minutes.
    FiveMinutes,
    /// Thirty minutes.
    ThirtyMinutes,
    /// One hour.
    OneHour,
    /// Four hours.
    FourHours,
    /// One day.
    OneDay,
}

impl Interval {
    /// Every length, shortest first.
    pub const ALL: [Self; 6] = [
        Self::OneMinute,
        Self::FiveMinutes,
        Self::ThirtyMinutes,
        Self::OneHour,
        Self::FourHours,
        Self::OneDay,
    ];

    /// The length in milliseconds.
    #[must_use]
    pub const fn millis(self) -> u64 {
        match self {
            Self::OneMinute => MINUTE_MS,
            Self::FiveMinutes => 5 * MINUTE_MS,
            Self::ThirtyMinutes => 30 * MINUTE_MS,
            Self::OneHour => 60 * MINUTE_MS,
            Self::FourHours => 240 * MINUTE_MS,
            Self::OneDay => 1_440 * MINUTE_MS,
        }
    }
}

/// One candle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candle {
    /// The beginning of the interval.
    pub start_ms: UnixMs,
    /// First price, USDT.
    pub open: Price,
    /// Highest price, USDT.
    pub high: Price,
    /// Lowest price, USDT.
    pub low: Price,
    /// Last price, USDT; of an open candle the last so far.
    pub close: Price,
    /// Volume in the base coin.
    pub volume_base: Amount,
    /// Turnover, USD.
    pub turnover: Amount,
}

impl Candle {
    /// The first moment after the candle.
    #[must_use]
    pub const fn end_ms(&self, interval: Interval) -> UnixMs {
        self.start_ms.plus_millis(interval.millis())
    }

    /// Whether open and close lie between the lowest and the highest price.
    #[must_use]
    pub fn is_coherent(&self) -> bool {
        self.low <= self.high
            && [self.open, self.close]
                .iter()
                .all(|price| self.low <= *price && *price <= self.high)
    }
}

/// The candles of one symbol and interval, oldest first, without repeats.
///
/// Closed candles only. The open candle changes until it closes, and an indicator on it would
/// rewrite its own past.
#[derive(Clone, Debug, PartialEq)]
pub struct Candles {
    /// Their length.
    pub interval: Interval,
    /// Closed candles, oldest first.
    pub closed: Vec<Candle>,
}

/// Why loaded candles do not continue the kept ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeRefusal {
    /// Candles between the two were never loaded: the whole series must be loaded again.
    #[error("{missing} candles between the kept and the loaded ones are missing")]
    Gap {
        /// How many.
        missing: u64,
    },
    /// The candles are of different lengths.
    #[error("candles of {kept:?} and of {loaded:?} are no series")]
    OtherInterval {
        /// The length of those that are kept.
        kept: Interval,
        /// The length of those that were loaded.
        loaded: Interval,
    },
}

impl MergeRefusal {
    crate::labels! {
        /// A label for metrics.
        pub const fn label(&self) {
            Self::Gap { .. } => "candle_gap",
            Self::OtherInterval { .. } => "other_interval",
        }
    }
}

impl Candles {
    /// The kept series with `loaded` added. Where both have a candle the loaded one replaces the
    /// kept one, whose last trades may have arrived after it was read. Only the newest `keep`
    /// remain.
    ///
    /// # Errors
    /// [`MergeRefusal::Gap`] when candles between the two are missing,
    /// [`MergeRefusal::OtherInterval`] when they are of different lengths; the kept ones stay as
    /// they are.
    pub fn merge(&self, loaded: &Self, keep: usize) -> Result<Self, MergeRefusal> {
        if self.interval != loaded.interval {
            return Err(MergeRefusal::OtherInterval {
                kept: self.interval,
                loaded: loaded.interval,
            });
        }
        // Both directions: loaded candles may also lie before the kept ones.
        match missing_between(self, loaded).max(missing_between(loaded, self)) {
            0 => {}
            missing => return Err(MergeRefusal::Gap { missing }),
        }
        let mut by_start: BTreeMap<_, _> = self
            .closed
            .iter()
            .map(|candle| (candle.start_ms, *candle))
            .collect();
        by_start.extend(
            loaded
                .closed
                .iter()
                .map(|candle| (candle.start_ms, *candle)),
        );
        // Bounds the memory of a process that runs for months.
        let surplus = by_start.len().saturating_sub(keep);
        Ok(Self {
            interval: self.interval,
            closed: by_start.into_values().skip(surplus).collect(),
        })
    }

    /// How many candles are missing within the series: the venue had none, or sent one that was
    /// refused.
    #[must_use]
    pub fn missing(&self) -> u64 {
        let pairs = self.closed.iter().zip(self.closed.iter().skip(1));
        pairs
            // Neighbours are one step apart, so every further step is a missing candle.
            .map(|(before, after)| steps_between(before, after, self.interval).saturating_sub(1))
            .sum()
    }
}

impl OwnTime for Candles {
    /// The close of the candle after the last one: from then on the end of the series has a hole.
    fn known_until(&self) -> Option<UnixMs> {
        Some(
            self.closed
                .last()?
                .end_ms(self.interval)
                .plus_millis(self.interval.millis()),
        )
    }
}

/// How many candles are missing between the end of `before` and the beginning of `after`.
fn missing_between(before: &Candles, after: &Candles) -> u64 {
    match (before.closed.last(), after.closed.first()) {
        (Some(last), Some(first)) => steps_between(last, first, before.interval).saturating_sub(1),
        _ => 0,
    }
}

/// How many intervals `after` begins later than `before`; 0 when it does not.
fn steps_between(before: &Candle, after: &Candle, interval: Interval) -> u64 {
    after
        .start_ms
        .millis_since(before.start_ms)
        // Rounded up, so that a start off the grid counts as a step and not as none.
        .div_ceil(interval.millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A candle of the minute `minute`, told apart by its close.
    fn candle(minute: u64, close: f64) -> Candle {
        let price = |value| Price::new(value).unwrap();
        let amount = |value| Amount::new(value).unwrap();
        Candle {
            start_ms: UnixMs::from_millis(1_788_870_000_000 + minute * 60_000),
            open: price(10.0),
            high: price(100.0),
            low: price(1.0),
            close: price(close),
            volume_base: amount(2.0),
            turnover: amount(20.0),
        }
    }

    fn series(minutes: impl IntoIterator<Item = u64>, close: f64) -> Candles {
        let closed = minutes
            .into_iter()
            .map(|minute| candle(minute, close))
            .collect();
        Candles {
            interval: Interval::OneMinute,
            closed,
        }
    }

    /// Minute and close of each candle.
    fn told(candles: &Candles) -> Vec<(u64, f64)> {
        let minute = |candle: &Candle| (candle.start_ms.as_millis() - 1_788_870_000_000) / 60_000;
        candles
            .closed
            .iter()
            .map(|candle| (minute(candle), candle.close.get()))
            .collect()
    }

    #[track_caller]
    fn check(
        kept: &Candles,
        loaded: &Candles,
        keep: usize,
        expected: &Result<Vec<(u64, f64)>, MergeRefusal>,
    ) {
        assert_eq!(
            &kept.merge(loaded, keep).map(|merged| told(&merged)),
            expected
        );
    }

    #[test]
    fn newer_candles_are_appended_and_overlapping_ones_replaced() {
        check(
            &series(0..3, 5.0),
            &series(2..5, 6.0),
            100,
            &Ok(vec![(0, 5.0), (1, 5.0), (2, 6.0), (3, 6.0), (4, 6.0)]),
        );
    }

    #[test]
    fn candles_that_only_touch_are_continuous() {
        check(
            &series(0..2, 5.0),
            &series(2..3, 6.0),
            100,
            &Ok(vec![(0, 5.0), (1, 5.0), (2, 6.0)]),
        );
    }

    #[test]
    fn only_the_newest_are_kept() {
        check(
            &series(0..3, 5.0),
            &series(3..5, 6.0),
            2,
            &Ok(vec![(3, 6.0), (4, 6.0)]),
        );
        check(&series(0..3, 5.0), &series(3..5, 6.0), 0, &Ok(vec![]));
    }

    #[test]
    fn a_gap_is_named_with_its_size() {
        check(
            &series(0..3, 5.0),
            &series(4..5, 6.0),
            100,
            &Err(MergeRefusal::Gap { missing: 1 }),
        );
        check(
            &series(0..3, 5.0),
            &series(10..12, 6.0),
            100,
            &Err(MergeRefusal::Gap { missing: 7 }),
        );
        check(
            &series(10..12, 5.0),
            &series(0..3, 6.0),
            100,
            &Err(MergeRefusal::Gap { missing: 7 }),
        );
    }

    #[test]
    fn a_late_answer_with_old_candles_takes_nothing_away() {
        check(
            &series(2..4, 5.0),
            &series(0..3, 6.0),
            100,
            &Ok(vec![(0, 6.0), (1, 6.0), (2, 6.0), (3, 5.0)]),
        );
    }

    #[test]
    fn nothing_and_something_is_something() {
        check(
            &series([], 5.0),
            &series(7..8, 6.0),
            100,
            &Ok(vec![(7, 6.0)]),
        );
        check(
            &series(7..8, 6.0),
            &series([], 5.0),
            100,
            &Ok(vec![(7, 6.0)]),
        );
    }

    #[test]
    fn different_lengths_are_no_series() {
        let hourly = Candles {
            interval: Interval::OneHour,
            closed: Vec::new(),
        };
        let refusal = MergeRefusal::OtherInterval {
            kept: Interval::OneMinute,
            loaded: Interval::OneHour,
        };
        assert_eq!(series(0..1, 5.0).merge(&hourly, 100), Err(refusal));
    }

    #[test]
    fn holes_within_a_series_are_counted_and_can_be_filled() {
        let kept = series([0, 1, 4, 6], 5.0);
        assert_eq!(kept.missing(), 3);
        assert_eq!(series(0..9, 5.0).missing(), 0);
        let filled = kept.merge(&series(1..7, 6.0), 100).unwrap();
        assert_eq!(filled.missing(), 0);
    }

    proptest! {
        #[test]
        fn a_merged_series_is_ordered_capped_and_ends_with_the_newest(
            kept in proptest::collection::btree_set(0_u64..30, 0..12),
            loaded in proptest::collection::btree_set(0_u64..30, 0..12),
            keep in 0_usize..20,
        ) {
            let newest = kept.iter().chain(&loaded).max().copied();
            if let Ok(merged) = series(kept, 5.0).merge(&series(loaded.clone(), 6.0), keep) {
                let told = told(&merged);
                prop_assert!(told.len() <= keep);
                prop_assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0));
                prop_assert!(told.iter().all(|(minute, close)| (*close == 6.0) == loaded.contains(minute)));
                if keep > 0 {
                    prop_assert_eq!(told.last().map(|(minute, _)| *minute), newest);
                }
            }
        }
    }
}
