//! Candles: what was traded in one interval of time.

use crate::units::{Amount, Price, UnixMs};

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
    /// The length in milliseconds.
    #[must_use]
    pub const fn millis(self) -> u64 {
        const MINUTE_MS: u64 = 60_000;
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

/// The candles of one symbol and interval, oldest first, without repeats.
///
/// Only closed candles: the one that is still open changes until it closes, and an indicator on it would change its past.
#[derive(Clone, Debug, PartialEq)]
pub struct Candles {
    /// Their length.
    pub interval: Interval,
    /// Closed candles, oldest first.
    pub closed: Vec<Candle>,
}
