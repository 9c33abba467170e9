//! The volume dimension: one part from trades, the others from the candles of every timeframe.
//!
//! Prices enter as ratios and volumes as shares, so neither's scale matters. The candle parts are
//! exactly symmetric under the reflection p → 2c − p, except [`vwap`], which is so under p → c²/p.

use super::bars::Bars;
use super::flow::Flow;
use super::indicators::{self, money_flow, signed_volume};
use super::maths::{NET_SHARE_GAIN, soft_sign, tail};
use super::profile::{PROFILE_BARS, Profile};
use super::reading::Reading;

/// The bars of accumulation/distribution and on-balance volume: the fewest that most timeframes
/// have, so that the result does not depend on how many were fetched.
const FLOW_BARS: usize = 50;

/// The bars of Chaikin's money flow, as published.
const CMF_BARS: usize = 20;

/// The change of the close from which a bar's volume counts in full, in average true ranges.
/// Smaller changes count in proportion, because the bare sign would jump where the close does not
/// move.
const OBV_WIDTH: f64 = 0.1;

const RELATIVE_VOLUME_PERIOD: usize = 30;

/// The relative volume that gives tanh(1) on a bar of clear direction: twice the average.
const RELATIVE_VOLUME_SCALE: f64 = 2.0;

/// The change of the close that makes a bar's direction clear, in average true ranges.
const DIRECTION_WIDTH: f64 = 0.5;

/// Volume delta: (bought − sold) / (bought + sold) by takers, over the trades whose side is known.
/// Figure: that share.
#[must_use]
pub fn volume_delta(flow: &Flow) -> Option<Reading> {
    Reading::new(flow.net_volume(), flow.net_volume())
}

/// Accumulation/distribution (Chaikin): tanh(3 · ΣMFM·V/ΣV) over 50 bars. Figure: the share.
#[must_use]
pub fn adl(bars: &Bars) -> Option<Reading> {
    money_flow_reading(bars, FLOW_BARS)
}

/// Chaikin's money flow: the same over 20 bars. Figure: the share.
#[must_use]
pub fn cmf(bars: &Bars) -> Option<Reading> {
    money_flow_reading(bars, CMF_BARS)
}

fn money_flow_reading(bars: &Bars, count: usize) -> Option<Reading> {
    let of = |column| tail(column, count);
    let share = money_flow(
        of(&bars.highs),
        of(&bars.lows),
        of(&bars.closes),
        of(&bars.volumes),
    );
    Reading::new((NET_SHARE_GAIN * share).tanh(), share)
}

/// On-balance volume (Granville 1963): tanh(3 · Σsign(ΔC)·V/ΣV) over 50 changes. Figure: the share.
#[must_use]
pub fn obv(bars: &Bars) -> Option<Reading> {
    // n + 1 closes make n changes.
    let of = |column| tail(column, FLOW_BARS + 1);
    let (net, all) = signed_volume(of(&bars.closes), of(&bars.volumes), OBV_WIDTH * bars.atr);
    Reading::new((NET_SHARE_GAIN * net / all).tanh(), net / all)
}

/// Relative volume: tanh(V/EMA30(V) / 2) of the last bar, signed by its change of close. Figure:
/// V/EMA30.
#[must_use]
pub fn relative_volume(bars: &Bars) -> Option<Reading> {
    let [.., before, after] = bars.closes.as_slice() else {
        return None;
    };
    // The average includes the last bar, which bounds the ratio by (30 + 1)/2.
    let average = indicators::ema(&bars.volumes, RELATIVE_VOLUME_PERIOD)?.last()?;
    let relative = bars.volumes.last()? / average;
    // The bare sign would jump where the close does not move.
    let direction = soft_sign(after - before, DIRECTION_WIDTH * bars.atr);
    Reading::new(relative_volume_lean(relative, direction), relative)
}

fn relative_volume_lean(relative: f64, direction: f64) -> f64 {
    (relative / RELATIVE_VOLUME_SCALE).tanh() * direction
}

/// Volume profile: the close's place in the value area, in volume. tanh(1) at the area's ends,
/// below and above which 15 % of the last 200 bars' volume were traded. Figure: the share of the
/// volume below the close.
#[must_use]
pub fn volume_profile(bars: &Bars) -> Option<Reading> {
    let below = Profile::of(bars)?.share_below(bars.close);
    Reading::new(profile_lean(below), below)
}

fn profile_lean(below: f64) -> f64 {
    ((below - 0.5) / (Profile::value_share() / 2.0)).tanh()
}

/// Distance from the volume-weighted average price: tanh(ln(p/vwap)/σ) over the last 200 bars.
/// Figure: ln(p/vwap)/σ.
///
/// The average is the geometric one of the bars' (H·L·C)^⅓, and σ the volume-weighted standard
/// deviation of the logarithms. With an arithmetic average, ln(p/vwap) could not be symmetric.
#[must_use]
pub fn vwap(bars: &Bars) -> Option<Reading> {
    let columns = tail(&bars.highs, PROFILE_BARS)
        .iter()
        .zip(tail(&bars.lows, PROFILE_BARS));
    let typical: Vec<f64> = columns
        .zip(tail(&bars.closes, PROFILE_BARS))
        // The logarithm of the geometric mean.
        .map(|((high, low), close)| (high * low * close).ln() / 3.0)
        .collect();
    // Bars at a single price give 0/0, and the part is missing.
    let deviations = deviations(&typical, tail(&bars.volumes, PROFILE_BARS), bars.close.ln());
    Reading::new(deviations.tanh(), deviations)
}

/// How many weighted standard deviations `value` is above the weighted mean; not a number when all
/// are equal.
fn deviations(values: &[f64], weights: &[f64], value: f64) -> f64 {
    let all: f64 = weights.iter().sum();
    let weighted = |of: &dyn Fn(f64) -> f64| {
        values
            .iter()
            .zip(weights)
            .map(|(v, w)| of(*v) * w)
            .sum::<f64>()
            / all
    };
    let mean = weighted(&|v| v);
    (value - mean) / weighted(&|v| (v - mean).powi(2)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::bars::testing::bars;
    use super::*;
    use crate::scores::maths::testing::check;

    #[test]
    fn money_flow_counts_the_last_bars_only() {
        // Twenty bars that close at three quarters of their range: CMF 0.5, tanh(1.5) = 0.905148.
        // Thirty quiet bars that close in their middle before them: ADL 20·0.5/50 = 0.2, tanh(0.6)
        // = 0.537050.
        let bars = bars(&[(100.0, 101.0, 99.0, 100.5); 20]);
        check(cmf(&bars).unwrap().lean.get(), 0.905_148);
        check(adl(&bars).unwrap().lean.get(), 0.537_050);
    }

    #[test]
    fn on_balance_volume_counts_ups_less_downs() {
        // Fifty changes, ten of them up by far more than a tenth of the true range and the others
        // none: 10/50 = 0.2.
        let rising: Vec<_> = (1..=10)
            .map(|i| f64::from(i) + 100.0)
            .map(|c| (c - 1.0, c, c - 1.0, c))
            .collect();
        check(obv(&bars(&rising)).unwrap().figure, 0.2);
    }

    #[test]
    fn twice_the_average_volume_leans_tanh_of_one_where_the_bar_points() {
        check(relative_volume_lean(2.0, 1.0), 0.761_594);
        check(relative_volume_lean(2.0, -0.5), -0.380_797);
        check(relative_volume_lean(0.0, 1.0), 0.0);
    }

    #[test]
    fn the_value_areas_ends_lean_tanh_of_one() {
        check(profile_lean(0.85), 0.761_594);
        check(profile_lean(0.15), -0.761_594);
        check(profile_lean(0.5), 0.0);
    }

    #[test]
    fn deviations_are_weighted_by_volume() {
        // Mean (0·1 + 4·3)/4 = 3, variance (9·1 + 1·3)/4 = 3: 6 lies (6 − 3)/√3 = 1.732051 above.
        check(deviations(&[0.0, 4.0], &[1.0, 3.0], 6.0), 1.732_051);
        assert!(deviations(&[2.0, 2.0], &[1.0, 3.0], 2.0).is_nan());
    }
}
