//! Clients that come in crowds, or take their time: each costs itself, and the data goes on being
//! collected.

use super::support::{Exchange, Origin, eventually};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const QUICK: (&str, &str) = ("TICKERS_INTERVAL_MS", "250");
const OPERATORS: (&str, &str) = ("ORIGIN_OPERATOR_LISTEN", "127.0.0.1:0");
const WHOLE: &[u8] = b"GET /snapshot HTTP/1.1\r\nhost: origin\r\n\r\n";
const HALF: &[u8] = b"GET /mobile-data HTTP/1.1\r\nho";

async fn connect(origin: &Origin) -> TcpStream {
    TcpStream::connect(origin.url.strip_prefix("http://").unwrap())
        .await
        .unwrap()
}

/// Waits until the other side has closed the connection.
async fn closed(client: &mut TcpStream) {
    let mut nothing = Vec::new();
    // A reset is an end, too.
    let _ = tokio::time::timeout(Duration::from_secs(60), client.read_to_end(&mut nothing))
        .await
        .expect("the connection stays open");
}

fn of(name: &str, reason: &str) -> String {
    format!("http_connections_{name}_total{{reason=\"{reason}\"}}")
}

#[tokio::test]
async fn a_head_that_drips_in_ends_at_its_limit() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("HEAD_TIMEOUT_MS", "500")]);
    let (mut reading, mut writing) = connect(&origin).await.into_split();
    let dripping = tokio::spawn(async move {
        for byte in HALF.iter().cycle() {
            if writing.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut answer = Vec::new();
    let _ = reading.read_to_end(&mut answer).await;
    assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    origin.counted(&of("closed", "slow_head"), 1.0).await;
    dripping.abort();
}

#[tokio::test]
async fn a_body_that_nobody_asked_for_ends_its_connection() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("HEAD_TIMEOUT_MS", "500")]);
    origin.data().await;
    let mut client = connect(&origin).await;
    client
        .write_all(b"GET /mobile-data HTTP/1.1\r\nhost: origin\r\ncontent-length: 1000000\r\n\r\nx")
        .await
        .unwrap();
    closed(&mut client).await;
    eventually("its place is free", || async {
        (origin.metric("http_connections").await <= 1.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_left() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("SEND_TIMEOUT_MS", "500")]);
    origin.data().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let address = origin.url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut client = socket.connect(address).await.unwrap();
    // Answers of hundreds of kilobytes, more than what the sockets hold.
    client.write_all(&WHOLE.repeat(200)).await.unwrap();
    origin.counted(&of("closed", "slow_reader"), 1.0).await;
    assert_eq!(origin.data().await.status, 200);
}

#[tokio::test]
async fn a_connection_without_a_request_ends_at_its_limit() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("IDLE_TIMEOUT_MS", "500")]);
    origin.data().await;
    closed(&mut connect(&origin).await).await;
    // One that has asked before is no other.
    let mut client = connect(&origin).await;
    client
        .write_all(b"GET /health/live HTTP/1.1\r\nhost: origin\r\n\r\n")
        .await
        .unwrap();
    closed(&mut client).await;
}

#[tokio::test]
async fn who_waits_for_nothing_makes_room_for_who_asks() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("MAX_CONNECTIONS", "16"), OPERATORS]);
    origin.data().await;
    let mut crowd = Vec::new();
    for _ in 0..40 {
        crowd.push(connect(&origin).await);
        assert_eq!(origin.get("/mobile-data").await.status, 200);
    }
    let closed = "http_connections_closed_total{reason=\"made_room\"}";
    assert!(operators(&origin, closed).await >= 24.0);
}

/// A metric, asked for where clients do not come.
async fn operators(origin: &Origin, wanted: &str) -> f64 {
    origin.of_operators().metric(wanted).await
}

/// Clients with half a request each, so many at a time, until so many were not taken: on a busy
/// machine some of the first have had their end before the last one comes, or were not read yet and
/// made room.
async fn crowd_at_work(origin: &Origin, clients: usize, refused: f64) -> Vec<TcpStream> {
    let crowd = tokio::sync::Mutex::new(Vec::new());
    eventually("the crowd is told that there is no place", || async {
        for _ in 0..clients {
            let mut client = connect(origin).await;
            // Who is not taken is told by a reset.
            let _ = client.write_all(HALF).await;
            crowd.lock().await.push(client);
        }
        (operators(origin, &of("refused", "too_many")).await >= refused).then_some(())
    })
    .await;
    crowd.into_inner()
}

#[tokio::test]
async fn a_crowd_at_work_shuts_nobody_out_of_health_and_stops_no_collecting() {
    let exchange = Exchange::start().await;
    let variables = [
        QUICK,
        OPERATORS,
        ("MAX_CONNECTIONS", "64"),
        ("HEAD_TIMEOUT_MS", "10000"),
    ];
    let origin = Origin::start(exchange.url(), &variables);
    origin.data().await;
    let _crowd = crowd_at_work(&origin, 200, 1.0).await;
    check_collecting(&origin).await;
    let held = origin.of_operators();
    assert_eq!(held.get("/health").await.status, 200);
    assert_eq!(
        held.get("/mobile-data").await.status,
        404,
        "operators are no clients"
    );
    // Each of the crowd has its end, and then there is room.
    origin.data_after_refusals().await;
}

/// Checks that more is published.
async fn check_collecting(origin: &Origin) {
    let published = operators(origin, "snapshots_published_total").await;
    eventually("more is published", || async {
        (operators(origin, "snapshots_published_total").await >= published + 3.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn when_descriptors_run_out_collecting_has_its_own() {
    let exchange = Exchange::start().await;
    let variables = [QUICK, OPERATORS, ("HEAD_TIMEOUT_MS", "60000")];
    let origin = Origin::start_with_files(exchange.url(), &variables, 160);
    origin.data().await;
    let _crowd = crowd_at_work(&origin, 400, 100.0).await;
    // Every fetch needs a connection of its own from here on.
    exchange
        .fault("bybit-tickers", serde_json::json!({"kind": "reset"}))
        .await;
    eventually("fetches fail", || async {
        let page = origin.of_operators().get("/metrics").await.text;
        let failed = |line: &str| {
            line.contains("upstream=\"bybit_tickers\"") && !line.contains("class=\"ok\"")
        };
        page.lines()
            .any(|line| line.starts_with("upstream_requests_total") && failed(line))
            .then_some(())
    })
    .await;
    exchange.mend().await;
    check_collecting(&origin).await;
}

/// More than all limits that act by default.
const CROWD: usize = 10_000;

#[tokio::test]
async fn ten_thousand_who_wait_cost_a_client_nothing() {
    let exchange = Exchange::start().await;
    let variables = [
        QUICK,
        OPERATORS,
        ("MAX_CONNECTIONS", "20000"),
        ("MAX_CONNECTIONS_PER_ADDRESS", "20000"),
    ];
    let origin = Origin::start(exchange.url(), &variables);
    origin.data().await;
    let mut crowd = Vec::with_capacity(CROWD);
    for _ in 0..CROWD {
        crowd.push(connect(&origin).await);
    }
    eventually("all are in", || async {
        (operators(&origin, "http_connections").await >= CROWD as f64).then_some(())
    })
    .await;
    check_collecting(&origin).await;
    assert_eq!(origin.get("/mobile-data").await.status, 200);
    drop(crowd);
    eventually("all are gone", || async {
        (operators(&origin, "http_connections").await < 10.0).then_some(())
    })
    .await;
}
