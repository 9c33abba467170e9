//! How often the exchange may be asked from here. Its limits count per address, and many Workers share one.

use shared::units::UnixMs;

/// The least time between two direct refreshes of one isolate.
const DIRECT_INTERVAL_MS: u64 = 3_000;

/// The pause after a refusal that names the region or the address: the venue asks for ten minutes, and a region stays.
const LONG_PAUSE_MS: u64 = 600_000;

/// The pause after a refusal that names neither.
const SHORT_PAUSE_MS: u64 = 60_000;

/// From this age on the list of contracts is fetched again, beside the use of the old one.
const UNIVERSE_REFETCH_MS: u64 = 3_600_000;

/// The least time between two tries to renew it.
const UNIVERSE_RETRY_MS: u64 = 600_000;

/// Past this age the list of contracts is not used.
const UNIVERSE_MAX_MS: u64 = 24 * 3_600_000;

/// A way in which the exchange sends us away, as against failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The country is blocked.
    Region,
    /// The address asks too often, by the word of the network in front of the exchange.
    RateLimit,
    /// Forbidden, and not said why.
    Unexplained,
    /// Too many requests, by the word of the exchange itself.
    TooManyRequests {
        /// Its `Retry-After`.
        retry_after_secs: Option<u64>,
    },
}

impl Refusal {
    /// The word in outcomes.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Region => "paused_region",
            Self::RateLimit => "paused_rate_limit",
            Self::Unexplained => "paused_forbidden",
            Self::TooManyRequests { .. } => "paused_too_many_requests",
        }
    }

    fn pause_ms(self) -> u64 {
        match self {
            Self::Region | Self::RateLimit => LONG_PAUSE_MS,
            Self::Unexplained => SHORT_PAUSE_MS,
            Self::TooManyRequests { retry_after_secs } => {
                let asked_ms = retry_after_secs.unwrap_or(0).saturating_mul(1_000);
                asked_ms.clamp(SHORT_PAUSE_MS, LONG_PAUSE_MS)
            }
        }
    }
}

/// Why the exchange is not asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// It was asked a moment ago.
    #[error("the exchange was asked less than {DIRECT_INTERVAL_MS} ms ago")]
    Budget,
    /// It sent us away.
    #[error("the exchange sent us away: {}", .0.label())]
    Paused(Refusal),
}

impl Withheld {
    /// A label for metrics and machine-readable reasons.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Budget => "withheld_by_budget",
            Self::Paused(refusal) => refusal.label(),
        }
    }
}

/// What is known about direct calls of this isolate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DirectCalls {
    /// When the last one started.
    pub started: Option<UnixMs>,
    /// The last refusal, and when it came.
    pub refused: Option<(Refusal, UnixMs)>,
    /// When the list of contracts was last fetched beside the use of an old one.
    pub universe_tried: Option<UnixMs>,
}

fn within(moment: UnixMs, now: UnixMs, ms: u64) -> bool {
    // A mark that lies ahead of the clock counts for nothing: the clock was set back.
    moment <= now && now.millis_since(moment) < ms
}

impl DirectCalls {
    /// Whether the exchange may be asked at `now`.
    ///
    /// # Errors
    /// [`Withheld`] with the reason why not.
    pub fn may_start(&self, now: UnixMs) -> Result<(), Withheld> {
        match self.refused {
            Some((refusal, since)) if within(since, now, refusal.pause_ms()) => Err(Withheld::Paused(refusal)),
            _ if self.started.is_some_and(|started| within(started, now, DIRECT_INTERVAL_MS)) => Err(Withheld::Budget),
            _ => Ok(()),
        }
    }

    /// What to do for a list of contracts, by the time of the youngest one at hand.
    #[must_use]
    pub fn universe_use(&self, as_of: Option<UnixMs>, now: UnixMs) -> UniverseUse {
        let tried = self.universe_tried.is_some_and(|tried| within(tried, now, UNIVERSE_RETRY_MS));
        match as_of.map(|as_of| now.millis_since(as_of)) {
            Some(age_ms) if age_ms <= UNIVERSE_REFETCH_MS => UniverseUse::Use,
            Some(age_ms) if age_ms <= UNIVERSE_MAX_MS && tried => UniverseUse::Use,
            Some(age_ms) if age_ms <= UNIVERSE_MAX_MS => UniverseUse::UseAndRefetch,
            _ => UniverseUse::Fetch,
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);
    const NONE: DirectCalls = DirectCalls { started: None, refused: None, universe_tried: None };

    fn ago(ms: u64) -> UnixMs {
        UnixMs::from_millis(NOW.as_millis() - ms)
    }

    #[track_caller]
    fn check(calls: DirectCalls, expected: Result<(), Withheld>) {
        assert_eq!(calls.may_start(NOW), expected, "for {calls:?}");
    }

    #[test]
    fn one_direct_refresh_per_three_seconds() {
        check(NONE, Ok(()));
        check(DirectCalls { started: Some(ago(2_999)), ..NONE }, Err(Withheld::Budget));
        check(DirectCalls { started: Some(ago(3_000)), ..NONE }, Ok(()));
    }

    #[track_caller]
    fn check_pause(refusal: Refusal, pause_ms: u64) {
        let refused = |ms| DirectCalls { started: Some(ago(ms)), refused: Some((refusal, ago(ms))), ..NONE };
        check(refused(pause_ms - 1), Err(Withheld::Paused(refusal)));
        check(refused(pause_ms), Ok(()));
    }

    #[test]
    fn who_is_sent_away_stays_away() {
        check_pause(Refusal::Region, 600_000);
        check_pause(Refusal::RateLimit, 600_000);
        check_pause(Refusal::Unexplained, 60_000);
        check_pause(Refusal::TooManyRequests { retry_after_secs: None }, 60_000);
        check_pause(Refusal::TooManyRequests { retry_after_secs: Some(90) }, 90_000);
        check_pause(Refusal::TooManyRequests { retry_after_secs: Some(u64::MAX) }, 600_000);
    }

    #[test]
    fn a_clock_that_was_set_back_ends_the_pause() {
        let ahead = NOW.plus_millis(3_600_000);
        check(DirectCalls { started: Some(ahead), refused: Some((Refusal::Region, ahead)), ..NONE }, Ok(()));
    }

    #[test]
    fn a_list_of_contracts_is_used_for_a_day_and_renewed_after_an_hour() {
        let at = |ms| NONE.universe_use(Some(ago(ms)), NOW);
        assert_eq!(at(3_600_000), UniverseUse::Use);
        assert_eq!(at(3_600_001), UniverseUse::UseAndRefetch);
        assert_eq!(at(86_400_000), UniverseUse::UseAndRefetch);
        assert_eq!(at(86_400_001), UniverseUse::Fetch);
        assert_eq!(NONE.universe_use(None, NOW), UniverseUse::Fetch);
    }

    #[test]
    fn a_renewal_that_failed_is_not_tried_at_once_again() {
        let tried = |ms| DirectCalls { universe_tried: Some(ago(ms)), ..NONE };
        assert_eq!(tried(599_999).universe_use(Some(ago(4_000_000)), NOW), UniverseUse::Use);
        assert_eq!(tried(600_000).universe_use(Some(ago(4_000_000)), NOW), UniverseUse::UseAndRefetch);
        assert_eq!(tried(1).universe_use(Some(ago(90_000_000)), NOW), UniverseUse::Fetch);
    }
}
