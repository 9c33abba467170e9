//! Single flight: one refresh at a time per isolate, however many requests wait for it.
//!
//! A future of one request must not wait for a future of another: the runtime ties every I/O object to the request that
//! made it. So nothing but plain data is shared. Each waiter makes a promise of its own and leaves the function that
//! resolves it here; whoever finishes the refresh calls them all, and the runtime wakes each waiter in its own request.
//! The claim to lead is a time, not a lock: a leader that never comes back holds nobody up for longer than its lease.

use crate::policy::{DirectCalls, Refresh, RefreshLog};
use crate::upstream::Asked;
use js_sys::{Function, Promise};
use shared::units::UnixMs;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// Where a refresh found what it brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// In the colo's cache.
    EdgeCache,
    /// At the origin, which said this of its own store.
    Origin {
        /// Its `Cache-Status`.
        cache_status: Option<String>,
    },
    /// At the exchange.
    BybitDirect,
}

/// What came of a refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which refresh it was.
    pub generation: u64,
    /// Where it found fresh data; nothing when it failed.
    pub via: Option<Via>,
    /// Every source that had its turn, in order.
    pub asked: Vec<Asked>,
    /// How long it took, milliseconds.
    pub took_ms: u64,
}

impl Report {
    /// Writes a line when a source failed: a refresh that went the usual way is no news.
    pub(super) fn log(&self) {
        if self.asked.iter().all(|asked| asked.failure.is_none()) {
            return;
        }
        let asked: Vec<_> = self.asked.iter().map(asked_line).collect();
        let via = match &self.via {
            None => None,
            Some(Via::EdgeCache) => Some("edge-cache"),
            Some(Via::Origin { .. }) => Some(crate::upstream::ORIGIN),
            Some(Via::BybitDirect) => Some(crate::upstream::BYBIT_DIRECT),
        };
        let line = serde_json::json!({"event": "refresh", "via": via, "took_ms": self.took_ms, "asked": asked});
        worker::console_warn!("{line}");
    }
}

fn asked_line(asked: &Asked) -> serde_json::Value {
    serde_json::json!({
        "source": asked.source,
        "outcome": asked.failure.as_ref().map_or("ok", |failed| &failed.outcome),
        "message": asked.failure.as_ref().map(|failed| &failed.message),
        "took_ms": asked.took_ms,
    })
}

#[derive(Default)]
struct Flight {
    log: RefreshLog,
    generation: u64,
    waiters: Vec<(u64, Function)>,
    last: Option<Rc<Report>>,
    direct: DirectCalls,
}

thread_local! {
    static FLIGHT: RefCell<Flight> = RefCell::default();
}

/// Works on the shared state. Nothing that is passed here waits or calls back, so it is never in use already.
fn with<R>(work: impl FnOnce(&mut Flight) -> R) -> Option<R> {
    FLIGHT.with(|flight| flight.try_borrow_mut().ok().map(|mut flight| work(&mut flight)))
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
        let is_joined = resolver.map(|resolve| flight.waiters.push((flight.generation, resolve))).is_some();
        (flight.generation, is_joined)
    };
    let (generation, is_joined) = with(join).unwrap_or((0, false));
    (generation, is_joined.then_some(promise))
}

/// Wakes who waits for this refresh or an earlier one.
pub(super) fn wake(generation: u64) {
    let take = |flight: &mut Flight| {
        let (woken, waiting) = std::mem::take(&mut flight.waiters).into_iter().partition(|(of, _)| *of <= generation);
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
/// One that outlived its lease may still bring good news; its failure says nothing about the refresh that replaced it.
pub(super) fn finish(report: Report, now: UnixMs) {
    let generation = report.generation;
    with(|flight| {
        let is_current = flight.generation == generation;
        if is_current {
            flight.log.started = None;
        }
        if report.via.is_some() {
            flight.log.succeeded = Some(now);
            flight.log.failed = None;
        } else if is_current {
            flight.log.failed = Some(now);
        }
        if is_current || report.via.is_some() {
            flight.last = Some(Rc::new(report));
        }
    });
    wake(generation);
}

/// What is known about direct calls.
pub(super) fn direct_calls() -> DirectCalls {
    with(|flight| flight.direct).unwrap_or_default()
}

/// Notes something about direct calls.
pub(super) fn with_direct_calls(note: impl FnOnce(&mut DirectCalls)) {
    with(|flight| note(&mut flight.direct));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::ORIGIN;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn report(generation: u64, via: Option<Via>) -> Report {
        let asked = vec![Asked { source: ORIGIN, failure: None, took_ms: Some(1) }];
        Report { generation, via, asked, took_ms: 1 }
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
        assert_eq!(state(later), Refresh::Running, "the late failure ended another's refresh");
        finish(report(lost, Some(Via::BybitDirect)), later);
        assert_eq!(state(later), Refresh::Running);
        finish(report(next, None), later);
        assert_eq!(state(later), Refresh::Failed);
    }
}
