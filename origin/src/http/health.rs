//! Health and metrics, derived from the age of the data and the last outcome of each dependency,
//! never constant.
//!
//! Three questions: is the process alive (restart it if not), is it ready (send clients elsewhere
//! if not), and how is it in full (for people).

use super::app::App;
use super::{data, reply};
use crate::build;
use crate::metrics::{Format, Process, Seen};
use crate::publication::Publication;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde::Serialize;
use shared::health::DataHealth;
use shared::problem::{Failure, SourceOutcome};
use shared::units::UnixMs;
use std::sync::atomic::Ordering;

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
    /// The commit that the program was built from.
    commit: Option<&'static str>,
    role: &'static str,
    leadership: &'static str,
    dependencies: Vec<SourceOutcome>,
}

/// Liveness: the process answers. It depends on nothing else, since a restart mends no exchange.
pub(super) fn live() -> Response {
    reply::uncached_json(&Live { status: "alive" })
}

/// Readiness: the data is fresh or aging, and the process is not about to end. Otherwise load
/// balancers send clients elsewhere.
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
    // Readiness goes first when the process ends; the data itself is still good.
    data.ready &= !app.draining.load(Ordering::Relaxed);
    Some(Health {
        data,
        store: app.store_kind,
        started_at_ms: app.started_at,
        commit: build::COMMIT,
        role: app.role.name(),
        leadership: if app.role.collects() {
            app.leadership.standing().name()
        } else {
            "none"
        },
        dependencies: app.context.board.all(),
    })
}

/// What Prometheus reads, in the format that it asks for.
pub(super) fn metrics(app: &App, request: &HeaderMap) -> Response {
    let accepted =
        reply::lines(request, header::ACCEPT).filter_map(|line| std::str::from_utf8(line).ok());
    // Negotiated, because `curl` and older scrapers do not read OpenMetrics.
    let format = Format::negotiate(accepted);
    let (served, stored) = (app.context.current.get(), app.stored.load_full());
    let seen = Seen {
        process: Process {
            role: app.role.name(),
            store: app.store_kind,
            started_at: app.started_at,
        },
        served: served.as_deref().map(Publication::valid),
        stored: stored.as_deref(),
        clock: &app.context.clock.report(),
        now: app.context.clock.now(),
    };
    match app.context.metrics.page(seen, format) {
        Ok(page) => {
            let mut response = reply::text(format.content_type(), page);
            response
                .headers_mut()
                .insert(header::VARY, HeaderValue::from_static("accept"));
            response
        }
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            reply::failure(&Failure::Internal)
        }
    }
}
