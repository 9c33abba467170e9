//! Figures of the monitored contracts' candles: how much they trend, how volatile they are, and how
//! many beat Bitcoin.
//!
//! Each figure carries the number of its contracts, and is checked to be possible for that number.

use crate::units::{Amount, Score, Share};
use serde::{Deserialize, Serialize};

/// Days over which [`Statistics::altcoin_share`] compares.
pub const SEASON_DAYS: u64 = 90;

/// The most contracts that are counted in [`Statistics::altcoin_share`].
pub const SEASON_CONTRACTS: usize = 50;

/// A figure, and how many contracts it is of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counted<T> {
    /// The figure.
    pub value: T,
    /// The contracts.
    pub contracts: usize,
}

/// How far prices stray within a day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RealisedVolatility {
    /// Over the last 24 hours, percent a day.
    pub day: Amount,
    /// The mean of the same over the last 30 days, of the same contracts.
    pub month: Amount,
}

/// Figures of the monitored contracts' candles. Each is unknown while too few contracts tell it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Turnover-weighted mean of the ADX(14) of closed four-hour candles, 0–100: how much prices
    /// trend, whichever way.
    pub trend_adx: Option<Counted<Score>>,
    /// Turnover-weighted mean of each contract's own: the standard deviation of its hourly log
    /// returns × √24.
    pub realised_volatility: Option<Counted<RealisedVolatility>>,
    /// The share of the contracts other than Bitcoin's whose return over [`SEASON_DAYS`] days is
    /// above Bitcoin's, percent.
    pub altcoin_share: Option<Counted<Share>>,
}

/// Why statistics may not be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatisticsFault {
    /// No figure.
    #[error("no figure is known")]
    Empty,
    /// A figure that is of no contract.
    #[error("a figure is of no contract")]
    OfNothing,
    /// More contracts than are compared.
    #[error("more than {SEASON_CONTRACTS} contracts are compared with Bitcoin")]
    TooManyContracts,
    /// A share that so many contracts cannot make.
    #[error("the share of contracts that beat Bitcoin is none of so many contracts")]
    Contradicted,
}

impl StatisticsFault {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(self) {
            Self::Empty => "statistics_empty",
            Self::OfNothing => "statistics_of_nothing",
            Self::TooManyContracts => "statistics_too_many_contracts",
            Self::Contradicted => "statistics_contradicted",
        }
    }
}

impl Statistics {
    /// Whether the section may be published.
    ///
    /// # Errors
    /// The first [`StatisticsFault`].
    pub fn check(&self) -> Result<(), StatisticsFault> {
        let contracts = [
            self.trend_adx.map(|figure| figure.contracts),
            self.realised_volatility.map(|figure| figure.contracts),
            self.altcoin_share.map(|figure| figure.contracts),
        ];
        if contracts.iter().all(Option::is_none) {
            return Err(StatisticsFault::Empty);
        }
        if contracts.contains(&Some(0)) {
            return Err(StatisticsFault::OfNothing);
        }
        let Some(Counted { value, contracts }) = self.altcoin_share else {
            return Ok(());
        };
        if contracts > SEASON_CONTRACTS {
            return Err(StatisticsFault::TooManyContracts);
        }
        let beaten = value.get() / 100.0 * contracts as f64;
        // A share is rounded to two decimals: of at most 50 contracts that is far less than one.
        if (beaten - beaten.round()).abs() > 0.01 {
            Err(StatisticsFault::Contradicted)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Statistics = Statistics {
        trend_adx: None,
        realised_volatility: None,
        altcoin_share: None,
    };

    fn season(share: f64, contracts: usize) -> Statistics {
        Statistics {
            altcoin_share: Some(Counted {
                value: Share::new(share).unwrap(),
                contracts,
            }),
            ..NOTHING
        }
    }

    #[test]
    fn what_is_of_nothing_or_of_no_whole_contracts_is_not_published() {
        assert_eq!(season(66.67, 3).check(), Ok(()));
        assert_eq!(season(0.0, 50).check(), Ok(()));
        assert_eq!(NOTHING.check(), Err(StatisticsFault::Empty));
        assert_eq!(season(0.0, 0).check(), Err(StatisticsFault::OfNothing));
        assert_eq!(
            season(50.0, 52).check(),
            Err(StatisticsFault::TooManyContracts)
        );
        assert_eq!(season(50.0, 3).check(), Err(StatisticsFault::Contradicted));
    }
}
