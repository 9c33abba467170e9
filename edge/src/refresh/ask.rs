//! One call to one upstream, from its admission to what is learnt from it.

use super::background::Background;
use super::report::Via;
use super::{colo, flight};
use crate::config::Config;
use crate::policy::{DEADLINES, Need, UniverseUse, Upstream, Withheld, universe_use};
use crate::upstream::direct::{self, DIRECT_WORKER, FromDirect};
use crate::upstream::exchange::ExchangeError;
use crate::upstream::fetch::{Deadline, Service};
use crate::upstream::origin::FromOrigin;
use crate::upstream::{
    Asked, BYBIT_ALTERNATIVE, BYBIT_DIRECT, Failed, Health, Made, Materials, ORIGIN, Purpose,
    Refused, bybit, origin, secondary,
};
use crate::{cache, clock, memory};
use futures_util::future::join;
use shared::exchange::secondary::Secondary;
use shared::headers::request_id::RequestId;
use shared::market::Universe;
use shared::provenance::Venue;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::cell::Cell;
use std::future::Future;
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
    /// It was fetched: keep it.
    Store(Rc<Universe>),
    /// This one was used and is no longer young: fetch another.
    Renew(Rc<Universe>),
}

/// What came of a call.
pub(super) struct Answered {
    /// What is told of it: one line per host.
    pub(super) asked: Vec<Asked>,
    /// The data, or why there is none.
    pub(super) found: Result<Found, Unfound>,
    /// Whether whoever answered has asked the other exchanges as well.
    pub(super) covers_others: bool,
}

/// Why a call brought no data that ends the search.
pub(super) enum Unfound {
    /// It was not made, and nothing is known against who would have been asked.
    Withheld,
    /// It failed, or must not be made after such; with data that is merely old, where there is
    /// such.
    Failed(Option<Rc<ValidSnapshot>>),
}

impl Answered {
    fn of(asked: Vec<Asked>, found: Result<Found, Unfound>) -> Self {
        Self {
            asked,
            found,
            covers_others: false,
        }
    }

    /// Nobody was asked.
    pub(super) fn withheld(source: &'static str, withheld: Withheld) -> Self {
        let found = Err(if withheld.is_of_budget() {
            Unfound::Withheld
        } else {
            Unfound::Failed(None)
        });
        Self::of(
            vec![Asked {
                source,
                failure: Some(Failed::withheld(withheld)),
                took_ms: None,
            }],
            found,
        )
    }
}

/// Asks the origin at `base` in the name of the request that leads.
pub(super) async fn origin(
    config: &Config,
    base: &str,
    held: Option<Rc<ValidSnapshot>>,
    request_id: &RequestId,
    millis: u64,
) -> Answered {
    let started = clock::now();
    flight::note_calls(Upstream::Origin, |calls| calls.asked(started));
    let answer = origin::snapshot(config, base, held.as_deref(), request_id, millis).await;
    let health = answer
        .as_ref()
        .map_or_else(|refused| refused.error.health(), |_| Health::Works);
    note_health(Upstream::Origin, health, None);
    match answer {
        Ok(FromOrigin {
            snapshot,
            cache_status,
        }) => {
            let via = Via::Origin { cache_status };
            let found = Found {
                via,
                snapshot: Rc::new(snapshot),
                universe: AfterUse::Nothing,
            };
            Answered::of(vec![told(ORIGIN, None, started)], Ok(found))
        }
        Err(Refused { error, candidate }) => Answered::of(
            vec![told(ORIGIN, Some(error.told()), started)],
            Err(Unfound::Failed(candidate)),
        ),
    }
}

/// What a call to an exchange needs beside its address.
pub(super) struct Direct<'a> {
    pub(super) config: &'a Config,
    pub(super) background: &'a Background,
    pub(super) held: Option<Rc<ValidSnapshot>>,
    /// Why not the origin.
    pub(super) reason: String,
    /// How long all of it may take.
    pub(super) millis: u64,
    /// What the answer is for.
    pub(super) purpose: Purpose,
    /// Set once the exchange is really asked, for budgets may withhold it.
    pub(super) called: Rc<Cell<bool>>,
    /// The request in whose name it is asked; nothing where it is no client's.
    pub(super) request_id: Option<&'a RequestId>,
}

/// Asks for what an exchange has: the Worker that owns the way there, where one is bound; else, or
/// when that one fails itself, Bybit from here.
pub(super) async fn exchange(direct: Direct<'_>) -> Answered {
    let deadline = Deadline::after(direct.millis);
    let Some(service) = &direct.config.direct else {
        return bybit(direct, &deadline).await;
    };
    let mut through = through(service, &direct, &deadline).await;
    if through.covers_others || through.found.is_ok() || deadline.left_ms() < DEADLINES.least_ms {
        return through;
    }
    let Answered { asked, found, .. } = bybit(direct, &deadline).await;
    through.asked.extend(asked);
    Answered::of(through.asked, found)
}

/// Asks that Worker. Budgets are its own; here it is left alone for a while when it fails.
async fn through(service: &Service, direct: &Direct<'_>, deadline: &Deadline) -> Answered {
    let started = clock::now();
    if let Err(withheld) = flight::direct_calls().may_ask(started) {
        return Answered::withheld(DIRECT_WORKER, withheld);
    }
    flight::note_direct_calls(|calls| calls.asked(started));
    direct.called.set(true);
    let (held, reason) = (direct.held.as_deref(), direct.reason.clone());
    let materials = Materials {
        held,
        universe: None,
        reason,
        purpose: direct.purpose,
    };
    let answer = direct::snapshot(
        direct.config,
        service,
        materials,
        direct.request_id,
        deadline,
    )
    .await;
    let works = answer
        .as_ref()
        .map_or_else(|refused| refused.error.works(), |_| true);
    let now = clock::now();
    flight::note_direct_calls(|calls| calls.ended(works, now));
    let (asked, found) = match answer {
        Ok(FromDirect {
            snapshot,
            place,
            source,
            failed,
        }) => {
            flight::note_direct_place(place);
            let via = Secondary::of(snapshot.get().tickers_source.venue)
                .map_or(Via::BybitDirect, Via::Secondary);
            let failed = direct::all_there(&failed).map(|(name, failed)| (name, Some(failed)));
            let asked = failed
                .chain([(source, None)])
                .map(|(name, failed)| told(name, failed, started))
                .collect();
            (
                asked,
                Ok(Found {
                    snapshot: Rc::new(snapshot),
                    universe: AfterUse::Nothing,
                    via,
                }),
            )
        }
        Err(Refused { error, candidate }) => {
            let asked = error
                .told()
                .into_iter()
                .map(|(source, failed)| told(source, Some(failed), started))
                .collect();
            (
                asked,
                Err(if error.is_withheld() {
                    Unfound::Withheld
                } else {
                    Unfound::Failed(candidate)
                }),
            )
        }
    };
    Answered {
        asked,
        found,
        covers_others: works,
    }
}

/// Asks Bybit, if the isolate and its colo may; at its other host when the first is of no use.
async fn bybit(direct: Direct<'_>, deadline: &Deadline) -> Answered {
    match admitted(
        Upstream::Bybit,
        need(direct.config),
        universe_at_hand(clock::now()),
        direct.background,
    )
    .await
    {
        Ok((universe, renew)) => {
            direct.called.set(true);
            ask_hosts(&direct, deadline, universe, renew).await
        }
        Err(withheld) => Answered::withheld(BYBIT_DIRECT, withheld),
    }
}

/// Takes a call from the budgets, once the colo's ledger is read; beside that goes what else is
/// read from the cache.
async fn admitted<T>(
    exchange: Upstream,
    need: Need,
    beside: impl Future<Output = T>,
    background: &Background,
) -> Result<T, Withheld> {
    // What this isolate knows costs no look into the cache.
    colo::admits(exchange, need, clock::now())?;
    let ((), read) = join(colo::read(), beside).await;
    let now = clock::now();
    colo::admits(exchange, need, now)?;
    colo::note_call(exchange, now, background);
    Ok(read)
}

/// What a call would be for.
fn need(config: &Config) -> Need {
    let as_of = memory::snapshot().map(|held| held.get().as_of_ms);
    let is_servable =
        as_of.is_some_and(|as_of| config.limits.classify(as_of, clock::now()).is_some());
    if is_servable {
        Need::YoungerData
    } else {
        Need::Data
    }
}

async fn ask_hosts(
    direct: &Direct<'_>,
    deadline: &Deadline,
    universe: Option<Rc<Universe>>,
    renew: bool,
) -> Answered {
    let config = direct.config;
    let (held, purpose) = (direct.held.as_deref(), direct.purpose);
    let materials = |universe| Materials {
        held,
        universe,
        reason: direct.reason.clone(),
        purpose,
    };
    let started = clock::now();
    let first = bybit::snapshot(
        config,
        &config.bybit_base_url,
        deadline,
        materials(universe.clone()),
    )
    .await;
    let (mut asked, mut answer) = (
        vec![told_made(BYBIT_DIRECT, Venue::Bybit, &first, started)],
        first,
    );
    if let (Some(other), Err(refused)) = (&config.bybit_alternative_base_url, &answer)
        && refused.error.is_of_the_host()
    {
        let started = clock::now();
        // The list of contracts may have come from the first host all the same.
        let universe = universe.clone().or_else(|| memory::universe(Venue::Bybit));
        answer = bybit::snapshot(config, other, deadline, materials(universe)).await;
        asked.push(told_made(BYBIT_ALTERNATIVE, Venue::Bybit, &answer, started));
    }
    let health = answer.as_ref().map_or_else(
        |refused| refused.error.health(Venue::Bybit),
        |_| Health::Works,
    );
    note_health(Upstream::Bybit, health, Some(direct.background));
    let found = match answer {
        Ok(Made { snapshot, fetched }) => {
            let universe = match universe.filter(|_| renew) {
                Some(used) => AfterUse::Renew(used),
                None => fetched.map_or(AfterUse::Nothing, AfterUse::Store),
            };
            Ok(Found {
                via: Via::BybitDirect,
                snapshot: Rc::new(snapshot),
                universe,
            })
        }
        Err(refused) => Err(Unfound::Failed(refused.candidate)),
    };
    Answered::of(asked, found)
}

/// Learns from how a call ended. A refusal is told to the colo.
pub(super) fn note_health(upstream: Upstream, health: Health, background: Option<&Background>) {
    let now = clock::now();
    match (health, background) {
        (Health::Works, _) => flight::note_calls(upstream, |calls| calls.ended(true, now)),
        (Health::Refuses(refusal), Some(background)) => {
            colo::note_refusal(upstream, refusal, background)
        }
        (Health::Fails | Health::Refuses(_), _) => {
            flight::note_calls(upstream, |calls| calls.ended(false, now))
        }
    }
}

/// The youngest usable list of Bybit's contracts, and whether it should be renewed afterwards.
async fn universe_at_hand(now: UnixMs) -> (Option<Rc<Universe>>, bool) {
    let tried = flight::universe_tried();
    let (universe, to_do) = at_hand(Venue::Bybit, tried, now).await;
    (universe, to_do == UniverseUse::UseAndRefetch)
}

/// The youngest usable list of a venue's contracts, from here or from the colo, and what to do
/// about it.
async fn at_hand(
    venue: Venue,
    tried: Option<UnixMs>,
    now: UnixMs,
) -> (Option<Rc<Universe>>, UniverseUse) {
    let judged = |universe: &Option<Rc<Universe>>| {
        universe_use(universe.as_ref().map(|u| u.as_of_ms), tried, now)
    };
    let mut universe = memory::universe(venue);
    if judged(&universe) == UniverseUse::Fetch {
        universe = cache::universe(venue).await.map(Rc::new);
    }
    let to_do = judged(&universe);
    (universe.filter(|_| to_do != UniverseUse::Fetch), to_do)
}

/// Asks another exchange, if the isolate and its colo may.
pub(super) async fn secondary(secondary: Secondary, base: &str, direct: Direct<'_>) -> Answered {
    let upstream = Upstream::of(secondary);
    let deadline = Deadline::after(direct.millis);
    let now = clock::now();
    let lists = join(
        at_hand(Venue::Okx, None, now),
        at_hand(Venue::Bybit, None, now),
    );
    let ((okx, okx_use), (bybit, _)) =
        match admitted(upstream, need(direct.config), lists, direct.background).await {
            Ok(lists) => lists,
            Err(withheld) => return Answered::withheld(upstream.name(), withheld),
        };
    direct.called.set(true);
    let own = okx
        .clone()
        .filter(|_| secondary == Secondary::Okx && okx_use == UniverseUse::Use);
    let spare = secondary.universe(okx.into_iter().chain(bybit));
    let materials = Materials {
        held: direct.held.as_deref(),
        universe: own,
        reason: direct.reason,
        purpose: direct.purpose,
    };
    let started = clock::now();
    let answer =
        secondary::snapshot(direct.config, secondary, base, &deadline, materials, spare).await;
    let venue = secondary.venue();
    let health = answer
        .as_ref()
        .map_or_else(|refused| refused.error.health(venue), |_| Health::Works);
    note_health(upstream, health, Some(direct.background));
    let asked = vec![told_made(upstream.name(), venue, &answer, started)];
    let found = match answer {
        Ok(Made { snapshot, fetched }) => {
            let universe = fetched.map_or(AfterUse::Nothing, AfterUse::Store);
            Ok(Found {
                via: Via::Secondary(secondary),
                snapshot: Rc::new(snapshot),
                universe,
            })
        }
        Err(refused) => Err(Unfound::Failed(refused.candidate)),
    };
    Answered::of(asked, found)
}

fn told_made(
    source: &'static str,
    venue: Venue,
    answer: &Result<Made, Refused<ExchangeError>>,
    started: UnixMs,
) -> Asked {
    told(
        source,
        answer
            .as_ref()
            .err()
            .map(|refused| refused.error.told(venue)),
        started,
    )
}

pub(super) fn told(source: &'static str, failure: Option<Failed>, started: UnixMs) -> Asked {
    Asked {
        source,
        failure,
        took_ms: Some(clock::now().millis_since(started)),
    }
}
