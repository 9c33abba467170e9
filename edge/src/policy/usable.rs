//! Whether a valid snapshot ends a refresh, or another source is called for a better one.

use shared::freshness::{Freshness, Limits};
use shared::units::{Fraction, UnixMs};

/// The least share of the listed contracts that a source must price for the refresh to end with it.
/// Below it the table was probably truncated, and another source is called.
pub const MIN_COVERAGE: f64 = 0.8;

/// The least share that is shown, marked, when no other source has more.
pub const LEAST_COVERAGE: f64 = 0.5;

/// Why a valid snapshot is not good enough while another source can still be called.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Unusable {
    /// It is no longer fresh.
    #[error("the data is {age_ms} ms old")]
    Stale {
        /// Its age.
        age_ms: u64,
    },
    /// It prices a part of the market only.
    #[error("it prices {coverage} of the contracts, less than {MIN_COVERAGE}")]
    ThinCoverage {
        /// The share that it prices.
        coverage: f64,
    },
}

impl Unusable {
    shared::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(&self) {
            Self::Stale { .. } => "stale",
            Self::ThinCoverage { .. } => "thin_coverage",
        }
    }
}

/// Whether a source's snapshot ends the refresh. Only its tickers count: a fallback has neither
/// analysis nor the figures of the whole market.
///
/// # Errors
/// [`Unusable`] when another source should be called.
pub fn check_usable(
    as_of: UnixMs,
    coverage: Fraction,
    now: UnixMs,
    limits: &Limits,
) -> Result<(), Unusable> {
    if coverage.get() < MIN_COVERAGE {
        return Err(Unusable::ThinCoverage {
            coverage: coverage.get(),
        });
    }
    // Only fresh data: the next source may have it, and this stays as a candidate.
    match limits.classify(as_of, now) {
        Some(Freshness::Fresh) => Ok(()),
        _ => Err(Unusable::Stale {
            age_ms: now.millis_since(as_of),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn ago(ms: u64) -> UnixMs {
        UnixMs::from_millis(NOW.as_millis() - ms)
    }

    #[track_caller]
    fn check(age_ms: u64, coverage: f64, expected: Result<(), Unusable>) {
        assert_eq!(
            check_usable(
                ago(age_ms),
                Fraction::saturating(coverage),
                NOW,
                &Limits::DEFAULT
            ),
            expected
        );
    }

    #[test]
    fn only_fresh_data_of_enough_coverage_ends_the_search() {
        check(15_000, 0.8, Ok(()));
        check(15_001, 1.0, Err(Unusable::Stale { age_ms: 15_001 }));
        check(600_000, 1.0, Err(Unusable::Stale { age_ms: 600_000 }));
        check(0, 0.799, Err(Unusable::ThinCoverage { coverage: 0.799 }));
    }
}
