//! The colo's ledger, read and written around calls to exchanges.

use super::background::Background;
use super::flight;
use crate::policy::{Ledger, Need, Refusal, SharedFailure, Upstream, Withheld};
use crate::{cache, clock};
use shared::units::UnixMs;

/// Takes up what other isolates of this colo have noted. A cache that hangs costs its deadline, and
/// one that has nothing leaves this isolate with what it knows itself.
pub(super) async fn read() {
    if let Some(read) = cache::ledger().await {
        let now = clock::now();
        flight::ledger(|ledger| ledger.merge(&read, now));
    }
}

/// Whether an exchange may be asked, by what is known now.
pub(super) fn admits(exchange: Upstream, need: Need, now: UnixMs) -> Result<(), Withheld> {
    let calls = flight::calls(exchange);
    let entry = flight::ledger(|ledger| ledger.of(exchange).clone());
    calls.may_ask_exchange(&entry, need, now)
}

/// Notes a call and tells the others.
pub(super) fn note_call(exchange: Upstream, now: UnixMs, background: &Background) {
    flight::note_calls(exchange, |calls| calls.asked(now));
    flight::ledger(|ledger| ledger.note(exchange).called(now));
    publish(background);
}

/// Notes a refusal and tells the others.
pub(super) fn note_refusal(exchange: Upstream, refusal: Refusal, background: &Background) {
    let now = clock::now();
    flight::ledger(|ledger| ledger.note(exchange).refused(refusal, now));
    publish(background);
}

/// Notes that every source failed, and tells the others.
pub(super) fn note_failure(failure: SharedFailure, background: &Background) {
    flight::ledger(|ledger| ledger.failed(failure));
    publish(background);
}

/// The failure that another isolate tells of, or this one.
pub(super) fn failure(now: UnixMs) -> Option<SharedFailure> {
    flight::ledger(|ledger| ledger.failure(now).cloned())
}

fn publish(background: &Background) {
    let body = flight::ledger(|ledger| Ledger::to_json(ledger));
    background.start(async move { cache::keep_ledger(&body).await });
}
