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

#[tokio::test]
async fn every_trade_of_rest_is_told_once_and_in_order() {
    let exchange = Exchange::start().await;
    let topic = "publicTrade.BTCUSDT";
    let mut stream = Stream::of(&exchange, &[topic]).await;
    let from = exchange.clock.now_ms();
    let mut told = Vec::new();
    for step in 0..30 {
        // Also by steps that end within a bucket, and by one that needs two messages.
        exchange
            .clock
            .advance(if step == 20 { 120_000 } else { 997 });
        let rest = exchange
            .list("/v5/market/recent-trade?category=linear&symbol=BTCUSDT&limit=1000")
            .await;
        let expected: Vec<_> = rest
            .iter()
            .rev()
            .filter(|row| number(row, "time") as i64 > from)
            .cloned()
            .collect();
        while told.last().map(|row: &Value| &row["i"]) != expected.last().map(|row| &row["execId"])
        {
            let frame = stream.of_topic(topic).await;
            assert_eq!(frame["type"], "snapshot");
            let rows = frame["data"].as_array().unwrap();
            assert!((1..=1_024).contains(&rows.len()));
            told.extend(rows.iter().cloned());
        }
        let newest = told.iter().rev().zip(expected.iter().rev());
        for (told, rest) in newest {
            check_trade(told, rest);
        }
    }
    let numbers: Vec<_> = told
        .iter()
        .map(|row| row["seq"].as_i64().unwrap())
        .collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1));
    for pair in told.windows(2) {
        let order = number(&pair[1], "p").total_cmp(&number(&pair[0], "p"));
        let expected = match order {
            std::cmp::Ordering::Less => "MinusTick",
            std::cmp::Ordering::Greater => "PlusTick",
            std::cmp::Ordering::Equal if text(&pair[0], "L").contains("Plus") => "ZeroPlusTick",
            std::cmp::Ordering::Equal => "ZeroMinusTick",
        };
        assert_eq!(text(&pair[1], "L"), expected);
    }
}

#[track_caller]
fn check_trade(told: &Value, rest: &Value) {
    for (told_name, rest_name) in [
        ("i", "execId"),
        ("s", "symbol"),
        ("p", "price"),
        ("v", "size"),
        ("S", "side"),
        ("BT", "isBlockTrade"),
        ("RPI", "isRPITrade"),
    ] {
        assert_eq!(told[told_name], rest[rest_name], "{told} {rest}");
    }
    for (told_name, rest_name) in [("T", "time"), ("seq", "seq")] {
        assert!(told[told_name].is_i64(), "{told}");
        assert_eq!(told[told_name].to_string(), text(rest, rest_name));
    }
}

#[tokio::test]
async fn the_open_candle_is_that_of_rest_and_a_closed_one_is_confirmed_once() {
    let exchange = Exchange::start().await;
    let topic = "kline.1.SOLUSDT";
    let mut stream = Stream::of(&exchange, &[topic]).await;
    let mut confirmed = Vec::new();
    for step in 0..200 {
        let frame = stream.of_topic(topic).await;
        assert_eq!(frame["type"], "snapshot");
        let candles = frame["data"].as_array().unwrap();
        let rest = exchange.list(&klines("SOLUSDT", "1", 1_000)).await;
        for candle in candles {
            let start_ms = candle["start"].as_i64().unwrap();
            assert_eq!(candle["end"], start_ms + MINUTE_MS - 1);
            assert_eq!(candle["interval"], "1");
            assert_eq!(candle["timestamp"], exchange.clock.now_ms());
            let start = start_ms.to_string();
            let row = rest.iter().find(|row| row[0].as_str() == Some(&start));
            let cells = cells(row.unwrap());
            let names = ["open", "high", "low", "close", "volume", "turnover"];
            for (index, name) in names.iter().enumerate() {
                assert_eq!(number(candle, name), cells[index + 1], "{step} {name}");
            }
        }
        let (open, closed) = candles.split_last().unwrap();
        assert_eq!(open["confirm"], false);
        assert_eq!(
            open["start"].to_string(),
            text(&json!({"start": rest[0][0]}), "start")
        );
        for candle in closed {
            assert_eq!(candle["confirm"], true);
            confirmed.push(candle["start"].as_i64().unwrap());
        }
        exchange
            .clock
            .advance(if step == 150 { 3 * MINUTE_MS } else { 1_000 });
    }
    assert!(confirmed.len() >= 5, "{confirmed:?}");
    assert!(
        confirmed
            .windows(2)
            .all(|pair| pair[1] == pair[0] + MINUTE_MS)
    );
}

#[tokio::test]
async fn liquidations_come_in_slots_of_half_a_second() {
    let exchange = Exchange::start().await;
    let topic = "allLiquidation.BTCUSDT";
    let mut stream = Stream::of(&exchange, &[topic]).await;
    let mut last_ms = exchange.clock.now_ms() / 500 * 500;
    for _ in 0..5 {
        exchange.clock.advance(15 * MINUTE_MS);
        let frame = stream.of_topic(topic).await;
        assert_eq!(
            (&frame["type"], &frame["ts"]),
            (&json!("snapshot"), &json!(exchange.clock.now_ms()))
        );
        let last = number(&exchange.ticker("BTCUSDT").await, "lastPrice");
        for row in frame["data"].as_array().unwrap() {
            assert_eq!(row.as_object().unwrap().len(), 5);
            let time_ms = row["T"].as_i64().unwrap();
            assert!(
                (last_ms..exchange.clock.now_ms()).contains(&time_ms),
                "{row}"
            );
            last_ms = time_ms;
            assert_eq!(row["s"], "BTCUSDT");
            assert!(["Buy", "Sell"].contains(&text(row, "S")));
            assert!(number(row, "v") > 0.0 && (number(row, "p") / last - 1.0).abs() < 0.05);
        }
    }
}

#[tokio::test]
async fn a_market_that_stands_still_goes_on_telling_its_books() {
    let still = Config {
        still_since_ms: Some(NOW_MS),
        ..Config::default()
    };
    let exchange = Exchange::start_with(still).await;
    for (topic, kind) in [
        ("orderbook.200.BTCUSDT", "delta"),
        // Of one level it is the whole again, with the counter that it had.
        ("orderbook.1.BTCUSDT", "snapshot"),
    ] {
        let mut stream = Stream::of(&exchange, &[topic]).await;
        let mut book = Book::default();
        assert!(book.take(&stream.of_topic(topic).await));
        let (first, sides) = (book.update, book.sides());
        for step in 1..4 {
            exchange.clock.advance(3_000);
            let frame = stream.of_topic(topic).await;
            assert_eq!(
                (&frame["type"], &frame["ts"]),
                (&json!(kind), &json!(exchange.clock.now_ms()))
            );
            assert!(book.take(&frame));
            assert_eq!(book.sides(), sides);
            assert_eq!(book.update, first + if kind == "delta" { step } else { 0 });
        }
    }
}

#[tokio::test]
async fn the_book_of_any_moment_can_be_asked_for_afterwards() {
    let exchange = Exchange::start().await;
    let topic = "orderbook.200.DOGEUSDT";
    let mut stream = Stream::of(&exchange, &[topic]).await;
    let mut book = Book::default();
    let mut shown = Vec::new();
    for _ in 0..5 {
        book.take(&stream.of_topic(topic).await);
        shown.push((book.cts_ms, book.sides()));
        exchange.clock.advance(1_000);
    }
    exchange.clock.advance(DAY_MS);
    for (cts_ms, sides) in shown {
        let truth = exchange
            .json(&format!("/control/book/DOGEUSDT?at={cts_ms}"))
            .await;
        assert_eq!(truth["bucket"], cts_ms);
        assert_eq!(sides, sides_of(&truth, 200));
    }
    let now = exchange.json("/control/book/DOGEUSDT").await;
    assert_eq!(now["at"], exchange.clock.now_ms());
    for (path, status) in [
        ("/control/book/NOSUCHUSDT", StatusCode::NOT_FOUND),
        ("/control/book/DOGEUSDT?at=soon", StatusCode::BAD_REQUEST),
        ("/control/book/DOGEUSDT?at=-1", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(exchange.get(path).await.status, status);
    }
}

#[tokio::test]
async fn connections_subscriptions_and_messages_are_counted() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::of(&exchange, &["tickers.BTCUSDT", "kline.5.BTCUSDT"]).await;
    stream.of_topic("kline.5.BTCUSDT").await;
    let counts = exchange.json("/control/requests").await;
    assert_eq!(counts["by_link"]["bybit-stream"], 1);
    let expected = json!({"opened": 1, "open": 1, "subscriptions": 2, "messages": 3});
    assert_eq!(counts["streams"]["bybit-stream"], expected);
    exchange
        .control(Method::DELETE, "/control/requests", None)
        .await;
    let counts = exchange.json("/control/requests").await;
    let expected = json!({"opened": 0, "open": 1, "subscriptions": 0, "messages": 0});
    assert_eq!(counts["streams"]["bybit-stream"], expected);
}

#[tokio::test]
async fn a_simulator_that_stops_ends_its_streams() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::of(&exchange, &["tickers.BTCUSDT"]).await;
    exchange.running.stop().await;
    stream.end().await;
}

/// The shape of a frame: its fields and what each of them is; of a list, its first element.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shape(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().take(1).map(shape).collect(),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("truth"),
        Value::Null => Value::Null,
    }
}

#[tokio::test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
async fn frames_have_the_fields_of_recorded_ones() {
    let folder = replay::recordings();
    let recorded =
        std::fs::read_to_string(folder.join("bybit_v5_ws_linear_BTC_SOL_2026-08-09.jsonl"))
            .unwrap();
    let frames = recorded
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["t"] == "recv")
        .map(|line| serde_json::from_str::<Value>(text(&line, "data")).unwrap());
    let recorded: Vec<_> = frames.collect();

    let exchange = Exchange::start().await;
    for kind in ["tickers", "orderbook.200", "kline.1", "publicTrade"] {
        let topic = format!("{kind}.BTCUSDT");
        let mut stream = Stream::of(&exchange, &[&topic]).await;
        // The first trade is told when it happens.
        exchange.clock.advance(1_000);
        let like = |kind: &str| {
            let mut frames = recorded.iter();
            frames.find(|frame| frame["topic"] == *topic && frame["type"] == kind)
        };
        for kind in ["snapshot", "delta"] {
            let Some(like) = like(kind) else { continue };
            let told = stream.until(|frame| frame["type"] == kind).await;
            let (mut told, mut like) = (shape(&told), shape(like));
            if topic.starts_with("tickers") && kind == "delta" {
                // Which fields have changed differs.
                told["data"] = Value::Null;
                like["data"] = Value::Null;
            }
            assert_eq!(told, like, "{topic} {kind}");
            exchange.clock.advance(1_000);
        }
    }
}
