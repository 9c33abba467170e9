//! Who collects and publishes: one process at a time, by a lease in Redis.
//!
//! State machine (`Standing`): `Undecided` → `Leading`, `Following` or `CutOff`, after every bid.
//! The candidate bids three times in the life of a lease; a bid by the holder renews it. A leader
//! that is of no use (it gets no data, or cannot publish) gives the lease up and waits, so that
//! another can take it.
//!
//! Invariant: the lease only saves the other processes the work. What keeps two writers apart is
//! the fencing token: the script that publishes compares the lease and its epoch at the moment of
//! writing, so a leader that slept, or whose Redis changed, writes nothing.
//!
//! Order at the end of the process: resigning → give the lease up → resigned.

mod duty;

use crate::clock::Moment;
use crate::context::Context;
use crate::standing::{Leadership, Standing};
use crate::status::OK;
use crate::store::{Lease, Store, StoreError};
use crate::supervise::Pulse;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

pub use duty::{Duty, StandInAfter};

/// Bids in a lease's life, so two renewals in a row may fail before it ends.
const RENEWALS: u32 = 3;

/// The label of a leader that gets no data and gives the lead up.
pub const BLIND: &str = "blind";

/// The label of a leader whose publications the store does not take and that gives the lead up.
pub const CANNOT_PUBLISH: &str = "cannot_publish";

/// For how many leases a leader may fail to publish. The renewal after that ends its leadership, so
/// another process leads before three leases have passed.
const LEASES_IN_VAIN: u32 = 2;

/// Why a leader is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Futile {
    /// Nothing new comes from the exchanges.
    Blind,
    /// The store takes no publication.
    CannotPublish {
        /// The last failure, as a label.
        why: &'static str,
    },
}

impl Futile {
    const fn name(self) -> &'static str {
        match self {
            Self::Blind => BLIND,
            Self::CannotPublish { .. } => CANNOT_PUBLISH,
        }
    }

    /// For how many leases to stay out of the way: long enough for the others, who bid every third
    /// of a lease. A leader that cannot publish waits less: it may be the only process at a store
    /// that fails for all, and must return soon after the store does.
    const fn leases_aside(self) -> u32 {
        match self {
            Self::Blind => 2,
            Self::CannotPublish { .. } => 1,
        }
    }
}

/// Everything that a bid for the lead needs.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Where the lease is.
    pub store: Arc<Store>,
    /// Where the standing is kept.
    pub leadership: Arc<Leadership>,
    /// What is served, by which a leader sees whether it still collects; counters, last outcomes.
    pub context: Context,
    /// The lease's life.
    pub lease: Duration,
    /// The age of data from which a leader counts as blind.
    pub stand_in_after: StandInAfter,
    /// Cancelled when the process is about to end.
    pub resigning: CancellationToken,
    /// Cancelled by this task once the lead is given up.
    pub resigned: CancellationToken,
}

impl Candidate {
    /// Bids for the lead and renews it until the process ends. Never returns: a supervised task
    /// that returns is restarted.
    pub async fn run(self, pulse: Pulse) {
        let mut kept_until = Instant::now();
        let mut led_since = None;
        while !self.resigning.is_cancelled() {
            let pause = match self
                .store
                .take_lead(self.lease.as_millis().try_into().unwrap_or(u64::MAX))
                .await
            {
                Ok(Lease::Held { epoch }) => {
                    // Counted from the answer, so a little beyond the lease itself: the fencing
                    // token covers the difference.
                    kept_until = Instant::now() + self.lease;
                    self.stand(Standing::Leading { epoch });
                    let now = self.context.clock.moment();
                    let since = *led_since.get_or_insert_with(|| {
                        // Failed writes of an earlier leadership say nothing about this one.
                        self.leadership.wrote();
                        now.instant
                    });
                    match self.futile(since, now) {
                        Some(futile) => {
                            led_since = None;
                            self.step_aside(futile).await
                        }
                        None => self.lease / RENEWALS,
                    }
                }
                Ok(Lease::OfAnother { lasts_ms }) => {
                    led_since = None;
                    self.stand(Standing::Following);
                    // The next bid comes right after the other's lease could end.
                    (self.lease / RENEWALS).min(Duration::from_millis(lasts_ms.saturating_add(1)))
                }
                Err(error) => {
                    self.unreachable(&error, kept_until);
                    self.lease / RENEWALS
                }
            };
            pulse.expect_within(pause);
            tokio::select! {
                () = sleep(pause) => {}
                // The store refused a write for lack of the lease: ask at once who leads.
                () = self.leadership.again() => {}
                () = self.resigning.cancelled() => {}
            }
        }
        pulse.rest();
        self.resign().await;
        self.resigned.cancel();
        std::future::pending::<()>().await;
    }

    /// The store does not answer. Until its lease has run out, a leader goes on publishing: the
    /// script decides whether it may.
    fn unreachable(&self, error: &StoreError, kept_until: Instant) {
        let leads = matches!(self.leadership.standing(), Standing::Leading { .. });
        if !leads || Instant::now() >= kept_until {
            self.stand(Standing::CutOff {
                reason: error.label(),
            });
        }
        if self.context.board.record("leadership", error.label(), None) {
            tracing::warn!(%error, "the store cannot be asked who leads");
        }
    }

    /// Why leading since `since` is of no use, if so. Without a shared store nobody else can lead,
    /// so it is never futile.
    fn futile(&self, since: Instant, now: Moment) -> Option<Futile> {
        if !self.store.is_shared() {
            return None;
        }
        if self
            .stand_in_after
            .is_blind(since, self.context.current.as_of(), now)
        {
            return Some(Futile::Blind);
        }
        // Renewals alone prove nothing: Redis may grant the lease and refuse every write (memory,
        // rights, replicas).
        let in_vain = self.leadership.in_vain()?;
        let is_long =
            Instant::now().saturating_duration_since(in_vain.since) >= self.lease * LEASES_IN_VAIN;
        is_long.then_some(Futile::CannotPublish { why: in_vain.why })
    }

    /// Gives up a useless lead. Returns how long to wait before the next bid.
    async fn step_aside(&self, futile: Futile) -> Duration {
        match futile {
            Futile::Blind => {
                tracing::warn!("this leader gets no data; it gives the lead up for others to try");
            }
            Futile::CannotPublish { why } => {
                tracing::warn!(
                    why,
                    "this leader cannot publish; it gives the lead up for others to try"
                );
            }
        }
        self.context.metrics.leadership_change(futile.name());
        // Given up instead of left to expire: another process takes over at once.
        self.resign().await;
        // After `resign`, so that the reason is what the board shows.
        self.context.board.record("leadership", futile.name(), None);
        self.lease * futile.leases_aside()
    }

    async fn resign(&self) {
        if let Err(error) = self.store.give_up_lead().await {
            tracing::warn!(%error, "the lead could not be given up; it ends by itself");
        }
        self.leadership.set(Standing::Following);
        self.context.metrics.leading(None);
    }

    fn stand(&self, new: Standing) {
        let epoch = match new {
            Standing::Leading { epoch } => Some(epoch),
            _ => None,
        };
        self.context.metrics.leading(epoch);
        // `unreachable` records the store's failure itself.
        if !matches!(new, Standing::CutOff { .. }) {
            self.context.board.record("leadership", OK, None);
        }
        if self.leadership.set(new) {
            self.context.metrics.leadership_change(new.name());
            tracing::info!(standing = new.name(), epoch, "leadership");
        }
    }
}
