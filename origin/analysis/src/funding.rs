//! Funding rates of any interval, brought to eight hours.

use shared::analysis::perps::FUNDING_PERIOD_HOURS;
use shared::market::positioning::Funding;
use shared::units::HOUR_MS;

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

/// Every payment of a history as a fraction per 8 hours, oldest first. The first has none before it,
/// so it is left out, as is one after a gap.
pub fn paid_8h(history: &[Funding]) -> impl Iterator<Item = f64> {
    let pairs = history.iter().zip(history.iter().skip(1));
    pairs.filter_map(|(before, funding)| rate_8h(before, funding))
}
