//! What a connection waits for and since when: pure arithmetic on moments that reading, writing and
//! answering record.
//!
//! State: the last activity; since when a request head is incomplete; since when an answer cannot
//! be written. At most one of the last two is the reason for closing; with neither, the connection
//! is idle.

use crate::config::ClientLimits;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Why the server closed a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// The head is not complete in time, or bytes came that are no request.
    SlowHead,
    /// The client does not read its answer.
    SlowReader,
    /// No request came.
    Idle,
    /// It was idle the longest when another client needed a place.
    MadeRoom,
}

impl Overdue {
    shared::labels! {
        /// The word in metrics and the log.
        pub const fn name(self) {
            Self::SlowHead => "slow_head",
            Self::SlowReader => "slow_reader",
            Self::Idle => "idle",
            Self::MadeRoom => "made_room",
        }
    }
}

/// The moments of one connection.
#[derive(Debug)]
pub(super) struct Vigil(Mutex<Moments>);

/// The moments of one connection.
#[derive(Clone, Copy, Debug)]
struct Moments {
    /// When bytes last went through, either way.
    active_at: Instant,
    /// Since when bytes are there that are no complete request yet.
    head_since: Option<Instant>,
    /// Since when the client does not take all that is to be written.
    unread_since: Option<Instant>,
}

impl Vigil {
    pub(super) const fn new(now: Instant) -> Self {
        Self(Mutex::new(Moments {
            active_at: now,
            head_since: None,
            unread_since: None,
        }))
    }

    /// Bytes came.
    pub(super) fn reads(&self, now: Instant) {
        self.note(|moments| {
            moments.active_at = now;
            // The first byte counts: a client that sends one byte a second does not extend its
            // time.
            moments.head_since.get_or_insert(now);
        });
    }

    /// The head is complete.
    pub(super) fn request_begins(&self) {
        self.note(|moments| moments.head_since = None);
    }

    /// Everything was written.
    pub(super) fn wrote(&self, now: Instant) {
        self.note(|moments| {
            moments.active_at = now;
            // Only a complete write ends it: a client that reads a few bytes at a time stays slow.
            moments.unread_since = None;
        });
    }

    /// The client takes only a part, or nothing.
    pub(super) fn cannot_write(&self, now: Instant) {
        self.note(|moments| {
            moments.unread_since.get_or_insert(now);
        });
    }

    /// Since when the connection is idle; `None` while a request or an answer is under way.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let Moments {
            active_at,
            head_since,
            unread_since,
        } = self.moments();
        (head_since.is_none() && unread_since.is_none()).then_some(active_at)
    }

    /// Why the connection has to be closed at `now`, if it has.
    pub(super) fn overdue(&self, now: Instant, limits: &ClientLimits) -> Option<Overdue> {
        let moments = self.moments();
        let has_passed =
            |since: Instant, limit: Duration| now.saturating_duration_since(since) >= limit;
        if moments
            .unread_since
            .is_some_and(|since| has_passed(since, limits.send))
        {
            return Some(Overdue::SlowReader);
        }
        if moments
            .head_since
            .is_some_and(|since| has_passed(since, limits.head))
        {
            return Some(Overdue::SlowHead);
        }
        self.idle_since()
            .is_some_and(|since| has_passed(since, limits.idle))
            .then_some(Overdue::Idle)
    }

    fn moments(&self) -> Moments {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, change: impl FnOnce(&mut Moments)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ClientLimits = ClientLimits {
        connections: 1,
        connections_per_address: 1,
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        send: Duration::from_secs(30),
    };

    #[test]
    fn each_wait_has_its_own_end() {
        let begin = Instant::now();
        let at = |secs| begin + Duration::from_secs(secs);
        let vigil = Vigil::new(begin);
        assert_eq!(vigil.overdue(at(74), &LIMITS), None);
        assert_eq!(vigil.overdue(at(75), &LIMITS), Some(Overdue::Idle));
        // A head that drips in does not count from its last byte.
        vigil.reads(at(100));
        vigil.reads(at(109));
        assert_eq!(vigil.overdue(at(109), &LIMITS), None);
        assert_eq!(vigil.overdue(at(110), &LIMITS), Some(Overdue::SlowHead));
        // It became a request, and the client takes its answer in drops.
        vigil.request_begins();
        vigil.cannot_write(at(110));
        vigil.cannot_write(at(138));
        assert_eq!(vigil.overdue(at(139), &LIMITS), None);
        assert_eq!(vigil.idle_since(), None);
        assert_eq!(vigil.overdue(at(140), &LIMITS), Some(Overdue::SlowReader));
        vigil.wrote(at(140));
        assert_eq!(vigil.idle_since(), Some(at(140)));
        assert_eq!(vigil.overdue(at(214), &LIMITS), None);
        assert_eq!(vigil.overdue(at(215), &LIMITS), Some(Overdue::Idle));
    }
}
