//! The call to a fallback exchange, OKX or Binance.

use super::exchange_call::ExchangeCall;
use super::outcome::{CallOutcome, Found, NotFound, UniverseTask, exchange_attempt};
use super::report::Via;
use super::{health, universe};
use crate::clock;
use crate::policy::{UniverseUse, Upstream};
use crate::upstream::Deadline;
use crate::upstream::{Assembled, Health, Materials, secondary};
use futures_util::future::join;
use shared::exchange::secondary::Secondary;
use shared::provenance::Venue;
use std::rc::Rc;

/// Calls the exchange at `base`, if the isolate and its colo may.
pub(super) async fn run(secondary: Secondary, base: &str, call: ExchangeCall<'_>) -> CallOutcome {
    let upstream = Upstream::of(secondary);
    let deadline = Deadline::after(call.timeout_ms);
    let now = clock::now();
    // Both lists, for either can say which contracts count when the own one does not come.
    let lists = join(
        universe::at_hand(Venue::Okx, None, now),
        universe::at_hand(Venue::Bybit, None, now),
    );
    let ((okx, okx_use), (bybit, _)) = match call.admit(upstream, lists).await {
        Ok(lists) => lists,
        Err(denied) => return CallOutcome::denied(upstream.name(), denied),
    };
    let own = okx
        .clone()
        // An older one is fetched again beside the tickers, and stays as the spare.
        .filter(|_| secondary == Secondary::Okx && okx_use == UniverseUse::Use);
    let spare = secondary.universe(okx.into_iter().chain(bybit));
    let materials = Materials {
        held: call.held.as_deref(),
        universe: own,
        reason: call.reason,
        purpose: call.purpose,
    };
    let started = clock::now();
    let config = &call.deployment.config;
    let answer = secondary::snapshot(config, secondary, base, &deadline, materials, spare).await;
    let venue = secondary.venue();
    let health = answer
        .as_ref()
        .map_or_else(|refused| refused.error.health(venue), |_| Health::Works);
    health::note(upstream, health, Some(call.background));
    let attempts = vec![exchange_attempt(upstream.name(), venue, &answer, started)];
    let found = match answer {
        Ok(Assembled { snapshot, fetched }) => Ok(Found {
            via: Via::Secondary(secondary),
            snapshot: Rc::new(snapshot),
            universe: fetched.map_or(UniverseTask::Nothing, UniverseTask::Store),
        }),
        Err(refused) => Err(NotFound::Failed(refused.candidate)),
    };
    CallOutcome::of(attempts, found)
}
