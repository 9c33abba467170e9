//! The exchange's stream: what it brings is published as it happens, and where it fails requests
//! take its place.
//!
//! On two threads: the exchange streams in this process, and what asks must not wait for it.

use super::support::{
    Answer, Exchange, Origin, PLENTY, Redis, assert_true_data, eventually, fault,
};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

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
        assert_eq!(answer.json()["delivery"], "stream");
        before = as_of(&answer);
        assert!(before <= now_ms() + 1_000, "data of the future");
    }
    // One to begin with, and audits.
    let tables = exchange.requests("bybit-tickers").await;
    assert!(tables <= 4, "{tables} tables were fetched");
    assert_eq!(origin.metric("stream_divergence_ratio").await, 0.0);
    // The first book came before the stream, and hardly any since.
    let books = exchange.requests("bybit-orderbook").await;
    let streamed = origin.metric("stream_messages_total{topic=\"book\"}").await;
    assert!(books < 60 && streamed > 100.0, "{books} {streamed}");
    // What only a stream brings is observed, if not for long enough yet.
    eventually("what a stream brings is in the scores", || async {
        let path = "/api/dashboard/confluence/breakdown/BTCUSDT";
        let body = origin.get(path).await.json();
        let is_observed = |part: &str| {
            let reason = &body["data"]["missing_reasons"][part];
            let is_scored = body["data"]["sub_components"][part].is_number();
            *reason == "too_little" || is_scored
        };
        [
            "orderbook.order_flow_imbalance",
            "orderbook.fleeting_orders",
            "orderbook.absorption",
            "sentiment.liquidations",
        ]
        .into_iter()
        .all(is_observed)
        .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_new_leader_streams_the_contracts_of_the_one_before_while_it_has_no_table_yet() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let url = redis.url();
    let lease = ("LEADER_LEASE_MS", "1000");
    let variables = [STREAMS, RARE, PLENTY, lease, ("REDIS_URL", url.as_str())];
    let first = Origin::start(exchange.url(), &variables);
    streams(&first).await;
    first
        .counted("store_writes_total{outcome=\"written\"}", 1.0)
        .await;
    drop(first);
    exchange.fault("bybit-tickers", fault("hang")).await;
    let next = Origin::start(exchange.url(), &variables);
    next.counted("stream_messages_total{topic=\"book\"}", 1.0)
        .await;
    assert_eq!(next.metric("snapshots_published_total").await, 0.0);
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
    assert_eq!(later.json()["delivery"], "request");
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
    // Connections are opened one a second, so this one may be the last to be refused.
    eventually("the refusal is named", || async {
        let health = origin.get("/health").await;
        let refused = r#""name":"bybit_stream_tickers","outcome":"refused""#;
        health.text.contains(refused).then_some(())
    })
    .await;
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
    let answer = origin
        .data_where("it is served", |answer| as_of(answer) > lost_at + 500)
        .await;
    assert_true_data(&answer.json());
    exchange.mend().await;
    streams(&origin).await;
    let before = as_of(&answer);
    origin
        .data_where("the stream goes on", |answer| {
            as_of(answer) > before + 2_000
        })
        .await;
}

/// What a fault of the stream must lead to, while every answer stays true.
struct Case {
    fault: Value,
    /// A metric that must rise.
    counts: &'static str,
    /// A metric that must stay as it is: the rest of the stream goes on.
    spares: Option<&'static str>,
}

/// Sets a fault, waits for what it must lead to, mends it and waits until everything is streamed
/// again.
async fn check(exchange: &Exchange, origin: &Origin, case: &Case) {
    let counted = origin.metric(case.counts).await;
    let spared = match case.spares {
        Some(spares) => origin.metric(spares).await,
        None => 0.0,
    };
    exchange.fault("bybit-stream", case.fault.clone()).await;
    eventually(
        &format!("{} counts {}", case.fault, case.counts),
        || async {
            assert_true_data(&origin.data().await.json());
            (origin.metric(case.counts).await > counted).then_some(())
        },
    )
    .await;
    exchange.mend().await;
    let mended = now_ms();
    streams(origin).await;
    let healed = origin
        .data_where("what is newer is served", |answer| as_of(answer) > mended)
        .await;
    assert_true_data(&healed.json());
    if let Some(spares) = case.spares {
        assert_eq!(origin.metric(spares).await, spared, "{}", case.fault);
    }
}

const ENDS: &str = "stream_ends_total{stream=\"bybit_stream_symbols\"";
const GAPS: &str = "stream_gaps_total{topic=\"book\"";

#[tokio::test]
async fn whatever_is_wrong_with_a_book_s_messages_its_topic_alone_begins_again() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[STREAMS, RARE, PLENTY]);
    streams(&origin).await;
    let of = |kind: &'static str, more: Value| {
        let mut fault = json!({ "kind": kind, "times": 3 });
        fault
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        fault
    };
    for (fault, counts) in [
        (of("stream_gap", json!({ "deltas": 2 })), "gap"),
        (of("stream_duplicate", json!({})), "repeated"),
        (of("stream_reorder", json!({})), "gap"),
        (of("stream_crossed", json!({})), "crossed"),
    ] {
        let counts: &'static str = format!("{GAPS},kind=\"{counts}\"}}").leak();
        let case = Case {
            fault,
            counts,
            spares: Some(ENDS),
        };
        check(&exchange, &origin, &case).await;
    }
}

#[tokio::test]
async fn whatever_ends_a_connection_it_is_opened_again_and_requests_bridge_it() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(
        exchange.url(),
        &[STREAMS, ("TICKERS_INTERVAL_MS", "1000"), PLENTY],
    );
    streams(&origin).await;
    let case = |fault: Value, reason: &str| Case {
        fault,
        counts: format!("{ENDS},reason=\"{reason}\"}}").leak(),
        spares: None,
    };
    // Without a number of times: the other connections would use them up.
    for case in [
        case(
            json!({ "kind": "stream_close", "code": 1012, "reason": "restart" }),
            "closed",
        ),
        case(json!({ "kind": "stream_invalid_utf8" }), "broken"),
        case(
            json!({ "kind": "stream_half_frame", "then": "cut" }),
            "broken",
        ),
        case(
            json!({ "kind": "stream_half_frame", "then": "hang" }),
            "silent",
        ),
        case(json!({ "kind": "stream_heartbeats_only" }), "silent"),
        case(json!({ "kind": "reset" }), "broken"),
    ] {
        check(&exchange, &origin, &case).await;
    }
}

#[tokio::test]
async fn a_full_message_of_trades_a_restart_and_deltas_before_the_snapshot_break_nothing() {
    let exchange = Exchange::start().await;
    exchange
        .fault(
            "bybit-stream",
            json!({ "kind": "stream_delta_first", "times": 20 }),
        )
        .await;
    let origin = Origin::start(exchange.url(), &[STREAMS, RARE, PLENTY]);
    streams(&origin).await;
    let trades = "stream_messages_total{topic=\"trades\"}";
    for fault in [
        json!({ "kind": "stream_flood", "times": 10 }),
        json!({ "kind": "stream_restart", "times": 10 }),
    ] {
        exchange.fault("bybit-stream", fault).await;
        let before = origin.metric(trades).await;
        eventually("it goes on", || async {
            assert_true_data(&origin.data().await.json());
            (origin.metric(trades).await > before + 300.0).then_some(())
        })
        .await;
    }
    assert_eq!(origin.metric(ENDS).await, 0.0);
    assert_eq!(origin.metric(&format!("{GAPS},kind=\"gap\"}}")).await, 0.0);
}

#[tokio::test]
async fn one_silent_topic_is_noticed_on_a_connection_that_is_well() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[STREAMS, RARE, PLENTY]);
    streams(&origin).await;
    // A ticker by the audit, a book by its own watch.
    for topic in ["tickers.SOLUSDT", "orderbook.200.BTCUSDT"] {
        let metric = if topic.starts_with("tickers") {
            "stream_gaps_total{topic=\"ticker\",kind=\"silent\"}".to_owned()
        } else {
            format!("{GAPS},kind=\"silent\"}}")
        };
        let before = origin.metric(&metric).await;
        let fault = json!({ "kind": "stream_silent_topic", "where": { "topic": topic } });
        exchange.fault("bybit-stream", fault).await;
        eventually(&format!("{topic} is missed"), || async {
            assert_true_data(&origin.data().await.json());
            (origin.metric(&metric).await > before).then_some(())
        })
        .await;
        exchange.mend().await;
    }
    assert_eq!(origin.metric(ENDS).await, 0.0);
}

#[tokio::test]
async fn a_stream_that_disagrees_with_requests_is_not_used() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(
        exchange.url(),
        &[STREAMS, ("TICKERS_INTERVAL_MS", "500"), PLENTY],
    );
    streams(&origin).await;
    let price = |answer: &Answer| {
        answer.json()["market_overview"]["btc_price"]
            .as_f64()
            .unwrap()
    };
    let before = price(&origin.data().await);
    exchange
        .fault(
            "bybit-stream",
            json!({ "kind": "scale_all", "factor": 1.2 }),
        )
        .await;
    eventually("the audit sees it", || async {
        (origin.metric("stream_divergence_ratio").await > 0.9).then_some(())
    })
    .await;
    let served = origin
        .data_where("requests bring the truth", |answer| {
            (price(answer) / before - 1.0).abs() < 0.05
        })
        .await;
    let seen = as_of(&served);
    for _ in 0..5 {
        let next = origin
            .data_where("and go on with it", |answer| as_of(answer) > seen)
            .await;
        assert!(
            (price(&next) / before - 1.0).abs() < 0.05,
            "the doubted price was served again"
        );
    }
    exchange.mend().await;
    eventually("they agree again", || async {
        (origin.metric("stream_divergence_ratio").await == 0.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_whose_market_stands_still_gives_way_to_requests_that_move() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(
        exchange.url(),
        &[STREAMS, ("TICKERS_INTERVAL_MS", "500"), PLENTY],
    );
    streams(&origin).await;
    exchange.fault("bybit-stream", fault("frozen")).await;
    let frozen = now_ms();
    let moved = origin
        .data_where("what requests bring is served", |answer| {
            as_of(answer) > frozen + 6_000
        })
        .await;
    assert_true_data(&moved.json());
}
