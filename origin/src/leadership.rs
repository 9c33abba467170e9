//! Who collects and publishes: one process at a time, by a lease in Redis.
//!
//! The lease only saves the others the work. What keeps two writers apart is the script that
//! publishes: it asks for the lease again at the moment of writing, so a leader that slept, or
//! whose Redis changed, writes nothing.

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

/// Renewals in a lease's life: two may fail before it ends.
const RENEWALS: u32 = 3;

/// The change of a leader that gets no data and gives the lead up for others to try.
pub const BLIND: &str = "blind";

/// The change of a leader whose publications the store does not take, and that gives the lead up
/// for others to try.
pub const CANNOT_PUBLISH: &str = "cannot_publish";

/// How many leases a leader tries to publish in vain. The next renewal after that ends its
/// leadership, so another process leads before three leases are over.
const LEASES_IN_VAIN: u32 = 2;

/// Why a leadership is of no use.
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

    /// How many leases to stay out of the way. Others bid every third of a lease. Who cannot
    /// publish may be alone with a store that is ill for everybody, and then must not keep it
    /// waiting when it is well again.
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
    /// What is served, by which a leader sees whether it still collects anything; counters, last
    /// outcomes.
    pub context: Context,
    /// The lease's life.
    pub lease: Duration,
    /// How old data may be before a leader counts as blind.
    pub stand_in_after: StandInAfter,
    /// Cancelled when the process is about to end and should lead no more.
    pub resigning: CancellationToken,
    /// Cancelled when it leads no more.
    pub resigned: CancellationToken,
}

impl Candidate {
    /// Bids for the lead, and keeps it, until it is told to resign.
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
                    kept_until = Instant::now() + self.lease;
                    self.stand(Standing::Leading { epoch });
                    let now = self.context.clock.moment();
                    let since = *led_since.get_or_insert_with(|| {
                        // What an earlier leadership could not write says nothing of this one.
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
                () = self.leadership.again() => {}
                () = self.resigning.cancelled() => {}
            }
        }
        pulse.rest();
        self.resign().await;
        self.resigned.cancel();
        std::future::pending::<()>().await;
    }

    /// While its lease may last, a leader that cannot renew it still tries to publish: the store
    /// decides.
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

    /// Why leading since `since` is of no use to anybody, if it is not. Where nobody else can lead,
    /// nothing is futile.
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
        let in_vain = self.leadership.in_vain()?;
        let is_long =
            Instant::now().saturating_duration_since(in_vain.since) >= self.lease * LEASES_IN_VAIN;
        is_long.then_some(Futile::CannotPublish { why: in_vain.why })
    }

    /// A leader that is of no use gives the lead to whoever may be, and stays out of the way for a
    /// while.
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
        self.resign().await;
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
        if !matches!(new, Standing::CutOff { .. }) {
            self.context.board.record("leadership", OK, None);
        }
        if self.leadership.set(new) {
            self.context.metrics.leadership_change(new.name());
            tracing::info!(standing = new.name(), epoch, "leadership");
        }
    }
}
