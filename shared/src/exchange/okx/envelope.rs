//! The envelope around every OKX answer: `code`, `msg`, `data`.
//!
//! It has no time, so the age of an answer comes from its rows ([`crate::exchange::dated_rows`]).
//! Refusals come with any HTTP status, so the code is read first.

use crate::exchange::wire::{self, Row, WireNumber, WireText};
use crate::exchange::{Detail, ParseError};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Envelope<'a> {
    /// A number in a string, `"0"` for success; bare in some refusals.
    #[serde(default)]
    code: WireNumber,
    #[serde(borrow, default)]
    msg: WireText<'a>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// Opens the envelope of [`wire::text`]: the rows.
///
/// # Errors
/// Any [`ParseError`]; [`ParseError::Refused`] when `code` is not 0, [`ParseError::ResultMissing`]
/// when it is and there is no data, [`ParseError::ListEmpty`] when there are no rows.
pub(super) fn open<'a, T: Deserialize<'a>>(text: &'a str) -> Result<Vec<Row<T>>, ParseError> {
    let envelope: Envelope<'a> = wire::object(text)?;
    match envelope.code.value() {
        Some(0.0) => {}
        Some(code) if code.fract() == 0.0 => {
            return Err(ParseError::Refused {
                code: code as i64,
                message: Detail::new(envelope.msg.get()),
            });
        }
        _ => {
            return Err(ParseError::Unusable {
                field: "code",
                value: envelope.code.quoted(),
            });
        }
    }
    // A missing `data` and a `null` mean the same.
    let data = envelope.data.map_or("null", RawValue::get);
    if data == "null" {
        return Err(ParseError::ResultMissing);
    }
    let rows = wire::rows(data)?;
    if rows.is_empty() {
        Err(ParseError::ListEmpty)
    } else {
        Ok(rows)
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
        let found = open::<Cell>(body).map(|rows| {
            rows.into_iter()
                .map(|row| row.unwrap().a)
                .collect::<Vec<u8>>()
        });
        assert_eq!(&found, expected, "for {body}");
    }

    fn refused(code: i64, message: &str) -> Result<Vec<u8>, ParseError> {
        Err(ParseError::Refused {
            code,
            message: Detail::new(message),
        })
    }

    #[test]
    fn a_good_envelope_gives_its_rows() {
        check(
            r#"{"code":"0","msg":"","data":[{"a":1},{"a":2}]}"#,
            &Ok(vec![1, 2]),
        );
        check(
            r#"{"code":0,"data":[{"a":1}],"aNewField":{}}"#,
            &Ok(vec![1]),
        );
    }

    #[test]
    fn the_code_is_read_before_the_rows() {
        check(
            r#"{"code":"51000","msg":"Parameter instType error","data":[]}"#,
            &refused(51_000, "Parameter instType error"),
        );
        check(
            r#"{"msg":"Too Many Requests","code":"50011"}"#,
            &refused(50_011, "Too Many Requests"),
        );
        check(
            r#"{"msg":"Requests too frequent.","code":50011}"#,
            &refused(50_011, "Requests too frequent."),
        );
        check(
            r#"{"code":"50001","msg":"Service temporarily unavailable.","data":{}}"#,
            &refused(50_001, "Service temporarily unavailable."),
        );
    }

    #[test]
    fn success_without_rows_is_named() {
        check(
            r#"{"code":"0","msg":"","data":[]}"#,
            &Err(ParseError::ListEmpty),
        );
        check(
            r#"{"code":"0","msg":"","data":null}"#,
            &Err(ParseError::ResultMissing),
        );
        check(r#"{"code":"0","msg":""}"#, &Err(ParseError::ResultMissing));
        assert!(matches!(
            open::<Cell>(r#"{"code":"0","data":{}}"#),
            Err(ParseError::Malformed(_))
        ));
    }

    #[test]
    fn an_envelope_without_a_code_is_named() {
        for (body, value) in [
            ("{}", "nothing"),
            (r#"{"code":"","data":[{"a":1}]}"#, "nothing"),
            (r#"{"code":"ok"}"#, "ok"),
            (r#"{"code":0.5}"#, "0.5"),
        ] {
            check(
                body,
                &Err(ParseError::Unusable {
                    field: "code",
                    value: Detail::new(value),
                }),
            );
        }
    }

    #[test]
    fn a_body_cut_anywhere_is_an_error_and_never_data() {
        let whole = r#"{"code":"0","msg":"","data":[{"a":1}]}"#;
        for end in 1..whole.len() {
            assert_eq!(
                open::<Cell>(whole.get(..end).unwrap()),
                Err(ParseError::Truncated),
                "cut after {end} bytes"
            );
        }
    }
}
