//! How long caches may keep an answer, by the age of its data.
//!
//! Invariant: no cache that keeps the rules serves data past its fresh limit without revalidation.
//! All lifetimes count from the data time (`Age`), not from the time of the answer.

use super::names::NO_STORE;
use crate::freshness::{Freshness, Limits};
use crate::units::UnixMs;
use std::borrow::Cow;

/// `max-age` of fresh data, seconds of data age, and the further window in which it may be used
/// while it is revalidated. Both are shortened where the fresh limit leaves less room.
const MAX_AGE_S: u64 = 5;

const WINDOW_S: u64 = 10;

/// `Cache-Control` of a body of this class.
///
/// Caches count from `Age`, which is the data's own. `max-age` plus either window stays within the
/// fresh limit, so no cache that keeps the rules can serve old data unmarked. `s-maxage` and
/// `must-revalidate` are left out on purpose: they switch both windows off in some caches.
#[must_use]
pub fn cache_control(class: Freshness, limits: &Limits) -> Cow<'static, str> {
    match class {
        Freshness::Fresh => {
            let fresh = limits.fresh_ms / 1_000;
            let max_age = fresh.min(MAX_AGE_S);
            let window = fresh.saturating_sub(max_age).min(WINDOW_S);
            // Both windows, so that neither a slow origin nor a failing one makes a client wait.
            format!("max-age={max_age}, stale-while-revalidate={window}, stale-if-error={window}")
                .into()
        }
        // May be stored but is revalidated at each use, which costs a 304 and no body.
        Freshness::Aging => "no-cache".into(),
        // A stored copy would be served after a source has recovered.
        Freshness::Stale => NO_STORE.into(),
    }
}

/// Seconds of data age, rounded up so that no cache takes data for younger than it is.
#[must_use]
pub const fn age_secs(as_of: UnixMs, now: UnixMs) -> u64 {
    now.millis_since(as_of).div_ceil(1_000)
}

/// Seconds until data of this age is no longer fresh; negative when that is past.
#[must_use]
pub fn ttl_secs(as_of: UnixMs, now: UnixMs, limits: &Limits) -> i64 {
    // Rounded down, as the age is rounded up: both errors are on the safe side.
    let fresh = i64::try_from(limits.fresh_ms / 1_000).unwrap_or(i64::MAX);
    let age = i64::try_from(age_secs(as_of, now)).unwrap_or(i64::MAX);
    fresh.saturating_sub(age)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    #[test]
    fn age_is_rounded_up_and_never_negative() {
        let aged = |ms| age_secs(UnixMs::from_millis(NOW.as_millis() - ms), NOW);
        assert_eq!((aged(0), aged(1), aged(1_000), aged(1_001)), (0, 1, 1, 2));
        assert_eq!(age_secs(NOW.plus_millis(4_000), NOW), 0);
    }

    #[test]
    fn the_remaining_life_goes_below_zero() {
        let ttl = |ms| {
            ttl_secs(
                UnixMs::from_millis(NOW.as_millis() - ms),
                NOW,
                &Limits::DEFAULT,
            )
        };
        assert_eq!((ttl(2_000), ttl(110_000)), (13, -95));
    }

    #[track_caller]
    fn check_fresh(fresh_ms: u64, max_age: u64, window: u64) {
        let limits = Limits {
            refresh_after_ms: 0,
            fresh_ms,
            ..Limits::DEFAULT
        };
        let expected =
            format!("max-age={max_age}, stale-while-revalidate={window}, stale-if-error={window}");
        assert_eq!(
            cache_control(Freshness::Fresh, &limits),
            expected,
            "{fresh_ms} ms"
        );
        assert!((max_age + window) * 1_000 <= fresh_ms, "{fresh_ms} ms");
    }

    #[test]
    fn no_cache_can_keep_fresh_data_past_the_fresh_limit() {
        check_fresh(Limits::DEFAULT.fresh_ms, 5, 10);
        check_fresh(86_400_000, 5, 10);
        check_fresh(14_999, 5, 9);
        check_fresh(6_000, 5, 1);
        check_fresh(5_000, 5, 0);
        check_fresh(2_000, 2, 0);
        check_fresh(999, 0, 0);
        check_fresh(0, 0, 0);
    }

    #[test]
    fn every_lifetime_is_in_token_form_and_lets_no_cache_keep_what_is_marked() {
        for class in Freshness::ALL {
            for directive in cache_control(class, &Limits::DEFAULT).split(", ") {
                let (name, value) = directive
                    .split_once('=')
                    .map_or((directive, None), |(name, value)| (name, Some(value)));
                assert!(
                    name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                    "{directive}"
                );
                assert!(
                    value.is_none_or(|value| value.parse::<u32>().is_ok()),
                    "{directive}"
                );
                // The last four switch both windows off, or let a shared cache live by another
                // lifetime.
                for bad in [
                    "public",
                    "s-maxage",
                    "must-revalidate",
                    "proxy-revalidate",
                    "immutable",
                ] {
                    assert_ne!(name, bad);
                }
            }
        }
        assert_eq!(
            cache_control(Freshness::Aging, &Limits::DEFAULT),
            "no-cache"
        );
        assert_eq!(
            cache_control(Freshness::Stale, &Limits::DEFAULT),
            "no-store"
        );
    }
}
