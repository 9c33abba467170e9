//! The inputs of the scores beside tickers: candles, book, trades and positions of every monitored
//! contract.
//!
//! One scheduler task owns all of it. `planner` says what is due, `gate` whether the request budget
//! allows a request now, `fetch` makes the request, `shelf` keeps the last good value. An input is
//! a value with a source and a time, whichever transport delivers it, so a stream can put the same
//! values on the same shelf.
//!
//! Order in each turn of the loop: take over a changed list of contracts, react to a clock that
//! stepped, take over what the stream delivered or lost, start as many requests as the gate lets through, then wait for one to end or for the
//! next to become possible. Each job that was taken ends in exactly one call of `succeeded` or
//! `failed` at the planner, and each pass in one of `answered`, `failed` or `lost` at the gate.

mod fetch;
mod gate;
mod kind;
mod mailbox;
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

pub(super) use fetch::joined_candles;
pub use gate::Gate;
pub(super) use gate::{Pass, SHORTEST_WAIT};
pub(super) use kind::InputKind;
pub(super) use mailbox::{Mailbox, News};
pub(super) use monitored::Monitored;
pub(super) use shelf::{Inputs, Shelf, SymbolInputs};
pub(super) use value::{Delivery, Value};

/// The longest sleep of the scheduler. It bounds how late a new list of contracts is noticed, which
/// wakes nobody.
const MAX_IDLE: Duration = Duration::from_millis(250);

/// The backoff after failures of one input. Nobody waits for a single input, so five minutes are no
/// harm, and an endpoint that fails keeps its cost low.
const PAUSES: Pauses = Pauses {
    first: Duration::from_secs(2),
    most: Duration::from_secs(300),
    most_stated: Duration::from_secs(300),
};

/// Fetches what is due of the monitored contracts. Never returns.
///
/// The requests under way are bounded by the budget and each request's time limit. There is no
/// limit on their number, because an endpoint that hangs would take every slot and hold up the
/// others.
pub(super) async fn run(
    context: Context,
    upstream: Upstream,
    gate: Arc<Gate>,
    shelf: Arc<Shelf>,
    monitored: watch::Receiver<Vec<Monitored>>,
    streamed: Mailbox,
    pulse: Pulse,
) {
    let clock = &context.clock;
    let mut time_changes = clock.changes();
    let mut planner = Planner::new(gate.requests_per_second());
    let mut monitored = monitored;
    let mut under_way: JoinSet<Result<Delivery, UpstreamError>> = JoinSet::new();
    // Kept outside the tasks: a panicking task returns nothing, and its job and pass must still be
    // settled.
    let mut jobs: HashMap<task::Id, (Job, Pass)> = HashMap::new();
    loop {
        pulse.expect_within(MAX_IDLE);
        if monitored.has_changed().unwrap_or(false) {
            let symbols = monitored.borrow_and_update().clone();
            shelf.keep_only(&symbols);
            planner.monitor(&symbols, Instant::now());
        }
        let now = clock.moment();
        for (job, news) in streamed.take() {
            match news {
                News::Delivered => planner.delivered(&job, now),
                News::Lost => planner.lost(&job, now.instant),
            }
        }
        if time_changes.has_changed().unwrap_or(false) {
            time_changes.mark_unchanged();
            planner.time_changed();
        }
        while let Some((job, pass)) = next(&mut planner, &gate, now) {
            // The held value is read when the request starts: candles ask only for what closed
            // since.
            let (upstream, held) = (upstream.clone(), shelf.held(&job.symbol));
            // `jobs` keeps the original for the case that the task panics.
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
                        // Nothing is known about the exchange, so the trial request after a pause
                        // may be sent again.
                        gate.lost(pass);
                        // The same answer would make the parser panic again: the longest backoff at
                        // once.
                        planner.failed(&job, Instant::now(), PAUSES.most);
                    }
                }
            },
            () = streamed.arrived() => {}
            // Recomputed in each turn, because every finished request changes what is due and what
            // the gate allows.
            () = tokio::time::sleep(idle(&planner, &gate)) => {}
        }
    }
}

/// The most urgent due job and a pass for it, or nothing when either is missing.
fn next(planner: &mut Planner, gate: &Gate, now: Moment) -> Option<(Job, Pass)> {
    // Checked first: a pass that is taken spends budget, so none may be taken without a job.
    planner.due_in(now.instant).filter(Duration::is_zero)?;
    let pass = gate.pass_input(now.instant)?;
    Some((planner.take_due(now.instant)?, pass))
}

/// How long neither the planner nor the gate allows a request.
fn idle(planner: &Planner, gate: &Gate) -> Duration {
    let now = Instant::now();
    let until_due = planner.due_in(now).unwrap_or(MAX_IDLE);
    until_due
        .max(gate.opens_in(now))
        // Not zero, or rounding could make the loop spin.
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
            // A page of a long history is incomplete: the planner makes the next page due at once.
            let is_complete = shelf.put(&job.symbol, delivery);
            planner.succeeded(job, now, is_complete);
        }
        Err(error) => {
            context.metrics.upstream_failed(job.kind.name(), &error);
            // This failure included; the planner counts it only below.
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
