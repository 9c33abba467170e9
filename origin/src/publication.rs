//! What is served: one valid snapshot and its finished bodies.
//!
//! State: `Current` holds the publication in a wait-free slot for requests and in a `watch` channel
//! for the tasks that follow it. A `Publication` is immutable but for bodies of older classes and
//! compressed forms that nobody asked for lately, each made once.
//!
//! Invariants: what is served never moves back in time (`supersedes`). Each snapshot's sequence
//! number is above that of every snapshot before it, in any process, as far as this one knows.

mod demand;
mod encode;
pub mod older;

use arc_swap::ArcSwapOption;
use shared::endpoints::{Endpoint, MAX_AHEAD_MS};
use shared::freshness::{Freshness, Limits};
use shared::headers::Coding;
use shared::projection::StoredEntry;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;

pub use demand::Demand;
pub use encode::Rendered;

/// Who made a publication's snapshot.
#[derive(Debug)]
enum Maker {
    /// This process, with what is stored beside the snapshot for the next one.
    Collected { remembered: Option<StoredEntry> },
    /// Another process, or an earlier run of this one: it was read from the store.
    Adopted,
}

/// A snapshot with its bodies, each made once, and their compressed forms ([`Demand`]).
///
/// Bodies of the fresh class are made with the publication. Those of older classes are made by
/// [`older::prepare_older`] shortly before they are needed, since most publications are replaced
/// long before.
#[derive(Debug)]
pub struct Publication {
    valid: ValidSnapshot,
    maker: Maker,
    limits: Limits,
    demand: Demand,
    bodies: BTreeMap<(Endpoint, Freshness), OnceLock<Option<Rendered>>>,
}

impl Publication {
    /// A publication of what this process collected. `remembered` is stored beside the snapshot for
    /// the next leader; `limits` tell caches how long to keep an answer.
    ///
    /// Renders every fresh body, and compresses those in demand: milliseconds of CPU, so not on an
    /// async thread.
    #[must_use]
    pub fn collected(
        valid: ValidSnapshot,
        remembered: Option<StoredEntry>,
        limits: Limits,
        demand: Demand,
    ) -> Self {
        Self::new(valid, Maker::Collected { remembered }, limits, demand)
    }

    /// A publication of what was read from the store. As expensive as [`Self::collected`].
    #[must_use]
    pub fn adopted(valid: ValidSnapshot, limits: Limits, demand: Demand) -> Self {
        Self::new(valid, Maker::Adopted, limits, demand)
    }

    fn new(valid: ValidSnapshot, maker: Maker, limits: Limits, demand: Demand) -> Self {
        let places = Endpoint::ALL
            .into_iter()
            .flat_map(|endpoint| Freshness::ALL.map(|class| (endpoint, class)));
        let bodies = places.map(|place| (place, OnceLock::new())).collect();
        let publication = Self {
            valid,
            maker,
            limits,
            demand,
            bodies,
        };
        // Before anybody can see it, so that no usual request waits for a compression.
        publication.prepare(Freshness::Fresh);
        publication
    }

    /// The snapshot.
    #[must_use]
    pub fn valid(&self) -> &ValidSnapshot {
        &self.valid
    }

    /// Makes every body of a class. As expensive as [`Self::collected`].
    pub fn prepare(&self, class: Freshness) {
        for endpoint in Endpoint::ALL {
            let _ = self.body(endpoint, class);
        }
    }

    /// Whether every body of a class is made.
    fn is_prepared(&self, class: Freshness) -> bool {
        self.bodies
            .iter()
            .all(|((_, of), body)| *of != class || body.get().is_some())
    }

    /// Whether this process collected it.
    #[must_use]
    pub fn is_collected(&self) -> bool {
        matches!(self.maker, Maker::Collected { .. })
    }

    /// Logs a checksum of what is about to be served, so that a body which a client saw can be
    /// traced to a publication.
    fn note(&self) {
        if tracing::enabled!(tracing::Level::DEBUG) {
            let mut checksum = flate2::Crc::new();
            if let Some(body) = self.body(Endpoint::Snapshot, Freshness::Fresh) {
                checksum.update(&body.body(Coding::Identity).unwrap_or_default());
            }
            let snapshot = self.valid.get();
            tracing::debug!(
                sequence = snapshot.sequence,
                as_of_ms = snapshot.as_of_ms.as_millis(),
                crc32 = checksum.sum(),
                is_collected = self.is_collected(),
                "serving"
            );
        }
    }

    /// What is stored beside the snapshot for the next leader.
    pub fn remembered(&self) -> impl Iterator<Item = &StoredEntry> {
        let remembered = match &self.maker {
            Maker::Collected { remembered } => remembered.as_ref(),
            Maker::Adopted => None,
        };
        remembered.into_iter()
    }

    /// The finished body of an endpoint in a class; `None` only if it could not be made, which is a
    /// defect.
    #[must_use]
    pub fn body(&self, endpoint: Endpoint, class: Freshness) -> Option<&Rendered> {
        let place = self.bodies.get(&(endpoint, class))?;
        place
            // Single flight: requests that come while an older body is made wait for that one.
            .get_or_init(|| Rendered::new(&self.valid, endpoint, class, &self.limits, &self.demand))
            .as_ref()
    }
}

/// The publication that requests are answered from. Reading it never waits.
#[derive(Debug)]
pub struct Current {
    slot: ArcSwapOption<Publication>,
    changed: watch::Sender<Option<Arc<Publication>>>,
    demand: Demand,
    /// The highest sequence number known to be used by any process.
    used: AtomicU64,
}

impl Current {
    /// Nothing is published yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            slot: ArcSwapOption::empty(),
            changed: watch::Sender::new(None),
            demand: Demand::none(),
            used: AtomicU64::new(0),
        }
    }

    /// What is published.
    #[must_use]
    pub fn get(&self) -> Option<Arc<Publication>> {
        self.slot.load_full()
    }

    /// Which bodies clients ask for.
    #[must_use]
    pub fn demand(&self) -> Demand {
        self.demand.clone()
    }

    /// Follows what is published.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Option<Arc<Publication>>> {
        self.changed.subscribe()
    }

    /// Publishes, unless the current publication is at least as new; returns whether it did.
    pub fn offer(&self, publication: Publication, now: UnixMs) -> bool {
        // The channel's lock orders writers: collector and follower may offer at the same time.
        self.changed.send_if_modified(|held| {
            if held
                .as_ref()
                .is_some_and(|held| !publication.valid.supersedes(&held.valid, now))
            {
                return false;
            }
            publication.note();
            let publication = Arc::new(publication);
            // Before the channel wakes anyone, so that a woken task finds what it was woken for.
            self.slot.store(Some(Arc::clone(&publication)));
            *held = Some(publication);
            true
        })
    }

    /// When what is published was true.
    #[must_use]
    pub fn as_of(&self) -> Option<UnixMs> {
        self.get().map(|held| held.valid.get().as_of_ms)
    }

    /// Records that a sequence number is used. A number far ahead of `now` is ignored, since no
    /// origin made it.
    pub fn note_used(&self, sequence: u64, now: UnixMs) {
        if is_plausible(sequence, now) {
            // Relaxed: the number alone matters, no other memory is ordered by it.
            self.used.fetch_max(sequence, Ordering::Relaxed);
        }
    }

    /// The sequence number of the next snapshot. It counts milliseconds, so it is above those of
    /// earlier processes without knowing them.
    ///
    /// A last number far ahead of the time is not continued: it came from a wrong clock, and
    /// counting on from it would soon exceed what readers can represent. Order is kept, because age
    /// goes before number.
    #[must_use]
    pub fn next_sequence(&self, now: UnixMs) -> u64 {
        let held = self.get().map_or(0, |held| held.valid.get().sequence);
        let known = [held, self.used.load(Ordering::Relaxed)];
        // Neither what is served nor what was seen in the store may be reused.
        let last = known
            .into_iter()
            .filter(|sequence| is_plausible(*sequence, now))
            .max()
            .unwrap_or(0);
        last.saturating_add(1).max(now.as_millis())
    }
}

/// Whether a number can be an origin's: all of them count the time.
fn is_plausible(sequence: u64, now: UnixMs) -> bool {
    sequence <= now.as_millis().saturating_add(MAX_AHEAD_MS)
}

impl Default for Current {
    fn default() -> Self {
        Self::new()
    }
}
