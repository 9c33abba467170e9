//! Recorded bodies come back as they were recorded.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::*;

/// The recordings are not part of the project, so the tests that need them are ignored unless
/// `scripts/test` finds their folder.
pub(super) fn recordings() -> PathBuf {
    std::env::var_os("RECORDINGS_DIR").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../shared/captures"
            ))
        },
        PathBuf::from,
    )
}

async fn replay(folder: &Path) -> Exchange {
    Exchange::start_with(Config {
        replay: Some(folder.to_owned()),
        ..Config::default()
    })
    .await
}

fn read(folder: &Path, prefix: &str) -> String {
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let newest = names.filter(|name| name.starts_with(prefix)).max().unwrap();
    fs::read_to_string(folder.join(newest)).unwrap()
}

/// The body with the envelope's time, the last one in it, replaced by the simulator's.
fn at_now(body: &str) -> String {
    let recorded: Value = serde_json::from_str(body).unwrap();
    let (before, after) = body
        .rsplit_once(&format!("\"time\":{}", recorded["time"]))
        .unwrap();
    format!("{before}\"time\":{NOW_MS}{after}")
}

#[tokio::test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
async fn only_the_time_of_the_envelope_is_changed() {
    let folder = recordings();
    let exchange = replay(&folder).await;
    let tickers = exchange.get(TICKERS).await;
    assert_eq!(tickers.header("x-market-data"), Some("replayed"));
    assert_eq!(
        tickers.body,
        at_now(&read(&folder, "bybit_v5_tickers_linear_all_"))
    );
    let instruments = exchange.get(INSTRUMENTS).await;
    assert_eq!(
        instruments.body,
        at_now(&read(&folder, "bybit_v5_instruments_linear_all_"))
    );
}

#[tokio::test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
async fn the_market_totals_are_replayed_untouched() {
    let folder = recordings();
    let exchange = replay(&folder).await;
    assert_eq!(
        exchange.get(GLOBAL).await.body,
        read(&folder, "coingecko_global_2")
    );
    assert_eq!(
        exchange.get(DEFI).await.body,
        read(&folder, "coingecko_global_defi")
    );
}

#[tokio::test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
async fn recorded_instruments_can_be_paged() {
    let folder = recordings();
    let exchange = replay(&folder).await;
    let whole = exchange.instruments().await;
    let first = exchange
        .json("/v5/market/instruments-info?category=linear")
        .await;
    let cursor = text(&first["result"], "nextPageCursor");
    let rest = exchange
        .json(&format!(
            "/v5/market/instruments-info?category=linear&cursor={cursor}"
        ))
        .await;
    assert_eq!(text(&rest["result"], "nextPageCursor"), "");
    assert_eq!([list(&first), list(&rest)].concat(), whole);
}

#[tokio::test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
async fn a_recorded_row_can_be_asked_for_by_its_symbol() {
    let folder = recordings();
    let exchange = replay(&folder).await;
    let all = exchange.tickers().await;
    let one = list(&exchange.json(&format!("{TICKERS}&symbol=BTCUSDT")).await);
    assert_eq!(one, [find(&all, "BTCUSDT").clone()]);
}

#[tokio::test]
async fn what_was_not_recorded_is_missing_and_never_generated() {
    let folder = tempfile::tempdir().unwrap();
    record(
        folder.path(),
        "bybit_v5_tickers_linear_all_2026-01-01.json",
        &tickers_of("1"),
    );
    record(
        folder.path(),
        "bybit_v5_instruments_linear_all_2026-01-01.json",
        &json!({"result": {"list": []}, "time": 1}),
    );
    let exchange = replay(folder.path()).await;
    for path in [
        FEAR_GREED,
        GLOBAL,
        DEFI,
        "/v5/market/kline?category=linear&symbol=BTCUSDT&interval=5",
        "/v5/market/orderbook?category=linear&symbol=BTCUSDT",
        "/v5/market/recent-trade?category=linear&symbol=BTCUSDT",
        "/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=5min",
        "/v5/market/account-ratio?category=linear&symbol=BTCUSDT&period=5min",
        "/v5/market/funding/history?category=linear&symbol=BTCUSDT",
    ] {
        let answer = exchange.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.json()["status"], 404, "{path}");
    }
    let answer = exchange.get("/v5/public/linear").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.header("x-market-data"), Some("replayed"));
    assert!(String::from_utf8_lossy(&answer.body).contains("no recording of a stream"));
}

#[tokio::test]
async fn the_newest_of_several_recordings_is_replayed() {
    let folder = tempfile::tempdir().unwrap();
    record(
        folder.path(),
        "bybit_v5_tickers_linear_all_2026-01-02.json",
        &tickers_of("2"),
    );
    record(
        folder.path(),
        "bybit_v5_tickers_linear_all_2026-01-01.json",
        &tickers_of("1"),
    );
    record(
        folder.path(),
        "bybit_v5_instruments_linear_all_2026-01-01.json",
        &json!({"result": {"list": []}, "time": 1}),
    );
    let exchange = replay(folder.path()).await;
    assert_eq!(exchange.tickers().await[0]["lastPrice"], "2");
}

#[tokio::test]
async fn a_replay_without_recordings_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        replay: Some(folder.path().to_owned()),
        ..Config::default()
    };
    let error = simulator::start(config).await.unwrap_err().to_string();
    assert!(
        error.contains(&folder.path().display().to_string()) && error.contains("tickers"),
        "{error}"
    );
}

#[tokio::test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
async fn faults_apply_to_a_replay_too() {
    let folder = recordings();
    let exchange = replay(&folder).await;
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "few_rows", "rows": 3}))
        .await;
    assert_eq!(exchange.tickers().await.len(), 3);
    exchange
        .set_fault(
            "bybit-tickers",
            &json!({"kind": "clock_skew", "ms": -HOUR_MS}),
        )
        .await;
    assert_eq!(exchange.json(TICKERS).await["time"], NOW_MS - HOUR_MS);
}

fn tickers_of(price: &str) -> Value {
    json!({"retCode": 0, "result": {"list": [{"symbol": "BTCUSDT", "lastPrice": price}]}, "time": 1})
}

fn record(folder: &Path, name: &str, body: &Value) {
    fs::write(folder.join(name), body.to_string()).unwrap();
}
