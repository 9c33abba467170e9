//! Figures of the monitored contracts' candles: trend (ADX), realised volatility, and how many
//! contracts beat Bitcoin.
//!
//! Each figure needs most of the contracts, or it would describe a part of the market. The section
//! is as old as the oldest of the newest candles behind any figure.

use super::scores::indicators::directional_movement;
use super::volatility::log_returns;
use shared::analysis::join::is_most;
use shared::analysis::means::{mean, sample_deviation, weighted_mean};
use shared::market::candles::{Candle, Candles, Interval};
use shared::market::majors::BITCOIN;
use shared::snapshot::Lack;
use shared::snapshot::statistics::{
    Counted, RealisedVolatility, SEASON_CONTRACTS, SEASON_DAYS, Statistics,
};
use shared::units::{Amount, HOUR_MS, Price, Score, Share, UnixMs};
use std::collections::BTreeMap;

/// Wilder's own period.
const ADX_PERIOD: usize = 14;

/// For how many candle lengths after its end a newest candle describes the present: the next one's
/// length, and as long again to fetch it.
const MAX_CANDLE_AGES: u64 = 2;

/// Hours in the window of a realised volatility.
const DAY_HOURS: u64 = 24;

/// The fewest hourly returns in a day's window: with fewer, a few hours decide the result.
const FEWEST_HOURLY_RETURNS: usize = 20;

/// The days over which the realised volatility is averaged for comparison.
const MONTH_DAYS: u64 = 30;

/// The fewest of them.
const FEWEST_DAYS: usize = 20;

/// The newest hours of Bitcoin with which a season may end.
const SEASON_ENDS: usize = 2;

/// The fewest contracts that make a share: fewer are not a market.
const FEWEST_SEASON_CONTRACTS: usize = 10;

/// One monitored contract.
#[derive(Clone, Copy, Debug)]
pub struct Monitored<'c> {
    /// The venue's full symbol.
    pub symbol: &'c str,
    /// Turnover of 24 hours, USD: its weight.
    pub turnover_24h: Option<Amount>,
    /// Hourly candles.
    pub hourly: Option<&'c Candles>,
    /// Four-hour candles.
    pub four_hourly: Option<&'c Candles>,
}

/// The figures, and their time: the end of the oldest of the newest candles of all contracts. A
/// figure that fewer than four fifths of the contracts contribute to is unknown, because it would
/// describe a part.
///
/// # Errors
/// [`Lack`] when no figure is known.
pub fn statistics(contracts: &[Monitored<'_>], now: UnixMs) -> Result<(Statistics, UnixMs), Lack> {
    let (trend, volatility, season) = (
        trend(contracts, now),
        volatility(contracts, now),
        season(contracts, now),
    );
    let ends = [until(&trend), until(&volatility), until(&season)];
    let figures = Statistics {
        trend_adx: trend.map(|known| known.figure),
        realised_volatility: volatility.map(|known| known.figure),
        altcoin_share: season.map(|known| known.figure),
    };
    let is_loading = contracts
        .iter()
        .any(|contract| contract.hourly.is_none() || contract.four_hourly.is_none());
    match ends.into_iter().flatten().min() {
        Some(until) => Ok((figures, until)),
        None if is_loading => Err(Lack::CandlesNotLoadedYet),
        None => Err(Lack::TooFewCandles),
    }
}

/// A figure, and the end of the oldest of its newest candles.
struct Known<T> {
    figure: Counted<T>,
    until: UnixMs,
}

fn until<T>(known: &Option<Known<T>>) -> Option<UnixMs> {
    known.as_ref().map(|known| known.until)
}

/// The end of the newest candle, if it still describes the present.
fn present_until(candles: &Candles, now: UnixMs) -> Option<UnixMs> {
    let end = candles.closed.last()?.end_ms(candles.interval);
    (now.millis_since(end) <= MAX_CANDLE_AGES * candles.interval.millis()).then_some(end)
}

/// One contract's value with its weight and the end of its newest candle.
struct Weighed<T> {
    weight: f64,
    value: T,
    until: UnixMs,
}

/// The values that `of` finds for contracts with a weight; `None` when these are not most of all.
fn weighed<'c, T>(
    contracts: &[Monitored<'c>],
    of: impl Fn(&Monitored<'c>) -> Option<(T, UnixMs)>,
) -> Option<Vec<Weighed<T>>> {
    let of = |contract: &Monitored<'c>| {
        let weight = contract.turnover_24h?.get();
        let (value, until) = of(contract)?;
        Some(Weighed {
            weight,
            value,
            until,
        })
    };
    let found: Vec<Weighed<T>> = contracts.iter().filter_map(of).collect();
    (!found.is_empty() && is_most(found.len(), contracts.len())).then_some(found)
}

/// A figure made of contracts' values.
fn known<F, T>(found: &[Weighed<F>], value: T) -> Option<Known<T>> {
    let until = found.iter().map(|one| one.until).min()?;
    Some(Known {
        figure: Counted {
            value,
            contracts: found.len(),
        },
        until,
    })
}

/// The mean by weight.
fn mean_of<T>(found: &[Weighed<T>], value: impl Fn(&T) -> f64) -> f64 {
    weighted_mean(found.iter().map(|one| (one.weight, value(&one.value))))
}

fn trend(contracts: &[Monitored<'_>], now: UnixMs) -> Option<Known<Score>> {
    let found = weighed(contracts, |contract| {
        let candles = contract
            .four_hourly
            .filter(|candles| candles.interval == Interval::FourHours)?;
        // Four-hour candles: trends of days, not of minutes.
        Some((adx(candles)?, present_until(candles, now)?))
    })?;
    known(
        &found,
        Score::new(mean_of(&found, |adx| *adx)).ok()?.rounded(2),
    )
}

fn adx(candles: &Candles) -> Option<f64> {
    let prices = |of: fn(&Candle) -> Price| {
        candles
            .closed
            .iter()
            .map(|candle| of(candle).get())
            .collect::<Vec<f64>>()
    };
    let (highs, lows, closes) = (
        prices(|one| one.high),
        prices(|one| one.low),
        prices(|one| one.close),
    );
    directional_movement(&highs, &lows, &closes, ADX_PERIOD)?
        .adx
        .last()
}

fn volatility(contracts: &[Monitored<'_>], now: UnixMs) -> Option<Known<RealisedVolatility>> {
    let found = weighed(contracts, |contract| {
        let candles = contract
            .hourly
            .filter(|candles| candles.interval == Interval::OneHour)?;
        Some((realised(candles)?, present_until(candles, now)?))
    })?;
    let mean = |of: fn(&(f64, f64)) -> f64| {
        Amount::new(mean_of(&found, of))
            .ok()
            .map(|mean| mean.rounded(4))
    };
    known(
        &found,
        RealisedVolatility {
            day: mean(|(day, _)| *day)?,
            month: mean(|(_, month)| *month)?,
        },
    )
}

/// The realised volatility of the last day, and the mean of those of the last thirty, this one
/// included; percent.
///
/// The deviation of hourly returns times √24. Days are counted back from the newest hour, so no day
/// is cut short by the calendar.
fn realised(hourly: &Candles) -> Option<(f64, f64)> {
    let returns = log_returns(hourly);
    let (last, _) = returns.last_key_value()?;
    let mut days: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for (start, value) in &returns {
        // Day 0 is the 24 hours up to the newest.
        let day = last.millis_since(*start) / (DAY_HOURS * HOUR_MS);
        if day < MONTH_DAYS {
            days.entry(day).or_default().push(*value);
        }
    }
    let of_day = |returns: &Vec<f64>| {
        let is_enough = returns.len() >= FEWEST_HOURLY_RETURNS;
        let deviation = sample_deviation(returns).filter(|_| is_enough)?;
        Some(deviation * (DAY_HOURS as f64).sqrt() * 100.0)
    };
    let today = days.get(&0).and_then(of_day)?;
    let all: Vec<f64> = days.values().filter_map(of_day).collect();
    (all.len() >= FEWEST_DAYS).then(|| (today, mean(&all)))
}

/// The share of contracts that beat Bitcoin over the window, among those with the highest turnover
/// whose history is as long.
fn season(contracts: &[Monitored<'_>], now: UnixMs) -> Option<Known<Share>> {
    let loaded = contracts
        .iter()
        .filter(|contract| contract.hourly.is_some())
        .count();
    // While histories are loading, those that are loaded are no sample of the market.
    if !is_most(loaded, contracts.len()) {
        return None;
    }
    let bitcoin = contracts
        .iter()
        .find(|contract| contract.symbol == BITCOIN)?
        .hourly?;
    // A stopped feed must not show an old season as the present one.
    present_until(bitcoin, now)?;
    // Candles of different contracts are not fetched at once, so the window ends with the newest of
    // Bitcoin's hours that most contracts have.
    let ends = bitcoin
        .closed
        .iter()
        .rev()
        .take(SEASON_ENDS)
        .map(|candle| candle.start_ms);
    let have = |end: UnixMs| {
        contracts
            .iter()
            .filter(|contract| close(contract.hourly, end).is_some())
            .count()
    };
    // The same end for all contracts, or their changes would not compare.
    let end = ends.into_iter().find(|end| is_most(have(*end), loaded))?;
    let benchmark = change(bitcoin, end)?;
    let mut others: Vec<&Monitored<'_>> = contracts
        .iter()
        .filter(|contract| contract.symbol != BITCOIN)
        .collect();
    // Unknown turnover sorts last.
    let turnover = |contract: &Monitored<'_>| contract.turnover_24h.map_or(-1.0, Amount::get);
    others.sort_by(|a, b| {
        turnover(b)
            .total_cmp(&turnover(a))
            .then_with(|| a.symbol.cmp(b.symbol))
    });
    let changes = others
        .iter()
        .filter_map(|contract| change(contract.hourly?, end));
    let changes: Vec<f64> = changes.take(SEASON_CONTRACTS).collect();
    if changes.len() < FEWEST_SEASON_CONTRACTS {
        return None;
    }
    let beat = changes.iter().filter(|change| **change > benchmark).count();
    let value = Share::new(beat as f64 / changes.len() as f64 * 100.0)
        .ok()?
        .rounded(2);
    Some(Known {
        figure: Counted {
            value,
            contracts: changes.len(),
        },
        until: end.plus_millis(HOUR_MS),
    })
}

/// The ratio of the close of the hour that begins at `end` to that of the same hour [`SEASON_DAYS`]
/// before.
fn change(hourly: &Candles, end: UnixMs) -> Option<f64> {
    let begin = UnixMs::from_millis(
        end.as_millis()
            .checked_sub(SEASON_DAYS * DAY_HOURS * HOUR_MS)?,
    );
    Some(close(Some(hourly), end)? / close(Some(hourly), begin)?)
        .filter(|change| change.is_finite())
}

/// The close of the hour that begins at `start`.
fn close(hourly: Option<&Candles>, start: UnixMs) -> Option<f64> {
    let closed = &hourly?.closed;
    let place = closed
        .binary_search_by_key(&start, |candle| candle.start_ms)
        .ok()?;
    Some(closed.get(place)?.close.get())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{EPOCH, candles};

    /// Steps of hourly candles that fill the longest window.
    const HOURS: u64 = SEASON_DAYS * DAY_HOURS + 1;

    /// Hourly candles whose close moves up and down by a share `a`, and by a factor over all.
    fn hourly(a: f64, factor: f64) -> Candles {
        let close = |step: u64| {
            let drift = factor.powf(step as f64 / (HOURS - 1) as f64);
            100.0 * drift * if step.is_multiple_of(2) { 1.0 } else { a.exp() }
        };
        candles(
            Interval::OneHour,
            (0..HOURS).map(|step| (step, close(step))),
        )
    }

    fn now() -> UnixMs {
        EPOCH.plus_millis(HOURS * HOUR_MS + 1_000)
    }

    fn contract<'c>(symbol: &'c str, turnover: f64, hourly: Option<&'c Candles>) -> Monitored<'c> {
        Monitored {
            symbol,
            turnover_24h: Amount::new(turnover).ok(),
            hourly,
            four_hourly: None,
        }
    }

    #[test]
    fn the_realised_volatility_is_that_of_hourly_returns_weighted_by_turnover() {
        // 24 returns of ±1 %: √(24/23) % an hour, × √24; of ±3 % three times that. (3·1 + 1·3) / 4
        // = 1.5 times.
        let (calm, wild) = (hourly(0.01, 1.0), hourly(0.03, 1.0));
        let contracts = [
            contract(BITCOIN, 3e6, Some(&calm)),
            contract("AUSDT", 1e6, Some(&wild)),
        ];
        let (found, until) = statistics(&contracts, now()).unwrap();
        let figure = found.realised_volatility.unwrap();
        let expected = Amount::new(1.5 * (24.0_f64 / 23.0 * 24.0).sqrt())
            .unwrap()
            .rounded(4);
        assert_eq!(
            (figure.value.day, figure.value.month, figure.contracts),
            (expected, expected, 2)
        );
        assert_eq!(until, EPOCH.plus_millis(HOURS * HOUR_MS));
    }

    #[test]
    fn a_part_of_the_contracts_is_not_told_for_all() {
        let calm = hourly(0.01, 1.0);
        let symbols: Vec<String> = (0..5).map(|index| format!("A{index}USDT")).collect();
        let told = |known: usize| {
            let contracts: Vec<Monitored<'_>> = symbols
                .iter()
                .enumerate()
                .map(|(index, symbol)| contract(symbol, 1e6, (index < known).then_some(&calm)))
                .collect();
            statistics(&contracts, now())
                .map(|(found, _)| found.realised_volatility.map(|figure| figure.contracts))
        };
        assert_eq!(told(5), Ok(Some(5)));
        assert_eq!(told(4), Ok(Some(4)));
        assert_eq!(told(3), Err(Lack::CandlesNotLoadedYet));
    }

    #[test]
    fn candles_that_ended_long_ago_tell_nothing() {
        let calm = hourly(0.01, 1.0);
        let contracts = [contract(BITCOIN, 1e6, Some(&calm))];
        let later = |hours: u64| EPOCH.plus_millis((HOURS + hours) * HOUR_MS);
        assert!(statistics(&contracts, later(2)).is_ok());
        assert_eq!(
            statistics(&contracts, later(2).plus_millis(1)),
            Err(Lack::CandlesNotLoadedYet)
        );
    }

    #[test]
    fn the_season_counts_who_did_better_than_bitcoin() {
        let (bitcoin, better, worse) = (hourly(0.01, 1.2), hourly(0.02, 1.3), hourly(0.02, 1.1));
        let young = Candles {
            closed: better.closed[10..].to_vec(),
            ..better.clone()
        };
        let symbols: Vec<String> = (0..60).map(|index| format!("A{index:02}USDT")).collect();
        // Those with most turnover: one without a history, 20 that did better, 35 that did worse.
        let others = symbols.iter().enumerate().map(|(index, symbol)| {
            let candles = match index {
                0 => &young,
                1..=20 => &better,
                _ => &worse,
            };
            contract(symbol, 1e9 - index as f64, Some(candles))
        });
        let contracts: Vec<Monitored<'_>> =
            std::iter::once(contract(BITCOIN, 1e10, Some(&bitcoin)))
                .chain(others)
                .collect();
        let (found, _) = statistics(&contracts, now()).unwrap();
        assert_eq!(
            found
                .altcoin_share
                .map(|figure| (figure.value.get(), figure.contracts)),
            Some((40.0, 50))
        );
        assert_eq!(found.check(), Ok(()));
        let few = statistics(&contracts[..10], now()).unwrap().0;
        assert_eq!(few.altcoin_share, None, "of eight contracts");
    }

    #[test]
    fn an_hour_that_few_have_yet_is_not_the_end_of_the_season() {
        let (bitcoin, better) = (hourly(0.01, 1.2), hourly(0.02, 1.3));
        let symbols: Vec<String> = (0..30).map(|index| format!("A{index:02}USDT")).collect();
        let late = |all: &Candles| Candles {
            closed: all.closed[..all.closed.len() - 1].to_vec(),
            ..all.clone()
        };
        // One candle more than the window takes, as is kept.
        let longer = |all: &Candles| {
            let first = all.closed[0];
            let before = Candle {
                start_ms: UnixMs::from_millis(first.start_ms.as_millis() - HOUR_MS),
                ..first
            };
            Candles {
                closed: std::iter::once(before)
                    .chain(all.closed.iter().copied())
                    .collect(),
                ..all.clone()
            }
        };
        let (bitcoin, better) = (longer(&bitcoin), longer(&better));
        let late = late(&better);
        let told = |arrived: usize| {
            let others = symbols.iter().enumerate().map(|(index, symbol)| {
                contract(
                    symbol,
                    1e9 - index as f64,
                    Some(if index < arrived { &better } else { &late }),
                )
            });
            let contracts: Vec<Monitored<'_>> =
                std::iter::once(contract(BITCOIN, 1e10, Some(&bitcoin)))
                    .chain(others)
                    .collect();
            statistics(&contracts, now())
                .unwrap()
                .0
                .altcoin_share
                .map(|figure| (figure.value.get(), figure.contracts))
        };
        for arrived in [0, 5, 15, 24, 30] {
            let contracts = if arrived == 24 { 24 } else { 30 };
            assert_eq!(
                told(arrived),
                Some((100.0, contracts)),
                "{arrived} of 30 have the newest hour"
            );
        }
    }

    #[test]
    fn the_trend_is_the_mean_adx_of_four_hour_candles() {
        // Prices that only rise: +DI is all of the movement, so the index is 100.
        let rising = candles(
            Interval::FourHours,
            (0..60).map(|step| (step, 100.0 + step as f64)),
        );
        let flat = candles(Interval::FourHours, (0..60).map(|step| (step, 100.0)));
        let now = EPOCH.plus_millis(60 * Interval::FourHours.millis());
        let with = |symbol, turnover, candles| Monitored {
            symbol,
            turnover_24h: Amount::new(turnover).ok(),
            hourly: None,
            four_hourly: Some(candles),
        };
        let adx = |contracts: &[Monitored<'_>]| {
            statistics(contracts, now).map(|(found, _)| found.trend_adx)
        };
        assert_eq!(
            adx(&[with("AUSDT", 1e6, &rising)])
                .unwrap()
                .map(|figure| figure.value.get()),
            Some(100.0)
        );
        let both = adx(&[with("AUSDT", 1e6, &rising), with("BUSDT", 3e6, &flat)]).unwrap();
        assert_eq!(
            both.map(|figure| (figure.value.get(), figure.contracts)),
            Some((25.0, 2))
        );
        assert_eq!(
            adx(&[with("AUSDT", 1e6, &hourly(0.01, 1.0))]),
            Err(Lack::CandlesNotLoadedYet),
            "of another length"
        );
    }

    #[test]
    fn no_candles_make_no_statistics() {
        assert_eq!(statistics(&[], now()), Err(Lack::TooFewCandles));
        let short = candles(
            Interval::OneHour,
            (HOURS - 10..HOURS).map(|step| (step, 100.0)),
        );
        let four = candles(Interval::FourHours, [(HOURS / 4, 100.0)]);
        let contract = Monitored {
            four_hourly: Some(&four),
            ..contract(BITCOIN, 1e6, Some(&short))
        };
        assert_eq!(statistics(&[contract], now()), Err(Lack::TooFewCandles));
    }
}
