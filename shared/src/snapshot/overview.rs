//! Figures over all contracts, and the number of contracts that each is of. A reader needs that
//! number: a mean of a few contracts is no mean of the market.

use crate::units::{Amount, Percent, Price, Score};
use serde::{Deserialize, Serialize};

/// How much of the universe the tickers covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Contracts in the universe.
    pub listed: usize,
    /// Contracts with a usable ticker.
    pub priced: usize,
    /// Contracts whose ticker was refused.
    pub refused: usize,
    /// Contracts that have a ticker and that the list does not even name, so that it seems to lack
    /// a part; unknown where the whole list is not at hand.
    pub unlisted: Option<usize>,
}

/// Figures over all contracts of the universe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// Last price of `BTCUSDT`.
    pub btc_price: Price,
    /// Last price of `ETHUSDT`; unknown where an earlier version wrote the snapshot.
    pub eth_price: Option<Price>,
    /// Σ turnover of 24 hours, USD.
    pub total_turnover: Option<Amount>,
    /// Contracts in that sum; unknown where an earlier version wrote the snapshot.
    pub turnover_contracts: Option<usize>,
    /// Mean of the 24-hour changes, percent.
    pub average_change: Percent,
    /// Sample standard deviation of the 24-hour changes, percent; unknown for fewer than two
    /// contracts.
    pub dispersion: Option<Amount>,
    /// Mean 24-hour range, (high − low) / last, percent; unknown when much of the market does not
    /// tell its range.
    pub average_range: Option<Amount>,
    /// 1.4826 × the median distance of the 24-hour changes from their median, percent: what the
    /// deviation would be of a bell curve, and one contract that leapt does not move it. Unknown
    /// for fewer than two contracts.
    #[serde(default)]
    pub robust_dispersion: Option<Amount>,
    /// 50 + 50·(up − down)/(up + down); unknown when nothing moved.
    pub trend_strength: Option<Score>,
    /// Standard deviation of Bitcoin's daily log returns over 30 days, percent.
    pub btc_daily_volatility: Option<Amount>,
    /// The same for a year, percent.
    pub btc_volatility: Option<Amount>,
}
