//! The body of `/health`: derived from the data that a client would get now, never constant.

use serde::Serialize;
use shared::freshness::Freshness;
use shared::headers;
use shared::health::DataHealth;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;

/// The state of the service.
#[derive(Serialize)]
pub struct Health<'s> {
    #[serde(flatten)]
    data: DataHealth,
    contracts: usize,
    scores: usize,
    /// Why the data is not the origin's; `null` when it is.
    fallback_reason: Option<&'s str>,
    /// `live`, `replayed` or `simulated`.
    market_data: &'static str,
    /// The deployed version of the Worker, where the platform tells it.
    build: Option<&'s str>,
    /// The data centre of the direct Worker, when it was last called; `null` where none is bound.
    direct_place: Option<String>,
}

impl<'s> Health<'s> {
    /// The state while this is what clients get.
    #[must_use]
    pub fn of(
        valid: &'s ValidSnapshot,
        class: Freshness,
        now: UnixMs,
        build: Option<&'s str>,
    ) -> Self {
        let snapshot = valid.get();
        Self {
            data: DataHealth::of(valid, class, now),
            contracts: snapshot.coverage.priced,
            scores: snapshot.scores.len(),
            fallback_reason: snapshot.fallback_reason.as_deref(),
            market_data: headers::artificial_feed(snapshot).map_or("live", |feed| feed.name()),
            build,
            direct_place: None,
        }
    }

    /// Adds the data centre of the direct Worker.
    #[must_use]
    pub fn with_direct_colo(self, direct_place: Option<String>) -> Self {
        Self {
            direct_place,
            ..self
        }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> String {
        // A struct of strings and finite numbers always has a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }
}
