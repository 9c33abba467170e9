//! Health and metrics: derived from the age of the data and the last outcome of each dependency, never constant.

use super::{App, data, reply};
use crate::publication::Publication;
use axum::response::Response;
use serde::Serialize;
use shared::health::DataHealth;
use shared::problem::{Failure, SourceOutcome};
use shared::units::UnixMs;
use std::sync::atomic::Ordering;

/// The content type of the OpenMetrics text format.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Serialize)]
struct Live {
    status: &'static str,
}

#[derive(Serialize)]
struct Health {
    #[serde(flatten)]
    data: DataHealth,
    store: &'static str,
    /// When the process that answers was started.
    started_at_ms: UnixMs,
    role: &'static str,
    leadership: &'static str,
    dependencies: Vec<SourceOutcome>,
}

/// That this process answers.
pub(super) fn live() -> Response {
    reply::uncached_json(&Live { status: "alive" })
}

/// Whether clients should be sent here: the data is fresh or aging, and the process is not about to end.
pub(super) fn ready(app: &App) -> Response {
    let now = app.context.clock.now();
    match state(app, now) {
        Some(health) if health.data.ready => reply::uncached_json(&health),
        _ => data::no_data(app, now),
    }
}

/// The state in full; a problem when there is nothing to serve.
pub(super) fn health(app: &App) -> Response {
    let now = app.context.clock.now();
    match state(app, now) {
        Some(health) => reply::uncached_json(&health),
        None => data::no_data(app, now),
    }
}

fn state(app: &App, now: UnixMs) -> Option<Health> {
    let publication = app.context.current.get()?;
    let valid = publication.valid();
    let class = app.context.limits.classify(valid.get().as_of_ms, now)?;
    let mut data = DataHealth::of(valid, class, now);
    data.ready &= !app.draining.load(Ordering::Relaxed);
    Some(Health {
        data,
        store: app.store_kind,
        started_at_ms: app.started_at,
        role: app.role.name(),
        leadership: if app.role.collects() { app.leadership.standing().name() } else { "none" },
        dependencies: app.context.board.all(),
    })
}

/// What Prometheus reads.
pub(super) fn metrics(app: &App) -> Response {
    let (served, stored) = (app.context.current.get(), app.stored.load_full());
    match app.context.metrics.page(
        served.as_deref().map(Publication::valid),
        stored.as_deref(),
        &app.context.clock.report(),
        app.context.clock.now(),
    ) {
        Ok(page) => reply::text(OPENMETRICS, page),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            reply::failure(&Failure::Internal)
        }
    }
}
