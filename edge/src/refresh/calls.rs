//! What this isolate knows about its calls: the last call to each upstream, the circuit breakers,
//! and the colo's ledger as far as it was read.

use crate::isolate;
use crate::policy::{Calls, Ledger, PerUpstream, Upstream};
use std::cell::RefCell;

#[derive(Default)]
struct Known {
    upstreams: PerUpstream<Calls>,
    /// Calls to the Worker that owns the route to the exchanges.
    direct: Calls,
    ledger: Ledger,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// The calls to one upstream.
pub(super) fn of(upstream: Upstream) -> Calls {
    isolate::with(&KNOWN, |known| *known.upstreams.get(upstream)).unwrap_or_default()
}

/// Replaces what is known of the calls to one upstream.
pub(super) fn update(upstream: Upstream, next: impl FnOnce(Calls) -> Calls) {
    isolate::with(&KNOWN, |known| {
        let calls = known.upstreams.get_mut(upstream);
        // Read and written in one step, for calls to the same upstream can end in any order.
        *calls = next(*calls);
    });
}

/// The calls to the direct Worker.
pub(super) fn of_direct() -> Calls {
    isolate::with(&KNOWN, |known| known.direct).unwrap_or_default()
}

/// Replaces what is known of the calls to the direct Worker.
pub(super) fn update_direct(next: impl FnOnce(Calls) -> Calls) {
    isolate::with(&KNOWN, |known| known.direct = next(known.direct));
}

/// Works on the colo's ledger.
pub(super) fn ledger<R: Default>(work: impl FnOnce(&mut Ledger) -> R) -> R {
    isolate::with(&KNOWN, |known| work(&mut known.ledger)).unwrap_or_default()
}
