//! Indicators on whole series. They give TA-Lib's output on every bar
//! (`tests/integration/ta_lib.rs`), except two that have TA-Lib's as a special case.
//!
//! Wilder's and exponential averages are seeded with the simple mean of the first values, as TA-Lib
//! does. Other libraries seed differently and disagree by several percent for about a hundred
//! candles.

use super::maths::soft_sign;

/// An indicator's values: one for each bar from the first that has one to the last bar of the
/// series.
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
        self.values
            .last()
            .copied()
            .filter(|value| value.is_finite())
    }

    /// The values of a series of `len` bars, aligned to its last bar; `None` for a series without a
    /// bar.
    fn of(values: Vec<f64>, len: usize) -> Option<Self> {
        (len > 0).then(|| Self {
            first_bar: len.saturating_sub(values.len()),
            values,
        })
    }
}

/// The highs, lows and closes of the same bars; nothing for series of unequal lengths.
fn same_len(highs: &[f64], lows: &[f64], closes: &[f64]) -> Option<usize> {
    (highs.len() == closes.len() && lows.len() == closes.len()).then_some(closes.len())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of the first `period` values, then the average moved towards each further value by
/// `share` of the difference. Empty for fewer values than the period, and for a period of 0.
fn averaged(values: &[f64], period: usize, share: f64) -> Vec<f64> {
    let Some((seed, rest)) = values
        .split_at_checked(period)
        .filter(|(seed, _)| !seed.is_empty())
    else {
        return Vec::new();
    };
    let first = mean(seed);
    let further = rest.iter().scan(first, |average, value| {
        *average += share * (value - *average);
        Some(*average)
    });
    std::iter::once(first).chain(further).collect()
}

/// Wilder's average: each new value counts one part in `period`, an exponential average with α =
/// 1/period.
fn wilder(values: &[f64], period: usize) -> Vec<f64> {
    averaged(values, period, 1.0 / period as f64)
}

/// Wilder's relative strength index, 0–100 (Wilder 1978); 50 where nothing moved.
#[must_use]
pub fn rsi(closes: &[f64], period: usize) -> Option<Output> {
    let changes = || {
        closes
            .iter()
            .zip(closes.iter().skip(1))
            .map(|(before, after)| after - before)
    };
    let gains = wilder(
        &changes().map(|change| change.max(0.0)).collect::<Vec<_>>(),
        period,
    );
    let losses = wilder(
        &changes()
            .map(|change| (-change).max(0.0))
            .collect::<Vec<_>>(),
        period,
    );
    let index = |(gain, loss): (&f64, &f64)| {
        if gain + loss > 0.0 {
            // Equal to 100 − 100/(1 + gain/loss), but defined where nothing fell.
            100.0 * gain / (gain + loss)
        } else {
            50.0
        }
    };
    Output::of(gains.iter().zip(&losses).map(index).collect(), closes.len())
}

/// Two moves count as equal when they differ by no more than this share of the price: far above
/// what decimals lose as binary fractions, far below a tick. Otherwise that loss, which depends on
/// the unit of the price, would decide a tie.
const EQUAL_MOVES: f64 = 1e-9;

/// What a bar moved since the one before: its true range, and how far it exceeded the other's range
/// upwards and downwards.
struct Move {
    true_range: f64,
    plus: f64,
    minus: f64,
}

/// The moves of all bars but the first.
fn moves(highs: &[f64], lows: &[f64], closes: &[f64]) -> Vec<Move> {
    let bars = || highs.iter().zip(lows).zip(closes);
    let steps = bars().zip(bars().skip(1));
    let step = steps.map(
        |(((before_high, before_low), before_close), ((high, low), _))| {
            let (up, down) = (high - before_high, before_low - low);
            // Wilder: only the larger of the two moves counts, and neither of two equal ones.
            let equal = (up - down).abs() <= EQUAL_MOVES * high.abs();
            Move {
                // The true range includes the gap from the close before (Wilder 1978).
                true_range: (high - low)
                    .max((high - before_close).abs())
                    .max((low - before_close).abs()),
                plus: if up > 0.0 && up > down && !equal {
                    up
                } else {
                    0.0
                },
                minus: if down > 0.0 && down > up && !equal {
                    down
                } else {
                    0.0
                },
            }
        },
    );
    step.collect()
}

/// The average true range in units of the price (Wilder 1978).
#[must_use]
pub fn atr(highs: &[f64], lows: &[f64], closes: &[f64], period: usize) -> Option<Output> {
    let len = same_len(highs, lows, closes)?;
    let ranges: Vec<f64> = moves(highs, lows, closes)
        .iter()
        .map(|moved| moved.true_range)
        .collect();
    Output::of(wilder(&ranges, period), len)
}

/// Both directional indicators, 0–100, of each bar from `period` on.
///
/// They are Wilder's sums, which fade by one part in `period` per bar. TA-Lib seeds them with one
/// move less than the period.
fn directional(
    highs: &[f64],
    lows: &[f64],
    closes: &[f64],
    period: usize,
) -> Option<Vec<(f64, f64)>> {
    let moves = moves(highs, lows, closes);
    // `period − 1` moves, as TA-Lib; a period of 0 has no seed.
    let (seed, rest) = moves.split_at_checked(period.checked_sub(1)?)?;
    let sum = |part: fn(&Move) -> f64| seed.iter().map(part).sum::<f64>();
    let begin = (
        sum(|moved| moved.true_range),
        sum(|moved| moved.plus),
        sum(|moved| moved.minus),
    );
    // Wilder's running sum instead of a sum over a window: no bar drops out at once.
    let fade = |sum: f64, next: f64| sum - sum / period as f64 + next;
    let each = rest.iter().scan(begin, |(range, plus, minus), moved| {
        *range = fade(*range, moved.true_range);
        *plus = fade(*plus, moved.plus);
        *minus = fade(*minus, moved.minus);
        let of_range = |part: f64| {
            if *range > 0.0 {
                100.0 * part / *range
            } else {
                0.0
            }
        };
        Some((of_range(*plus), of_range(*minus)))
    });
    Some(each.collect())
}

/// Wilder's system of directional movement (1978), each 0–100, computed in one pass.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectionalMovement {
    /// The positive directional indicator.
    pub plus_di: Output,
    /// The negative directional indicator.
    pub minus_di: Output,
    /// The average directional index.
    pub adx: Output,
}

/// The directional movement; nothing where there are too few bars for the index.
#[must_use]
pub fn directional_movement(
    highs: &[f64],
    lows: &[f64],
    closes: &[f64],
    period: usize,
) -> Option<DirectionalMovement> {
    let len = same_len(highs, lows, closes)?;
    let indicators = directional(highs, lows, closes, period)?;
    Some(DirectionalMovement {
        plus_di: Output::of(indicators.iter().map(|(plus, _)| *plus).collect(), len)?,
        minus_di: Output::of(indicators.iter().map(|(_, minus)| *minus).collect(), len)?,
        adx: Output::of(directional_index(&indicators, period)?, len)?,
    })
}

/// The average directional index: Wilder's average of |+DI − −DI| / (+DI + −DI).
fn directional_index(indicators: &[(f64, f64)], period: usize) -> Option<Vec<f64>> {
    let (seed, rest) = indicators.split_at_checked(period)?;
    let index = |(plus, minus): &(f64, f64)| {
        let sum = plus + minus;
        (sum > 0.0).then(|| 100.0 * (plus - minus).abs() / sum)
    };
    let first = seed.iter().filter_map(index).sum::<f64>() / period as f64;
    // A bar without a direction leaves the average unchanged, as in TA-Lib.
    let further = rest.iter().scan(first, |average, bar| {
        if let Some(index) = index(bar) {
            *average += (index - *average) / period as f64;
        }
        Some(*average)
    });
    Some(std::iter::once(first).chain(further).collect())
}

/// The commodity channel index (Lambert 1980); 0 where the typical price does not differ from its
/// mean.
#[must_use]
pub fn cci(highs: &[f64], lows: &[f64], closes: &[f64], period: usize) -> Option<Output> {
    let len = same_len(highs, lows, closes)?;
    let bars = highs.iter().zip(lows).zip(closes);
    let typical: Vec<f64> = bars
        .map(|((high, low), close)| (high + low + close) / 3.0)
        .collect();
    let index = |window: &[f64]| {
        let mean = mean(window);
        let deviation =
            window.iter().map(|price| (price - mean).abs()).sum::<f64>() / window.len() as f64;
        let difference = window.last().map_or(0.0, |last| last - mean);
        // 0/0 for a flat window, which TA-Lib defines as 0.
        if difference == 0.0 || deviation == 0.0 {
            0.0
        } else {
            // Lambert's constant, chosen so that 70 to 80 % of all values fall within ±100.
            difference / (0.015 * deviation)
        }
    };
    Output::of(windows(&typical, period).map(index).collect(), len)
}

/// Williams' %R, −100 at the low of the period and 0 at its high (Williams 1973); 0 where the
/// period has no range.
#[must_use]
pub fn williams_r(highs: &[f64], lows: &[f64], closes: &[f64], period: usize) -> Option<Output> {
    let len = same_len(highs, lows, closes)?;
    let ranges = windows(highs, period).zip(windows(lows, period));
    let values = ranges
        .zip(closes.iter().skip(period.saturating_sub(1)))
        .map(|((highs, lows), close)| {
            // The extremes include the current bar, so %R stays within −100…0.
            let high = highs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let low = lows.iter().copied().fold(f64::INFINITY, f64::min);
            if high > low {
                -100.0 * (high - close) / (high - low)
            } else {
                0.0
            }
        });
    Output::of(values.collect(), len)
}

/// Every run of `period` values; none for a period of 0.
fn windows(values: &[f64], period: usize) -> impl Iterator<Item = &[f64]> {
    values.windows(period.max(1)).filter(move |_| period > 0)
}

/// The simple moving average.
#[must_use]
pub fn sma(values: &[f64], period: usize) -> Option<Output> {
    Output::of(windows(values, period).map(mean).collect(), values.len())
}

/// The exponential moving average.
#[must_use]
pub fn ema(values: &[f64], period: usize) -> Option<Output> {
    Output::of(
        // α = 2/(n + 1) gives the values the same mean age as a simple average of n.
        averaged(values, period, 2.0 / (period as f64 + 1.0)),
        values.len(),
    )
}

/// Σ money-flow multiplier · volume / Σ volume, −1…1. Over 20 bars this is Chaikin's money flow.
///
/// The multiplier is the close's place in its bar, ((C−L) − (H−C)) / (H−L), and 0 for a bar without
/// a range. Not a number when nothing was traded.
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

/// Σ sign(ΔC) · volume and Σ volume over all bars but the first, which has no change. With a
/// `width` of 0 the first sum is what on-balance volume gained; otherwise a change counts in full
/// from `width` on, see [`soft_sign`].
#[must_use]
pub fn signed_volume(closes: &[f64], volumes: &[f64], width: f64) -> (f64, f64) {
    let steps = closes
        .iter()
        .zip(closes.iter().skip(1))
        .zip(volumes.iter().skip(1));
    steps.fold((0.0, 0.0), |(net, all), ((before, after), volume)| {
        (
            net + soft_sign(after - before, width) * volume,
            all + volume,
        )
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
        for len in 0..40 {
            let series = vec![1.0; len];
            for period in [0, 1, 14, usize::MAX] {
                let outputs = [sma, ema, rsi].map(|of_closes| of_closes(&series, period));
                let of_bars = [atr, cci, williams_r]
                    .map(|of_bars| of_bars(&series, &series, &series, period));
                let movement = directional_movement(&series, &series, &series, period);
                let movement =
                    movement.map(|moved| [moved.plus_di, moved.minus_di, moved.adx].map(Some));
                let outputs = outputs
                    .into_iter()
                    .chain(of_bars)
                    .chain(movement.into_iter().flatten());
                for output in outputs.flatten() {
                    assert!(
                        output.values.len() <= len
                            && output.values.iter().all(|value| value.is_finite())
                    );
                }
            }
        }
    }

    #[test]
    fn a_tie_of_directional_movement_is_one_in_every_unit_of_the_price() {
        // Each bar reaches 0.1 beyond the one before on both sides: in binary fractions one of the
        // two is the greater by chance. Then 0.2 up and 0.1 down.
        let bars = |unit: f64, decimals: usize| -> [Vec<f64>; 2] {
            let round = |value: f64| {
                format!("{:.decimals$}", value * unit)
                    .parse::<f64>()
                    .unwrap()
            };
            let (mut highs, mut lows) = (Vec::new(), Vec::new());
            for step in 0..60 {
                highs.push(round(100.3 + 0.1 * f64::from(step)));
                lows.push(round(99.7 - 0.1 * f64::from(step)));
            }
            [highs, lows]
        };
        for (unit, decimals) in [(1.0, 1), (10.0, 0), (0.001, 4), (1_000.0, 0), (1e-6, 7)] {
            let [highs, lows] = bars(unit, decimals);
            let moves = moves(&highs, &lows, &lows);
            assert!(
                moves
                    .iter()
                    .all(|moved| moved.plus == 0.0 && moved.minus == 0.0),
                "in units of {unit}"
            );
        }
        let lopsided = moves(&[100.3, 100.5], &[99.7, 99.6], &[100.0, 100.0]);
        assert!(
            lopsided
                .iter()
                .all(|moved| moved.plus > 0.0 && moved.minus == 0.0)
        );
    }

    #[test]
    fn money_flow_weighs_the_closes_place_by_volume() {
        // Close at three quarters of the range: +0.5, volume 2; close at the low: −1, volume 1; no
        // range: 0, volume 1. (0.5·2 − 1·1 + 0) / 4 = 0.
        assert_eq!(
            money_flow(
                &[4.0, 3.0, 2.0],
                &[0.0, 1.0, 2.0],
                &[3.0, 1.0, 2.0],
                &[2.0, 1.0, 1.0]
            ),
            0.0
        );
        assert!(money_flow(&[4.0], &[0.0], &[3.0], &[0.0]).is_nan());
    }

    #[test]
    fn a_small_change_counts_for_a_part_of_its_volume() {
        // +2 of width 4: a half of volume 10; −8: all of volume 4. Net 5 − 4 = 1 of 14.
        assert_eq!(
            signed_volume(&[10.0, 12.0, 4.0], &[99.0, 10.0, 4.0], 4.0),
            (1.0, 14.0)
        );
    }
}
