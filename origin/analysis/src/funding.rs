//! Funding rates of any interval, brought to eight hours.

use crate::market::positioning::Funding;

/// The period to which funding rates are normalised, hours. Most contracts pay every four, so bare
/// rates do not compare.
pub const FUNDING_PERIOD_HOURS: f64 = 8.0;

const HOUR_MS: u64 = 3_600_000;

/// The longest time between fundings. Where more lies between two, one is missing.
const LONGEST_INTERVAL_MS: u64 = 8 * HOUR_MS;

/// What was paid, as a fraction per 8 hours, by the time since the payment before; nothing where one
/// between the two is missing.
#[must_use]
pub fn rate_8h(before: &Funding, funding: &Funding) -> Option<f64> {
    let interval_ms = funding.time_ms.millis_since(before.time_ms);
    let period_ms = FUNDING_PERIOD_HOURS * HOUR_MS as f64;
    (1..=LONGEST_INTERVAL_MS)
        .contains(&interval_ms)
        .then(|| funding.rate * period_ms / interval_ms as f64)
}
