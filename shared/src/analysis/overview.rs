//! Figures over all contracts.

use super::join::{Market, is_most};
use super::volatility::BitcoinVolatility;
use crate::assemble::ETHER;
use crate::market::Ticker;
use crate::snapshot::{Breadth, Overview};
use crate::units::{Amount, OutOfRange, Percent, Price, Score};

/// Computes each figure over the contracts that tell it; `btc_price` is passed in because a market
/// without Bitcoin has no overview.
///
/// # Errors
/// [`OutOfRange`] when no contract tells its change, so that a mean is no number.
pub fn overview(
    market: &Market<'_, '_>,
    breadth: &Breadth,
    btc_price: Price,
    volatility: Option<BitcoinVolatility>,
) -> Result<Overview, OutOfRange> {
    let changes: Vec<f64> = market
        .rows
        .iter()
        .filter_map(|row| row.change_24h_pct)
        .map(Percent::get)
        .collect();
    let range = |row: &&Ticker<'_>| Some(range_pct(row.high_24h?, row.low_24h?, row.last));
    let ranges: Vec<f64> = market.rows.iter().filter_map(range).collect();
    let turnovers: Vec<f64> = market
        .rows
        .iter()
        .filter_map(|row| row.turnover_24h)
        .map(Amount::get)
        .collect();
    Ok(Overview {
        btc_price,
        eth_price: market.find(ETHER).map(|row| row.last),
        total_turnover: market
            .is_told(|row| row.turnover_24h.is_some())
            .then(|| turnovers.iter().sum())
            .and_then(|sum| Amount::new(sum).ok())
            .map(|sum| sum.rounded(2)),
        turnover_contracts: Some(turnovers.len()),
        average_change: Percent::new(mean(&changes))?.rounded(4),
        robust_dispersion: robust_deviation(&changes)
            .and_then(|d| Amount::new(d).ok())
            .map(|d| d.rounded(4)),
        dispersion: sample_deviation(&changes)
            .and_then(|d| Amount::new(d).ok())
            .map(|d| d.rounded(4)),
        average_range: is_most(ranges.len(), market.rows.len())
            .then(|| mean(&ranges))
            .and_then(|range| Amount::new(range).ok())
            .map(|range| range.rounded(4)),
        trend_strength: trend_strength(breadth),
        btc_daily_volatility: volatility.map(|volatility| volatility.daily_pct),
        btc_volatility: volatility.map(|volatility| volatility.annual_pct),
    })
}

/// (high − low) / last, percent; never below zero, whatever order the venue sent the two in.
#[must_use]
pub fn range_pct(high: Price, low: Price, last: Price) -> f64 {
    ((high.get() - low.get()) / last.get() * 100.0).max(0.0)
}

/// 50 + 50·(up − down)/(up + down); nothing when nothing moved.
fn trend_strength(breadth: &Breadth) -> Option<Score> {
    let (up, down) = (breadth.up as f64, breadth.down as f64);
    Score::new(50.0 + 50.0 * (up - down) / (up + down))
        .ok()
        .map(|score| score.rounded(2))
}

/// The arithmetic mean; not a number for nothing.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of (weight, value); not a number where nothing weighs anything.
pub(super) fn weighted_mean(weighed: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    let (weights, sum) = weighed
        .into_iter()
        .fold((0.0, 0.0), |(weights, sum), (weight, value)| {
            (weights + weight, sum + weight * value)
        });
    sum / weights
}

/// Standard deviation with n − 1 degrees of freedom; nothing for fewer than two values.
pub(super) fn sample_deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// What the median distance from the median is multiplied with, so that of a bell curve it is the
/// standard deviation.
const MAD_TO_DEVIATION: f64 = 1.4826;

/// The median distance from the median × 1.4826; nothing for fewer than two values.
pub(super) fn robust_deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let middle = median(values)?;
    let distances: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    Some(MAD_TO_DEVIATION * median(&distances)?)
}

/// The value in the middle, or the mean of the two there; nothing for nothing.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    Some(lower.midpoint(upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_the_sample_s() {
        // Squares of −2, −1, 0, 3 around the mean sum to 14; 14 / 3.
        assert_eq!(
            sample_deviation(&[-2.0, -1.0, 0.0, 3.0]),
            Some((14.0_f64 / 3.0).sqrt())
        );
        assert_eq!(sample_deviation(&[1.0]), None);
    }

    #[test]
    fn one_value_that_leapt_does_not_move_the_robust_deviation() {
        // Median 2, distances 2, 1, 0, 1, 2: median 1.
        assert_eq!(robust_deviation(&[0.0, 1.0, 2.0, 3.0, 4.0]), Some(1.4826));
        assert_eq!(robust_deviation(&[0.0, 1.0, 2.0, 3.0, 4e9]), Some(1.4826));
        assert_eq!(robust_deviation(&[1.0, 2.0]), Some(1.4826 * 0.5));
        assert_eq!((robust_deviation(&[1.0]), median(&[])), (None, None));
    }

    #[track_caller]
    fn check_trend(up: usize, down: usize, expected: Option<f64>) {
        let breadth = Breadth {
            up,
            down,
            flat: 1,
            percentage: None,
            mood: None,
        };
        assert_eq!(trend_strength(&breadth).map(Score::get), expected);
    }

    #[test]
    fn the_trend_is_the_balance_of_rising_and_falling() {
        check_trend(3, 1, Some(75.0));
        check_trend(0, 4, Some(0.0));
        check_trend(0, 0, None);
    }
}
