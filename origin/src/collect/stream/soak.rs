//! The soak: real sockets, the simulated exchange with faults at random, and after every look each
//! book that lies on the shelf against the book that the exchange had at that moment.
//!
//! A book is the exchange's or it is absent; there is no third. `STREAM_SOAK_S` says for how many
//! seconds (12), `STREAM_SOAK_SEED` which faults come when (1). `scripts/soak --streams` runs it for
//! long.

use super::link::Link;
use super::testing::context;
use super::{ConnectionShare, Endpoint, run_symbols};
use crate::collect::inputs::{Mailbox, Monitored, Shelf};
use crate::jitter::Jitter;
use crate::metrics::{Format, Process, Seen};
use crate::supervise::Pulse;
use serde_json::{Value, json};
use shared::market::book::{Book, Level};
use shared::units::UnixMs;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

const SYMBOLS: [&str; 8] = [
    "BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT", "BNBUSDT", "ADAUSDT", "LINKUSDT",
];

/// How long a fault may last, and the calm after it.
const FAULT_LASTS: Duration = Duration::from_millis(1_500);
const CALM: Duration = Duration::from_millis(2_500);

/// How often the shelf is looked at.
const LOOK_EACH: Duration = Duration::from_millis(200);

/// How long it may take after the last fault until every book is young again: the longest silence
/// that is waited for, and a reconnection. Generous, for a busy machine.
const HEALED_WITHIN: Duration = Duration::from_secs(60);

/// A number of the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "a setting of this test alone, which no program has"
)]
fn setting(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else {
        return default;
    };
    text.parse()
        .unwrap_or_else(|_| panic!("{name} is {text:?}, which is not a whole number"))
}

/// A fault for the stream, and its name for the report.
fn fault(number: f64) -> (&'static str, Value) {
    let faults = [
        (
            "gap",
            json!({ "kind": "stream_gap", "deltas": 2, "times": 4 }),
        ),
        (
            "duplicate",
            json!({ "kind": "stream_duplicate", "times": 8 }),
        ),
        ("reorder", json!({ "kind": "stream_reorder", "times": 4 })),
        ("restart", json!({ "kind": "stream_restart", "times": 4 })),
        (
            "silent topic",
            json!({ "kind": "stream_silent_topic", "where": { "symbol": "BTCUSDT" } }),
        ),
        (
            "heartbeats only",
            json!({ "kind": "stream_heartbeats_only" }),
        ),
        (
            "half a frame",
            json!({ "kind": "stream_half_frame", "then": "cut", "times": 1 }),
        ),
        (
            "invalid UTF-8",
            json!({ "kind": "stream_invalid_utf8", "times": 1 }),
        ),
        ("flood", json!({ "kind": "stream_flood", "times": 4 })),
        (
            "close",
            json!({ "kind": "stream_close", "code": 1012, "times": 1 }),
        ),
        ("refused", json!({ "kind": "stream_refused" })),
        ("crossed", json!({ "kind": "stream_crossed", "times": 2 })),
        (
            "delta first",
            json!({ "kind": "stream_delta_first", "times": 8 }),
        ),
        ("reset", json!({ "kind": "reset" })),
    ];
    let at = (number * faults.len() as f64) as usize;
    faults.into_iter().nth(at).expect("a number below 1")
}

struct Soak {
    exchange: simulator::Running,
    client: reqwest::Client,
    shelf: Arc<Shelf>,
    /// Per contract the time of the book that was compared last.
    compared: BTreeMap<&'static str, UnixMs>,
    equal: u64,
}

impl Soak {
    async fn put(&self, fault: &Value) {
        let url = format!("{}/control/faults/bybit-stream", self.exchange.base_url);
        let request = self.client.put(url).body(fault.to_string());
        assert!(
            request.send().await.unwrap().status().is_success(),
            "{fault}"
        );
    }

    async fn mend(&self) {
        let url = format!("{}/control/faults", self.exchange.base_url);
        assert!(
            self.client
                .delete(url)
                .send()
                .await
                .unwrap()
                .status()
                .is_success()
        );
    }

    /// Compares every book that is newer than the one compared before.
    async fn look(&mut self) {
        for symbol in SYMBOLS {
            let held = self.shelf.held(symbol).and_then(|held| held.book.clone());
            let Some(held) = held else {
                continue;
            };
            if self.compared.insert(symbol, held.as_of_ms) == Some(held.as_of_ms) {
                continue;
            }
            let at = held.value.as_of_ms.as_millis();
            let url = format!("{}/control/book/{symbol}?at={at}", self.exchange.base_url);
            let truth = self.client.get(url).send().await.unwrap().bytes().await;
            let truth: Value = serde_json::from_slice(&truth.unwrap()).unwrap();
            assert_same(symbol, &held.value, &truth);
            self.equal += 1;
        }
    }

    /// Looks for so long.
    async fn look_for(&mut self, duration: Duration) {
        let until = Instant::now() + duration;
        while Instant::now() < until {
            self.look().await;
            sleep(LOOK_EACH).await;
        }
    }

    /// Looks until every contract has a book that is newer than `than`.
    async fn until_all_are_newer(&mut self, than: UnixMs) -> Duration {
        let began = Instant::now();
        loop {
            self.look().await;
            let newer = |symbol: &&str| self.compared.get(symbol).is_some_and(|at| *at > than);
            if SYMBOLS.iter().all(newer) {
                return began.elapsed();
            }
            assert!(
                began.elapsed() < HEALED_WITHIN,
                "not healed: {:?}",
                self.compared
            );
            sleep(LOOK_EACH).await;
        }
    }
}

#[track_caller]
fn assert_same(symbol: &str, held: &Book, truth: &Value) {
    let rows = |name: &str, count: usize| -> Vec<(f64, f64)> {
        let row = |row: &Value| {
            let cell = |at: usize| row[at].as_str().unwrap().parse().unwrap();
            (cell(0), cell(1))
        };
        truth[name]
            .as_array()
            .unwrap()
            .iter()
            .take(count)
            .map(row)
            .collect()
    };
    let side = |levels: &[Level]| -> Vec<(f64, f64)> {
        let row = |level: &Level| (level.price.get(), level.size_base.get());
        levels.iter().map(row).collect()
    };
    assert_eq!(
        side(&held.bids),
        rows("b", held.bids.len()),
        "{symbol}: {held:?}"
    );
    assert_eq!(
        side(&held.asks),
        rows("a", held.asks.len()),
        "{symbol}: {held:?}"
    );
    assert!(
        held.bids.len() >= 50 && held.asks.len() >= 50,
        "{symbol} is short"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_book_is_the_exchange_s_or_absent_whatever_breaks_on_the_way() {
    // Whichever test is the first; the client below speaks no TLS, the endpoint could.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exchange = simulator::start(simulator::Config::default())
        .await
        .unwrap();
    let url = exchange.base_url.replacen("http", "ws", 1) + "/v5/public/linear";
    let endpoint = Endpoint::new(url.parse().unwrap()).unwrap();
    let monitored: Vec<Monitored> = SYMBOLS
        .iter()
        .map(|symbol| Monitored {
            symbol: (*symbol).to_owned(),
            funding_interval_hours: None,
        })
        .collect();
    let shelf = Arc::new(Shelf::default());
    shelf.keep_only(&monitored);
    let (context, mailbox) = (context(), Mailbox::default());
    let watched = watch::Sender::new(monitored);
    let to = (Arc::clone(&shelf), mailbox);
    let alone = ConnectionShare::all(SYMBOLS.len()).next();
    let streaming = tokio::spawn(run_symbols(
        context.clone(),
        Link::new(endpoint),
        watched.subscribe(),
        alone.expect("one connection at least"),
        to,
        Pulse::new(),
    ));
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap();
    let mut soak = Soak {
        exchange,
        client,
        shelf,
        compared: BTreeMap::new(),
        equal: 0,
    };
    let seconds = setting("STREAM_SOAK_S", 12);
    let random = Jitter::seeded(setting("STREAM_SOAK_SEED", 1));
    soak.until_all_are_newer(UnixMs::from_millis(0)).await;
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut slowest: BTreeMap<&str, (u32, Duration)> = BTreeMap::new();
    while Instant::now() < until {
        let (name, fault) = fault(random.up_to(Duration::from_secs(1)).as_secs_f64());
        soak.put(&fault).await;
        soak.look_for(random.up_to(FAULT_LASTS)).await;
        soak.mend().await;
        let took = soak.until_all_are_newer(context.clock.now()).await;
        let (count, longest) = slowest.entry(name).or_default();
        *count += 1;
        *longest = took.max(*longest);
        soak.look_for(random.up_to(CALM)).await;
    }
    streaming.abort();
    let seen = Seen {
        process: Process {
            role: "all",
            store: "memory",
            started_at: context.clock.now(),
        },
        served: None,
        stored: None,
        clock: &context.clock.report(),
        now: context.clock.now(),
    };
    let page = context.metrics.page(seen, Format::OpenMetrics).unwrap();
    let counts = page.lines().filter(|line| line.starts_with("stream_"));
    for line in counts.filter(|line| !line.starts_with("stream_messages")) {
        println!("{line}");
    }
    for (name, (count, longest)) in &slowest {
        println!("{name}: {count} times, every book was new within {longest:?} of its end");
    }
    println!("{} books compared, all equal", soak.equal);
    assert!(
        soak.equal > 4 * seconds,
        "{} books in {seconds} s",
        soak.equal
    );
}
