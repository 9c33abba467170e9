//! The last step of every call: a snapshot passes the validation boundary, and is then refused or
//! taken by its age and coverage. Whatever the source, there is no other way to a [`ValidSnapshot`]
//! here.

use super::exchange_error::ExchangeError;
use super::outcome::{Refused, UnusableSnapshot};
use crate::policy;
use shared::freshness::Limits;
use shared::provenance::Feed;
use shared::snapshot::Snapshot;
use shared::units::{Fraction, UnixMs};
use shared::validate::{Baseline, ValidSnapshot};
use std::rc::Rc;

/// Refuses a valid snapshot that does not end the search ([`policy::check_usable`]); one that is
/// merely old or thin stays a candidate.
pub(super) fn require_usable<E: From<UnusableSnapshot>>(
    snapshot: ValidSnapshot,
    now: UnixMs,
    limits: &Limits,
) -> Result<ValidSnapshot, Refused<E>> {
    let as_of = snapshot.get().as_of_ms;
    let coverage = relevant_coverage(&snapshot);
    match policy::check_usable(as_of, coverage, now, limits) {
        Ok(()) => Ok(snapshot),
        Err(reason) => {
            // Below this even a last resort would mislead: it would show a part as the market.
            let candidate = (coverage.get() >= policy::LEAST_COVERAGE).then(|| Rc::new(snapshot));
            Err(Refused {
                error: UnusableSnapshot { reason, as_of }.into(),
                candidate,
            })
        }
    }
}

/// The share of the listed contracts that are priced. A replay joins a ticker table and a list of
/// contracts that were recorded years apart, so its coverage says nothing; it is marked on every
/// answer.
fn relevant_coverage(snapshot: &ValidSnapshot) -> Fraction {
    match snapshot.get().tickers_source.feed {
        Feed::Replayed => Fraction::saturating(1.0),
        Feed::Live | Feed::Simulated => snapshot.coverage(),
    }
}

/// What the held snapshot lets us expect of the next one. One that is too old to be shown expects
/// nothing: contracts come and go.
pub(super) fn baseline(held: Option<&ValidSnapshot>, now: UnixMs, limits: &Limits) -> Baseline {
    let servable = held
        .map(ValidSnapshot::get)
        .filter(|held| limits.classify(held.as_of_ms, now).is_some());
    servable.map_or_else(Baseline::default, Baseline::after)
}

/// Admits what was assembled here, and requires it to be usable.
pub(super) fn admit(
    snapshot: Snapshot,
    held: Option<&ValidSnapshot>,
    now: UnixMs,
    limits: &Limits,
) -> Result<ValidSnapshot, Refused<ExchangeError>> {
    // Checked against what is held, as a snapshot from outside would be.
    let admitted = ValidSnapshot::admit(snapshot, now, baseline(held, now, limits));
    require_usable(admitted.map_err(ExchangeError::from)?, now, limits)
}
