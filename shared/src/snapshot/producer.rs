//! Who assembled a snapshot. The producer decides which venues and sections it may contain
//! ([`crate::validate`]), and its name is what clients read as the data source.

use serde::{Deserialize, Serialize};

/// Who assembled a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Producer {
    /// The origin, with every source at hand.
    Origin,
    /// An edge that went to Bybit itself.
    BybitDirect,
    /// An edge that could not use Bybit and went to another exchange; `tickers_source` says to
    /// which.
    SecondaryExchange,
}

impl Producer {
    crate::labels! {
        /// The word on the wire.
        pub const fn name(self) {
            Self::Origin => "origin",
            Self::BybitDirect => "bybit_direct",
            Self::SecondaryExchange => "secondary_exchange",
        }
    }
}
