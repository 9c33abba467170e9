//! How old is too old: arithmetic on `now`, in one place.
//!
//! Every rule about age is a pure function of a data time and `now`. Nothing here reads a clock, so
//! origin and edge classify the same data alike and tests need no waiting.
//!
//! Two kinds of limits: [`Limits`] for a snapshot, by the age of its prices in seconds, and
//! [`SectionLimits`] for its slow sections, in minutes to days. A snapshot can be stale and marked;
//! a section past its limit is `null`.
//!
//! Invariants: a class is a function of age alone and never becomes younger as time passes. A data
//! time in the future has no age, so it has no class and is not served. A data time is never later
//! than its receipt, so a venue's fast clock makes nothing younger.

use crate::market::FearGreed;
use crate::units::{HOUR_MS, MINUTE_MS, UnixMs};
use serde::{Deserialize, Serialize};

/// How far ahead of ours a venue's clock may be before its time is ignored, milliseconds. Machines
/// that keep their clocks by NTP differ by far less; more is a wrong clock or a wrong unit.
pub const MAX_CLOCK_AHEAD_MS: u64 = 5_000;

/// The mark that a body carries about its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// Young enough to be shown as it is.
    Fresh,
    /// Served while a refresh runs, and marked.
    Aging,
    /// Served only when every source failed, and marked.
    Stale,
}

impl Freshness {
    /// Every class, youngest first.
    pub const ALL: [Self; 3] = [Self::Fresh, Self::Aging, Self::Stale];

    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Aging => "aging",
            Self::Stale => "stale",
        }
    }
}

/// The ages at which a snapshot changes its class, in milliseconds of data age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A holder requests newer data from this age on.
    pub refresh_after_ms: u64,
    /// Up to this age data is [`Freshness::Fresh`].
    pub fresh_ms: u64,
    /// Up to this age data is [`Freshness::Aging`].
    pub aging_ms: u64,
    /// Up to this age data is [`Freshness::Stale`]; older data is never served.
    pub stale_ms: u64,
}

impl Limits {
    /// 3 s, 15 s, 60 s, 300 s.
    pub const DEFAULT: Self = Self {
        refresh_after_ms: 3_000,
        fresh_ms: 15_000,
        aging_ms: 60_000,
        stale_ms: 300_000,
    };

    /// Limits in ascending order.
    ///
    /// # Errors
    /// [`LimitsOutOfOrder`] when one is not above the one before it.
    pub const fn new(
        refresh_after_ms: u64,
        fresh_ms: u64,
        aging_ms: u64,
        stale_ms: u64,
    ) -> Result<Self, LimitsOutOfOrder> {
        // Equal limits are refused, too: a class of no length would never be served, and data would
        // be refreshed only after it is no longer fresh.
        if refresh_after_ms < fresh_ms && fresh_ms < aging_ms && aging_ms < stale_ms {
            Ok(Self {
                refresh_after_ms,
                fresh_ms,
                aging_ms,
                stale_ms,
            })
        } else {
            Err(LimitsOutOfOrder {
                refresh_after_ms,
                fresh_ms,
                aging_ms,
                stale_ms,
            })
        }
    }

    /// The class of data of this age; `None` when it may not be served at all. It is too old, or
    /// its age is unknown because its time lies in the future ([`age_ms`]).
    #[must_use]
    pub const fn classify(&self, as_of: UnixMs, now: UnixMs) -> Option<Freshness> {
        let Some(age_ms) = age_ms(as_of, now) else {
            return None;
        };
        // Each limit belongs to the younger class, so that [`Self::end_of`] is the last moment of a
        // class.
        if age_ms <= self.fresh_ms {
            Some(Freshness::Fresh)
        } else if age_ms <= self.aging_ms {
            Some(Freshness::Aging)
        } else if age_ms <= self.stale_ms {
            Some(Freshness::Stale)
        } else {
            None
        }
    }

    /// The last moment at which data is served in a class.
    #[must_use]
    pub const fn end_of(&self, class: Freshness, as_of: UnixMs) -> UnixMs {
        as_of.plus_millis(match class {
            Freshness::Fresh => self.fresh_ms,
            Freshness::Aging => self.aging_ms,
            Freshness::Stale => self.stale_ms,
        })
    }

    /// Whether a holder of data of this age should request newer data.
    #[must_use]
    pub const fn wants_refresh(&self, as_of: UnixMs, now: UnixMs) -> bool {
        // A time in the future counts as age 0 here: the holder refreshes once the clocks agree, or
        // when `classify` refuses the data.
        now.millis_since(as_of) > self.refresh_after_ms
    }
}

/// Limits that do not ascend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "freshness limits must ascend: refresh after {refresh_after_ms} ms < fresh {fresh_ms} ms < aging {aging_ms} ms < stale {stale_ms} ms"
)]
pub struct LimitsOutOfOrder {
    refresh_after_ms: u64,
    fresh_ms: u64,
    aging_ms: u64,
    stale_ms: u64,
}

/// The limits of one slow section (the whole market's figures, fear & greed). Past `usable_until`
/// the section is `null`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionLimits {
    /// Fresh until then.
    pub fresh_until: UnixMs,
    /// Aging until then, unavailable after.
    pub usable_until: UnixMs,
}

impl SectionLimits {
    /// The whole market's figures: fresh for 25 minutes, usable for 2 hours. The publisher renews
    /// them every 10 minutes and they are fetched every 10 minutes, so they are up to 20 minutes
    /// old when everything works.
    #[must_use]
    pub const fn global_market(as_of: UnixMs) -> Self {
        Self {
            fresh_until: as_of.plus_millis(25 * MINUTE_MS),
            usable_until: as_of.plus_millis(2 * HOUR_MS),
        }
    }

    /// The DeFi figures: fresh for two and a half hours, usable for six. The publisher renews them
    /// every hour and states no time, so their time is a lower bound, one hour before they were
    /// first seen.
    #[must_use]
    pub const fn defi_market(as_of: UnixMs) -> Self {
        Self {
            fresh_until: as_of.plus_millis(150 * MINUTE_MS),
            usable_until: as_of.plus_millis(6 * HOUR_MS),
        }
    }

    /// The list of contracts: fresh for an hour, usable for a day. Listings change a few times a
    /// week.
    #[must_use]
    pub const fn universe(as_of: UnixMs) -> Self {
        Self {
            fresh_until: as_of.plus_millis(HOUR_MS),
            usable_until: as_of.plus_millis(24 * HOUR_MS),
        }
    }

    /// Betas: fresh for three hours, usable for a day. Their newest hourly candle may just have
    /// begun.
    #[must_use]
    pub const fn beta(as_of: UnixMs) -> Self {
        Self {
            fresh_until: as_of.plus_millis(3 * HOUR_MS),
            usable_until: as_of.plus_millis(24 * HOUR_MS),
        }
    }

    /// Charts: fresh for an hour, usable for two. Their newest candle may be half an hour long.
    #[must_use]
    pub const fn performance(as_of: UnixMs) -> Self {
        Self {
            fresh_until: as_of.plus_millis(HOUR_MS),
            usable_until: as_of.plus_millis(2 * HOUR_MS),
        }
    }

    /// Statistics of candles: fresh for nine hours, usable for twelve. The longest candles last
    /// four hours, so two of them pass before statistics of the newest closed one are overdue.
    #[must_use]
    pub const fn statistics(as_of: UnixMs) -> Self {
        Self {
            fresh_until: as_of.plus_millis(9 * HOUR_MS),
            usable_until: as_of.plus_millis(12 * HOUR_MS),
        }
    }

    /// Liquidations: fresh for a minute, usable for ten. Their time is that of the last sign of life of
    /// the stream, which gives one each few seconds.
    #[must_use]
    pub const fn liquidations(as_of: UnixMs) -> Self {
        Self {
            fresh_until: as_of.plus_millis(MINUTE_MS),
            usable_until: as_of.plus_millis(10 * MINUTE_MS),
        }
    }

    /// Funding and open interest of every contract: fresh for a minute, usable for an hour. They are
    /// of the ticker table, whose own limits end their use long before, unless an operator set others.
    #[must_use]
    pub const fn contracts(as_of: UnixMs) -> Self {
        Self {
            fresh_until: as_of.plus_millis(MINUTE_MS),
            usable_until: as_of.plus_millis(HOUR_MS),
        }
    }

    /// The tops of books: fresh for 75 seconds, usable for 135. Their section is as old as its oldest
    /// book, which may be a minute old when the section is made, and each book has a time of its own:
    /// a single slow one does not take the others away.
    #[must_use]
    pub const fn books(as_of: UnixMs) -> Self {
        Self {
            fresh_until: as_of.plus_millis(75_000),
            usable_until: as_of.plus_millis(135_000),
        }
    }

    /// The list of alerts: fresh for a minute, usable for an hour. Each alert has a time of its
    /// own.
    #[must_use]
    pub const fn alerts(as_of: UnixMs) -> Self {
        Self {
            fresh_until: as_of.plus_millis(MINUTE_MS),
            usable_until: as_of.plus_millis(HOUR_MS),
        }
    }

    /// Fear & greed: fresh until two hours after the next value is due, usable for 48 hours.
    #[must_use]
    pub fn fear_greed(as_of: UnixMs, index: &FearGreed) -> Self {
        let due = index
            .next_update_ms
            // The index has one value a day, when the publisher states no time of the next.
            .unwrap_or_else(|| as_of.plus_millis(24 * HOUR_MS));
        let usable_until = as_of.plus_millis(48 * HOUR_MS);
        Self {
            // A publisher that announces a far next value must not keep an old one fresh.
            fresh_until: due.plus_millis(2 * HOUR_MS).min(usable_until),
            usable_until,
        }
    }

    /// The class at `now`; never [`Freshness::Stale`], for an old section is not served.
    #[must_use]
    pub fn classify(&self, now: UnixMs) -> Option<Freshness> {
        if now <= self.fresh_until {
            Some(Freshness::Fresh)
        } else if now <= self.usable_until {
            Some(Freshness::Aging)
        } else {
            None
        }
    }
}

/// The age of data, milliseconds; `None` when its time lies so far ahead of `now` that one of the
/// two clocks is wrong. A time ahead by less counts as now.
#[must_use]
pub const fn age_ms(as_of: UnixMs, now: UnixMs) -> Option<u64> {
    if is_from_the_future(as_of, now) {
        None
    } else {
        Some(now.millis_since(as_of))
    }
}

/// The data time of an answer: the venue's clock, but never later than the receipt.
#[must_use]
pub fn data_time(venue_clock: UnixMs, received_at: UnixMs) -> UnixMs {
    // Data cannot be newer than its receipt by our own clock.
    venue_clock.min(received_at)
}

/// The data time of a table: the venue's clock, but never later than the receipt.
///
/// # Errors
/// [`ClockAhead`] when that clock is so far ahead of ours that it tells nothing about the table's
/// age. Read as "now", it would make every old table look new.
pub fn table_time(venue_clock: UnixMs, received_at: UnixMs) -> Result<UnixMs, ClockAhead> {
    if is_from_the_future(venue_clock, received_at) {
        return Err(ClockAhead {
            ahead_ms: venue_clock.millis_since(received_at),
        });
    }
    Ok(data_time(venue_clock, received_at))
}

/// A venue's clock too far ahead of ours to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the venue's clock is {ahead_ms} ms ahead of ours (allowed: {MAX_CLOCK_AHEAD_MS} ms), so the age of its data is unknown"
)]
pub struct ClockAhead {
    /// How far ahead.
    pub ahead_ms: u64,
}

impl ClockAhead {
    /// A label for metrics and machine-readable reasons.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "venue_clock_ahead"
    }
}

/// Whether a moment lies so far ahead of `now` that the clock it came from is wrong.
#[must_use]
pub const fn is_from_the_future(moment: UnixMs, now: UnixMs) -> bool {
    moment.millis_since(now) > MAX_CLOCK_AHEAD_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Share;
    use proptest::prelude::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn aged(age_ms: u64) -> UnixMs {
        UnixMs::from_millis(NOW.as_millis() - age_ms)
    }

    #[track_caller]
    fn check(age_ms: u64, expected: Option<Freshness>) {
        assert_eq!(
            Limits::DEFAULT.classify(aged(age_ms), NOW),
            expected,
            "at {age_ms} ms"
        );
    }

    #[test]
    fn each_class_ends_exactly_at_its_limit() {
        check(0, Some(Freshness::Fresh));
        check(15_000, Some(Freshness::Fresh));
        check(15_001, Some(Freshness::Aging));
        check(60_000, Some(Freshness::Aging));
        check(60_001, Some(Freshness::Stale));
        check(300_000, Some(Freshness::Stale));
        check(300_001, None);
    }

    #[test]
    fn data_from_the_future_is_of_unknown_age_and_not_served() {
        let ahead = |ms| Limits::DEFAULT.classify(NOW.plus_millis(ms), NOW);
        assert_eq!(
            (ahead(5_000), ahead(5_001), ahead(600_000)),
            (Some(Freshness::Fresh), None, None)
        );
        assert_eq!(
            (age_ms(aged(7), NOW), age_ms(NOW.plus_millis(5_000), NOW)),
            (Some(7), Some(0))
        );
        assert_eq!(age_ms(NOW.plus_millis(5_001), NOW), None);
    }

    #[test]
    fn a_holder_refreshes_after_three_seconds() {
        assert!(!Limits::DEFAULT.wants_refresh(aged(3_000), NOW));
        assert!(Limits::DEFAULT.wants_refresh(aged(3_001), NOW));
    }

    #[test]
    fn limits_that_do_not_ascend_are_refused() {
        assert!(Limits::new(3, 3, 60, 300).is_err());
        assert!(Limits::new(3, 15, 10, 300).is_err());
        assert!(Limits::new(0, 1, 2, 3).is_ok());
    }

    #[test]
    fn a_venue_clock_ahead_of_ours_does_not_make_data_younger() {
        assert_eq!(data_time(NOW.plus_millis(3_600_000), NOW), NOW);
        assert_eq!(data_time(aged(2_000), NOW), aged(2_000));
        assert!(!is_from_the_future(NOW.plus_millis(5_000), NOW));
        assert!(is_from_the_future(NOW.plus_millis(5_001), NOW));
    }

    #[test]
    fn a_table_of_a_clock_far_ahead_has_no_time() {
        assert_eq!(table_time(aged(2_000), NOW), Ok(aged(2_000)));
        assert_eq!(table_time(NOW.plus_millis(5_000), NOW), Ok(NOW));
        assert_eq!(
            table_time(NOW.plus_millis(5_001), NOW),
            Err(ClockAhead { ahead_ms: 5_001 })
        );
    }

    #[test]
    fn figures_of_publishers_are_fresh_for_as_long_as_renewing_them_takes() {
        let global = |age_ms| SectionLimits::global_market(aged(age_ms)).classify(NOW);
        assert_eq!(global(25 * MINUTE_MS), Some(Freshness::Fresh));
        assert_eq!(global(25 * MINUTE_MS + 1), Some(Freshness::Aging));
        assert_eq!(global(2 * HOUR_MS + 1), None);
        let defi = |age_ms| SectionLimits::defi_market(aged(age_ms)).classify(NOW);
        assert_eq!(defi(150 * MINUTE_MS), Some(Freshness::Fresh));
        assert_eq!(defi(150 * MINUTE_MS + 1), Some(Freshness::Aging));
        assert_eq!(defi(6 * HOUR_MS + 1), None);
    }

    #[test]
    fn a_class_ends_where_the_next_begins() {
        for class in Freshness::ALL {
            let end = Limits::DEFAULT.end_of(class, NOW);
            assert_eq!(Limits::DEFAULT.classify(NOW, end), Some(class));
            assert_ne!(
                Limits::DEFAULT.classify(NOW, end.plus_millis(1)),
                Some(class)
            );
        }
    }

    #[test]
    fn fear_and_greed_lives_until_its_next_value_and_never_past_two_days() {
        let index = |next| FearGreed {
            value: Share::new(50.0).unwrap(),
            label: "Neutral".to_owned(),
            next_update_ms: next,
        };
        let day_old = aged(24 * HOUR_MS);
        let due_an_hour_ago = index(Some(aged(HOUR_MS)));
        assert_eq!(
            SectionLimits::fear_greed(day_old, &due_an_hour_ago).classify(NOW),
            Some(Freshness::Fresh)
        );
        let due_long_ago = index(Some(aged(3 * HOUR_MS)));
        assert_eq!(
            SectionLimits::fear_greed(day_old, &due_long_ago).classify(NOW),
            Some(Freshness::Aging)
        );
        let claims_to_live = index(Some(NOW.plus_millis(90 * HOUR_MS)));
        assert_eq!(
            SectionLimits::fear_greed(aged(49 * HOUR_MS), &claims_to_live).classify(NOW),
            None
        );
    }

    proptest! {
        #[test]
        fn data_never_grows_younger_as_time_passes((as_of, now) in (0..u64::MAX / 4, 0..u64::MAX / 4).prop_map(|(as_of, age)| (as_of, as_of + age)), later in 0..u64::MAX / 2) {
            let (as_of, now) = (UnixMs::from_millis(as_of), UnixMs::from_millis(now));
            // `None` stands for "too old", so it must rank above every class.
            let rank = |class: Option<Freshness>| class.map_or(3, |class| class as u8);
            let before = rank(Limits::DEFAULT.classify(as_of, now));
            let after = rank(Limits::DEFAULT.classify(as_of, now.plus_millis(later)));
            prop_assert!(before <= after);
        }
    }
}
