//! A snapshot that another server of ours hands over: the origin, or the direct Worker. It passes
//! the validation boundary like anything from outside.

use super::admission::{baseline, require_usable};
use super::fetch::Answer;
use super::fetch_error::FetchError;
use super::outcome::{AttemptFailure, Health, Refused, UnusableSnapshot};
use crate::clock;
use crate::policy::Unusable;
use shared::freshness::{Freshness, Limits, is_from_the_future};
use shared::headers::DATA_AS_OF;
use shared::snapshot::Snapshot;
use shared::units::UnixMs;
use shared::validate::{Inadmissible, ValidSnapshot};

/// The largest snapshot that is read, bytes: seven times that of a hundred contracts, and enough for
/// the most that an origin can be told to monitor.
const MAX_BYTES: usize = 4_000_000;

/// Why a handover does not end the search.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HandoverError {
    /// No body.
    #[error("{0}")]
    Fetch(#[from] FetchError),
    /// A body that is no valid snapshot.
    #[error("{0}")]
    Inadmissible(#[from] Inadmissible),
    /// A valid snapshot that is not good enough.
    #[error("{0}")]
    Unusable(#[from] UnusableSnapshot),
}

impl HandoverError {
    /// The failure as it is reported.
    #[must_use]
    pub fn to_failure(&self) -> AttemptFailure {
        let (outcome, proxy_error, received_status, as_of) = match self {
            Self::Fetch(error) => (
                error.label(),
                error.proxy_error(),
                error.received_status(),
                None,
            ),
            Self::Inadmissible(error) => (error.label().to_owned(), None, Some(200), None),
            Self::Unusable(unusable) => (
                unusable.reason.label().to_owned(),
                None,
                Some(200),
                Some(unusable.as_of),
            ),
        };
        AttemptFailure {
            outcome,
            message: self.to_string(),
            proxy_error,
            received_status,
            as_of,
        }
    }

    /// What this says of the server: one whose data is old works.
    #[must_use]
    pub const fn health(&self) -> Health {
        match self {
            Self::Fetch(_) | Self::Inadmissible(_) => Health::Fails,
            Self::Unusable(_) => Health::Works,
        }
    }
}

/// Reads the snapshot in an answer, admits it with what `add` adds, and requires it to be usable.
///
/// # Errors
/// [`Refused`] when it does not end the search.
pub async fn read(
    answer: Answer<'_>,
    held: Option<&ValidSnapshot>,
    limits: &Limits,
    add: impl FnOnce(Snapshot, UnixMs) -> Snapshot,
) -> Result<ValidSnapshot, Refused<HandoverError>> {
    // A snapshot is large, and its headers say whether it is worth parsing.
    if let Err(error) = worth_reading(&answer, held, limits) {
        answer.discard();
        return Err(error.into());
    }
    let body = answer.body(MAX_BYTES).await.map_err(HandoverError::from)?;
    // After the body: its time is that of receipt, and the validation boundary compares with it.
    let now = clock::now();
    let read = ValidSnapshot::from_json_with(&body, now, baseline(held, now, limits), |snapshot| {
        add(snapshot, now)
    });
    require_usable(read.map_err(HandoverError::from)?, now, limits)
}

/// Refuses by the headers what need not be read: no JSON, or data that is old and no younger than
/// what is held.
fn worth_reading(
    answer: &Answer<'_>,
    held: Option<&ValidSnapshot>,
    limits: &Limits,
) -> Result<(), HandoverError> {
    answer.expect_json()?;
    let announced = answer
        .header(DATA_AS_OF)
        .and_then(|millis| millis.parse().ok())
        .map(UnixMs::from_millis);
    announced.map_or(Ok(()), |as_of| {
        not_too_old(
            as_of,
            held.map(|held| held.get().as_of_ms),
            clock::now(),
            limits,
        )
    })
}

/// Old data is read all the same if it is younger than what is held: it may become a candidate.
fn not_too_old(
    as_of: UnixMs,
    held: Option<UnixMs>,
    now: UnixMs,
    limits: &Limits,
) -> Result<(), HandoverError> {
    // Left to the validation boundary, which refuses it by its own name.
    if is_from_the_future(as_of, now) {
        return Ok(());
    }
    let may_serve = match limits.classify(as_of, now) {
        Some(Freshness::Fresh) => true,
        Some(Freshness::Aging | Freshness::Stale) => held.is_none_or(|held| as_of > held),
        // Past the last limit it may never be shown, not even as a candidate.
        None => false,
    };
    let reason = Unusable::Stale {
        age_ms: now.millis_since(as_of),
    };
    if may_serve {
        Ok(())
    } else {
        Err(UnusableSnapshot { reason, as_of }.into())
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
    fn check(announced_age_ms: u64, held_age_ms: Option<u64>, worth: bool) {
        let result = not_too_old(
            ago(announced_age_ms),
            held_age_ms.map(ago),
            NOW,
            &Limits::DEFAULT,
        );
        let reason = Unusable::Stale {
            age_ms: announced_age_ms,
        };
        let refused = HandoverError::Unusable(UnusableSnapshot {
            reason,
            as_of: ago(announced_age_ms),
        });
        assert_eq!(result, if worth { Ok(()) } else { Err(refused) });
    }

    #[test]
    fn old_data_is_read_only_when_it_is_younger_than_what_is_held() {
        check(1_000, Some(0), true);
        check(100_000, None, true);
        check(100_000, Some(200_000), true);
        check(100_000, Some(100_000), false);
        check(100_000, Some(50_000), false);
        check(600_000, None, false);
    }
}
