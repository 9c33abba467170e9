//! What the scores rest on beside tickers: candles, book, trades, positions, of every monitored contract.
//!
//! [`planner`] says what is due, [`gate`] whether the exchange may be asked, [`fetch`] asks, [`shelf`] keeps. An input is a
//! value with a source and a time, whoever delivers it, so a stream can put the same values on the same shelf.

mod fetch;
mod gate;
mod kind;
mod planner;
mod shelf;

use super::Context;
use crate::clock::Clock;
use crate::supervise::Pulse;
use crate::upstream::{Upstream, UpstreamError, pause};
use fetch::Delivery;
use planner::{Job, Planner};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{self, JoinSet};

pub use gate::Gate;
pub(super) use shelf::{Shelf, SymbolInputs};

/// The longest sleep, so that a new list of symbols is seen soon.
const MAX_IDLE: Duration = Duration::from_millis(250);

/// The pause after the first failure of one input, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const MAX_PAUSE: Duration = Duration::from_secs(300);

/// One monitored contract, in the order of turnover.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Monitored {
    pub(super) symbol: String,
    /// Hours between fundings, where known.
    pub(super) funding_interval_hours: Option<f64>,
}

/// Fetches for ever what is due of the monitored contracts.
///
/// How many requests are under way is bounded by the budget and the time that each may take. There is no other limit, for an
/// endpoint that hangs would take every place and hold up the rest.
pub(super) async fn run(
    context: Context,
    upstream: Upstream,
    gate: Arc<Gate>,
    shelf: Arc<Shelf>,
    monitored: watch::Receiver<Vec<Monitored>>,
    pulse: Pulse,
) {
    let clock = context.clock;
    let mut planner = Planner::new(gate.requests_per_second());
    let mut monitored = monitored;
    let mut under_way: JoinSet<Result<Delivery, UpstreamError>> = JoinSet::new();
    let mut jobs: HashMap<task::Id, Job> = HashMap::new();
    loop {
        pulse.expect_within(MAX_IDLE);
        if monitored.has_changed().unwrap_or(false) {
            let symbols = monitored.borrow_and_update().clone();
            shelf.keep_only(&symbols);
            planner.monitor(&symbols, clock.now());
        }
        while gate.is_open(clock.now())
            && let Some(job) = planner.take_due(clock.now())
        {
            let now = clock.now();
            gate.note(now);
            let (upstream, held) = (upstream.clone(), shelf.get(&job.symbol));
            let asked = job.clone();
            let task = under_way.spawn(async move { fetch::fetch(&upstream, &asked, held.as_deref(), now).await });
            jobs.insert(task.id(), job);
        }
        tokio::select! {
            Some(done) = under_way.join_next_with_id() => match done {
                Ok((id, outcome)) => {
                    if let Some(job) = jobs.remove(&id) {
                        finish(&context, &gate, &shelf, &mut planner, &job, outcome);
                    }
                }
                Err(panic) => {
                    tracing::error!(%panic, "fetching an input panicked");
                    if let Some(job) = jobs.remove(&panic.id()) {
                        planner.failed(&job, clock.now(), MAX_PAUSE);
                    }
                }
            },
            () = tokio::time::sleep(idle(&planner, &gate, clock)) => {}
        }
    }
}

/// How long nothing can be done.
fn idle(planner: &Planner, gate: &Gate, clock: Clock) -> Duration {
    let now = clock.now();
    let until_due = planner.next_due().map_or(u64::MAX, |due| due.millis_since(now));
    Duration::from_millis(until_due.max(gate.opens_in_ms(now)).max(1)).min(MAX_IDLE)
}

fn finish(
    context: &Context,
    gate: &Gate,
    shelf: &Shelf,
    planner: &mut Planner,
    job: &Job,
    outcome: Result<Delivery, UpstreamError>,
) {
    let now = context.clock.now();
    match outcome {
        Ok(delivery) => {
            context.metrics.upstream_answered(job.kind.name());
            for reason in &delivery.refused {
                context.metrics.input_refused(job.kind.name(), reason);
            }
            let is_complete = shelf.put(&job.symbol, delivery);
            planner.succeeded(job, now, is_complete);
        }
        Err(error) => {
            context.metrics.upstream_failed(job.kind.name(), &error);
            let failures = planner.failures(job).saturating_add(1);
            let pause = pause(&error, failures, FIRST_PAUSE, MAX_PAUSE);
            if error.concerns_all_requests() {
                gate.close_for(now, pause);
                tracing::warn!(%error, ?pause, "the exchange sends us away; no input is fetched meanwhile");
            } else {
                tracing::debug!(symbol = job.symbol, kind = job.kind.name(), %error, "an input could not be fetched");
            }
            planner.failed(job, now, pause);
        }
    }
}
