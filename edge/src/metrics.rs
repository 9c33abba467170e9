//! What this isolate counted, and the only place that names it: states of answers, alerts, events.
//!
//! Counters live as long as the isolate. Sums over isolates are made by whoever reads the logs or
//! the data points.

mod page;

use crate::policy::Quota;
use crate::refresh::{Report, Via};
use shared::units::UnixMs;
use std::cell::RefCell;
use std::collections::BTreeMap;

pub use page::{CONTENT_TYPE, Gauges};

/// How an answer came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Fresh, from this isolate's memory.
    Hit,
    /// Marked aging, while a refresh runs.
    Aging,
    /// Fresh, after waiting for the origin.
    Origin,
    /// Fresh, after waiting for the colo's cache.
    ColoCache,
    /// Fresh, after waiting for Bybit itself.
    Direct,
    /// Fresh, after waiting for another exchange.
    Secondary,
    /// From what all colos share, for every source failed.
    LastGood,
    /// Marked stale, for every source failed.
    Stale,
    /// 503: nothing may be shown.
    Unavailable,
    /// 503: the data is good, but not analysed.
    NotAnalysed,
    /// 429.
    RateLimited,
    /// 4xx: nothing that there is was asked for.
    Refused,
    /// 500: a defect, or a configuration that cannot be used.
    Failed,
}

impl State {
    shared::labels! {
        /// The name in logs, metrics and data points.
        pub const fn name(self) {
            Self::Hit => "hit",
            Self::Aging => "aging",
            Self::Origin => "origin",
            Self::ColoCache => "colo_cache",
            Self::Direct => "direct",
            Self::Secondary => "secondary",
            Self::LastGood => "last_good",
            Self::Stale => "stale",
            Self::Unavailable => "unavailable",
            Self::NotAnalysed => "not_analysed",
            Self::RateLimited => "rate_limited",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// The alert that such an answer raises.
    #[must_use]
    pub const fn alert(self) -> Option<Alert> {
        match self {
            Self::Stale | Self::LastGood => Some(Alert::ServingLastKnownGood),
            Self::Secondary => Some(Alert::ServingSecondaryExchange),
            Self::Unavailable => Some(Alert::ServingNothing),
            Self::Failed => Some(Alert::Failing),
            Self::Hit
            | Self::Aging
            | Self::Origin
            | Self::ColoCache
            | Self::Direct
            | Self::NotAnalysed
            | Self::RateLimited
            | Self::Refused => None,
        }
    }
}

/// A state of the service that somebody should look at, as the field `alert` of a log line names
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    /// Every source failed; clients get old data, marked.
    ServingLastKnownGood,
    /// Neither origin nor Bybit is of use; clients get another exchange's data.
    ServingSecondaryExchange,
    /// Every source failed and nothing is left; clients get 503.
    ServingNothing,
    /// Answers are 500.
    Failing,
    /// Bybit sent this colo away.
    DirectPathBanned,
    /// Origin and Bybit tell different prices.
    DataDivergence,
}

impl Alert {
    shared::labels! {
        /// The name.
        pub const fn name(self) {
            Self::ServingLastKnownGood => "serving_last_known_good",
            Self::ServingSecondaryExchange => "serving_secondary_exchange",
            Self::ServingNothing => "serving_nothing",
            Self::Failing => "failing",
            Self::DirectPathBanned => "direct_path_banned",
            Self::DataDivergence => "data_divergence",
        }
    }
}

/// Something that happened beside an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// An entry of the colo's cache was damaged or not admissible, and was deleted.
    CacheRefused,
    /// An entry could not be written.
    CacheWriteFailed,
    /// What was kept for all colos was damaged or not admissible.
    LastGoodRefused,
    /// What was kept for all colos could not be renewed.
    LastGoodNotWritten,
    /// The way to Bybit was taken without need, and led to data.
    DirectExercised,
    /// It led to none.
    DirectExerciseFailed,
    /// It led to data that differs from the origin's.
    DataDiverged,
    /// The rate limiter did not answer, and the request went on.
    RateLimiterFailed,
    /// A data point could not be written.
    DataPointFailed,
    /// An answer was neither logged nor told as a data point, for many like it were just before.
    AnswerLeftOut,
    /// An exchange listed contracts of a kind that no rule knows; they are left out.
    UnknownKindListed,
}

impl Event {
    /// Every event: a counter that stands at zero is on the page too.
    pub const ALL: [Self; 11] = [
        Self::CacheRefused,
        Self::CacheWriteFailed,
        Self::LastGoodRefused,
        Self::LastGoodNotWritten,
        Self::DirectExercised,
        Self::DirectExerciseFailed,
        Self::DataDiverged,
        Self::RateLimiterFailed,
        Self::DataPointFailed,
        Self::AnswerLeftOut,
        Self::UnknownKindListed,
    ];

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CacheRefused => "cache_refused",
            Self::CacheWriteFailed => "cache_write_failed",
            Self::LastGoodRefused => "last_good_refused",
            Self::LastGoodNotWritten => "last_good_not_written",
            Self::DirectExercised => "direct_exercised",
            Self::DirectExerciseFailed => "direct_exercise_failed",
            Self::DataDiverged => "data_diverged",
            Self::RateLimiterFailed => "rate_limiter_failed",
            Self::DataPointFailed => "data_point_failed",
            Self::AnswerLeftOut => "answer_left_out",
            Self::UnknownKindListed => "unknown_kind_listed",
        }
    }
}

/// The most outcomes that are told apart per source; a server may answer with any status.
const MAX_OUTCOMES: usize = 64;

/// Counts.
#[derive(Debug, Default)]
struct Counts {
    /// By state and by who made the data.
    answers: BTreeMap<(State, &'static str), u64>,
    /// By source and outcome.
    asked: BTreeMap<(&'static str, String), u64>,
    refreshes: BTreeMap<&'static str, u64>,
    events: BTreeMap<Event, u64>,
    /// What was told of answers one by one.
    told: BTreeMap<State, Quota>,
}

thread_local! {
    static COUNTS: RefCell<Counts> = RefCell::default();
}

/// Works on the counts. Nothing that is passed here calls back, so they are never in use already;
/// if they were, one count would be lost rather than the isolate.
fn with<R>(work: impl FnOnce(&mut Counts) -> R) -> Option<R> {
    COUNTS.with(|counts| {
        counts
            .try_borrow_mut()
            .ok()
            .map(|mut counts| work(&mut counts))
    })
}

/// The `source` of an answer without data.
pub const NO_DATA: &str = "none";

/// Counts an answer; `source` is its `X-Data-Source`, or [`NO_DATA`].
pub fn answered(state: State, source: &'static str) {
    with(|counts| *counts.answers.entry((state, source)).or_default() += 1);
}

/// Whether one more answer of this state is to be told by itself, and then for how many it stands
/// that were not.
pub fn tell(state: State, now: UnixMs) -> Option<u64> {
    let told = with(|counts| counts.told.entry(state).or_default().take(now)).flatten();
    if told.is_none() {
        event(Event::AnswerLeftOut);
    }
    told
}

/// Counts a refresh and every source that had its turn in it.
pub fn refreshed(report: &Report) {
    with(|counts| {
        let outcome = report.via.as_ref().map_or("failed", Via::name);
        *counts.refreshes.entry(outcome).or_default() += 1;
        for asked in &report.asked {
            let outcome = asked
                .failure
                .as_ref()
                .map_or("ok", |failed| &failed.outcome);
            let known = counts
                .asked
                .keys()
                .filter(|(source, _)| *source == asked.source);
            let (mut count, mut is_known) = (0, false);
            for (_, of) in known {
                count += 1;
                is_known |= of == outcome;
            }
            let outcome = if is_known || count < MAX_OUTCOMES {
                outcome
            } else {
                "other"
            };
            *counts
                .asked
                .entry((asked.source, outcome.to_owned()))
                .or_default() += 1;
        }
    });
}

/// Counts an event.
pub fn event(event: Event) {
    with(|counts| *counts.events.entry(event).or_default() += 1);
}

/// The page that Prometheus reads.
#[must_use]
pub fn page(gauges: &Gauges<'_>) -> String {
    with(|counts| page::write(counts, gauges)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::{Asked, Failed, ORIGIN};
    use shared::headers::cache_status::Forward;
    use shared::headers::request_id::RequestId;
    use shared::units::UnixMs;

    // Every test has a thread of its own, and so counts of its own.

    fn asked(outcome: &str) -> Asked {
        let failure = (outcome != "ok").then(|| Failed {
            outcome: outcome.to_owned(),
            message: String::new(),
            proxy_error: None,
            received_status: None,
            as_of: None,
        });
        Asked {
            source: ORIGIN,
            failure,
            took_ms: Some(1),
        }
    }

    fn report(via: Option<Via>, outcomes: &[&str]) -> Report {
        let asked = outcomes.iter().map(|outcome| asked(outcome)).collect();
        Report {
            generation: 1,
            request_id: RequestId::parse("r").unwrap(),
            forward: Forward::UriMiss,
            via,
            asked,
            hedged: false,
            began: UnixMs::from_millis(0),
            took_ms: 1,
        }
    }

    #[track_caller]
    fn check(line: &str) {
        let page = page(&Gauges::default());
        assert!(
            page.lines().any(|found| found == line),
            "{line} is not in\n{page}"
        );
    }

    #[test]
    fn answers_are_counted_by_state_and_source() {
        answered(State::Hit, "origin");
        answered(State::Hit, "origin");
        answered(State::Hit, "bybit_direct");
        answered(State::Unavailable, NO_DATA);
        check(r#"edge_answers_total{state="hit",source="origin"} 2"#);
        check(r#"edge_answers_total{state="hit",source="bybit_direct"} 1"#);
        check(r#"edge_answers_total{state="unavailable",source="none"} 1"#);
    }

    #[test]
    fn refreshes_are_counted_by_source_and_outcome() {
        refreshed(&report(Some(Via::EdgeCache), &[]));
        refreshed(&report(None, &["timeout"]));
        refreshed(&report(Some(Via::BybitDirect), &["timeout"]));
        check(r#"edge_refreshes_total{via="edge-cache"} 1"#);
        check(r#"edge_refreshes_total{via="failed"} 1"#);
        check(r#"edge_source_requests_total{source="origin",outcome="timeout"} 2"#);
    }

    #[test]
    fn a_server_with_many_statuses_does_not_fill_the_memory() {
        for status in 0..1_000 {
            refreshed(&report(None, &[&format!("http_{status}")]));
        }
        check(r#"edge_source_requests_total{source="origin",outcome="other"} 936"#);
        let lines = page(&Gauges::default())
            .lines()
            .filter(|line| line.starts_with("edge_source_requests"))
            .count();
        assert_eq!(lines, MAX_OUTCOMES + 1);
    }

    #[test]
    fn an_event_that_never_was_stands_at_zero() {
        event(Event::CacheRefused);
        check(r#"edge_events_total{event="cache_refused"} 1"#);
        check(r#"edge_events_total{event="last_good_refused"} 0"#);
    }

    #[test]
    fn what_calls_for_somebody_has_a_name() {
        assert_eq!(
            State::Stale.alert().map(Alert::name),
            Some("serving_last_known_good")
        );
        assert_eq!(
            State::Unavailable.alert().map(Alert::name),
            Some("serving_nothing")
        );
        assert_eq!(State::Hit.alert(), None);
        assert_eq!(State::Direct.alert(), None);
    }
}
