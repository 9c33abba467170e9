//! The task that takes up what other processes publish: at once after an announcement, and by
//! polling without one.
//!
//! Order of a look: mark → is it news? → snapshot → validation boundary → serve. The first look
//! reads the snapshot whatever its mark says, and `looked` is set after it, so that collectors can
//! start from what is stored.
//!
//! Invariants: what is read passes the validation boundary like anything else; what does not is
//! reported and changes nothing. What is served never goes back in time.

use super::Store;
use super::error::StoreError;
use super::link::Notices;
use super::outcome::Marked;
use crate::clock::{Asked, LEADER};
use crate::collect::Known;
use crate::context::Context;
use crate::publication::Publication;
use crate::status::OK;
use crate::stored::{Held, Stored};
use crate::supervise::Pulse;
use shared::mark::Mark;
use shared::validate::{Baseline, Inadmissible, ValidSnapshot};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The interval of looks without an announcement.
const POLL: Duration = Duration::from_secs(1);

/// Longer than a look may take: connecting twice, and two answers.
const LONGEST_LOOK: Duration = Duration::from_secs(10);

/// Publications found by polling in a row before the announcements' connection counts as dead. A
/// server that vanished without closing it would stay silent for ever.
const MAX_UNANNOUNCED: u32 = 3;

/// The outcome of a look at the store, where no error says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The stored publication is not newer than at the last look.
    NothingNew,
    /// The stored publication is served now.
    TakenUp,
    /// The stored publication is older than the one that is served.
    NotNewer,
    /// Announcements cannot be received; polling continues.
    NotListening,
    /// The mark is stored and its snapshot is not: evicted, expired or deleted.
    SnapshotMissing,
    /// Reading the stored publication panicked.
    Panicked,
}

impl Look {
    shared::labels! {
        /// A label for metrics and the last outcome.
        pub const fn label(self) {
            Self::NothingNew => "nothing_new",
            Self::TakenUp => "taken_up",
            Self::NotNewer => "not_newer",
            Self::NotListening => "not_listening",
            Self::SnapshotMissing => "snapshot_missing",
            Self::Panicked => "panic",
        }
    }
}

/// Everything that following needs.
#[derive(Clone, Debug)]
pub struct Follower {
    /// Where to look.
    pub store: Arc<Store>,
    /// Where to put it; counters, last outcomes.
    pub context: Context,
    /// What the collectors continue from, should this process lead.
    pub known: Known,
    /// What the store is known to hold.
    pub stored: Arc<Stored>,
    /// Set after the first look, whatever it found.
    pub looked: watch::Sender<bool>,
}

impl Follower {
    /// Looks. Never returns.
    pub async fn run(self, pulse: Pulse) {
        pulse.expect_within(LONGEST_LOOK);
        let mut looked = None;
        self.look(Reading::Whole, &mut looked).await;
        self.looked.send_replace(true);
        // A store in memory changes by this process alone.
        if !self.store.is_shared() {
            pulse.rest();
            return std::future::pending().await;
        }
        let (mut notices, mut unannounced) = (None, 0);
        let mut next_poll = Instant::now();
        loop {
            pulse.expect_within(LONGEST_LOOK);
            tokio::select! {
                heard = next(&mut notices) => {
                    if heard.is_some() {
                        unannounced = 0;
                        self.look(Reading::IfNews, &mut looked).await;
                    } else {
                        // The connection ended. The next poll opens another.
                        notices = None;
                    }
                }
                () = sleep_until(next_poll) => {
                    next_poll = Instant::now() + POLL;
                    let found = self.look(Reading::IfNews, &mut looked).await;
                    // An announcement that is on its way may lose the race against the poll, so one
                    // miss proves nothing.
                    unannounced = if found { unannounced + 1 } else { unannounced };
                    if unannounced >= MAX_UNANNOUNCED {
                        (notices, unannounced) = (None, 0);
                    }
                    if notices.is_none() {
                        notices = self.listen().await;
                    }
                }
            }
        }
    }

    async fn listen(&self) -> Option<Notices> {
        match self.store.notices().await {
            Ok(notices) => notices,
            Err(error) => {
                self.context.metrics.store_read(Look::NotListening.label());
                tracing::debug!(%error, "announcements cannot be heard; looking goes on");
                None
            }
        }
    }

    /// Looks for a newer publication; returns whether there was one. `looked` is when the last look
    /// began, unless that failed.
    async fn look(&self, reading: Reading, looked: &mut Option<Asked>) -> bool {
        let asked = self.context.clock.asked();
        // Taken before reading: what a later look finds was published after this moment.
        let before = looked.replace(asked);
        let found = match self.read(reading).await {
            Ok(found) => found,
            Err(error) => {
                // A failed look proves nothing about what was stored, so the next one gives no
                // evidence of the time.
                *looked = None;
                self.failed(error.label(), &error);
                return false;
            }
        };
        match found {
            Found::Nothing => {
                self.note(Look::NothingNew);
                false
            }
            Found::MarkAlone(mark) => {
                self.failed(
                    Look::SnapshotMissing.label(),
                    &format!("{mark} is marked as stored, without a snapshot"),
                );
                false
            }
            Found::Snapshot(bytes) => {
                self.take_up(bytes, before).await;
                true
            }
        }
    }

    async fn read(&self, reading: Reading) -> Result<Found, StoreError> {
        // The mark is a few bytes; the snapshot is read only for news.
        let marked = self.store.marked().await?;
        if let Some(Marked {
            mark,
            has_snapshot: false,
        }) = marked
        {
            return Ok(Found::MarkAlone(mark));
        }
        let is_news = marked.is_some_and(|marked| self.is_news(marked.mark));
        if !is_news && reading == Reading::IfNews {
            return Ok(Found::Nothing);
        }
        Ok(self
            .store
            .last_snapshot()
            .await?
            .map_or(Found::Nothing, Found::Snapshot))
    }

    /// Whether a mark promises a publication that is not known here.
    fn is_news(&self, mark: Mark) -> bool {
        let now = self.context.clock.now();
        self.context.current.note_used(mark.sequence, now);
        let served = self.context.current.get();
        let held = served
            .as_ref()
            .map(|held| (held.valid().get().as_of_ms, held.valid().get().sequence));
        if let Some(served) = served.filter(|_| held == Some((mark.as_of_ms, mark.sequence))) {
            // It is stored, even if the writer saw a failure: the answer to its write may have been
            // lost.
            self.stored.store(Some(Arc::new(Held::of(served.valid()))));
            return false;
        }
        let stored = self.stored.load_full();
        // While this process stands in for the leader, its own data may be younger than the stored
        // one. A newer stored publication is news all the same: the leader is back.
        mark.is_news_to(held, now) || stored.is_none_or(|stored| stored.as_of_ms < mark.as_of_ms)
    }

    /// Validates the bytes and serves the result. On a blocking thread, because it takes
    /// milliseconds of CPU.
    ///
    /// A publication that was not there at the last look was made since then, so it is evidence of
    /// the time: a process that follows and calls no upstream has no other.
    async fn take_up(&self, bytes: Vec<u8>, before: Option<Asked>) {
        let (context, known, stored) = (
            self.context.clone(),
            self.known.clone(),
            Arc::clone(&self.stored),
        );
        let taken_up = tokio::task::spawn_blocking(move || -> Result<bool, Inadmissible> {
            let now = context.clock.now();
            let valid = ValidSnapshot::from_json(&bytes, now, Baseline::default())?;
            if let Some(before) = before {
                context
                    .clock
                    .hear(LEADER, before, valid.get().generated_at_ms, None);
            }
            // Whether or not it is served: duty depends on what the leader stores.
            stored.store(Some(Arc::new(Held::of(&valid))));
            let held = context.current.get();
            if held.is_some_and(|held| !valid.supersedes(held.valid(), now)) {
                // Its ages still count: the same figures may be held here with a younger time.
                known.recall(&valid);
                return Ok(false);
            }
            // Before it is served, so that a round which starts now already builds on it.
            known.restore(&valid);
            Ok(context.current.offer(
                Publication::adopted(valid, context.limits, context.current.demand()),
                now,
            ))
        })
        .await;
        match taken_up {
            Ok(Ok(true)) => self.note(Look::TakenUp),
            Ok(Ok(false)) => self.note(Look::NotNewer),
            Ok(Err(error)) => {
                self.context.metrics.rejection(error.label());
                self.failed(error.label(), &error);
            }
            Err(panic) => self.failed(Look::Panicked.label(), &panic),
        }
    }

    fn note(&self, look: Look) {
        let outcome = look.label();
        self.context.metrics.store_read(outcome);
        let as_of_ms = self.stored.load_full().map(|stored| stored.as_of_ms);
        if self.context.board.record("store_reader", OK, as_of_ms) {
            tracing::info!(outcome, "the store can be read");
        }
    }

    fn failed(&self, label: &'static str, error: &dyn std::fmt::Display) {
        self.context.metrics.store_read(label);
        if self.context.board.record("store_reader", label, None) {
            tracing::warn!(%error, "what is stored is not taken up; what this process has stays");
        }
    }
}

/// What a look found.
#[derive(Debug)]
enum Found {
    /// Nothing new.
    Nothing,
    /// A mark without its snapshot.
    MarkAlone(Mark),
    /// A snapshot's bytes.
    Snapshot(Vec<u8>),
}

/// What to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// The snapshot, if its mark promises news.
    IfNews,
    /// The snapshot, whatever the mark says.
    Whole,
}

/// The next announcement; pending without a connection, so that `select!` waits for the poll.
async fn next(notices: &mut Option<Notices>) -> Option<()> {
    match notices {
        Some(notices) => notices.next().await,
        None => std::future::pending().await,
    }
}
