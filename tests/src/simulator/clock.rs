//! The only place where the simulator reads the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds in a second, an hour and a day.
pub(crate) const SECOND_MS: i64 = 1_000;
pub(crate) const HOUR_MS: i64 = 3_600 * SECOND_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// Tells the simulator what time it is: the machine's time, or a time that a test moves by hand.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    stopped: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Self {
        Self { stopped: None }
    }

    /// A clock that stands still at `now_ms` (unix time in milliseconds) until [`Clock::advance`] is called.
    #[must_use]
    pub fn stopped_at(now_ms: i64) -> Self {
        Self { stopped: Some(Arc::new(AtomicI64::new(now_ms))) }
    }

    /// Moves a stopped clock, and every clone of it, by `by_ms`. The machine's clock cannot be moved.
    pub fn advance(&self, by_ms: i64) {
        if let Some(stopped) = &self.stopped {
            stopped.fetch_add(by_ms, Ordering::Relaxed);
        }
    }

    /// Unix time in milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match &self.stopped {
            Some(stopped) => stopped.load(Ordering::Relaxed),
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        }
    }
}
