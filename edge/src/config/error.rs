//! Why a setting cannot be used. Each names its variable, and quotes the value unless it is a
//! secret.

use shared::freshness::LimitsOutOfOrder;
use shared::headers::bearer::BadSecret;

/// A variable that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable without a default is not set.
    #[error("{variable} is not set")]
    Missing {
        /// The variable.
        variable: &'static str,
    },
    /// A value of the wrong kind.
    #[error("{variable} is {value:?}, which is not {expected}")]
    Unusable {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A secret that is too weak or malformed; its value is not quoted.
    #[error("{variable} (not shown, for it is a secret): {reason}")]
    Secret {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        reason: BadSecret,
    },
    /// A secret that would be sent unencrypted.
    #[error(
        "ORIGIN_URL is {origin_url:?}, over which ORIGIN_SECRET would go unencrypted: use https, or unset the secret"
    )]
    Unencrypted {
        /// Where it would go.
        origin_url: String,
    },
    /// Age limits that do not ascend.
    #[error("REFRESH_AFTER_S, FRESH_S, AGING_S, STALE_S: {0}")]
    Limits(#[from] LimitsOutOfOrder),
}
