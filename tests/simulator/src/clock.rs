//! The only place where the simulator reads the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Milliseconds in a second, an hour and a day.
pub(crate) const SECOND_MS: i64 = 1_000;
pub(crate) const HOUR_MS: i64 = 3_600 * SECOND_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// Tells the simulator what time it is: the machine's time, or a time that a test moves.
#[derive(Clone, Debug)]
pub struct Clock(Reading);

#[derive(Clone, Debug)]
enum Reading {
    Machine,
    Stopped(Arc<AtomicI64>),
    Timer {
        began_at_ms: i64,
        began: Instant,
        moved_ms: Arc<AtomicI64>,
    },
}

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Reading::Machine)
    }

    /// A clock that stands still at `now_ms` (unix time in milliseconds) until [`Clock::advance`]
    /// is called.
    #[must_use]
    pub fn stopped_at(now_ms: i64) -> Self {
        Self(Reading::Stopped(Arc::new(AtomicI64::new(now_ms))))
    }

    /// A clock that shows `now_ms` now and goes on with the runtime's timer, which a test may move.
    #[must_use]
    pub fn beginning_at(now_ms: i64) -> Self {
        Self(Reading::Timer {
            began_at_ms: now_ms,
            began: Instant::now(),
            moved_ms: Arc::default(),
        })
    }

    /// Moves a clock, and every clone of it, by `by_ms`. The machine's own stays as it is.
    pub fn advance(&self, by_ms: i64) {
        match &self.0 {
            Reading::Machine => {}
            Reading::Stopped(moved)
            | Reading::Timer {
                moved_ms: moved, ..
            } => {
                moved.fetch_add(by_ms, Ordering::Relaxed);
            }
        }
    }

    /// The time as HTTP writes it.
    pub(crate) fn http_date(&self, skew_ms: i64) -> String {
        let now_ms = self.now_ms().saturating_add(skew_ms);
        httpdate::fmt_http_date(
            UNIX_EPOCH + Duration::from_millis(u64::try_from(now_ms).unwrap_or(0)),
        )
    }

    /// Unix time in milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Reading::Machine => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, millis),
            Reading::Stopped(stopped) => stopped.load(Ordering::Relaxed),
            Reading::Timer {
                began_at_ms,
                began,
                moved_ms,
            } => began_at_ms
                .saturating_add(millis(began.elapsed()))
                .saturating_add(moved_ms.load(Ordering::Relaxed)),
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
