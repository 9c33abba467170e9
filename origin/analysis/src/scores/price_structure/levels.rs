//! Support and resistance: levels at which the price turned before.

use super::super::bars::{Bars, Ohlc};
use super::super::maths::ramp;
use super::super::reading::Reading;
use super::sides::both_sides;

/// The candles on each side over which a pivot must be the extreme.
const PIVOT_SIDE: usize = 3;

/// How far a candle may be from the extreme of its neighbourhood and still count as part of the
/// pivot, in average true ranges. A pivot thus fades rather than vanishes, and equal highs beside
/// one another are both pivots.
const PIVOT_TOLERANCE: f64 = 0.25;

/// Pivots closer than this share of the price belong to one level.
const CLUSTER_SHARE: f64 = 0.005;

/// The distance, as a share of the price, at which a level's weight is 1/e. A level a few percent
/// away does not bear on the price now.
const REACH_SHARE: f64 = 0.02;

/// Regularisation: one touch's worth of "no level", so that a single weak pivot does not decide.
const INDIFFERENCE: f64 = 1.0;

/// Support and resistance: (S − R)/(S + R + 1), S the strength of the levels below the price, R of
/// those above. Figure: that share.
///
/// Levels are pivots, highs and lows alike, of the last 200 candles. A level's strength is how many
/// pivots lie within .5 % of it, nearer ones counting more; it falls with the distance from the
/// price, and to 0 within .5 % of it, where the level turns from support into resistance.
#[must_use]
pub fn support_resistance(bars: &Bars) -> Option<Reading> {
    let (support, resistance) = both_sides(bars, support);
    let balance = (support - resistance) / (support + resistance + INDIFFERENCE);
    Reading::new(balance, balance)
}

/// A price at which candles turned, and how clearly.
struct Pivot {
    price: f64,
    weight: f64,
}

fn support(window: &[Ohlc], atr: f64) -> f64 {
    let Some(price) = window.last().map(|bar| bar.close) else {
        return 0.0;
    };
    // Mirrored prices are negative.
    let unit = price.abs();
    let pivots = pivots(window, atr);
    let below = pivots.iter().filter(|pivot| pivot.price < price);
    below
        // Each level sums up the pivots near it, itself included.
        .map(|level| {
            let touches: f64 = pivots
                .iter()
                .map(|pivot| {
                    pivot.weight
                        * (1.0 - (pivot.price - level.price).abs() / unit / CLUSTER_SHARE).max(0.0)
                })
                .sum();
            let distance = (price - level.price) / unit;
            level.weight
                * touches
                // 0 at the price itself, where the level turns from support into resistance.
                * ramp(distance, 0.0, CLUSTER_SHARE)
                * (-distance / REACH_SHARE).exp()
        })
        .sum()
}

fn pivots(window: &[Ohlc], atr: f64) -> Vec<Pivot> {
    let mut pivots = Vec::new();
    for around in window.windows(2 * PIVOT_SIDE + 1) {
        let Some(middle) = around.get(PIVOT_SIDE) else {
            continue;
        };
        let highest = around
            .iter()
            .map(|bar| bar.high)
            .fold(f64::NEG_INFINITY, f64::max);
        let lowest = around
            .iter()
            .map(|bar| bar.low)
            .fold(f64::INFINITY, f64::min);
        // Highs and lows alike: a former high supports a price that is above it now.
        for (price, short_of_extreme) in [
            (middle.high, highest - middle.high),
            (middle.low, middle.low - lowest),
        ] {
            let weight = 1.0 - ramp(short_of_extreme / atr, 0.0, PIVOT_TOLERANCE);
            if weight > 0.0 {
                pivots.push(Pivot { price, weight });
            }
        }
    }
    pivots
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Candles of no range at the given prices.
    fn dots(prices: &[f64]) -> Vec<Ohlc> {
        prices
            .iter()
            .map(|&price| Ohlc {
                open: price,
                high: price,
                low: price,
                close: price,
            })
            .collect()
    }

    #[test]
    fn a_pivot_below_the_price_is_support() {
        // One low of 98 among candles of 100, then 100 again; the others are no lows and, at 100,
        // no support. The highs at 100 are pivots but stand at the price: weight 0. Distance 2 %:
        // e^(−1); one touch: 0.367879.
        let window = dots(&[100.0, 100.0, 100.0, 98.0, 100.0, 100.0, 100.0]);
        assert!((support(&window, 1.0) - 0.367_879).abs() < 1e-6);
    }

    #[test]
    fn touches_of_one_level_strengthen_each_other() {
        // Lows of 98.0 and 98.25: 0.25 % apart, so each is half a touch of the other: 1.5 touches
        // each. 1.5·e^(−2/2) + 1.5·e^(−1.75/2) = 0.551819 + 0.625293 = 1.177112.
        let quiet = [100.0; 6];
        let window = dots(&[&quiet[..], &[98.0], &quiet, &[98.25], &quiet].concat());
        let found = support(&window, 1.0);
        assert!((found - 1.177_112).abs() < 1e-6, "{found}");
    }

    #[test]
    fn a_candle_just_short_of_the_extreme_is_a_weak_pivot() {
        // Two lows next to one another, 98.0 and 98.125; the second is 0.125 of a true range short:
        // half a pivot.
        let window = dots(&[100.0, 100.0, 100.0, 98.0, 98.125, 100.0, 100.0, 100.0]);
        let weights: Vec<_> = pivots(&window, 1.0)
            .into_iter()
            .filter(|pivot| pivot.price < 99.0)
            .map(|pivot| pivot.weight)
            .collect();
        assert_eq!(weights, [1.0, 0.5]);
    }
}
