//! What this isolate holds: the best snapshot, and its finished bodies.

use crate::clock;
use crate::policy::Standing;
use crate::respond::rendered::Rendered;
use shared::endpoints::Question;
use shared::freshness::{Freshness, Limits};
use shared::market::Universe;
use shared::projection::Absence;
use shared::provenance::Venue;
use shared::validate::ValidSnapshot;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use wasm_bindgen::JsValue;

#[derive(Default)]
struct Memory {
    snapshot: Option<Rc<ValidSnapshot>>,
    /// Since when what is held is of this market.
    standing: Option<Standing>,
    /// Bodies of the held snapshot, each made when it is first asked for. A question that the
    /// snapshot has no answer to is not kept, so there are never more than the snapshot has
    /// symbols, charts and alerts, in three classes.
    rendered: HashMap<(Question<'static>, Freshness), Rc<Rendered>>,
    /// Lists of contracts, one of each venue, that stand in no held snapshot.
    universes: Vec<Rc<Universe>>,
    /// Where this isolate's calls to exchanges arrive.
    place: Option<String>,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// Works on the memory. Nothing that is passed here waits or calls back, so the memory is never in
/// use already; if it were, the request would go on as if nothing were held rather than end the
/// isolate.
fn with<R>(work: impl FnOnce(&mut Memory) -> R) -> Option<R> {
    MEMORY.with(|memory| {
        memory
            .try_borrow_mut()
            .ok()
            .map(|mut memory| work(&mut memory))
    })
}

/// The held snapshot.
#[must_use]
pub fn snapshot() -> Option<Rc<ValidSnapshot>> {
    with(|memory| memory.snapshot.clone()).flatten()
}

/// The market that the held snapshot is of.
#[must_use]
pub fn standing() -> Option<Standing> {
    with(|memory| memory.standing).flatten()
}

/// Takes a snapshot in the place of the held one, if it is better ([`ValidSnapshot::is_better`]).
pub fn offer(candidate: Rc<ValidSnapshot>, limits: &Limits) -> bool {
    let now = clock::now();
    let take = |memory: &mut Memory| {
        let is_better = memory
            .snapshot
            .as_ref()
            .is_none_or(|held| candidate.is_better(held, now, limits));
        if is_better {
            let venue = candidate.get().tickers_source.venue;
            if memory
                .standing
                .is_none_or(|standing| standing.venue != venue)
            {
                memory.standing = Some(Standing { venue, since: now });
            }
            memory.snapshot = Some(candidate);
            memory.rendered.clear();
        }
        is_better
    };
    with(take).unwrap_or(false)
}

/// The answer to a question from `valid`, or why it has none; kept for the next request while
/// `valid` is the held snapshot.
///
/// # Errors
/// What the runtime throws when it refuses a header; none can occur, for all of them are ours.
pub fn rendered<'s>(
    valid: &'s Rc<ValidSnapshot>,
    question: &Question<'_>,
    class: Freshness,
    limits: &Limits,
) -> Result<Result<Rc<Rendered>, Absence<'s>>, JsValue> {
    let is_held = |memory: &Memory| {
        memory
            .snapshot
            .as_ref()
            .is_some_and(|held| Rc::ptr_eq(held, valid))
    };
    // A question that lives as long as the memory is one that lives shorter, too.
    let key = (question.clone(), class);
    let find = |memory: &mut Memory| {
        if is_held(memory) {
            look_up(&memory.rendered, &key)
        } else {
            None
        }
    };
    if let Some(rendered) = with(find).flatten() {
        return Ok(Ok(rendered));
    }
    let rendered = match Rendered::of(valid, question, class, limits)? {
        Ok(rendered) => Rc::new(rendered),
        Err(absence) => return Ok(Err(absence)),
    };
    with(|memory| {
        if is_held(memory) {
            memory
                .rendered
                .insert((question.clone().into_owned(), class), Rc::clone(&rendered));
        }
    });
    Ok(Ok(rendered))
}

fn look_up<'q>(
    kept: &HashMap<(Question<'q>, Freshness), Rc<Rendered>>,
    key: &(Question<'q>, Freshness),
) -> Option<Rc<Rendered>> {
    kept.get(key).cloned()
}

/// The youngest list of contracts of this venue at hand.
#[must_use]
pub fn universe(venue: Venue) -> Option<Rc<Universe>> {
    with(|memory| {
        let is_of_venue = |universe: &&Universe| universe.source.venue == venue;
        let of_snapshot = memory
            .snapshot
            .as_ref()
            .map(|held| &held.get().universe)
            .filter(is_of_venue);
        let kept = memory
            .universes
            .iter()
            .find(|universe| is_of_venue(&&***universe));
        match (kept, of_snapshot) {
            (Some(kept), Some(held)) if held.as_of_ms > kept.as_of_ms => {
                Some(Rc::new(held.clone()))
            }
            (Some(kept), _) => Some(Rc::clone(kept)),
            (None, held) => held.cloned().map(Rc::new),
        }
    })
    .flatten()
}

/// Keeps a list of contracts in the place of an earlier one of its venue.
pub fn keep_universe(universe: Rc<Universe>) {
    with(|memory| {
        memory
            .universes
            .retain(|kept| kept.source.venue != universe.source.venue);
        memory.universes.push(universe);
    });
}

/// Where this isolate's calls to exchanges arrive, by the word of the network in front of them: a
/// name for the place nearest to where it runs, which the platform does not tell it.
#[must_use]
pub fn place() -> Option<String> {
    with(|memory| memory.place.clone()).flatten()
}

/// Keeps that word.
pub fn keep_place(place: &str) {
    with(|memory| memory.place = Some(place.to_owned()));
}
