//! The alerts that a log line can raise.

/// A state of the service that an operator should look at; the field `alert` of a log line names
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    /// Every source failed; clients get old data, marked.
    ServingLastKnownGood,
    /// The origin and Bybit failed; clients get a fallback exchange's data.
    ServingSecondaryExchange,
    /// Every source failed and nothing is left; clients get 503.
    ServingNothing,
    /// Answers are 500.
    Failing,
    /// Bybit turned this colo away.
    DirectPathBanned,
    /// The origin's figures and Bybit's own differ.
    DataDivergence,
}

impl Alert {
    shared::labels! {
        /// The name.
        pub const fn name(self) {
            Self::ServingLastKnownGood => "serving_last_known_good",
            Self::ServingSecondaryExchange => "serving_secondary_exchange",
            Self::ServingNothing => "serving_nothing",
            Self::Failing => "failing",
            Self::DirectPathBanned => "direct_path_banned",
            Self::DataDivergence => "data_divergence",
        }
    }
}
