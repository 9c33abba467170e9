//! Every metric with the labels that tell its series apart. Names and help stand in `registration`.

use super::labels::{
    BasisLabels, ClassLabels, DirectionLabels, FigureLabels, GapLabels, InputLabels, KeyLabels,
    NoLabels, OutcomeLabels, ParkedLabels, ProcessLabels, ReasonLabels, RequestLabels, RouteLabels,
    SectionLabels, StandingLabels, StreamEndLabels, StreamLabels, TaskLabels, TopicLabels,
    UpstreamLabels,
};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use std::sync::atomic::AtomicU64;

/// Upper bounds, seconds. Answers come from memory in tens of microseconds; the last bound is the
/// longest acceptable wait.
const LATENCY_BUCKETS: [f64; 9] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.025, 0.1, 0.5, 5.0,
];

pub(super) type Float = Gauge<f64, AtomicU64>;

/// Every metric of the process, but for the registry.
#[derive(Debug)]
pub(super) struct Families {
    pub(super) info: Family<ProcessLabels, Gauge>,
    pub(super) process_start: Float,
    pub(super) cache_age: Family<KeyLabels, Float>,
    pub(super) cache_quality: Family<KeyLabels, Float>,
    pub(super) snapshot_age: Family<NoLabels, Float>,
    pub(super) snapshot_quality: Family<NoLabels, Float>,
    pub(super) scores: Family<BasisLabels, Gauge>,
    pub(super) section_age: Family<SectionLabels, Float>,
    pub(super) upstream_requests: Family<UpstreamLabels, Counter>,
    pub(super) rejections: Family<ReasonLabels, Counter>,
    pub(super) warnings: Family<ReasonLabels, Counter>,
    pub(super) rows_refused: Family<ReasonLabels, Counter>,
    pub(super) fields_refused: Family<FigureLabels, Counter>,
    pub(super) market_still: Float,
    pub(super) input_rows_refused: Family<InputLabels, Counter>,
    pub(super) snapshots: Counter,
    pub(super) store_writes: Family<OutcomeLabels, Counter>,
    pub(super) announcements_refused: Counter,
    pub(super) store_reads: Family<OutcomeLabels, Counter>,
    pub(super) leading: Gauge,
    pub(super) epoch: Gauge,
    pub(super) collecting: Gauge,
    pub(super) leadership_changes: Family<StandingLabels, Counter>,
    pub(super) task_restarts: Family<TaskLabels, Counter>,
    pub(super) task_parked: Family<ParkedLabels, Gauge>,
    pub(super) requests: Family<RequestLabels, Counter>,
    pub(super) request_duration: Family<RouteLabels, Histogram>,
    pub(super) requests_in_flight: Gauge,
    pub(super) connections: Gauge,
    pub(super) connections_refused: Family<ReasonLabels, Counter>,
    pub(super) connections_closed: Family<ReasonLabels, Counter>,
    pub(super) data_responses: Family<ClassLabels, Counter>,
    pub(super) fallbacks: Family<ReasonLabels, Counter>,
    pub(super) clock_skew: Family<NoLabels, Float>,
    pub(super) clock_steps: Family<DirectionLabels, Counter>,
    pub(super) stream_connected: Family<StreamLabels, Gauge>,
    pub(super) stream_ends: Family<StreamEndLabels, Counter>,
    pub(super) stream_messages: Family<TopicLabels, Counter>,
    pub(super) stream_topic_age: Family<TopicLabels, Float>,
    pub(super) stream_refused: Family<ReasonLabels, Counter>,
    pub(super) stream_gaps: Family<GapLabels, Counter>,
    pub(super) stream_divergence: Family<NoLabels, Float>,
}

impl Families {
    pub(super) fn new() -> Self {
        Self {
            info: Family::default(),
            process_start: Float::default(),
            cache_age: Family::default(),
            cache_quality: Family::default(),
            snapshot_age: Family::default(),
            snapshot_quality: Family::default(),
            scores: Family::default(),
            section_age: Family::default(),
            upstream_requests: Family::default(),
            rejections: Family::default(),
            warnings: Family::default(),
            rows_refused: Family::default(),
            fields_refused: Family::default(),
            market_still: Float::default(),
            input_rows_refused: Family::default(),
            snapshots: Counter::default(),
            store_writes: Family::default(),
            announcements_refused: Counter::default(),
            store_reads: Family::default(),
            leading: Gauge::default(),
            epoch: Gauge::default(),
            collecting: Gauge::default(),
            leadership_changes: Family::default(),
            task_restarts: Family::default(),
            task_parked: Family::default(),
            requests: Family::default(),
            request_duration: Family::new_with_constructor(|| Histogram::new(LATENCY_BUCKETS)),
            requests_in_flight: Gauge::default(),
            connections: Gauge::default(),
            connections_refused: Family::default(),
            connections_closed: Family::default(),
            data_responses: Family::default(),
            fallbacks: Family::default(),
            clock_skew: Family::default(),
            clock_steps: Family::default(),
            stream_connected: Family::default(),
            stream_ends: Family::default(),
            stream_messages: Family::default(),
            stream_topic_age: Family::default(),
            stream_refused: Family::default(),
            stream_gaps: Family::default(),
            stream_divergence: Family::default(),
        }
    }
}
