//! What a real origin serves is within what the golden files say of it.

use super::analysis::analysed;
use super::support::{Answer, Exchange, Origin, PLENTY, client, eventually};
use crate::freeze::freeze;
use crate::shape::Shape;
use expect_test::expect_file;
use serde_json::{Value, json};
use shared::endpoints::{
    BETA_CHART, CLIENT_ROUTES, HEALTH, LIVE, METRICS, Place, READY, RECENT_ALERTS, SNAPSHOT,
    SymbolEndpoint, find,
};
use shared::snapshot::sub_component::SubComponent;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a golden file says of each path: the types.
fn frozen(body: &str) -> BTreeMap<String, BTreeSet<String>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("golden/bodies/{body}.txt"));
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let lines = text.lines().map(|line| line.split_once(' ').unwrap());
    lines
        .map(|(path, types)| {
            (
                path.trim_end_matches('?').to_owned(),
                types.split('|').map(str::to_owned).collect(),
            )
        })
        .collect()
}

/// Fails for what the golden file of this body does not say.
#[track_caller]
fn check_within(name: &str, body: &Value) {
    let frozen = frozen(name);
    let mut shape = Shape::default();
    shape.see(body);
    for fact in shape.facts() {
        let (path, types) = fact.split_once(' ').unwrap();
        let path = path.trim_end_matches('?');
        // Which of the parts lacks its input depends on what is loaded so far.
        if let Some((_, part)) = path.split_once(".missing_reasons.") {
            let is_part = SubComponent::ALL.iter().any(|one| one.wire_name() == part);
            assert!(is_part && types == "string", "{name} serves {fact}");
            continue;
        }
        let known = frozen
            .get(path)
            .unwrap_or_else(|| panic!("{name} serves {fact}, which is not frozen"));
        assert!(
            types.split('|').all(|kind| known.contains(kind)),
            "{name} serves {fact}, frozen is {known:?}"
        );
    }
}

fn header_names(answer: &Answer) -> Vec<String> {
    answer
        .headers
        .keys()
        .map(|name| name.as_str().to_owned())
        .collect()
}

async fn send(
    origin: &Origin,
    method: reqwest::Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = client().request(method, format!("{}{path}", origin.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request.send().await.unwrap()).await
}

/// A real origin in a state that holds everything but what one slow source knows.
async fn with_all_but_coingecko(streams: &str) -> (Exchange, Origin) {
    let exchange = Exchange::start().await;
    exchange
        .fault("coingecko", json!({"kind": "status", "status": 503}))
        .await;
    let origin = Origin::start(exchange.url(), &[PLENTY, ("STREAMS", streams)]);
    analysed(&origin).await;
    eventually(
        "beta, charts and the fear & greed index are there",
        || async {
            let sections = origin.get("/mobile-data").await.json()["sections"].clone();
            let known = ["beta", "performance", "fear_greed", "alerts"];
            known
                .iter()
                .all(|part| sections[*part]["status"] == "fresh")
                .then_some(())
        },
    )
    .await;
    (exchange, origin)
}

#[tokio::test]
async fn golden_bodies_are_those_that_a_real_origin_serves() {
    // Liquidations are heard and not asked for.
    let (_exchange, origin) = with_all_but_coingecko("on").await;
    eventually("liquidations are heard", || async {
        (origin.get("/api/liquidations").await.status == 200).then_some(())
    })
    .await;
    let of_symbol = SymbolEndpoint::ALL.map(|endpoint| format!("{}BTCUSDT", endpoint.prefix()));
    let paths =
        CLIENT_ROUTES
            .iter()
            .map(|(path, _)| *path)
            .chain([RECENT_ALERTS, BETA_CHART, SNAPSHOT]);
    for path in paths.chain(of_symbol.iter().map(String::as_str)) {
        let answer = origin.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        check_within(find(path, None).unwrap().name(), &answer.json());
    }
}

#[tokio::test]
async fn golden_bodies_are_those_that_an_origin_without_analysis_serves() {
    let exchange = Exchange::start().await;
    exchange
        .fault("bybit-klines", json!({"kind": "status", "status": 503}))
        .await;
    let origin = Origin::start(exchange.url(), &[]);
    origin.data().await;
    for (path, _) in CLIENT_ROUTES {
        let answer = origin.get(path).await;
        if answer.status == 200 {
            check_within(find(path, None).unwrap().name(), &answer.json());
        } else {
            assert_eq!(answer.status, 503, "{path}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn golden_health_bodies_of_the_origin() {
    let (_exchange, origin) = with_all_but_coingecko("off").await;
    let mut shapes: BTreeMap<&str, Shape> = BTreeMap::new();
    for path in HEALTH.into_iter().chain([READY, LIVE]) {
        let answer = origin.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let place = find(path, None).unwrap();
        let name = if place == Place::Live {
            "live"
        } else {
            "health"
        };
        shapes.entry(name).or_default().see(&answer.json());
    }
    freeze(
        &expect_file!["../../../golden/bodies/health-origin.txt"],
        shapes["health"].facts(),
    );
    freeze(
        &expect_file!["../../../golden/bodies/live-origin.txt"],
        shapes["live"].facts(),
    );
}

#[tokio::test]
async fn golden_header_names_of_the_origin() {
    let (_exchange, origin) = with_all_but_coingecko("off").await;
    let data = origin.get("/mobile-data").await;
    let etag = data.header("etag").unwrap().to_owned();
    let coded = [("accept-encoding", "br, gzip")];
    let held = [("if-none-match", "*")];
    let answers = [
        ("data", data),
        (
            "data, compressed",
            send(&origin, reqwest::Method::GET, "/mobile-data", &coded).await,
        ),
        (
            "data, HEAD",
            send(&origin, reqwest::Method::HEAD, "/mobile-data", &[]).await,
        ),
        (
            "304",
            send(&origin, reqwest::Method::GET, "/mobile-data", &held).await,
        ),
        ("snapshot", origin.get(SNAPSHOT).await),
        ("health", origin.get(HEALTH[0]).await),
        ("live", origin.get(LIVE).await),
        ("metrics", origin.get(METRICS).await),
        (
            "OPTIONS",
            send(&origin, reqwest::Method::OPTIONS, "/mobile-data", &[]).await,
        ),
        ("400", origin.get(&format!("{RECENT_ALERTS}?limit=0")).await),
        ("404", origin.get("/nothing").await),
        (
            "405",
            send(&origin, reqwest::Method::POST, "/mobile-data", &[]).await,
        ),
    ];
    assert!(etag.starts_with("W/\""), "{etag}");
    let mut facts = Vec::new();
    for (kind, answer) in &answers {
        facts.push(format!("{kind}: status {}", answer.status));
        facts.extend(
            header_names(answer)
                .into_iter()
                .map(|name| format!("{kind}: {name}")),
        );
        // Values that do not depend on the moment.
        for name in ["content-type", "content-encoding", "vary", "allow"] {
            facts.extend(
                answer
                    .header(name)
                    .map(|value| format!("{kind}: {name}: {value}")),
            );
        }
    }
    freeze(&expect_file!["../../../golden/headers-origin.txt"], facts);
}

#[tokio::test]
async fn golden_names_in_the_metrics_and_outcomes_of_the_origin() {
    let (_exchange, origin) = with_all_but_coingecko("off").await;
    // It is walked with what the rest leaves of the budget, so it comes last.
    eventually("the record of open interest is named", || async {
        let named = dependencies(&origin.get(HEALTH[0]).await.json());
        let record = |name: &String| name.ends_with("bybit_interest_record");
        named.iter().any(record).then_some(())
    })
    .await;
    let page = origin.get(METRICS).await.text;
    let mut facts: Vec<String> = Vec::new();
    for label in ["upstream", "key", "section"] {
        let values = page
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| {
                let (_, rest) = line.split_once(&format!("{label}=\""))?;
                Some(rest.split('"').next()?.to_owned())
            });
        facts.extend(values.map(|value| format!("metrics {label} {value}")));
    }
    facts.extend(dependencies(&origin.get(HEALTH[0]).await.json()));
    // One that streams, which fetches too little for the names above.
    let exchange = Exchange::start().await;
    let streaming = Origin::start(exchange.url(), &[("STREAMS", "on")]);
    let named = eventually("every stream is named", || async {
        let named = dependencies(&streaming.get(HEALTH[0]).await.json());
        let streams = named.iter().filter(|name| name.contains("_stream_"));
        (streams.count() == 3).then_some(named)
    });
    facts.extend(named.await);
    freeze(&expect_file!["../../../golden/names-origin.txt"], facts);
}

fn dependencies(health: &Value) -> Vec<String> {
    // Before the first snapshot the answer is a problem, which has none.
    let dependencies = health["dependencies"].as_array().into_iter().flatten();
    let name = |dependency: &Value| dependency["name"].as_str().unwrap().to_owned();
    dependencies
        .map(|dependency| format!("health dependency {}", name(dependency)))
        .collect()
}
