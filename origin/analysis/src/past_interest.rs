//! What was held of a contract an hour, four hours and a day ago, from the venue's own record.
//!
//! Nothing is interpolated: the value of a moment is that of the record's row nearest to it, at most
//! half of the record's period away, or unknown.

use shared::market::positioning::OpenInterest;
use shared::snapshot::contracts::PastOpenInterest;
use shared::units::{Amount, MINUTE_MS, UnixMs};

/// The time from one row of the record to the next, milliseconds.
pub const RECORD_PERIOD_MS: u64 = 15 * MINUTE_MS;

/// The factor between two rows in succession, or between the newest and what is held, beyond which
/// they are in different units, as when a contract was split between them. What a new listing
/// gathers in a quarter of an hour may be as much, and is unknown then.
const OTHER_UNIT: f64 = 3.0;

/// What was held before `as_of`, when `held` is held then. `record` is oldest first.
#[must_use]
pub fn past_interest(record: &[OpenInterest], held: Amount, as_of: UnixMs) -> PastOpenInterest {
    let record = in_the_unit_of(held, record);
    let [one_hour, four_hours, day] =
        PastOpenInterest::SPANS_MS.map(|span_ms| nearest(record, as_of, span_ms));
    PastOpenInterest {
        one_hour,
        four_hours,
        day,
    }
}

/// The newest rows, back to the first that is in another unit than `held`.
fn in_the_unit_of(held: Amount, record: &[OpenInterest]) -> &[OpenInterest] {
    let mut later = held.get();
    let is_in_it = |row: &&OpenInterest| {
        let (earlier, after) = (row.one_sided_base.get(), later);
        later = earlier;
        earlier <= after * OTHER_UNIT && after <= earlier * OTHER_UNIT
    };
    let rows = record.iter().rev().take_while(is_in_it).count();
    record.split_at(record.len() - rows).1
}

fn nearest(record: &[OpenInterest], as_of: UnixMs, ago_ms: u64) -> Option<Amount> {
    let moment = as_of.as_millis().checked_sub(ago_ms)?;
    let distance = |row: &OpenInterest| row.time_ms.as_millis().abs_diff(moment);
    let after = record.partition_point(|row| row.time_ms.as_millis() < moment);
    // The last row before the moment and the first one from it on.
    let around = record.get(after.saturating_sub(1)..(after + 1).min(record.len()))?;
    around
        .iter()
        .min_by_key(|row| distance(row))
        .filter(|row| distance(row) <= RECORD_PERIOD_MS / 2)
        .map(|row| row.one_sided_base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use shared::units::HOUR_MS;

    const AS_OF: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn amount(value: f64) -> Amount {
        Amount::new(value).unwrap()
    }

    fn ago(ms: u64) -> UnixMs {
        UnixMs::from_millis(AS_OF.as_millis() - ms)
    }

    fn row(ago_ms: u64, base: f64) -> OpenInterest {
        OpenInterest {
            time_ms: ago(ago_ms),
            one_sided_base: amount(base),
        }
    }

    /// Rows of a day and an hour, of which the newest is `newest_ms` old. Each holds its age in
    /// minutes, from 1,000 on.
    fn record(newest_ms: u64) -> Vec<OpenInterest> {
        let mut rows: Vec<_> = (0..100)
            .map(|index| newest_ms + index * RECORD_PERIOD_MS)
            .map(|ago_ms| row(ago_ms, 1_000.0 + (ago_ms / MINUTE_MS) as f64))
            .collect();
        rows.reverse();
        rows
    }

    fn values(past: PastOpenInterest) -> [Option<f64>; 3] {
        [past.one_hour, past.four_hours, past.day].map(|value| value.map(Amount::get))
    }

    #[test]
    fn the_nearest_row_of_each_moment_counts() {
        let held = amount(1_000.0);
        let on_time = past_interest(&record(0), held, AS_OF);
        assert_eq!(
            values(on_time),
            [Some(1_060.0), Some(1_240.0), Some(2_440.0)]
        );
        // 6 minutes after a row: its moments are 54 and 69 minutes ago.
        let later = past_interest(&record(6 * MINUTE_MS), held, AS_OF);
        assert_eq!(values(later), [Some(1_066.0), Some(1_246.0), Some(2_446.0)]);
        let earlier = past_interest(&record(9 * MINUTE_MS), held, AS_OF);
        assert_eq!(
            values(earlier),
            [Some(1_054.0), Some(1_234.0), Some(2_434.0)]
        );
    }

    #[test]
    fn a_moment_that_the_record_does_not_hold_is_unknown() {
        let held = amount(1_000.0);
        let old = past_interest(&record(HOUR_MS + 8 * MINUTE_MS), held, AS_OF);
        assert_eq!(values(old)[0], None, "the record ended before it");
        assert!(values(old)[1].is_some());
        let young = &record(0)[90..];
        assert_eq!(
            values(past_interest(young, held, AS_OF)),
            [Some(1_060.0), None, None],
            "the contract was not listed yet"
        );
        let mut holed = record(0);
        holed.retain(|row| row.one_sided_base.get() != 1_240.0);
        assert_eq!(
            values(past_interest(&holed, held, AS_OF))[1],
            None,
            "the row is missing"
        );
        assert_eq!(values(past_interest(&[], held, AS_OF)), [None; 3]);
    }

    #[test]
    fn a_record_in_another_unit_is_none() {
        for held in [333.0, 3_001.0, 0.0] {
            let past = past_interest(&record(0), amount(held), AS_OF);
            assert_eq!(values(past), [None; 3], "{held}");
        }
    }

    #[test]
    fn what_was_held_before_a_split_says_nothing() {
        for factor in [1_000.0, 0.001, 4.0] {
            let mut record = record(0);
            for row in record
                .iter_mut()
                .filter(|row| row.time_ms < ago(2 * HOUR_MS))
            {
                row.one_sided_base = amount(row.one_sided_base.get() * factor);
            }
            let past = past_interest(&record, amount(1_000.0), AS_OF);
            assert_eq!(values(past), [Some(1_060.0), None, None], "{factor}");
        }
    }

    proptest! {
        #[test]
        fn every_value_is_a_row_of_about_its_moment(
            ages in proptest::collection::btree_set(0_u64..26 * HOUR_MS, 0..60)
        ) {
            // The value of each row is its age beyond a sum that makes them much alike, so that it
            // tells where it comes from.
            const SUM: u64 = 1_000_000_000;
            let rows: Vec<_> = ages.iter().rev().map(|age| row(*age, (SUM + age) as f64)).collect();
            let held = rows.last().map_or(amount(1.0), |row| row.one_sided_base);
            let past = past_interest(&rows, held, AS_OF);
            for (value, span_ms) in values(past).into_iter().zip(PastOpenInterest::SPANS_MS) {
                let nearest = ages.iter().map(|age| age.abs_diff(span_ms)).min();
                let expected = nearest.filter(|distance| *distance <= RECORD_PERIOD_MS / 2);
                let found = value.map(|value| (value as u64 - SUM).abs_diff(span_ms));
                prop_assert_eq!(found, expected);
            }
        }
    }
}
