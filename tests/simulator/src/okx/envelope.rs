//! The frame of OKX' answers, and its refusals.

use axum::http::StatusCode;

use crate::query::Query;
use crate::reply::Reply;

/// The envelope around every successful answer. It has no time.
pub(super) fn envelope(rows: &str) -> Reply {
    Reply::json(format!(r#"{{"code":"0","msg":"","data":[{rows}]}}"#))
}

/// The only type of instruments that is simulated is `SWAP`.
pub(super) fn check_type(query: &Query) -> Result<(), Reply> {
    let refusal = |code: i64, message: &str| Reply {
        status: StatusCode::BAD_REQUEST,
        ..Reply::json(format!(
            r#"{{"code":"{code}","msg":"{message}","data":[]}}"#
        ))
    };
    match query.get("instType") {
        Some("SWAP") => Ok(()),
        None => Err(refusal(50_014, "Parameter instType can not be empty.")),
        Some(_) => Err(refusal(51_000, "Parameter instType error")),
    }
}
