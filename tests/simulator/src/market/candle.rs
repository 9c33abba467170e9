//! What one instrument did in intervals of time.

use super::activity;
use super::instrument::{Contract, Instrument, Phase};
use super::noise;
use super::prices::Prices;
use crate::clock::DAY_MS;

/// 1970-01-05, a Monday: weeks begin on one.
const FIRST_MONDAY_MS: i64 = 4 * DAY_MS;

/// Bybit's name, minutes, and at how many points within it the price is looked at for the extremes.
const INTERVALS: [(&str, i64, i64); 12] = [
    ("1", 1, 3),
    ("3", 3, 3),
    ("5", 5, 5),
    ("15", 15, 5),
    ("30", 30, 6),
    ("60", 60, 6),
    ("120", 120, 8),
    ("240", 240, 8),
    ("360", 360, 12),
    ("720", 720, 12),
    ("D", 1_440, 12),
    ("W", 10_080, 14),
];

/// The length of a candle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval {
    /// Bybit's name.
    pub(crate) name: &'static str,
    pub(crate) length_ms: i64,
    samples: i64,
}

impl Interval {
    pub(crate) fn named(name: &str) -> Option<Self> {
        let (name, minutes, samples) =
            INTERVALS.into_iter().find(|(known, _, _)| *known == name)?;
        Some(Self {
            name,
            length_ms: minutes * 60_000,
            samples,
        })
    }

    /// The beginning of the candle that holds a moment.
    pub(crate) fn start_of(self, at_ms: i64) -> i64 {
        let first_ms = if self.length_ms > DAY_MS {
            FIRST_MONDAY_MS
        } else {
            0
        };
        (at_ms - first_ms).div_euclid(self.length_ms) * self.length_ms + first_ms
    }
}

/// One candle in whole ticks and steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candle {
    pub(crate) start_ms: i64,
    pub(crate) open: i64,
    pub(crate) high: i64,
    pub(crate) low: i64,
    pub(crate) close: i64,
    pub(crate) volume_steps: i64,
    /// Ten-thousandths of the quote coin.
    pub(crate) turnover_e4: i64,
}

/// Makes the candles of one instrument.
#[derive(Debug)]
pub(crate) struct Candles<'a> {
    instrument: &'a Instrument,
    interval: Interval,
    prices: Prices<'a>,
    now_ms: i64,
    /// By how much the service's clock is ahead of the market's. Candles begin at whole intervals
    /// of the service's clock.
    ahead_ms: i64,
}

impl<'a> Candles<'a> {
    pub(crate) fn new(
        seed: u64,
        instrument: &'a Instrument,
        interval: Interval,
        now_ms: i64,
        ahead_ms: i64,
    ) -> Self {
        Self {
            instrument,
            interval,
            prices: Prices::new(seed, instrument),
            now_ms,
            ahead_ms,
        }
    }

    /// The beginnings of the first and the last candle there is, by the service's clock; nothing
    /// before the first trade.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        let has_traded = self.instrument.is_trading()
            || self.instrument.contract == Contract::PreListing(Phase::CrossMatching);
        let first_ms = self
            .interval
            .start_of(self.instrument.launch_ms + self.ahead_ms);
        let last_ms = self.interval.start_of(self.now_ms + self.ahead_ms);
        (has_traded && first_ms <= last_ms).then_some((first_ms, last_ms))
    }

    /// The candle that begins at `start_ms`, by the service's clock. Ask in order of time: it is
    /// much cheaper.
    ///
    /// The extremes are those of a few moments, so a candle may reach a little less far than the
    /// shorter ones within it.
    pub(crate) fn at(&mut self, start_ms: i64) -> Candle {
        let length_ms = self.interval.length_ms;
        let from_ms = start_ms - self.ahead_ms;
        let to_ms = (from_ms + length_ms).min(self.now_ms);
        let open = self.prices.ticks_at(from_ms);
        let (mut high, mut low) = (open, open);
        for sample in 1..self.interval.samples {
            let at_ms = from_ms + length_ms * sample / self.interval.samples;
            if at_ms < to_ms {
                let ticks = self.prices.ticks_at(at_ms);
                high = high.max(ticks);
                low = low.min(ticks);
            }
        }
        let close = self.prices.ticks_at(to_ms);
        let (high, low) = (high.max(close), low.min(close));
        let (high, low) = if to_ms > from_ms {
            self.with_wicks(from_ms, high, low)
        } else {
            (high, low)
        };

        let mean = self.instrument.price_of(open + high + low + close) / 4.0;
        let volume_steps = self
            .instrument
            .steps(activity::turnover(self.instrument, from_ms, to_ms) / mean);
        let turnover_e4 = (self.instrument.quantity_of(volume_steps) * mean * 1e4).round() as i64;
        Candle {
            start_ms,
            open,
            high,
            low,
            close,
            volume_steps,
            turnover_e4,
        }
    }

    /// Between two samples the price goes a little further than at either.
    fn with_wicks(&self, from_ms: i64, high: i64, low: i64) -> (i64, i64) {
        let step_ms = (self.interval.length_ms / self.interval.samples) as f64;
        let reach = 0.25 * self.instrument.daily_move * (step_ms / DAY_MS as f64).sqrt();
        let wick = |branch: u64, ticks: i64| {
            let share = noise::unit(noise::fork(
                noise::fork(self.instrument.key, branch),
                from_ms.cast_unsigned(),
            ));
            (reach * share * ticks as f64) as i64
        };
        (high + wick(51, high), (low - wick(52, low)).max(1))
    }
}
