//! `/health`: derived from the data that a client would get now, never constant.

use serde::Serialize;
use shared::freshness::Freshness;
use shared::headers;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;

/// The state of the service.
#[derive(Serialize)]
pub struct Health<'s> {
    /// `ok`, `aging` or `stale`; that nothing can be served is said by a problem.
    status: &'static str,
    /// Whether clients should be sent here.
    ready: bool,
    data_source: &'static str,
    as_of_ms: UnixMs,
    age_ms: u64,
    quality: f64,
    sequence: u64,
    contracts: usize,
    scores: usize,
    /// Why not the origin.
    fallback_reason: Option<&'s str>,
    /// `live`, `replayed` or `simulated`.
    market_data: &'static str,
    /// The deployed version of the Worker, where the platform tells it.
    build: Option<&'s str>,
}

impl<'s> Health<'s> {
    /// The state while this is what clients get.
    #[must_use]
    pub fn of(valid: &'s ValidSnapshot, class: Freshness, now: UnixMs, build: Option<&'s str>) -> Self {
        let snapshot = valid.get();
        Self {
            status: match class {
                Freshness::Fresh => "ok",
                Freshness::Aging | Freshness::Stale => class.name(),
            },
            ready: class != Freshness::Stale,
            data_source: headers::data_source(snapshot, class),
            as_of_ms: snapshot.as_of_ms,
            age_ms: now.millis_since(snapshot.as_of_ms),
            quality: valid.quality().get(),
            sequence: snapshot.sequence,
            contracts: snapshot.coverage.priced,
            scores: snapshot.scores.len(),
            fallback_reason: snapshot.fallback_reason.as_deref(),
            market_data: headers::artificial_feed(snapshot).map_or("live", |feed| feed.name()),
            build,
        }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> String {
        // A struct of strings and finite numbers always has a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }
}
