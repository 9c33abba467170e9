//! The contracts without which there is no market.

/// The symbol without which there is no market overview.
pub const BITCOIN: &str = "BTCUSDT";

/// The contract that every market has beside Bitcoin's.
pub const ETHER: &str = "ETHUSDT";

/// Both.
pub const MAJORS: [&str; 2] = [BITCOIN, ETHER];
