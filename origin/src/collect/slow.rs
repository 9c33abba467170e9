//! A source that changes slowly: fetch, keep the last good value, pause, again.

use super::Context;
use crate::status::OK;
use crate::upstream::{UpstreamError, pause};
use shared::assemble::Slow;
use shared::market::Dated;
use std::time::Duration;
use tokio::sync::watch;

/// The pause after the first failure.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// One source's name, pace and surroundings.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) name: &'static str,
    pub(super) interval: Duration,
    pub(super) context: Context,
}

impl Task {
    /// Notes a success.
    pub(super) fn succeeded<T>(&self, dated: &Dated<T>) {
        self.context.metrics.upstream_request(self.name, OK);
        if self.context.board.record(self.name, OK, Some(dated.as_of_ms)) {
            tracing::info!(upstream = self.name, source = %dated.source, "answers");
        }
    }

    /// Notes a failure, and says how long to wait.
    pub(super) fn failed(&self, error: &UpstreamError, failures_in_a_row: u32) -> Duration {
        let label = error.label();
        self.context.metrics.upstream_request(self.name, &label);
        let pause = pause(error, failures_in_a_row, FIRST_PAUSE, self.interval);
        if self.context.board.record(self.name, &label, None) {
            tracing::warn!(upstream = self.name, %error, next_try_in = ?pause, "does not answer with data");
        }
        pause
    }
}

/// Fetches for ever. A failure leaves the last good value where it is; whether it is too old is judged where it is used.
pub(super) async fn run<T, F>(task: Task, known: watch::Sender<Slow<T>>, fetch: impl Fn() -> F)
where
    F: Future<Output = Result<Dated<T>, UpstreamError>>,
{
    let mut failures = 0_u32;
    loop {
        match fetch().await {
            Ok(dated) => {
                failures = 0;
                task.succeeded(&dated);
                known.send_replace(Slow::Known(dated));
                tokio::time::sleep(task.interval).await;
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                let pause = task.failed(&error, failures);
                known.send_if_modified(|known| match known {
                    Slow::Known(_) => false,
                    Slow::Unknown(reason) => {
                        *reason = error.label().into_owned();
                        true
                    }
                });
                tokio::time::sleep(pause).await;
            }
        }
    }
}
