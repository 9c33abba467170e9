//! Indicators on whole series: TA-Lib's, behind one door that cannot panic, and two of our own that have TA-Lib's as a
//! special case.
//!
//! TA-Lib seeds Wilder's and exponential averages with a simple mean of the first values. Other libraries seed
//! otherwise and disagree by several percent for about a hundred candles.

use super::maths::soft_sign;
use ta_lib::{Core, OutRange, RetCode};

/// An indicator's values: one for each bar from the first that has one to the last bar of the series.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The bar of the first value.
    pub first_bar: usize,
    /// The values.
    pub values: Vec<f64>,
}

impl Output {
    /// The last bar's value.
    #[must_use]
    pub fn last(&self) -> Option<f64> {
        self.values.last().copied().filter(|value| value.is_finite())
    }
}

/// Calls TA-Lib for all bars of series that are `len` long; nothing for series without a bar or of unequal lengths.
///
/// TA-Lib indexes its slices without asking, so their lengths are settled here.
fn run<const N: usize>(
    series: [&[f64]; N],
    call: impl FnOnce(&Core, usize, &mut [f64]) -> Result<OutRange, RetCode>,
) -> Option<Output> {
    let len = series.first()?.len();
    if series.iter().any(|other| other.len() != len) {
        return None;
    }
    let mut values = vec![0.0; len];
    let range = call(&Core::new(), len.checked_sub(1)?, &mut values).ok()?;
    values.truncate(range.count);
    Some(Output { first_bar: range.beg_idx, values })
}

/// Wilder's relative strength index, 0–100 (Wilder 1978).
#[must_use]
pub fn rsi(closes: &[f64], period: i32) -> Option<Output> {
    run([closes], |core, last, out| core.rsi(0, last, closes, period, out))
}

/// The average true range in units of the price (Wilder 1978).
#[must_use]
pub fn atr(highs: &[f64], lows: &[f64], closes: &[f64], period: i32) -> Option<Output> {
    run([highs, lows, closes], |core, last, out| core.atr(0, last, highs, lows, closes, period, out))
}

/// The average directional index, 0–100 (Wilder 1978).
#[must_use]
pub fn adx(highs: &[f64], lows: &[f64], closes: &[f64], period: i32) -> Option<Output> {
    run([highs, lows, closes], |core, last, out| core.adx(0, last, highs, lows, closes, period, out))
}

/// The positive directional indicator, 0–100 (Wilder 1978).
#[must_use]
pub fn plus_di(highs: &[f64], lows: &[f64], closes: &[f64], period: i32) -> Option<Output> {
    run([highs, lows, closes], |core, last, out| core.plus_di(0, last, highs, lows, closes, period, out))
}

/// The negative directional indicator, 0–100 (Wilder 1978).
#[must_use]
pub fn minus_di(highs: &[f64], lows: &[f64], closes: &[f64], period: i32) -> Option<Output> {
    run([highs, lows, closes], |core, last, out| core.minus_di(0, last, highs, lows, closes, period, out))
}

/// The commodity channel index (Lambert 1980).
#[must_use]
pub fn cci(highs: &[f64], lows: &[f64], closes: &[f64], period: i32) -> Option<Output> {
    run([highs, lows, closes], |core, last, out| core.cci(0, last, highs, lows, closes, period, out))
}

/// Williams' %R, −100 at the low of the period and 0 at its high (Williams 1973).
#[must_use]
pub fn williams_r(highs: &[f64], lows: &[f64], closes: &[f64], period: i32) -> Option<Output> {
    run([highs, lows, closes], |core, last, out| core.willr(0, last, highs, lows, closes, period, out))
}

/// The simple moving average.
#[must_use]
pub fn sma(values: &[f64], period: i32) -> Option<Output> {
    run([values], |core, last, out| core.sma(0, last, values, period, out))
}

/// The exponential moving average.
#[must_use]
pub fn ema(values: &[f64], period: i32) -> Option<Output> {
    run([values], |core, last, out| core.ema(0, last, values, period, out))
}

/// Σ money-flow multiplier · volume / Σ volume, −1…1; over 20 bars this is Chaikin's money flow.
///
/// The multiplier is the close's place in its bar, ((C−L) − (H−C)) / (H−L), and 0 for a bar without a range. Not a
/// number when nothing was traded.
#[must_use]
pub fn money_flow(highs: &[f64], lows: &[f64], closes: &[f64], volumes: &[f64]) -> f64 {
    let (mut flow, mut all) = (0.0, 0.0);
    for (((high, low), close), volume) in highs.iter().zip(lows).zip(closes).zip(volumes) {
        let range = high - low;
        if range > 0.0 {
            flow += (((close - low) - (high - close)) / range).clamp(-1.0, 1.0) * volume;
        }
        all += volume;
    }
    flow / all
}

/// Σ sign(ΔC) · volume and Σ volume over all bars but the first, which has no change. With a `width` of 0 the first is
/// what on-balance volume gained; otherwise a change counts in full from `width` on, see [`soft_sign`].
#[must_use]
pub fn signed_volume(closes: &[f64], volumes: &[f64], width: f64) -> (f64, f64) {
    let steps = closes.iter().zip(closes.iter().skip(1)).zip(volumes.iter().skip(1));
    steps.fold((0.0, 0.0), |(net, all), ((before, after), volume)| {
        (net + soft_sign(after - before, width) * volume, all + volume)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_unequal_lengths_and_empty_ones_have_no_output() {
        assert_eq!(atr(&[2.0; 30], &[1.0; 30], &[1.5; 29], 14), None);
        assert_eq!(rsi(&[], 14), None);
        assert_eq!(rsi(&[1.0; 5], 14).and_then(|output| output.last()), None);
    }

    #[test]
    fn money_flow_weighs_the_closes_place_by_volume() {
        // Close at three quarters of the range: +0.5, volume 2; close at the low: −1, volume 1; no range: 0, volume 1.
        // (0.5·2 − 1·1 + 0) / 4 = 0.
        assert_eq!(money_flow(&[4.0, 3.0, 2.0], &[0.0, 1.0, 2.0], &[3.0, 1.0, 2.0], &[2.0, 1.0, 1.0]), 0.0);
        assert!(money_flow(&[4.0], &[0.0], &[3.0], &[0.0]).is_nan());
    }

    #[test]
    fn a_small_change_counts_for_a_part_of_its_volume() {
        // +2 of width 4: a half of volume 10; −8: all of volume 4. Net 5 − 4 = 1 of 14.
        assert_eq!(signed_volume(&[10.0, 12.0, 4.0], &[99.0, 10.0, 4.0], 4.0), (1.0, 14.0));
    }
}
