//! What the scores rest on beside tickers: candles, book, trades, positions, of every monitored
//! contract.
//!
//! [`planner`] says what is due, [`gate`] whether the exchange may be asked, [`fetch`] asks,
//! [`shelf`] keeps. An input is a value with a source and a time, whoever delivers it, so a stream
//! can put the same values on the same shelf.

mod fetch;
mod gate;
mod kind;
mod monitored;
mod planner;
mod shelf;
mod value;

use crate::clock::Moment;
use crate::context::Context;
use crate::supervise::Pulse;
use crate::upstream::{Pauses, Upstream, UpstreamError};
use planner::{Job, Planner};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{self, JoinSet};
use tokio::time::Instant;
use value::Delivery;

pub use gate::Gate;
pub(super) use gate::{Pass, SHORTEST_WAIT};
pub(super) use monitored::Monitored;
pub(super) use shelf::{Inputs, Shelf, SymbolInputs};

/// The longest sleep, so that a new list of symbols is seen soon.
const MAX_IDLE: Duration = Duration::from_millis(250);

/// The pauses after failures of one input.
const PAUSES: Pauses = Pauses {
    first: Duration::from_secs(2),
    most: Duration::from_secs(300),
    most_stated: Duration::from_secs(300),
};

/// Fetches for ever what is due of the monitored contracts.
///
/// How many requests are under way is bounded by the budget and the time that each may take. There
/// is no other limit, for an endpoint that hangs would take every place and hold up the rest.
pub(super) async fn run(
    context: Context,
    upstream: Upstream,
    gate: Arc<Gate>,
    shelf: Arc<Shelf>,
    monitored: watch::Receiver<Vec<Monitored>>,
    pulse: Pulse,
) {
    let clock = &context.clock;
    let mut time_changes = clock.changes();
    let mut planner = Planner::new(gate.requests_per_second());
    let mut monitored = monitored;
    let mut under_way: JoinSet<Result<Delivery, UpstreamError>> = JoinSet::new();
    let mut jobs: HashMap<task::Id, (Job, Pass)> = HashMap::new();
    loop {
        pulse.expect_within(MAX_IDLE);
        if monitored.has_changed().unwrap_or(false) {
            let symbols = monitored.borrow_and_update().clone();
            shelf.keep_only(&symbols);
            planner.monitor(&symbols, Instant::now());
        }
        let now = clock.moment();
        if time_changes.has_changed().unwrap_or(false) {
            time_changes.mark_unchanged();
            planner.time_changed();
        }
        while let Some((job, pass)) = next(&mut planner, &gate, now) {
            let (upstream, held) = (upstream.clone(), shelf.get(&job.symbol));
            let asked = job.clone();
            let task = under_way.spawn(async move {
                fetch::fetch(&upstream, &asked, held.as_deref(), now.time).await
            });
            jobs.insert(task.id(), (job, pass));
        }
        tokio::select! {
            Some(done) = under_way.join_next_with_id() => match done {
                Ok((id, outcome)) => {
                    if let Some((job, pass)) = jobs.remove(&id) {
                        finish(&context, &gate, &shelf, &mut planner, (&job, pass), outcome);
                    }
                }
                Err(panic) => {
                    tracing::error!(%panic, "fetching an input panicked");
                    if let Some((job, pass)) = jobs.remove(&panic.id()) {
                        gate.lost(pass);
                        planner.failed(&job, Instant::now(), PAUSES.most);
                    }
                }
            },
            () = tokio::time::sleep(idle(&planner, &gate)) => {}
        }
    }
}

/// The most urgent job that is due, with leave to ask for it, if there are both.
fn next(planner: &mut Planner, gate: &Gate, now: Moment) -> Option<(Job, Pass)> {
    planner.due_in(now.instant).filter(Duration::is_zero)?;
    let pass = gate.pass_input(now.instant)?;
    Some((planner.take_due(now.instant)?, pass))
}

/// How long nothing can be done.
fn idle(planner: &Planner, gate: &Gate) -> Duration {
    let now = Instant::now();
    let until_due = planner.due_in(now).unwrap_or(MAX_IDLE);
    until_due
        .max(gate.opens_in(now))
        .clamp(Duration::from_millis(1), MAX_IDLE)
}

fn finish(
    context: &Context,
    gate: &Gate,
    shelf: &Shelf,
    planner: &mut Planner,
    (job, pass): (&Job, Pass),
    outcome: Result<Delivery, UpstreamError>,
) {
    let now = context.clock.moment();
    match outcome {
        Ok(delivery) => {
            gate.answered(pass, now.instant);
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
            let pause = gate.failed(pass, now.instant, &error, failures, PAUSES);
            if error.concerns_all_requests() {
                tracing::warn!(%error, ?pause, "the exchange sends us away; no input is fetched meanwhile");
            } else {
                tracing::debug!(symbol = job.symbol, kind = job.kind.name(), %error, "an input could not be fetched");
            }
            planner.failed(job, now.instant, pause);
        }
    }
}
