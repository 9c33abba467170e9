//! The store without Redis: the last publication, in this process.
//!
//! It applies the same order of marks as Redis, so that both behave alike; there is no lease,
//! because no other process sees it.

use super::outcome::Written;
use shared::mark::Mark;
use shared::projection::StoredEntry;
use std::sync::{Mutex, PoisonError};

/// The last publication.
#[derive(Debug, Default)]
pub struct MemoryStore {
    held: Mutex<Option<Held>>,
}

#[derive(Debug)]
struct Held {
    mark: Mark,
    entries: Vec<StoredEntry>,
}

impl MemoryStore {
    pub(super) fn publish(&self, mark: Mark, entries: Vec<StoredEntry>) -> Written {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(refusal)) = held.as_ref().map(|held| held.mark.admits(mark)) {
            return Written::Refused(refusal);
        }
        *held = Some(Held { mark, entries });
        Written::Written { is_announced: true }
    }

    pub(super) fn mark(&self) -> Option<Mark> {
        Some(
            self.held
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .as_ref()?
                .mark,
        )
    }

    pub(super) fn get(&self, key: &str) -> Option<Vec<u8>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = &held.as_ref()?.entries;
        entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| entry.value.clone())
    }
}
