//! The only place that reads the clock.

use shared::units::UnixMs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// What tells the time: the machine's clock, or the runtime's timer from a chosen moment on.
///
/// Whoever needs the time is given one; nothing reads the machine's clock behind its back.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Reading);

#[derive(Clone, Copy, Debug)]
enum Reading {
    Machine,
    Timer { began_at: UnixMs, began: Instant },
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Reading::Machine)
    }

    /// A clock that shows `moment` now and goes on with the runtime's timer: where a test moves the timer, every pause,
    /// every time limit and this clock move together.
    #[must_use]
    pub fn beginning_at(moment: UnixMs) -> Self {
        Self(Reading::Timer { began_at: moment, began: Instant::now() })
    }

    /// The present moment; 1970 when the machine's clock is set before it, which the door then refuses as implausible.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn now(&self) -> UnixMs {
        match self.0 {
            Reading::Machine => {
                after(UnixMs::from_millis(0), SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
            }
            Reading::Timer { began_at, began } => after(began_at, began.elapsed()),
        }
    }
}

fn after(moment: UnixMs, passed: Duration) -> UnixMs {
    moment.plus_millis(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clock_with_a_beginning_goes_with_the_timer_and_so_do_its_copies() {
        let clock = Clock::beginning_at(UnixMs::from_millis(1_788_870_000_000));
        let copy = clock;
        tokio::time::sleep(Duration::from_millis(86_400_000)).await;
        assert_eq!(clock.now().as_millis(), 1_788_956_400_000);
        assert_eq!(copy.now(), clock.now());
    }
}
