//! The price-structure dimension, on every timeframe: where the price stands relative to what it
//! did before.
//!
//! All parts are exactly symmetric under the reflection p → 2c − p about the last close c. Prices
//! enter as differences divided by the average true range or by the close, so their scale does not
//! matter.

mod breaks;
mod levels;
mod sides;
mod zones;

use super::bars::Bars;
use super::indicators;
use super::maths::tail;
use super::profile::Profile;
use super::reading::Reading;

pub use breaks::structure_breaks;
pub use levels::support_resistance;
pub use zones::{fair_value_gaps, institutional_zones};

/// The moving averages of the trend.
const TREND_PERIODS: (usize, usize) = (20, 50);

/// The bars of the range: the fewest that most timeframes have.
const RANGE_BARS: usize = 50;

/// Trend position: tanh((EMA20 − EMA50)/ATR14). Figure: the distance in average true ranges.
#[must_use]
pub fn trend_position(bars: &Bars) -> Option<Reading> {
    let fast = indicators::ema(&bars.closes, TREND_PERIODS.0)?.last()?;
    let slow = indicators::ema(&bars.closes, TREND_PERIODS.1)?.last()?;
    // In average true ranges, so that calm and wild contracts compare.
    let ranges = (fast - slow) / bars.atr;
    Reading::new(ranges.tanh(), ranges)
}

/// Volume profile: the close's place in the value area, in price: tanh of its distance from the
/// area's middle in half widths. The area holds the central 70 % of the last 200 bars' volume.
/// Figure: the distance, ±1 at the ends.
#[must_use]
pub fn volume_profile(bars: &Bars) -> Option<Reading> {
    // By price here; `volume::volume_profile` reads the same profile by volume.
    let (low, high) = Profile::of(bars)?.value_area();
    let place = (2.0 * bars.close - (low + high)) / (high - low);
    Reading::new(place.tanh(), place)
}

/// Range analysis: the close's place in the range of the last 50 bars, −1 low to 1 high,
/// contrarian: −place. Figure: the place.
#[must_use]
pub fn range_analysis(bars: &Bars) -> Option<Reading> {
    let high = tail(&bars.highs, RANGE_BARS)
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    let low = tail(&bars.lows, RANGE_BARS)
        .iter()
        .copied()
        .fold(f64::INFINITY, f64::min);
    // A window without a range gives 0/0, and the part is missing.
    let place = (2.0 * bars.close - (low + high)) / (high - low);
    // Within −1…1 already, so without `tanh`. Contrarian: the top of the range is read as bearish.
    Reading::new(-place, place)
}

#[cfg(test)]
mod tests {
    use super::super::bars::testing::bars;
    use super::*;
    use crate::scores::maths::testing::check;

    #[test]
    fn the_range_is_contrarian() {
        // A range of 99–101 and a close at 100.5: half way from the middle to the top.
        let mut rows = vec![(100.0, 101.0, 99.0, 100.0); 60];
        rows.push((100.0, 101.0, 99.0, 100.5));
        check(range_analysis(&bars(&rows)).unwrap().lean.get(), -0.5);
    }

    #[test]
    fn the_place_in_the_value_area_counts_half_widths() {
        // All volume evenly over 99.5–100.5 makes the area 99.65–100.35, see the profile's own
        // test. A last close at its upper end stands one half width above its middle: tanh(1).
        let mut rows = vec![(100.0, 100.5, 99.5, 100.0); 40];
        rows.push((100.0, 100.5, 99.5, 100.35));
        check(volume_profile(&bars(&rows)).unwrap().lean.get(), 0.761_594);
    }
}
