//! The sentiment dimension: funding, positioning, and how the market moves.
//!
//! Exactly symmetric under p → c²/p with the payers of funding and the sides of the accounts
//! exchanged. Funding and accounts are contrarian: they show how crowded a side already is.

use super::bars::Bars;
use super::maths::tail;
use super::reading::Reading;
use crate::funding;
use crate::liquidations::LiquidatedLately;
use shared::analysis::means::{mean, sample_deviation};
use shared::market::positioning::{AccountRatio, Funding};
use shared::units::HOUR_MS;

/// The fewest earlier fundings that make a history: a little more than three days of eight-hourly
/// ones.
const FEWEST_FUNDINGS: usize = 10;

/// The floor under the deviation of the funding rate, as a fraction per 8 hours: 0.001 %. Venues
/// quote a constant rate for quiet contracts, and a smaller difference is no news.
const FUNDING_NOISE: f64 = 1e-5;

/// The z-score of the funding that gives tanh(1).
const FUNDING_SCALE: f64 = 2.0;

/// The log ratio of long to short accounts that gives tanh(1): about three to one.
const LONG_SHORT_SCALE: f64 = 1.1;

/// The shortest time over which liquidations are read, ms. They are rare.
const SHORTEST_LIQUIDATED_MS: u64 = 15 * 60_000;

/// The share of the turnover that gives tanh(1): one percent, several times what is usual.
const LIQUIDATED_SCALE: f64 = 0.01;

/// The returns over which volatility is taken: the fewest that most timeframes have, less one.
const VOLATILITY_RETURNS: usize = 49;

/// The net share of upward variance that gives tanh(1): three parts up for one down.
const VOLATILITY_SCALE: f64 = 0.5;

/// The four-hour candles behind the average day: thirty days.
const ACTIVITY_CANDLES: usize = 180;
const CANDLES_PER_DAY: f64 = 6.0;

/// The change over 24 hours that gives tanh(1), percent.
const CHANGE_SCALE_PCT: f64 = 5.0;

/// Funding, contrarian: −tanh(z/2), z the rate's distance from the mean of its own history in
/// standard deviations. Figure: the rate in percent per 8 hours.
///
/// `rate_8h` and the history are fractions per 8 hours. Nothing for fewer than 10 earlier fundings.
#[must_use]
pub fn funding_rate(rate_8h: f64, earlier_8h: &[f64]) -> Option<Reading> {
    if earlier_8h.len() < FEWEST_FUNDINGS {
        return None;
    }
    let deviation = sample_deviation(earlier_8h)?;
    // Against the contract's own history: some pay a high rate all the time.
    let z = (rate_8h - mean(earlier_8h)) / deviation.max(FUNDING_NOISE);
    Reading::new(-(z / FUNDING_SCALE).tanh(), rate_8h * 100.0)
}

/// A history of fundings as fractions per 8 hours: those of [`funding::paid_8h`] that are numbers.
#[must_use]
pub fn normalised_to_8h(history: &[Funding]) -> Vec<f64> {
    funding::paid_8h(history)
        .filter(|rate| rate.is_finite())
        .collect()
}

/// Volatility: tanh of twice the net share of upward variance, (Σr₊² − Σr₋²)/Σr² over the last 49
/// log returns (realised semivariances, Barndorff-Nielsen, Kinnebrock and Shephard 2010). Figure:
/// the share of upward variance, 0–1.
///
/// The amount of volatility has no direction and could not be mirrored; its skew has one.
#[must_use]
pub fn volatility(bars: &Bars) -> Option<Reading> {
    let net = net_variance(tail(&bars.closes, VOLATILITY_RETURNS + 1));
    Reading::new((net / VOLATILITY_SCALE).tanh(), (1.0 + net) / 2.0)
}

fn net_variance(closes: &[f64]) -> f64 {
    let returns = closes
        .iter()
        .zip(closes.iter().skip(1))
        .map(|(before, after)| (after / before).ln());
    // r·|r| is the square with the sign of the return.
    let (net, all) = returns.fold((0.0, 0.0), |(net, all), r| (net + r * r.abs(), all + r * r));
    net / all
}

/// Long against short accounts, contrarian: −tanh(ln(long/short)/1.1) of the newest. Figure: the
/// share long, 0–1.
#[must_use]
pub fn long_short_ratio(history: &[AccountRatio]) -> Option<Reading> {
    let newest = history.last()?;
    // The logarithm below makes 2:1 and 1:2 equally far from even.
    let ratio = newest.long.get() / newest.short.get();
    Reading::new(-(ratio.ln() / LONG_SHORT_SCALE).tanh(), newest.long.get())
}

/// Liquidations, contrarian: tanh(x/1 %), x what was liquidated of longs less of shorts, as a share
/// of the turnover of as long a part of the day. Figure: x.
///
/// Whoever is liquidated must sell a long at any price, and then is no seller any more. `None` for
/// less than a quarter of an hour, and where nothing is traded.
#[must_use]
pub fn liquidations(liquidated: &LiquidatedLately, turnover_24h: f64) -> Option<Reading> {
    if liquidated.span_ms < SHORTEST_LIQUIDATED_MS {
        return None;
    }
    let turnover = turnover_24h * liquidated.span_ms as f64 / (24 * HOUR_MS) as f64;
    let net = (liquidated.long_usd - liquidated.short_usd) / turnover;
    Reading::new((net / LIQUIDATED_SCALE).tanh(), net)
}

/// Market activity: tanh(V24h / average day's V) · tanh(ln(1 + change)/ln(1.05)), the change being
/// that of 24 hours and the average that of up to 30 days of four-hour candles. Figure: today's
/// volume over an average day's.
#[must_use]
pub fn market_activity(
    volume_base_24h: f64,
    change_24h_pct: f64,
    four_hours: &Bars,
) -> Option<Reading> {
    // The mean of the candles that there are: a young contract has fewer than thirty days.
    let average_day = CANDLES_PER_DAY * mean(tail(&four_hours.volumes, ACTIVITY_CANDLES));
    let activity = volume_base_24h / average_day;
    Reading::new(activity_lean(activity, change_24h_pct), activity)
}

fn activity_lean(activity: f64, change_24h_pct: f64) -> f64 {
    // Log changes, so that +25 % and −20 %, which undo one another, weigh the same.
    let change = (change_24h_pct / 100.0).ln_1p() / (CHANGE_SCALE_PCT / 100.0).ln_1p();
    // Volume alone has no direction, and a change on thin volume says little.
    activity.tanh() * change.tanh()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scores::maths::testing::check;
    use shared::units::{Fraction, UnixMs};

    #[test]
    fn unusually_high_funding_is_bearish() {
        // Mean 0.0002, sample deviation √(10·0.0001²/9) = 0.000105409; a rate of 0.0004 is z =
        // 1.897367: −tanh(0.948683) = −0.739186.
        let earlier = [[0.0001, 0.0003]; 5].concat();
        let reading = funding_rate(0.0004, &earlier).unwrap();
        check(reading.lean.get(), -0.739_186);
        check(reading.figure, 0.04);
        check(funding_rate(0.0, &earlier).unwrap().lean.get(), 0.739_186);
        assert_eq!(funding_rate(0.0004, &earlier[..9]), None);
    }

    #[test]
    fn liquidated_longs_are_read_as_sellers_who_are_gone() {
        let of = |long_usd, short_usd, span_ms| LiquidatedLately {
            long_usd,
            short_usd,
            span_ms,
        };
        // An hour of a turnover of 24 million a day is a million: (7,000 − 2,000)/1,000,000 = 0.5 %,
        // tanh(0.5) = 0.462117.
        let reading = liquidations(&of(7_000.0, 2_000.0, 3_600_000), 24e6).unwrap();
        check(reading.lean.get(), 0.462_117);
        check(reading.figure, 0.005);
        // A quarter of it is a quarter of the turnover.
        let reading = liquidations(&of(1_750.0, 500.0, 900_000), 24e6).unwrap();
        check(reading.figure, 0.005);
        let none = liquidations(&of(0.0, 0.0, 3_600_000), 24e6).unwrap();
        check(none.lean.get(), 0.0);
        assert_eq!(liquidations(&of(1.0, 0.0, 899_999), 24e6), None);
        assert_eq!(liquidations(&of(0.0, 0.0, 3_600_000), 0.0), None);
    }

    #[test]
    fn a_constant_funding_rate_is_neutral_and_a_hair_above_it_nearly_so() {
        check(funding_rate(0.0001, &[0.0001; 30]).unwrap().lean.get(), 0.0);
        // 0.0001 % above: a tenth of the noise: −tanh(0.05).
        check(
            funding_rate(0.000_101, &[0.0001; 30]).unwrap().lean.get(),
            -0.049_958,
        );
    }

    #[test]
    fn fundings_of_any_interval_are_compared_per_eight_hours() {
        let funding = |hours: u64, rate: f64| Funding {
            time_ms: UnixMs::from_secs(3_600 * hours),
            rate,
        };
        let history = [
            funding(0, 9.0),
            funding(8, 0.0001),
            funding(12, 0.0001),
            funding(13, 0.0001),
            funding(30, 9.0),
        ];
        let rates = normalised_to_8h(&history);
        assert_eq!(
            rates.len(),
            3,
            "the first and the one after the gap are left out"
        );
        for (found, expected) in rates.into_iter().zip([0.0001, 0.0002, 0.0008]) {
            check(found, expected);
        }
    }

    #[test]
    fn volatility_leans_to_the_side_of_the_larger_moves() {
        // One step of twice the others' log: (4 − 1)/(4 + 1) = 0.6 for ln 4 up and ln 2 down.
        check(net_variance(&[1.0, 4.0, 2.0]), 0.6);
        check(net_variance(&[4.0, 1.0, 2.0]), -0.6);
        assert!(net_variance(&[1.0, 1.0]).is_nan());
    }

    #[test]
    fn the_crowd_is_contrarian() {
        let ratio = |long: f64| AccountRatio {
            time_ms: UnixMs::from_millis(0),
            long: Fraction::new(long).unwrap(),
            short: Fraction::new(1.0 - long).unwrap(),
        };
        // ln 3 / 1.1 = 0.998738: −tanh = −0.761064.
        check(
            long_short_ratio(&[ratio(0.1), ratio(0.75)])
                .unwrap()
                .lean
                .get(),
            -0.761_064,
        );
        check(long_short_ratio(&[ratio(1.0)]).unwrap().lean.get(), -1.0);
        assert_eq!(long_short_ratio(&[]), None);
    }

    #[test]
    fn an_average_day_of_five_percent_leans_tanh_of_one_squared() {
        check(activity_lean(1.0, 5.0), 0.580_026);
        check(activity_lean(1.0, 100.0 / 1.05 - 100.0), -0.580_026);
        check(activity_lean(0.0, 5.0), 0.0);
    }
}
