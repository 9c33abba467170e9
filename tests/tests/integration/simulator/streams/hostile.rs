//! Clients that send what is no request.

use futures_util::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

use super::client::{Next, Stream};
use super::*;

#[tokio::test]
async fn what_is_no_request_is_refused_by_name_and_the_stream_goes_on() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::open(&exchange).await;
    for (sent, named) in [
        ("", "error:request is invalid"),
        ("ping", "error:request is invalid"),
        ("[1,2,3]", "error:request is invalid"),
        (r#"{"op":7}"#, "error:request is invalid"),
        (
            r#"{"args":["tickers.BTCUSDT"]}"#,
            "error:request is invalid",
        ),
        (
            r#"{"op":"subscribe","args":[7]}"#,
            "error:request is invalid",
        ),
        (
            r#"{"op":"subscribe","args":[null]}"#,
            "error:request is invalid",
        ),
        (r#"{"op":"auth"}"#, "error:op is invalid,op:auth"),
        (
            r#"{"op":"unsubscribe","args":["nothing"]}"#,
            "error:handler not found,topic:nothing",
        ),
    ] {
        stream.say(sent).await;
        let answer = stream.until(|frame| frame["op"].is_string()).await;
        assert_eq!(answer["success"], false, "{sent}");
        assert!(text(&answer, "ret_msg").starts_with(named), "{answer}");
    }
    stream
        .socket
        .send(Message::binary(vec![0, 159, 146, 150]))
        .await
        .unwrap();
    let answer = stream.until(|frame| frame["op"].is_string()).await;
    assert_eq!(answer["ret_msg"], "error:binary messages are not supported");
    assert_eq!(stream.ask(&json!({"op": "ping"})).await["ret_msg"], "pong");
}

#[tokio::test]
async fn the_topics_of_a_connection_have_a_limit_in_characters() {
    let exchange = Exchange::start().await;
    let symbols: Vec<_> = exchange
        .tickers()
        .await
        .iter()
        .map(|row| text(row, "symbol").to_owned())
        .collect();
    let mut stream = Stream::open(&exchange).await;
    let mut refused = 0;
    for kind in ["tickers", "publicTrade", "allLiquidation"] {
        for part in symbols.chunks(100) {
            let args: Vec<_> = part
                .iter()
                .map(|symbol| format!("{kind}.{symbol}"))
                .collect();
            let answer = stream.ask(&json!({"op": "subscribe", "args": args})).await;
            if answer["success"] == false {
                let reason = text(&answer, "ret_msg");
                assert!(
                    reason.starts_with("error:args too long,length:2"),
                    "{reason}"
                );
                assert!(reason.ends_with("limit:21000"), "{reason}");
                refused += 1;
            }
        }
    }
    assert!(refused > 5, "{refused}");
}

#[tokio::test]
async fn a_message_that_is_too_large_closes_the_stream() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::open(&exchange).await;
    // The other side may be gone before all of it is sent.
    let _ = stream
        .socket
        .send(Message::text("x".repeat(1_000_000)))
        .await;
    match stream.end().await {
        Next::Closed(Some(close)) => assert_eq!(close.code, CloseCode::Size),
        Next::Closed(None) | Next::Broken(_) => {}
        Next::Frame(frame) => panic!("{frame}"),
    }
    Stream::of(&exchange, &["tickers.BTCUSDT"]).await;
}

#[tokio::test]
async fn a_text_that_is_none_closes_the_stream() {
    let exchange = Exchange::start().await;
    let mut stream = Stream::open(&exchange).await;
    let frame = Frame::message(vec![0xC3, 0x28], OpCode::Data(Data::Text), true);
    stream.socket.send(Message::Frame(frame)).await.unwrap();
    match stream.end().await {
        Next::Closed(Some(close)) => assert_eq!(close.code, CloseCode::Invalid),
        other => panic!("{other:?}"),
    }
    Stream::of(&exchange, &["tickers.BTCUSDT"]).await;
}

#[tokio::test]
async fn a_client_that_leaves_without_a_word_is_forgotten() {
    let exchange = Exchange::start().await;
    for _ in 0..20 {
        drop(Stream::of(&exchange, &["orderbook.200.BTCUSDT", "tickers.BTCUSDT"]).await);
    }
    while exchange.json("/control/requests").await["streams"]["bybit-stream"]["open"] != 0 {
        tokio::task::yield_now().await;
    }
}
