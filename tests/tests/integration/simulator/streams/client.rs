//! A client that keeps what it is told, as one of the real exchange would.

use std::collections::BTreeMap;

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::*;

pub(super) const PATH: &str = "/v5/public/linear";

/// An open stream.
pub(super) struct Stream {
    pub(super) socket: WebSocketStream<TcpStream>,
    pub(super) headers: HeaderMap,
}

/// What comes next on a stream.
#[derive(Debug)]
pub(super) enum Next {
    Frame(Value),
    Closed(Option<CloseFrame>),
    Broken(tungstenite::Error),
}

impl Stream {
    pub(super) async fn try_open(exchange: &Exchange) -> tungstenite::Result<Self> {
        let address = exchange.running.base_url.trim_start_matches("http://");
        let socket = TcpStream::connect(address).await.unwrap();
        let url = format!("ws://{address}{PATH}");
        let (socket, response) = client_async(url, socket).await?;
        Ok(Self {
            socket,
            headers: response.headers().clone(),
        })
    }

    pub(super) async fn open(exchange: &Exchange) -> Self {
        Self::try_open(exchange).await.unwrap()
    }

    /// Opens a stream and subscribes to these topics.
    pub(super) async fn of(exchange: &Exchange, topics: &[&str]) -> Self {
        let mut stream = Self::open(exchange).await;
        let answer = stream
            .ask(&json!({"op": "subscribe", "args": topics}))
            .await;
        assert_eq!(answer["success"], true, "{answer}");
        stream
    }

    pub(super) async fn say(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn ask(&mut self, request: &Value) -> Value {
        self.say(request.to_string()).await;
        self.until(|frame| frame["op"].is_string()).await
    }

    /// Waits for whatever is sent next, but for pongs.
    pub(super) async fn next(&mut self) -> Next {
        loop {
            let message = tokio::time::timeout(Duration::from_secs(20), self.socket.next()).await;
            match message.expect("nothing came") {
                Some(Ok(Message::Text(text))) => {
                    return Next::Frame(serde_json::from_str(&text).unwrap());
                }
                Some(Ok(Message::Close(close))) => return Next::Closed(close),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Next::Broken(error),
                None => return Next::Closed(None),
            }
        }
    }

    #[track_caller]
    pub(super) fn frame(next: Next) -> Value {
        match next {
            Next::Frame(frame) => frame,
            other => panic!("{other:?}"),
        }
    }

    /// The next frame that is meant; those before it are dropped.
    pub(super) async fn until(&mut self, is_meant: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = Self::frame(self.next().await);
            if is_meant(&frame) {
                return frame;
            }
        }
    }

    /// The next frame of a topic; those before it are dropped.
    pub(super) async fn of_topic(&mut self, topic: &str) -> Value {
        self.until(|frame| frame["topic"] == topic).await
    }

    /// How the stream ends; what comes before that is dropped.
    pub(super) async fn end(&mut self) -> Next {
        loop {
            match self.next().await {
                Next::Frame(_) => {}
                end => return end,
            }
        }
    }
}

/// A book that is kept up to date.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Book {
    pub(super) update: i64,
    pub(super) cts_ms: i64,
    /// Size by price, both as they are written; prices in order of their value.
    pub(super) bids: BTreeMap<Price, String>,
    pub(super) asks: BTreeMap<Price, String>,
}

/// A price in ten-billionths, so that it can be ordered.
type Price = (i128, String);

fn price(text: &str) -> Price {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let padded = format!("{whole}{decimals:0<10}");
    (padded.parse().unwrap(), text.to_owned())
}

fn apply(side: &mut BTreeMap<Price, String>, levels: &Value) {
    for level in levels.as_array().unwrap() {
        let (at, size) = (
            price(level[0].as_str().unwrap()),
            level[1].as_str().unwrap(),
        );
        if size == "0" {
            assert!(side.remove(&at).is_some(), "{at:?} was not there");
        } else {
            side.insert(at, size.to_owned());
        }
    }
}

impl Book {
    /// Takes a frame in; false where a delta does not follow.
    pub(super) fn take(&mut self, frame: &Value) -> bool {
        let data = &frame["data"];
        let update = data["u"].as_i64().unwrap();
        if frame["type"] == "snapshot" {
            *self = Self::default();
        } else if update != self.update + 1 {
            return false;
        }
        self.update = update;
        self.cts_ms = frame["cts"].as_i64().unwrap();
        apply(&mut self.bids, &data["b"]);
        apply(&mut self.asks, &data["a"]);
        true
    }

    /// The levels as the exchange writes them.
    pub(super) fn sides(&self) -> (Vec<Value>, Vec<Value>) {
        let level = |((_, price), size): (&Price, &String)| json!([price, size]);
        (
            self.bids.iter().rev().map(level).collect(),
            self.asks.iter().map(level).collect(),
        )
    }
}

/// The first levels of a book that REST or the control API answers.
pub(super) fn sides_of(book: &Value, depth: usize) -> (Vec<Value>, Vec<Value>) {
    let side = |name: &str| {
        let levels = book[name].as_array().unwrap().iter();
        levels.take(depth).cloned().collect()
    };
    (side("b"), side("a"))
}
