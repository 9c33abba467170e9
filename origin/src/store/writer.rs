//! The task that writes what this process collected to the store, while it leads.
//!
//! Serving never waits for it. Backpressure: the `watch` channel holds the newest publication only,
//! so a store that is slower than the market skips publications instead of queueing them.

use super::Store;
use super::outcome::{ANNOUNCEMENT_REFUSED, Written};
use crate::context::Context;
use crate::publication::Publication;
use crate::standing::{Leadership, Standing};
use crate::status::OK;
use crate::stored::{Held, Stored};
use crate::supervise::Pulse;
use shared::mark::MarkRefusal;
use std::sync::Arc;
use std::time::Duration;

/// Longer than connecting and writing may take together.
const LONGEST_WRITE: Duration = Duration::from_secs(10);

/// Everything that writing needs.
#[derive(Clone, Debug)]
pub struct Writer {
    /// Where to write.
    pub store: Arc<Store>,
    /// What is published; counters, last outcomes.
    pub context: Context,
    /// Whether to write.
    pub leadership: Arc<Leadership>,
    /// What the store is known to hold.
    pub stored: Arc<Stored>,
    /// How long keys live.
    pub ttl_ms: u64,
}

/// Writes every publication, or the newest when the store is slower than the market.
pub async fn keep_writing(writer: Writer, pulse: Pulse) {
    let mut changes = writer.context.current.subscribe();
    while changes.changed().await.is_ok() {
        let publication = changes.borrow_and_update().clone();
        match publication {
            Some(publication) if publication.is_collected() => {
                pulse.expect_within(LONGEST_WRITE);
                writer.write(&publication).await;
                // Between publications the task may wait as long as there is no market.
                pulse.rest();
            }
            // Adopted publications come from the store and are not written back.
            Some(_) if writer.leadership.standing() == Standing::Following => writer.rests(),
            _ => {}
        }
    }
}

impl Writer {
    async fn write(&self, publication: &Publication) {
        // Read before the write; the script checks the lease again, so a change in between is
        // harmless.
        let epoch = match self.leadership.standing() {
            Standing::Leading { epoch } => epoch,
            Standing::CutOff { reason } => {
                return self.failed(reason, "the store cannot be asked who leads");
            }
            Standing::Undecided | Standing::Following => return self.not_leader(),
        };
        // Before the call: a write that hangs counts from its beginning.
        self.leadership.writes();
        match self.store.publish(publication, epoch, self.ttl_ms).await {
            Ok(Written::Written { is_announced }) => {
                self.leadership.wrote();
                let held = Held::of(publication.valid());
                self.context
                    .metrics
                    .store_write(Written::Written { is_announced }.label());
                self.announced(is_announced);
                let sequence = publication.valid().get().sequence;
                tracing::debug!(
                    epoch,
                    sequence,
                    as_of_ms = held.as_of_ms.as_millis(),
                    "written"
                );
                if self.context.board.record("store", OK, Some(held.as_of_ms)) {
                    tracing::info!(store = self.store.kind(), "the store takes publications");
                }
                self.stored.store(Some(Arc::new(held)));
            }
            Ok(Written::NotLeader) => {
                // The candidate may not know yet, so it is sent to ask.
                self.leadership.lost();
                self.not_leader();
            }
            Ok(written @ Written::Refused(refusal)) => {
                self.leadership.did_not_write(written.label());
                self.refused(refusal, written.label());
            }
            Err(error) => {
                self.leadership.did_not_write(error.label());
                self.failed(error.label(), &error.to_string());
            }
        }
    }

    /// Another process publishes, so failures of this one are over.
    fn rests(&self) {
        self.context.board.rest("store");
        self.context.board.rest("store_announcements");
    }

    fn announced(&self, is_announced: bool) {
        let outcome = if is_announced {
            OK
        } else {
            ANNOUNCEMENT_REFUSED
        };
        if !is_announced {
            self.context.metrics.announcement_refused();
        }
        if self
            .context
            .board
            .record("store_announcements", outcome, None)
            && !is_announced
        {
            tracing::warn!(
                "publications are written, but the user of REDIS_URL may not announce them: followers are late"
            );
        }
    }

    fn refused(&self, refusal: MarkRefusal, label: &'static str) {
        match refusal {
            MarkRefusal::NotNewer { held, .. } => {
                self.context
                    .current
                    // The stored number is used up: the next snapshot gets a higher one and is
                    // accepted.
                    .note_used(held.sequence, self.context.clock.now());
            }
            // A later leader wrote, and its lease is gone, as after a failover. A new bid gets a
            // higher epoch.
            MarkRefusal::EarlierEpoch { .. } => self.leadership.lost(),
        }
        self.context.metrics.store_write(label);
        if self.context.board.record("store", label, None) {
            tracing::warn!(%refusal, "the store does not go back");
        }
    }

    fn not_leader(&self) {
        let label = Written::NotLeader.label();
        self.context.metrics.store_write(label);
        if self.context.board.record("store", label, None) {
            tracing::info!(
                "another process publishes; what this one collects is for its own clients"
            );
        }
    }

    fn failed(&self, label: &'static str, error: &str) {
        self.context.metrics.store_write(label);
        if self.context.board.record("store", label, None) {
            tracing::warn!(
                error,
                "the store does not take publications; serving goes on from memory"
            );
        }
    }
}
