//! Lists of contracts at hand: those that were fetched here, one per venue, and the one in the held
//! snapshot.

use super::held;
use crate::isolate;
use shared::market::Universe;
use shared::provenance::Venue;
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    /// Never more than one per venue.
    static FETCHED: RefCell<Vec<Rc<Universe>>> = RefCell::default();
}

/// The youngest list of contracts of this venue at hand.
#[must_use]
pub fn universe(venue: Venue) -> Option<Rc<Universe>> {
    let fetched = isolate::with(&FETCHED, |lists| {
        lists
            .iter()
            .find(|list| list.source.venue == venue)
            .map(Rc::clone)
    })
    .flatten();
    let snapshot = held::snapshot();
    let held = snapshot
        .as_ref()
        .map(|snapshot| &snapshot.get().universe)
        .filter(|list| list.source.venue == venue);
    match (fetched, held) {
        // The origin renews its list more often than this isolate does.
        (Some(fetched), Some(held)) if held.as_of_ms > fetched.as_of_ms => {
            Some(Rc::new(held.clone()))
        }
        (Some(fetched), _) => Some(fetched),
        (None, held) => held.cloned().map(Rc::new),
    }
}

/// Keeps a list of contracts, replacing an earlier one of its venue.
pub fn keep_universe(universe: Rc<Universe>) {
    isolate::with(&FETCHED, |lists| {
        // Replaced, so that the number of lists is bounded by the number of venues.
        lists.retain(|kept| kept.source.venue != universe.source.venue);
        lists.push(universe);
    });
}
