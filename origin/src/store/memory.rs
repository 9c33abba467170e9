//! The store without Redis: the last publication, in this process.

use super::Written;
use shared::projection::StoredEntry;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::sync::{Mutex, PoisonError};

/// The last publication.
#[derive(Debug, Default)]
pub struct MemoryStore {
    held: Mutex<Option<Held>>,
}

#[derive(Debug)]
struct Held {
    order: (UnixMs, u64),
    entries: Vec<StoredEntry>,
}

impl MemoryStore {
    pub(super) fn publish(&self, valid: &ValidSnapshot, entries: Vec<StoredEntry>) -> Written {
        let order = (valid.get().as_of_ms, valid.get().sequence);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.as_ref().is_some_and(|held| held.order >= order) {
            return Written::RefusedOlder;
        }
        *held = Some(Held { order, entries });
        Written::Written
    }

    pub(super) fn get(&self, key: &str) -> Option<Vec<u8>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = &held.as_ref()?.entries;
        entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.clone())
    }
}
