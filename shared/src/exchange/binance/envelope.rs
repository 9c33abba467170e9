//! Binance answers with bare rows, or with an object that says why not.

use crate::exchange::wire::{self, WireText};
use crate::exchange::{Detail, ParseError};
use serde::Deserialize;

#[derive(Deserialize)]
struct Refusal<'a> {
    code: Option<i64>,
    #[serde(borrow, default)]
    msg: WireText<'a>,
}

/// Opens an answer: its rows.
///
/// # Errors
/// Any [`ParseError`]; [`ParseError::Refused`] when there is an error in place of rows (its code may be 0),
/// [`ParseError::ListEmpty`] when there are none.
pub(super) fn open<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<Vec<T>, ParseError> {
    let text = wire::text(body)?;
    if text.starts_with('{') {
        return Err(refusal(&wire::json(text)?));
    }
    let rows: Option<Vec<T>> = wire::json(text)?;
    match rows {
        None => Err(ParseError::ResultMissing),
        Some(rows) if rows.is_empty() => Err(ParseError::ListEmpty),
        Some(rows) => Ok(rows),
    }
}

fn refusal(refusal: &Refusal<'_>) -> ParseError {
    match refusal.code {
        Some(code) => ParseError::Refused { code, message: Detail::new(refusal.msg.get()) },
        None => ParseError::Unusable { field: "code", value: Detail::new("nothing") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &Result<Vec<u8>, ParseError>) {
        assert_eq!(&open::<u8>(body.as_bytes()), expected, "for {body}");
    }

    #[test]
    fn rows_are_bare() {
        check(" [1,2]", &Ok(vec![1, 2]));
        check("[]", &Err(ParseError::ListEmpty));
        check("null", &Err(ParseError::ResultMissing));
    }

    #[test]
    fn an_object_in_place_of_rows_is_a_refusal() {
        let refused = |code, message| Err(ParseError::Refused { code, message: Detail::new(message) });
        check(r#"{"code":-1121,"msg":"Invalid symbol."}"#, &refused(-1_121, "Invalid symbol."));
        let restricted = "Service unavailable from a restricted location";
        check(&format!(r#"{{"code":0,"msg":"{restricted}"}}"#), &refused(0, restricted));
        check(r#"{"symbol":"BTCUSDT"}"#, &Err(ParseError::Unusable { field: "code", value: Detail::new("nothing") }));
    }

    #[test]
    fn a_body_cut_anywhere_is_an_error_and_never_data() {
        for whole in ["[1,2]", r#"{"code":-1121,"msg":"Invalid symbol."}"#] {
            for end in 1..whole.len() {
                assert_eq!(open::<u8>(&whole.as_bytes()[..end]), Err(ParseError::Truncated), "cut after {end} bytes");
            }
        }
    }
}
