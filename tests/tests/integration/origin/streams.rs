//! The exchange's stream: what it brings is published as it happens, and where it fails requests
//! take its place.

use super::support::{Answer, Exchange, Origin, PLENTY, assert_true_data, eventually, fault};
use serde_json::json;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const STREAMS: (&str, &str) = ("STREAMS", "on");

/// Requests are so rare that what is newer came by the stream.
const RARE: (&str, &str) = ("TICKERS_INTERVAL_MS", "60000");

fn as_of(answer: &Answer) -> u64 {
    answer.json()["as_of_ms"].as_u64().unwrap()
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

async fn streams(origin: &Origin) {
    eventually("the table is streamed", || async {
        let health = origin.get("/health").await.json();
        let dependencies = health["dependencies"].as_array()?.iter();
        let outcome = |name: &str| {
            dependencies
                .clone()
                .find(|one| one["name"] == name)
                .map(|one| one["outcome"].clone())
        };
        ["bybit_stream_tickers", "bybit_stream_symbols"]
            .iter()
            .all(|name| outcome(name) == Some(json!("ok")))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_streamed_is_published_without_a_request() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[STREAMS, RARE, PLENTY]);
    streams(&origin).await;
    let first = origin.data().await;
    let mut before = as_of(&first);
    for _ in 0..5 {
        let answer = origin
            .data_where("a later moment is served", |answer| as_of(answer) > before)
            .await;
        assert_true_data(&answer.json());
        before = as_of(&answer);
        assert!(before <= now_ms() + 1_000, "data of the future");
    }
    // One to begin with, and audits.
    let tables = exchange.requests("bybit-tickers").await;
    assert!(tables <= 3, "{tables} tables were fetched");
    assert_eq!(origin.metric("stream_divergence_ratio").await, 0.0);
    // The first book came before the stream, and hardly any since.
    let books = exchange.requests("bybit-orderbook").await;
    let streamed = origin.metric("stream_messages_total{topic=\"book\"}").await;
    assert!(books < 60 && streamed > 100.0, "{books} {streamed}");
}

#[tokio::test]
async fn requests_alone_are_a_full_way_of_working() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(
        exchange.url(),
        &[("STREAMS", "off"), ("TICKERS_INTERVAL_MS", "250")],
    );
    let before = as_of(&origin.data().await);
    let later = origin
        .data_where("a later moment is served", |answer| as_of(answer) > before)
        .await;
    assert_true_data(&later.json());
    assert_eq!(exchange.requests("bybit-stream").await, 0);
}

#[tokio::test]
async fn a_stream_that_is_refused_is_made_up_for_and_comes_back() {
    let exchange = Exchange::start().await;
    exchange
        .fault("bybit-stream", json!({ "kind": "status", "status": 503 }))
        .await;
    let origin = Origin::start(
        exchange.url(),
        &[STREAMS, ("TICKERS_INTERVAL_MS", "500"), PLENTY],
    );
    let before = as_of(&origin.data().await);
    let answer = origin
        .data_where("requests bring what is newer", |answer| {
            as_of(answer) > before
        })
        .await;
    assert_true_data(&answer.json());
    let health = origin.get("/health").await;
    assert!(
        health
            .text
            .contains(r#""name":"bybit_stream_tickers","outcome":"refused""#),
        "{}",
        health.text
    );
    exchange.mend().await;
    streams(&origin).await;
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_followed_by_requests_within_moments_and_back() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[STREAMS, RARE, PLENTY]);
    streams(&origin).await;
    eventually("a streamed table is published", || async {
        (origin.metric("snapshots_published_total").await > 3.0).then_some(())
    })
    .await;
    let tables = exchange.requests("bybit-tickers").await;
    // Connections that are open hang, and new ones as well.
    exchange.fault("bybit-stream", fault("hang")).await;
    let lost_at = now_ms();
    eventually("a table is fetched", || async {
        (exchange.requests("bybit-tickers").await > tables).then_some(())
    })
    .await;
    let took = Duration::from_millis(now_ms() - lost_at);
    let answer = origin
        .data_where("it is served", |answer| as_of(answer) > lost_at + 500)
        .await;
    assert_true_data(&answer.json());
    eprintln!("a fetched table took the stream's place after {took:?}");
    exchange.mend().await;
    streams(&origin).await;
    let before = as_of(&answer);
    origin
        .data_where("the stream goes on", |answer| {
            as_of(answer) > before + 2_000
        })
        .await;
}
