//! How often each link was asked, whatever became of the request.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::link::Link;

/// The name under which requests to paths that no service has are counted.
const UNKNOWN: &str = "unknown";

/// Counts requests since the start or the last reset.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

/// The counts as the control API shows them.
#[derive(Debug, Serialize)]
pub(crate) struct Counts {
    total: u64,
    by_link: BTreeMap<&'static str, u64>,
}

impl Counters {
    pub(crate) fn count(&self, link: Link) {
        self.add(link.name());
    }

    pub(crate) fn count_unknown(&self) {
        self.add(UNKNOWN);
    }

    pub(crate) fn reset(&self) {
        self.counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// The counts, with a zero for every link that was not asked.
    pub(crate) fn read(&self) -> Counts {
        let mut by_link: BTreeMap<_, _> =
            Link::ALL.into_iter().map(|link| (link.name(), 0)).collect();
        by_link.insert(UNKNOWN, 0);
        by_link.extend(
            self.counts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .iter(),
        );
        Counts {
            total: by_link.values().sum(),
            by_link,
        }
    }

    fn add(&self, name: &'static str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(name).or_default() += 1;
    }
}
