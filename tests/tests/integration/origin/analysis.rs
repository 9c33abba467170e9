//! The long analysis from outside: scores in six dimensions, what they say, what is around them,
//! and what becomes of them when an input is missing.

use super::support::{
    Answer, Exchange, Origin, PLENTY, Redis, assert_true_data, eventually, fault,
};
use serde_json::{Value, json};
use shared::analysis::scores::weights;
use shared::endpoints::{ALERT_STATE_KEY, SymbolEndpoint};
use shared::snapshot::dimension::Dimension;
use shared::snapshot::performance::ChartTimeframe;
use shared::snapshot::sub_component::SubComponent;
use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, Instant};

pub(super) const QUICK: (&str, &str) = ("TICKERS_INTERVAL_MS", "250");

const SIGNALS: &str = "/api/dashboard/signals";
pub(super) const ALERTS: &str = "/api/dashboard/alerts";
const PULSE: &str = "/api/dashboard/perpetuals-pulse";

/// What is made of trades, as far as it needs no history.
pub(super) const OF_TRADES: [&str; 7] = [
    "volume.volume_delta",
    "orderflow.cvd",
    "orderflow.trade_flow",
    "orderflow.smart_money_flow",
    "orderflow.imbalance",
    "orderflow.liquidity",
    "orderflow.pressure",
];

#[track_caller]
pub(super) fn rows<'v>(body: &'v Value, list: &str) -> &'v [Value] {
    body[list]
        .as_array()
        .unwrap_or_else(|| panic!("{list} is no list: {body}"))
}

#[track_caller]
pub(super) fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

#[track_caller]
pub(super) fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

fn is_six_dimension(row: &Value) -> bool {
    row["score_basis"] == "six_dimension"
}

pub(super) fn six_dimension(body: &Value) -> Vec<&Value> {
    rows(body, "confluence_scores")
        .iter()
        .filter(|row| is_six_dimension(row))
        .collect()
}

/// The body of `/mobile-data` once forty contracts have a score in six dimensions.
pub(super) async fn analysed(origin: &Origin) -> Value {
    let forty = |answer: &Answer| answer.status == 200 && six_dimension(&answer.json()).len() == 40;
    origin
        .data_where("forty contracts are scored in six dimensions", forty)
        .await
        .json()
}

/// The bodies of several paths, all of one snapshot.
async fn together<const N: usize>(origin: &Origin, paths: [&str; N]) -> [Value; N] {
    eventually("the bodies are of one snapshot", || async {
        let mut bodies = Vec::new();
        for path in paths {
            let answer = origin.get(path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            bodies.push(answer.json());
        }
        let as_of = bodies.first()?["as_of_ms"].clone();
        bodies
            .iter()
            .all(|body| body["as_of_ms"] == as_of)
            .then(|| bodies.try_into().ok())
            .flatten()
    })
    .await
}

/// The first answer with 200; before it only the problem that says that the analysis is not there.
async fn when_there(origin: &Origin, path: &str) -> Value {
    origin.data().await;
    eventually(&format!("{path} answers with data"), || async {
        let answer = origin.get(path).await;
        if answer.status != 200 {
            assert_eq!(answer.status, 503, "{path}: {}", answer.text);
            assert_eq!(answer.json()["sources"][0]["name"], "analysis", "{path}");
            return None;
        }
        Some(answer.json())
    })
    .await
}

#[track_caller]
fn assert_problem(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{what}"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    assert_eq!(answer.json()["status"], status, "{what}");
}

#[track_caller]
fn assert_near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{what} is {found} and not {expected}"
    );
}

fn standard_deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / values.len() as f64)
        .sqrt()
}

#[tokio::test]
async fn forty_contracts_get_six_dimensions_within_the_budget() {
    let latency = Duration::from_millis(100);
    let exchange = Exchange::start_with(simulator::Config {
        latency,
        ..simulator::Config::default()
    })
    .await;
    let started = Instant::now();
    let origin = Origin::start(exchange.url(), &[]);
    let body = eventually("forty contracts are scored in six dimensions", || async {
        let asked = exchange.bybit_requests().await;
        let allowed = 60.0 * (started.elapsed().as_secs_f64() / 5.0 + 1.0);
        assert!(
            asked as f64 <= allowed,
            "{asked} requests after {:?}",
            started.elapsed()
        );
        let answer = origin.get("/mobile-data").await;
        (answer.status == 200)
            .then(|| answer.json())
            .filter(|body| six_dimension(body).len() == 40)
    })
    .await;
    println!(
        "forty scores after {:?} and {} requests",
        started.elapsed(),
        exchange.bybit_requests().await
    );
    assert_true_data(&body);
    let scored = rows(&body, "confluence_scores");
    assert_eq!(scored.len(), 40);
    for row in scored {
        for dimension in Dimension::ALL.map(Dimension::name) {
            let component = number(&row["components"][dimension]);
            assert!((0.0..=100.0).contains(&component), "{dimension} of {row}");
        }
        assert!((0.6..=1.0).contains(&number(&row["reliability"])), "{row}");
        assert_eq!(row["has_breakdown"], true, "{row}");
        let history = rows(row, "score_history");
        assert!((1..=24).contains(&history.len()), "{row}");
        assert!(
            history.windows(2).all(|pair| pair[0] != pair[1]),
            "a score stands twice in a row: {row}"
        );
        assert_eq!(history.last(), Some(&row["score"]), "{row}");
    }
    let scores: Vec<f64> = scored.iter().map(|row| number(&row["score"])).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    assert!(standard_deviation(&scores) > 5.0, "{scores:?}");
}

/// Checks that the parts of a score agree with each other.
#[track_caller]
fn check_breakdown(data: &Value) {
    for dimension in Dimension::ALL.map(Dimension::name) {
        let has = |list: &str| !data[list][dimension].is_null();
        assert_eq!(has("components"), has("interpretations"), "{dimension}");
    }
    let voices: Vec<(f64, f64)> = rows(data, "measurements")
        .iter()
        .map(|voice| (number(&voice["weight"]), number(&voice["score"])))
        .collect();
    assert!(
        voices.iter().all(|(weight, _)| *weight <= 0.1),
        "{voices:?}"
    );
    assert_near(
        voices.iter().map(|(weight, _)| weight).sum(),
        1.0,
        0.002,
        "the weights",
    );
    let score = number(&data["overall_score"]);
    assert_near(
        score,
        voices.iter().map(|(weight, score)| weight * score).sum(),
        0.15,
        "the score",
    );
    assert_eq!(data["weights"], weights::version());
    assert_eq!(data["horizon_hours"], 4);
    let parts = data["sub_components"].as_object().unwrap();
    assert_eq!(parts.len(), SubComponent::ALL.len());
    let missing = missing(data);
    for (part, score) in parts {
        assert_eq!(
            score.is_null(),
            missing.contains(part.as_str()),
            "{part} is {score}"
        );
    }
    // Fresh evidence counts whole, so what is missing bounds what the score is worth.
    let there = SubComponent::ALL
        .iter()
        .filter(|part| !missing.contains(part.wire_name()));
    let most: f64 = there.map(|part| weights::share_of_part(*part)).sum();
    let reliability = number(&data["reliability"]);
    assert!(
        (0.6..=most + 0.000_1).contains(&reliability),
        "{reliability} is not within 0.6 and {most}"
    );
}

#[track_caller]
fn missing(data: &Value) -> HashSet<&str> {
    rows(data, "missing").iter().map(text).collect()
}

#[tokio::test]
async fn each_scored_contract_has_its_parts_and_its_report_and_no_other_symbol_has() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[PLENTY]);
    let body = analysed(&origin).await;
    for row in rows(&body, "confluence_scores") {
        let symbol = text(&row["symbol"]);
        let breakdown = origin
            .get(&format!("{}{symbol}", SymbolEndpoint::Breakdown.prefix()))
            .await;
        assert_eq!(breakdown.status, 200, "{symbol}");
        let data = &breakdown.json()["data"];
        assert_eq!(data["symbol"], symbol);
        check_breakdown(data);
        let report = origin
            .get(&format!("{}{symbol}", SymbolEndpoint::Analysis.prefix()))
            .await;
        assert_eq!(report.status, 200, "{symbol}");
        let report = report.json();
        let score = format!("{:.2}", number(&report["score"]));
        assert!(
            text(&report["analysis"]).contains(symbol)
                && text(&report["analysis"]).contains(&score),
            "{report}"
        );
    }
    let long = "A".repeat(500);
    let foreign = [
        "",
        "NOSUCHUSDT",
        "BTC",
        "btcusdt",
        "<script>",
        "%3Cscript%3E",
        "%ff",
        "%00",
        "BTCUSDT/..",
        "BTCUSDT%2f..",
        "BTCUSDT/",
        "BTCUSDT%20",
        "*",
        "SYSTEM_STATUS",
        &long,
    ];
    for endpoint in SymbolEndpoint::ALL {
        for symbol in foreign {
            let answer = origin.get(&format!("{}{symbol}", endpoint.prefix())).await;
            assert_problem(&answer, 404, symbol);
            assert!(
                !answer.text.contains("script") && !answer.text.contains(&long),
                "the symbol is echoed"
            );
        }
    }
}

#[tokio::test]
async fn every_six_dimension_score_is_a_signal_by_the_thresholds_and_is_counted() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[PLENTY]);
    analysed(&origin).await;
    let [signals, mobile, overview] = together(
        &origin,
        [SIGNALS, "/mobile-data", "/api/dashboard/overview"],
    )
    .await;
    let list = rows(&signals, "signals");
    assert_eq!(signals["count"], list.len());
    let of = |rows: Vec<&Value>| -> Vec<Value> {
        rows.iter()
            .map(|row| json!([row["symbol"], row["score"]]))
            .collect()
    };
    assert_eq!(of(list.iter().collect()), of(six_dimension(&mobile)));
    let mut counts = [0_u64; 3];
    for signal in list {
        let score = number(&signal["score"]);
        let (kind, strength) = match score {
            score if score >= 70.0 => ("BUY", if score >= 80.0 { Some(0) } else { Some(1) }),
            score if score <= 20.0 => ("SELL", Some(0)),
            score if score <= 30.0 => ("SELL", Some(1)),
            score if score <= 35.0 => ("SELL", Some(2)),
            _ => ("NEUTRAL", None),
        };
        assert_eq!(signal["signal_type"], kind, "{signal}");
        assert_eq!(signal["confluence_score"], signal["score"], "{signal}");
        match strength {
            Some(place) => {
                assert_eq!(
                    signal["strength"],
                    ["strong", "medium", "weak"][place],
                    "{signal}"
                );
                counts[place] += 1;
            }
            None => assert_eq!(signal["strength"], Value::Null, "{signal}"),
        }
    }
    let [strong, medium, weak] = counts;
    let expected = json!({ "total": strong + medium + weak, "strong": strong, "medium": medium, "weak": weak });
    assert_eq!(overview["signals"], expected);
}

#[tokio::test]
async fn opportunities_are_the_scores_that_stand_out_on_both_sides() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[PLENTY]);
    analysed(&origin).await;
    let [found, signals] = together(&origin, ["/api/dashboard/opportunities", SIGNALS]).await;
    let mut expected: Vec<(f64, &str, &str)> = rows(&signals, "signals")
        .iter()
        .filter(|row| number(&row["score"]) != 50.0)
        .map(|row| {
            let momentum = (1.0 + number(&row["change_24h"]).abs() / 10.0).min(2.0);
            let score = number(&row["score"]);
            let stands_out = (score - 50.0).abs() * number(&row["reliability"]) * momentum;
            (
                stands_out,
                text(&row["symbol"]),
                if score > 50.0 { "long" } else { "short" },
            )
        })
        .collect();
    expected.sort_by(|a, b| b.0.total_cmp(&a.0));
    let list = rows(&found, "opportunities");
    assert_eq!((list.len(), &found["count"]), (20, &json!(20)));
    for (opportunity, (stands_out, _, _)) in list.iter().zip(&expected) {
        assert_near(
            number(&opportunity["opportunity_score"]),
            *stands_out,
            0.011,
            "an opportunity's score",
        );
        let (_, symbol, direction) = expected
            .iter()
            .find(|(_, symbol, _)| opportunity["symbol"] == *symbol)
            .expect("it has no signal");
        assert_eq!(opportunity["direction"], *direction, "{opportunity}");
        assert_eq!(opportunity["type"], *direction, "{opportunity}");
        assert_eq!(opportunity["id"], format!("{symbol}-{direction}"));
    }
    let scores: Vec<f64> = list
        .iter()
        .map(|row| number(&row["opportunity_score"]))
        .collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    let directions: BTreeSet<&str> = list.iter().map(|row| text(&row["direction"])).collect();
    let possible: BTreeSet<&str> = expected[..20]
        .iter()
        .map(|(_, _, direction)| *direction)
        .collect();
    assert_eq!(directions, possible);
}

#[tokio::test]
async fn the_pulse_and_bitcoins_volatility_are_known_once_their_inputs_are_in() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[PLENTY]);
    let known = |answer: &Answer| {
        let body = answer.json();
        body["perps"]["long_pct"].is_number()
            && body["market_overview"]["btc_volatility"].is_number()
    };
    let body = origin
        .data_where("account ratios and daily candles are in", known)
        .await
        .json();
    assert!(number(&body["market_overview"]["btc_volatility"]) > 0.0);
    let pulse = origin.get(PULSE).await.json();
    assert_near(
        number(&pulse["long_pct"]) + number(&pulse["short_pct"]),
        100.0,
        0.001,
        "the sum of both sides",
    );
    assert!(
        (0.0..=1.0).contains(&number(&pulse["ls_entropy"])),
        "{pulse}"
    );
    assert!(number(&pulse["total_open_interest"]) > 0.0);
    assert_eq!(pulse["signal_count"], rows(&pulse, "signals").len());
}

#[tokio::test]
async fn betas_are_against_bitcoin_whose_own_is_one() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[PLENTY]);
    let body = when_there(&origin, "/api/bitcoin-beta/realtime").await;
    let bitcoin = rows(&body, "symbols")
        .iter()
        .find(|row| row["symbol"] == "BTCUSDT")
        .expect("Bitcoin has no row");
    for span in ["7d", "30d"] {
        assert_eq!(bitcoin[format!("beta_{span}")], 1.0, "{bitcoin}");
        assert_eq!(bitcoin[format!("correlation_{span}")], 1.0, "{bitcoin}");
    }
    for row in rows(&body, "symbols") {
        for span in ["7d", "30d", "90d"] {
            let correlation = &row[format!("correlation_{span}")];
            assert!(
                correlation.is_null() || (-1.0..=1.0).contains(&number(correlation)),
                "{row}"
            );
        }
    }
    eventually("forty contracts have a beta", || async {
        let body = origin.get("/api/bitcoin-beta/realtime").await.json();
        let overview = &body["overview"];
        (overview["total_symbols"] == 40 && overview["market_beta"].is_number()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_chart_begins_at_zero_in_each_timeframe_and_another_timeframe_is_a_problem() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[PLENTY]);
    for timeframe in ChartTimeframe::ALL {
        let path = format!("/api/dashboard/beta-chart?timeframe={}", timeframe.name());
        let body = when_there(&origin, &path).await;
        let line = rows(&body["chart_data"], "BTCUSDT");
        assert!(line.len() > 1, "{path}");
        assert_eq!(line[0]["value"], 0.0, "{path}");
        let times: Vec<u64> = line
            .iter()
            .map(|point| point["timestamp"].as_u64().unwrap())
            .collect();
        assert!(times.is_sorted_by(|a, b| a < b), "{path}: {times:?}");
        let order = rows(&body, "performance_order");
        assert_eq!(
            order.len(),
            body["chart_data"].as_object().unwrap().len(),
            "{path}"
        );
    }
    for timeframe in ["", "1h", "1.0", "-1", "24%20", "7", "NaN", "%ff"] {
        let answer = origin
            .get(&format!("/api/dashboard/beta-chart?timeframe={timeframe}"))
            .await;
        assert_problem(&answer, 400, timeframe);
        assert!(
            text(&answer.json()["detail"]).starts_with("timeframe "),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn the_newest_alerts_are_as_many_as_asked_for() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[PLENTY]);
    let all = when_there(&origin, ALERTS).await;
    assert_eq!(all["count"], rows(&all, "alerts").len());
    for limit in ["1", "100"] {
        let body = when_there(
            &origin,
            &format!("/api/dashboard/alerts/recent?limit={limit}"),
        )
        .await;
        assert!(rows(&body, "alerts").len() <= limit.parse().unwrap());
        assert_eq!(body["count"], rows(&body, "alerts").len());
    }
    for limit in [
        "0",
        "-1",
        "abc",
        "101",
        "",
        "1.0",
        "%31",
        "99999999999999999999999",
    ] {
        let answer = origin
            .get(&format!("/api/dashboard/alerts/recent?limit={limit}"))
            .await;
        assert_problem(&answer, 400, limit);
        assert!(
            text(&answer.json()["detail"]).starts_with("limit "),
            "{}",
            answer.text
        );
    }
}

/// Parts that only a stream brings.
const STREAMED_PARTS: [&str; 4] = [
    "orderbook.order_flow_imbalance",
    "orderbook.fleeting_orders",
    "orderbook.absorption",
    "sentiment.liquidations",
];

/// The parts of Bitcoin's score, once everything that is not blocked is in.
async fn bitcoin_without(origin: &Origin, blocked: &[&str]) -> Value {
    let path = format!("{}BTCUSDT", SymbolEndpoint::Breakdown.prefix());
    eventually("all that can be there is there", || async {
        let answer = origin.get(&path).await;
        let data = (answer.status == 200).then(|| answer.json()["data"].take())?;
        let missing = missing(&data);
        let needs_history = |part: &str| part.ends_with(".liquidity");
        // These origins only ask.
        let is_streamed = |part: &str| STREAMED_PARTS.contains(&part);
        missing
            .iter()
            .all(|part| blocked.contains(part) || needs_history(part) || is_streamed(part))
            .then(|| data.clone())
    })
    .await
}

fn parts_of(dimension: &str) -> Vec<&'static str> {
    let names = SubComponent::ALL.iter().map(|part| part.wire_name());
    names
        .filter(|name| name.split_once('.').unwrap().0 == dimension)
        .collect()
}

#[tokio::test]
async fn a_blocked_input_makes_exactly_its_parts_absent() {
    for (link, blocked) in [
        ("bybit-orderbook", parts_of("orderbook")),
        ("bybit-trades", OF_TRADES.to_vec()),
    ] {
        let exchange = Exchange::start().await;
        exchange
            .fault(link, json!({ "kind": "status", "status": 500 }))
            .await;
        let origin = Origin::start(exchange.url(), &[PLENTY]);
        let data = bitcoin_without(&origin, &blocked).await;
        check_breakdown(&data);
        let missing = missing(&data);
        for part in &blocked {
            assert!(missing.contains(part), "{part} is there without {link}");
            assert_eq!(data["missing_reasons"][part], "not_loaded", "{part}");
        }
        for dimension in Dimension::ALL.map(Dimension::name) {
            let is_blocked = parts_of(dimension)
                .iter()
                .all(|part| missing.contains(part));
            assert_eq!(
                data["components"][dimension].is_null(),
                is_blocked,
                "{dimension} without {link}: {data}"
            );
            assert_eq!(
                is_blocked,
                link == "bybit-orderbook" && dimension == "orderbook",
                "{dimension} without {link}"
            );
        }
    }
}

/// The hours that rows stand still in the tests: longer than any input of a score is used, but for
/// a funding.
const HOUR_MS: u64 = 3_600_000;

/// One input is spoiled, and exactly its parts are absent from Bitcoin's score, and named.
async fn check_spoiled(link: &str, spoiled: Value, gone: &[&str]) {
    let exchange = Exchange::start().await;
    exchange.fault(link, spoiled.clone()).await;
    let origin = Origin::start(exchange.url(), &[PLENTY]);
    let data = bitcoin_without(&origin, gone).await;
    check_breakdown(&data);
    let missing = missing(&data);
    for part in gone {
        assert!(
            missing.contains(part),
            "{part} is there with {spoiled} on {link}"
        );
    }
}

#[tokio::test]
async fn an_input_whose_rows_stand_still_while_the_venue_answers_is_absent() {
    let still = |hours: u64| json!({ "kind": "still_rows", "age_ms": hours * HOUR_MS });
    check_spoiled("bybit-trades", still(6), &OF_TRADES).await;
    check_spoiled("bybit-orderbook", still(6), &parts_of("orderbook")).await;
    check_spoiled(
        "bybit-open-interest",
        still(6),
        &["orderflow.open_interest"],
    )
    .await;
    check_spoiled(
        "bybit-account-ratio",
        still(6),
        &["sentiment.long_short_ratio"],
    )
    .await;
    check_spoiled("bybit-funding", still(72), &["sentiment.funding_rate"]).await;
    let of_a_minute =
        json!({ "kind": "still_rows", "age_ms": 6 * HOUR_MS, "where": { "interval": "1" } });
    check_spoiled("bybit-klines", of_a_minute, &[]).await;
}

#[tokio::test]
async fn an_input_that_contradicts_the_tickers_price_is_absent() {
    let scaled = json!({ "kind": "scale_all", "factor": 1_000 });
    check_spoiled("bybit-trades", scaled, &OF_TRADES).await;
    let fields = json!({ "bid_price": { "scale": 1_000 }, "ask_price": { "scale": 1_000 } });
    check_spoiled(
        "bybit-orderbook",
        json!({ "kind": "rewrite", "fields": fields }),
        &parts_of("orderbook"),
    )
    .await;
    let of_four_hours =
        json!({ "kind": "scale_all", "factor": 1_000, "where": { "interval": "240" } });
    check_spoiled(
        "bybit-klines",
        of_four_hours,
        &["sentiment.market_activity"],
    )
    .await;
}

#[tokio::test]
async fn young_books_at_another_price_than_the_tickers_are_not_called_too_old() {
    let exchange = Exchange::start().await;
    let fields = json!({ "bid_price": { "scale": 1_000 }, "ask_price": { "scale": 1_000 } });
    let fault = json!({ "kind": "rewrite", "fields": fields });
    exchange.fault("bybit-orderbook", fault).await;
    let origin = Origin::start(exchange.url(), &[PLENTY]);
    eventually("books are held", || async {
        let answer = origin.get("/api/books").await;
        assert_ne!(answer.status, 200, "{}", answer.text);
        assert!(!answer.text.contains("too_old"), "{}", answer.text);
        answer.text.contains("figures_contradict").then_some(())
    })
    .await;
}

#[tokio::test]
async fn ratios_that_are_too_old_for_a_score_are_too_old_for_the_page() {
    let exchange = Exchange::start().await;
    exchange
        .fault(
            "bybit-account-ratio",
            json!({ "kind": "still_rows", "age_ms": 2 * HOUR_MS }),
        )
        .await;
    let origin = Origin::start(exchange.url(), &[PLENTY]);
    analysed(&origin).await;
    eventually("all ratios were asked for", || async {
        (exchange.requests("bybit-account-ratio").await >= 40).then_some(())
    })
    .await;
    later(&origin).await;
    assert_eq!(
        origin.get("/mobile-data").await.json()["perps"]["long_pct"],
        Value::Null
    );
}

/// Checks what is made of candles when none of them may be used.
async fn check_without_candles(spoiled: Value, lack: &str) {
    let exchange = Exchange::start().await;
    exchange.fault("bybit-klines", spoiled).await;
    let origin = Origin::start(exchange.url(), &[PLENTY, QUICK]);
    // Every kind of candle of every contract, and all else once.
    eventually("all inputs are in", || async {
        let body = origin.get("/mobile-data").await.json();
        (body["perps"]["long_pct"].is_number() && exchange.requests("bybit-klines").await >= 250)
            .then_some(())
    })
    .await;
    later(&origin).await;
    let body = origin.get("/mobile-data").await.json();
    assert_true_data(&body);
    assert_eq!(six_dimension(&body), Vec::<&Value>::new());
    assert_eq!(body["market_overview"]["btc_volatility"], Value::Null);
    for path in ["/api/bitcoin-beta/realtime", "/api/dashboard/beta-chart"] {
        // Until the last page of a history is there, its candles are not loaded.
        eventually(&format!("{path} lacks for {lack}"), || async {
            let answer = origin.get(path).await;
            assert_problem(&answer, 503, path);
            answer.text.contains(lack).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn candles_that_stand_still_make_neither_scores_nor_betas_nor_charts() {
    check_without_candles(
        json!({ "kind": "still_rows", "age_ms": 72 * HOUR_MS }),
        "too_old",
    )
    .await;
}

#[tokio::test]
async fn candles_of_another_price_make_neither_scores_nor_betas_nor_charts() {
    check_without_candles(
        json!({ "kind": "scale_all", "factor": 1_000 }),
        "candles_contradict_price",
    )
    .await;
}

#[tokio::test]
async fn each_chart_tells_the_age_of_its_own_candles() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[PLENTY]);
    for (timeframe, grid_ms) in [("0.25", 60_000), ("4", 300_000), ("24", 1_800_000)] {
        let body = when_there(
            &origin,
            &format!("/api/dashboard/beta-chart?timeframe={timeframe}"),
        )
        .await;
        let as_of = body["chart_as_of_ms"].as_u64().unwrap();
        assert_eq!(as_of % grid_ms, 0, "{timeframe}");
        let last = rows(&body["chart_data"], "BTCUSDT").last().unwrap();
        assert_eq!(last["timestamp"].as_u64(), Some(as_of), "{timeframe}");
    }
}

#[tokio::test]
async fn a_chart_of_candles_that_stand_still_is_left_out_and_the_others_stay() {
    let exchange = Exchange::start().await;
    let long_ago =
        json!({ "kind": "still_rows", "age_ms": 3 * HOUR_MS, "where": { "interval": "30" } });
    exchange.fault("bybit-klines", long_ago).await;
    let origin = Origin::start(exchange.url(), &[PLENTY]);
    when_there(&origin, "/api/dashboard/beta-chart?timeframe=8").await;
    eventually("every contract has its candles", || async {
        (exchange.requests("bybit-klines").await >= 160).then_some(())
    })
    .await;
    later(&origin).await;
    when_there(&origin, "/api/dashboard/beta-chart?timeframe=8").await;
    let answer = origin.get("/api/dashboard/beta-chart?timeframe=24").await;
    assert_problem(&answer, 503, "a chart of old candles");
}

#[tokio::test]
async fn without_candles_no_score_is_called_six_dimensional() {
    let exchange = Exchange::start().await;
    exchange
        .fault("bybit-klines", json!({ "kind": "status", "status": 500 }))
        .await;
    let origin = Origin::start(exchange.url(), &[PLENTY, QUICK]);
    // Two books of every contract, and all else once.
    eventually("everything else is in", || async {
        let body = origin.get("/mobile-data").await.json();
        let known = body["perps"]["long_pct"].is_number();
        (known && exchange.requests("bybit-orderbook").await >= 80).then_some(())
    })
    .await;
    let body = origin.get("/mobile-data").await.json();
    assert_true_data(&body);
    for row in rows(&body, "confluence_scores") {
        assert_eq!(row["score_basis"], "ticker_momentum", "{row}");
        assert_eq!(
            (&row["components"], &row["has_breakdown"]),
            (&Value::Null, &json!(false)),
            "{row}"
        );
    }
    assert_eq!(body["market_overview"]["btc_volatility"], Value::Null);
    for path in [
        SIGNALS,
        "/api/bitcoin-beta/realtime",
        "/api/dashboard/beta-chart",
    ] {
        let answer = origin.get(path).await;
        assert_problem(&answer, 503, path);
        assert_eq!(answer.json()["sources"][0]["name"], "analysis", "{path}");
    }
    for (symbol, status) in [("BTCUSDT", 503), ("NOSUCHUSDT", 404)] {
        let answer = origin
            .get(&format!("{}{symbol}", SymbolEndpoint::Breakdown.prefix()))
            .await;
        assert_problem(&answer, status, symbol);
    }
}

/// What an id names beside the time: no two alerts of a short test share it.
pub(super) fn key(alert: &Value) -> &str {
    text(&alert["id"]).rsplit_once(':').unwrap().0
}

#[track_caller]
pub(super) fn assert_none_twice(alerts: &[Value]) {
    let keys: HashSet<&str> = alerts.iter().map(key).collect();
    assert_eq!(keys.len(), alerts.len(), "an alert is repeated: {alerts:?}");
}

/// Waits until every contract's trades were fetched twice more and a later snapshot says what came
/// of it.
async fn two_more_rounds_of_trades(exchange: &Exchange, origin: &Origin) {
    let before = exchange.requests("bybit-trades").await;
    eventually("trades are fetched again", || async {
        (exchange.requests("bybit-trades").await >= before + 80).then_some(())
    })
    .await;
    later(origin).await;
}

/// Waits for the next snapshot but one, which was made of all that is in by now.
pub(super) async fn later(origin: &Origin) {
    for _ in 0..2 {
        let as_of = origin.get("/mobile-data").await.json()["as_of_ms"].clone();
        origin
            .data_where("data moves on", |answer| {
                answer.status == 200 && answer.json()["as_of_ms"] != as_of
            })
            .await;
    }
}

#[tokio::test]
async fn a_large_trade_alerts_once_and_not_again_after_a_restart() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let url = redis.url();
    let variables = [PLENTY, QUICK, ("REDIS_URL", url.as_str())];
    let mut origin = Origin::start(exchange.url(), &variables);
    analysed(&origin).await;
    let large = |body: &Value| -> Vec<Value> {
        rows(body, "alerts")
            .iter()
            .filter(|alert| alert["alert_type"] == "large_trade")
            .cloned()
            .collect()
    };
    // Every trade is worth a hundred times as much from now on.
    let larger = json!({ "size": { "scale": 100 } });
    exchange
        .fault(
            "bybit-trades",
            json!({ "kind": "rewrite", "fields": larger }),
        )
        .await;
    let first = eventually("a large trade alerts", || async {
        let body = origin.get(ALERTS).await.json();
        Some(large(&body)).filter(|alerts| !alerts.is_empty())
    })
    .await;
    for alert in &first {
        let symbol = text(&alert["symbol"]);
        assert!(key(alert) == format!("large_trade:{symbol}"), "{alert}");
        assert!(text(&alert["message"]).contains(symbol), "{alert}");
        assert!(
            number(&alert["details"]["value_usd"]) >= 750_000.0,
            "{alert}"
        );
        assert_eq!(
            (&alert["level"], &alert["severity"]),
            (&json!("info"), &json!("low")),
            "{alert}"
        );
        let (seconds, millis) = (
            alert["unix_timestamp"].as_u64().unwrap(),
            alert["timestamp"].as_u64().unwrap(),
        );
        assert_eq!(seconds, millis / 1_000, "{alert}");
        assert!(
            alert["details"]["traded_at_ms"].as_u64().unwrap() <= millis + 1_000,
            "{alert}"
        );
    }
    two_more_rounds_of_trades(&exchange, &origin).await;
    let before = origin.get(ALERTS).await.json();
    assert_none_twice(rows(&before, "alerts"));
    assert!(
        first
            .iter()
            .all(|alert| rows(&before, "alerts").contains(alert)),
        "an alert changed"
    );
    let newest = origin
        .get("/api/dashboard/alerts/recent?limit=1")
        .await
        .json();
    assert_eq!(rows(&newest, "alerts").len(), 1);
    let times: Vec<u64> = rows(&before, "alerts")
        .iter()
        .map(|alert| alert["timestamp"].as_u64().unwrap())
        .collect();
    assert!(
        times.is_sorted_by(|a, b| a >= b),
        "not the newest first: {times:?}"
    );
    eventually("the alerts are stored", || async {
        let stored = redis.json(ALERT_STATE_KEY).await?.to_string();
        times
            .iter()
            .all(|time| stored.contains(&time.to_string()))
            .then_some(())
    })
    .await;

    origin.signal("TERM");
    assert_eq!(origin.ended().await, Some(0));
    let origin = Origin::start(exchange.url(), &variables);
    analysed(&origin).await;
    two_more_rounds_of_trades(&exchange, &origin).await;
    let after = origin.get(ALERTS).await.json();
    assert_none_twice(rows(&after, "alerts"));
    for alert in rows(&before, "alerts") {
        assert!(rows(&after, "alerts").contains(alert), "{alert} is lost");
    }
}

#[tokio::test]
async fn the_history_of_a_score_goes_on_after_a_restart() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let url = redis.url();
    let variables = [PLENTY, QUICK, ("REDIS_URL", url.as_str())];
    let mut origin = Origin::start(exchange.url(), &variables);
    analysed(&origin).await;
    let long = |answer: &Answer| {
        six_dimension(&answer.json())
            .iter()
            .all(|row| rows(row, "score_history").len() >= 3)
    };
    let before = origin
        .data_where("there is some history", long)
        .await
        .json();
    // What was served is stored by the time that a later snapshot is.
    let stored = |body: &Value| body["as_of_ms"].as_u64() >= before["as_of_ms"].as_u64();
    eventually("it is stored", || async {
        redis.json("market:snapshot").await.filter(&stored)
    })
    .await;
    origin.signal("TERM");
    assert_eq!(origin.ended().await, Some(0));
    let origin = Origin::start(exchange.url(), &variables);
    let anew = |answer: &Answer| {
        let body = answer.json();
        let carried = json!("analysis_carried_over");
        let is_carried = || body["degraded"].as_array().unwrap().contains(&carried);
        answer.status == 200 && body["as_of_ms"] != before["as_of_ms"] && !is_carried()
    };
    origin
        .data_where("the new process scores by itself", anew)
        .await;
    let after = analysed(&origin).await;
    for row in six_dimension(&after) {
        let Some(earlier) = six_dimension(&before)
            .into_iter()
            .find(|earlier| earlier["symbol"] == row["symbol"])
        else {
            continue;
        };
        let (earlier, now) = (rows(earlier, "score_history"), rows(row, "score_history"));
        assert!(now.len() <= 24);
        // The oldest fall out of a full one.
        let goes_on = (0..earlier.len())
            .any(|fallen| (fallen == 0 || now.len() == 24) && now.starts_with(&earlier[fallen..]));
        assert!(goes_on, "{} had {earlier:?} and has {now:?}", row["symbol"]);
    }
}

#[tokio::test]
async fn an_input_that_hangs_holds_up_no_other() {
    let exchange = Exchange::start().await;
    exchange.fault("bybit-funding", fault("hang")).await;
    let origin = Origin::start(exchange.url(), &[PLENTY]);
    analysed(&origin).await;
    let data = bitcoin_without(&origin, &["sentiment.funding_rate"]).await;
    assert!(missing(&data).contains("sentiment.funding_rate"));
    check_breakdown(&data);
    two_more_rounds_of_trades(&exchange, &origin).await;
    assert_eq!(
        six_dimension(&origin.get("/mobile-data").await.json()).len(),
        40
    );
    when_there(&origin, PULSE).await;
}

#[tokio::test]
async fn a_ban_on_one_input_stops_every_request_and_clients_are_still_served() {
    let exchange = Exchange::start().await;
    exchange.fault("bybit-klines", fault("rate_403")).await;
    let origin = Origin::start(exchange.url(), &[QUICK]);
    origin.data().await;
    let counted =
        "upstream_requests_total{upstream=\"bybit_klines\",outcome=\"forbidden_rate_limit\"}";
    eventually("the ban is noticed", || async {
        (origin.metric(counted).await >= 1.0).then_some(())
    })
    .await;
    let age = |answer: &Answer| -> u64 {
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.header("age").unwrap().parse().unwrap()
    };
    // What was under way when the ban came has been answered long before the data is a second old.
    origin
        .data_where("the data ages", |answer| age(answer) >= 1)
        .await;
    let asked = exchange.bybit_requests().await;
    let answer = origin
        .data_where("time passes", |answer| age(answer) >= 5)
        .await;
    assert_eq!(
        exchange.bybit_requests().await,
        asked,
        "the exchange was asked again"
    );
    assert_true_data(&answer.json());
}
