//! One call to one upstream, from its admission to what is learnt from it.

use super::background::Background;
use super::report::Via;
use super::{colo, flight};
use crate::config::Config;
use crate::policy::{UniverseUse, Upstream, universe_use};
use crate::upstream::bybit::{DirectError, FromBybit, Materials};
use crate::upstream::fetch::Deadline;
use crate::upstream::origin::FromOrigin;
use crate::upstream::{Asked, BYBIT_ALTERNATIVE, BYBIT_DIRECT, Failed, Health, ORIGIN, Refused, bybit, origin};
use crate::{cache, clock, memory};
use futures_util::future::join;
use shared::market::Universe;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::rc::Rc;

/// Data that ends the search, and what is still to be done.
pub(super) struct Found {
    pub(super) via: Via,
    pub(super) snapshot: Rc<ValidSnapshot>,
    pub(super) universe: AfterUse,
}

/// What is to be done about the list of contracts.
pub(super) enum AfterUse {
    Nothing,
    Store(Rc<Universe>),
    Renew,
}

/// What came of a call.
pub(super) struct Answered {
    /// What is told of it: one line per host.
    pub(super) asked: Vec<Asked>,
    /// The data; else data that is merely old, where there is such.
    pub(super) found: Result<Found, Option<Rc<ValidSnapshot>>>,
}

impl Answered {
    /// Nobody was asked.
    pub(super) fn withheld(source: &'static str, failed: Failed) -> Self {
        Self { asked: vec![Asked { source, failure: Some(failed), took_ms: None }], found: Err(None) }
    }
}

/// Asks the origin.
pub(super) async fn origin(config: &Config, held: Option<Rc<ValidSnapshot>>, millis: u64) -> Answered {
    let started = clock::now();
    flight::note_calls(Upstream::Origin, |calls| calls.asked(started));
    let answer = origin::snapshot(config, held.as_deref(), millis).await;
    let health = answer.as_ref().map_or_else(|refused| refused.error.health(), |_| Health::Works);
    note_health(Upstream::Origin, health, None);
    match answer {
        Ok(FromOrigin { snapshot, cache_status }) => {
            let via = Via::Origin { cache_status };
            let found = Found { via, snapshot: Rc::new(snapshot), universe: AfterUse::Nothing };
            Answered { asked: vec![told(ORIGIN, None, started)], found: Ok(found) }
        }
        Err(Refused { error, candidate }) => {
            Answered { asked: vec![told(ORIGIN, Some(error.told()), started)], found: Err(candidate) }
        }
    }
}

/// What a call to Bybit needs beside its address.
pub(super) struct Direct<'a> {
    pub(super) config: &'a Config,
    pub(super) background: &'a Background,
    pub(super) held: Option<Rc<ValidSnapshot>>,
    /// Why not the origin.
    pub(super) reason: String,
    /// How long all of it may take.
    pub(super) millis: u64,
}

/// Asks Bybit, if the isolate and its colo may; at its other host when the first is of no use.
pub(super) async fn bybit(direct: Direct<'_>) -> Answered {
    // What this isolate knows costs no look into the cache.
    let deadline = Deadline::after(direct.millis);
    let mut admission = colo::admits(Upstream::Bybit, clock::now());
    let mut at_hand = (None, false);
    if admission.is_ok() {
        ((), at_hand) = join(colo::read(), universe_at_hand(clock::now())).await;
        admission = colo::admits(Upstream::Bybit, clock::now());
    }
    if let Err(withheld) = admission {
        return Answered::withheld(BYBIT_DIRECT, Failed::withheld(withheld));
    }
    colo::note_call(Upstream::Bybit, clock::now(), direct.background);
    let (universe, renew) = at_hand;
    ask_hosts(&direct, &deadline, universe, renew).await
}

async fn ask_hosts(direct: &Direct<'_>, deadline: &Deadline, universe: Option<Rc<Universe>>, renew: bool) -> Answered {
    let config = direct.config;
    let materials = |universe| Materials { held: direct.held.as_deref(), universe, reason: direct.reason.clone() };
    let started = clock::now();
    let first = bybit::snapshot(config, &config.bybit_base_url, deadline, materials(universe.clone())).await;
    let (mut asked, mut answer) = (vec![told_direct(BYBIT_DIRECT, &first, started)], first);
    if let (Some(other), Err(refused)) = (&config.bybit_alternative_base_url, &answer)
        && refused.error.is_of_the_host()
    {
        let started = clock::now();
        // The list of contracts may have come from the first host all the same.
        let universe = universe.or_else(memory::universe);
        answer = bybit::snapshot(config, other, deadline, materials(universe)).await;
        asked.push(told_direct(BYBIT_ALTERNATIVE, &answer, started));
    }
    let health = answer.as_ref().map_or_else(|refused| refused.error.health(), |_| Health::Works);
    note_health(Upstream::Bybit, health, Some(direct.background));
    let found = match answer {
        Ok(FromBybit { snapshot, fetched }) => {
            let universe = if renew { AfterUse::Renew } else { fetched.map_or(AfterUse::Nothing, AfterUse::Store) };
            Ok(Found { via: Via::BybitDirect, snapshot: Rc::new(snapshot), universe })
        }
        Err(refused) => Err(refused.candidate),
    };
    Answered { asked, found }
}

/// Learns from how a call ended. A refusal is told to the colo.
pub(super) fn note_health(upstream: Upstream, health: Health, background: Option<&Background>) {
    let now = clock::now();
    match (health, background) {
        (Health::Works, _) => flight::note_calls(upstream, |calls| calls.ended(true, now)),
        (Health::Refuses(refusal), Some(background)) => colo::note_refusal(upstream, refusal, background),
        (Health::Fails | Health::Refuses(_), _) => flight::note_calls(upstream, |calls| calls.ended(false, now)),
    }
}

/// The youngest usable list of contracts, and whether it should be renewed afterwards.
async fn universe_at_hand(now: UnixMs) -> (Option<Rc<Universe>>, bool) {
    let tried = flight::universe_tried();
    let judged = |universe: &Option<Rc<Universe>>| universe_use(universe.as_ref().map(|u| u.as_of_ms), tried, now);
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

fn told_direct(source: &'static str, answer: &Result<FromBybit, Refused<DirectError>>, started: UnixMs) -> Asked {
    told(source, answer.as_ref().err().map(|refused| refused.error.told()), started)
}

pub(super) fn told(source: &'static str, failure: Option<Failed>, started: UnixMs) -> Asked {
    Asked { source, failure, took_ms: Some(clock::now().millis_since(started)) }
}
