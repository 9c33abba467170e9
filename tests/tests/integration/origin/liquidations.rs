//! Liquidations, from the exchange's stream to the body: what was heard is told once and dated, and
//! no sum is of more than was heard.
//!
//! On two threads: the exchange streams in this process, and what asks must not wait for it.

use super::support::{Exchange, Origin, Redis, STREAMED, eventually};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use shared::headers::MARKET_DATA;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

const PATH: &str = "/api/liquidations";

const QUICK: (&str, &str) = ("TICKERS_INTERVAL_MS", "250");

/// The most that an interruption may last for the sums to go on, ms.
const MAX_INTERRUPTION_MS: u64 = 5_000;

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// A stream that says what the test says, beside a simulated exchange.
struct Stream {
    url: String,
    said: broadcast::Sender<Said>,
    /// Connections that listen to liquidations.
    listening: Arc<Mutex<usize>>,
    /// Whether new connections are taken.
    is_open: watch::Sender<bool>,
}

#[derive(Clone, Debug)]
enum Said {
    Frame(String),
    End,
}

impl Stream {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/v5/public/linear", listener.local_addr().unwrap());
        let (said, listening) = (broadcast::Sender::new(64), Arc::<Mutex<usize>>::default());
        let is_open = watch::Sender::new(true);
        let stream = Self {
            url,
            said: said.clone(),
            listening: Arc::clone(&listening),
            is_open: is_open.clone(),
        };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                if *is_open.borrow() {
                    tokio::spawn(connection(socket, said.clone(), Arc::clone(&listening)));
                }
            }
        });
        stream
    }

    /// Tells of liquidations of Bitcoin: time, the position's side as the venue writes it, size.
    fn tell(&self, rows: &[(u64, &str, f64)]) {
        let rows: Vec<Value> = rows
            .iter()
            .map(|(time, side, size)| {
                json!({"T": time, "s": "BTCUSDT", "S": side, "v": size.to_string(), "p": "50000"})
            })
            .collect();
        let frame = json!({
            "topic": "allLiquidation.BTCUSDT", "type": "snapshot", "ts": now_ms(), "data": rows,
        });
        self.said.send(Said::Frame(frame.to_string())).unwrap();
    }

    async fn is_listened_to(&self) {
        eventually("somebody listens", || async {
            (*self.listening.lock().unwrap() > 0).then_some(())
        })
        .await;
    }

    async fn end(&self) {
        self.said.send(Said::End).unwrap();
        eventually("nobody listens", || async {
            (*self.listening.lock().unwrap() == 0).then_some(())
        })
        .await;
    }
}

async fn connection(
    socket: TcpStream,
    said: broadcast::Sender<Said>,
    listening: Arc<Mutex<usize>>,
) {
    #[expect(clippy::result_large_err, reason = "the library's type of a refusal")]
    let label = |_: &Request, mut response: Response| {
        response
            .headers_mut()
            .insert(MARKET_DATA, "simulated".parse().unwrap());
        Ok(response)
    };
    let Ok(mut socket) = accept_hdr_async(socket, label).await else {
        return;
    };
    let mut said = said.subscribe();
    let mut listens = false;
    loop {
        tokio::select! {
            message = socket.next() => {
                let Some(Ok(message)) = message else { break };
                let Message::Text(text) = message else { continue };
                let asked: Value = serde_json::from_str(&text).unwrap();
                let answer = json!({
                    "success": true, "ret_msg": "", "req_id": asked["req_id"].as_str().unwrap_or_default(), "op": asked["op"],
                });
                if socket.send(Message::text(answer.to_string())).await.is_err() {
                    break;
                }
                let topics = asked["args"].to_string();
                if !listens && topics.contains("allLiquidation.BTCUSDT") {
                    listens = true;
                    *listening.lock().unwrap() += 1;
                }
            }
            said = said.recv(), if listens => match said {
                Ok(Said::Frame(frame)) => {
                    if socket.send(Message::text(frame)).await.is_err() {
                        break;
                    }
                }
                _ => break,
            },
        }
    }
    if listens {
        *listening.lock().unwrap() -= 1;
    }
}

/// The first body that fits.
async fn body_where(origin: &Origin, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    eventually(what, || async {
        let answer = origin.get(PATH).await;
        (answer.status == 200)
            .then(|| answer.json())
            .filter(|body| fits(body))
    })
    .await
}

fn count(body: &Value) -> u64 {
    body["count"].as_u64().unwrap()
}

fn since(body: &Value) -> u64 {
    body["observed_since_ms"].as_u64().unwrap()
}

#[tokio::test]
async fn what_the_exchange_liquidates_is_told_with_since_when_it_was_heard() {
    let exchange = Exchange::start().await;
    let started_ms = now_ms();
    let origin = Origin::start(exchange.url(), &[QUICK, STREAMED]);
    let body = body_where(&origin, "liquidations come", |body| count(body) >= 5).await;
    assert!(since(&body) >= started_ms, "{body}");
    assert_eq!(body["contracts_observed"], 514, "every contract is heard");
    assert_eq!(body["refused"], 0);
    for sum in ["last_1h", "last_4h", "last_24h", "contracts_1h"] {
        assert_eq!(body[sum], Value::Null, "{sum} claims more than was heard");
    }
    let as_of_ms = body["liquidations_as_of_ms"].as_u64().unwrap();
    let mut largest = 0.0_f64;
    for row in body["liquidations"].as_array().unwrap() {
        let time_ms = row["time_ms"].as_u64().unwrap();
        assert!((since(&body)..=as_of_ms).contains(&time_ms), "{row}");
        assert!(["long", "short"].contains(&row["side"].as_str().unwrap()));
        let number = |field: &str| row[field].as_f64().unwrap();
        let value = number("size_base") * number("bankruptcy_price");
        assert!((number("value_usd") - value).abs() <= 0.005 + value * 1e-9);
        largest = largest.max(number("value_usd"));
    }
    assert_eq!(body["largest"]["value_usd"], largest);
    let degraded = body["degraded"].as_array().unwrap();
    assert!(degraded.contains(&json!("simulated_data")));
}

#[tokio::test]
async fn without_streams_the_body_is_a_problem_that_says_so() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[QUICK]);
    origin.data().await;
    let answer = origin.get(PATH).await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert!(answer.text.contains("streams_off"), "{}", answer.text);
}

#[tokio::test]
async fn until_the_stream_is_heard_the_body_is_a_problem_that_says_so() {
    let (exchange, stream) = (Exchange::start().await, Stream::start().await);
    stream.is_open.send_replace(false);
    let origin = Origin::start(
        exchange.url(),
        &[QUICK, STREAMED, ("BYBIT_STREAM_URL", &stream.url)],
    );
    origin.data().await;
    let answer = origin.get(PATH).await;
    assert_eq!(answer.status, 503);
    assert!(answer.text.contains("not_observed_yet"), "{}", answer.text);
    stream.is_open.send_replace(true);
    let body = body_where(&origin, "the stream is heard", |_| true).await;
    // Nothing was liquidated, which is a fact and no failure.
    assert_eq!(
        (count(&body), &body["largest"]),
        (0, &Value::Null),
        "{body}"
    );
}

#[tokio::test]
async fn after_an_interruption_the_sums_go_on_or_begin_anew_and_nothing_counts_twice() {
    let (exchange, stream) = (Exchange::start().await, Stream::start().await);
    let origin = Origin::start(
        exchange.url(),
        &[QUICK, STREAMED, ("BYBIT_STREAM_URL", &stream.url)],
    );
    let first = body_where(&origin, "the stream is heard", |_| true).await;
    let told_ms = now_ms();
    stream.tell(&[(told_ms, "Buy", 0.5), (told_ms, "Sell", 0.25)]);
    let body = body_where(&origin, "both are told", |body| count(body) == 2).await;
    let of = |side: &str| {
        let rows = body["liquidations"].as_array().unwrap();
        rows.iter().find(|row| row["side"] == side).unwrap()["value_usd"].clone()
    };
    assert_eq!(
        (of("long"), of("short")),
        (json!(25_000.0), json!(12_500.0))
    );

    // A connection that is replaced soon: one liquidation is repeated, another is new.
    stream.end().await;
    stream.is_listened_to().await;
    stream.tell(&[(told_ms, "Buy", 0.5), (told_ms, "Buy", 0.75)]);
    let body = body_where(&origin, "the new one is told", |body| count(body) == 3).await;
    if since(&body) == since(&first) {
        let unheard_ms = body["unheard_ms"].as_u64().unwrap();
        assert!((1..=MAX_INTERRUPTION_MS).contains(&unheard_ms), "{body}");
    } else {
        panic!("a machine that is too slow for the test: {body}");
    }

    // One that is replaced too late.
    stream.is_open.send_replace(false);
    let ended_ms = now_ms();
    stream.end().await;
    eventually("too much may have been missed", || async {
        (now_ms() > ended_ms + MAX_INTERRUPTION_MS + 2_500).then_some(())
    })
    .await;
    let meanwhile = body_where(&origin, "what was heard ages", |_| true).await;
    assert!(meanwhile["liquidations_as_of_ms"].as_u64().unwrap() <= ended_ms + 500);
    stream.is_open.send_replace(true);
    let body = body_where(&origin, "it begins anew", |body| since(body) > ended_ms).await;
    assert_eq!(
        (count(&body), &body["unheard_ms"]),
        (0, &json!(0)),
        "{body}"
    );
}

#[tokio::test]
async fn a_liquidation_that_cannot_be_read_is_counted_as_such() {
    let (exchange, stream) = (Exchange::start().await, Stream::start().await);
    let origin = Origin::start(
        exchange.url(),
        &[QUICK, STREAMED, ("BYBIT_STREAM_URL", &stream.url)],
    );
    body_where(&origin, "the stream is heard", |_| true).await;
    stream.tell(&[(now_ms(), "Up", 1.0), (now_ms(), "Buy", 1.0)]);
    let body = body_where(&origin, "the other one is told", |body| count(body) == 1).await;
    assert_eq!(body["refused"], 1);
    assert!(
        origin
            .metric("input_rows_refused_total{upstream=\"bybit_stream_liquidations\"}")
            .await
            >= 1.0
    );
}

#[tokio::test]
async fn a_new_leader_shows_what_the_last_one_heard_and_then_what_it_heard_itself() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let url = redis.url();
    let variables = [QUICK, STREAMED, ("REDIS_URL", url.as_str())];
    let first = Origin::start(exchange.url(), &variables);
    eventually("it leads", || async { first.leads().await.then_some(()) }).await;
    let second = Origin::start(exchange.url(), &variables);
    // Of a leader that keeps its lead: on a machine that is too busy the other may take it meanwhile.
    let before = eventually("the follower shows them", || async {
        let answer = second.get(PATH).await;
        let is_theirs = first.leads().await && !second.leads().await;
        (answer.status == 200 && is_theirs)
            .then(|| answer.json())
            .filter(|body| count(body) > 0)
    })
    .await;
    drop(first);
    let after = eventually("the new leader heard some itself", || async {
        let answer = second.get(PATH).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body = answer.json();
        (since(&body) > since(&before)).then_some(body)
    })
    .await;
    assert!(
        since(&after) > before["liquidations_as_of_ms"].as_u64().unwrap(),
        "nobody listened between the two"
    );
}
