//! What this process is among those that may lead, for whoever needs to know.

mod unwritten;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use unwritten::{InVain, Unwritten};

/// What this process is, as far as it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known yet.
    Undecided,
    /// It collects and publishes.
    Leading {
        /// The number of its leadership.
        epoch: u64,
    },
    /// Another process does, or this one has given the lead up.
    Following,
    /// The store cannot be asked who leads.
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

/// This process's standing, for whoever needs to know.
#[derive(Debug)]
pub struct Leadership {
    standing: watch::Sender<Standing>,
    again: Notify,
    unwritten: Unwritten,
}

impl Leadership {
    /// Nothing is known yet.
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

    /// The store says that this process does not lead: it may ask anew at once.
    pub fn lost(&self) {
        self.standing.send_if_modified(|standing| {
            let led = matches!(standing, Standing::Leading { .. });
            if led {
                *standing = Standing::Following;
            }
            led
        });
        self.again.notify_one();
    }

    /// A publication is about to be written.
    pub fn writes(&self) {
        self.unwritten.tries(Instant::now());
    }

    /// A publication was written.
    pub fn wrote(&self) {
        self.unwritten.forget();
    }

    /// A publication was not written; `why` is a label.
    pub fn did_not_write(&self, why: &'static str) {
        self.unwritten.failed(why);
    }

    /// Since when publications are written in vain, if they are.
    pub(crate) fn in_vain(&self) -> Option<InVain> {
        self.unwritten.since()
    }

    /// Waits until the lead may be asked for anew at once.
    pub(crate) async fn again(&self) {
        self.again.notified().await;
    }

    /// Changes the standing; whether it was another.
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
