//! What is served: one valid snapshot and its finished bodies.

mod encode;

use arc_swap::ArcSwapOption;
use shared::endpoints::Endpoint;
use shared::freshness::Freshness;
use shared::projection::StoredEntry;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;

pub use encode::{Coding, Rendered};

/// A snapshot with its bodies, each made once.
///
/// Bodies of the fresh class are made when the snapshot is; those of the older classes only if it lives to be that old.
#[derive(Debug)]
pub struct Publication {
    valid: ValidSnapshot,
    /// What is stored beside the snapshot for the next process.
    remembered: Option<StoredEntry>,
    bodies: BTreeMap<(Endpoint, Freshness), OnceLock<Option<Rendered>>>,
}

impl Publication {
    /// Renders and compresses every fresh body. Takes milliseconds of CPU, so it does not belong on an async thread.
    #[must_use]
    pub fn new(valid: ValidSnapshot, remembered: Option<StoredEntry>) -> Self {
        let places = Endpoint::ALL.into_iter().flat_map(|endpoint| Freshness::ALL.map(|class| (endpoint, class)));
        let publication = Self { valid, remembered, bodies: places.map(|place| (place, OnceLock::new())).collect() };
        for endpoint in Endpoint::ALL {
            let _ = publication.body(endpoint, Freshness::Fresh);
        }
        publication
    }

    /// The snapshot.
    #[must_use]
    pub fn valid(&self) -> &ValidSnapshot {
        &self.valid
    }

    /// What is stored beside the snapshot, for the next process to go on from.
    pub fn remembered(&self) -> impl Iterator<Item = &StoredEntry> {
        self.remembered.iter()
    }

    /// The finished body of an endpoint in a class; nothing only if it could not be made, which is a defect of ours.
    #[must_use]
    pub fn body(&self, endpoint: Endpoint, class: Freshness) -> Option<&Rendered> {
        let place = self.bodies.get(&(endpoint, class))?;
        place.get_or_init(|| Rendered::new(&self.valid, endpoint, class)).as_ref()
    }
}

/// The publication that requests are answered from. Reading it never waits.
#[derive(Debug)]
pub struct Current {
    slot: ArcSwapOption<Publication>,
    changed: watch::Sender<Option<Arc<Publication>>>,
}

impl Current {
    /// Nothing is published yet.
    #[must_use]
    pub fn new() -> Self {
        Self { slot: ArcSwapOption::empty(), changed: watch::Sender::new(None) }
    }

    /// What is published.
    #[must_use]
    pub fn get(&self) -> Option<Arc<Publication>> {
        self.slot.load_full()
    }

    /// Follows what is published.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Option<Arc<Publication>>> {
        self.changed.subscribe()
    }

    /// Publishes, unless what is published is as young; tells whether it did. What is served never moves back in time.
    pub fn offer(&self, publication: Publication) -> bool {
        self.changed.send_if_modified(|held| {
            if held.as_ref().is_some_and(|held| !publication.valid.supersedes(&held.valid)) {
                return false;
            }
            let publication = Arc::new(publication);
            self.slot.store(Some(Arc::clone(&publication)));
            *held = Some(publication);
            true
        })
    }

    /// The number of the next snapshot: above the last, and above that of any process before, for it counts milliseconds.
    #[must_use]
    pub fn next_sequence(&self, now: UnixMs) -> u64 {
        let last = self.get().map_or(0, |held| held.valid.get().sequence);
        last.saturating_add(1).max(now.as_millis())
    }
}

impl Default for Current {
    fn default() -> Self {
        Self::new()
    }
}
