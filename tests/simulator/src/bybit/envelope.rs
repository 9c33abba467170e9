//! The frame of Bybit's answers, and its refusals.

use crate::query::Query;
use crate::reply::Reply;

/// A parameter is wrong.
const BAD_PARAMETER: i64 = 10_001;

/// The envelope around every successful result.
pub(super) fn envelope(result: &str, stamp_ms: i64) -> String {
    // One allocation for the 600 kB of all tickers.
    let mut body = String::with_capacity(result.len() + 96);
    body.push_str(r#"{"retCode":0,"retMsg":"OK","result":"#);
    body.push_str(result);
    body.push_str(r#","retExtInfo":{},"time":"#);
    body.push_str(&stamp_ms.to_string());
    body.push('}');
    body
}

/// An error of the exchange, which comes with HTTP 200.
pub(super) fn refusal(message: &str, stamp_ms: i64) -> Reply {
    Reply::json(format!(
        r#"{{"retCode":{BAD_PARAMETER},"retMsg":"{message}","result":{{}},"retExtInfo":{{}},"time":{stamp_ms}}}"#
    ))
}

/// The only category that is simulated is `linear`.
pub(super) fn check_category(query: &Query) -> Result<(), &'static str> {
    match query.get("category") {
        Some("linear") => Ok(()),
        _ => Err("params error: Category is invalid"),
    }
}
