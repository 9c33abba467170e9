//! Paths, parameters, problems and headers, as both shells take them from the contract.

use super::bodies::snapshots;
use crate::freeze::freeze;
use expect_test::expect_file;
use serde_json::Value;
use shared::endpoints::{
    ALLOWED_METHODS, BETA_CHART, CLIENT_ROUTES, Endpoint, HEALTH, LIVE, METRICS, Parameter, Place,
    Question, READY, RECENT_ALERTS, SNAPSHOT, SymbolEndpoint, find,
};
use shared::freshness::{Freshness, Limits};
use shared::headers::cache_status::{self, Forward, Forwarded};
use shared::headers::{self, ALWAYS, data_source, preflight};
use shared::problem::{Failure, Realm, SourceOutcome};
use shared::provenance::Feed;
use shared::snapshot::Producer;

#[test]
fn golden_paths() {
    let symbol = |endpoint: SymbolEndpoint| format!("{}BTCUSDT", endpoint.prefix());
    let of_symbol = SymbolEndpoint::ALL.map(symbol);
    let fixed = [RECENT_ALERTS, BETA_CHART, SNAPSHOT, LIVE, READY, METRICS];
    let paths = CLIENT_ROUTES
        .iter()
        .map(|(path, _)| *path)
        .chain(HEALTH)
        .chain(fixed);
    let paths = paths.chain(of_symbol.iter().map(String::as_str));
    let mut facts: Vec<String> = paths
        .map(|path| {
            let name = find(path, None).unwrap();
            format!(
                "path {} {}",
                path.replace("BTCUSDT", "{symbol}"),
                name.name()
            )
        })
        .collect();
    facts.push(format!("methods {ALLOWED_METHODS}"));
    for (path, parameter) in [
        (RECENT_ALERTS, Parameter::Limit),
        (BETA_CHART, Parameter::Timeframe),
    ] {
        let _ = |parameter: Parameter| match parameter {
            Parameter::Limit | Parameter::Timeframe => {}
        };
        let Place::Data(default) = find(path, None).unwrap() else {
            panic!("{path} is no data")
        };
        facts.push(format!(
            "parameter {path} {} {}",
            parameter.name(),
            parameter.allowed()
        ));
        facts.push(format!(
            "parameter {path} {} default as in {}",
            parameter.name(),
            default.projection()
        ));
    }
    freeze(&expect_file!["../../../golden/paths.txt"], facts);
}

fn failures() -> Vec<Failure> {
    let sources = vec![SourceOutcome {
        name: "origin",
        outcome: "timeout".to_owned(),
        as_of_ms: None,
    }];
    let _ = |failure: &Failure| match failure {
        Failure::NotFound
        | Failure::MethodNotAllowed
        | Failure::NoValidData { .. }
        | Failure::BadQuery { .. }
        | Failure::BadTarget
        | Failure::PreconditionFailed
        | Failure::Overloaded
        | Failure::TooManyRequests { .. }
        | Failure::Unauthorized {
            realm: Realm::Metrics | Realm::Origin,
        }
        | Failure::Internal => {}
    };
    vec![
        Failure::NotFound,
        Failure::MethodNotAllowed,
        Failure::NoValidData {
            sources,
            retry_after_secs: 4,
        },
        Failure::BadQuery {
            parameter: Parameter::Limit,
        },
        Failure::BadQuery {
            parameter: Parameter::Timeframe,
        },
        Failure::BadTarget,
        Failure::PreconditionFailed,
        Failure::Overloaded,
        Failure::TooManyRequests {
            retry_after_secs: 10,
        },
        Failure::Unauthorized {
            realm: Realm::Metrics,
        },
        Failure::Unauthorized {
            realm: Realm::Origin,
        },
        Failure::Internal,
    ]
}

#[test]
fn golden_problems() {
    let mut facts = Vec::new();
    for failure in failures() {
        let problem: Value = serde_json::from_str(&failure.body()).unwrap();
        let title = problem["title"].as_str().unwrap();
        let at = format!("{} {title}", failure.status());
        for field in ["type", "detail"] {
            facts.push(format!(
                "{at}: {field} {}",
                problem[field].as_str().unwrap()
            ));
        }
        for (field, value) in problem.as_object().unwrap() {
            facts.push(format!(
                "{at}: field {field} {}",
                crate::shape::type_of(value)
            ));
        }
        for (name, value) in failure.headers() {
            let value = if name == "retry-after" {
                "{seconds}".to_owned()
            } else {
                value
            };
            facts.push(format!("{at}: header {name}: {value}"));
        }
    }
    let sources = ["name string", "outcome string", "as_of_ms number|null"];
    facts.extend(sources.map(|field| format!("sources[].{field}")));
    freeze(&expect_file!["../../../golden/problems.txt"], facts);
}

#[test]
fn golden_headers() {
    let mut facts: Vec<String> = ALWAYS
        .iter()
        .map(|(name, value)| format!("every answer: {name}: {value}"))
        .collect();
    facts.extend(
        preflight([])
            .iter()
            .map(|(name, value)| format!("preflight: {name}: {value}")),
    );
    let questions = [
        Question::Whole(Endpoint::MobileData),
        Question::Whole(Endpoint::Snapshot),
    ];
    for snapshot in snapshots() {
        for class in Freshness::ALL {
            for question in &questions {
                let kind = if *question == questions[0] {
                    "data"
                } else {
                    "snapshot"
                };
                for (name, value) in headers::of_body(&snapshot, question, class, &Limits::DEFAULT)
                {
                    let value = match name {
                        "cache-control" => format!("{value} ({})", class.name()),
                        "etag" => {
                            "W/\"{schema_version}-{producer}{sequence}-{as_of_ms}-{class}-{body}\""
                                .to_owned()
                        }
                        headers::DATA_AS_OF | headers::DATA_QUALITY => "{number}".to_owned(),
                        _ => value,
                    };
                    facts.push(format!("{kind}: {name}: {value}"));
                }
                let source = data_source(snapshot.get(), class);
                facts.push(format!("{kind}: {}: {source}", headers::DATA_SOURCE));
            }
        }
    }
    // Not every producer and feed has a recorded snapshot.
    facts.extend(
        Producer::LABELS
            .iter()
            .map(|name| format!("data: {}: {name}", headers::DATA_SOURCE)),
    );
    let artificial = [Feed::Replayed, Feed::Simulated];
    facts.extend(artificial.map(|feed| format!("data: {}: {}", headers::MARKET_DATA, feed.name())));
    facts.push(format!("{}: name of a request", headers::REQUEST_ID));
    facts.extend(cache_status_members().map(|member| format!("{}: {member}", cache_status::NAME)));
    freeze(&expect_file!["../../../golden/headers.txt"], facts);
}

/// The forms of a holder's member.
fn cache_status_members() -> impl Iterator<Item = String> {
    let forwarded = [Forward::UriMiss, Forward::Stale]
        .into_iter()
        .map(|reason| {
            let status = Some(200);
            let detail = Some("{word}");
            Forwarded {
                reason,
                status,
                collapsed: true,
                stored: true,
                ttl: 1,
                detail,
            }
            .member("{holder}")
        });
    let hits = [
        cache_status::hit("{holder}", 1),
        cache_status::hit_because("{holder}", 1, "{word}"),
    ];
    hits.into_iter().chain(forwarded).map(|member| {
        member
            .replace("ttl=1", "ttl={seconds}")
            .replace("200", "{status}")
    })
}
