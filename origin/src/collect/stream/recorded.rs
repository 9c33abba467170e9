//! A recorded session of Bybit's public WebSocket, sent over a real one.
//!
//! The expected figures come from some fifty lines of Python over the same recording, with
//! dictionaries of price and size and trades looked up by their times. They share no code with ours.

use super::link::Link;
use super::testing::context;
use super::{ConnectionShare, Endpoint, run_symbols};
use crate::collect::inputs::{Mailbox, Monitored, Shelf};
use crate::supervise::Pulse;
use analysis::book_flow::BookFlow;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;

const SESSION: &str = "bybit_v5_ws_linear_BTC_SOL_2026-08-09.jsonl";

const WITHIN: Duration = Duration::from_secs(60);

/// What was received, in its order.
fn frames() -> Vec<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/captures");
    let folder = std::env::var_os("RECORDINGS_DIR").map_or_else(|| beside.into(), PathBuf::from);
    let file = Path::new(&folder).join(SESSION);
    let lines = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let frame = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        (line["t"] == "recv").then(|| line["data"].as_str().unwrap().to_owned())
    };
    lines.lines().filter_map(frame).collect()
}

/// Sends the session to whoever subscribes first, and nothing more.
async fn serve(listener: TcpListener, frames: Vec<String>) {
    let (socket, _) = listener.accept().await.unwrap();
    let mut socket = tokio_tungstenite::accept_async(socket).await.unwrap();
    let asked = socket.next().await.unwrap().unwrap();
    assert!(asked.to_text().unwrap().contains("orderbook.200.BTCUSDT"));
    for frame in frames {
        socket.send(Message::text(frame)).await.unwrap();
    }
    // Open for as long as the other side is.
    while socket.next().await.is_some_and(|message| message.is_ok()) {}
}

/// The figures of one contract: how long and how many steps, order flow, then bids and asks of what
/// was shown, fleeting, taken and restored, and the number of trades.
type Figures = (u64, u64, f64, f64, [f64; 8], u64);

#[track_caller]
fn check(symbol: &str, flow: &BookFlow, expected: &Figures) {
    let sums = &flow.sums;
    let sides = [sums.shown, sums.fleeting, sums.taken, sums.restored];
    let found = [sums.net_flow, sums.all_flow]
        .into_iter()
        .chain(sides.into_iter().flat_map(|one| [one.bids, one.asks]));
    let (observed_ms, steps, net, all, sides, trades) = expected;
    assert_eq!(
        (sums.observed_ms, sums.steps, sums.trades),
        (*observed_ms, *steps, *trades),
        "{symbol}"
    );
    for (found, expected) in found.zip([net, all].into_iter().chain(sides)) {
        assert!(
            (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
            "{symbol}: {flow:?}"
        );
    }
}

#[tokio::test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
async fn the_recorded_session_gives_the_references_books_and_what_happened_to_them() {
    // Whichever test is the first; nothing here speaks TLS, the endpoint could.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/v5/public/linear", listener.local_addr().unwrap());
    let serving = tokio::spawn(serve(listener, frames()));
    let monitored: Vec<Monitored> = ["BTCUSDT", "SOLUSDT"]
        .map(|symbol| Monitored {
            symbol: symbol.to_owned(),
            funding_interval_hours: None,
        })
        .into();
    let shelf = Arc::new(Shelf::default());
    shelf.keep_only(&monitored);
    let watched = watch::Sender::new(monitored);
    let streaming = tokio::spawn(run_symbols(
        context(),
        Link::new(Endpoint::new(url.parse().unwrap()).unwrap()),
        watched.subscribe(),
        ConnectionShare::all(1).next().expect("one at least"),
        (Arc::clone(&shelf), Mailbox::default()),
        Pulse::new(),
    ));
    let began = Instant::now();
    for (symbol, book_at, flow_at, best, figures) in [
        (
            "BTCUSDT",
            1_786_310_861_628,
            1_786_310_860_628,
            [(65_114.2, 5.974), (65_114.3, 9.06)],
            (
                42_601,
                403,
                1.345,
                41.093,
                [32.748, 11.536, 10.155, 4.119, 6.718, 0.321, 4.235, 0.0],
                56,
            ),
        ),
        (
            "SOLUSDT",
            1_786_310_861_539,
            1_786_310_860_347,
            [(77.26, 1_041.8), (77.27, 356.1)],
            (
                41_395,
                375,
                -9_573.0,
                19_922.2,
                [
                    38_471.5, 30_448.4, 13_180.9, 10_076.5, 5_286.9, 410.5, 20.4, 0.0,
                ],
                165,
            ),
        ),
    ] {
        loop {
            let held = shelf.held(symbol).unwrap();
            let (book, flow) = (held.book.clone(), held.book_flow.clone());
            if let (Some(book), Some(flow)) = (book, flow)
                && book.as_of_ms.as_millis() == book_at
                && flow.as_of_ms.as_millis() == flow_at
            {
                let touch = [&book.value.bids, &book.value.asks]
                    .map(|side| (side[0].price.get(), side[0].size_base.get()));
                assert_eq!(touch, best, "{symbol}");
                check(symbol, &flow.value, &figures);
                break;
            }
            assert!(began.elapsed() < WITHIN, "{symbol}: {held:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }
    streaming.abort();
    serving.abort();
}
