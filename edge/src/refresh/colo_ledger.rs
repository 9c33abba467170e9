//! The colo's ledger, read before a call to an exchange and written after it began.
//!
//! A write is not waited for: an isolate that reads too early counts one call too few, which the
//! budget has room for.

use super::background::Background;
use super::calls;
use crate::policy::{Denied, Ledger, Need, Refusal, SharedFailure, Upstream};
use crate::{cache, clock};
use shared::units::UnixMs;

/// Merges what other isolates of this colo have noted. A cache that hangs costs its deadline, and
/// one without an entry leaves this isolate with what it knows itself.
pub(super) async fn read() {
    if let Some(read) = cache::ledger().await {
        let now = clock::now();
        // Merged, not replaced: the entry may be older than what this isolate did since.
        calls::ledger(|ledger| ledger.merge(&read, now));
    }
}

/// Whether an exchange may be called, by what is known now.
pub(super) fn admit(exchange: Upstream, need: Need, now: UnixMs) -> Result<(), Denied> {
    let own = calls::of(exchange);
    let entry = calls::ledger(|ledger| ledger.entry(exchange).clone());
    own.admit_exchange(&entry, need, now)
}

/// Notes that a call began, and publishes it.
pub(super) fn note_call(exchange: Upstream, now: UnixMs, background: &Background) {
    calls::update(exchange, |calls| calls.began(now));
    calls::ledger(|ledger| ledger.entry_mut(exchange).note_call(now));
    publish(background);
}

/// Notes a refusal, and publishes it.
pub(super) fn note_refusal(exchange: Upstream, refusal: Refusal, background: &Background) {
    let now = clock::now();
    calls::ledger(|ledger| ledger.entry_mut(exchange).note_refusal(refusal, now));
    publish(background);
}

/// Notes that every source failed, and publishes it.
pub(super) fn note_failure(failure: SharedFailure, background: &Background) {
    calls::ledger(|ledger| ledger.note_failure(failure));
    publish(background);
}

/// The negative-cache entry that holds now, of this isolate or another.
pub(super) fn failure(now: UnixMs) -> Option<SharedFailure> {
    calls::ledger(|ledger| ledger.failure(now).cloned())
}

fn publish(background: &Background) {
    let body = calls::ledger(|ledger| Ledger::to_json(ledger));
    // Serialised now, stored later: what is noted meanwhile has a write of its own.
    background.start(async move { cache::keep_ledger(&body).await });
}
