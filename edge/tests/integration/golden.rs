//! Reason codes, header values, metrics and the health body of the edge, frozen in files.

use crate::freeze::freeze;
use crate::shape::Shape;
use edge::last_good::{LAST_GOOD_STORE, Missing};
use edge::metrics::{self, Alert, CONTENT_TYPE, Event, Gauges, NO_DATA, State};
use edge::policy::{Denied, Refusal, Unusable, Upstream, fallback_reason};
use edge::refresh::{Report, Role, Via};
use edge::respond::answer_path::AnswerPath;
use edge::respond::health::Health;
use edge::upstream::FetchError;
use edge::upstream::direct::DIRECT_WORKER;
use edge::upstream::handover::HandoverError;
use edge::upstream::{
    AnswerError, Attempt, AttemptFailure, BYBIT_ALTERNATIVE, ExchangeError, UnusableSnapshot,
};
use expect_test::expect_file;
use shared::exchange::Detail;
use shared::exchange::secondary::Secondary;
use shared::freshness::ClockAhead;
use shared::freshness::Freshness;
use shared::headers::cache_status::Forward;
use shared::headers::request_id::RequestId;
use shared::judge::WildTable;
use shared::provenance::Venue;
use shared::snapshot::Producer;
use shared::units::UnixMs;
use shared::validate::{Baseline, ValidSnapshot};
use std::collections::BTreeSet;
use std::rc::Rc;

const ANALYSED: &str = include_str!("../../../shared/fuzz/seeds/snapshot/analysed.json");
const GENERATED_AT: UnixMs = UnixMs::from_millis(1_795_255_705_070);

fn lines(of: &str, words: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    words
        .into_iter()
        .map(|word| format!("{of} {}", word.as_ref()))
        .collect()
}

fn refusals() -> [Refusal; 4] {
    let _ = |refusal: Refusal| match refusal {
        Refusal::Region
        | Refusal::RateLimit
        | Refusal::Unexplained
        | Refusal::TooManyRequests { .. } => {}
    };
    [
        Refusal::Region,
        Refusal::RateLimit,
        Refusal::Unexplained,
        Refusal::TooManyRequests {
            retry_after_secs: None,
        },
    ]
}

fn denied() -> Vec<Denied> {
    let _ = |denied: &Denied| match denied {
        Denied::IsolateBudget | Denied::ColoBudget | Denied::Paused(_) | Denied::BreakerOpen => {}
    };
    let paused = refusals().map(Denied::Paused);
    [
        Denied::IsolateBudget,
        Denied::ColoBudget,
        Denied::BreakerOpen,
    ]
    .into_iter()
    .chain(paused)
    .collect()
}

fn fetch_errors() -> Vec<FetchError> {
    let _ = |error: &FetchError| match error {
        FetchError::Timeout
        | FetchError::Connection(_)
        | FetchError::Incomplete(_)
        | FetchError::Status(_)
        | FetchError::ContentType(_)
        | FetchError::TooLarge { .. } => {}
    };
    let text = || Detail::new("");
    vec![
        FetchError::Timeout,
        FetchError::Connection(text()),
        FetchError::Incomplete(text()),
        FetchError::Status(599),
        FetchError::ContentType(text()),
        FetchError::TooLarge { limit: 0 },
    ]
}

fn unusable() -> [Unusable; 2] {
    let _ = |unusable: Unusable| match unusable {
        Unusable::Stale { .. } | Unusable::ThinCoverage { .. } => {}
    };
    [
        Unusable::Stale { age_ms: 0 },
        Unusable::ThinCoverage { coverage: 0.0 },
    ]
}

/// What the origin's failure is called, apart from the labels of a snapshot that is not admitted.
fn origin_failures() -> Vec<AttemptFailure> {
    let fetched = fetch_errors().into_iter().map(HandoverError::Fetch);
    let unusable = unusable().map(|reason| {
        HandoverError::Unusable(UnusableSnapshot {
            reason,
            as_of: GENERATED_AT,
        })
    });
    let _ = |error: &HandoverError| match error {
        HandoverError::Fetch(_) | HandoverError::Inadmissible(_) | HandoverError::Unusable(_) => {}
    };
    fetched
        .chain(unusable)
        .map(|error| error.to_failure())
        .collect()
}

/// What an exchange's failure is called, apart from the labels of answers that cannot be read and
/// of snapshots that are not admitted.
fn exchange_failures() -> Vec<AttemptFailure> {
    let _ = |error: &ExchangeError| match error {
        ExchangeError::Tickers(error) | ExchangeError::Instruments(error) => match error {
            AnswerError::Fetch(_) | AnswerError::Refused { .. } | AnswerError::Parse(_) => {}
        },
        ExchangeError::Universe(_)
        | ExchangeError::NoUniverse
        | ExchangeError::Clock(_)
        | ExchangeError::Wild(_)
        | ExchangeError::Assemble(_)
        | ExchangeError::Rejected(_)
        | ExchangeError::Unusable(_) => {}
    };
    let answers = || {
        let refused = refusals().map(|refusal| AnswerError::Refused {
            refusal,
            status: 599,
        });
        fetch_errors()
            .into_iter()
            .map(AnswerError::Fetch)
            .chain(refused)
    };
    let unusable = unusable().map(|reason| {
        ExchangeError::Unusable(UnusableSnapshot {
            reason,
            as_of: GENERATED_AT,
        })
    });
    let rest = [
        ExchangeError::NoUniverse,
        ExchangeError::Clock(ClockAhead { ahead_ms: 0 }),
        ExchangeError::Wild(WildTable {
            leaping: 0,
            compared: 0,
        }),
    ];
    let all = answers()
        .map(ExchangeError::Tickers)
        .chain(answers().map(ExchangeError::Instruments));
    all.chain(unusable)
        .chain(rest)
        .map(|error| error.to_failure(Venue::Bybit))
        .collect()
}

fn without_numbers(text: &str) -> String {
    text.replace("599", "{status}")
}

fn vias() -> Vec<Via> {
    let _ = |via: &Via| match via {
        Via::EdgeCache
        | Via::Origin { .. }
        | Via::BybitDirect
        | Via::Secondary(_)
        | Via::LastGood => {}
    };
    let origin = Via::Origin {
        cache_status: Some("snapshot; hit; ttl=9".to_owned()),
    };
    let secondary = Secondary::IN_ORDER.map(Via::Secondary);
    [Via::EdgeCache, origin, Via::BybitDirect, Via::LastGood]
        .into_iter()
        .chain(secondary)
        .collect()
}

#[test]
fn golden_reason_codes_of_the_edge() {
    let outcomes = |failures: &[AttemptFailure]| -> Vec<String> {
        failures
            .iter()
            .map(|failed| without_numbers(&failed.outcome))
            .collect()
    };
    let proxy_errors: BTreeSet<&str> = origin_failures()
        .iter()
        .chain(&exchange_failures())
        .filter_map(|failed| failed.proxy_error)
        .collect();
    let not_asked = denied();
    let facts = [
        lines("alert", Alert::LABELS),
        lines("event", Event::ALL.map(Event::name)),
        lines("exchange_outcome", outcomes(&exchange_failures())),
        lines(
            "fallback_reason",
            [
                fallback_reason("{outcome}"),
                fallback_reason("timeout"),
                fallback_reason("slow"),
                fallback_reason("-"),
            ],
        ),
        lines("last_good_outcome", Missing::LABELS),
        lines("not_asked", not_asked.iter().map(Denied::label)),
        lines("not_fit", Unusable::LABELS),
        lines("origin_outcome", outcomes(&origin_failures())),
        lines("proxy_error", proxy_errors),
        lines(
            "proxy_error",
            not_asked
                .iter()
                .filter_map(|denied| AttemptFailure::denied(*denied).proxy_error),
        ),
        lines("source", Upstream::ALL.map(Upstream::name)),
        lines(
            "source",
            [BYBIT_ALTERNATIVE, DIRECT_WORKER, LAST_GOOD_STORE],
        ),
        lines("state", State::LABELS),
        lines("via", vias().iter().map(Via::name)),
    ];
    freeze(
        &expect_file!["../../../tests/golden/reasons-edge.txt"],
        facts.concat(),
    );
}

fn failure(outcome: &str) -> AttemptFailure {
    AttemptFailure {
        outcome: outcome.to_owned(),
        message: String::new(),
        proxy_error: Some("http_response_timeout"),
        received_status: Some(599),
        as_of: None,
    }
}

fn report(via: Option<Via>, outcome: Option<AttemptFailure>, took_ms: Option<u64>) -> Rc<Report> {
    Rc::new(Report {
        generation: 1,
        request_id: RequestId::parse("r").unwrap(),
        forward: Forward::Stale,
        via,
        attempts: vec![Attempt {
            source: Upstream::Origin.name(),
            failure: outcome,
            took_ms,
        }],
        hedged: false,
        began: GENERATED_AT,
        took_ms: 1,
    })
}

/// Every path of an answer.
fn paths() -> Vec<AnswerPath> {
    let failed = report(None, Some(failure("timeout")), Some(7));
    let left_alone = report(
        None,
        Some(AttemptFailure::denied(Denied::BreakerOpen)),
        None,
    );
    let mut paths = vec![
        AnswerPath::Held { after: None },
        AnswerPath::Held {
            after: Some(Rc::clone(&failed)),
        },
        AnswerPath::Held {
            after: Some(Rc::clone(&left_alone)),
        },
    ];
    let mut reports = vec![None, Some(failed), Some(left_alone)];
    reports.extend(
        vias()
            .into_iter()
            .map(|via| Some(report(Some(via), None, Some(7)))),
    );
    for role in [Role::Leader, Role::Follower] {
        for reason in [Forward::UriMiss, Forward::Stale] {
            paths.extend(reports.iter().map(|report| AnswerPath::Waited {
                reason,
                role,
                report: report.clone(),
            }));
        }
    }
    paths
}

#[test]
fn golden_header_values_of_the_edge() {
    let mut facts = BTreeSet::new();
    for path in paths() {
        for class in Freshness::ALL {
            let members = path
                .cache_status(class, 9)
                .replace("599", "{status}")
                .replace("ttl=9", "ttl={seconds}");
            facts.insert(format!("cache-status ({}): {members}", class.name()));
        }
        facts.extend(
            path.proxy_status()
                .map(|value| format!("proxy-status: {}", without_numbers(&value))),
        );
        facts.extend(
            path.server_timing()
                .map(|value| format!("server-timing: {}", value.replace("dur=7", "dur={ms}"))),
        );
        for held in [None, Some(GENERATED_AT)] {
            for source in path.outcomes(held) {
                facts.insert(format!("sources[]: {} {}", source.name, source.outcome));
            }
        }
    }
    facts.insert(format!("content-type (metrics): {CONTENT_TYPE}"));
    freeze(
        &expect_file!["../../../tests/golden/headers-edge.txt"],
        facts,
    );
}

#[test]
fn golden_health_body_of_the_edge() {
    let mut shape = Shape::default();
    let mut snapshot: serde_json::Value = serde_json::from_str(ANALYSED).unwrap();
    for (reason, build, place) in [
        (None, None, None),
        (Some("origin_timeout"), Some("v1"), Some("remote-SIN")),
    ] {
        snapshot["fallback_reason"] = reason.into();
        let text = snapshot.to_string();
        let valid =
            ValidSnapshot::from_json(text.as_bytes(), GENERATED_AT, Baseline::default()).unwrap();
        let health = Health::of(&valid, Freshness::Fresh, GENERATED_AT, build);
        let body = health.with_direct_colo(place.map(str::to_owned)).body();
        shape.see_bytes(body.as_bytes());
    }
    freeze(
        &expect_file!["../../../tests/golden/bodies/health-edge.txt"],
        shape.facts(),
    );
}

#[test]
fn golden_metrics_of_the_edge() {
    for state in states() {
        metrics::answered(state, NO_DATA);
    }
    Producer::LABELS
        .iter()
        .chain(&["last_known_good"])
        .for_each(|source| metrics::answered(State::Hit, source));
    for via in vias().into_iter().map(Some).chain([None]) {
        report(via, None, None).count();
    }
    let gauges = Gauges {
        build: Some("{version}"),
        age_ms: Some(1),
        quality: Some(1.0),
        divergence: &[("{figure}", 0.0)],
        memory_bytes: Some(1.0),
    };
    let mut facts = Vec::new();
    for line in metrics::page(&gauges).lines() {
        if let Some(about) = line.strip_prefix("# ") {
            let (what, rest) = about.split_once(' ').unwrap();
            let (name, text) = rest.split_once(' ').unwrap();
            facts.push(format!("{name} {} {text}", what.to_lowercase()));
            continue;
        }
        let (sample, _) = line.rsplit_once(' ').unwrap();
        let (name, labels) = sample
            .trim_end_matches('}')
            .split_once('{')
            .unwrap_or((sample, ""));
        for (label, value) in labels
            .split("\",")
            .filter_map(|label| label.trim_end_matches('"').split_once("=\""))
        {
            facts.push(format!("{name} {label} {value}"));
        }
        if labels.is_empty() {
            facts.push(format!("{name} no labels"));
        }
    }
    freeze(
        &expect_file!["../../../tests/golden/metrics-edge.txt"],
        facts,
    );
}

fn states() -> [State; 13] {
    let _ = |state: State| match state {
        State::Hit
        | State::Aging
        | State::Origin
        | State::ColoCache
        | State::Direct
        | State::Secondary
        | State::LastGood
        | State::Stale
        | State::Unavailable
        | State::NotAnalysed
        | State::RateLimited
        | State::Refused
        | State::Failed => {}
    };
    [
        State::Hit,
        State::Aging,
        State::Origin,
        State::ColoCache,
        State::Direct,
        State::Secondary,
        State::LastGood,
        State::Stale,
        State::Unavailable,
        State::NotAnalysed,
        State::RateLimited,
        State::Refused,
        State::Failed,
    ]
}
