//! Data: the finished body of the current publication, in the class of its age at this moment.

use super::{App, reply};
use crate::publication::{Coding, Publication, Rendered};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::endpoints::{Endpoint, SymbolEndpoint};
use shared::freshness::{Freshness, Limits};
use shared::headers;
use shared::headers::{age_secs, cache_status, matches_etag, ttl_secs};
use shared::problem::{Failure, Parameter, jittered_retry_after_secs};
use shared::projection;
use shared::snapshot::alerts::MAX_ALERTS;
use shared::snapshot::performance::ChartTimeframe;
use shared::snapshot::{Section, Snapshot};
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;

/// How many of the newest alerts are sent when nobody says.
const DEFAULT_ALERTS: usize = 20;

/// How far back a chart goes when nobody says.
const DEFAULT_TIMEFRAME: ChartTimeframe = ChartTimeframe::OneDay;

/// The name under which the origin stands in `Cache-Status`.
const CACHE_NAME: &str = "snapshot";

/// Answers from memory.
pub(super) async fn serve(endpoint: Endpoint, State(app): State<App>, request: HeaderMap) -> Response {
    let now = app.context.clock.now();
    let Some(publication) = app.context.current.get() else { return no_data(&app, now) };
    let Some(class) = app.context.limits.classify(publication.valid().get().as_of_ms, now) else {
        return no_data(&app, now);
    };
    if let Some(reason) = projection::absence(publication.valid(), endpoint) {
        return reply::failure(&Failure::not_analysed(reason, now));
    }
    match publication.body(endpoint, class) {
        Some(rendered) => found(&publication, rendered, &request, &app.context.limits, now),
        None => reply::failure(&Failure::Internal),
    }
}

/// Answers about one contract.
pub(super) async fn serve_symbol(
    endpoint: SymbolEndpoint,
    State(app): State<App>,
    symbol: Result<Path<String>, PathRejection>,
    request: HeaderMap,
) -> Response {
    let Ok(Path(symbol)) = symbol else { return reply::failure(&Failure::NotFound) };
    on_demand(
        &app,
        &request,
        |_, _| Failure::NotFound,
        |valid, class| {
            let body = projection::symbol_body(valid, endpoint, &symbol, class)?;
            Ok(body.map(|body| Rendered::uncompressed(body, headers::of_symbol_body(valid, endpoint, &symbol, class))))
        },
    )
}

/// The newest alerts.
pub(super) async fn recent_alerts(State(app): State<App>, RawQuery(query): RawQuery, request: HeaderMap) -> Response {
    let limit = match value(query.as_deref(), Parameter::Limit) {
        None => DEFAULT_ALERTS,
        Some(text) => match text.parse::<usize>() {
            Ok(limit) if (1..=MAX_ALERTS).contains(&limit) => limit,
            _ => return reply::failure(&Failure::BadQuery { parameter: Parameter::Limit }),
        },
    };
    let absent = |snapshot: &Snapshot, now| not_analysed(&snapshot.alerts, now);
    on_demand(&app, &request, absent, |valid, class| {
        let body = projection::recent_alerts(valid, limit, class)?;
        let headers = || headers::of_variant(valid, "alerts", &limit.to_string(), class);
        Ok(body.map(|body| Rendered::uncompressed(body, headers())))
    })
}

/// The chart of one timeframe.
pub(super) async fn beta_chart(State(app): State<App>, RawQuery(query): RawQuery, request: HeaderMap) -> Response {
    let timeframe = match value(query.as_deref(), Parameter::Timeframe).map(ChartTimeframe::parse) {
        None => DEFAULT_TIMEFRAME,
        Some(Ok(timeframe)) => timeframe,
        Some(Err(_)) => return reply::failure(&Failure::BadQuery { parameter: Parameter::Timeframe }),
    };
    let absent = |snapshot: &Snapshot, now| not_analysed(&snapshot.performance, now);
    on_demand(&app, &request, absent, |valid, class| {
        let body = projection::beta_chart(valid, timeframe, class)?;
        let headers = || headers::of_variant(valid, "beta-chart", timeframe.name(), class);
        Ok(body.map(|body| Rendered::uncompressed(body, headers())))
    })
}

/// A body that is made anew for each request: few ask, and each is a few kilobytes.
fn on_demand(
    app: &App,
    request: &HeaderMap,
    absent: impl FnOnce(&Snapshot, UnixMs) -> Failure,
    render: impl FnOnce(&ValidSnapshot, Freshness) -> Result<Option<Rendered>, serde_json::Error>,
) -> Response {
    let now = app.context.clock.now();
    let Some(publication) = app.context.current.get() else { return no_data(app, now) };
    let Some(class) = app.context.limits.classify(publication.valid().get().as_of_ms, now) else {
        return no_data(app, now);
    };
    match render(publication.valid(), class) {
        Ok(Some(rendered)) => found(&publication, &rendered, request, &app.context.limits, now),
        Ok(None) => reply::failure(&absent(publication.valid().get(), now)),
        Err(error) => {
            tracing::error!(%error, "a body could not be made");
            reply::failure(&Failure::Internal)
        }
    }
}

/// The section that a body rests on is absent.
fn not_analysed<T>(section: &Section<T>, now: UnixMs) -> Failure {
    Failure::not_analysed(section.reason().unwrap_or("absent"), now)
}

/// The first value of a query parameter, as it is written: values with meaning here need no decoding.
fn value(query: Option<&str>, parameter: Parameter) -> Option<&str> {
    query?
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == parameter.name())
        .map(|(_, value)| value)
}

/// The problem that says which source failed how.
pub(super) fn no_data(app: &App, now: UnixMs) -> Response {
    reply::failure(&Failure::NoValidData {
        sources: app.context.board.all(),
        retry_after_secs: jittered_retry_after_secs(now),
    })
}

fn found(
    publication: &Publication,
    rendered: &Rendered,
    request: &HeaderMap,
    limits: &Limits,
    now: UnixMs,
) -> Response {
    let accepted = request.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let coding = rendered.available(Coding::negotiate(accepted));
    let etag = rendered.etag(coding);
    let known = request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| matches_etag(known, &etag));
    let mut response =
        if unchanged { StatusCode::NOT_MODIFIED.into_response() } else { rendered.body(coding).into_response() };
    let as_of = publication.valid().get().as_of_ms;
    let headers = response.headers_mut();
    reply::insert(headers, rendered.headers());
    reply::insert(
        headers,
        [
            ("etag", etag.as_str()),
            ("age", &age_secs(as_of, now).to_string()),
            ("cache-status", &cache_status::hit(CACHE_NAME, ttl_secs(as_of, now, limits))),
            ("vary", "Accept-Encoding"),
        ]
        .into_iter(),
    );
    if unchanged {
        headers.remove(header::CONTENT_TYPE);
    } else if let Some(name) = coding.name() {
        reply::insert(headers, [("content-encoding", name)].into_iter());
    }
    response
}
