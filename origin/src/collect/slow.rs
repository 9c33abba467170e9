//! A source that changes slowly: fetch, keep the last good value, rest, repeat.
//!
//! Order in each turn: fetch → parse → jump filter → keep → rest for the interval; after a failure,
//! back off and retry. The value that is held survives failures; whether it is too old is decided
//! where it is used.

use crate::context::Context;
use crate::status::OK;
use crate::supervise::Pulse;
use crate::upstream::{FaultClass, Pauses, Upstream, UpstreamError, pause};
use shared::assemble::Slow;
use shared::market::Dated;
use shared::published::{LeapFilter, Published, Verdict};
use shared::units::UnixMs;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Longer than any fetch may take, all pages included; after it the supervisor counts the task as
/// stalled.
const LONGEST_FETCH: Duration = Duration::from_secs(60);

/// The pause after the first failure.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// The longest stated pause that is obeyed. The held value may be served for longer than that.
const MAX_STATED_PAUSE: Duration = Duration::from_secs(3_600);

/// The least time between two early fetches that were caused by a changed clock.
const WOKEN_AGAIN: Duration = Duration::from_secs(60);

/// A source's name, interval and environment.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) name: &'static str,
    pub(super) interval: Duration,
    pub(super) context: Context,
    pub(super) pulse: Pulse,
    /// When it last fetched early because the time changed.
    pub(super) woken: Option<Instant>,
}

impl Task {
    /// Waits until a value that another process fetched (as of `as_of`) is due again. A new leader
    /// thus costs the publishers no extra requests.
    pub(super) async fn wait_out(&self, as_of: Option<UnixMs>) {
        let age =
            as_of.map(|as_of| Duration::from_millis(self.context.clock.now().millis_since(as_of)));
        if let Some(left) = age.and_then(|age| self.interval.checked_sub(age)) {
            self.sleep(left).await;
        }
    }

    /// Sleeps, and tells the supervisor for how long.
    pub(super) async fn sleep(&self, pause: Duration) {
        self.pulse.expect_within(pause);
        tokio::time::sleep(pause).await;
        self.pulse.expect_within(LONGEST_FETCH);
    }

    /// Rests until the next fetch is due. A clock that left the timer's course, as after a
    /// suspension, ends the rest early: the held value may be older than it seemed. However often
    /// the clock steps, two fetches a minute are the most.
    pub(super) async fn rest(&mut self) {
        // Subscribed before the first sleep, or a change during it would go unnoticed.
        let mut changes = self.context.clock.changes();
        let at_least = if self
            .woken
            .is_some_and(|woken| woken.elapsed() < WOKEN_AGAIN)
        {
            WOKEN_AGAIN
        } else {
            FIRST_PAUSE
        };
        // An interval below the minimum, as in tests, is kept.
        let at_least = at_least.min(self.interval);
        self.sleep(at_least).await;
        self.pulse.expect_within(self.interval);
        tokio::select! {
            () = tokio::time::sleep(self.interval.saturating_sub(at_least)) => {}
            Ok(()) = changes.changed() => self.woken = Some(Instant::now()),
        }
        self.pulse.expect_within(LONGEST_FETCH);
    }

    /// Notes a success.
    pub(super) fn succeeded<T>(&self, dated: &Dated<T>) {
        self.context.metrics.upstream_answered(self.name);
        if self
            .context
            .board
            .record(self.name, OK, Some(dated.as_of_ms))
        {
            tracing::info!(upstream = self.name, source = %dated.source, "answers");
        }
    }

    /// Records an answer that a filter has not confirmed yet.
    pub(super) fn held_back(&self, why: &dyn std::fmt::Display, label: &'static str) {
        self.context.metrics.upstream_rejected(self.name);
        self.context.metrics.rejection(label);
        if self.context.board.record(self.name, label, None) {
            tracing::warn!(upstream = self.name, %why, "an answer is not believed yet");
        }
    }

    /// How long to wait after failures.
    pub(super) fn pauses(&self) -> Pauses {
        Pauses {
            first: FIRST_PAUSE,
            most: self.interval,
            most_stated: MAX_STATED_PAUSE.max(self.interval),
        }
    }

    /// The backoff after a failure. An outage ends for all processes at once, so the retry is
    /// jittered. An answer that is not believed is no outage and needs no jitter.
    fn pause(&self, error: &UpstreamError, failures_in_a_row: u32) -> Duration {
        let pause = pause(error, failures_in_a_row, self.pauses());
        if error.class() == FaultClass::BadData {
            pause
        } else {
            self.context.jitter.lengthen(pause)
        }
    }

    /// Records a failure; `pause` is the backoff that follows.
    pub(super) fn failed(&self, error: &UpstreamError, pause: Duration) {
        let label = error.label();
        self.context.metrics.upstream_failed(self.name, error);
        if self.context.board.record(self.name, &label, None) {
            tracing::warn!(upstream = self.name, %error, next_try_in = ?pause, "does not answer with data");
        }
    }
}

/// Fetches for ever. A failure, or an answer that is not believed, leaves the held value unchanged.
pub(super) async fn run<T: Published, F>(
    mut task: Task,
    known: watch::Sender<Slow<T>>,
    upstream: Upstream,
    fetch: impl Fn(Upstream) -> F,
) where
    F: Future<Output = Result<Dated<T>, UpstreamError>>,
{
    let mut failures = 0_u32;
    let mut filter = LeapFilter::new();
    let as_of = held(&known).map(|held| held.as_of_ms);
    task.wait_out(as_of).await;
    loop {
        let answer = fetch(upstream.clone()).await;
        let now = task.context.clock.now();
        match answer.and_then(|found| Ok(filter.examine(found, held(&known).as_ref(), now)?)) {
            Ok(verdict) => {
                failures = 0;
                if let Verdict::Take(found) = verdict {
                    known.send_replace(Slow::Known(found));
                }
                // The board shows the time of what is held, not of the answer: an unchanged value
                // is not made younger by being fetched again.
                if let Some(held) = held(&known) {
                    task.succeeded(&held);
                }
                task.rest().await;
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                let pause = task.pause(&error, failures);
                task.failed(&error, pause);
                // Only a missing value gets the reason; a held one is still served.
                known.send_if_modified(|known| match known {
                    Slow::Known(_) => false,
                    Slow::Unknown(reason) => {
                        *reason = error.label().into_owned();
                        true
                    }
                });
                task.sleep(pause).await;
            }
        }
    }
}

fn held<T: Clone>(known: &watch::Sender<Slow<T>>) -> Option<Dated<T>> {
    match &*known.borrow() {
        Slow::Known(held) => Some(held.clone()),
        Slow::Unknown(_) => None,
    }
}
