//! The performance of contracts side by side, rebased to the start of each chart, from closed
//! candles.
//!
//! Invariant: a point is the close of a candle that ends exactly there. Nothing is interpolated,
//! and all lines of a chart share their moments.

use shared::market::candles::{Candle, Candles, Interval};
use shared::snapshot::Lack;
use shared::snapshot::beta::BENCHMARK;
use shared::snapshot::performance::{
    Chart, ChartTimeframe, Line, MAX_CHART_SYMBOLS, PerformanceSection, Rebased, is_drawable,
};
use shared::units::{Price, UnixMs};

/// The candles of a chart: the longest whose ends fall on each of its points.
#[must_use]
pub const fn chart_interval(timeframe: ChartTimeframe) -> Interval {
    match timeframe {
        ChartTimeframe::QuarterHour | ChartTimeframe::HalfHour | ChartTimeframe::OneHour => {
            Interval::OneMinute
        }
        ChartTimeframe::FourHours | ChartTimeframe::EightHours => Interval::FiveMinutes,
        ChartTimeframe::TwelveHours | ChartTimeframe::OneDay => Interval::ThirtyMinutes,
    }
}

/// How old a chart may be, ms: its last candle, the next one being late, and a minute to fetch
/// that.
#[must_use]
pub const fn max_age_ms(timeframe: ChartTimeframe) -> u64 {
    const FETCH_MS: u64 = 60_000;
    2 * chart_interval(timeframe).millis() + FETCH_MS
}

/// The charts of Bitcoin and of the first of `symbols` that can be drawn, [`MAX_CHART_SYMBOLS`] in
/// all.
///
/// A chart ends with Bitcoin's last closed candle of its interval and is left out when that is
/// older than [`max_age_ms`]. A contract without a close at the first moment, near the last, or at
/// too many between is left out of that chart. Without Bitcoin there is no chart. `candles` gives a
/// contract's closed candles of one interval.
///
/// # Errors
/// Why there is no chart at all: [`Lack::TooOld`] if one could have been drawn some time ago, else
/// [`Lack::TooFewCandles`].
pub fn performance<'c>(
    symbols: &[&str],
    candles: impl Fn(&str, Interval) -> Option<&'c Candles>,
    now: UnixMs,
) -> Result<PerformanceSection, Lack> {
    let drawn: Vec<Chart> = ChartTimeframe::ALL
        .into_iter()
        .filter_map(|timeframe| chart(timeframe, symbols, &candles))
        .collect();
    // Charts that exist and are too old have enough candles; their age is the lack.
    let lack = if drawn.is_empty() {
        Lack::TooFewCandles
    } else {
        Lack::TooOld
    };
    let is_young = |chart: &Chart| now.millis_since(chart.last_ms()) <= max_age_ms(chart.timeframe);
    let charts: Vec<Chart> = drawn.into_iter().filter(is_young).collect();
    if charts.is_empty() {
        Err(lack)
    } else {
        Ok(PerformanceSection { charts })
    }
}

fn chart<'c>(
    timeframe: ChartTimeframe,
    symbols: &[&str],
    candles: &impl Fn(&str, Interval) -> Option<&'c Candles>,
) -> Option<Chart> {
    let interval = chart_interval(timeframe);
    let of_length =
        |symbol: &str| candles(symbol, interval).filter(|candles| candles.interval == interval);
    let bitcoin = of_length(BENCHMARK)?;
    // Bitcoin sets the moments, so that the lines are comparable.
    let end = bitcoin.closed.last()?.end_ms(interval);
    let first_ms = UnixMs::from_millis(end.as_millis().checked_sub(timeframe.span_ms())?);
    let mut chart = Chart {
        timeframe,
        first_ms,
        lines: [(BENCHMARK.to_owned(), line(bitcoin, timeframe, first_ms)?)].into(),
    };
    for symbol in symbols {
        // Counted by drawn lines: a contract that cannot be drawn gives its place to the next.
        if chart.lines.len() >= MAX_CHART_SYMBOLS {
            break;
        }
        if let Some(line) = of_length(symbol).and_then(|candles| line(candles, timeframe, first_ms))
        {
            chart.lines.insert((*symbol).to_owned(), line);
        }
    }
    Some(chart)
}

fn line(candles: &Candles, timeframe: ChartTimeframe, first_ms: UnixMs) -> Option<Line> {
    // Every line starts at 0 %, so a contract without this close cannot be drawn.
    let first = close_at(candles, first_ms)?;
    let moments =
        (0..timeframe.points() as u64).map(|step| first_ms.plus_millis(step * timeframe.step_ms()));
    let line: Line = moments
        .map(|moment| Rebased::of(close_at(candles, moment)?, first))
        .collect();
    is_drawable(&line, timeframe).then_some(line)
}

/// The close of the candle that ends at `moment`.
fn close_at(candles: &Candles, moment: UnixMs) -> Option<Price> {
    let end = |candle: &Candle| candle.end_ms(candles.interval);
    // Candles are sorted by time, as the parser and `merge` leave them.
    let index = candles.closed.binary_search_by_key(&moment, end).ok()?;
    candles.closed.get(index).map(|candle| candle.close)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{EPOCH, candles};
    use proptest::prelude::*;
    use shared::snapshot::performance::PerformanceRow;
    use std::collections::BTreeMap;

    type Market = BTreeMap<(String, Interval), Candles>;

    /// A contract whose price at each moment is told by a function of the minutes since the epoch,
    /// with every candle.
    fn listed(market: &mut Market, symbol: &str, price: impl Fn(f64) -> f64) {
        for interval in [
            Interval::OneMinute,
            Interval::FiveMinutes,
            Interval::ThirtyMinutes,
        ] {
            let minutes = interval.millis() / 60_000;
            let closes =
                (0..1_500 / minutes).map(|step| (step, price(((step + 1) * minutes) as f64)));
            market.insert((symbol.to_owned(), interval), candles(interval, closes));
        }
    }

    /// When the last candles of [`listed`] contracts have just closed.
    const NOW: UnixMs = EPOCH.plus_millis(1_500 * 60_000);

    fn section(market: &Market, symbols: &[&str]) -> Result<PerformanceSection, Lack> {
        section_at(market, symbols, NOW)
    }

    fn section_at(
        market: &Market,
        symbols: &[&str],
        now: UnixMs,
    ) -> Result<PerformanceSection, Lack> {
        performance(
            symbols,
            |symbol, interval| market.get(&(symbol.to_owned(), interval)),
            now,
        )
    }

    /// Bitcoin rises 1 USDT a minute from 10 000, the other falls by half as much from 1 000, the
    /// third stands still.
    fn market() -> Market {
        let mut market = Market::new();
        listed(&mut market, "BTCUSDT", |minute| 10_000.0 + minute);
        listed(&mut market, "FALLUSDT", |minute| 1_000.0 - minute / 2.0);
        listed(&mut market, "FLATUSDT", |_| 7.0);
        market
    }

    #[test]
    fn a_line_is_the_change_since_its_first_close() {
        let section = section(&market(), &["BTCUSDT", "FLATUSDT", "FALLUSDT"]).unwrap();
        assert_eq!(section.check(), Ok(()));
        assert_eq!(section.charts.len(), 7);
        let chart = section.chart(ChartTimeframe::FourHours).unwrap();
        assert_eq!(chart.last_ms(), EPOCH.plus_millis(1_500 * 60_000));
        let points: Vec<_> = chart.points(&chart.lines["BTCUSDT"]).collect();
        // From minute 1260 to 1500 in steps of 10: 11 260 → 11 500 is 2.1314 %.
        assert_eq!(points.len(), 25);
        assert_eq!(
            (points[0].timestamp, points[0].value),
            (EPOCH.plus_millis(1_260 * 60_000), 0.0)
        );
        assert_eq!(
            (points[1].timestamp, points[1].value),
            (EPOCH.plus_millis(1_270 * 60_000), 0.0888)
        );
        assert_eq!(
            (points[24].timestamp, points[24].value),
            (chart.last_ms(), 2.1314)
        );
    }

    #[test]
    fn contracts_are_ranked_against_bitcoin() {
        let section = section(&market(), &["FLATUSDT", "FALLUSDT"]).unwrap();
        let chart = section.chart(ChartTimeframe::FourHours).unwrap();
        let row = |symbol, change, high, low, vs_btc| PerformanceRow {
            symbol,
            change,
            high,
            low,
            vs_btc,
        };
        // 370 → 250 is −32.4324 %.
        assert_eq!(
            chart.summary(),
            [
                row("BTCUSDT", 2.1314, 2.1314, 0.0, 0.0),
                row("FLATUSDT", 0.0, 0.0, 0.0, -2.1314),
                row("FALLUSDT", -32.4324, 0.0, -32.4324, -34.5638),
            ]
        );
        let price = Price::new(11_501.0).unwrap();
        let overview = chart.overview(price).unwrap();
        assert_eq!(
            (
                overview.btc_change,
                overview.btc_price,
                overview.timeframe_hours
            ),
            (2.1314, price, 4.0)
        );
        assert_eq!(
            (
                overview.symbols_count,
                overview.outperformers,
                overview.underperformers
            ),
            (3, 0, 2)
        );
    }

    #[test]
    fn without_bitcoin_there_is_no_chart() {
        let mut market = market();
        market.remove(&("BTCUSDT".to_owned(), Interval::ThirtyMinutes));
        let without_half_hours = section(&market, &["FLATUSDT"]).unwrap();
        assert_eq!(without_half_hours.charts.len(), 5);
        market.retain(|(symbol, _), _| symbol != "BTCUSDT");
        assert_eq!(section(&market, &["FLATUSDT"]), Err(Lack::TooFewCandles));
        assert_eq!(section(&Market::new(), &[]), Err(Lack::TooFewCandles));
    }

    #[test]
    fn a_chart_that_is_older_than_its_bound_is_left_out() {
        let market = market();
        let drawn_after = |minutes: u64, millis: u64| {
            let section = section_at(
                &market,
                &["FLATUSDT"],
                NOW.plus_millis(minutes * 60_000 + millis),
            );
            section.map(|section| {
                section
                    .charts
                    .iter()
                    .map(|chart| chart.timeframe.name())
                    .collect::<Vec<_>>()
            })
        };
        let all = ["0.25", "0.5", "1", "4", "8", "12", "24"];
        assert_eq!(drawn_after(3, 0).unwrap(), all);
        assert_eq!(drawn_after(3, 1).unwrap(), all[3..], "minutes");
        assert_eq!(drawn_after(11, 0).unwrap(), all[3..]);
        assert_eq!(drawn_after(11, 1).unwrap(), all[5..], "five minutes");
        assert_eq!(drawn_after(61, 0).unwrap(), all[5..]);
        assert_eq!(drawn_after(61, 1), Err(Lack::TooOld));
    }

    #[test]
    fn the_section_is_as_old_as_its_oldest_chart() {
        let mut market = market();
        assert_eq!(section(&market, &[]).unwrap().as_of_ms(), Some(NOW));
        for minutes in [1, 2] {
            let long = market
                .get_mut(&("BTCUSDT".to_owned(), Interval::ThirtyMinutes))
                .unwrap();
            long.closed.pop();
            let as_of = section(&market, &[]).unwrap().as_of_ms().unwrap();
            assert_eq!(NOW.millis_since(as_of), minutes * 30 * 60_000);
        }
    }

    #[test]
    fn a_contract_without_candles_takes_no_place_in_a_chart() {
        let mut market = market();
        let names: Vec<String> = (0..30).map(|index| format!("COIN{index:02}USDT")).collect();
        for name in names.iter().skip(10) {
            listed(&mut market, name, |minute| 50.0 + minute);
        }
        let symbols: Vec<&str> = names.iter().map(String::as_str).collect();
        let section = section(&market, &symbols).unwrap();
        let lines = &section.charts[0].lines;
        assert_eq!(lines.len(), MAX_CHART_SYMBOLS);
        assert!(
            lines.contains_key("COIN10USDT") && lines.contains_key("COIN23USDT"),
            "{:?}",
            lines.keys()
        );
    }

    #[test]
    fn a_contract_without_enough_candles_is_left_out() {
        let mut market = market();
        let minutes = |market: &mut Market, keep: &dyn Fn(usize) -> bool| {
            let candles = market
                .get_mut(&("FLATUSDT".to_owned(), Interval::OneMinute))
                .unwrap();
            let mut index = 0;
            candles.closed.retain(|_| {
                index += 1;
                keep(index - 1)
            });
        };
        let drawn = |market: &Market| {
            let section = section(market, &["FLATUSDT"]).unwrap();
            let chart = section.chart(ChartTimeframe::QuarterHour).unwrap();
            chart
                .lines
                .get("FLATUSDT")
                .map(|line| line.iter().flatten().count())
        };
        assert_eq!(drawn(&market), Some(16));
        // Candles are not read at once: this contract's last two are not there yet.
        minutes(&mut market, &|index| index < 1_498);
        assert_eq!(drawn(&market), Some(14));
        minutes(&mut market, &|index| index < 1_497);
        assert_eq!(drawn(&market), None, "three candles behind");
        let mut market = self::market();
        minutes(&mut market, &|index| index != 1_484);
        assert_eq!(drawn(&market), None, "the first close is missing");
        let mut market = self::market();
        minutes(&mut market, &|index| !(1_486..1_489).contains(&index));
        assert_eq!(drawn(&market), Some(13));
        minutes(&mut market, &|index| index != 1_490);
        assert_eq!(drawn(&market), None, "more than a fifth is missing");
    }

    #[test]
    fn one_candle_is_no_chart() {
        let one = candles(Interval::OneMinute, [(1_400, 5.0)]);
        assert_eq!(
            performance(&["BTCUSDT"], |_, _| Some(&one), NOW),
            Err(Lack::TooFewCandles)
        );
        let none = candles(Interval::OneMinute, []);
        assert_eq!(
            performance(&["BTCUSDT"], |_, _| Some(&none), NOW),
            Err(Lack::TooFewCandles)
        );
    }

    #[test]
    fn a_chart_has_no_more_lines_than_it_may() {
        let mut market = market();
        let names: Vec<String> = (0..40).map(|index| format!("COIN{index}USDT")).collect();
        for name in &names {
            listed(&mut market, name, |minute| 50.0 + minute);
        }
        let symbols: Vec<&str> = names.iter().map(String::as_str).collect();
        let section = section(&market, &symbols).unwrap();
        assert!(
            section
                .charts
                .iter()
                .all(|chart| chart.lines.len() == MAX_CHART_SYMBOLS)
        );
        assert_eq!(section.check(), Ok(()));
    }

    #[test]
    fn fifteen_contracts_stay_below_twenty_kilobytes() {
        let mut market = market();
        let names: Vec<String> = (0..14)
            .map(|index| format!("1000COIN{index:02}USDT"))
            .collect();
        for (index, name) in names.iter().enumerate() {
            // Swings of several percent an hour and of some 10 % a day: a wild market, so long
            // numbers.
            let phase = index as f64;
            listed(&mut market, name, |m| {
                10.0 * (0.04 * (m / 9.0 + phase).sin() + 0.1 * (m / 200.0 + phase).cos()).exp()
            });
        }
        let symbols: Vec<&str> = names.iter().map(String::as_str).collect();
        let section = section(&market, &symbols).unwrap();
        assert_eq!(
            section.chart(ChartTimeframe::OneDay).unwrap().lines.len(),
            15
        );
        let json = serde_json::to_vec(&section).unwrap();
        assert!(json.len() <= 20_000, "{} bytes", json.len());
        assert_eq!(
            serde_json::from_slice::<PerformanceSection>(&json).unwrap(),
            section
        );
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_the_scale_of_prices(power in -20..20_i32) {
            let scaled = |scale: f64| {
                let mut market = Market::new();
                listed(&mut market, "BTCUSDT", |minute| scale * (10_000.0 + minute));
                listed(&mut market, "ETHUSDT", |minute| scale * (2_000.0 + (minute / 7.0).sin() * 30.0));
                section(&market, &["ETHUSDT"])
            };
            prop_assert_eq!(scaled(1.0), scaled(2_f64.powi(power)));
        }

        #[test]
        fn whatever_is_drawn_passes_the_check(
            closes in proptest::collection::btree_map(0_u64..70, 1e-12..1e12_f64, 0..70)
        ) {
            let minutes = candles(Interval::OneMinute, closes);
            let of_a_minute = |_: &str, interval| (interval == Interval::OneMinute).then_some(&minutes);
            if let Ok(section) = performance(&["AUSDT"], of_a_minute, EPOCH.plus_millis(70 * 60_000)) {
                prop_assert_eq!(section.check(), Ok(()));
            }
        }
    }
}
