//! The name and the help text of each metric. Dashboards, alerts and the runbook use these names,
//! so they do not change.

use super::families::Families;
use prometheus_client::registry::{Registry, Unit};

/// Every metric under its name.
pub(super) fn registry(metrics: &Families) -> Registry {
    let mut registry = Registry::default();
    registry.register(
        "origin_info",
        "1, with the version and the commit of the program, its role and its store",
        metrics.info.clone(),
    );
    registry.register_with_unit(
        "process_start_time",
        "When the process was started, since 1970",
        Unit::Seconds,
        metrics.process_start.clone(),
    );
    registry.register_with_unit(
        "cache_age",
        "Age of the data stored under a key",
        Unit::Seconds,
        metrics.cache_age.clone(),
    );
    registry.register(
        "cache_quality_score",
        "Quality of the data stored under a key, 0-1",
        metrics.cache_quality.clone(),
    );
    registry.register_with_unit(
        "snapshot_age",
        "Age of the data that is served",
        Unit::Seconds,
        metrics.snapshot_age.clone(),
    );
    registry.register(
        "snapshot_quality_score",
        "Quality of the data that is served, 0-1",
        metrics.snapshot_quality.clone(),
    );
    registry.register(
        "snapshot_scores",
        "Scores in the data that is served, by what they rest on",
        metrics.scores.clone(),
    );
    registry.register_with_unit(
        "section_age",
        "Age of a part of the snapshot",
        Unit::Seconds,
        metrics.section_age.clone(),
    );
    registry.register(
        "upstream_requests",
        "Fetches from upstreams by outcome and its class",
        metrics.upstream_requests.clone(),
    );
    registry.register(
        "snapshot_rejections",
        "Snapshots that were not admitted, by reason",
        metrics.rejections.clone(),
    );
    registry.register(
        "snapshot_warnings",
        "Unusual findings in admitted snapshots, by reason",
        metrics.warnings.clone(),
    );
    registry.register(
        "ticker_rows_refused",
        "Ticker rows of listed contracts that were not used, by reason",
        metrics.rows_refused.clone(),
    );
    registry.register(
        "ticker_fields_refused",
        "Figures of listed contracts' ticker rows that were not used, by figure and reason",
        metrics.fields_refused.clone(),
    );
    registry.register_with_unit(
        "market_still",
        "How long the exchange's market has stood still while its gateway answered",
        Unit::Seconds,
        metrics.market_still.clone(),
    );
    registry.register(
        "input_rows_refused",
        "Rows of candles, trades and positions that were not used, by reason",
        metrics.input_rows_refused.clone(),
    );
    registry.register(
        "snapshots_published",
        "Snapshots that were admitted and served",
        metrics.snapshots.clone(),
    );
    registry.register(
        "store_writes",
        "Publications to the store by outcome",
        metrics.store_writes.clone(),
    );
    registry.register(
        "store_announcements_refused",
        "Publications that were written and that this process may not announce",
        metrics.announcements_refused.clone(),
    );
    registry.register(
        "store_reads",
        "Looks at what another process stored, by outcome",
        metrics.store_reads.clone(),
    );
    registry.register(
        "leadership_leading",
        "1 while this process publishes, else 0",
        metrics.leading.clone(),
    );
    registry.register(
        "leadership_epoch",
        "The number of this process's last leadership; a later leader has a higher one",
        metrics.epoch.clone(),
    );
    registry.register(
        "leadership_changes",
        "Changes of this process's standing, by what it became",
        metrics.leadership_changes.clone(),
    );
    registry.register(
        "collecting",
        "1 while this process asks the exchanges, else 0",
        metrics.collecting.clone(),
    );
    registry.register(
        "task_restarts",
        "Tasks that were begun anew, by why they did not run",
        metrics.task_restarts.clone(),
    );
    registry.register(
        "task_parked",
        "1 while a source that the rest can do without is left alone because its task fell over again and again",
        metrics.task_parked.clone(),
    );
    registry.register_with_unit(
        "clock_skew",
        "How far this machine's clock is behind what upstreams date their answers with; negative when it is ahead",
        Unit::Seconds,
        metrics.clock_skew.clone(),
    );
    registry.register(
        "clock_steps",
        "Steps of this machine's clock, as when it is set or the machine slept, by where it went",
        metrics.clock_steps.clone(),
    );
    golden_signals(metrics, &mut registry);
    registry.register(
        "stream_connected",
        "1 while a connection of the stream is open, else 0",
        metrics.stream_connected.clone(),
    );
    registry.register(
        "stream_ends",
        "Connections of the stream that ended or could not be opened, by reason",
        metrics.stream_ends.clone(),
    );
    registry.register(
        "stream_messages",
        "Messages of the stream with data, by kind of topic",
        metrics.stream_messages.clone(),
    );
    registry.register(
        "stream_topic_age_seconds",
        "How long ago the exchange sent the newest message of a kind of topic",
        metrics.stream_topic_age.clone(),
    );
    registry.register(
        "stream_refused",
        "Messages of which nothing could be made, and subscriptions that were refused, by reason",
        metrics.stream_refused.clone(),
    );
    registry.register(
        "stream_gaps",
        "Messages that do not continue their topic, and topics that fell silent, by kind",
        metrics.stream_gaps.clone(),
    );
    registry.register(
        "stream_divergence_ratio",
        "Share of rows in which a fetched ticker table and the streamed one differ",
        metrics.stream_divergence.clone(),
    );
    registry
}

/// Traffic, errors, latency, saturation; and how often an answer was not made of fresh data.
fn golden_signals(metrics: &Families, registry: &mut Registry) {
    registry.register(
        "http_requests",
        "Answers by route and status",
        metrics.requests.clone(),
    );
    registry.register_with_unit(
        "http_request_duration",
        "Time from a request to its answer",
        Unit::Seconds,
        metrics.request_duration.clone(),
    );
    registry.register(
        "http_requests_in_flight",
        "Requests that are being answered",
        metrics.requests_in_flight.clone(),
    );
    registry.register(
        "http_connections",
        "Connections of clients that are open",
        metrics.connections.clone(),
    );
    registry.register(
        "http_connections_refused",
        "Connections that were not taken, by why",
        metrics.connections_refused.clone(),
    );
    registry.register(
        "http_connections_closed",
        "Connections that were closed before their clients had done with them, by why",
        metrics.connections_closed.clone(),
    );
    registry.register(
        "data_responses",
        "Answers on data routes by class of age: fresh, aging, stale, none",
        metrics.data_responses.clone(),
    );
    registry.register(
        "cache_fallback_triggered",
        "Answers on data routes that were not made of fresh data, by reason",
        metrics.fallbacks.clone(),
    );
}
