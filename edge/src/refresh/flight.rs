//! Single flight: one refresh at a time per isolate, however many requests wait for it.
//!
//! A future of one request must not wait for a future of another: the runtime ties every I/O object
//! to the request that made it. So nothing but plain data is shared. Each waiter makes a promise of
//! its own and leaves the function that resolves it here; whoever finishes the refresh calls them
//! all, and the runtime wakes each waiter in its own request. The claim to lead is a time, not a
//! lock: a leader that never comes back holds nobody up for longer than its lease.

use super::exercise::Exercise;
use super::report::Report;
use crate::policy::{Calls, Ledger, PerUpstream, Refresh, RefreshLog, Upstream};
use js_sys::{Function, Promise};
use shared::units::UnixMs;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;

#[derive(Default)]
struct Flight {
    log: RefreshLog,
    generation: u64,
    waiters: Vec<(u64, Function)>,
    last: Option<Rc<Report>>,
    calls: PerUpstream<Calls>,
    ledger: Ledger,
    universe_tried: Option<UnixMs>,
    exercise: Option<Rc<Exercise>>,
    own_number: Option<u64>,
    direct_place: Option<String>,
    direct_calls: Calls,
}

thread_local! {
    static FLIGHT: RefCell<Flight> = RefCell::default();
}

/// Works on the shared state. Nothing that is passed here waits or calls back, so it is never in
/// use already.
fn with<R>(work: impl FnOnce(&mut Flight) -> R) -> Option<R> {
    FLIGHT.with(|flight| {
        flight
            .try_borrow_mut()
            .ok()
            .map(|mut flight| work(&mut flight))
    })
}

/// What a refresh would meet now.
#[must_use]
pub fn state(now: UnixMs) -> Refresh {
    with(|flight| flight.log.state(now)).unwrap_or(Refresh::Running)
}

/// The last refresh that finished.
#[must_use]
pub fn last() -> Option<Rc<Report>> {
    with(|flight| flight.last.clone()).flatten()
}

/// The last time that the way to the exchange was taken without need.
#[must_use]
pub fn exercise() -> Option<Rc<Exercise>> {
    with(|flight| flight.exercise.clone()).flatten()
}

/// A number that other isolates hardly have, the same for as long as this one lives.
pub(super) fn own_number() -> u64 {
    // The runtime gives random numbers to requests alone, so it is drawn when it is first needed.
    with(|flight| {
        *flight
            .own_number
            .get_or_insert_with(|| js_sys::Math::random().to_bits())
    })
    .unwrap_or_default()
}

/// What this isolate knows about its own calls to the Worker that owns the way to the exchanges.
pub(super) fn direct_calls() -> Calls {
    with(|flight| flight.direct_calls).unwrap_or_default()
}

/// Takes the next state of those.
pub(super) fn note_direct_calls(next: impl FnOnce(Calls) -> Calls) {
    with(|flight| flight.direct_calls = next(flight.direct_calls));
}

/// Where the Worker stands that owns the way to the exchanges, when it was last asked and said so.
#[must_use]
pub fn direct_place() -> Option<String> {
    with(|flight| flight.direct_place.clone()).flatten()
}

/// Notes where it said that it stands.
pub(super) fn note_direct_place(place: Option<String>) {
    with(|flight| flight.direct_place = place);
}

/// Notes what came of it.
pub(super) fn note_exercise(exercise: Exercise) {
    with(|flight| flight.exercise = Some(Rc::new(exercise)));
}

/// Takes the lead: the number of the new refresh, or nothing while another is under way.
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

/// The number of the running refresh, and a promise of the calling request that it will resolve.
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

/// Wakes who waits for this refresh or an earlier one.
pub(super) fn wake(generation: u64) {
    let take = |flight: &mut Flight| {
        let (woken, waiting) = std::mem::take(&mut flight.waiters)
            .into_iter()
            .partition(|(of, _)| *of <= generation);
        flight.waiters = waiting;
        woken
    };
    let woken: Vec<(u64, Function)> = with(take).unwrap_or_default();
    for (_, resolve) in woken {
        // A waiter that is gone makes the runtime log a warning, no more.
        let _ = resolve.call0(&JsValue::UNDEFINED);
    }
}

/// Ends a refresh and wakes who waits for it.
///
/// One that outlived its lease may still bring good news; its failure says nothing about the
/// refresh that replaced it.
pub(super) fn finish(report: Report, now: UnixMs) {
    let generation = report.generation;
    with(|flight| {
        let is_current = flight.generation == generation;
        if is_current {
            flight.log.started = None;
        }
        if report.succeeded() {
            flight.log.succeeded = Some(now);
            flight.log.failed = None;
        } else if is_current {
            flight.log.failed = Some(now);
        }
        if is_current || report.succeeded() {
            flight.last = Some(Rc::new(report));
        }
    });
    wake(generation);
}

/// What this isolate knows about its own calls to one upstream.
pub(super) fn calls(upstream: Upstream) -> Calls {
    with(|flight| *flight.calls.get(upstream)).unwrap_or_default()
}

/// Takes the next state of the calls to one upstream.
pub(super) fn note_calls(upstream: Upstream, next: impl FnOnce(Calls) -> Calls) {
    with(|flight| {
        let calls = flight.calls.get_mut(upstream);
        *calls = next(*calls);
    });
}

/// Works on what is known of the colo's calls.
pub(super) fn ledger<R: Default>(work: impl FnOnce(&mut Ledger) -> R) -> R {
    with(|flight| work(&mut flight.ledger)).unwrap_or_default()
}

/// When the list of contracts was last fetched beside the use of an old one.
pub(super) fn universe_tried() -> Option<UnixMs> {
    with(|flight| flight.universe_tried).flatten()
}

/// Notes that it is being fetched.
pub(super) fn note_universe_tried(now: UnixMs) {
    with(|flight| flight.universe_tried = Some(now));
}

#[cfg(test)]
mod tests {
    use super::super::report::Via;
    use super::*;
    use crate::upstream::{Asked, ORIGIN};
    use shared::headers::cache_status::Forward;
    use shared::headers::request_id::RequestId;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn report(generation: u64, via: Option<Via>) -> Report {
        let asked = vec![Asked {
            source: ORIGIN,
            failure: None,
            took_ms: Some(1),
        }];
        Report {
            generation,
            request_id: RequestId::parse("r").unwrap(),
            forward: Forward::UriMiss,
            via,
            asked,
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
