//! Log returns of closed candles, and Bitcoin's volatility from its daily ones.
//!
//! Log returns add up over time and treat a fall and the rise that undoes it alike.

use shared::analysis::means::sample_deviation;
use shared::analysis::overview::BitcoinVolatility;
use shared::market::candles::{Candles, Interval};
use shared::units::{Amount, UnixMs};
use std::collections::BTreeMap;

/// The daily closes in the window.
pub const DAILY_CLOSES: u64 = 30;

/// How long after its end the newest daily candle still describes the present volatility, ms: a day
/// until the next one ends, and one to fetch it.
pub const MAX_DAILY_AGE_MS: u64 = 2 * Interval::OneDay.millis();

/// One more than the fewest daily returns that make a volatility: with fewer, one day decides it.
pub const FEWEST_DAILY_CLOSES: usize = 20;

/// Crypto trades every day of the year.
const DAYS_PER_YEAR: f64 = 365.0;

/// The log return ln(close / close before) of every candle whose predecessor is present, by the
/// candle's start.
///
/// No return is taken across a gap: it would be that of a longer time.
#[must_use]
pub fn log_returns(candles: &Candles) -> BTreeMap<UnixMs, f64> {
    let closes: BTreeMap<UnixMs, f64> = candles
        .closed
        .iter()
        .map(|candle| (candle.start_ms, candle.close.get()))
        .collect();
    let pairs = closes.iter().zip(closes.iter().skip(1));
    pairs
        .filter(|((before, _), (after, _))| {
            after.millis_since(**before) == candles.interval.millis()
        })
        .map(|((_, before), (start, after))| (*start, (after / before).ln()))
        .collect()
}

/// The standard deviation (n − 1) of the daily log returns in the [`DAILY_CLOSES`] days that end
/// with the newest, percent, and that times √365.
///
/// A missing day costs the two returns that it is part of; the others count, on either side of the
/// gap. `None` for candles of another interval, for fewer than [`FEWEST_DAILY_CLOSES`] − 1 returns,
/// or when the newest candle ended more than [`MAX_DAILY_AGE_MS`] ago.
#[must_use]
pub fn bitcoin_volatility(daily: &Candles, now: UnixMs) -> Option<BitcoinVolatility> {
    if daily.interval != Interval::OneDay {
        return None;
    }
    let returns = log_returns(daily);
    let (last, _) = returns.last_key_value()?;
    if now.millis_since(last.plus_millis(Interval::OneDay.millis())) > MAX_DAILY_AGE_MS {
        return None;
    }
    // n closes make n − 1 returns.
    let span_ms = (DAILY_CLOSES - 1) * daily.interval.millis();
    let recent: Vec<f64> = returns
        .iter()
        .filter(|(start, _)| last.millis_since(**start) < span_ms)
        .map(|(_, value)| *value)
        .collect();
    if recent.len() + 1 < FEWEST_DAILY_CLOSES {
        return None;
    }
    let deviation_pct = sample_deviation(&recent)? * 100.0;
    Some(BitcoinVolatility {
        daily_pct: Amount::new(deviation_pct).ok()?.rounded(4),
        // Independent days: variances add, so the deviation grows with the square root of time.
        annual_pct: Amount::new(deviation_pct * DAYS_PER_YEAR.sqrt())
            .ok()?
            .rounded(4),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{EPOCH, candles};
    use proptest::prelude::*;

    /// Closes by day.
    fn days(closes: impl IntoIterator<Item = (u64, f64)>) -> Candles {
        candles(Interval::OneDay, closes)
    }

    /// 1, e^a, 1, e^a, …: returns of a and −a in turn.
    fn zigzag(count: u64, a: f64) -> Candles {
        days((0..count).map(|day| (day, if day % 2 == 0 { 100.0 } else { 100.0 * a.exp() })))
    }

    /// The volatility an hour after the newest candle's end.
    fn volatility(daily: &Candles) -> Option<BitcoinVolatility> {
        let end = daily
            .closed
            .last()
            .map_or(EPOCH, |candle| candle.end_ms(daily.interval));
        bitcoin_volatility(daily, end.plus_millis(3_600_000))
    }

    #[track_caller]
    fn check(daily: &Candles, expected: Option<(f64, f64)>) {
        let found = volatility(daily).map(|found| (found.daily_pct.get(), found.annual_pct.get()));
        assert_eq!(found, expected);
    }

    #[test]
    fn volatility_is_the_sample_deviation_of_the_log_returns() {
        // 20 returns of ±2 %, mean 0: √(20·4/19) = 2.0520 %; times √365 = 39.2026 %.
        check(&zigzag(21, 0.02), Some((2.052, 39.2026)));
    }

    #[test]
    fn only_the_last_thirty_closes_count() {
        // 29 returns of ±1 %, one more up than down: mean 1/29 %, √((29 − 1/29)/28) = 1.0171 %.
        let wild_before = (0..30).map(|day| (day, if day % 2 == 0 { 100.0 } else { 900.0 }));
        let calm_after = (30..60).map(|day| {
            (
                day,
                if day % 2 == 0 {
                    100.0
                } else {
                    100.0 * 0.01_f64.exp()
                },
            )
        });
        check(
            &days(wild_before.chain(calm_after)),
            Some((1.0171, 19.4316)),
        );
    }

    #[test]
    fn fewer_than_twenty_closes_say_nothing() {
        check(&zigzag(19, 0.02), None);
        assert!(volatility(&zigzag(20, 0.02)).is_some());
        check(&days([]), None);
        check(&days([(0, 5.0)]), None);
    }

    #[test]
    fn a_hole_is_not_bridged() {
        let every_other_day = days(
            (0..60)
                .filter(|day| day % 2 == 0)
                .map(|day| (day, 100.0 + day as f64)),
        );
        check(&every_other_day, None);
    }

    #[test]
    fn the_days_around_a_hole_still_count() {
        // 24 days of which one is missing: 21 of 23 returns are left, of ±2 % in turn.
        let with_hole = days(
            (0..24)
                .filter(|day| *day != 9)
                .map(|day| (day, 100.0 * (0.02 * (day % 2) as f64).exp())),
        );
        assert_eq!(log_returns(&with_hole).len(), 21);
        assert!(volatility(&with_hole).is_some());
    }

    #[test]
    fn the_volatility_of_candles_that_ended_more_than_two_days_ago_is_unknown() {
        let daily = zigzag(30, 0.02);
        let end = daily.closed.last().unwrap().end_ms(Interval::OneDay);
        assert!(bitcoin_volatility(&daily, end).is_some());
        assert!(bitcoin_volatility(&daily, end.plus_millis(MAX_DAILY_AGE_MS)).is_some());
        assert_eq!(
            bitcoin_volatility(&daily, end.plus_millis(MAX_DAILY_AGE_MS + 1)),
            None
        );
    }

    #[test]
    fn candles_of_another_length_are_refused() {
        check(
            &Candles {
                interval: Interval::OneHour,
                ..zigzag(30, 0.02)
            },
            None,
        );
    }

    #[test]
    fn a_flat_price_has_no_volatility() {
        check(&zigzag(30, 0.0), Some((0.0, 0.0)));
    }

    proptest! {
        #[test]
        fn volatility_does_not_depend_on_the_scale_of_prices(
            closes in proptest::collection::vec(1.0..1e5_f64, 30), power in -30..30_i32
        ) {
            let scaled = |scale: f64| days((0..).zip(closes.iter().map(move |close| close * scale)));
            prop_assert_eq!(volatility(&scaled(1.0)), volatility(&scaled(2_f64.powi(power))));
        }

        #[test]
        fn no_prices_make_an_infinite_volatility(closes in proptest::collection::vec(1e-300..1e300_f64, 0..40)) {
            // `Amount` holds only finite numbers, so it is enough that nothing panics.
            let _ = volatility(&days((0..).zip(closes)));
        }
    }
}
