//! What Prometheus sees.

mod exposition;
mod format;
mod labels;
mod registration;

use crate::status::OK;
use crate::upstream::{FaultClass, UpstreamError};
use labels::{
    BasisLabels, ClassLabels, DirectionLabels, FigureLabels, InputLabels, KeyLabels, NoLabels,
    OutcomeLabels, ParkedLabels, ProcessLabels, ReasonLabels, RequestLabels, RouteLabels,
    SectionLabels, StandingLabels, TaskLabels, UpstreamLabels,
};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use shared::freshness::Freshness;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Upper bounds in seconds. Answers come from memory in tens of microseconds; the last is the
/// longest that is waited.
const LATENCY_BUCKETS: [f64; 9] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.025, 0.1, 0.5, 5.0,
];

pub use exposition::Seen;
pub use format::Format;

type Float = Gauge<f64, AtomicU64>;

/// The process that answers, as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its role.
    pub role: &'static str,
    /// The kind of its store.
    pub store: &'static str,
    /// When it was started.
    pub started_at: UnixMs,
}

/// An answer, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered<'a> {
    /// The route, never the path that a client made up.
    pub route: &'static str,
    /// Whether the route is one of data.
    pub is_data: bool,
    /// The status.
    pub status: u16,
    /// The class of the data's age, where data was sent.
    pub freshness: Option<&'a str>,
    /// From the request's first byte to the answer's head.
    pub took: Duration,
}

/// Every metric of the process. Ages are computed when they are asked for, so that a stalled writer
/// cannot freeze them.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    info: Family<ProcessLabels, Gauge>,
    process_start: Float,
    cache_age: Family<KeyLabels, Float>,
    cache_quality: Family<KeyLabels, Float>,
    snapshot_age: Family<NoLabels, Float>,
    snapshot_quality: Family<NoLabels, Float>,
    scores: Family<BasisLabels, Gauge>,
    section_age: Family<SectionLabels, Float>,
    upstream_requests: Family<UpstreamLabels, Counter>,
    rejections: Family<ReasonLabels, Counter>,
    warnings: Family<ReasonLabels, Counter>,
    rows_refused: Family<ReasonLabels, Counter>,
    fields_refused: Family<FigureLabels, Counter>,
    market_still: Float,
    input_rows_refused: Family<InputLabels, Counter>,
    snapshots: Counter,
    store_writes: Family<OutcomeLabels, Counter>,
    announcements_refused: Counter,
    store_reads: Family<OutcomeLabels, Counter>,
    leading: Gauge,
    epoch: Gauge,
    collecting: Gauge,
    leadership_changes: Family<StandingLabels, Counter>,
    task_restarts: Family<TaskLabels, Counter>,
    task_parked: Family<ParkedLabels, Gauge>,
    requests: Family<RequestLabels, Counter>,
    request_duration: Family<RouteLabels, Histogram>,
    requests_in_flight: Gauge,
    connections: Gauge,
    connections_refused: Family<ReasonLabels, Counter>,
    connections_closed: Family<ReasonLabels, Counter>,
    data_responses: Family<ClassLabels, Counter>,
    fallbacks: Family<ReasonLabels, Counter>,
    clock_skew: Family<NoLabels, Float>,
    clock_steps: Family<DirectionLabels, Counter>,
}

impl Metrics {
    /// Registers every metric.
    #[must_use]
    pub fn new() -> Self {
        let metrics = Self {
            registry: Registry::default(),
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
        };
        Self {
            registry: registration::registry(&metrics),
            ..metrics
        }
    }

    /// Counts a fetch that brought data.
    pub fn upstream_answered(&self, upstream: &'static str) {
        self.upstream_outcome(&UpstreamLabels {
            upstream,
            class: OK,
            outcome: OK.to_owned(),
        });
    }

    /// Counts a fetch that brought none.
    pub fn upstream_failed(&self, upstream: &'static str, error: &UpstreamError) {
        let (class, outcome) = (error.class().name(), error.label().into_owned());
        self.upstream_outcome(&UpstreamLabels {
            upstream,
            class,
            outcome,
        });
    }

    /// Counts a fetch that brought data of which no snapshot could be made.
    pub fn upstream_rejected(&self, upstream: &'static str) {
        let class = FaultClass::BadData.name();
        self.upstream_outcome(&UpstreamLabels {
            upstream,
            class,
            outcome: "rejected".to_owned(),
        });
    }

    fn upstream_outcome(&self, labels: &UpstreamLabels) {
        self.upstream_requests.get_or_create(labels).inc();
    }

    /// Counts a snapshot that was not admitted.
    pub fn rejection(&self, reason: &'static str) {
        self.rejections
            .get_or_create(&ReasonLabels { reason })
            .inc();
    }

    /// Counts an unused ticker row.
    pub fn row_refused(&self, reason: &'static str) {
        self.rows_refused
            .get_or_create(&ReasonLabels { reason })
            .inc();
    }

    /// Counts an unused figure of a ticker row.
    pub fn field_refused(&self, figure: &'static str, reason: &'static str) {
        self.fields_refused
            .get_or_create(&FigureLabels { figure, reason })
            .inc();
    }

    /// Notes how long the venue's market has stood still while its gateway answered.
    pub fn market_still(&self, millis: u64) {
        self.market_still.set(millis as f64 / 1_000.0);
    }

    /// Counts an unused row of another input.
    pub fn input_refused(&self, upstream: &'static str, reason: &'static str) {
        self.input_rows_refused
            .get_or_create(&InputLabels { upstream, reason })
            .inc();
    }

    /// Counts an admitted snapshot and what was unusual about it.
    pub fn published(&self, valid: &ValidSnapshot) {
        self.snapshots.inc();
        for warning in valid.warnings() {
            self.warnings
                .get_or_create(&ReasonLabels {
                    reason: warning.label(),
                })
                .inc();
        }
    }

    /// Counts a publication to the store.
    pub fn store_write(&self, outcome: &'static str) {
        self.store_writes
            .get_or_create(&OutcomeLabels { outcome })
            .inc();
    }

    /// Counts a publication that was written and may not be announced.
    pub fn announcement_refused(&self) {
        self.announcements_refused.inc();
    }

    /// Counts a look at what another process stored.
    pub fn store_read(&self, outcome: &'static str) {
        self.store_reads
            .get_or_create(&OutcomeLabels { outcome })
            .inc();
    }

    /// Notes whether this process leads, and under which number.
    pub fn leading(&self, epoch: Option<u64>) {
        self.leading.set(i64::from(epoch.is_some()));
        if let Some(epoch) = epoch {
            self.epoch.set(i64::try_from(epoch).unwrap_or(i64::MAX));
        }
    }

    /// Counts a change of this process's standing.
    pub fn leadership_change(&self, to: &'static str) {
        self.leadership_changes
            .get_or_create(&StandingLabels { to })
            .inc();
    }

    /// Notes whether this process asks the exchanges.
    pub fn collecting(&self, is_collecting: bool) {
        self.collecting.set(i64::from(is_collecting));
    }

    /// Counts a task that was begun anew.
    pub fn task_restart(&self, task: &'static str, reason: &'static str) {
        self.task_restarts
            .get_or_create(&TaskLabels { task, reason })
            .inc();
    }

    /// Notes whether a source that the rest can do without is left alone after a storm.
    pub fn parked(&self, task: &'static str, is_parked: bool) {
        self.task_parked
            .get_or_create(&ParkedLabels { task })
            .set(i64::from(is_parked));
    }

    /// A request that is being answered, until the returned value is dropped.
    #[must_use]
    pub fn in_flight(&self) -> Present {
        Present::new(&self.requests_in_flight)
    }

    /// A client's connection, until the returned value is dropped.
    #[must_use]
    pub fn connection(&self) -> Present {
        Present::new(&self.connections)
    }

    /// Counts a connection that was not taken.
    pub fn connection_refused(&self, reason: &'static str) {
        self.connections_refused
            .get_or_create(&ReasonLabels { reason })
            .inc();
    }

    /// Counts a connection that was closed before its client had done with it.
    pub fn connection_closed(&self, reason: &'static str) {
        self.connections_closed
            .get_or_create(&ReasonLabels { reason })
            .inc();
    }

    /// Counts an answer.
    pub fn answered(&self, answered: Answered<'_>) {
        let Answered {
            route,
            is_data,
            status,
            freshness,
            took,
        } = answered;
        self.requests
            .get_or_create(&RequestLabels { route, status })
            .inc();
        self.request_duration
            .get_or_create(&RouteLabels { route })
            .observe(took.as_secs_f64());
        let class = match freshness {
            Some(name) => Freshness::ALL
                .into_iter()
                .find(|class| class.name() == name)
                .map(Freshness::name),
            None if is_data && status == 503 => Some("none"),
            None => None,
        };
        let Some(class) = class else { return };
        self.data_responses
            .get_or_create(&ClassLabels { class })
            .inc();
        if class != Freshness::Fresh.name() {
            self.fallbacks
                .get_or_create(&ReasonLabels { reason: class })
                .inc();
        }
    }
}

/// One of those that a gauge counts, until it is dropped. What is given up counts no longer either.
#[derive(Debug)]
pub struct Present(Gauge);

impl Present {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
