//! What must hold of whatever bytes come in, written once: the fuzz targets beside it ask it of
//! millions of bodies with a nightly compiler, `shared/tests/integration/hostile.rs` of a few
//! thousand with every run of the tests.
//!
//! A property returns whether the bytes were taken for data, and panics where something impossible
//! was.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a panic is how a property says that it does not hold"
)]

pub mod door;
pub mod lists;
pub mod mutate;
pub mod publishers;
pub mod seeds;
pub mod streams;
pub mod tables;
pub mod text;

#[path = "../../tests/integration/support/json.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod json;

/// One way in for foreign bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of the fuzz target, and of the folder of its seeds.
    pub name: &'static str,
    /// What must hold of every input.
    pub property: fn(&[u8]) -> bool,
    /// Inputs as they really come: all of them are data.
    pub seeds: &'static [&'static [u8]],
}

/// The target of a property, with the files of its folder of seeds.
macro_rules! target {
    ($name:literal, $property:path, [$($file:literal),+]) => {
        Target {
            name: $name,
            property: $property,
            seeds: &[$(include_bytes!(concat!("../seeds/", $name, "/", $file))),+],
        }
    };
}

/// Every way in.
pub const TARGETS: [Target; 21] = [
    target!("bybit_tickers", tables::tickers, ["few.json", "many.json"]),
    target!("bybit_instruments", tables::instruments, ["page.json"]),
    target!("bybit_klines", lists::klines, ["five_minutes.json"]),
    target!("bybit_orderbook", lists::orderbook, ["book.json"]),
    target!("bybit_trades", lists::trades, ["trades.json"]),
    target!("bybit_stream", streams::session, ["session.txt"]),
    target!(
        "bybit_open_interest",
        lists::open_interest,
        ["five_minutes.json"]
    ),
    target!(
        "bybit_account_ratio",
        lists::account_ratio,
        ["five_minutes.json"]
    ),
    target!(
        "bybit_funding_history",
        lists::funding_history,
        ["fundings.json"]
    ),
    target!("okx_tickers", tables::okx_tickers, ["swaps.json"]),
    target!("okx_instruments", tables::okx_instruments, ["swaps.json"]),
    target!("binance_tickers", tables::binance_tickers, ["pairs.json"]),
    target!("coingecko_global", publishers::global, ["global.json"]),
    target!("coingecko_defi", publishers::defi, ["defi.json"]),
    target!("fear_greed", publishers::fear_greed, ["index.json"]),
    target!(
        "snapshot",
        door::snapshot,
        ["analysed.json", "tickers_alone.json"]
    ),
    target!("alert_state", door::alert_state, ["state.json"]),
    target!(
        "headers",
        text::headers,
        [
            "bearer.txt",
            "cache_status.txt",
            "codings.txt",
            "etags.txt",
            "feed.txt",
            "names.txt",
            "secrets.txt",
            "source.txt"
        ]
    ),
    target!("path", text::path, ["dots.txt", "plain.txt", "symbol.txt"]),
    target!("query", text::query, ["limit.txt", "timeframe.txt"]),
    target!(
        "symbol",
        text::symbol,
        ["bitcoin.txt", "dated.txt", "letters.txt"]
    ),
];
