//! The one refresh that all requests of an isolate share: the colo's cache, then the origin, then the exchange.

mod flight;

use crate::clock;
use crate::config::Config;
use crate::policy::{self, Decision, Refresh, UniverseUse};
use crate::upstream::bybit::{DirectError, FromBybit};
use crate::upstream::fetch::Deadline;
use crate::upstream::{Asked, BYBIT_DIRECT, Failed, ORIGIN, Refused, bybit, origin};
use crate::{cache, memory, metrics};
use shared::market::Universe;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use worker::Context;

pub use flight::{Report, Via, last, state};

/// How long fetching the list of contracts may take when nobody waits for it.
const UNIVERSE_MS: u64 = 5_000;

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
    /// This wait and another one after it. A request that led once has asked the sources, whatever it joined afterwards.
    #[must_use]
    pub fn and_then(self, next: Self) -> Self {
        let role = if self.role == Role::Leader { self.role } else { next.role };
        Self { role, ..next }
    }
}

/// Starts a refresh, unless one is under way.
///
/// The work belongs to the request that starts it but goes on when that request's client is gone.
pub fn start(context: &Context, config: &Rc<Config>) -> Role {
    let Some(generation) = flight::claim(clock::now()) else { return Role::Follower };
    let config = Rc::clone(config);
    let work = future_to_promise(async move {
        run(generation, &config).await;
        Ok(JsValue::UNDEFINED)
    });
    // It throws only where there is no request to belong to; the work itself has started all the same.
    let _ = context.as_ref().wait_until(&work);
    Role::Leader
}

/// Joins or starts the refresh, and waits until it has something to say, for `millis` at most.
pub async fn wait(context: &Context, config: &Rc<Config>, millis: u64) -> Wait {
    let role = start(context, config);
    let (generation, promise) = flight::waiter();
    // Whether the time is over or the refresh, the caller looks at what is held now.
    match promise {
        Some(promise) => drop(clock::within(millis, JsFuture::from(promise)).await),
        None => drop(clock::within(millis, std::future::pending::<()>()).await),
    }
    Wait { role, generation }
}

/// The leader's work, and what may follow once nobody waits any more.
async fn run(generation: u64, config: &Config) {
    let started = clock::now();
    let mut asked = Vec::new();
    let found = search(generation, config, &mut asked).await;
    let finished = clock::now();
    let via = found.as_ref().map(|found| found.via.clone());
    let report = Report { generation, via, asked, took_ms: finished.millis_since(started) };
    report.log();
    metrics::refreshed(&report);
    flight::finish(report, finished);
    if let Some(Found { keep, universe, .. }) = found {
        keep_for_others(config, keep, universe).await;
    }
}

/// What ended the search, and what is still to be done.
struct Found {
    via: Via,
    keep: Option<Rc<ValidSnapshot>>,
    universe: AfterUse,
}

/// What is to be done about the list of contracts.
enum AfterUse {
    Nothing,
    Store(Rc<Universe>),
    Renew,
}

async fn search(generation: u64, config: &Config, asked: &mut Vec<Asked>) -> Option<Found> {
    if from_cache(generation, config).await {
        return Some(Found { via: Via::EdgeCache, keep: None, universe: AfterUse::Nothing });
    }
    let held = memory::snapshot();
    let started = clock::now();
    let refused = match origin::snapshot(config, held.as_deref()).await {
        Ok(fresh) => {
            asked.push(told(ORIGIN, None, Some(started)));
            let snapshot = Rc::new(fresh.snapshot);
            memory::offer(Rc::clone(&snapshot));
            let via = Via::Origin { cache_status: fresh.cache_status };
            return Some(Found { via, keep: Some(snapshot), universe: AfterUse::Nothing });
        }
        Err(refused) => refused,
    };
    let failed = refused.error.told();
    let reason = policy::fallback_reason(&failed.outcome);
    asked.push(told(ORIGIN, Some(failed), Some(started)));
    let found = from_bybit(config, held.as_deref(), reason, asked).await;
    // Old data of the origin is better than older data of ours, whatever the exchange had to say.
    if let Some(candidate) = refused.candidate {
        memory::offer(candidate);
    }
    found
}

/// Looks into the colo's cache when this isolate has nothing to serve while others may. Whether that ends the search.
async fn from_cache(generation: u64, config: &Config) -> bool {
    let decide = || {
        let held = memory::snapshot().map(|held| held.get().as_of_ms);
        policy::decide(held, clock::now(), &config.limits, Refresh::Possible)
    };
    if decide() != Decision::WaitForRefresh {
        return false;
    }
    if let Some(found) = cache::snapshot().await {
        memory::offer(Rc::new(found));
    }
    match decide() {
        Decision::Serve(_) => true,
        Decision::ServeAndRefresh(_) => {
            // Who waits need not wait for the rest.
            flight::wake(generation);
            false
        }
        _ => false,
    }
}

async fn from_bybit(
    config: &Config,
    held: Option<&ValidSnapshot>,
    reason: String,
    asked: &mut Vec<Asked>,
) -> Option<Found> {
    let started = clock::now();
    if let Err(withheld) = flight::direct_calls().may_start(started) {
        asked.push(told(BYBIT_DIRECT, Some(DirectError::from(withheld).told()), None));
        return None;
    }
    flight::with_direct_calls(|calls| calls.started = Some(started));
    let (universe, renew) = universe_at_hand(started).await;
    match bybit::snapshot(config, held, universe, reason).await {
        Ok(FromBybit { snapshot, fetched }) => {
            asked.push(told(BYBIT_DIRECT, None, Some(started)));
            let snapshot = Rc::new(snapshot);
            memory::offer(Rc::clone(&snapshot));
            let universe = if renew { AfterUse::Renew } else { fetched.map_or(AfterUse::Nothing, AfterUse::Store) };
            Some(Found { via: Via::BybitDirect, keep: Some(snapshot), universe })
        }
        Err(Refused { error, candidate }) => {
            if let Some(refusal) = error.refusal() {
                flight::with_direct_calls(|calls| calls.refused = Some((refusal, clock::now())));
            }
            asked.push(told(BYBIT_DIRECT, Some(error.told()), Some(started)));
            if let Some(candidate) = candidate {
                memory::offer(candidate);
            }
            None
        }
    }
}

/// The youngest usable list of contracts, and whether it should be renewed afterwards.
async fn universe_at_hand(now: UnixMs) -> (Option<Rc<Universe>>, bool) {
    let calls = flight::direct_calls();
    let judged = |universe: &Option<Rc<Universe>>| calls.universe_use(universe.as_ref().map(|u| u.as_of_ms), now);
    let mut universe = memory::universe();
    if judged(&universe) == UniverseUse::Fetch {
        universe = cache::universe().await.map(Rc::new);
    }
    match judged(&universe) {
        UniverseUse::Use => (universe, false),
        UniverseUse::UseAndRefetch => (universe, true),
        UniverseUse::Fetch => (None, false),
    }
}

fn told(source: &'static str, failure: Option<Failed>, started: Option<UnixMs>) -> Asked {
    Asked { source, failure, took_ms: started.map(|started| clock::now().millis_since(started)) }
}

/// Stores what was found for the other isolates of this colo. Nobody waits for this.
async fn keep_for_others(config: &Config, snapshot: Option<Rc<ValidSnapshot>>, universe: AfterUse) {
    if let Some(snapshot) = snapshot {
        cache::keep_snapshot(&snapshot).await;
    }
    match universe {
        AfterUse::Nothing => {}
        AfterUse::Store(universe) => cache::keep_universe(&universe).await,
        AfterUse::Renew => {
            flight::with_direct_calls(|calls| calls.universe_tried = Some(clock::now()));
            match bybit::get_universe(config, &Deadline::after(UNIVERSE_MS)).await {
                Ok(universe) => {
                    cache::keep_universe(&universe).await;
                    memory::keep_universe(Rc::new(universe));
                }
                Err(error) => {
                    let line = serde_json::json!({"event": "universe_not_renewed", "reason": error.to_string()});
                    worker::console_warn!("{line}");
                    if let Some(refusal) = error.refusal() {
                        flight::with_direct_calls(|calls| calls.refused = Some((refusal, clock::now())));
                    }
                }
            }
        }
    }
}
