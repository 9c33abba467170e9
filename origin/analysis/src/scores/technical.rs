//! The technical dimension: six indicators, each on every timeframe.
//!
//! All are exactly symmetric under the reflection p → 2c − p about any c: ranges stay, differences
//! change sign. Prices enter only as differences over differences, so their scale does not matter.

use super::bars::{Bars, WILDER_PERIOD};
use super::indicators;
use super::maths::tail;
use super::reading::Reading;
use shared::analysis::means::mean;

/// The moving averages of the awesome oscillator (Williams 1995).
const AO_PERIODS: (usize, usize) = (5, 34);

/// The awesome oscillator that gives tanh(1), in average true ranges: about its standard deviation
/// on a random walk (2.3).
const AO_SCALE: f64 = 2.0;

/// The difference of the directional indicators that gives tanh(1).
const DI_SCALE: f64 = 25.0;

/// The directional index from which a trend counts in full.
const STRONG_ADX: f64 = 50.0;

/// The moving average that gives the true range its sign.
const ATR_SIDE_PERIOD: usize = 20;

/// The bars over which the mean of the true range is taken, where there are so many.
const ATR_MEAN_BARS: usize = 100;

/// How far above its mean the true range gives tanh(1): half as much again.
const ATR_SCALE: f64 = 0.5;

const CCI_PERIOD: usize = 20;

/// The commodity channel index that gives tanh(1).
const CCI_SCALE: f64 = 200.0;

/// RSI 14 (Wilder 1978) on closes, as momentum: the score is the RSI itself. Figure: the RSI,
/// 0–100.
#[must_use]
pub fn rsi(bars: &Bars) -> Option<Reading> {
    let rsi = indicators::rsi(&bars.closes, WILDER_PERIOD)?.last()?;
    // The RSI is bounded already, so no `tanh`. Read as momentum, not as overbought or oversold.
    Reading::new((rsi - 50.0) / 50.0, rsi)
}

/// Awesome oscillator (Williams 1995): tanh((SMA5 − SMA34 of (H+L)/2) / ATR14 / 2). Figure: in
/// average true ranges.
#[must_use]
pub fn ao(bars: &Bars) -> Option<Reading> {
    // Williams averages the middle of each bar, not its close.
    let medians: Vec<f64> = bars
        .highs
        .iter()
        .zip(&bars.lows)
        .map(|(high, low)| (high + low) / 2.0)
        .collect();
    let fast = indicators::sma(&medians, AO_PERIODS.0)?.last()?;
    let slow = indicators::sma(&medians, AO_PERIODS.1)?.last()?;
    let ranges = (fast - slow) / bars.atr;
    Reading::new((ranges / AO_SCALE).tanh(), ranges)
}

/// Directional movement (Wilder 1978): tanh((+DI − −DI)/25) · min(1, ADX/50), period 14. Figure:
/// +DI − −DI.
///
/// The one part that is not continuous, by Wilder's definition: a bar that exceeds the one before
/// on both sides counts wholly for the side where it exceeds it more, so one bar of fourteen may
/// change sides.
#[must_use]
pub fn adx(bars: &Bars) -> Option<Reading> {
    let movement =
        indicators::directional_movement(&bars.highs, &bars.lows, &bars.closes, WILDER_PERIOD)?;
    let difference = movement.plus_di.last()? - movement.minus_di.last()?;
    Reading::new(adx_lean(difference, movement.adx.last()?), difference)
}

fn adx_lean(difference: f64, adx: f64) -> f64 {
    // Without a trend (low ADX) the difference is noise, so it is scaled down.
    (difference / DI_SCALE).tanh() * (adx / STRONG_ADX).min(1.0)
}

/// Average true range (Wilder 1978): tanh(side · (ATR14 / mean ATR14 − 1) / 0.5). Figure: ATR over
/// its mean.
///
/// The side is that of the close relative to its SMA 20. The sign itself would jump there, so it is
/// tanh of the distance in average true ranges.
#[must_use]
pub fn atr(bars: &Bars) -> Option<Reading> {
    let average = indicators::sma(&bars.closes, ATR_SIDE_PERIOD)?.last()?;
    // Against the contract's own mean: what is wild for one is calm for another.
    let ratio = bars.atr / mean(tail(&bars.true_ranges, ATR_MEAN_BARS));
    Reading::new(atr_lean((bars.close - average) / bars.atr, ratio), ratio)
}

fn atr_lean(distance: f64, ratio: f64) -> f64 {
    // Range has no direction of its own: a growing range confirms the side on which the price is.
    (distance.tanh() * (ratio - 1.0) / ATR_SCALE).tanh()
}

/// Commodity channel index 20 (Lambert 1980), contrarian: −tanh(CCI/200). Figure: the CCI.
#[must_use]
pub fn cci(bars: &Bars) -> Option<Reading> {
    let cci = indicators::cci(&bars.highs, &bars.lows, &bars.closes, CCI_PERIOD)?.last()?;
    Reading::new(-(cci / CCI_SCALE).tanh(), cci)
}

/// Williams' %R 14 (Williams 1973), contrarian: the score is −%R, 0 at the high of the period.
/// Figure: %R.
#[must_use]
pub fn williams_r(bars: &Bars) -> Option<Reading> {
    let percent_r =
        indicators::williams_r(&bars.highs, &bars.lows, &bars.closes, WILDER_PERIOD)?.last()?;
    // −%R is 0 at the high and 100 at the low, so a low price gives a bullish signal.
    Reading::new((-percent_r - 50.0) / 50.0, percent_r)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scores::maths::testing::check;

    #[test]
    fn adx_leans_with_the_directional_movement_as_far_as_the_trend_is_strong() {
        // tanh(25/25) = 0.761594; an ADX of 20 counts 20/50.
        check(adx_lean(25.0, 20.0), 0.761_594 * 0.4);
        check(adx_lean(-25.0, 80.0), -0.761_594);
    }

    #[test]
    fn atr_leans_to_the_side_of_the_average_when_ranges_widen() {
        // One range above the average: tanh(1) = 0.761594. Ranges half wider: tanh(0.761594 ·
        // 0.5/0.5) = 0.642015.
        check(atr_lean(1.0, 1.5), 0.642_015);
        check(atr_lean(-1.0, 1.5), -0.642_015);
        check(atr_lean(1.0, 1.0), 0.0);
    }
}
