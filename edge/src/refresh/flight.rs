//! Single flight: one refresh at a time per isolate, however many requests wait for it.
//!
//! State: when refreshes began and ended, the generation of the latest, its waiters, and the last
//! report. A future of one request must not wait for a future of another: the runtime ties every
//! I/O object to the request that made it. So nothing but plain data is shared: each waiter makes a
//! promise of its own and leaves the function that resolves it here; the end of the refresh calls
//! them all, and the runtime wakes each waiter in its own request.
//!
//! Invariants:
//! * The lead is a lease, not a lock: a leader that never comes back delays the next no longer.
//! * A waiter is resolved by the refresh that it joined, or by a later one.
//! * The failure of a refresh whose lease ran out is ignored; its success is not.

use super::report::Report;
use crate::isolate;
use crate::policy::{Refresh, RefreshLog};
use js_sys::{Function, Promise};
use shared::units::UnixMs;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;

#[derive(Default)]
struct Flight {
    log: RefreshLog,
    generation: u64,
    /// Each with the generation that it joined.
    waiters: Vec<(u64, Function)>,
    last: Option<Rc<Report>>,
}

thread_local! {
    static FLIGHT: RefCell<Flight> = RefCell::default();
}

fn with<R>(work: impl FnOnce(&mut Flight) -> R) -> Option<R> {
    isolate::with(&FLIGHT, work)
}

/// Where the refresh stands now.
#[must_use]
pub fn state(now: UnixMs) -> Refresh {
    with(|flight| flight.log.state(now)).unwrap_or(Refresh::Running)
}

/// The report of the last refresh that finished.
#[must_use]
pub fn last() -> Option<Rc<Report>> {
    with(|flight| flight.last.clone()).flatten()
}

/// Takes the lead: the generation of the new refresh, or `None` while another is under way.
pub(super) fn claim(now: UnixMs) -> Option<u64> {
    let take = |flight: &mut Flight| {
        if flight.log.state(now) == Refresh::Running {
            return None;
        }
        flight.generation = flight.generation.wrapping_add(1);
        flight.log.started = Some(now);
        Some(flight.generation)
    };
    with(take).flatten()
}

/// The generation of the running refresh, and a promise of the calling request that it will
/// resolve.
pub(super) fn waiter() -> (u64, Option<Promise>) {
    let mut resolver = None;
    let promise = Promise::new(&mut |resolve, _| resolver = Some(resolve));
    let join = |flight: &mut Flight| {
        let is_joined = resolver
            .map(|resolve| flight.waiters.push((flight.generation, resolve)))
            .is_some();
        (flight.generation, is_joined)
    };
    let (generation, is_joined) = with(join).unwrap_or((0, false));
    (generation, is_joined.then_some(promise))
}

/// Resolves the waiters of this refresh and of earlier ones.
pub(super) fn wake(generation: u64) {
    let take = |flight: &mut Flight| {
        let (woken, waiting) = std::mem::take(&mut flight.waiters)
            .into_iter()
            .partition(|(of, _)| *of <= generation);
        flight.waiters = waiting;
        woken
    };
    // Resolved outside the cell: the runtime may run a waiter at once, which looks in here.
    let woken: Vec<(u64, Function)> = with(take).unwrap_or_default();
    for (_, resolve) in woken {
        // A waiter whose request is gone makes the runtime log a warning, no more.
        let _ = resolve.call0(&JsValue::UNDEFINED);
    }
}

/// Ends a refresh and resolves its waiters.
pub(super) fn finish(report: Report, now: UnixMs) {
    let generation = report.generation;
    with(|flight| {
        // Not the current one: its lease ran out and another refresh took the lead.
        let is_current = flight.generation == generation;
        if is_current {
            flight.log.started = None;
        }
        if report.succeeded() {
            flight.log.succeeded = Some(now);
            flight.log.failed = None;
        // Its failure says nothing about the refresh that replaced it.
        } else if is_current {
            flight.log.failed = Some(now);
        }
        if is_current || report.succeeded() {
            flight.last = Some(Rc::new(report));
        }
    });
    wake(generation);
}

#[cfg(test)]
mod tests {
    use super::super::report::Via;
    use super::*;
    use crate::upstream::{Attempt, ORIGIN};
    use shared::headers::cache_status::Forward;
    use shared::headers::request_id::RequestId;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn report(generation: u64, via: Option<Via>) -> Report {
        let attempts = vec![Attempt {
            source: ORIGIN,
            failure: None,
            took_ms: Some(1),
        }];
        Report {
            generation,
            request_id: RequestId::parse("r").unwrap(),
            forward: Forward::UriMiss,
            via,
            attempts,
            hedged: false,
            began: NOW,
            took_ms: 1,
        }
    }

    // Every test has a thread of its own, and so a flight of its own.

    #[test]
    fn one_leads_and_the_others_follow_until_it_is_done() {
        let generation = claim(NOW).unwrap();
        assert_eq!(claim(NOW), None);
        assert_eq!(state(NOW), Refresh::Running);
        finish(report(generation, Some(Via::BybitDirect)), NOW);
        assert_eq!(state(NOW), Refresh::Rested);
        assert_eq!(last().map(|report| report.generation), Some(generation));
    }

    #[test]
    fn a_failure_is_remembered_until_a_success() {
        let first = claim(NOW).unwrap();
        finish(report(first, None), NOW);
        assert_eq!(state(NOW), Refresh::Failed);
        let second = claim(NOW.plus_millis(2_000)).unwrap();
        finish(report(second, Some(Via::EdgeCache)), NOW.plus_millis(2_100));
        assert_eq!(state(NOW.plus_millis(2_100)), Refresh::Rested);
    }

    #[test]
    fn a_leader_that_never_comes_back_is_replaced_and_its_failure_ignored() {
        let lost = claim(NOW).unwrap();
        let later = NOW.plus_millis(3_000);
        let next = claim(later).unwrap();
        assert!(next > lost);
        finish(report(lost, None), later);
        assert_eq!(
            state(later),
            Refresh::Running,
            "the late failure ended another's refresh"
        );
        finish(report(lost, Some(Via::BybitDirect)), later);
        assert_eq!(state(later), Refresh::Running);
        finish(report(next, None), later);
        assert_eq!(state(later), Refresh::Failed);
    }
}
