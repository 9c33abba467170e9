//! A wall clock: the machine's, or one that a test sets. Nothing here judges it; `timeline` does.

use shared::units::UnixMs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// A wall clock. Its clones are the same clock.
#[derive(Clone, Debug)]
pub struct Wall(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Machine,
    Timer {
        began_at: UnixMs,
        began: Instant,
        set_by_ms: Arc<AtomicI64>,
    },
}

impl Wall {
    /// The machine's.
    #[must_use]
    pub const fn machine() -> Self {
        Self(Kind::Machine)
    }

    /// A clock that shows `moment` now, follows the runtime's timer, and can be set.
    #[must_use]
    pub fn beginning_at(moment: UnixMs) -> Self {
        Self(Kind::Timer {
            began_at: moment,
            began: Instant::now(),
            set_by_ms: Arc::default(),
        })
    }

    /// Sets the clock forward or back while the timer goes on, as a correction or a suspension
    /// does. The machine's own clock is never set.
    pub fn set_by(&self, by_ms: i64) {
        if let Kind::Timer { set_by_ms, .. } = &self.0 {
            // The value stands alone: no other memory is ordered by it.
            set_by_ms.fetch_add(by_ms, Ordering::Relaxed);
        }
    }

    /// What it shows, Unix milliseconds; 0 where the machine's is set before 1970.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub(super) fn now_ms(&self) -> i64 {
        match &self.0 {
            Kind::Machine => millis(
                SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default(),
            ),
            Kind::Timer {
                began_at,
                began,
                set_by_ms,
            } => i64::try_from(began_at.as_millis())
                .unwrap_or(i64::MAX)
                .saturating_add(millis(began.elapsed()))
                .saturating_add(set_by_ms.load(Ordering::Relaxed)),
        }
    }
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
