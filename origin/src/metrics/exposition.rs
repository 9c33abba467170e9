//! The page that Prometheus reads.
//!
//! What changes by itself (ages) or belongs to others (the clock's steps) is set when the page is
//! made. Families that may be unknown are cleared first, so an unknown figure is absent rather than
//! old.

use super::counters::Metrics;
use super::families::Float;
use super::format::Format;
use super::labels::{
    BasisLabels, DirectionLabels, KeyLabels, NoLabels, ProcessLabels, SectionLabels, TopicLabels,
};
use crate::build;
use crate::clock::Report;
use crate::stored::Held;
use prometheus_client::encoding::text;
use prometheus_client::metrics::family::Family;
use shared::endpoints::StoreKey;
use shared::freshness::age_ms;
use shared::snapshot::Snapshot;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// The process that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its role.
    pub role: &'static str,
    /// The kind of its store.
    pub store: &'static str,
    /// When it was started.
    pub started_at: UnixMs,
}

/// What is on the page beside the counters.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Who answers.
    pub process: Process,
    /// What requests get.
    pub served: Option<&'a ValidSnapshot>,
    /// What the store holds.
    pub stored: Option<&'a Held>,
    /// What is known of our clock.
    pub clock: &'a Report,
    /// The time.
    pub now: UnixMs,
}

impl Metrics {
    /// The page in `format`. Unknown figures are left out; so is the age of data that is dated
    /// ahead of our time.
    ///
    /// # Errors
    /// None that can occur: the page is written into memory.
    pub fn page(&self, seen: Seen<'_>, format: Format) -> Result<String, std::fmt::Error> {
        let Seen {
            process,
            served,
            stored,
            clock,
            now,
        } = seen;
        let Process {
            role,
            store,
            started_at,
        } = process;
        let commit = build::COMMIT.unwrap_or_default();
        let labels = ProcessLabels {
            version: build::VERSION,
            commit,
            role,
            store,
        };
        // An info metric: the value is always 1, the labels carry the facts.
        self.families.info.get_or_create(&labels).set(1);
        self.families
            .process_start
            .set(started_at.as_millis() as f64 / 1_000.0);
        let age_secs = |as_of: UnixMs| age_ms(as_of, now).map(|age_ms| age_ms as f64 / 1_000.0);
        // A series that was set once would otherwise stay on the page for ever.
        self.families.cache_age.clear();
        if let Some(stored) = stored {
            for key in StoreKey::ALL {
                let labels = KeyLabels { key: key.name() };
                set(&self.families.cache_age, &labels, age_secs(stored.as_of_ms));
                self.families
                    .cache_quality
                    .get_or_create(&labels)
                    .set(stored.quality.get());
            }
        }
        self.families.snapshot_age.clear();
        self.families.section_age.clear();
        self.families.scores.clear();
        if let Some(served) = served {
            for (basis, scores) in score_counts(served.get()) {
                self.families
                    .scores
                    .get_or_create(&BasisLabels { basis })
                    .set(scores);
            }
            set(
                &self.families.snapshot_age,
                &NoLabels {},
                age_secs(served.get().as_of_ms),
            );
            self.families
                .snapshot_quality
                .get_or_create(&NoLabels {})
                .set(served.quality().get());
            for (section, as_of) in section_times(served.get()) {
                set(
                    &self.families.section_age,
                    &SectionLabels { section },
                    age_secs(as_of),
                );
            }
        }
        let newest = self
            .stream_newest
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.families.stream_topic_age.clear();
        for (topic, sent_at) in newest.iter() {
            let labels = TopicLabels { topic };
            set(&self.families.stream_topic_age, &labels, age_secs(*sent_at));
        }
        drop(newest);
        self.families.clock_skew.clear();
        set(
            &self.families.clock_skew,
            &NoLabels {},
            clock.behind_ms.map(|behind_ms| behind_ms as f64 / 1_000.0),
        );
        for (direction, steps) in &clock.steps {
            let labels = DirectionLabels {
                direction: direction.name(),
            };
            self.families
                .clock_steps
                .get_or_create(&labels)
                // The clock counts its steps itself; the counter here only shows them.
                .inner()
                .store(*steps, Ordering::Relaxed);
        }
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(format.of(page))
    }
}

/// Sets a figure that is known.
fn set<L: Clone + std::hash::Hash + Eq>(family: &Family<L, Float>, labels: &L, value: Option<f64>) {
    if let Some(value) = value {
        family.get_or_create(labels).set(value);
    }
}

/// How many scores rest on what. Both are set, also when zero, so that a fall to zero is visible.
fn score_counts(snapshot: &Snapshot) -> [(&'static str, i64); 2] {
    let analysed = snapshot.analysed();
    let rest = snapshot.scores.len().saturating_sub(analysed);
    [("six_dimension", analysed), ("ticker_momentum", rest)]
        .map(|(basis, count)| (basis, i64::try_from(count).unwrap_or(i64::MAX)))
}

fn section_times(snapshot: &Snapshot) -> impl Iterator<Item = (&'static str, UnixMs)> {
    let all = [
        ("tickers", Some(snapshot.as_of_ms)),
        ("instruments", Some(snapshot.universe.as_of_ms)),
        ("global_market", snapshot.global_market.as_of_ms()),
        ("defi_market", snapshot.defi_market.as_of_ms()),
        ("fear_greed", snapshot.fear_greed.as_of_ms()),
    ];
    all.into_iter()
        .filter_map(|(name, time)| Some((name, time?)))
}
