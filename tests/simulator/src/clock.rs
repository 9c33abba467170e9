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
    Timer { began_at_ms: i64, began: Instant },
}

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Reading::Machine)
    }

    /// A clock that stands still at `now_ms` (unix time in milliseconds) until [`Clock::advance`] is called.
    #[must_use]
    pub fn stopped_at(now_ms: i64) -> Self {
        Self(Reading::Stopped(Arc::new(AtomicI64::new(now_ms))))
    }

    /// A clock that shows `now_ms` now and goes on with the runtime's timer, which a test may move.
    #[must_use]
    pub fn beginning_at(now_ms: i64) -> Self {
        Self(Reading::Timer { began_at_ms: now_ms, began: Instant::now() })
    }

    /// Moves a stopped clock, and every clone of it, by `by_ms`. No other clock can be moved.
    pub fn advance(&self, by_ms: i64) {
        if let Reading::Stopped(stopped) = &self.0 {
            stopped.fetch_add(by_ms, Ordering::Relaxed);
        }
    }

    /// Unix time in milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Reading::Machine => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis),
            Reading::Stopped(stopped) => stopped.load(Ordering::Relaxed),
            Reading::Timer { began_at_ms, began } => began_at_ms.saturating_add(millis(began.elapsed())),
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
