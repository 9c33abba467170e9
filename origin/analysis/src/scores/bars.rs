//! One timeframe's candles, prepared for the formulas: as columns, in a price unit of their own,
//! and known to be alive.

use super::indicators;
use super::maths::tail;
use shared::analysis::scores::timeframe::Timeframe;
use shared::market::candles::Candle;
use shared::units::Price;

/// The period of Wilder's averages, as he published them (New Concepts in Technical Trading
/// Systems, 1978).
pub const WILDER_PERIOD: usize = 14;

/// How many of the last candles must show a trade and a move, or the timeframe counts as frozen:
/// the shortest look-back of any indicator here. Wilder's averages never forget, so on a halted
/// contract they would repeat its last trend for ever.
pub const FROZEN_LOOKBACK: usize = 14;

/// Columns of closed candles, oldest first: at least as many as the timeframe needs, and not
/// frozen.
///
/// Prices are divided by a power of two so that the last close is between 1 and 2. That is exact in
/// binary, and products of prices of a coin at 0.000 01 stay as far from underflow as those of one
/// at 60 000.
#[derive(Clone, Debug)]
pub struct Bars {
    pub(super) opens: Vec<f64>,
    pub(super) highs: Vec<f64>,
    pub(super) lows: Vec<f64>,
    pub(super) closes: Vec<f64>,
    /// Base coin.
    pub(super) volumes: Vec<f64>,
    /// The average true range of the bars that have one.
    pub(super) true_ranges: Vec<f64>,
    /// The last close.
    pub(super) close: f64,
    /// The last average true range; finite and above zero.
    pub(super) atr: f64,
}

impl Bars {
    /// `None` when there are too few candles, when the last of them are frozen, or when no finite
    /// range can be computed from their prices.
    #[must_use]
    pub fn new(timeframe: Timeframe, candles: &[Candle]) -> Option<Self> {
        if candles.len() < timeframe.fewest_candles() || is_frozen(tail(candles, FROZEN_LOOKBACK)) {
            return None;
        }
        // One unit for all columns, so ratios between them are untouched.
        let unit = price_unit(candles.last()?.close);
        let prices = |of: fn(&Candle) -> Price| {
            candles
                .iter()
                .map(|candle| of(candle).get() * unit)
                .collect()
        };
        let (highs, lows, closes): (Vec<_>, Vec<_>, Vec<_>) = (
            prices(|candle| candle.high),
            prices(|candle| candle.low),
            prices(|candle| candle.close),
        );
        let true_ranges = indicators::atr(&highs, &lows, &closes, WILDER_PERIOD)?.values;
        let atr = true_ranges
            .last()
            .copied()
            // Most formulas divide by it.
            .filter(|atr| atr.is_finite() && *atr > 0.0)?;
        Some(Self {
            opens: prices(|candle| candle.open),
            volumes: candles
                .iter()
                .map(|candle| candle.volume_base.get())
                .collect(),
            close: closes.last().copied()?,
            highs,
            lows,
            closes,
            true_ranges,
            atr,
        })
    }

    /// The last `count` bars without their volumes.
    pub(super) fn window(&self, count: usize) -> Vec<Ohlc> {
        let columns = tail(&self.opens, count)
            .iter()
            .zip(tail(&self.highs, count));
        let columns = columns
            .zip(tail(&self.lows, count))
            .zip(tail(&self.closes, count));
        columns
            .map(|(((&open, &high), &low), &close)| Ohlc {
                open,
                high,
                low,
                close,
            })
            .collect()
    }
}

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ohlc {
    pub(super) open: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
}

impl Ohlc {
    /// The bar in a mirror: what rose falls. Its prices are negative, so only differences may be
    /// taken of them.
    pub(super) fn mirrored(self) -> Self {
        Self {
            open: -self.open,
            // The mirrored low is the highest price.
            high: -self.low,
            low: -self.high,
            close: -self.close,
        }
    }
}

/// Whether nothing was traded, or no price differs from another.
fn is_frozen(candles: &[Candle]) -> bool {
    let high = candles
        .iter()
        .map(|candle| candle.high.get())
        .fold(f64::NEG_INFINITY, f64::max);
    let low = candles
        .iter()
        .map(|candle| candle.low.get())
        .fold(f64::INFINITY, f64::min);
    high <= low
        || candles
            .iter()
            .map(|candle| candle.volume_base)
            .all(|volume| volume.get() == 0.0)
}

/// The power of two that brings `price` between 1 and 2.
fn price_unit(price: Price) -> f64 {
    // Beyond 2^±1000 the factor itself would leave the range of the type.
    2.0_f64.powi(-price.get().log2().floor().clamp(-1_000.0, 1_000.0) as i32)
}

/// Builders of candles for the tests of the formulas.
#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use shared::units::{Amount, UnixMs};

    /// Candles of one unit of volume from (open, high, low, close).
    pub(in super::super) fn candles(rows: &[(f64, f64, f64, f64)]) -> Vec<Candle> {
        let price = |value| Price::new(value).unwrap();
        let start = |index: usize| UnixMs::from_secs(1_800_000_000 + 300 * index as u64);
        let rows = rows.iter().enumerate();
        rows.map(|(index, &(open, high, low, close))| Candle {
            start_ms: start(index),
            open: price(open),
            high: price(high),
            low: price(low),
            close: price(close),
            volume_base: Amount::new(1.0).unwrap(),
            turnover: Amount::new(close).unwrap(),
        })
        .collect()
    }

    /// Bars from (open, high, low, close), preceded by as many quiet ones at the first open as the
    /// timeframe needs.
    pub(in super::super) fn bars(rows: &[(f64, f64, f64, f64)]) -> Bars {
        let first = rows[0].0;
        let mut all = vec![(first, first + 0.5, first - 0.5, first); 60];
        all.extend_from_slice(rows);
        Bars::new(Timeframe::Short, &candles(&all)).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::units::Amount;

    fn walk(len: usize) -> Vec<Candle> {
        let rows: Vec<_> = (0..len)
            .map(|index| {
                let close = 100.0 + (index as f64 * 0.7).sin();
                (close - 0.1, close + 0.3, close - 0.3, close)
            })
            .collect();
        testing::candles(&rows)
    }

    #[test]
    fn a_timeframe_without_enough_candles_is_absent() {
        assert!(Bars::new(Timeframe::Base, &walk(99)).is_none());
        assert!(Bars::new(Timeframe::Base, &walk(100)).is_some());
        assert!(Bars::new(Timeframe::Long, &walk(49)).is_none());
        assert!(Bars::new(Timeframe::Long, &walk(50)).is_some());
    }

    #[test]
    fn a_frozen_timeframe_is_absent_however_lively_it_was() {
        let mut candles = walk(200);
        for candle in candles.iter_mut().rev().take(FROZEN_LOOKBACK) {
            candle.volume_base = Amount::new(0.0).unwrap();
        }
        assert!(
            Bars::new(Timeframe::Short, &candles).is_none(),
            "nothing was traded"
        );

        let mut candles = walk(200);
        let price = Price::new(100.0).unwrap();
        for candle in candles.iter_mut().rev().take(FROZEN_LOOKBACK) {
            (candle.open, candle.high, candle.low, candle.close) = (price, price, price, price);
        }
        assert!(
            Bars::new(Timeframe::Short, &candles).is_none(),
            "nothing moved"
        );
    }

    #[test]
    fn the_unit_brings_the_last_close_to_between_one_and_two() {
        for price in [1e-300, 0.000_01, 1.0, 1.999, 2.0, 60_000.0, 1e300] {
            let scaled = price * price_unit(Price::new(price).unwrap());
            assert!((1.0..2.0).contains(&scaled), "{price} became {scaled}");
        }
    }
}
