//! Each topic tells what REST answers for the same moment.

use serde_json::json;

use super::client::{Book, PATH, Stream, sides_of};
use super::*;

const BUCKET_MS: i64 = 250;

async fn rest_book(exchange: &Exchange, symbol: &str) -> Value {
    let path = format!("/v5/market/orderbook?category=linear&symbol={symbol}&limit=200");
    exchange.json(&path).await["result"].clone()
}

#[tokio::test]
async fn a_stream_is_labelled_and_dated() {
    let exchange = Exchange::start().await;
    let stream = Stream::open(&exchange).await;
    assert_eq!(stream.headers["x-market-data"], "simulated");
    assert_eq!(stream.headers["date"], "Sun, 09 Aug 2026 21:26:57 GMT");
}

#[tokio::test]
async fn what_is_no_handshake_is_refused_with_the_reason() {
    let exchange = Exchange::start().await;
    let answer = exchange.get(PATH).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(String::from_utf8_lossy(&answer.body).contains("websocket"));
}

#[tokio::test]
async fn requests_are_answered_in_the_words_of_the_exchange() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::open(&exchange).await;
    let pong = stream.ask(&json!({"op": "ping"})).await;
    let conn_id = pong["conn_id"].clone();
    assert!(conn_id.is_string());
    let expected =
        json!({"success": true, "ret_msg": "pong", "conn_id": conn_id, "req_id": "", "op": "ping"});
    assert_eq!(pong, expected);
    let args = ["orderbook.50.BTCUSDT"];
    for op in ["subscribe", "unsubscribe", "subscribe"] {
        let answer = stream
            .ask(&json!({"op": op, "args": args, "req_id": "r1"}))
            .await;
        let expected =
            json!({"success": true, "ret_msg": "", "conn_id": conn_id, "req_id": "r1", "op": op});
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn one_unknown_topic_refuses_all_of_its_request() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::open(&exchange).await;
    for unknown in [
        "tickers.NOSUCHUSDT",
        "orderbook.7.BTCUSDT",
        "candles.BTCUSDT",
        "tickers",
        "",
    ] {
        let args = json!({"op": "subscribe", "args": ["tickers.BTCUSDT", unknown]});
        let answer = stream.ask(&args).await;
        assert_eq!(answer["success"], false);
        assert_eq!(
            answer["ret_msg"],
            format!("error:handler not found,topic:{unknown}")
        );
    }
    // So the good one is not taken yet.
    let good = json!({"op": "subscribe", "args": ["tickers.BTCUSDT"]});
    assert_eq!(stream.ask(&good).await["success"], true);
    let again = stream.ask(&good).await;
    assert_eq!(
        again["ret_msg"],
        "error:already subscribed,topic:tickers.BTCUSDT"
    );
}

#[tokio::test]
async fn a_book_that_is_kept_up_to_date_is_that_of_rest_at_each_step() {
    let exchange = Exchange::start().await;
    for (symbol, depth) in [
        ("BTCUSDT", 200),
        ("1000000BABYDOGEUSDT", 50),
        ("ETHUSDT", 1),
    ] {
        let topic = format!("orderbook.{depth}.{symbol}");
        let mut stream = Stream::of(&exchange, &[&topic]).await;
        let mut book = Book::default();
        let mut deltas = 0;
        for step in 0..40 {
            let frame = stream.of_topic(&topic).await;
            assert_eq!(frame["type"], if step == 0 { "snapshot" } else { "delta" });
            assert_eq!(frame["data"]["s"], symbol);
            assert_eq!(frame["ts"], exchange.clock.now_ms());
            assert!(book.take(&frame), "{frame}");
            let rest = rest_book(&exchange, symbol).await;
            assert_eq!(book.sides(), sides_of(&rest, depth), "{symbol} {step}");
            deltas += usize::from(step > 0);
            // The sizes of the best prices change every second.
            exchange.clock.advance(1_000 + step % 3 * BUCKET_MS);
        }
        assert_eq!(deltas, 39);
    }
}

#[tokio::test]
async fn a_subscription_that_is_renewed_begins_with_a_snapshot_that_is_no_older() {
    let exchange = Exchange::start().await;
    let topic = "orderbook.200.ETHUSDT";
    let mut stream = Stream::of(&exchange, &[topic]).await;
    let first = stream.of_topic(topic).await;
    exchange.clock.advance(1_000);
    let second = stream.of_topic(topic).await;
    stream
        .ask(&json!({"op": "unsubscribe", "args": [topic]}))
        .await;
    stream
        .ask(&json!({"op": "subscribe", "args": [topic]}))
        .await;
    let third = stream.of_topic(topic).await;
    assert_eq!(third["type"], "snapshot");
    let updates = [&first, &second, &third].map(|frame| frame["data"]["u"].as_i64().unwrap());
    assert!(updates.is_sorted(), "{updates:?}");
}

#[tokio::test]
async fn tickers_that_are_merged_are_the_rows_of_rest() {
    let exchange = Exchange::start().await;
    let topics = CONTRACTS.map(|symbol| format!("tickers.{symbol}"));
    let topics = topics.each_ref().map(String::as_str);
    let mut stream = Stream::of(&exchange, &topics).await;
    let mut rows: Vec<serde_json::Map<String, Value>> = vec![serde_json::Map::new(); topics.len()];
    let mut counters = vec![0; topics.len()];
    for step in 0..20 {
        // Everything moves within ten seconds, the liquid at each step.
        for (index, topic) in topics.iter().enumerate() {
            let frame = stream.of_topic(topic).await;
            assert_eq!(frame["type"], if step == 0 { "snapshot" } else { "delta" });
            let cs = frame["cs"].as_i64().unwrap();
            assert!(cs > counters[index], "{frame}");
            counters[index] = cs;
            assert_eq!(frame["ts"], exchange.clock.now_ms());
            let told = frame["data"].as_object().unwrap();
            let is_news = told
                .iter()
                .any(|(name, value)| rows[index].get(name) != Some(value));
            assert!(is_news, "{frame}");
            rows[index].extend(told.clone());
            check_ticker(&rows[index], &exchange.ticker(CONTRACTS[index]).await);
        }
        exchange.clock.advance(10_000);
    }
}

#[track_caller]
fn check_ticker(merged: &serde_json::Map<String, Value>, rest: &Value) {
    assert!(merged["tickDirection"].as_str().unwrap().ends_with("Tick"));
    for (name, value) in merged {
        if name != "tickDirection" {
            assert_eq!(*value, rest[name], "{name}");
        }
    }
    let symbol = merged["symbol"].as_str().unwrap();
    let expected = if symbol.contains('-') { 33 } else { 27 };
    assert_eq!(merged.len(), expected, "{merged:?}");
}

#[tokio::test]
async fn a_connection_with_tickers_is_never_silent() {
    let still = Config {
        still_since_ms: Some(NOW_MS),
        ..Config::default()
    };
    let exchange = Exchange::start_with(still).await;
    let mut stream = Stream::of(&exchange, &["tickers.BTCUSDT", "tickers.ETHUSDT"]).await;
    assert_eq!(stream.headers["x-market-data"], "replayed");
    stream.of_topic("tickers.ETHUSDT").await;
    for _ in 0..20 {
        exchange.clock.advance(BUCKET_MS);
        let frame = stream.until(|frame| frame["type"] == "delta").await;
        let now_ms = exchange.clock.now_ms();
        assert!(
            now_ms - frame["ts"].as_i64().unwrap() <= BUCKET_MS,
            "{frame}"
        );
        let rest = exchange
            .ticker(frame["data"]["symbol"].as_str().unwrap())
            .await;
        assert_eq!(frame["data"]["bid1Price"], rest["bid1Price"]);
    }
}
