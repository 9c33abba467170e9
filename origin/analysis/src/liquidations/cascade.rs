//! How much was liquidated in the last minutes, beside what is usual.
//!
//! Five minutes of the whole market are compared with its own earlier five minutes, as far back as
//! was observed. Median and median distance are used, because a few cascades of the day must not
//! make the next one look usual.

use shared::analysis::means::{median, median_distance};
use shared::snapshot::alerts::{FEWEST_CASCADE_WINDOWS, LiquidationCascade};
use shared::snapshot::liquidations::{LIQUIDATION_DAY_MS, LiquidatedSides};
use shared::units::{Amount, MINUTE_MS};

/// The length of a window, milliseconds.
pub const CASCADE_WINDOW_MS: u64 = 5 * MINUTE_MS;

/// The last window, of which these are the sums, beside the ones before it; `None` while fewer than
/// [`FEWEST_CASCADE_WINDOWS`] of those were observed. `aged` has the age of each liquidation of the
/// day, milliseconds, and its value, USD.
pub(super) fn cascade(
    aged: impl Iterator<Item = (u64, f64)>,
    observed_ms: u64,
    sides: LiquidatedSides,
) -> Option<LiquidationCascade> {
    // The newest window is compared and is none of those before it.
    let windows = usize::try_from(observed_ms.min(LIQUIDATION_DAY_MS) / CASCADE_WINDOW_MS)
        .ok()?
        .checked_sub(1)?;
    if windows < FEWEST_CASCADE_WINDOWS {
        return None;
    }
    let mut totals = vec![0.0; windows];
    for (age_ms, value) in aged {
        // Far less than a usize: a window of a day.
        let earlier = ((age_ms / CASCADE_WINDOW_MS) as usize).checked_sub(1);
        if let Some(total) = earlier.and_then(|earlier| totals.get_mut(earlier)) {
            *total += value;
        }
    }
    let usual = median(&totals)?;
    Some(LiquidationCascade {
        sides,
        median_usd: Amount::new(usual).ok()?.rounded(2),
        mad_usd: Amount::new(median_distance(&totals, usual)?)
            .ok()?
            .rounded(2),
        windows,
    })
}
