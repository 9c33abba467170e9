//! The one refresh that all requests of an isolate share: the colo's cache, then the origin, then
//! the exchanges.
//!
//! A request starts or joins it ([`start`], [`wait`]) and afterwards looks at memory: the refresh
//! hands its data to memory alone, never to a waiter. The leader goes on when its client is gone.

mod background;

mod report;

mod flight;

mod calls;

mod colo_ledger;

mod health;

mod outcome;

mod exchange_call;

mod universe;

mod origin_call;

mod bybit_call;

mod secondary_call;

mod direct_call;

mod search;

mod run;

mod exercise;

use crate::deployment::{self, Deployment};
use crate::{cache, clock, last_good, memory, request_id};
use background::Background;
use futures_util::future::join;
use outcome::{NotFound, UniverseTask};
use run::{Ended, Run, Running};
use search::SearchReport;
use shared::freshness::{Freshness, Limits};
use shared::headers::request_id::RequestId;
use shared::validate::ValidSnapshot;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use worker::{Context, Env};

pub use direct_call::direct_colo;
pub use exercise::{Exercise, exercise};
pub use flight::{last, state};
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
    /// This wait and another one after it. A request that led once has called the sources, whatever
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
pub fn start(context: &Context, deployment: &Rc<Deployment>, id: &RequestId) -> Role {
    let Some(generation) = flight::claim(clock::now()) else {
        return Role::Follower;
    };
    let (deployment, id) = (Rc::clone(deployment), id.clone());
    let work = future_to_promise(async move {
        lead(generation, &deployment, &id).await;
        Ok(JsValue::UNDEFINED)
    });
    // This throws only where there is no request to belong to; the work itself has started all the
    // same.
    let _ = context.as_ref().wait_until(&work);
    Role::Leader
}

/// Joins or starts the refresh, and waits until its waiters are woken, for `millis` at most.
pub async fn wait(
    context: &Context,
    deployment: &Rc<Deployment>,
    id: &RequestId,
    millis: u64,
) -> Wait {
    let role = start(context, deployment, id);
    let (generation, promise) = flight::waiter();
    // Whether the time is over or the refresh, the caller looks at what is held now.
    match promise {
        Some(promise) => drop(clock::within(millis, JsFuture::from(promise)).await),
        None => drop(clock::within(millis, std::future::pending::<()>()).await),
    }
    Wait { role, generation }
}

/// Refreshes and keeps what is young for all colos, if this deployment has a store for that.
pub async fn keep_last_good(env: &Env) {
    let Ok(deployment) = deployment::of(env) else {
        return;
    };
    let Some(store) = &deployment.last_good else {
        return;
    };
    // Where another request of this isolate is refreshing already, its result is as good.
    if let Some(generation) = flight::claim(clock::now()) {
        lead(generation, &deployment, &request_id::take_or_make(None)).await;
    }
    let limits = &deployment.config.limits;
    // Only young data: the store is for colos that hold nothing, and what is stale now would soon
    // be past the last limit.
    let is_young = |held: &Rc<ValidSnapshot>| {
        matches!(
            limits.classify(held.get().as_of_ms, clock::now()),
            Some(Freshness::Fresh | Freshness::Aging)
        )
    };
    if let Some(held) = memory::snapshot().filter(is_young) {
        last_good::keep(store, &held, limits).await;
    }
}

/// The leader's work, and what follows once the waiters are answered.
async fn lead(generation: u64, deployment: &Deployment, request_id: &RequestId) {
    let began = clock::now();
    let background = Background::default();
    let Ended {
        report: found,
        keep,
        universe,
        late,
    } = Run::new(generation, deployment, request_id, &background)
        .drive()
        .await;
    let finished = clock::now();
    let is_from_origin = matches!(found.via, Some(Via::Origin { .. }));
    let SearchReport {
        forward,
        via,
        attempts,
        hedged,
    } = found;
    let report = Report {
        generation,
        request_id: request_id.clone(),
        forward,
        via,
        attempts,
        hedged,
        began,
        took_ms: finished.millis_since(began),
    };
    // Logged before the waiters are woken, so that the line precedes those of their answers.
    report.log();
    report.count();
    // From here on waiters are answered; what follows costs them nothing.
    flight::finish(report, finished);
    let from_origin = keep.clone().filter(|_| is_from_origin);
    join(
        store(deployment, keep.as_deref(), universe, &background),
        take_late(late, &deployment.config.limits),
    )
    .await;
    // Last, for it may take as long as a refresh and nothing depends on it.
    if let Some(snapshot) = from_origin {
        exercise::after(deployment, &snapshot, &background).await;
    }
    background.finish().await;
}

/// Stores for the other isolates of this colo what they do not have.
async fn store(
    deployment: &Deployment,
    snapshot: Option<&ValidSnapshot>,
    universe: UniverseTask,
    background: &Background,
) {
    let config = &deployment.config;
    if let Some(snapshot) = snapshot {
        cache::keep_snapshot(snapshot, &config.limits).await;
    }
    match universe {
        UniverseTask::Nothing => {}
        UniverseTask::Store(universe) => cache::keep_universe(&universe).await,
        UniverseTask::Renew(used) => universe::renew(config, &used, background).await,
    }
}

/// Waits for the origin's answer that came too late for the waiters. It may be younger, and its end
/// tells the circuit breaker how the origin is.
async fn take_late(late: Option<Running<'_>>, limits: &Limits) {
    let Some(late) = late else { return };
    let found = match late.await.found {
        Ok(found) => Some(found.snapshot),
        Err(NotFound::Failed(candidate)) => candidate,
        Err(NotFound::OverBudget) => None,
    };
    if let Some(found) = found {
        // Offered even though the waiters were answered: the next request gets it.
        memory::offer(found, limits);
    }
}
