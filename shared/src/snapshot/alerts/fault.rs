//! Why a section of alerts may not be published, and the bound on their number.

/// The most alerts that are kept.
pub const MAX_ALERTS: usize = 100;

/// Why a section may not be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlertFault {
    /// More alerts than are kept.
    #[error("more than {MAX_ALERTS} alerts")]
    TooMany,
    /// A symbol that is none.
    #[error("an alert's symbol is malformed")]
    MalformedSymbol,
    /// A symbol where none belongs, or none where one does.
    #[error("an alert has a symbol that it should not have, or lacks one")]
    MisplacedSymbol,
    /// Numbers that do not reach the threshold that the alert says they did.
    #[error("an alert's numbers give no reason for it")]
    NoReason,
    /// Alerts that are not newest first.
    #[error("the alerts are not newest first")]
    OutOfOrder,
    /// The same alert twice.
    #[error("an alert stands twice")]
    Repeated,
}

impl AlertFault {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(self) {
            Self::TooMany => "alerts_too_many",
            Self::MalformedSymbol => "alerts_malformed_symbol",
            Self::MisplacedSymbol => "alerts_misplaced_symbol",
            Self::NoReason => "alerts_no_reason",
            Self::OutOfOrder => "alerts_out_of_order",
            Self::Repeated => "alerts_repeated",
        }
    }
}
