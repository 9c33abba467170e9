//! Each fault of a stream does what it says, and leaves the stream as a real one would be.

use serde_json::json;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::client::{Book, Next, Stream, sides_of};
use super::*;

const LINK: &str = "bybit-stream";
const BOOK: &str = "orderbook.50.BTCUSDT";
const OTHER: &str = "orderbook.1.ETHUSDT";
const TICKER: &str = "tickers.BTCUSDT";
const TRADES: &str = "publicTrade.BTCUSDT";

impl Exchange {
    async fn stream_fault(&self, fault: Value) {
        self.set_fault(LINK, &fault).await;
    }

    /// Moves the clock until the best sizes are others.
    fn second(&self) {
        self.clock.advance(1_000);
    }
}

/// A book that was shown once.
async fn shown(exchange: &Exchange) -> (Stream, Book) {
    let mut stream = Stream::of(exchange, &[BOOK]).await;
    let mut book = Book::default();
    assert!(book.take(&stream.of_topic(BOOK).await));
    (stream, book)
}

fn update(frame: &Value) -> i64 {
    frame["data"]["u"].as_i64().unwrap()
}

#[track_caller]
fn status_of(error: &tungstenite::Error) -> u16 {
    match error {
        tungstenite::Error::Http(response) => response.status().as_u16(),
        other => panic!("{other:?}"),
    }
}

async fn refused(exchange: &Exchange) -> u16 {
    match Stream::try_open(exchange).await {
        Ok(_) => panic!("the stream was opened"),
        Err(error) => status_of(&error),
    }
}

/// Whether the book is that of REST.
async fn is_true(exchange: &Exchange, book: &Book) -> bool {
    let truth = exchange.json("/control/book/BTCUSDT").await;
    book.sides() == sides_of(&truth, 50)
}

#[tokio::test]
async fn an_outage_refuses_new_streams_and_cuts_open_ones() {
    let exchange = Exchange::start().await;
    for (scope, fault, status) in [
        (LINK, json!({"kind": "status", "status": 502}), 502),
        (
            "bybit",
            json!({"kind": "maintenance", "retry_after_s": 60}),
            503,
        ),
        ("all", json!({"kind": "geo_403"}), 403),
        (LINK, json!({"kind": "geo_451"}), 451),
    ] {
        let mut stream = Stream::of(&exchange, &[TICKER]).await;
        exchange.set_fault(scope, &fault).await;
        match stream.end().await {
            Next::Closed(None) | Next::Broken(_) => {}
            other => panic!("{fault}: {other:?}"),
        }
        assert_eq!(refused(&exchange).await, status, "{fault}");
        exchange.clear_faults().await;
    }
    Stream::of(&exchange, &[TICKER]).await;
}

#[tokio::test]
async fn a_limit_refuses_new_streams_and_leaves_open_ones() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::of(&exchange, &[TICKER]).await;
    for (fault, status) in [
        (
            json!({"kind": "status_429", "retry_after_s": 1, "times": 2}),
            429,
        ),
        (json!({"kind": "rate_403", "times": 2}), 403),
        (json!({"kind": "stream_refused", "times": 2}), 503),
    ] {
        exchange.stream_fault(fault).await;
        for _ in 0..2 {
            assert_eq!(refused(&exchange).await, status);
        }
        Stream::of(&exchange, &[TICKER]).await;
        exchange.second();
        stream.of_topic(TICKER).await;
    }
}

#[tokio::test]
async fn a_fault_of_another_link_leaves_the_streams() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::of(&exchange, &[TICKER]).await;
    stream.of_topic(TICKER).await;
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "reset"}))
        .await;
    exchange
        .set_fault("okx", &json!({"kind": "status", "status": 500}))
        .await;
    exchange.second();
    stream.of_topic(TICKER).await;
}

#[tokio::test]
async fn a_reset_resets_open_streams_and_new_ones() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::of(&exchange, &[TICKER]).await;
    exchange.set_fault("bybit", &json!({"kind": "reset"})).await;
    match stream.end().await {
        Next::Closed(None) | Next::Broken(_) => {}
        other => panic!("{other:?}"),
    }
    assert!(Stream::try_open(&exchange).await.is_err());
}

#[tokio::test]
async fn a_hanging_service_upgrades_nobody_and_lets_open_streams_hang() {
    let exchange = Exchange::start().await;
    let (mut stream, mut book) = shown(&exchange).await;
    exchange.stream_fault(json!({"kind": "hang"})).await;
    exchange.second();
    let patience = Duration::from_millis(300);
    let opened = tokio::time::timeout(patience, Stream::try_open(&exchange)).await;
    assert!(opened.is_err());
    exchange.second();
    exchange.clear_faults().await;
    // One delta leads from what was shown to the present.
    assert!(book.take(&stream.of_topic(BOOK).await));
    assert!(is_true(&exchange, &book).await);
}

/// The book and, told after it by the same connection, another one that no fault is set on.
async fn shown_with_another(exchange: &Exchange) -> (Stream, Book) {
    let mut stream = Stream::of(exchange, &[BOOK, OTHER]).await;
    let mut book = Book::default();
    assert!(book.take(&stream.of_topic(BOOK).await));
    stream.of_topic(OTHER).await;
    (stream, book)
}

/// The counters of the frames of the book within the next second.
async fn next_updates(exchange: &Exchange, stream: &mut Stream) -> Vec<i64> {
    exchange.second();
    let mut updates = Vec::new();
    loop {
        let frame = Stream::frame(stream.next().await);
        if frame["topic"] == OTHER {
            return updates;
        }
        updates.push(update(&frame));
    }
}

#[tokio::test]
async fn a_gap_loses_deltas_and_goes_on_with_the_later_counter() {
    let exchange = Exchange::start().await;
    let (mut stream, mut book) = shown_with_another(&exchange).await;
    exchange
        .stream_fault(
            json!({"kind": "stream_gap", "deltas": 2, "times": 1, "where": {"topic": BOOK}}),
        )
        .await;
    for expected in [&[] as &[i64], &[], &[3], &[4]] {
        let updates = next_updates(&exchange, &mut stream).await;
        let passed: Vec<_> = updates.iter().map(|update| update - book.update).collect();
        assert_eq!(passed, expected);
    }
    for op in ["unsubscribe", "subscribe"] {
        stream.ask(&json!({"op": op, "args": [BOOK]})).await;
    }
    assert!(book.take(&stream.of_topic(BOOK).await));
    assert!(is_true(&exchange, &book).await);
}

#[tokio::test]
async fn a_gap_that_lasts_lets_one_delta_through_after_each() {
    let exchange = Exchange::start().await;
    let (mut stream, book) = shown_with_another(&exchange).await;
    exchange
        .stream_fault(json!({"kind": "stream_gap", "where": {"topic": BOOK}}))
        .await;
    for expected in [&[] as &[i64], &[2], &[], &[4]] {
        let updates = next_updates(&exchange, &mut stream).await;
        let passed: Vec<_> = updates.iter().map(|update| update - book.update).collect();
        assert_eq!(passed, expected);
    }
}

#[tokio::test]
async fn a_delta_can_come_twice() {
    let exchange = Exchange::start().await;
    let (mut stream, book) = shown(&exchange).await;
    exchange
        .stream_fault(json!({"kind": "stream_duplicate", "times": 1}))
        .await;
    exchange.second();
    let first = stream.of_topic(BOOK).await;
    assert_eq!(update(&first), book.update + 1);
    assert_eq!(stream.of_topic(BOOK).await, first);
    exchange.second();
    assert_eq!(update(&stream.of_topic(BOOK).await), book.update + 2);
}

#[tokio::test]
async fn two_neighbouring_deltas_can_be_swapped() {
    let exchange = Exchange::start().await;
    let (mut stream, book) = shown_with_another(&exchange).await;
    exchange
        .stream_fault(json!({"kind": "stream_reorder", "times": 1, "where": {"topic": BOOK}}))
        .await;
    for expected in [&[] as &[i64], &[2, 1], &[3]] {
        let updates = next_updates(&exchange, &mut stream).await;
        let passed: Vec<_> = updates.iter().map(|update| update - book.update).collect();
        assert_eq!(passed, expected);
    }
}

#[tokio::test]
async fn a_service_that_restarts_begins_its_books_at_one() {
    let exchange = Exchange::start().await;
    let (mut stream, mut book) = shown(&exchange).await;
    exchange
        .stream_fault(json!({"kind": "stream_restart", "times": 1, "where": {"symbol": "BTCUSDT"}}))
        .await;
    // At once: the clock stands still.
    let frame = stream.of_topic(BOOK).await;
    assert_eq!((&frame["type"], update(&frame)), (&json!("snapshot"), 1));
    assert!(book.take(&frame));
    exchange.second();
    assert!(book.take(&stream.of_topic(BOOK).await));
    assert_eq!(book.update, 2);
    assert!(is_true(&exchange, &book).await);
}

#[tokio::test]
async fn a_topic_can_fall_silent_while_the_rest_goes_on() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::of(&exchange, &[BOOK, TICKER, "tickers.ETHUSDT"]).await;
    let mut book = Book::default();
    book.take(&stream.of_topic(BOOK).await);
    stream.of_topic("tickers.ETHUSDT").await;
    for topic in [BOOK, TICKER] {
        exchange
            .stream_fault(json!({"kind": "stream_silent_topic", "where": {"topic": topic}}))
            .await;
    }
    for _ in 0..3 {
        exchange.second();
        let frame = Stream::frame(stream.next().await);
        assert_eq!(frame["topic"], "tickers.ETHUSDT");
    }
    exchange.clear_faults().await;
    exchange.second();
    let ticker = stream.of_topic(TICKER).await;
    assert_eq!(ticker["type"], "delta");
    exchange.second();
    // What was not told of a book is lost.
    let frame = stream.of_topic(BOOK).await;
    assert!(!book.take(&frame), "{frame}");
}

#[tokio::test]
async fn a_stream_of_heartbeats_answers_pings_alone() {
    let exchange = Exchange::start().await;
    let (mut stream, _) = shown(&exchange).await;
    exchange
        .stream_fault(json!({"kind": "stream_heartbeats_only"}))
        .await;
    for _ in 0..3 {
        exchange.second();
        stream
            .say(json!({"op": "subscribe", "args": [TICKER]}).to_string())
            .await;
        stream.say(r#"{"op":"ping"}"#).await;
        // The connection has noticed the fault once it has looked at the clock.
        let frame = stream.until(|frame| frame["op"].is_string()).await;
        if frame["op"] == "subscribe" {
            stream.until(|frame| frame["op"] == "ping").await;
        }
    }
    exchange.second();
    stream.say(r#"{"op":"ping"}"#).await;
    assert_eq!(Stream::frame(stream.next().await)["op"], "ping");
    exchange.clear_faults().await;
    exchange.second();
    stream.of_topic(BOOK).await;
}

#[tokio::test]
async fn a_frame_can_end_in_the_middle() {
    let exchange = Exchange::start().await;
    for then in ["cut", "hang"] {
        let (mut stream, _) = shown(&exchange).await;
        exchange
            .stream_fault(json!({"kind": "stream_half_frame", "then": then, "times": 1}))
            .await;
        exchange.second();
        let patience = Duration::from_millis(300);
        match tokio::time::timeout(patience, stream.end()).await {
            Ok(Next::Broken(_) | Next::Closed(None)) => assert_eq!(then, "cut"),
            Ok(other) => panic!("{other:?}"),
            Err(_) => assert_eq!(then, "hang"),
        }
    }
    shown(&exchange).await;
}

#[tokio::test]
async fn a_text_can_be_no_text() {
    let exchange = Exchange::start().await;
    let (mut stream, _) = shown(&exchange).await;
    exchange
        .stream_fault(json!({"kind": "stream_invalid_utf8", "times": 1}))
        .await;
    exchange.second();
    match stream.end().await {
        Next::Broken(tungstenite::Error::Utf8(_)) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_flood_is_as_many_trades_as_a_message_holds_with_each_bucket() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::of(&exchange, &[TRADES]).await;
    exchange.stream_fault(json!({"kind": "stream_flood"})).await;
    let mut names = std::collections::BTreeSet::new();
    for step in 1..4 {
        let frame = stream
            .until(|frame| {
                frame["topic"] == TRADES && frame["data"].as_array().unwrap().len() == 1_024
            })
            .await;
        let rows = frame["data"].as_array().unwrap();
        names.extend(rows.iter().map(|row| text(row, "i").to_owned()));
        assert_eq!(names.len(), step * 1_024);
        exchange.second();
    }
}

#[tokio::test]
async fn a_stream_can_be_closed_with_a_code_and_a_reason() {
    let exchange = Exchange::start().await;
    let (mut stream, _) = shown(&exchange).await;
    exchange
        .stream_fault(
            json!({"kind": "stream_close", "code": 1012, "reason": "restart", "times": 1}),
        )
        .await;
    match stream.end().await {
        Next::Closed(Some(close)) => {
            assert_eq!(
                (close.code, close.reason.as_str()),
                (CloseCode::Restart, "restart")
            );
        }
        other => panic!("{other:?}"),
    }
    shown(&exchange).await;
}

#[tokio::test]
async fn a_slow_stream_arrives_late_and_whole() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::open(&exchange).await;
    exchange
        .stream_fault(json!({"kind": "stream_slow", "bytes_per_second": 8_000}))
        .await;
    let asked = std::time::Instant::now();
    stream
        .ask(&json!({"op": "subscribe", "args": [BOOK]}))
        .await;
    let frame = stream.of_topic(BOOK).await;
    let bytes = frame.to_string().len() as f64;
    assert!(asked.elapsed().as_secs_f64() > bytes / 16_000.0);
    exchange.clear_faults().await;
    exchange.second();
    stream.of_topic(BOOK).await;
}

#[tokio::test]
async fn a_book_can_be_crossed_by_one_delta() {
    let exchange = Exchange::start().await;
    let (mut stream, mut book) = shown(&exchange).await;
    exchange
        .stream_fault(json!({"kind": "stream_crossed", "times": 1}))
        .await;
    let is_crossed = |book: &Book| {
        let bid = book.bids.last_key_value().unwrap().0;
        let ask = book.asks.first_key_value().unwrap().0;
        bid.0 >= ask.0
    };
    exchange.second();
    assert!(book.take(&stream.of_topic(BOOK).await));
    assert!(is_crossed(&book));
    exchange.second();
    assert!(book.take(&stream.of_topic(BOOK).await));
    assert!(!is_crossed(&book));
    assert!(is_true(&exchange, &book).await);
}

#[tokio::test]
async fn a_book_can_be_another_than_that_of_rest() {
    let exchange = Exchange::start().await;
    let (mut stream, mut book) = shown(&exchange).await;
    exchange
        .stream_fault(json!({"kind": "stream_other_book", "factor": 1.01}))
        .await;
    exchange.second();
    assert!(book.take(&stream.of_topic(BOOK).await));
    let best: f64 = book.bids.last_key_value().unwrap().0.1.parse().unwrap();
    let rest = number(&exchange.ticker("BTCUSDT").await, "bid1Price");
    assert!((best / rest - 1.01).abs() < 1e-5, "{best} {rest}");
    exchange.clear_faults().await;
    exchange.second();
    assert!(book.take(&stream.of_topic(BOOK).await));
    assert!(is_true(&exchange, &book).await);
}

#[tokio::test]
async fn deltas_can_come_before_their_snapshot() {
    let exchange = Exchange::start().await;
    exchange
        .stream_fault(json!({"kind": "stream_delta_first", "deltas": 3, "times": 1}))
        .await;
    let mut stream = Stream::of(&exchange, &[BOOK]).await;
    let mut updates = Vec::new();
    for kind in ["delta", "delta", "delta", "snapshot"] {
        let frame = stream.of_topic(BOOK).await;
        assert_eq!(frame["type"], kind);
        updates.push(update(&frame));
        if kind == "snapshot" {
            let mut book = Book::default();
            book.take(&frame);
            assert!(is_true(&exchange, &book).await);
        }
    }
    let last = updates[3];
    assert_eq!(updates, [last - 2, last - 1, last, last]);
    // Used up: the next one begins as it should.
    shown(&exchange).await;
}

#[tokio::test]
async fn a_frozen_stream_goes_on_telling_what_was_true_when_it_froze() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::of(&exchange, &[TICKER, BOOK]).await;
    let before = stream.of_topic(BOOK).await;
    exchange.stream_fault(json!({"kind": "frozen"})).await;
    for _ in 0..3 {
        exchange.second();
        let frame = stream.of_topic(TICKER).await;
        assert_eq!(frame["ts"], NOW_MS);
    }
    exchange.clear_faults().await;
    exchange.second();
    let now_ms = exchange.clock.now_ms();
    stream
        .until(|frame| frame["topic"] == TICKER && frame["ts"] == now_ms)
        .await;
    let after = stream.of_topic(BOOK).await;
    assert!(update(&after) > update(&before));
    assert_eq!(after["ts"], now_ms);
}

#[tokio::test]
async fn a_clock_that_is_ahead_stamps_everything_ahead() {
    let exchange = Exchange::start().await;
    exchange
        .stream_fault(json!({"kind": "clock_skew", "ms": 60_000}))
        .await;
    let mut stream = Stream::of(&exchange, &[TICKER, BOOK, TRADES]).await;
    assert_eq!(stream.headers["date"], "Sun, 09 Aug 2026 21:27:57 GMT");
    assert_eq!(stream.of_topic(TICKER).await["ts"], NOW_MS + 60_000);
    let book = stream.of_topic(BOOK).await;
    assert_eq!(book["ts"], NOW_MS + 60_000);
    assert_eq!(book["cts"], NOW_MS / 250 * 250 + 60_000);
    exchange.second();
    let trade = stream.of_topic(TRADES).await["data"][0].clone();
    assert!(trade["T"].as_i64().unwrap() > NOW_MS + 60_000, "{trade}");
}

#[tokio::test]
async fn prices_of_a_stream_can_be_others_than_those_of_rest() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::of(&exchange, &[TICKER]).await;
    let mut row = stream.of_topic(TICKER).await["data"]
        .as_object()
        .unwrap()
        .clone();
    let fault = json!({"kind": "scale_price", "symbol": "BTCUSDT", "factor": 2.0, "fields": "all"});
    exchange.stream_fault(fault).await;
    for factor in [2.0, 1.0] {
        // At once, and every field: those that stand still are others now too.
        exchange.second();
        row.extend(
            stream.of_topic(TICKER).await["data"]
                .as_object()
                .unwrap()
                .clone(),
        );
        let rest = exchange.ticker("BTCUSDT").await;
        let told = Value::Object(row.clone());
        for field in ["lastPrice", "prevPrice24h", "bid1Price"] {
            let ratio = number(&told, field) / number(&rest, field);
            assert!((ratio - factor).abs() < 1e-9, "{field} {ratio}");
        }
        exchange.clear_faults().await;
    }
}

#[tokio::test]
async fn a_fault_of_streams_is_none_of_requests() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault("bybit", &json!({"kind": "stream_gap", "times": 1}))
        .await;
    assert_eq!(exchange.get(TICKERS).await.status, StatusCode::OK);
    assert_eq!(exchange.json("/control/faults").await["bybit"]["times"], 1);
}

#[tokio::test]
async fn a_fault_of_streams_that_cannot_be_is_refused_by_name() {
    let exchange = Exchange::start().await;
    for (fault, named) in [
        (json!({"kind": "stream_close", "code": 1005}), "1005"),
        (
            json!({"kind": "stream_close", "code": 1000, "reason": "x".repeat(124)}),
            "124",
        ),
        (
            json!({"kind": "stream_slow", "bytes_per_second": 0}),
            "bytes_per_second",
        ),
        (json!({"kind": "stream_gap", "deltas": 0}), "deltas"),
        (json!({"kind": "stream_half_frame", "then": "burn"}), "burn"),
    ] {
        let path = format!("/control/faults/{LINK}");
        let answer = exchange.control(Method::PUT, &path, Some(&fault)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(
            String::from_utf8_lossy(&answer.body).contains(named),
            "{fault}"
        );
    }
}
