//! How long a list of contracts (the universe of a venue) is used, and when it is fetched again:
//! stale-while-revalidate, for a list changes rarely and fetching one takes pages.

use super::time::is_within;
use shared::units::UnixMs;

/// From this age on the list is revalidated while the old one is used, milliseconds.
const REVALIDATE_MS: u64 = 3_600_000;

/// The least time between two revalidations, milliseconds.
const RETRY_MS: u64 = 600_000;

/// Past this age the list is not used, milliseconds.
const MAX_MS: u64 = 24 * 3_600_000;

/// What to do for a list of contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UniverseUse {
    /// Use the one at hand.
    Use,
    /// Use the one at hand, and fetch a new one afterwards.
    UseAndRevalidate,
    /// Fetch one first.
    Fetch,
}

/// What to do, by the time of the youngest list at hand and of the last revalidation.
#[must_use]
pub fn universe_use(as_of: Option<UnixMs>, tried: Option<UnixMs>, now: UnixMs) -> UniverseUse {
    let tried = tried.is_some_and(|tried| is_within(tried, now, RETRY_MS));
    match as_of.map(|as_of| now.millis_since(as_of)) {
        Some(age_ms) if age_ms <= REVALIDATE_MS => UniverseUse::Use,
        // A failed revalidation is not repeated by every refresh.
        Some(age_ms) if age_ms <= MAX_MS && tried => UniverseUse::Use,
        Some(age_ms) if age_ms <= MAX_MS => UniverseUse::UseAndRevalidate,
        _ => UniverseUse::Fetch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn ago(ms: u64) -> UnixMs {
        UnixMs::from_millis(NOW.as_millis() - ms)
    }

    #[test]
    fn a_list_of_contracts_is_used_for_a_day_and_renewed_after_an_hour() {
        let at = |ms| universe_use(Some(ago(ms)), None, NOW);
        assert_eq!(at(3_600_000), UniverseUse::Use);
        assert_eq!(at(3_600_001), UniverseUse::UseAndRevalidate);
        assert_eq!(at(86_400_000), UniverseUse::UseAndRevalidate);
        assert_eq!(at(86_400_001), UniverseUse::Fetch);
        assert_eq!(universe_use(None, None, NOW), UniverseUse::Fetch);
    }

    #[test]
    fn a_renewal_that_failed_is_not_tried_at_once_again() {
        let tried = |tried_ms, age_ms| universe_use(Some(ago(age_ms)), Some(ago(tried_ms)), NOW);
        assert_eq!(tried(599_999, 4_000_000), UniverseUse::Use);
        assert_eq!(tried(600_000, 4_000_000), UniverseUse::UseAndRevalidate);
        assert_eq!(tried(1, 90_000_000), UniverseUse::Fetch);
    }
}
