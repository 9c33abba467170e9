//! The contracts without which there is no market: the outlier filter, the analysis and the
//! validation boundary all treat their absence or jump as a fault of the whole table.

/// Bitcoin's contract: every overview has its price, and betas are measured against it.
pub const BITCOIN: &str = "BTCUSDT";

/// Ether's contract, which every venue lists beside Bitcoin's.
pub const ETHER: &str = "ETHUSDT";

/// Both.
pub const MAJORS: [&str; 2] = [BITCOIN, ETHER];
