//! The call for an exchange's data: through the Worker that owns the route to the exchanges where
//! one is bound; else, or when that one itself fails, to Bybit from here.

use super::bybit_call;
use super::calls;
use super::exchange_call::ExchangeCall;
use super::outcome::{CallOutcome, Found, NotFound, UniverseTask, attempt};
use super::report::Via;
use crate::bindings::Service;
use crate::policy::DEADLINES;
use crate::upstream::Deadline;
use crate::upstream::direct::{self, DIRECT_WORKER, DirectError, FromDirect};
use crate::upstream::{Attempt, Materials, Refused};
use crate::{clock, isolate};
use shared::exchange::secondary::Secondary;
use shared::units::UnixMs;
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    static COLO: RefCell<Option<String>> = RefCell::default();
}

/// The data centre of the direct Worker, if it said so when it was last called.
#[must_use]
pub fn direct_colo() -> Option<String> {
    isolate::with(&COLO, |colo| colo.clone()).flatten()
}

/// Calls for an exchange's data.
pub(super) async fn run(call: ExchangeCall<'_>) -> CallOutcome {
    let deadline = Deadline::after(call.timeout_ms);
    let Some(service) = &call.deployment.direct else {
        return bybit_call::run(call, &deadline).await;
    };
    let mut through = through(service, &call, &deadline).await;
    // A Worker that answered has called every exchange. One that failed is replaced from here,
    // while there is time for another call.
    if through.covers_others || through.found.is_ok() || deadline.left_ms() < DEADLINES.least_ms {
        return through;
    }
    let CallOutcome {
        attempts, found, ..
    } = bybit_call::run(call, &deadline).await;
    // Both attempts are reported: the reason for a slow answer is the first one.
    through.attempts.extend(attempts);
    CallOutcome::of(through.attempts, found)
}

/// Calls the direct Worker. The budgets of the exchanges are its own affair; here only its circuit
/// breaker counts.
async fn through(service: &Service, call: &ExchangeCall<'_>, deadline: &Deadline) -> CallOutcome {
    let started = clock::now();
    if let Err(denied) = calls::of_direct().admit(started) {
        return CallOutcome::denied(DIRECT_WORKER, denied);
    }
    calls::update_direct(|calls| calls.began(started));
    call.is_sent.set(true);
    let materials = Materials {
        held: call.held.as_deref(),
        universe: None,
        reason: call.reason.clone(),
        purpose: call.purpose,
    };
    let config = &call.deployment.config;
    let answer = direct::snapshot(config, service, materials, call.request_id, deadline).await;
    // Its breaker is about the Worker, not about the exchanges behind it.
    let works = answer
        .as_ref()
        .map_or_else(|refused| refused.error.works(), |_| true);
    let now = clock::now();
    calls::update_direct(|calls| calls.ended(works, now));
    let (attempts, found) = match answer {
        Ok(answer) => succeeded(answer, started),
        Err(refused) => failed(refused, started),
    };
    CallOutcome {
        attempts,
        found,
        covers_others: works,
    }
}

fn succeeded(answer: FromDirect, started: UnixMs) -> (Vec<Attempt>, Result<Found, NotFound>) {
    isolate::with(&COLO, |known| *known = answer.colo);
    // What failed behind the Worker is reported as if it had been called from here.
    let attempts = direct::failures(&answer.failed_before)
        .map(|(name, failure)| attempt(name, Some(failure), started))
        .chain([attempt(answer.source, None, started)])
        .collect();
    // Counted by the venue of the data, whichever Worker called it.
    let via = Secondary::of(answer.snapshot.get().tickers_source.venue)
        .map_or(Via::BybitDirect, Via::Secondary);
    let found = Found {
        via,
        snapshot: Rc::new(answer.snapshot),
        universe: UniverseTask::Nothing,
    };
    (attempts, Ok(found))
}

fn failed(
    Refused { error, candidate }: Refused<DirectError>,
    started: UnixMs,
) -> (Vec<Attempt>, Result<Found, NotFound>) {
    let attempts = error
        .to_failures()
        .into_iter()
        .map(|(source, failure)| attempt(source, Some(failure), started))
        .collect();
    let not_found = if error.is_over_budget() {
        NotFound::OverBudget
    } else {
        NotFound::Failed(candidate)
    };
    (attempts, Err(not_found))
}
