//! When the seeds were recorded, and about what. `scripts/fuzz --record` records them anew from the
//! simulated exchange.

use shared::units::UnixMs;

/// The contract that the seeds about one contract are about.
pub const SYMBOL: &str = "BTCUSDT";

/// The moment right after the seeds were recorded: the reader's clock in every property.
#[must_use]
pub fn now() -> UnixMs {
    let millis = include_str!("../seeds/recorded_at_ms").trim().parse();
    UnixMs::from_millis(millis.expect("the file holds Unix milliseconds"))
}
