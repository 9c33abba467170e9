//! What the store answers.

use shared::mark::{Mark, MarkRefusal};

/// The outcome of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Every key was written.
    Written {
        /// Whether it was announced. A user without the right to the channel cannot; followers then
        /// find it by polling, up to a second later.
        is_announced: bool,
    },
    /// Nothing was written: the stored mark is not older, or of a later leader.
    Refused(MarkRefusal),
    /// Nothing was written: this process does not hold the lease.
    NotLeader,
}

impl Written {
    shared::labels! {
        /// A label for metrics and the last outcome.
        pub const fn label(self) {
            Self::Written { .. } => "written",
            Self::Refused(_) => "refused_older",
            Self::NotLeader => "not_leader",
        }
    }
}

/// The label of a publication that was written and could not be announced.
pub const ANNOUNCEMENT_REFUSED: &str = "announcement_refused";

/// The mark of what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    /// The mark.
    pub mark: Mark,
    /// Whether the snapshot is there too. An evicted or expired one leaves its mark, which lives
    /// longer.
    pub has_snapshot: bool,
}

/// The outcome of a bid for the lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// This process leads, under this number.
    Held {
        /// The number of its leadership.
        epoch: u64,
    },
    /// Another process leads; its lease lasts this long unless it is renewed.
    OfAnother {
        /// Milliseconds.
        lasts_ms: u64,
    },
}
