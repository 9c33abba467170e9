//! The perpetuals as a whole: what holding costs, who holds, and how far perpetuals are from spot.
//!
//! Every figure is optional, because spot venues have none of them and each needs most of the
//! market.

use crate::units::{Amount, Fraction, Percent, Share};
use serde::{Deserialize, Serialize};

/// Contango or backwardation of the perpetuals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "UPPERCASE")]
pub enum BasisStatus {
    /// Basis above 0.01 %.
    Contango,
    /// Basis below −0.01 %.
    Backwardation,
    /// In between.
    Neutral,
}

/// The perpetuals as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Perps {
    /// Turnover-weighted mean of the funding rates, each normalised to 8 hours, percent.
    pub funding_rate: Option<Percent>,
    /// Contracts in that mean.
    pub funding_contracts: Option<usize>,
    /// How unusual that rate is against its own history.
    pub funding_zscore: Option<f64>,
    /// Share of accounts that are long, percent.
    pub long_pct: Option<Share>,
    /// Share of accounts that are short, percent.
    pub short_pct: Option<Share>,
    /// −Σ p·log₂ p over long and short.
    pub ls_entropy: Option<Fraction>,
    /// One side's open interest, USD; unknown when much of the market does not tell it.
    pub total_open_interest: Option<Amount>,
    /// Contracts in that sum.
    pub open_interest_contracts: Option<usize>,
    /// Turnover-weighted mean of (mark − index) / index, percent.
    pub basis_pct: Option<Percent>,
    /// Contracts in that mean.
    pub basis_contracts: Option<usize>,
    /// What the basis means.
    pub basis_status: Option<BasisStatus>,
    /// Perpetual contracts that are counted; unknown where the tickers are those of a spot market.
    pub contract_count: Option<usize>,
    /// What those who hold positions pay: the mean of the funding rates weighted by open interest,
    /// percent per 8 hours.
    #[serde(default)]
    pub funding_paid: Option<Percent>,
    /// How unusual that rate is, see `analysis::positioning::unusual_funding`.
    #[serde(default)]
    pub funding_unusual: Option<f64>,
    /// The mean of (mark − index) / index weighted by open interest, percent.
    #[serde(default)]
    pub premium: Option<Percent>,
    /// How unusual the premium is against its own last day, see
    /// [`crate::analysis::premium::unusual_premium`].
    #[serde(default)]
    pub premium_unusual: Option<f64>,
}

impl Perps {
    /// Nothing known.
    pub const UNKNOWN: Self = Self {
        funding_rate: None,
        funding_contracts: None,
        funding_zscore: None,
        long_pct: None,
        short_pct: None,
        ls_entropy: None,
        total_open_interest: None,
        open_interest_contracts: None,
        basis_pct: None,
        basis_contracts: None,
        basis_status: None,
        contract_count: None,
        funding_paid: None,
        funding_unusual: None,
        premium: None,
        premium_unusual: None,
    };

    /// Whether nothing is known but how many contracts there are.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        // The counts are left out: a number of contracts alone is no information about perpetuals.
        self.funding_rate.is_none()
            && self.funding_zscore.is_none()
            && self.long_pct.is_none()
            && self.short_pct.is_none()
            && self.ls_entropy.is_none()
            && self.total_open_interest.is_none()
            && self.basis_pct.is_none()
            && self.basis_status.is_none()
            && self.funding_paid.is_none()
            && self.funding_unusual.is_none()
            && self.premium.is_none()
            && self.premium_unusual.is_none()
    }
}

/// Who pays funding to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Payer {
    /// The rate is positive: longs pay shorts.
    Longs,
    /// It is negative: shorts pay longs.
    Shorts,
}

impl Payer {
    /// By the sign of a rate; nothing where nobody pays.
    #[must_use]
    pub fn of(rate: Percent) -> Option<Self> {
        match rate.get() {
            rate if rate > 0.0 => Some(Self::Longs),
            rate if rate < 0.0 => Some(Self::Shorts),
            _ => None,
        }
    }
}
