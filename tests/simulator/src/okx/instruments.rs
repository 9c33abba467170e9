//! `GET /api/v5/public/instruments`. <https://www.okx.com/docs-v5/en/#public-data-rest-api-get-instruments>

use serde_json::{Value, json};

use super::envelope::{check_type, envelope};
use super::venue::{OKX, SUSPENDED, contract_value};
use crate::bybit::bucket;
use crate::elsewhere::Row;
use crate::market::Class;
use crate::query::Query;
use crate::reply::Reply;
use crate::source::{Moment, Source};

/// Swaps of coins that do not trade yet, each listed as the venue lists such: a name, a state, a
/// rule of trading.
const NOT_YET: [(&str, &str, &str); 2] = [
    ("OPALX", "preopen", "normal"),
    ("VANTIS", "live", "pre_market"),
];

pub(super) fn answer(source: &Source, query: &Query, moment: Moment) -> Reply {
    if let Err(refusal) = check_type(query) {
        return refusal;
    }
    let Source::Generated(generated) = source else {
        return Reply::not_recorded("/api/v5/public/instruments");
    };
    let mut rows = Vec::new();
    for row in OKX.rows(&generated.market, bucket(moment.data_ms)) {
        let state = if row.coin == SUSPENDED {
            "suspend"
        } else {
            "live"
        };
        let swap = Swap {
            coin: &row.coin,
            category: category(&row),
            state,
            price: row.last,
            ..Swap::ORDINARY
        };
        rows.push(swap.json());
        if row.coin == "BTC" || row.coin == "ETH" {
            rows.push(
                Swap {
                    quote: "USD",
                    settled_in: &row.coin,
                    ..swap
                }
                .json(),
            );
            rows.push(
                Swap {
                    quote: "USDC",
                    settled_in: "USDC",
                    ..swap
                }
                .json(),
            );
        }
    }
    rows.extend(NOT_YET.map(|(coin, state, rule)| {
        Swap {
            coin,
            state,
            rule,
            ..Swap::ORDINARY
        }
        .json()
    }));
    let rows: Vec<String> = rows.iter().map(Value::to_string).collect();
    envelope(&rows.join(","))
}

/// The category of the thing: crypto, shares, commodities, currencies.
fn category(row: &Row) -> &'static str {
    match row.class {
        Class::Coin | Class::Innovation => "1",
        Class::Stock => "3",
        Class::Commodity => "4",
        Class::Forex => "5",
    }
}

/// What tells one swap from another.
#[derive(Clone, Copy)]
struct Swap<'a> {
    coin: &'a str,
    quote: &'a str,
    settled_in: &'a str,
    category: &'a str,
    state: &'a str,
    rule: &'a str,
    price: f64,
}

impl Swap<'static> {
    /// A swap of a coin in USDT that trades.
    const ORDINARY: Self = Self {
        coin: "",
        quote: "USDT",
        settled_in: "USDT",
        category: "1",
        state: "live",
        rule: "normal",
        price: 1.0,
    };
}

impl Swap<'_> {
    /// The row. Numbers are strings, but not all values are. A swap that is settled in its own coin
    /// is inverse.
    fn json(&self) -> Value {
        let Self {
            coin,
            quote,
            settled_in,
            category,
            state,
            rule,
            price,
        } = *self;
        json!({
            "instType": "SWAP", "instId": format!("{coin}-{quote}-SWAP"), "uly": format!("{coin}-{quote}"),
            "instFamily": format!("{coin}-{quote}"), "groupId": "2", "category": "1", "baseCcy": "", "quoteCcy": "",
            "settleCcy": settled_in, "ctVal": contract_value(price).to_string(), "ctMult": "1", "ctValCcy": coin, "optType": "",
            "stk": "", "listTime": "1606468572000", "expTime": "", "lever": "50", "tickSz": "0.1", "lotSz": "0.1",
            "minSz": "0.1", "ctType": if settled_in == coin { "inverse" } else { "linear" }, "alias": "", "state": state,
            "ruleType": rule, "openType": "", "futureSettlement": false, "tradeQuoteCcyList": [], "instIdCode": null,
            "instCategory": category, "upcChg": []
        })
    }
}
