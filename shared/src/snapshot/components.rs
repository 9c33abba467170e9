//! The scores of the six dimensions.

use crate::units::Score;
use serde::{Deserialize, Serialize};

/// The six dimensions of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Components {
    /// Indicators on candles.
    pub technical: Option<Score>,
    /// Volume.
    pub volume: Option<Score>,
    /// Trades.
    pub orderflow: Option<Score>,
    /// The book.
    pub orderbook: Option<Score>,
    /// Structure of prices.
    pub price_structure: Option<Score>,
    /// Funding and positioning.
    pub sentiment: Option<Score>,
}

impl Components {
    /// Whether no dimension is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let all = [
            self.technical,
            self.volume,
            self.orderflow,
            self.orderbook,
            self.price_structure,
            self.sentiment,
        ];
        all.iter().all(Option::is_none)
    }
}
