//! `GET /api/v3/ticker/24hr`. <https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints>

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::venue::BINANCE;
use crate::bybit::bucket;
use crate::clock::DAY_MS;
use crate::elsewhere::Row;
use crate::query::Query;
use crate::reply::Reply;
use crate::source::{Moment, Source};

/// Pairs of currencies and of coins that are pegged to the dollar, with price and turnover of a day
/// in USD.
const NOT_COINS: [(&str, f64, f64); 3] = [
    ("EURUSDT", 1.1412, 8.1e7),
    ("FDUSDUSDT", 0.9987, 6.2e9),
    ("USDCUSDT", 0.9998, 3.4e9),
];

pub(super) fn answer(source: &Source, query: &Query, moment: Moment) -> Reply {
    let is_long = match query.get("type") {
        None | Some("FULL") => true,
        Some("MINI") => false,
        Some(_) => return illegal("type", "^(FULL|MINI)$"),
    };
    let only_trading = match query.get("symbolStatus") {
        None => false,
        Some("TRADING") => true,
        Some(_) => return illegal("symbolStatus", "^(TRADING|HALT|BREAK)$"),
    };
    let Source::Generated(generated) = source else {
        return Reply::not_recorded("/api/v3/ticker/24hr");
    };
    let stamp_ms = moment.stamp_ms;
    let coins = BINANCE.rows(&generated.market, bucket(moment.data_ms));
    let mut rows: Vec<Value> = Vec::new();
    // USDC is among the coins too, with the little that is traded of it as a perpetual.
    for row in coins.iter().filter(|row| row.coin != "USDC") {
        rows.push(pair(&format!("{}USDT", row.coin), row, stamp_ms));
        if row.coin == "ETH" {
            rows.push(pair("ETHBTC", row, stamp_ms));
            rows.push(pair("ETHUSDC", row, stamp_ms));
        }
    }
    rows.extend(
        NOT_COINS.map(|(symbol, price, turnover)| not_a_coin(symbol, price, turnover, stamp_ms)),
    );
    if !only_trading {
        rows.push(dead("VENUSDT", "0.00000000", 0, stamp_ms - 900 * DAY_MS));
        rows.push(dead(
            "BCCUSDT",
            "402.00000000",
            7_370,
            stamp_ms - 700 * DAY_MS,
        ));
    }
    if !is_long {
        rows.iter_mut()
            .filter_map(Value::as_object_mut)
            .for_each(|row| row.retain(|name, _| !LONG_ONLY.contains(&&**name)));
    }
    Reply::json(Value::Array(rows).to_string())
}

/// What the short form does not tell.
const LONG_ONLY: [&str; 9] = [
    "priceChange",
    "priceChangePercent",
    "weightedAvgPrice",
    "prevClosePrice",
    "lastQty",
    "bidPrice",
    "bidQty",
    "askPrice",
    "askQty",
];

fn illegal(parameter: &str, range: &str) -> Reply {
    let message =
        format!("Illegal characters found in parameter '{parameter}'; legal range is '{range}'.");
    let body = json!({"code": -1_100, "msg": message});
    Reply {
        status: StatusCode::BAD_REQUEST,
        ..Reply::json(body.to_string())
    }
}

/// A pair in the long form: numbers are strings, times and counts are not.
fn pair(symbol: &str, row: &Row, stamp_ms: i64) -> Value {
    let close_ms = stamp_ms - row.quiet_ms;
    // As many decimals as the dearest and the cheapest coin need together.
    let price = |price: f64| format!("{:.*}", row.decimals.max(8), price);
    let count = (row.turnover / 700.0) as i64 + 1;
    json!({
        "symbol": symbol, "priceChange": price(row.last - row.open),
        "priceChangePercent": format!("{:.3}", (row.last / row.open - 1.0) * 100.0),
        "weightedAvgPrice": price(row.turnover / row.volume.max(1e-9)), "prevClosePrice": price(row.open),
        "lastPrice": price(row.last), "lastQty": "1.00000000", "bidPrice": price(row.last * 0.9999), "bidQty": "5.00000000",
        "askPrice": price(row.last), "askQty": "7.00000000", "openPrice": price(row.open), "highPrice": price(row.high),
        "lowPrice": price(row.low), "volume": format!("{:.8}", row.volume), "quoteVolume": format!("{:.8}", row.turnover),
        "openTime": close_ms - DAY_MS, "closeTime": close_ms, "firstId": 28_385, "lastId": 28_385 + count - 1, "count": count
    })
}

fn not_a_coin(symbol: &str, price: f64, turnover: f64, stamp_ms: i64) -> Value {
    let row = Row {
        coin: String::new(),
        class: crate::market::Class::Forex,
        last: price,
        open: price * 1.0002,
        high: price * 1.0006,
        low: price * 0.9994,
        decimals: 4,
        volume: turnover / price,
        turnover,
        quiet_ms: 0,
    };
    pair(symbol, &row, stamp_ms)
}

/// A pair that no longer trades: some have zeros, some their last prices.
fn dead(symbol: &str, price: &str, count: i64, close_ms: i64) -> Value {
    let traded = if count == 0 {
        "0.00000000"
    } else {
        "99999999.00000000"
    };
    json!({
        "symbol": symbol, "priceChange": "0.00000000", "priceChangePercent": "0.000", "weightedAvgPrice": price,
        "prevClosePrice": price, "lastPrice": price, "lastQty": "0.00000000", "bidPrice": "0.00000000", "bidQty": "0.00000000",
        "askPrice": "0.00000000", "askQty": "0.00000000", "openPrice": price, "highPrice": price, "lowPrice": price,
        "volume": traded, "quoteVolume": traded, "openTime": close_ms - DAY_MS, "closeTime": close_ms, "firstId": -1,
        "lastId": -1, "count": count
    })
}
