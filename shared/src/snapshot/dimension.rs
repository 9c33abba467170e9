//! The six dimensions of a score and the weight of each before parts of one measurement are merged
//! ([`crate::analysis::scores::weights`]).

use super::components::Components;
use crate::units::Score;
use serde::{Deserialize, Serialize};

/// One of the six views from which a contract is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Indicators on candles.
    Technical,
    /// Volume.
    Volume,
    /// Trades.
    Orderflow,
    /// The book.
    Orderbook,
    /// Structure of prices.
    PriceStructure,
    /// Funding and positioning.
    Sentiment,
}

impl Dimension {
    /// Every dimension, in the order of the contract.
    pub const ALL: [Self; 6] = [
        Self::Technical,
        Self::Volume,
        Self::Orderflow,
        Self::Orderbook,
        Self::PriceStructure,
        Self::Sentiment,
    ];

    /// The weight in percent: whole numbers, so that their sum is exact.
    const fn percent(self) -> u32 {
        // Whole percents, so that the sum can be checked exactly when this is compiled.
        match self {
            Self::Technical => 10,
            Self::Volume => 18,
            Self::Orderflow => 30,
            Self::Orderbook => 20,
            Self::PriceStructure => 15,
            Self::Sentiment => 7,
        }
    }

    /// The share of the score; the six sum to 1.
    #[must_use]
    pub const fn weight(self) -> f64 {
        self.percent() as f64 / 100.0
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Technical => "technical",
            Self::Volume => "volume",
            Self::Orderflow => "orderflow",
            Self::Orderbook => "orderbook",
            Self::PriceStructure => "price_structure",
            Self::Sentiment => "sentiment",
        }
    }

    /// The name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Technical => "Technical",
            Self::Volume => "Volume",
            Self::Orderflow => "Order flow",
            Self::Orderbook => "Order book",
            Self::PriceStructure => "Price structure",
            Self::Sentiment => "Sentiment",
        }
    }

    /// This dimension's score among the six.
    #[must_use]
    pub const fn of(self, components: &Components) -> Option<Score> {
        match self {
            Self::Technical => components.technical,
            Self::Volume => components.volume,
            Self::Orderflow => components.orderflow,
            Self::Orderbook => components.orderbook,
            Self::PriceStructure => components.price_structure,
            Self::Sentiment => components.sentiment,
        }
    }
}

// A sum other than 100 would stretch every score, and no test of a single score would show it.
const _: () = {
    let mut sum = 0;
    let mut rest: &[Dimension] = &Dimension::ALL;
    while let [first, tail @ ..] = rest {
        sum += first.percent();
        rest = tail;
    }
    assert!(sum == 100, "the weights of the dimensions must sum to 1");
};
