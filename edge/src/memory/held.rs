//! The snapshot that requests are answered from.
//!
//! Invariant: what is held only ever gets better ([`ValidSnapshot::is_better`]): in whatever order
//! answers come in, this isolate's clients do not go back in time.

use crate::policy::ShownVenue;
use crate::{clock, isolate};
use shared::freshness::Limits;
use shared::validate::ValidSnapshot;
use std::cell::RefCell;
use std::rc::Rc;

#[derive(Default)]
struct Held {
    snapshot: Option<Rc<ValidSnapshot>>,
    /// Whose market it is of, and since when that has not changed.
    shown: Option<ShownVenue>,
}

thread_local! {
    static HELD: RefCell<Held> = RefCell::default();
}

/// The held snapshot.
#[must_use]
pub fn snapshot() -> Option<Rc<ValidSnapshot>> {
    isolate::with(&HELD, |held| held.snapshot.clone()).flatten()
}

/// The market that the held snapshot is of.
#[must_use]
pub fn shown_venue() -> Option<ShownVenue> {
    isolate::with(&HELD, |held| held.shown).flatten()
}

/// Replaces the held snapshot if this one is better, and says whether it was.
pub fn offer(candidate: Rc<ValidSnapshot>, limits: &Limits) -> bool {
    let now = clock::now();
    let replace = |held: &mut Held| {
        let is_better = held
            .snapshot
            .as_ref()
            .is_none_or(|held| candidate.is_better(held, now, limits));
        if is_better {
            let venue = candidate.get().tickers_source.venue;
            // The moment of the change counts, not of each snapshot: hysteresis is measured by it.
            if held.shown.is_none_or(|shown| shown.venue != venue) {
                held.shown = Some(ShownVenue { venue, since: now });
            }
            held.snapshot = Some(candidate);
        }
        is_better
    };
    isolate::with(&HELD, replace).unwrap_or(false)
}
