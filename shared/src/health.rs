//! What `/health` states about the data, the same from origin and edge. Each adds what only it
//! knows.

use crate::freshness::Freshness;
use crate::headers::{self, ServedAs};
use crate::snapshot::Producer;
use crate::units::UnixMs;
use crate::validate::ValidSnapshot;
use serde::Serialize;

/// The state of what a client would get now, never constant. That nothing can be served is said by
/// a problem.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct DataHealth {
    /// The class of the data's age.
    pub status: Freshness,
    /// Whether clients should be sent here.
    pub ready: bool,
    /// As in bodies of data.
    pub data_source: &'static str,
    /// As in bodies of data.
    pub venue: &'static str,
    /// As in bodies of data.
    pub producer: Producer,
    /// As in bodies of data.
    pub served_as: ServedAs,
    /// When the data was true.
    pub as_of_ms: UnixMs,
    /// How old it is, milliseconds.
    pub age_ms: u64,
    /// The snapshot's number.
    pub sequence: u64,
    /// Completeness and youth of its parts, 0–1.
    pub quality: f64,
}

impl DataHealth {
    /// The state while this is what clients get.
    #[must_use]
    pub fn of(valid: &ValidSnapshot, class: Freshness, now: UnixMs) -> Self {
        let snapshot = valid.get();
        Self {
            status: class,
            // Stale data is the last resort, so load balancers should prefer another host.
            ready: class != Freshness::Stale,
            data_source: headers::data_source(snapshot, class),
            venue: snapshot.tickers_source.venue.name(),
            producer: snapshot.producer,
            served_as: ServedAs::of(class),
            as_of_ms: snapshot.as_of_ms,
            age_ms: now.millis_since(snapshot.as_of_ms),
            sequence: snapshot.sequence,
            quality: valid.quality().get(),
        }
    }
}
