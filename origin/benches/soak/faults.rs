//! Faults of all kinds, one at a time, at times and of lengths that chance sets.

use serde_json::{Map, Value, json};

/// A fault that may be set.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// The part of the exchange that it breaks.
    pub(crate) link: &'static str,
    /// As the simulator's control takes it.
    pub(crate) order: Value,
    /// What it does to the ticker table, which is what the class of a body rests on.
    pub(crate) table: Table,
    /// The longest that it lasts, seconds.
    pub(crate) at_most_s: u64,
}

/// What becomes of the ticker table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    /// It comes, and counts.
    Comes,
    /// It may be refused or late, so that data ages.
    MayAge,
    /// It comes with the market of the moment at which the fault was set.
    StandsStill,
}

impl Fault {
    /// What it is called in the report.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.link, self.order)
    }
}

/// Long enough for every age that data can have.
const LONG_S: u64 = 400;

/// What all of a row says three times is believed, as it must be: nothing tells that it is a fault.
/// Two tables.
const NOT_YET_BELIEVED_S: u64 = 3;

/// All that can be set.
pub(crate) fn catalogue() -> Vec<Fault> {
    let mut all = Vec::new();
    let mut add = |link, table, at_most_s, orders: Vec<Value>| {
        all.extend(orders.into_iter().map(|order| Fault {
            link,
            order,
            table,
            at_most_s,
        }));
    };
    add("bybit-tickers", Table::MayAge, LONG_S, no_answers());
    add("bybit-tickers", Table::MayAge, LONG_S, no_tables());
    add("bybit-tickers", Table::Comes, LONG_S, odd_rows());
    add(
        "bybit-tickers",
        Table::Comes,
        LONG_S,
        rewritten(Some("BTCUSDT")),
    );
    add("bybit-tickers", Table::MayAge, LONG_S, rewritten(None));
    add(
        "bybit-tickers",
        Table::MayAge,
        NOT_YET_BELIEVED_S,
        vec![
            json!({ "kind": "scale_price", "symbol": "SOLUSDT", "factor": 10, "fields": "all" }),
            json!({ "kind": "scale_price", "symbol": "BTCUSDT", "factor": 10, "fields": "all" }),
            json!({ "kind": "scale_all", "factor": 10, "fields": "all" }),
        ],
    );
    add(
        "bybit-tickers",
        Table::StandsStill,
        LONG_S,
        vec![kind("frozen"), kind("still_rows")],
    );
    add("bybit-instruments", Table::Comes, LONG_S, no_answers());
    add(
        "bybit-instruments",
        Table::Comes,
        LONG_S,
        vec![
            json!({ "kind": "few_rows", "rows": 600 }),
            kind("empty_list"),
        ],
    );
    for link in ["coingecko-global", "coingecko-defi", "fear-greed"] {
        add(link, Table::Comes, LONG_S, no_answers());
        add(
            link,
            Table::Comes,
            LONG_S,
            vec![
                json!({ "kind": "clock_skew", "ms": 86_400_000 }),
                kind("null_result"),
            ],
        );
    }
    add(
        "coingecko-global",
        Table::Comes,
        LONG_S,
        vec![
            rewrite("updated_at", &json!({ "scale": 1_000.0 })),
            rewrite("total_market_cap.usd", &json!({ "scale": 1e7 })),
            rewrite("total_volume.usd", &json!({ "scale": 1e-7 })),
            rewrite("market_cap_percentage.btc", &json!({ "set": 0 })),
        ],
    );
    add(
        "coingecko-defi",
        Table::Comes,
        LONG_S,
        vec![rewrite("defi_market_cap", &json!({ "set": "9e15" }))],
    );
    add(
        "fear-greed",
        Table::Comes,
        LONG_S,
        vec![
            rewrite("value", &json!({ "set": "0" })),
            rewrite("value", &json!({ "set": "101" })),
            rewrite("timestamp", &json!({ "set": "1789070400000" })),
        ],
    );
    for link in [
        "bybit-klines",
        "bybit-orderbook",
        "bybit-trades",
        "bybit-open-interest",
        "bybit-account-ratio",
    ] {
        add(
            link,
            Table::Comes,
            LONG_S,
            vec![
                kind("empty_list"),
                kind("null_result"),
                kind("html_200"),
                kind("hang"),
            ],
        );
        add(
            link,
            Table::Comes,
            LONG_S,
            vec![json!({ "kind": "still_rows", "age_ms": 3_600_000 })],
        );
    }
    add(
        "bybit-klines",
        Table::Comes,
        LONG_S,
        vec![rewrite("close", &json!({ "scale": 1_000.0 }))],
    );
    all
}

fn no_answers() -> Vec<Value> {
    let mut orders: Vec<Value> = [
        "reset",
        "hang",
        "hang_body",
        "html_200",
        "truncate",
        "empty_body",
    ]
    .map(kind)
    .into();
    orders.extend([
        json!({ "kind": "status", "status": 500 }),
        json!({ "kind": "status_429", "retry_after_s": 7 }),
        json!({ "kind": "delay", "ms": 1_500 }),
        json!({ "kind": "truncate", "mode": "short_json" }),
    ]);
    orders
}

fn no_tables() -> Vec<Value> {
    let mut orders: Vec<Value> = [
        "empty_list",
        "null_result",
        "empty_result",
        "zero_prices",
        "nan_prices",
        "negative_prices",
        "null_prices",
    ]
    .map(kind)
    .into();
    orders.extend([
        json!({ "kind": "ret_code", "code": 10006, "message": "Too many visits!" }),
        json!({ "kind": "ret_code", "code": 10018, "message": "Exceeded the IP Rate Limit." }),
        json!({ "kind": "few_rows", "rows": 300 }),
        json!({ "kind": "scale_all", "factor": 10, "fields": "last" }),
        json!({ "kind": "clock_skew", "ms": 3_600_000 }),
        json!({ "kind": "clock_skew", "ms": -3_600_000 }),
    ]);
    orders
}

/// What one row or one field has to bear alone.
fn odd_rows() -> Vec<Value> {
    let mut orders: Vec<Value> = [
        "number_prices",
        "extra_fields",
        "placeholder_symbol",
        "duplicate_symbols",
    ]
    .map(kind)
    .into();
    orders.push(
        json!({ "kind": "scale_price", "symbol": "SOLUSDT", "factor": 10, "fields": "last" }),
    );
    orders.push(json!({ "kind": "zero_prices_of", "symbols": ["SOLUSDT"] }));
    orders
}

/// Each figure of a contract's row, or of all rows, made another.
fn rewritten(symbol: Option<&str>) -> Vec<Value> {
    let interest = ["singleOpenInterestValue", "openInterestValue"].as_slice();
    let prices = [
        "markPrice",
        "indexPrice",
        "prevPrice24h",
        "highPrice24h",
        "lowPrice24h",
    ];
    let others = ["price24hPcnt", "turnover24h", "fundingRate"];
    let alone = prices.iter().chain(&others).map(std::slice::from_ref);
    let mut orders = Vec::new();
    for fields in alone.chain([interest]) {
        for change in [
            json!({ "scale": 1e6 }),
            json!({ "scale": 1e-6 }),
            json!({ "set": "0" }),
            json!({ "set": "NaN" }),
            json!({ "set": {} }),
        ] {
            let fields: Map<String, Value> = fields
                .iter()
                .map(|field| ((*field).to_owned(), change.clone()))
                .collect();
            orders.push(json!({ "kind": "rewrite", "fields": fields, "of": { "symbol": symbol } }));
        }
    }
    orders
}

fn kind(kind: &str) -> Value {
    json!({ "kind": kind })
}

fn rewrite(field: &str, change: &Value) -> Value {
    json!({ "kind": "rewrite", "fields": { field: change } })
}

/// Chance that can be repeated (SplitMix64).
#[derive(Debug)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
