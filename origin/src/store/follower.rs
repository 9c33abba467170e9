//! The task that takes up what others publish: at an announcement at once, and from time to time
//! without one.
//!
//! What is read passes the door like anything else. Of what does not, the process says why and
//! keeps what it has.

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

/// The pause between two looks without an announcement.
const POLL: Duration = Duration::from_secs(1);

/// More than a look may take: connecting twice, and two answers.
const LONGEST_LOOK: Duration = Duration::from_secs(10);

/// How many publications may be found without having been announced, before the connection for
/// announcements counts as dead: a server that vanished without a word says nothing for ever.
const MAX_UNANNOUNCED: u32 = 3;

/// What came of a look at the store, where no error says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// What is stored is not newer than what the last look saw.
    NothingNew,
    /// What is stored is served now.
    TakenUp,
    /// What is stored is older than what is served.
    NotNewer,
    /// Announcements cannot be heard; looking goes on.
    NotListening,
    /// The mark of a publication is there, and its snapshot is not: evicted, expired or deleted.
    SnapshotMissing,
    /// Reading what is stored panicked.
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
    /// What the collectors go on from, should this process lead one day.
    pub known: Known,
    /// What the store is known to hold.
    pub stored: Arc<Stored>,
    /// Set after the first look, whatever it found.
    pub looked: watch::Sender<bool>,
}

impl Follower {
    /// Looks, for ever.
    pub async fn run(self, pulse: Pulse) {
        pulse.expect_within(LONGEST_LOOK);
        let mut looked = None;
        self.look(Reading::Whole, &mut looked).await;
        self.looked.send_replace(true);
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
                        notices = None;
                    }
                }
                () = sleep_until(next_poll) => {
                    next_poll = Instant::now() + POLL;
                    let found = self.look(Reading::IfNews, &mut looked).await;
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

    /// Looks for something new; whether there was. `looked` is when the look before was, unless it
    /// failed.
    async fn look(&self, reading: Reading, looked: &mut Option<Asked>) -> bool {
        let asked = self.context.clock.asked();
        let before = looked.replace(asked);
        let found = match self.read(reading).await {
            Ok(found) => found,
            Err(error) => {
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

    fn is_news(&self, mark: Mark) -> bool {
        let now = self.context.clock.now();
        self.context.current.note_used(mark.sequence, now);
        let served = self.context.current.get();
        let held = served
            .as_ref()
            .map(|held| (held.valid().get().as_of_ms, held.valid().get().sequence));
        if let Some(served) = served.filter(|_| held == Some((mark.as_of_ms, mark.sequence))) {
            // Stored, whatever the writer heard of it: its answer may have been lost on the way.
            self.stored.store(Some(Arc::new(Held::of(served.valid()))));
            return false;
        }
        let stored = self.stored.load_full();
        // What stands in for the leader's may be younger than that; whether the leader is back is
        // news all the same.
        mark.is_news_to(held, now) || stored.is_none_or(|stored| stored.as_of_ms < mark.as_of_ms)
    }

    /// Lets the bytes through the door and publishes what comes out. On a blocking thread: it takes
    /// milliseconds of CPU.
    ///
    /// What was not there yet at the look before was published since, and so tells the time: to a
    /// process that follows and asks no upstream, nothing else does.
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
            stored.store(Some(Arc::new(Held::of(&valid))));
            let held = context.current.get();
            if held.is_some_and(|held| !valid.supersedes(held.valid(), now)) {
                known.recall(&valid);
                return Ok(false);
            }
            known.restore(&valid);
            Ok(context
                .current
                .offer(Publication::adopted(valid, context.limits), now))
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
    /// Nothing that is not known.
    Nothing,
    /// A mark, and not what it marks.
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

/// The next announcement; waits for ever where there is no connection for them.
async fn next(notices: &mut Option<Notices>) -> Option<()> {
    match notices {
        Some(notices) => notices.next().await,
        None => std::future::pending().await,
    }
}
