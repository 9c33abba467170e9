//! What the process counts, as it happens. Labels have a bounded set of values, so that no client
//! can create series.

use super::families::Families;
use super::labels::{
    ClassLabels, FigureLabels, GapLabels, InputLabels, NoLabels, OutcomeLabels, ParkedLabels,
    ReasonLabels, RequestLabels, RouteLabels, StandingLabels, StreamEndLabels, StreamLabels,
    TaskLabels, TopicLabels, UpstreamLabels,
};
use super::registration::registry;
use crate::status::OK;
use crate::upstream::{FaultClass, UpstreamError};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use shared::freshness::Freshness;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// An answer, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered<'a> {
    /// The route, never the path that a client made up.
    pub route: &'static str,
    /// Whether it is a data route.
    pub is_data: bool,
    /// The status.
    pub status: u16,
    /// The class of the data's age, where data was sent.
    pub freshness: Option<&'a str>,
    /// From the request's first byte to the answer's head.
    pub took: Duration,
}

/// Every metric of the process. Ages are computed when the page is read, so a stalled task cannot
/// freeze them.
#[derive(Debug)]
pub struct Metrics {
    pub(super) registry: Registry,
    pub(super) families: Families,
    /// When the exchange sent the newest message of each kind of topic.
    pub(super) stream_newest: Mutex<BTreeMap<&'static str, UnixMs>>,
}

impl Metrics {
    /// Registers every metric.
    #[must_use]
    pub fn new() -> Self {
        let families = Families::new();
        Self {
            registry: registry(&families),
            families,
            stream_newest: Mutex::default(),
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

    /// Counts a request to an upstream that brought no data.
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
        self.families.upstream_requests.get_or_create(labels).inc();
    }

    /// Counts a snapshot that was not admitted.
    pub fn rejection(&self, reason: &'static str) {
        self.families
            .rejections
            .get_or_create(&ReasonLabels { reason })
            .inc();
    }

    /// Counts an unused ticker row.
    pub fn row_refused(&self, reason: &'static str) {
        self.families
            .rows_refused
            .get_or_create(&ReasonLabels { reason })
            .inc();
    }

    /// Counts an unused figure of a ticker row.
    pub fn field_refused(&self, figure: &'static str, reason: &'static str) {
        self.families
            .fields_refused
            .get_or_create(&FigureLabels { figure, reason })
            .inc();
    }

    /// Sets how long the venue's market has stood still while its gateway answered.
    pub fn market_still(&self, millis: u64) {
        self.families.market_still.set(millis as f64 / 1_000.0);
    }

    /// Counts an unused row of another input.
    pub fn input_refused(&self, upstream: &'static str, reason: &'static str) {
        self.families
            .input_rows_refused
            .get_or_create(&InputLabels { upstream, reason })
            .inc();
    }

    /// Notes that a connection of a stream was opened.
    pub fn stream_began(&self, stream: &'static str) {
        self.families
            .stream_connected
            .get_or_create(&StreamLabels { stream })
            .set(1);
    }

    /// Notes that it ended, or could not be opened, and counts why.
    pub fn stream_ended(&self, stream: &'static str, reason: &'static str) {
        self.families
            .stream_connected
            .get_or_create(&StreamLabels { stream })
            .set(0);
        self.families
            .stream_ends
            .get_or_create(&StreamEndLabels { stream, reason })
            .inc();
    }

    /// Counts a message of a topic of this kind that the exchange sent at `sent_at`.
    pub fn stream_message(&self, topic: &'static str, sent_at: UnixMs) {
        self.stream_newest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(topic, sent_at);
        self.families
            .stream_messages
            .get_or_create(&TopicLabels { topic })
            .inc();
    }

    /// Counts a message of which nothing could be made, or a refused subscription.
    pub fn stream_refused(&self, reason: &'static str) {
        self.families
            .stream_refused
            .get_or_create(&ReasonLabels { reason })
            .inc();
    }

    /// Counts a message that does not continue its topic.
    pub fn stream_gap(&self, topic: &'static str, kind: &'static str) {
        self.families
            .stream_gaps
            .get_or_create(&GapLabels { topic, kind })
            .inc();
    }

    /// Sets the share of rows in which a fetched table and the streamed one differ.
    pub fn stream_divergence(&self, ratio: f64) {
        self.families
            .stream_divergence
            .get_or_create(&NoLabels {})
            .set(ratio);
    }

    /// Counts an admitted snapshot and what was unusual about it.
    pub fn published(&self, valid: &ValidSnapshot) {
        self.families.snapshots.inc();
        for warning in valid.warnings() {
            self.families
                .warnings
                .get_or_create(&ReasonLabels {
                    reason: warning.label(),
                })
                .inc();
        }
    }

    /// Counts a publication to the store.
    pub fn store_write(&self, outcome: &'static str) {
        self.families
            .store_writes
            .get_or_create(&OutcomeLabels { outcome })
            .inc();
    }

    /// Counts a publication that was written and may not be announced.
    pub fn announcement_refused(&self) {
        self.families.announcements_refused.inc();
    }

    /// Counts a look at what another process stored.
    pub fn store_read(&self, outcome: &'static str) {
        self.families
            .store_reads
            .get_or_create(&OutcomeLabels { outcome })
            .inc();
    }

    /// Sets whether this process leads, and its epoch. The epoch of an earlier leadership stays.
    pub fn leading(&self, epoch: Option<u64>) {
        self.families.leading.set(i64::from(epoch.is_some()));
        if let Some(epoch) = epoch {
            self.families
                .epoch
                .set(i64::try_from(epoch).unwrap_or(i64::MAX));
        }
    }

    /// Counts a change of this process's standing.
    pub fn leadership_change(&self, to: &'static str) {
        self.families
            .leadership_changes
            .get_or_create(&StandingLabels { to })
            .inc();
    }

    /// Notes whether this process asks the exchanges.
    pub fn collecting(&self, is_collecting: bool) {
        self.families.collecting.set(i64::from(is_collecting));
    }

    /// Counts a task that was restarted.
    pub fn task_restart(&self, task: &'static str, reason: &'static str) {
        self.families
            .task_restarts
            .get_or_create(&TaskLabels { task, reason })
            .inc();
    }

    /// Sets whether a dispensable source is parked after a storm.
    pub fn parked(&self, task: &'static str, is_parked: bool) {
        self.families
            .task_parked
            .get_or_create(&ParkedLabels { task })
            .set(i64::from(is_parked));
    }

    /// A request that is being answered, until the returned value is dropped.
    #[must_use]
    pub fn in_flight(&self) -> Present {
        Present::new(&self.families.requests_in_flight)
    }

    /// A client's connection, until the returned value is dropped.
    #[must_use]
    pub fn connection(&self) -> Present {
        Present::new(&self.families.connections)
    }

    /// Counts a connection that was refused.
    pub fn connection_refused(&self, reason: &'static str) {
        self.families
            .connections_refused
            .get_or_create(&ReasonLabels { reason })
            .inc();
    }

    /// Counts a connection that was closed by the server.
    pub fn connection_closed(&self, reason: &'static str) {
        self.families
            .connections_closed
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
        self.families
            .requests
            .get_or_create(&RequestLabels { route, status })
            .inc();
        self.families
            .request_duration
            .get_or_create(&RouteLabels { route })
            .observe(took.as_secs_f64());
        // The header is mapped to one of the known names, so that the label set stays bounded.
        let class = match freshness {
            Some(name) => Freshness::ALL
                .into_iter()
                .find(|class| class.name() == name)
                .map(Freshness::name),
            None if is_data && status == 503 => Some("none"),
            None => None,
        };
        let Some(class) = class else { return };
        self.families
            .data_responses
            .get_or_create(&ClassLabels { class })
            .inc();
        if class != Freshness::Fresh.name() {
            self.families
                .fallbacks
                .get_or_create(&ReasonLabels { reason: class })
                .inc();
        }
    }
}

/// Counts itself in a gauge until it is dropped. A cancelled task drops it as well, so the gauge
/// cannot drift.
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
