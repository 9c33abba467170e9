//! How contracts performed side by side, rebased to the beginning of a span: the data of the beta
//! chart.
//!
//! Stored compactly: the moments of a span are a beginning and a step, and each value is a whole
//! number of ten-thousandths of a percent. Fifteen contracts in seven spans stay below 20 kB.
//!
//! Invariants, checked by [`PerformanceSection::check`]: at most one chart per timeframe, shortest
//! first; Bitcoin's line in each; every line begins at 0 %, ends near the end of the chart and has
//! few holes.

use crate::market::is_plausible_symbol;
use crate::snapshot::beta::BENCHMARK;
use crate::units::{MINUTE_MS, Price, UnixMs};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most contracts in one chart.
pub const MAX_CHART_SYMBOLS: usize = 15;

/// A line may end this many points before the chart does: candles of different contracts are not
/// read at once.
pub const MAX_LAG_POINTS: usize = 2;

/// A line may lack one point in this many.
const MISSING_ONE_IN: usize = 5;

/// How far back a chart goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ChartTimeframe {
    /// 15 minutes.
    #[serde(rename = "0.25")]
    QuarterHour,
    /// 30 minutes.
    #[serde(rename = "0.5")]
    HalfHour,
    /// One hour.
    #[serde(rename = "1")]
    OneHour,
    /// Four hours.
    #[serde(rename = "4")]
    FourHours,
    /// Eight hours.
    #[serde(rename = "8")]
    EightHours,
    /// Twelve hours.
    #[serde(rename = "12")]
    TwelveHours,
    /// A day.
    #[serde(rename = "24")]
    OneDay,
}

impl ChartTimeframe {
    /// Every timeframe, shortest first.
    pub const ALL: [Self; 7] = [
        Self::QuarterHour,
        Self::HalfHour,
        Self::OneHour,
        Self::FourHours,
        Self::EightHours,
        Self::TwelveHours,
        Self::OneDay,
    ];

    /// Reads the text of a query, which is exactly one of `0.25 0.5 1 4 8 12 24`.
    ///
    /// # Errors
    /// [`UnknownTimeframe`] for every other text, such as `1.0`, `1h` or ` 1`.
    pub fn parse(text: &str) -> Result<Self, UnknownTimeframe> {
        Self::ALL
            .into_iter()
            .find(|timeframe| timeframe.name() == text)
            .ok_or_else(|| {
                // Foreign text that goes into a log, so it is cut and cleared of control
                // characters.
                UnknownTimeframe(text.chars().filter(|c| !c.is_control()).take(16).collect())
            })
    }

    /// The hours as text, in queries and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::QuarterHour => "0.25",
            Self::HalfHour => "0.5",
            Self::OneHour => "1",
            Self::FourHours => "4",
            Self::EightHours => "8",
            Self::TwelveHours => "12",
            Self::OneDay => "24",
        }
    }

    /// The hours.
    #[must_use]
    pub const fn hours(self) -> f64 {
        self.span_ms() as f64 / (60 * MINUTE_MS) as f64
    }

    /// From the first point to the last, milliseconds.
    #[must_use]
    pub const fn span_ms(self) -> u64 {
        let minutes = match self {
            Self::QuarterHour => 15,
            Self::HalfHour => 30,
            Self::OneHour => 60,
            Self::FourHours => 240,
            Self::EightHours => 480,
            Self::TwelveHours => 720,
            Self::OneDay => 1_440,
        };
        minutes * MINUTE_MS
    }

    /// From one point to the next, milliseconds: such that a chart has 16 to 33 points, evenly.
    #[must_use]
    pub const fn step_ms(self) -> u64 {
        let minutes = match self {
            Self::QuarterHour | Self::HalfHour => 1,
            Self::OneHour => 2,
            Self::FourHours => 10,
            Self::EightHours => 15,
            Self::TwelveHours => 30,
            // Each step is a multiple of a candle length that is loaded anyway.
            Self::OneDay => 60,
        };
        minutes * MINUTE_MS
    }

    /// Points of a whole line, the first and the last included.
    #[must_use]
    pub const fn points(self) -> usize {
        (self.span_ms() / self.step_ms()) as usize + 1
    }
}

/// A timeframe that no chart has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the timeframe {0:?} is none of 0.25, 0.5, 1, 4, 8, 12 and 24 hours")]
pub struct UnknownTimeframe(String);

/// A price against the first of its line, (price / first − 1), in ten-thousandths of a percent;
/// never below −100 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i32", into = "i32")]
pub struct Rebased(i32);

impl Rebased {
    const PER_PERCENT: f64 = 10_000.0;

    const LOWEST: i32 = -1_000_000;

    /// `price` against `first`, rounded; nothing beyond some 200 000 %, which is no performance but
    /// a redenomination.
    #[must_use]
    pub fn of(price: Price, first: Price) -> Option<Self> {
        let parts = ((price.get() / first.get() - 1.0) * 100.0 * Self::PER_PERCENT).round();
        // The comparison also refuses what is no number; within it the conversion is exact.
        (f64::from(Self::LOWEST)..=f64::from(i32::MAX))
            .contains(&parts)
            // `as` saturates silently, hence the check before it.
            .then_some(Self(parts as i32))
    }

    /// Percent, to four places.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.0) / Self::PER_PERCENT
    }
}

impl TryFrom<i32> for Rebased {
    type Error = RebasedOutOfRange;

    fn try_from(parts: i32) -> Result<Self, RebasedOutOfRange> {
        // A price cannot fall below zero. Bytes that are read back can claim it.
        if parts < Self::LOWEST {
            Err(RebasedOutOfRange(parts))
        } else {
            Ok(Self(parts))
        }
    }
}

impl From<Rebased> for i32 {
    fn from(rebased: Rebased) -> Self {
        rebased.0
    }
}

/// A loss of more than everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} ten-thousandths of a percent are a loss of more than everything")]
pub struct RebasedOutOfRange(i32);

/// One contract's line: a value per moment of its chart, unknown where its candle is missing.
pub type Line = Vec<Option<Rebased>>;

/// The lines of one timeframe, Bitcoin's among them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// How far back it goes.
    pub timeframe: ChartTimeframe,
    /// The moment of the first points, at which every line is 0 %.
    pub first_ms: UnixMs,
    /// Full symbol → line.
    pub lines: BTreeMap<String, Line>,
}

/// One point as a chart draws it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ChartPoint {
    /// Unix milliseconds.
    pub timestamp: UnixMs,
    /// Percent since the first point.
    pub value: f64,
}

/// One contract's performance in figures, percent since the first point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PerformanceRow<'s> {
    /// The venue's full symbol.
    pub symbol: &'s str,
    /// Last point.
    pub change: f64,
    /// Highest point.
    pub high: f64,
    /// Lowest point.
    pub low: f64,
    /// The performance less Bitcoin's at the last moment that both have, percentage points.
    pub vs_btc: f64,
}

/// A chart in figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ChartOverview {
    /// Bitcoin's performance, percent.
    pub btc_change: f64,
    /// Bitcoin's last price, USDT.
    pub btc_price: Price,
    /// Lines in the chart.
    pub symbols_count: usize,
    /// Contracts that did better than Bitcoin.
    pub outperformers: usize,
    /// Contracts that did worse.
    pub underperformers: usize,
    /// Hours that the chart goes back.
    pub timeframe_hours: f64,
}

impl Chart {
    /// The moment of the last points.
    #[must_use]
    pub const fn last_ms(&self) -> UnixMs {
        self.first_ms.plus_millis(self.timeframe.span_ms())
    }

    /// The known points of one line, oldest first.
    pub fn points<'l>(&self, line: &'l Line) -> impl Iterator<Item = ChartPoint> + use<'l> {
        let (first_ms, step_ms) = (self.first_ms, self.timeframe.step_ms());
        (0_u64..).zip(line).filter_map(move |(step, value)| {
            let timestamp = first_ms.plus_millis(step.saturating_mul(step_ms));
            value.map(|value| ChartPoint {
                timestamp,
                value: value.percent(),
            })
        })
    }

    /// Every line in figures, the one that did best against Bitcoin first; symbols settle ties.
    /// Empty without Bitcoin.
    ///
    /// Lines may end a little earlier than the chart, so each is compared with Bitcoin at a moment
    /// of its own, and ranked by that: its bare change would be set beside changes until another
    /// moment.
    #[must_use]
    pub fn summary(&self) -> Vec<PerformanceRow<'_>> {
        let mut rows: Vec<(i32, PerformanceRow<'_>)> = self
            .lines
            .iter()
            .filter_map(|(symbol, line)| self.row(symbol, line))
            .collect();
        // By the stored integers: equal distances are exactly equal, which floats would not
        // guarantee.
        rows.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.symbol.cmp(other.symbol)));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// A line's figures, after its distance from Bitcoin's.
    fn row<'s>(&self, symbol: &'s str, line: &Line) -> Option<(i32, PerformanceRow<'s>)> {
        let known = || line.iter().flatten().copied();
        // A line that shares no moment with Bitcoin's has no rank, so it is left out.
        let distance = self.against_bitcoin(line)?;
        let row = PerformanceRow {
            symbol,
            change: last(line)?.percent(),
            high: known().max()?.percent(),
            low: known().min()?.percent(),
            vs_btc: f64::from(distance) / Rebased::PER_PERCENT,
        };
        Some((distance, row))
    }

    /// A line less Bitcoin's at the last moment that both have, in ten-thousandths of a percent.
    fn against_bitcoin(&self, line: &Line) -> Option<i32> {
        // From the end, so that the first pair with both values is the newest.
        let pairs = line.iter().zip(self.lines.get(BENCHMARK)?).rev();
        let (own, bitcoin) = pairs
            .filter_map(|(own, bitcoin)| Some(((*own)?, (*bitcoin)?)))
            .next()?;
        Some(own.0.saturating_sub(bitcoin.0))
    }

    /// The chart in figures; nothing without Bitcoin.
    #[must_use]
    pub fn overview(&self, btc_price: Price) -> Option<ChartOverview> {
        let bitcoin = last(self.lines.get(BENCHMARK)?)?;
        let distances: Vec<i32> = self
            .lines
            .values()
            .filter_map(|line| self.against_bitcoin(line))
            .collect();
        Some(ChartOverview {
            btc_change: bitcoin.percent(),
            btc_price,
            // Bitcoin is one of the lines; its distance is 0, so it counts as neither better nor
            // worse.
            symbols_count: self.lines.len(),
            outperformers: distances.iter().filter(|distance| **distance > 0).count(),
            underperformers: distances.iter().filter(|distance| **distance < 0).count(),
            timeframe_hours: self.timeframe.hours(),
        })
    }
}

/// Whether a line can be drawn: a value per moment, the first 0 %, the end near the chart's end,
/// few holes.
#[must_use]
pub fn is_drawable(line: &Line, timeframe: ChartTimeframe) -> bool {
    let missing = line.iter().filter(|value| value.is_none()).count();
    line.len() == timeframe.points()
        // A line that begins later than the chart has another base than the others.
        && line.first() == Some(&Some(Rebased(0)))
        && line
            .iter()
            .rev()
            // A line that ends earlier is of a contract that has stopped trading, and would be
            // compared with others at another time.
            .take(MAX_LAG_POINTS + 1)
            .any(Option::is_some)
        && missing * MISSING_ONE_IN <= line.len()
}

fn last(line: &Line) -> Option<Rebased> {
    line.iter().rev().find_map(|value| *value)
}

/// The charts, shortest timeframe first; a timeframe is missing where Bitcoin's candles are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PerformanceSection {
    /// At least one, at most one per timeframe.
    pub charts: Vec<Chart>,
}

impl PerformanceSection {
    /// The end of the oldest chart; nothing without a chart.
    #[must_use]
    pub fn as_of_ms(&self) -> Option<UnixMs> {
        // The oldest end, so that no chart is shown as younger than it is.
        self.charts.iter().map(Chart::last_ms).min()
    }

    /// The chart of one timeframe.
    #[must_use]
    pub fn chart(&self, timeframe: ChartTimeframe) -> Option<&Chart> {
        self.charts
            .iter()
            .find(|chart| chart.timeframe == timeframe)
    }

    /// Whether the section may be published.
    ///
    /// # Errors
    /// The first [`PerformanceFault`].
    pub fn check(&self) -> Result<(), PerformanceFault> {
        if self.charts.is_empty() {
            return Err(PerformanceFault::Empty);
        }
        if !self
            .charts
            .is_sorted_by(|before, after| before.timeframe < after.timeframe)
        {
            return Err(PerformanceFault::OutOfOrder);
        }
        for chart in &self.charts {
            if chart.lines.len() > MAX_CHART_SYMBOLS {
                return Err(PerformanceFault::TooManyLines);
            }
            // Before the lines: every figure of the summary is a distance from this one.
            if !chart.lines.contains_key(BENCHMARK) {
                return Err(PerformanceFault::BitcoinMissing);
            }
            if !chart.lines.keys().all(|symbol| is_plausible_symbol(symbol)) {
                return Err(PerformanceFault::MalformedSymbol);
            }
            if !chart
                .lines
                .values()
                .all(|line| is_drawable(line, chart.timeframe))
            {
                return Err(PerformanceFault::BrokenLine);
            }
        }
        Ok(())
    }
}

/// Why a section may not be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PerformanceFault {
    /// No chart.
    #[error("there is no chart")]
    Empty,
    /// Charts that repeat or are not in their order.
    #[error("the charts are not one per timeframe, shortest first")]
    OutOfOrder,
    /// More lines than a chart has.
    #[error("a chart has more than {MAX_CHART_SYMBOLS} lines")]
    TooManyLines,
    /// A chart without the line that the others are compared with.
    #[error("a chart lacks {BENCHMARK}")]
    BitcoinMissing,
    /// A symbol that is none.
    #[error("a line's symbol is malformed")]
    MalformedSymbol,
    /// A line of another length, with another beginning than 0 %, or with too many holes.
    #[error("a line cannot be drawn")]
    BrokenLine,
}

impl PerformanceFault {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(self) {
            Self::Empty => "performance_empty",
            Self::OutOfOrder => "performance_out_of_order",
            Self::TooManyLines => "performance_too_many_lines",
            Self::BitcoinMissing => "performance_bitcoin_missing",
            Self::MalformedSymbol => "performance_malformed_symbol",
            Self::BrokenLine => "performance_broken_line",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_ends_early_is_compared_where_it_ends() {
        // Bitcoin falls by 5 % in the last minute; a line that ends before did not do better than
        // it by that.
        let line = |ends: &[Option<i32>]| -> Line {
            let flat = std::iter::repeat_n(Some(0), 16 - ends.len()).chain(ends.iter().copied());
            flat.map(|parts| parts.map(Rebased)).collect()
        };
        let lines = [
            ("AUSDT", line(&[Some(10_000), None])),
            ("BTCUSDT", line(&[Some(20_000), Some(-30_000)])),
            ("CUSDT", line(&[Some(20_000), Some(-20_000)])),
        ];
        let chart = Chart {
            timeframe: ChartTimeframe::QuarterHour,
            first_ms: UnixMs::from_millis(0),
            lines: lines.map(|(symbol, line)| (symbol.to_owned(), line)).into(),
        };
        let told: Vec<_> = chart
            .summary()
            .iter()
            .map(|row| (row.symbol, row.change, row.vs_btc))
            .collect();
        assert_eq!(
            told,
            [
                ("CUSDT", -2.0, 1.0),
                ("BTCUSDT", -3.0, 0.0),
                ("AUSDT", 1.0, -1.0)
            ]
        );
        let overview = chart.overview(Price::new(1.0).unwrap()).unwrap();
        assert_eq!((overview.outperformers, overview.underperformers), (1, 1));
    }

    #[test]
    fn every_timeframe_reads_back_as_it_is_written() {
        for timeframe in ChartTimeframe::ALL {
            assert_eq!(ChartTimeframe::parse(timeframe.name()), Ok(timeframe));
            assert_eq!(timeframe.name().parse(), Ok(timeframe.hours()));
            assert_eq!(
                serde_json::to_string(&timeframe).unwrap(),
                format!("\"{}\"", timeframe.name())
            );
            assert!((16..=33).contains(&timeframe.points()));
            assert_eq!(
                timeframe.span_ms() % timeframe.step_ms(),
                0,
                "the last point would be missed"
            );
        }
    }

    #[test]
    fn every_other_text_is_refused_by_name() {
        for text in [
            "", "2", "1.0", "01", "1h", " 1", "1 ", "-1", "NaN", "24.0", "1e0", "０", "24,", "\n1",
        ] {
            let refusal = ChartTimeframe::parse(text).unwrap_err();
            assert!(refusal.to_string().contains("none of 0.25"), "{refusal}");
        }
        assert!(
            ChartTimeframe::parse(&"9".repeat(5_000))
                .unwrap_err()
                .to_string()
                .len()
                < 100
        );
    }

    #[test]
    fn a_rebased_price_is_percent_to_four_places() {
        let price = |value| Price::new(value).unwrap();
        let at = |last, first| Rebased::of(price(last), price(first)).map(Rebased::percent);
        assert_eq!(at(101.234_567, 100.0), Some(1.2346));
        assert_eq!(at(100.0, 100.0), Some(0.0));
        assert_eq!(at(1e-300, 100.0), Some(-100.0));
        assert_eq!(at(1e300, 1e-300), None);
        assert_eq!(at(1e9, 1.0), None);
        assert!(serde_json::from_str::<Rebased>("-1000001").is_err());
        assert!(serde_json::from_str::<Rebased>("1.5").is_err());
    }
}
