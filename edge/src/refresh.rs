//! The one refresh that all requests of an isolate share: the colo's cache, then the origin, then
//! the exchange.

mod ask;
mod background;
mod colo;
mod exercise;
mod flight;
mod keep;
mod report;
mod search;

use crate::config::{self, Config};
use crate::{clock, last_good, memory, metrics, request_id};
use ask::Unfound;
use background::Background;
use futures_util::future::join;
use search::{Search, Searched};
use shared::freshness::Freshness;
use shared::headers::request_id::RequestId;
use shared::validate::ValidSnapshot;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use worker::{Context, Env};

pub use exercise::Exercise;
pub use flight::{direct_place, exercise, last, state};
pub use report::{Report, Via, why_forward};

/// Whether a request started the refresh that it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It did.
    Leader,
    /// It joined one that was under way.
    Follower,
}

/// A wait for a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Whether the waiting request started it.
    pub role: Role,
    /// Which refresh it was.
    pub generation: u64,
}

impl Wait {
    /// This wait and another one after it. A request that led once has asked the sources, whatever
    /// it joined afterwards.
    #[must_use]
    pub fn and_then(self, next: Self) -> Self {
        let role = if self.role == Role::Leader {
            self.role
        } else {
            next.role
        };
        Self { role, ..next }
    }
}

/// Starts a refresh in the name of the request `id`, unless one is under way.
///
/// The work belongs to the request that starts it but goes on when that request's client is gone.
pub fn start(context: &Context, config: &Rc<Config>, id: &RequestId) -> Role {
    let Some(generation) = flight::claim(clock::now()) else {
        return Role::Follower;
    };
    let (config, id) = (Rc::clone(config), id.clone());
    let work = future_to_promise(async move {
        run(generation, &config, &id).await;
        Ok(JsValue::UNDEFINED)
    });
    // It throws only where there is no request to belong to; the work itself has started all the
    // same.
    let _ = context.as_ref().wait_until(&work);
    Role::Leader
}

/// Joins or starts the refresh, and waits until it has something to say, for `millis` at most.
pub async fn wait(context: &Context, config: &Rc<Config>, id: &RequestId, millis: u64) -> Wait {
    let role = start(context, config, id);
    let (generation, promise) = flight::waiter();
    // Whether the time is over or the refresh, the caller looks at what is held now.
    match promise {
        Some(promise) => drop(clock::within(millis, JsFuture::from(promise)).await),
        None => drop(clock::within(millis, std::future::pending::<()>()).await),
    }
    Wait { role, generation }
}

/// Refreshes and keeps what is young for all colos, if this deployment has a place for that.
pub async fn keep_last_good(env: &Env) {
    let Ok(config) = config::of(env) else { return };
    let Some(store) = &config.last_good else {
        return;
    };
    // Where another request of this isolate is refreshing already, its result is as good.
    if let Some(generation) = flight::claim(clock::now()) {
        run(generation, &config, &request_id::take_or_make(None)).await;
    }
    let is_young = |held: &Rc<ValidSnapshot>| {
        matches!(
            config.limits.classify(held.get().as_of_ms, clock::now()),
            Some(Freshness::Fresh | Freshness::Aging)
        )
    };
    if let Some(held) = memory::snapshot().filter(is_young) {
        last_good::keep(store, &held, &config.limits).await;
    }
}

/// The leader's work, and what may follow once nobody waits any more.
async fn run(generation: u64, config: &Config, request_id: &RequestId) {
    let began = clock::now();
    let background = Background::default();
    let Searched {
        forward,
        via,
        asked,
        hedged,
        keep,
        universe,
        late,
    } = Search::new(generation, config, request_id, &background)
        .run()
        .await;
    let finished = clock::now();
    let is_from_origin = matches!(via, Some(Via::Origin { .. }));
    let request_id = request_id.clone();
    let took_ms = finished.millis_since(began);
    let report = Report {
        generation,
        request_id,
        forward,
        via,
        asked,
        hedged,
        began,
        took_ms,
    };
    report.log();
    metrics::refreshed(&report);
    flight::finish(report, finished);
    let late = async {
        // Its answer comes too late for those who waited, but it may be younger, and tells how the
        // origin is.
        if let Some(late) = late {
            let answered = late.await;
            let found = match answered.found {
                Ok(found) => Some(found.snapshot),
                Err(Unfound::Failed(old)) => old,
                Err(Unfound::Withheld) => None,
            };
            found.map(|found| memory::offer(found, &config.limits));
        }
    };
    let from_origin = keep.clone().filter(|_| is_from_origin);
    join(
        keep::for_others(config, keep.as_deref(), universe, &background),
        late,
    )
    .await;
    if let Some(snapshot) = from_origin {
        exercise::after(config, &snapshot, &background).await;
    }
    background.finish().await;
}
