//! The call to Bybit from here, at its other host if the first one is broken.

use super::exchange_call::ExchangeCall;
use super::outcome::{CallOutcome, Found, NotFound, UniverseTask, exchange_attempt};
use super::report::Via;
use super::{health, universe};
use crate::policy::Upstream;
use crate::upstream::Deadline;
use crate::upstream::{
    Assembled, BYBIT_ALTERNATIVE, BYBIT_DIRECT, Health, Materials, Refused, bybit,
};
use crate::{clock, memory};
use shared::market::Universe;
use shared::provenance::Venue;
use std::rc::Rc;

/// Calls Bybit, if the isolate and its colo may.
pub(super) async fn run(call: ExchangeCall<'_>, deadline: &Deadline) -> CallOutcome {
    let list = universe::of_bybit(clock::now());
    match call.admit(Upstream::Bybit, list).await {
        Ok((universe, renew)) => at_hosts(&call, deadline, universe, renew).await,
        Err(denied) => CallOutcome::denied(BYBIT_DIRECT, denied),
    }
}

async fn at_hosts(
    call: &ExchangeCall<'_>,
    deadline: &Deadline,
    universe: Option<Rc<Universe>>,
    renew: bool,
) -> CallOutcome {
    let config = &call.deployment.config;
    let materials = |universe| Materials {
        held: call.held.as_deref(),
        universe,
        reason: call.reason.clone(),
        purpose: call.purpose,
    };
    let started = clock::now();
    let first = materials(universe.clone());
    let mut answer = bybit::snapshot(config, &config.bybit_base_url, deadline, first).await;
    let mut attempts = vec![exchange_attempt(
        BYBIT_DIRECT,
        Venue::Bybit,
        &answer,
        started,
    )];
    if let (Some(other), Err(Refused { error, .. })) = (&config.bybit_alternative_base_url, &answer)
        && error.is_of_the_host()
    {
        let started = clock::now();
        // The first host may have delivered the list of contracts before it failed.
        let universe = universe.clone().or_else(|| memory::universe(Venue::Bybit));
        answer = bybit::snapshot(config, other, deadline, materials(universe)).await;
        attempts.push(exchange_attempt(
            BYBIT_ALTERNATIVE,
            Venue::Bybit,
            &answer,
            started,
        ));
    }
    let health = answer.as_ref().map_or_else(
        |refused| refused.error.health(Venue::Bybit),
        |_| Health::Works,
    );
    // Noted once for both hosts: they share the address' limits and the breaker.
    health::note(Upstream::Bybit, health, Some(call.background));
    let found = match answer {
        Ok(Assembled { snapshot, fetched }) => Ok(Found {
            via: Via::BybitDirect,
            snapshot: Rc::new(snapshot),
            // Renewed after the answer is out: the list that was used is good for a day.
            universe: match universe.filter(|_| renew) {
                Some(used) => UniverseTask::Renew(used),
                None => fetched.map_or(UniverseTask::Nothing, UniverseTask::Store),
            },
        }),
        Err(refused) => Err(NotFound::Failed(refused.candidate)),
    };
    CallOutcome::of(attempts, found)
}
