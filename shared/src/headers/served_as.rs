//! Whether a snapshot is current or the last known good one, and which sources it is made of.

use crate::freshness::Freshness;
use crate::provenance::Feed;
use crate::snapshot::Snapshot;
use serde::Serialize;

/// How a snapshot is served, whoever made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ServedAs {
    /// Within the aging limit: what the sources give.
    Current,
    /// Past it: no source gave anything younger.
    LastKnownGood,
}

impl ServedAs {
    /// How a snapshot of this class is served.
    #[must_use]
    pub const fn of(class: Freshness) -> Self {
        match class {
            Freshness::Fresh | Freshness::Aging => Self::Current,
            Freshness::Stale => Self::LastKnownGood,
        }
    }

    crate::labels! {
        /// The word on the wire.
        pub const fn name(self) {
            Self::Current => "current",
            Self::LastKnownGood => "last_known_good",
        }
    }
}

/// What `data_source` says of a snapshot served in this class: its producer, or that it is the last
/// known good one.
#[must_use]
pub const fn data_source(snapshot: &Snapshot, class: Freshness) -> &'static str {
    match ServedAs::of(class) {
        ServedAs::Current => snapshot.producer.name(),
        ServedAs::LastKnownGood => ServedAs::LastKnownGood.name(),
    }
}

/// The least real feed among a snapshot's sources, when one is not the real market.
#[must_use]
pub fn artificial_feed(snapshot: &Snapshot) -> Option<Feed> {
    let sections = [
        Some(snapshot.tickers_source),
        Some(snapshot.universe.source),
        snapshot.global_market.source(),
        snapshot.defi_market.source(),
        snapshot.fear_greed.source(),
        snapshot.beta.source(),
        snapshot.performance.source(),
        snapshot.statistics.source(),
        snapshot.liquidations.source(),
        snapshot.contracts.source(),
        snapshot.books.source(),
        snapshot.alerts.source(),
    ];
    sections
        .into_iter()
        .flatten()
        .map(|source| source.feed)
        .filter(|feed| *feed != Feed::Live)
        .max()
}
