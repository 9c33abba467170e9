//! Keeps tasks running. A task that panics, ends or stalls is restarted after a pause, and counted.
//!
//! State per task: its pulse (until when it must be heard of) and the restarts of the last two
//! minutes. The pause doubles with each restart in that window. Too many of them are a storm: the
//! process ends with an exit code of its own, so that its service manager starts it anew with fresh
//! memory.
//!
//! A source that the process can do without is parked instead of ending the process. What it
//! crashes on is probably an answer that every restarted process would get as well, so the whole
//! fleet would go down with it.

use crate::metrics::Metrics;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

/// The exit code of a process whose tasks could not be kept running: `EX_SOFTWARE` of `sysexits.h`.
pub const EXIT_STORM: u8 = 70;

/// The pause before the first restart; it doubles with each within [`WINDOW`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The window in which restarts are counted, and how many of one task are tolerated in it.
const WINDOW: Duration = Duration::from_secs(120);
const MAX_RESTARTS: usize = 6;

/// How long a task may exceed what it announced before it counts as stalled. Generous, because a
/// busy machine is no reason for a restart.
const SLACK: Duration = Duration::from_secs(30);

/// How long a task that was aborted may take to end. An abort acts at the next `await`; a task that
/// reaches none holds its thread.
const ABORT_PATIENCE: Duration = Duration::from_secs(5);

/// How long a dispensable source is parked after a storm. By then its publisher may send another
/// answer than the one that it crashes on.
pub const PARKED: Duration = Duration::from_secs(600);

/// The outcome of a source that is parked, and the reason why its section is absent.
pub const CRASHED: &str = "crashed";

/// A task that could not be kept running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Storm {
    /// It was restarted too often.
    #[error(
        "the task {task} was begun anew {MAX_RESTARTS} times within {WINDOW:?} and ended again"
    )]
    TooManyRestarts {
        /// Its name.
        task: &'static str,
    },
    /// It stalled and did not end when aborted: it holds a thread.
    #[error("the task {task} stalled, and did not end within {ABORT_PATIENCE:?} when told to")]
    Stuck {
        /// Its name.
        task: &'static str,
    },
}

/// Why a task does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// It returned, which no supervised task should.
    Ended,
    /// It panicked.
    Panicked,
    /// It exceeded the time that it announced.
    Stalled,
}

impl Interruption {
    shared::labels! {
        /// A label for metrics and the log.
        pub const fn label(self) {
            Self::Ended => "ended",
            Self::Panicked => "panic",
            Self::Stalled => "stall",
        }
    }
}

/// By which a task announces until when it will be heard of again; `None` while it waits for
/// something that may never come.
#[derive(Clone, Debug)]
pub struct Pulse(Arc<Mutex<Option<Instant>>>);

impl Pulse {
    /// Nothing is announced.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    /// Announces the next beat within `pause`. Some slack is added.
    pub fn expect_within(&self, pause: Duration) {
        *self.due() = Instant::now().checked_add(pause);
    }

    /// Announces nothing: the task waits for something that may never come.
    pub fn rest(&self) {
        *self.due() = None;
    }

    /// Returns when a beat is overdue.
    ///
    /// Both waits run on the timer of this process. When the whole process was stopped or the
    /// machine suspended, the task still gets its slack after waking, because the slack begins only
    /// now.
    async fn missed(&self) {
        loop {
            let due = *self.due();
            match due {
                Some(due) => {
                    sleep_until(due).await;
                    sleep(SLACK).await;
                    // The same deadline as before the slack, so there was no beat in between.
                    if *self.due() == Some(due) {
                        return;
                    }
                }
                // Nothing wakes this when the task announces again; a second late does not matter
                // against the slack.
                None => sleep(Duration::from_secs(1)).await,
            }
        }
    }

    fn due(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Pulse {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs what `begin` makes and restarts it. Returns only after a storm; dropping it aborts the
/// task.
pub async fn supervise<F>(
    task: &'static str,
    metrics: Arc<Metrics>,
    mut begin: impl Fn(Pulse) -> F,
) -> Storm
where
    F: Future<Output = ()> + Send + 'static,
{
    until_storm(task, &metrics, &mut begin).await.0
}

/// Runs a task that the process can do without. A storm parks it: `parked` is called and returns
/// for how long, then the task is restarted. Never returns.
pub async fn supervise_optional<F>(
    task: &'static str,
    metrics: Arc<Metrics>,
    mut begin: impl Fn(Pulse) -> F,
    parked: impl Fn() -> Duration,
) -> std::convert::Infallible
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let (storm, stuck) = until_storm(task, &metrics, &mut begin).await;
        // First, so that the value which the task may crash on is dropped before the source counts
        // as parked.
        let rest = parked();
        let _parked = Parked::begin(&metrics, task);
        tracing::error!(task, %storm, ?rest, "a source is parked; everything else goes on without it");
        sleep(rest).await;
        if let Some(stuck) = stuck {
            // The stuck task holds a thread of the runtime. Each restart beside it could take
            // another one, until none is left.
            let _ = stuck.await;
        }
    }
}

/// Sets the metric for as long as it lives: the future may be dropped while it sleeps.
struct Parked<'a> {
    metrics: &'a Metrics,
    task: &'static str,
}

impl<'a> Parked<'a> {
    fn begin(metrics: &'a Metrics, task: &'static str) -> Self {
        metrics.parked(task, true);
        Self { metrics, task }
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.metrics.parked(self.task, false);
    }
}

/// Restarts what `begin` makes until a storm. Returns the storm, and the task that is stuck if that
/// is the cause.
async fn until_storm<F>(
    task: &'static str,
    metrics: &Metrics,
    begin: &mut impl FnMut(Pulse) -> F,
) -> (Storm, Option<AbortOnDropHandle<()>>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut restarts = VecDeque::new();
    loop {
        // A pulse for each run: a beat of the aborted one must not count for its successor.
        let pulse = Pulse::new();
        // A task of its own, so that its panic is caught at the join and does not unwind this one.
        let mut running = AbortOnDropHandle::new(tokio::spawn(begin(pulse.clone())));
        let reason = tokio::select! {
            ended = &mut running => match ended {
                Ok(()) => Interruption::Ended,
                Err(_) => Interruption::Panicked,
            },
            () = pulse.missed() => {
                running.abort();
                if timeout(ABORT_PATIENCE, &mut running).await.is_err() {
                    return (Storm::Stuck { task }, Some(running));
                }
                Interruption::Stalled
            }
        };
        let reason = reason.label();
        // Counted before the limit is checked: the last interruption is one, too.
        metrics.task_restart(task, reason);
        let now = Instant::now();
        while restarts
            .front()
            .is_some_and(|first: &Instant| now.duration_since(*first) > WINDOW)
        {
            restarts.pop_front();
        }
        if restarts.len() >= MAX_RESTARTS {
            return (Storm::TooManyRestarts { task }, None);
        }
        // 0.1 s to 3.2 s: six restarts take far less than the window, so a task that always fails
        // reaches the limit.
        let pause = FIRST_PAUSE.saturating_mul(1 << restarts.len());
        restarts.push_back(now);
        tracing::error!(task, reason, ?pause, "a task does not run; it begins anew");
        sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Report;
    use crate::metrics::{Format, Process, Seen};
    use std::sync::atomic::{AtomicU32, Ordering};

    fn metrics() -> Arc<Metrics> {
        Arc::new(Metrics::new())
    }

    fn page_of(metrics: &Metrics) -> String {
        let now = shared::units::UnixMs::from_millis(0);
        let process = Process {
            role: "all",
            store: "memory",
            started_at: now,
        };
        let seen = Seen {
            process,
            served: None,
            stored: None,
            clock: &Report::default(),
            now,
        };
        metrics.page(seen, Format::OpenMetrics).unwrap()
    }

    fn restarts(metrics: &Metrics, reason: &str) -> bool {
        page_of(metrics).contains(&format!(
            "task_restarts_total{{task=\"test\",reason=\"{reason}\"}} 1"
        ))
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_counted_and_the_task_goes_on() {
        let (metrics, begun) = (metrics(), Arc::new(AtomicU32::new(0)));
        let counted = Arc::clone(&begun);
        let storm = supervise("test", Arc::clone(&metrics), move |_| {
            let begun = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                assert!(begun > 0, "the first beginning fails");
                std::future::pending::<()>().await;
            }
        });
        assert!(
            timeout(Duration::from_secs(3_600), storm).await.is_err(),
            "one panic ended the process"
        );
        assert_eq!(begun.load(Ordering::Relaxed), 2);
        assert!(restarts(&metrics, "panic"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_is_not_heard_of_is_begun_anew_and_one_that_rests_is_not() {
        let (metrics, begun) = (metrics(), Arc::new(AtomicU32::new(0)));
        let counted = Arc::clone(&begun);
        let storm = supervise("test", Arc::clone(&metrics), move |pulse| {
            let begun = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                pulse.expect_within(Duration::from_secs(5));
                if begun > 0 {
                    pulse.rest();
                }
                std::future::pending::<()>().await;
            }
        });
        assert!(timeout(Duration::from_secs(3_600), storm).await.is_err());
        assert_eq!(begun.load(Ordering::Relaxed), 2);
        assert!(restarts(&metrics, "stall"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_slept_through_the_time_of_a_task_does_not_blame_it() {
        let begun = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&begun);
        let storm = tokio::spawn(supervise("test", metrics(), move |pulse| {
            counted.fetch_add(1, Ordering::Relaxed);
            async move {
                loop {
                    pulse.expect_within(Duration::from_secs(2));
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }));
        for _ in 0..10 {
            sleep(Duration::from_secs(90)).await;
            tokio::time::advance(Duration::from_secs(7_200)).await;
        }
        assert!(!storm.is_finished());
        assert_eq!(begun.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_keeps_ending_ends_the_process() {
        let begun = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&begun);
        let storm = supervise("test", metrics(), move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            async {}
        });
        assert_eq!(storm.await, Storm::TooManyRestarts { task: "test" });
        assert_eq!(begun.load(Ordering::Relaxed) as usize, MAX_RESTARTS + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_fails_now_and_then_is_borne_for_ever() {
        let begun = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&begun);
        let storm = supervise("test", metrics(), move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            sleep(WINDOW / 4)
        });
        assert!(timeout(WINDOW * 20, storm).await.is_err());
        assert!(begun.load(Ordering::Relaxed) > 50);
    }

    #[tokio::test(start_paused = true)]
    async fn an_optional_task_that_keeps_panicking_is_parked_and_tried_again_after_a_long_while() {
        let (metrics, begun, parked) = (
            metrics(),
            Arc::new(AtomicU32::new(0)),
            Arc::new(AtomicU32::new(0)),
        );
        let (counted, noted) = (Arc::clone(&begun), Arc::clone(&parked));
        let supervisor = tokio::spawn(supervise_optional(
            "test",
            Arc::clone(&metrics),
            move |_| {
                let begun = counted.fetch_add(1, Ordering::Relaxed) as usize;
                async move {
                    assert!(begun > MAX_RESTARTS, "the first storm");
                    std::future::pending::<()>().await;
                }
            },
            move || {
                noted.fetch_add(1, Ordering::Relaxed);
                PARKED
            },
        ));
        let is_parked =
            |metrics: &Metrics| page_of(metrics).contains("task_parked{task=\"test\"} 1");
        sleep(PARKED / 2).await;
        assert_eq!(
            (
                begun.load(Ordering::Relaxed) as usize,
                parked.load(Ordering::Relaxed)
            ),
            (MAX_RESTARTS + 1, 1)
        );
        assert!(is_parked(&metrics));
        sleep(PARKED).await;
        assert_eq!(
            (
                begun.load(Ordering::Relaxed) as usize,
                parked.load(Ordering::Relaxed)
            ),
            (MAX_RESTARTS + 2, 1)
        );
        assert!(!is_parked(&metrics));
        assert!(!supervisor.is_finished());
        supervisor.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn dropping_the_supervisor_ends_the_task() {
        struct Gone(Arc<AtomicU32>);
        impl Drop for Gone {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let gone = Arc::new(AtomicU32::new(0));
        let held = Arc::clone(&gone);
        let storm = supervise("test", metrics(), move |_| {
            let held = Gone(Arc::clone(&held));
            async move {
                let _held = held;
                std::future::pending::<()>().await;
            }
        });
        assert!(timeout(Duration::from_secs(1), storm).await.is_err());
        tokio::task::yield_now().await;
        assert_eq!(gone.load(Ordering::Relaxed), 1);
    }
}
