//! `GET /api/v5/public/instruments`. <https://www.okx.com/docs-v5/en/#public-data-rest-api-get-instruments>

use serde_json::{Value, json};

use super::{OKX, SUSPENDED, check_type, contract_value, envelope};
use crate::simulator::bybit::bucket;
use crate::simulator::elsewhere::Row;
use crate::simulator::market::Class;
use crate::simulator::pipeline::Query;
use crate::simulator::reply::Reply;
use crate::simulator::source::{Moment, Source};

/// Swaps of coins that do not trade yet, each listed as the venue lists such: a name, a state, a rule of trading.
const NOT_YET: [(&str, &str, &str); 2] = [("OPALX", "preopen", "normal"), ("VANTIS", "live", "pre_market")];

pub(super) fn answer(source: &Source, query: &Query, moment: Moment) -> Reply {
    if let Err(refusal) = check_type(query) {
        return refusal;
    }
    let Source::Generated(generated) = source else {
        return Reply::not_recorded("/api/v5/public/instruments");
    };
    let mut rows = Vec::new();
    for row in OKX.rows(&generated.market, bucket(moment.data_ms)) {
        let state = if row.coin == SUSPENDED { "suspend" } else { "live" };
        rows.push(instrument(&row.coin, category(&row), state, "normal", row.last));
        if row.coin == "BTC" || row.coin == "ETH" {
            rows.push(derived(&row, "USD", &row.coin));
            rows.push(derived(&row, "USDC", "USDC"));
        }
    }
    rows.extend(NOT_YET.map(|(coin, state, rule)| instrument(coin, "1", state, rule, 1.0)));
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

/// A swap in USDT. Numbers are strings, but not all values are.
fn instrument(coin: &str, category: &str, state: &str, rule: &str, price: f64) -> Value {
    json!({
        "instType": "SWAP", "instId": format!("{coin}-USDT-SWAP"), "uly": format!("{coin}-USDT"),
        "instFamily": format!("{coin}-USDT"), "groupId": "2", "category": "1", "baseCcy": "", "quoteCcy": "",
        "settleCcy": "USDT", "ctVal": contract_value(price).to_string(), "ctMult": "1", "ctValCcy": coin, "optType": "",
        "stk": "", "listTime": "1606468572000", "expTime": "", "lever": "50", "tickSz": "0.1", "lotSz": "0.1",
        "minSz": "0.1", "ctType": "linear", "alias": "", "state": state, "ruleType": rule, "openType": "",
        "futureSettlement": false, "tradeQuoteCcyList": [], "instIdCode": null, "instCategory": category, "upcChg": []
    })
}

/// The same in another coin: inverse when it is settled in the coin itself.
fn derived(row: &Row, quote: &str, settled_in: &str) -> Value {
    let mut instrument = instrument(&row.coin, category(row), "live", "normal", row.last);
    instrument["instId"] = format!("{}-{quote}-SWAP", row.coin).into();
    instrument["settleCcy"] = settled_in.into();
    instrument["ctType"] = if settled_in == row.coin { "inverse" } else { "linear" }.into();
    instrument
}
