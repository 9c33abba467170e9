//! Figures over all contracts of the universe: turnover, mean change, dispersion, range.
//!
//! Each figure is computed over the contracts that have it. A sum needs both majors too
//! ([`Market::is_told`]); a mean needs most contracts.

use super::join::{Market, is_most};
use super::means::{mean, robust_deviation, sample_deviation};
use crate::market::Ticker;
use crate::market::majors::ETHER;
use crate::snapshot::{Breadth, Overview};
use crate::units::{Amount, OutOfRange, Percent, Price, Score};

/// Bitcoin's volatility.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BitcoinVolatility {
    /// Standard deviation of the daily log returns, percent.
    pub daily_pct: Amount,
    /// The same for a year, percent: × √365.
    pub annual_pct: Amount,
}

/// Computes each figure over the contracts that have it. `btc_price` is an argument because a
/// market without Bitcoin has no overview.
///
/// # Errors
/// [`OutOfRange`] when no contract has a change, so that the mean is NaN.
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
            // A sum without Bitcoin would look like a sudden fall of the market's turnover.
            .is_told(|row| row.turnover_24h.is_some())
            .then(|| turnovers.iter().sum())
            .and_then(|sum| Amount::new(sum).ok())
            .map(|sum| sum.rounded(2)),
        turnover_contracts: Some(turnovers.len()),
        average_change: Percent::new(mean(&changes))?.rounded(4),
        // Both are published: the robust one for reading, the standard deviation for clients that
        // know it.
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

/// (high − low) / last, percent; never below zero, even for a row that states the two in reverse.
#[must_use]
pub fn range_pct(high: Price, low: Price, last: Price) -> f64 {
    ((high.get() - low.get()) / last.get() * 100.0).max(0.0)
}

/// 50 + 50·(up − down)/(up + down); `None` when no contract moved, where it is 0/0.
fn trend_strength(breadth: &Breadth) -> Option<Score> {
    let (up, down) = (breadth.up as f64, breadth.down as f64);
    Score::new(50.0 + 50.0 * (up - down) / (up + down))
        .ok()
        .map(|score| score.rounded(2))
}

#[cfg(test)]
mod tests {
    use super::*;

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
