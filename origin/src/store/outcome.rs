//! What the store answers.

use shared::mark::{Mark, MarkRefusal};

/// What became of a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Every key was written.
    Written {
        /// Whether followers heard of it. Where the user may not use the channel they find it by
        /// looking, up to a second later.
        is_announced: bool,
    },
    /// Nothing was written, for what is stored is not older, or a later leader's.
    Refused(MarkRefusal),
    /// Nothing was written, for another process leads, or none.
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

/// What is told of the channel when a publication was written and may not be announced.
pub const ANNOUNCEMENT_REFUSED: &str = "announcement_refused";

/// The mark of what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    /// The mark.
    pub mark: Mark,
    /// Whether the snapshot is there too: an evicted or expired one leaves its mark behind.
    pub has_snapshot: bool,
}

/// What became of a bid for the lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// This process leads, under this number.
    Held {
        /// The number of its leadership.
        epoch: u64,
    },
    /// Another process leads, and its lease lasts this long unless it is renewed.
    OfAnother {
        /// Milliseconds.
        lasts_ms: u64,
    },
}
