//! The finished bodies of the snapshot that was answered from last, each made when it is first
//! requested.
//!
//! Invariants: all bodies are of one snapshot, so a new one empties the cache. A query that the
//! snapshot has no answer to is not kept, so there are never more bodies than the snapshot has
//! symbols, charts and alerts, in three classes.

use super::rendered::Rendered;
use crate::isolate;
use shared::endpoints::Absence;
use shared::endpoints::Question;
use shared::freshness::{Freshness, Limits};
use shared::validate::ValidSnapshot;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use wasm_bindgen::JsValue;

type Key<'q> = (Question<'q>, Freshness);

#[derive(Default)]
struct Cache {
    /// The snapshot of the bodies. Weak, so that a replaced snapshot is freed at once.
    snapshot: Weak<ValidSnapshot>,
    bodies: HashMap<Key<'static>, Rc<Rendered>>,
}

impl Cache {
    fn is_of(&self, valid: &Rc<ValidSnapshot>) -> bool {
        // A `Weak` keeps its allocation, so no other snapshot can have the same address.
        std::ptr::eq(self.snapshot.as_ptr(), Rc::as_ptr(valid))
    }
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

/// The answer to a query from `valid`, or why it has none.
///
/// # Errors
/// What the runtime throws when it refuses a header; none can occur, for all of them are ours.
pub fn rendered<'s>(
    valid: &'s Rc<ValidSnapshot>,
    query: &Question<'_>,
    class: Freshness,
    limits: &Limits,
) -> Result<Result<Rc<Rendered>, Absence<'s>>, JsValue> {
    let key = (query.clone(), class);
    let find = |cache: &mut Cache| {
        if cache.is_of(valid) {
            look_up(&cache.bodies, &key)
        } else {
            None
        }
    };
    if let Some(rendered) = isolate::with(&CACHE, find).flatten() {
        return Ok(Ok(rendered));
    }
    let rendered = match Rendered::of(valid, query, class, limits)? {
        Ok(rendered) => Rc::new(rendered),
        Err(absence) => return Ok(Err(absence)),
    };
    isolate::with(&CACHE, |cache| {
        if !cache.is_of(valid) {
            cache.snapshot = Rc::downgrade(valid);
            // Only now: requests that still answer from the old snapshot keep what they hold.
            cache.bodies.clear();
        }
        cache
            .bodies
            .insert((query.clone().into_owned(), class), Rc::clone(&rendered));
    });
    Ok(Ok(rendered))
}

/// Covariance: a `'static` key is looked up by one with a shorter lifetime, without owning it.
fn look_up<'q>(bodies: &HashMap<Key<'q>, Rc<Rendered>>, key: &Key<'q>) -> Option<Rc<Rendered>> {
    bodies.get(key).cloned()
}
