//! What earlier snapshots let us expect of the next.

use crate::provenance::Venue;
use crate::snapshot::Snapshot;

/// What earlier snapshots let us expect of the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// How many contracts usually have a price; unknown at the start and after a long silence.
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

/// A number of contracts, which says something only about snapshots in which the same was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What was counted.
    pub counted: Counted,
    /// How many usually have a price.
    pub contracts: usize,
}

/// Whose contracts a snapshot counts: one venue's tell nothing about another's, nor do those of one
/// list about another list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Who published the tickers.
    pub tickers: Venue,
    /// Who listed the contracts that count.
    pub listing: Venue,
}

impl Counted {
    /// What Bybit's tickers and its own list count.
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
