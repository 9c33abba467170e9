//! Since when a leader has failed to publish.
//!
//! Invariant: the time is that of the first write since the last success, also while that write
//! hangs. A leader whose store never answers is thus noticed, although no write has failed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// The label while the first of these writes has not ended.
const UNDER_WAY: &str = "under_way";

/// The first write since the last success, if one was begun.
#[derive(Debug, Default)]
pub(super) struct Unwritten(Mutex<Option<InVain>>);

/// Writes that fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InVain {
    /// When the first of them began.
    pub(crate) since: Instant,
    /// The last failure, as a label.
    pub(crate) why: &'static str,
}

impl Unwritten {
    /// A write begins.
    pub(super) fn tries(&self, now: Instant) {
        self.held().get_or_insert(InVain {
            since: now,
            why: UNDER_WAY,
        });
    }

    /// The write failed.
    pub(super) fn failed(&self, why: &'static str) {
        if let Some(held) = &mut *self.held() {
            held.why = why;
        }
    }

    /// A write succeeded, or a leadership begins.
    pub(super) fn forget(&self) {
        *self.held() = None;
    }

    /// Since when, and the last failure.
    pub(super) fn since(&self) -> Option<InVain> {
        *self.held()
    }

    fn held(&self) -> MutexGuard<'_, Option<InVain>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn vain_writes_count_from_the_first_until_one_is_taken() {
        let (unwritten, begin) = (Unwritten::default(), Instant::now());
        let at = |secs| begin + Duration::from_secs(secs);
        unwritten.failed("timeout");
        assert_eq!(unwritten.since(), None, "nothing was tried");
        unwritten.tries(at(0));
        assert_eq!(
            unwritten.since(),
            Some(InVain {
                since: at(0),
                why: UNDER_WAY
            })
        );
        unwritten.failed("timeout");
        unwritten.tries(at(5));
        unwritten.failed("refused_older");
        assert_eq!(
            unwritten.since(),
            Some(InVain {
                since: at(0),
                why: "refused_older"
            })
        );
        unwritten.forget();
        unwritten.tries(at(9));
        assert_eq!(
            unwritten.since(),
            Some(InVain {
                since: at(9),
                why: UNDER_WAY
            })
        );
    }
}
