//! Binance has no envelope: an answer is a bare array of rows, or an object that states the error.
//!
//! The first character distinguishes the two, so a refusal is recognised whatever its status.

use crate::exchange::wire::{self, Row, WireNumber, WireText};
use crate::exchange::{Detail, ParseError};
use serde::Deserialize;

#[derive(Deserialize)]
struct Refusal<'a> {
    #[serde(default)]
    code: WireNumber,
    #[serde(borrow, default)]
    msg: WireText<'a>,
}

/// Opens an answer that [`wire::text`] gave: its rows.
///
/// # Errors
/// Any [`ParseError`]; [`ParseError::Refused`] when there is an error in place of rows (its code
/// may be 0), [`ParseError::ListEmpty`] when there are none.
pub(super) fn open<'a, T: Deserialize<'a>>(text: &'a str) -> Result<Vec<Row<T>>, ParseError> {
    if text.starts_with('{') {
        return Err(refusal(&wire::object(text)?));
    }
    if text == "null" {
        return Err(ParseError::ResultMissing);
    }
    let rows = wire::rows(text)?;
    if rows.is_empty() {
        Err(ParseError::ListEmpty)
    } else {
        Ok(rows)
    }
}

fn refusal(refusal: &Refusal<'_>) -> ParseError {
    match refusal.code.value() {
        // The code may be 0, in the refusal of a region.
        Some(code) if code.fract() == 0.0 => ParseError::Refused {
            code: code as i64,
            message: Detail::new(refusal.msg.get()),
        },
        _ => ParseError::Unusable {
            field: "code",
            value: refusal.code.quoted(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Cell {
        a: u8,
    }

    #[track_caller]
    fn check(body: &str, expected: &Result<Vec<u8>, ParseError>) {
        let found = wire::text(body.as_bytes()).and_then(|text| {
            let rows = open::<Cell>(&text)?;
            Ok(rows
                .into_iter()
                .map(|row| row.unwrap().a)
                .collect::<Vec<u8>>())
        });
        assert_eq!(&found, expected, "for {body}");
    }

    #[test]
    fn rows_are_bare() {
        check(r#" [{"a":1},{"a":2}]"#, &Ok(vec![1, 2]));
        check("[]", &Err(ParseError::ListEmpty));
        check("null", &Err(ParseError::ResultMissing));
    }

    #[test]
    fn an_object_in_place_of_rows_is_a_refusal() {
        let refused = |code, message| {
            Err(ParseError::Refused {
                code,
                message: Detail::new(message),
            })
        };
        check(
            r#"{"code":-1121,"msg":"Invalid symbol."}"#,
            &refused(-1_121, "Invalid symbol."),
        );
        let restricted = "Service unavailable from a restricted location";
        check(
            &format!(r#"{{"code":0,"msg":"{restricted}"}}"#),
            &refused(0, restricted),
        );
        check(
            r#"{"symbol":"BTCUSDT"}"#,
            &Err(ParseError::Unusable {
                field: "code",
                value: Detail::new("nothing"),
            }),
        );
    }

    #[test]
    fn a_body_cut_anywhere_is_an_error_and_never_data() {
        for whole in [
            r#"[{"a":1},{"a":2}]"#,
            r#"{"code":-1121,"msg":"Invalid symbol."}"#,
        ] {
            for end in 1..whole.len() {
                assert_eq!(
                    open::<Cell>(whole.get(..end).unwrap()),
                    Err(ParseError::Truncated),
                    "cut after {end} bytes"
                );
            }
        }
    }
}
