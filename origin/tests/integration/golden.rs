//! Metrics, reason codes and options of the origin, frozen in files.

use crate::freeze::freeze;
use clap::{CommandFactory, Parser};
use expect_test::expect_file;
use origin::clock::{Direction, Report};
use origin::collect::{SILENT_TOPIC, StreamError, TableOutcome};
use origin::config::{Config, Role};
use origin::leadership::{BLIND, CANNOT_PUBLISH};
use origin::metrics::{Answered, Format, Metrics, Process, Seen};
use origin::server::{Overdue, Refusal};
use origin::standing::Standing;
use origin::store::follower::Look;
use origin::store::{ANNOUNCEMENT_REFUSED, Cause, Written};
use origin::stored::Held;
use origin::supervise::Interruption;
use origin::upstream::{FaultClass, FetchError, UpstreamError};
use shared::endpoints::{
    BETA_CHART, CLIENT_ROUTES, HEALTH, LIVE, METRICS, OTHER, READY, RECENT_ALERTS, SNAPSHOT,
    SymbolEndpoint,
};
use shared::exchange::bybit::Forbidden;
use shared::exchange::bybit::instruments::UniverseError;
use shared::exchange::bybit::stream::{Applied, BookBreak, FrameError, Topic};
use shared::exchange::{Detail, ParseError};
use shared::freshness::{ClockAhead, Freshness};
use shared::judge::{ShorterList, WildTable};
use shared::market::candles::MergeRefusal;
use shared::market::{Figure, Oddity, RowRefusal};
use shared::published::Doubt;
use shared::units::UnixMs;
use shared::validate::{Baseline, Rejection, Unreadable, ValidSnapshot, Warning};
use std::collections::BTreeMap;
use std::time::Duration;

const SNAPSHOT_JSON: &str = include_str!("../../../shared/fuzz/seeds/snapshot/analysed.json");

/// One failure of each kind.
fn fetch_errors() -> Vec<FetchError> {
    let _ = |error: &FetchError| match error {
        FetchError::Timeout
        | FetchError::Unreachable(_)
        | FetchError::BrokenOff(_)
        | FetchError::Forbidden { .. }
        | FetchError::Status { .. }
        | FetchError::RateLimited { .. }
        | FetchError::TooLarge { .. } => {}
    };
    let forbidden = [
        Forbidden::Region,
        Forbidden::RateLimit,
        Forbidden::Unexplained,
    ];
    let _ = |kind: Forbidden| match kind {
        Forbidden::Region | Forbidden::RateLimit | Forbidden::Unexplained => {}
    };
    let mut all = vec![
        FetchError::Timeout,
        FetchError::Unreachable(String::new()),
        FetchError::BrokenOff(String::new()),
        FetchError::Status {
            status: 599,
            retry_after: None,
        },
        FetchError::RateLimited { retry_after: None },
        FetchError::TooLarge { limit: 0 },
    ];
    all.extend(forbidden.map(|kind| FetchError::Forbidden { kind }));
    all
}

fn lines(of: &str, words: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    words
        .into_iter()
        .map(|word| format!("{of} {}", word.as_ref()))
        .collect()
}

#[test]
fn golden_reason_codes_of_the_origin() {
    let fetched: Vec<_> = fetch_errors()
        .iter()
        .map(|error| error.label().replace("599", "{status}"))
        .collect();
    let facts = [
        lines("fetch", fetched),
        lines("fault_class", FaultClass::LABELS),
        lines("health.leadership", Standing::LABELS),
        lines("health.leadership", ["none"]),
        lines("health.role", Role::LABELS),
        lines("health.status", Freshness::ALL.map(Freshness::name)),
        lines("health.store", ["memory", "redis"]),
        lines("leadership_change", Standing::LABELS),
        lines("leadership_change", [BLIND, CANNOT_PUBLISH]),
        lines(
            "outcome",
            [
                origin::status::OK,
                origin::status::RESTS,
                origin::supervise::CRASHED,
            ],
        ),
        lines("store", Cause::LABELS),
        lines("store_announcements", [ANNOUNCEMENT_REFUSED]),
        lines("store_reader", Look::LABELS),
        lines("store_writer", Written::LABELS),
        lines("stream", StreamError::LABELS),
        lines("stream_gap", gaps()),
        lines("table", TableOutcome::LABELS),
        lines("task_restart", Interruption::LABELS),
    ];
    freeze(
        &expect_file!["../../../tests/golden/reasons-origin.txt"],
        facts.concat(),
    );
}

/// What can be wrong with a message of a topic, but for what no parser makes of a body.
fn gaps() -> Vec<&'static str> {
    let unknown_topic = FrameError::UnknownTopic(Detail::new("")).label();
    let gaps = BookBreak::LABELS.iter().chain(Applied::LABELS).copied();
    // What was applied is no gap.
    let gaps = gaps.filter(|label| *label != Applied::Applied.label());
    gaps.chain([SILENT_TOPIC, unknown_topic]).collect()
}

/// Counts everything that can be counted under each of its labels.
fn counted() -> Metrics {
    let metrics = Metrics::new();
    for error in fetch_errors() {
        metrics.upstream_failed("{upstream}", &UpstreamError::Fetch(error));
    }
    metrics.upstream_answered("{upstream}");
    metrics.upstream_rejected("{upstream}");
    let wild = WildTable {
        leaping: 0,
        compared: 0,
    }
    .label();
    let ahead = ClockAhead { ahead_ms: 0 }.label();
    let shorter = ShorterList {
        missing: 0,
        held: 0,
        listed: 0,
    }
    .label();
    let snapshot = [Rejection::LABELS, ParseError::LABELS, TableOutcome::LABELS].concat();
    let snapshot = snapshot
        .into_iter()
        .chain(shared::assemble::AssembleError::LABELS.iter().copied());
    snapshot
        .chain([wild, ahead, shorter])
        .for_each(|label| metrics.rejection(label));
    RowRefusal::LABELS
        .iter()
        .for_each(|label| metrics.row_refused(label));
    for figure in Figure::LABELS {
        Oddity::LABELS
            .iter()
            .for_each(|oddity| metrics.field_refused(figure, oddity));
    }
    let rows = RowRefusal::LABELS.iter().chain(MergeRefusal::LABELS);
    rows.for_each(|label| metrics.input_refused("{upstream}", label));
    Written::LABELS
        .iter()
        .chain(Cause::LABELS)
        .for_each(|label| metrics.store_write(label));
    Look::LABELS
        .iter()
        .chain(Cause::LABELS)
        .for_each(|label| metrics.store_read(label));
    for label in Unreadable::LABELS.iter().chain(Rejection::LABELS) {
        metrics.store_read(label);
        metrics.rejection(label);
    }
    Standing::LABELS
        .iter()
        .chain([&BLIND, &CANNOT_PUBLISH])
        .for_each(|label| metrics.leadership_change(label));
    Interruption::LABELS
        .iter()
        .for_each(|reason| metrics.task_restart("{task}", reason));
    Refusal::LABELS
        .iter()
        .for_each(|reason| metrics.connection_refused(reason));
    Overdue::LABELS
        .iter()
        .for_each(|reason| metrics.connection_closed(reason));
    metrics.stream_began("{stream}");
    StreamError::LABELS
        .iter()
        .for_each(|reason| metrics.stream_ended("{stream}", reason));
    for topic in Topic::LABELS {
        metrics.stream_message(topic, UnixMs::from_millis(1_795_255_705_000));
        gaps()
            .iter()
            .for_each(|kind| metrics.stream_gap(topic, kind));
    }
    metrics.stream_refused("subscription");
    metrics.stream_divergence(0.0);
    metrics.parked("{task}", true);
    let routes = CLIENT_ROUTES
        .iter()
        .map(|(path, _)| *path)
        .chain(HEALTH)
        .chain(SymbolEndpoint::ALL.map(SymbolEndpoint::prefix));
    for route in routes.chain([
        RECENT_ALERTS,
        BETA_CHART,
        SNAPSHOT,
        LIVE,
        READY,
        METRICS,
        OTHER,
    ]) {
        let answered = Answered {
            route,
            is_data: true,
            status: 200,
            freshness: None,
            took: Duration::ZERO,
        };
        metrics.answered(answered);
        metrics.answered(Answered {
            status: 503,
            ..answered
        });
        for class in Freshness::ALL {
            metrics.answered(Answered {
                freshness: Some(class.name()),
                ..answered
            });
        }
    }
    metrics
}

#[test]
fn golden_metrics_of_the_origin() {
    let mut snapshot: serde_json::Value = serde_json::from_str(SNAPSHOT_JSON).unwrap();
    // A price outside its range is unusual and admitted: so there is a warning to count.
    let price = snapshot["scores"][0]["high_24h"].as_f64().unwrap();
    snapshot["scores"][0]["price"] = (price * 1.001).into();
    let now = UnixMs::from_millis(1_795_255_705_070);
    let valid = ValidSnapshot::from_json(snapshot.to_string().as_bytes(), now, Baseline::default())
        .unwrap();
    let metrics = counted();
    metrics.published(&valid);
    let clock = Report {
        behind_ms: Some(1),
        steps: Direction::ALL.map(|direction| (direction, 1)).into(),
    };
    let process = Process {
        role: "{role}",
        store: "{store}",
        started_at: now,
    };
    let seen = Seen {
        process,
        served: Some(&valid),
        stored: Some(&Held::of(&valid)),
        clock: &clock,
        now: valid.get().generated_at_ms,
    };
    let page = metrics.page(seen, Format::OpenMetrics).unwrap();
    let mut facts = described(&page);
    facts.extend(lines("snapshot_warnings_total reason", Warning::LABELS));
    for (metric, reason) in [
        ("upstream_requests_total outcome", ParseError::LABELS),
        ("upstream_requests_total outcome", UniverseError::LABELS),
        ("upstream_requests_total outcome", Doubt::LABELS),
        (
            "upstream_requests_total outcome",
            &[ClockAhead { ahead_ms: 0 }.label()],
        ),
    ] {
        facts.extend(lines(metric, reason));
    }
    facts.extend(lines("upstream_requests_total class", FaultClass::LABELS));
    freeze(
        &expect_file!["../../../tests/golden/metrics-origin.txt"],
        facts,
    );
}

/// What a page says of each metric: type, unit, help, labels and the values of these.
fn described(page: &str) -> Vec<String> {
    let mut facts = Vec::new();
    for line in page.lines() {
        if let Some(about) = line.strip_prefix("# ") {
            let (what, rest) = about.split_once(' ').unwrap_or((about, ""));
            let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
            if what != "EOF" {
                facts.push(format!("{name} {} {text}", what.to_lowercase()));
            }
            continue;
        }
        let (sample, _) = line.rsplit_once(' ').unwrap();
        let (name, labels) = sample
            .trim_end_matches('}')
            .split_once('{')
            .unwrap_or((sample, ""));
        let labels: BTreeMap<&str, &str> = labels
            .split("\",")
            .filter_map(|label| label.trim_end_matches('"').split_once("=\""))
            .collect();
        let names: Vec<&str> = labels.keys().copied().collect();
        facts.push(format!("{name} labels {}", names.join(",")));
        for (label, value) in labels {
            if ["version", "commit"].contains(&label) {
                continue;
            }
            facts.push(format!(
                "{name} {label} {}",
                value.replace("599", "{status}")
            ));
        }
    }
    facts
}

#[test]
fn golden_options_of_the_origin() {
    let command = Config::command();
    let no_options = [
        "RUST_LOG default \"info\"",
        "COINGECKO_API_KEY default \"\"",
        "ORIGIN_SECRET default \"\"",
    ];
    let mut facts = no_options.map(str::to_owned).to_vec();
    for argument in command.get_arguments() {
        let option = format!("--{}", argument.get_long().unwrap());
        let variable = argument.get_env().unwrap().to_string_lossy().into_owned();
        let default: Vec<_> = argument
            .get_default_values()
            .iter()
            .map(|value| value.to_string_lossy())
            .collect();
        facts.push(format!("{variable} option {option}"));
        facts.push(format!("{variable} default {:?}", default.join(",")));
        let values = argument.get_possible_values();
        facts.extend(
            values
                .iter()
                .map(|value| format!("{variable} value {}", value.get_name())),
        );
        facts.extend(range_of(&option).map(|range| format!("{variable} range {range}")));
    }
    freeze(
        &expect_file!["../../../tests/golden/options/origin.txt"],
        facts,
    );
}

/// Within which bounds a number has to be, by the word of the error that a far greater one meets.
fn range_of(option: &str) -> Option<String> {
    let refused = Config::try_parse_from(["origin".to_owned(), format!("{option}={}", i64::MAX)])
        .err()?
        .to_string();
    let (_, range) = refused.split_once(" is not in ")?;
    Some(range.lines().next()?.to_owned())
}
