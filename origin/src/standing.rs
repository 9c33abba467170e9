//! The standing of this process among those that may lead, shared between the candidate, the
//! writer, the collectors and the health answers.
//!
//! State: the standing in a `watch` channel, a wake-up for the candidate, and the writes that
//! failed in a row. Only the candidate sets the standing; the writer may withdraw it (`lost`).

mod unwritten;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use unwritten::{InVain, Unwritten};

/// The standing of this process, as far as it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No bid was answered yet.
    Undecided,
    /// It collects and publishes.
    Leading {
        /// The number of its leadership.
        epoch: u64,
    },
    /// Another process leads, or this one has given the lead up.
    Following,
    /// The store does not answer who leads.
    CutOff {
        /// Why, as a label.
        reason: &'static str,
    },
}

impl Standing {
    shared::labels! {
        /// The word in metrics and health answers.
        pub const fn name(self) {
            Self::Undecided => "undecided",
            Self::Leading { .. } => "leading",
            Self::Following => "following",
            Self::CutOff { .. } => "cut_off",
        }
    }
}

/// The standing, and what the candidate needs to know of the writer.
#[derive(Debug)]
pub struct Leadership {
    standing: watch::Sender<Standing>,
    again: Notify,
    unwritten: Unwritten,
}

impl Leadership {
    /// Undecided.
    #[must_use]
    pub fn new() -> Self {
        Self {
            standing: watch::Sender::new(Standing::Undecided),
            again: Notify::new(),
            unwritten: Unwritten::default(),
        }
    }

    /// The standing now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// Follows the standing.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// The store refused a write because this process does not lead. The candidate bids again at
    /// once.
    pub fn lost(&self) {
        self.standing.send_if_modified(|standing| {
            // Only a leader falls back: the candidate may have learnt better while the write was
            // under way.
            let led = matches!(standing, Standing::Leading { .. });
            if led {
                *standing = Standing::Following;
            }
            led
        });
        // `notify_one` keeps a permit, so the wake-up is not lost while the candidate is busy
        // bidding.
        self.again.notify_one();
    }

    /// A write begins.
    pub fn writes(&self) {
        self.unwritten.tries(Instant::now());
    }

    /// A write succeeded.
    pub fn wrote(&self) {
        self.unwritten.forget();
    }

    /// A write failed; `why` is a label.
    pub fn did_not_write(&self, why: &'static str) {
        self.unwritten.failed(why);
    }

    /// Since when writes fail, if they do.
    pub(crate) fn in_vain(&self) -> Option<InVain> {
        self.unwritten.since()
    }

    /// Waits for a reason to bid at once.
    pub(crate) async fn again(&self) {
        self.again.notified().await;
    }

    /// Changes the standing. Returns whether it was another.
    pub(crate) fn set(&self, new: Standing) -> bool {
        self.standing
            .send_if_modified(|standing| std::mem::replace(standing, new) != new)
    }
}

impl Default for Leadership {
    fn default() -> Self {
        Self::new()
    }
}
