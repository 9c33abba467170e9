//! What Prometheus sees.

use crate::status::OK;
use crate::store::Held;
use crate::upstream::{FaultClass, UpstreamError};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use shared::endpoints::StoreKey;
use shared::freshness::Freshness;
use shared::snapshot::Snapshot;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Upper bounds in seconds. Answers come from memory in tens of microseconds; the last is the longest that is waited.
const LATENCY_BUCKETS: [f64; 9] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.025, 0.1, 0.5, 5.0];

type Float = Gauge<f64, AtomicU64>;

/// A key of the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyLabels {
    key: &'static str,
}

/// A part of the snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SectionLabels {
    section: &'static str,
}

/// For a figure of the whole process that is left out while it is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NoLabels {}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabels {
    upstream: &'static str,
    /// What kind of outcome it is, for alerts; the outcome itself is for whoever looks closer.
    class: &'static str,
    outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InputLabels {
    upstream: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StandingLabels {
    to: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TaskLabels {
    task: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClassLabels {
    class: &'static str,
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

/// Every metric of the process. Ages are computed when they are asked for, so that a stalled writer cannot freeze them.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    cache_age: Family<KeyLabels, Float>,
    cache_quality: Family<KeyLabels, Float>,
    snapshot_age: Family<NoLabels, Float>,
    snapshot_quality: Family<NoLabels, Float>,
    section_age: Family<SectionLabels, Float>,
    upstream_requests: Family<UpstreamLabels, Counter>,
    rejections: Family<ReasonLabels, Counter>,
    warnings: Family<ReasonLabels, Counter>,
    rows_refused: Family<ReasonLabels, Counter>,
    input_rows_refused: Family<InputLabels, Counter>,
    snapshots: Counter,
    store_writes: Family<OutcomeLabels, Counter>,
    store_reads: Family<OutcomeLabels, Counter>,
    leading: Gauge,
    epoch: Gauge,
    collecting: Gauge,
    leadership_changes: Family<StandingLabels, Counter>,
    task_restarts: Family<TaskLabels, Counter>,
    requests: Family<RequestLabels, Counter>,
    request_duration: Family<RouteLabels, Histogram>,
    requests_in_flight: Gauge,
    data_responses: Family<ClassLabels, Counter>,
    fallbacks: Family<ReasonLabels, Counter>,
}

impl Metrics {
    /// Registers every metric.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let metrics = Self {
            registry: Registry::default(),
            cache_age: Family::default(),
            cache_quality: Family::default(),
            snapshot_age: Family::default(),
            snapshot_quality: Family::default(),
            section_age: Family::default(),
            upstream_requests: Family::default(),
            rejections: Family::default(),
            warnings: Family::default(),
            rows_refused: Family::default(),
            input_rows_refused: Family::default(),
            snapshots: Counter::default(),
            store_writes: Family::default(),
            store_reads: Family::default(),
            leading: Gauge::default(),
            epoch: Gauge::default(),
            collecting: Gauge::default(),
            leadership_changes: Family::default(),
            task_restarts: Family::default(),
            requests: Family::default(),
            request_duration: Family::new_with_constructor(|| Histogram::new(LATENCY_BUCKETS)),
            requests_in_flight: Gauge::default(),
            data_responses: Family::default(),
            fallbacks: Family::default(),
        };
        let seconds = Unit::Seconds;
        registry.register_with_unit(
            "cache_age",
            "Age of the data stored under a key",
            seconds.clone(),
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
            seconds.clone(),
            metrics.snapshot_age.clone(),
        );
        registry.register(
            "snapshot_quality_score",
            "Quality of the data that is served, 0-1",
            metrics.snapshot_quality.clone(),
        );
        registry.register_with_unit(
            "section_age",
            "Age of a part of the snapshot",
            seconds.clone(),
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
            "input_rows_refused",
            "Rows of candles, trades and positions that were not used, by reason",
            metrics.input_rows_refused.clone(),
        );
        registry.register("snapshots_published", "Snapshots that were admitted and served", metrics.snapshots.clone());
        registry.register("store_writes", "Publications to the store by outcome", metrics.store_writes.clone());
        registry.register(
            "store_reads",
            "Looks at what another process stored, by outcome",
            metrics.store_reads.clone(),
        );
        registry.register("leadership_leading", "1 while this process publishes, else 0", metrics.leading.clone());
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
        registry.register("collecting", "1 while this process asks the exchanges, else 0", metrics.collecting.clone());
        registry.register(
            "task_restarts",
            "Tasks that were begun anew, by why they did not run",
            metrics.task_restarts.clone(),
        );
        metrics.register_golden_signals(&mut registry, seconds);
        Self { registry, ..metrics }
    }

    /// Traffic, errors, latency, saturation; and how often an answer was not made of fresh data.
    fn register_golden_signals(&self, registry: &mut Registry, seconds: Unit) {
        registry.register("http_requests", "Answers by route and status", self.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request to its answer",
            seconds,
            self.request_duration.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests that are being answered",
            self.requests_in_flight.clone(),
        );
        registry.register(
            "data_responses",
            "Answers on data routes by class of age: fresh, aging, stale, none",
            self.data_responses.clone(),
        );
        registry.register(
            "cache_fallback_triggered",
            "Answers on data routes that were not made of fresh data, by reason",
            self.fallbacks.clone(),
        );
    }

    /// Counts a fetch that brought data.
    pub fn upstream_answered(&self, upstream: &'static str) {
        self.upstream_outcome(&UpstreamLabels { upstream, class: OK, outcome: OK.to_owned() });
    }

    /// Counts a fetch that brought none.
    pub fn upstream_failed(&self, upstream: &'static str, error: &UpstreamError) {
        let (class, outcome) = (error.class().name(), error.label().into_owned());
        self.upstream_outcome(&UpstreamLabels { upstream, class, outcome });
    }

    /// Counts a fetch that brought data of which no snapshot could be made.
    pub fn upstream_rejected(&self, upstream: &'static str) {
        let class = FaultClass::BadData.name();
        self.upstream_outcome(&UpstreamLabels { upstream, class, outcome: "rejected".to_owned() });
    }

    fn upstream_outcome(&self, labels: &UpstreamLabels) {
        self.upstream_requests.get_or_create(labels).inc();
    }

    /// Counts a snapshot that was not admitted.
    pub fn rejection(&self, reason: &'static str) {
        self.rejections.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Counts an unused ticker row.
    pub fn row_refused(&self, reason: &'static str) {
        self.rows_refused.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Counts an unused row of another input.
    pub fn input_refused(&self, upstream: &'static str, reason: &'static str) {
        self.input_rows_refused.get_or_create(&InputLabels { upstream, reason }).inc();
    }

    /// Counts an admitted snapshot and what was unusual about it.
    pub fn published(&self, valid: &ValidSnapshot) {
        self.snapshots.inc();
        for warning in valid.warnings() {
            self.warnings.get_or_create(&ReasonLabels { reason: warning.label() }).inc();
        }
    }

    /// Counts a publication to the store.
    pub fn store_write(&self, outcome: &'static str) {
        self.store_writes.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Counts a look at what another process stored.
    pub fn store_read(&self, outcome: &'static str) {
        self.store_reads.get_or_create(&OutcomeLabels { outcome }).inc();
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
        self.leadership_changes.get_or_create(&StandingLabels { to }).inc();
    }

    /// Notes whether this process asks the exchanges.
    pub fn collecting(&self, is_collecting: bool) {
        self.collecting.set(i64::from(is_collecting));
    }

    /// Counts a task that was begun anew.
    pub fn task_restart(&self, task: &'static str, reason: &'static str) {
        self.task_restarts.get_or_create(&TaskLabels { task, reason }).inc();
    }

    /// A request that is being answered, until the returned value is dropped.
    #[must_use]
    pub fn in_flight(&self) -> InFlight {
        self.requests_in_flight.inc();
        InFlight(self.requests_in_flight.clone())
    }

    /// Counts an answer.
    pub fn answered(&self, answered: Answered<'_>) {
        let Answered { route, is_data, status, freshness, took } = answered;
        self.requests.get_or_create(&RequestLabels { route, status }).inc();
        self.request_duration.get_or_create(&RouteLabels { route }).observe(took.as_secs_f64());
        let class = match freshness {
            Some(name) => Freshness::ALL.into_iter().find(|class| class.name() == name).map(Freshness::name),
            None if is_data && status == 503 => Some("none"),
            None => None,
        };
        let Some(class) = class else { return };
        self.data_responses.get_or_create(&ClassLabels { class }).inc();
        if class != Freshness::Fresh.name() {
            self.fallbacks.get_or_create(&ReasonLabels { reason: class }).inc();
        }
    }

    /// The page that Prometheus reads, in the OpenMetrics text format: `served` is what requests get, `stored` what the
    /// store holds. A figure that is unknown is left out.
    ///
    /// # Errors
    /// None that can occur: the page is written into memory.
    pub fn page(
        &self,
        served: Option<&ValidSnapshot>,
        stored: Option<&Held>,
        now: UnixMs,
    ) -> Result<String, std::fmt::Error> {
        let age_secs = |as_of: UnixMs| now.millis_since(as_of) as f64 / 1_000.0;
        if let Some(stored) = stored {
            for key in StoreKey::ALL {
                let labels = KeyLabels { key: key.name() };
                self.cache_age.get_or_create(&labels).set(age_secs(stored.as_of_ms));
                self.cache_quality.get_or_create(&labels).set(stored.quality.get());
            }
        }
        self.section_age.clear();
        if let Some(served) = served {
            self.snapshot_age.get_or_create(&NoLabels {}).set(age_secs(served.get().as_of_ms));
            self.snapshot_quality.get_or_create(&NoLabels {}).set(served.quality().get());
            for (section, as_of) in section_times(served.get()) {
                self.section_age.get_or_create(&SectionLabels { section }).set(age_secs(as_of));
            }
        }
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(page)
    }
}

/// A request that is being answered. One that is given up counts no longer either.
#[derive(Debug)]
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn section_times(snapshot: &Snapshot) -> impl Iterator<Item = (&'static str, UnixMs)> {
    let all = [
        ("tickers", Some(snapshot.as_of_ms)),
        ("instruments", Some(snapshot.universe.as_of_ms)),
        ("global_market", snapshot.global_market.as_of_ms()),
        ("defi_market", snapshot.defi_market.as_of_ms()),
        ("fear_greed", snapshot.fear_greed.as_of_ms()),
    ];
    all.into_iter().filter_map(|(name, time)| Some((name, time?)))
}
