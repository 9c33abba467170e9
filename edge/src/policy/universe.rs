//! How long a list of contracts that count is used, and when a new one is fetched.

use super::time::is_within;
use shared::units::UnixMs;

/// From this age on the list of contracts is fetched again, beside the use of the old one.
const REFETCH_MS: u64 = 3_600_000;

/// The least time between two tries to renew it.
const RETRY_MS: u64 = 600_000;

/// Past this age the list of contracts is not used.
const MAX_MS: u64 = 24 * 3_600_000;

/// What to do for a list of contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UniverseUse {
    /// Use the one at hand.
    Use,
    /// Use the one at hand, and fetch a new one for next time.
    UseAndRefetch,
    /// Fetch one, and wait for it.
    Fetch,
}

/// What to do, by the time of the youngest list at hand and of the last try to renew one.
#[must_use]
pub fn universe_use(as_of: Option<UnixMs>, tried: Option<UnixMs>, now: UnixMs) -> UniverseUse {
    let tried = tried.is_some_and(|tried| is_within(tried, now, RETRY_MS));
    match as_of.map(|as_of| now.millis_since(as_of)) {
        Some(age_ms) if age_ms <= REFETCH_MS => UniverseUse::Use,
        Some(age_ms) if age_ms <= MAX_MS && tried => UniverseUse::Use,
        Some(age_ms) if age_ms <= MAX_MS => UniverseUse::UseAndRefetch,
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
        assert_eq!(at(3_600_001), UniverseUse::UseAndRefetch);
        assert_eq!(at(86_400_000), UniverseUse::UseAndRefetch);
        assert_eq!(at(86_400_001), UniverseUse::Fetch);
        assert_eq!(universe_use(None, None, NOW), UniverseUse::Fetch);
    }

    #[test]
    fn a_renewal_that_failed_is_not_tried_at_once_again() {
        let tried = |tried_ms, age_ms| universe_use(Some(ago(age_ms)), Some(ago(tried_ms)), NOW);
        assert_eq!(tried(599_999, 4_000_000), UniverseUse::Use);
        assert_eq!(tried(600_000, 4_000_000), UniverseUse::UseAndRefetch);
        assert_eq!(tried(1, 90_000_000), UniverseUse::Fetch);
    }
}
