//! Funding rates of any interval, normalised to eight hours, so that contracts that pay every hour
//! compare with those that pay three times a day.

use shared::market::positioning::Funding;
use shared::snapshot::contracts::FUNDING_PERIOD_HOURS;
use shared::units::HOUR_MS;

/// The longest funding interval. A longer time between two fundings means that one is missing.
const LONGEST_INTERVAL_MS: u64 = 8 * HOUR_MS;

/// A paid funding as a fraction per 8 hours, by the time since the one before; `None` when one
/// between the two is missing.
#[must_use]
pub fn rate_8h(before: &Funding, funding: &Funding) -> Option<f64> {
    let interval_ms = funding.time_ms.millis_since(before.time_ms);
    let period_ms = FUNDING_PERIOD_HOURS * HOUR_MS as f64;
    // From 1: two rows of the same moment have no interval to divide by.
    (1..=LONGEST_INTERVAL_MS)
        .contains(&interval_ms)
        .then(|| funding.rate * period_ms / interval_ms as f64)
}

/// All fundings of a history as fractions per 8 hours, oldest first. The first, and one after a
/// gap, have no known interval and are left out.
pub fn paid_8h(history: &[Funding]) -> impl Iterator<Item = f64> {
    let pairs = history.iter().zip(history.iter().skip(1));
    pairs.filter_map(|(before, funding)| rate_8h(before, funding))
}
