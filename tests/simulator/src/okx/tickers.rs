//! `GET /api/v5/market/tickers`. <https://www.okx.com/docs-v5/en/#order-book-trading-market-data-get-tickers>

use std::fmt::Write;

use super::envelope::{check_type, envelope};
use super::venue::{OKX, SUSPENDED, contract_value};
use crate::bybit::bucket;
use crate::clock::DAY_MS;
use crate::elsewhere::Row;
use crate::query::Query;
use crate::reply::Reply;
use crate::source::{Moment, Source};

/// Coins that are traded against other coins as well.
const IN_OTHER_COINS: [&str; 2] = ["BTC", "ETH"];

pub(super) fn answer(source: &Source, query: &Query, moment: Moment) -> Reply {
    if let Err(refusal) = check_type(query) {
        return refusal;
    }
    let Source::Generated(generated) = source else {
        return Reply::not_recorded("/api/v5/market/tickers");
    };
    let mut out = String::new();
    for row in OKX.rows(&generated.market, bucket(moment.data_ms)) {
        push(&mut out, &row, "USDT-SWAP", moment.stamp_ms);
        if IN_OTHER_COINS.contains(&row.coin.as_str()) {
            push(&mut out, &row, "USD-SWAP", moment.stamp_ms);
            push(&mut out, &row, "USDC-SWAP", moment.stamp_ms);
        }
    }
    envelope(&out)
}

/// One row; every value is a string.
fn push(out: &mut String, row: &Row, suffix: &str, stamp_ms: i64) {
    let decimals = row.decimals;
    let contracts = row.volume / contract_value(row.last);
    let quiet_ms = if row.coin == SUSPENDED {
        DAY_MS
    } else {
        row.quiet_ms
    };
    let separator = if out.is_empty() { "" } else { "," };
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        concat!(
            r#"{}{{"instType":"SWAP","instId":"{}-{}","last":"{:.*}","lastSz":"1","askPx":"{:.*}","askSz":"11","bidPx":"{:.*}","bidSz":"5","#,
            r#""open24h":"{:.*}","high24h":"{:.*}","low24h":"{:.*}","volCcy24h":"{:.4}","vol24h":"{:.2}","sodUtc0":"{:.*}","sodUtc8":"{:.*}","ts":"{}"}}"#
        ),
        separator,
        row.coin,
        suffix,
        decimals,
        row.last,
        decimals,
        row.last,
        decimals,
        row.last * 0.9999,
        decimals,
        row.open,
        decimals,
        row.high,
        decimals,
        row.low,
        row.volume,
        contracts,
        decimals,
        row.open,
        decimals,
        row.open,
        stamp_ms - quiet_ms
    );
}
