//! What comes of one call to one upstream, as the search takes it.

use super::report::Via;
use crate::clock;
use crate::policy::Denied;
use crate::upstream::{Assembled, Attempt, AttemptFailure, ExchangeError, Refused};
use shared::market::Universe;
use shared::provenance::Venue;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::rc::Rc;

/// What came of a call.
#[derive(Debug)]
pub(super) struct CallOutcome {
    /// What is reported of it: one attempt per host.
    pub(super) attempts: Vec<Attempt>,
    /// The data, or why there is none.
    pub(super) found: Result<Found, NotFound>,
    /// Whether the direct Worker answered, which has called the other exchanges as well.
    pub(super) covers_others: bool,
}

/// Data that ends the search, and what is still to be done.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) via: Via,
    pub(super) snapshot: Rc<ValidSnapshot>,
    pub(super) universe: UniverseTask,
}

/// What is to be done about the list of contracts once the answer is out.
#[derive(Debug)]
pub(super) enum UniverseTask {
    Nothing,
    /// It was fetched for this call: store it for the colo.
    Store(Rc<Universe>),
    /// This one was used and is no longer young: fetch another.
    Renew(Rc<Universe>),
}

/// Why a call brought no data that ends the search.
#[derive(Debug)]
pub(super) enum NotFound {
    /// It was not made for lack of budget; nothing is known against the upstream.
    OverBudget,
    /// It failed, or was denied for past failures; with valid data that is merely old, where there
    /// is such.
    Failed(Option<Rc<ValidSnapshot>>),
}

impl CallOutcome {
    pub(super) fn of(attempts: Vec<Attempt>, found: Result<Found, NotFound>) -> Self {
        Self {
            attempts,
            found,
            covers_others: false,
        }
    }

    /// The outcome of a call that was denied before it was made.
    pub(super) fn denied(source: &'static str, denied: Denied) -> Self {
        // A breaker or a pause stands for failures, so the chain goes on to the next upstream.
        let not_found = if denied.is_over_budget() {
            NotFound::OverBudget
        } else {
            NotFound::Failed(None)
        };
        let attempt = Attempt {
            source,
            failure: Some(AttemptFailure::denied(denied)),
            took_ms: None,
        };
        Self::of(vec![attempt], Err(not_found))
    }
}

/// The attempt that began at `started` and ends now.
pub(super) fn attempt(
    source: &'static str,
    failure: Option<AttemptFailure>,
    started: UnixMs,
) -> Attempt {
    Attempt {
        source,
        failure,
        took_ms: Some(clock::now().millis_since(started)),
    }
}

/// The attempt at an exchange that ends with this answer.
pub(super) fn exchange_attempt(
    source: &'static str,
    venue: Venue,
    answer: &Result<Assembled, Refused<ExchangeError>>,
    started: UnixMs,
) -> Attempt {
    let failure = answer.as_ref().err();
    attempt(
        source,
        failure.map(|refused| refused.error.to_failure(venue)),
        started,
    )
}
