//! What this isolate counted, and the only place that names it: states of answers, alerts, events.
//!
//! Counters live as long as the isolate and only grow. Sums over isolates are the work of whatever
//! reads the logs or the data points. This is a leaf: it knows names and numbers, and callers say
//! what happened in its words.

mod alert;

mod event;

mod state;

mod counts;

mod page;

use crate::isolate;
use counts::Counts;
use shared::units::UnixMs;
use std::cell::RefCell;

pub use alert::Alert;
pub use event::Event;
pub use page::{CONTENT_TYPE, Gauges};
pub use state::State;

/// The `source` of an answer without data.
pub const NO_DATA: &str = "none";

/// The `via` of a refresh that found no data.
const FAILED: &str = "failed";

thread_local! {
    static COUNTS: RefCell<Counts> = RefCell::default();
}

/// Counts an answer; `source` is its `X-Data-Source`, or [`NO_DATA`].
pub fn answered(state: State, source: &'static str) {
    isolate::with(&COUNTS, |counts| counts.answer(state, source));
}

/// Whether one more answer of this state gets a log line and a data point of its own. If so, for
/// how many it stands that got none since the last one.
pub fn admit_log_line(state: State, now: UnixMs) -> Option<u64> {
    let admitted = isolate::with(&COUNTS, |counts| counts.admit_log_line(state, now)).flatten();
    if admitted.is_none() {
        event(Event::AnswerLeftOut);
    }
    admitted
}

/// Counts a refresh by where it found data, and each of its attempts as (source, outcome).
pub fn refreshed<'a>(
    via: Option<&'static str>,
    attempts: impl IntoIterator<Item = (&'static str, &'a str)>,
) {
    isolate::with(&COUNTS, |counts| {
        counts.refresh(via.unwrap_or(FAILED));
        for (source, outcome) in attempts {
            counts.attempt(source, outcome);
        }
    });
}

/// Counts an event.
pub fn event(event: Event) {
    isolate::with(&COUNTS, |counts| counts.event(event));
}

/// The page that Prometheus reads.
#[must_use]
pub fn page(gauges: &Gauges<'_>) -> String {
    isolate::with(&COUNTS, |counts| page::write(counts, gauges)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Every test has a thread of its own, and so counts of its own.

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
        refreshed(Some("edge-cache"), []);
        refreshed(None, [("origin", "timeout")]);
        refreshed(Some("bybit-direct"), [("origin", "timeout")]);
        check(r#"edge_refreshes_total{via="edge-cache"} 1"#);
        check(r#"edge_refreshes_total{via="failed"} 1"#);
        check(r#"edge_source_requests_total{source="origin",outcome="timeout"} 2"#);
    }

    #[test]
    fn a_server_with_many_statuses_does_not_fill_the_memory() {
        for status in 0..1_000 {
            refreshed(None, [("origin", &*format!("http_{status}"))]);
        }
        check(r#"edge_source_requests_total{source="origin",outcome="other"} 936"#);
        let lines = page(&Gauges::default())
            .lines()
            .filter(|line| line.starts_with("edge_source_requests"))
            .count();
        assert_eq!(lines, counts::MAX_OUTCOMES + 1);
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
