//! What this isolate holds: the youngest snapshot, and its finished bodies.
//!
//! Bodies stay on the JavaScript side, so that answering copies nothing through WebAssembly's memory.

use js_sys::Uint8Array;
use shared::endpoints::Endpoint;
use shared::freshness::Freshness;
use shared::headers;
use shared::market::Universe;
use shared::projection;
use shared::provenance::Venue;
use shared::validate::ValidSnapshot;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::Headers;

/// A finished body of one projection in one class, with the headers that do not change while it does not.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The body.
    pub body: Uint8Array,
    /// The weak ETag, as it stands in the headers.
    pub etag: Rc<str>,
    /// Headers to be copied, never changed.
    pub headers: Headers,
}

impl Rendered {
    fn of(valid: &ValidSnapshot, endpoint: Endpoint, class: Freshness) -> Result<Self, JsValue> {
        let body = projection::body(valid, endpoint, class).map_err(|error| JsValue::from_str(&error.to_string()))?;
        let template = Headers::new()?;
        for (name, value) in headers::ALWAYS {
            template.set(name, value)?;
        }
        for (name, value) in headers::of_body(valid, endpoint, class) {
            template.set(name, &value)?;
        }
        let etag = headers::etag(valid.get(), endpoint, class).into();
        Ok(Self { body: Uint8Array::from(body.as_slice()), etag, headers: template })
    }
}

#[derive(Default)]
struct Memory {
    snapshot: Option<Rc<ValidSnapshot>>,
    rendered: Vec<(Endpoint, Freshness, Rendered)>,
    /// Lists of contracts, one of each venue, that stand in no held snapshot.
    universes: Vec<Rc<Universe>>,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// Works on the memory. Nothing that is passed here waits or calls back, so the memory is never in use already; if it
/// were, the request would go on as if nothing were held rather than end the isolate.
fn with<R>(work: impl FnOnce(&mut Memory) -> R) -> Option<R> {
    MEMORY.with(|memory| memory.try_borrow_mut().ok().map(|mut memory| work(&mut memory)))
}

/// The held snapshot.
#[must_use]
pub fn snapshot() -> Option<Rc<ValidSnapshot>> {
    with(|memory| memory.snapshot.clone()).flatten()
}

/// Takes a snapshot in the place of the held one, if it is younger: the isolate never moves back in time.
pub fn offer(candidate: Rc<ValidSnapshot>) -> bool {
    let take = |memory: &mut Memory| {
        let younger = memory.snapshot.as_ref().is_none_or(|held| candidate.supersedes(held));
        if younger {
            memory.snapshot = Some(candidate);
            memory.rendered.clear();
        }
        younger
    };
    with(take).unwrap_or(false)
}

/// The body of one projection of `valid`; kept for the next request while `valid` is the held snapshot.
///
/// # Errors
/// What the runtime throws when it refuses a header; none can occur, for all of them are ours.
pub fn rendered(valid: &Rc<ValidSnapshot>, endpoint: Endpoint, class: Freshness) -> Result<Rendered, JsValue> {
    let is_held = |memory: &Memory| memory.snapshot.as_ref().is_some_and(|held| Rc::ptr_eq(held, valid));
    let find = |memory: &mut Memory| {
        let mut known = memory.rendered.iter().filter(|_| is_held(memory));
        known.find(|(of, marked, _)| *of == endpoint && *marked == class).map(|(_, _, rendered)| rendered.clone())
    };
    if let Some(rendered) = with(find).flatten() {
        return Ok(rendered);
    }
    let rendered = Rendered::of(valid, endpoint, class)?;
    with(|memory| {
        if is_held(memory) {
            memory.rendered.push((endpoint, class, rendered.clone()));
        }
    });
    Ok(rendered)
}

/// The youngest list of contracts of this venue at hand.
#[must_use]
pub fn universe(venue: Venue) -> Option<Rc<Universe>> {
    with(|memory| {
        let is_of_venue = |universe: &&Universe| universe.source.venue == venue;
        let of_snapshot = memory.snapshot.as_ref().map(|held| &held.get().universe).filter(is_of_venue);
        let kept = memory.universes.iter().find(|universe| is_of_venue(&&***universe));
        match (kept, of_snapshot) {
            (Some(kept), Some(held)) if held.as_of_ms > kept.as_of_ms => Some(Rc::new(held.clone())),
            (Some(kept), _) => Some(Rc::clone(kept)),
            (None, held) => held.cloned().map(Rc::new),
        }
    })
    .flatten()
}

/// Keeps a list of contracts in the place of an earlier one of its venue.
pub fn keep_universe(universe: Rc<Universe>) {
    with(|memory| {
        memory.universes.retain(|kept| kept.source.venue != universe.source.venue);
        memory.universes.push(universe);
    });
}
