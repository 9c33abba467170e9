//! Learns from how a call ended.

use super::background::Background;
use super::{calls, colo_ledger};
use crate::clock;
use crate::policy::Upstream;
use crate::upstream::Health;

/// Notes what a call said of its upstream: an outcome for the circuit breaker, or a refusal for the
/// whole colo. A refusal without a `background` to publish it in counts as a failure.
pub(super) fn note(upstream: Upstream, health: Health, background: Option<&Background>) {
    let now = clock::now();
    match (health, background) {
        (Health::Works, _) => calls::update(upstream, |calls| calls.ended(true, now)),
        (Health::Refuses(refusal), Some(background)) => {
            // A refusal is of the address, which the isolates of the colo share.
            colo_ledger::note_refusal(upstream, refusal, background);
        }
        (Health::Fails | Health::Refuses(_), _) => {
            calls::update(upstream, |calls| calls.ended(false, now));
        }
    }
}
