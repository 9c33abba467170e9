//! The volume profile: how a window's volume is distributed over prices.

use super::bars::Bars;
use super::maths::tail;

/// The bars of the profile: about 3 hours of one-minute candles to 33 days of four-hour ones.
pub(super) const PROFILE_BARS: usize = 200;

const BINS: usize = 100;

/// The shares of volume below the ends of the value area, which holds the central 70 %.
///
/// Usually the area is grown outward from the fullest bin, which jumps when two bins tie for
/// fullest. Quantiles do not jump.
const VALUE_AREA: (f64, f64) = (0.15, 0.85);

/// Every bin gets this share of the mean bin in addition, so that the value area cannot jump across
/// prices without volume.
const FLOOR: f64 = 1e-3;

/// Volume by price, in 100 bins between the window's lowest and highest price.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    lowest: f64,
    bin: f64,
    volumes: [f64; BINS],
    total: f64,
}

impl Profile {
    /// The profile of the last [`PROFILE_BARS`] bars; `None` when they have no volume or no range.
    ///
    /// A bar's volume is spread evenly from its low to its high, and over at least one bin's width:
    /// a bar without a range would otherwise jump from bin to bin.
    pub(super) fn of(bars: &Bars) -> Option<Self> {
        let (highs, lows) = (
            tail(&bars.highs, PROFILE_BARS),
            tail(&bars.lows, PROFILE_BARS),
        );
        let lowest = lows.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = highs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let bin = (highest - lowest) / BINS as f64;
        let mut profile = Self {
            lowest,
            bin,
            volumes: [0.0; BINS],
            total: 0.0,
        };
        // Written so that a NaN is refused, too.
        if !(bin > 0.0 && bin.is_finite()) {
            return None;
        }
        for ((high, low), volume) in highs
            .iter()
            .zip(lows)
            .zip(tail(&bars.volumes, PROFILE_BARS))
        {
            profile.add((low - lowest) / bin, (high - lowest) / bin, *volume);
        }
        profile.total = profile.volumes.iter().sum();
        if !(profile.total > 0.0 && profile.total.is_finite()) {
            return None;
        }
        let floor = profile.total / BINS as f64 * FLOOR;
        for volume in &mut profile.volumes {
            *volume += floor;
        }
        profile.total += floor * BINS as f64;
        Some(profile)
    }

    /// Spreads a volume over the bins between two places, both counted in bins.
    fn add(&mut self, low: f64, high: f64, volume: f64) {
        // A bar narrower than a bin is widened about its middle to one bin.
        let widen = ((1.0 - (high - low)) / 2.0).max(0.0);
        let (low, high) = ((low - widen).max(0.0), (high + widen).min(BINS as f64));
        let (first, last) = (low.floor() as usize, (high.ceil() as usize).min(BINS));
        for (index, bin) in self.volumes.iter_mut().enumerate().take(last).skip(first) {
            // The part of the bar's range in this bin.
            let overlap = high.min(index as f64 + 1.0) - low.max(index as f64);
            *bin += volume * overlap.max(0.0) / (high - low);
        }
    }

    /// The share of the volume that was traded below `price`, 0–1.
    pub(super) fn share_below(&self, price: f64) -> f64 {
        let place = (price - self.lowest) / self.bin;
        let below = self.volumes.iter().enumerate().map(|(index, volume)| {
            let covered = (place - index as f64).clamp(0.0, 1.0);
            volume * covered
        });
        below.sum::<f64>() / self.total
    }

    /// The price below which a share of the volume was traded.
    fn price_at(&self, share: f64) -> f64 {
        let mut left = share * self.total;
        for (index, volume) in self.volumes.iter().enumerate() {
            // Interpolated within the bin, so the ends move continuously.
            if left <= *volume {
                return self.lowest + (index as f64 + left / volume) * self.bin;
            }
            left -= volume;
        }
        self.lowest + BINS as f64 * self.bin
    }

    /// The lower and the upper end of the value area.
    pub(super) fn value_area(&self) -> (f64, f64) {
        (self.price_at(VALUE_AREA.0), self.price_at(VALUE_AREA.1))
    }

    /// The share of the volume within the value area.
    pub(super) const fn value_share() -> f64 {
        VALUE_AREA.1 - VALUE_AREA.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::bars::testing::bars;
    use super::*;

    #[test]
    fn volume_spread_evenly_puts_the_value_area_at_its_quantiles() {
        // Sixty bars of 99.5–100.5 and forty of 99.5–100.5: all volume evenly over one unit, so the
        // central 70 % are 99.65–100.35. Prices are in units of 64, the power of two below 100.
        let profile = Profile::of(&bars(&[(100.0, 100.5, 99.5, 100.0); 40])).unwrap();
        let (low, high) = profile.value_area();
        assert!((low * 64.0 - 99.65).abs() < 1e-9, "{}", low * 64.0);
        assert!((high * 64.0 - 100.35).abs() < 1e-9, "{}", high * 64.0);
        assert!((profile.share_below(99.75 / 64.0) - 0.25).abs() < 1e-9);
        assert_eq!(profile.share_below(90.0 / 64.0), 0.0);
        assert!((profile.share_below(110.0 / 64.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_bar_without_a_range_is_spread_over_one_bin() {
        let mut profile = Profile {
            lowest: 0.0,
            bin: 1.0,
            volumes: [0.0; BINS],
            total: 0.0,
        };
        profile.add(50.25, 50.25, 4.0);
        // From 49.75 to 50.75: a quarter below 50, three quarters above.
        assert_eq!((profile.volumes[49], profile.volumes[50]), (1.0, 3.0));
    }
}
