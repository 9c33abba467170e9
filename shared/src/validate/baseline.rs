//! What earlier snapshots let us expect of the next: the number of contracts with a price.
//!
//! It exists to notice half a table. A venue that sends only some of its rows sends each of them
//! correctly, so only the number shows that rows are missing. A process that has just started has
//! no baseline, and accepts the first table by the other rules alone.

use crate::provenance::Venue;
use crate::snapshot::Snapshot;

/// What earlier snapshots let us expect of the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// How many contracts usually have a price; `None` at the start and after a long time without
    /// data.
    pub expected: Option<Expected>,
}

impl Baseline {
    /// What an admitted snapshot lets us expect of the next.
    #[must_use]
    pub fn after(snapshot: &Snapshot) -> Self {
        Self {
            expected: Some(Expected {
                counted: Counted::of(snapshot),
                contracts: snapshot.coverage.priced,
            }),
        }
    }
}

/// A number of contracts, comparable only with snapshots that count the same contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What was counted.
    pub counted: Counted,
    /// How many usually have a price.
    pub contracts: usize,
}

/// Which contracts a snapshot counts. Numbers of contracts are comparable only within one venue and
/// one list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The venue of the tickers.
    pub tickers: Venue,
    /// The venue of the list that decides which contracts count.
    pub listing: Venue,
}

impl Counted {
    /// Bybit's tickers, counted by Bybit's own list.
    pub const BYBIT: Self = Self {
        tickers: Venue::Bybit,
        listing: Venue::Bybit,
    };

    /// What a snapshot counts.
    #[must_use]
    pub const fn of(snapshot: &Snapshot) -> Self {
        Self {
            tickers: snapshot.tickers_source.venue,
            listing: snapshot.universe.source.venue,
        }
    }
}
