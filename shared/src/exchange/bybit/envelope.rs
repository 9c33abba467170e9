//! The envelope around every Bybit answer: `retCode`, `retMsg`, `result`, `time`.
//!
//! Business errors come with HTTP 200, so the code is read before the result. The result stays raw,
//! because its shape depends on the endpoint.

use crate::exchange::wire::{self, WireNumber, WireText};
use crate::exchange::{Detail, ParseError};
use crate::units::UnixMs;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(default)]
    ret_code: WireNumber,
    #[serde(borrow, default)]
    ret_msg: WireText<'a>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    time: WireNumber,
}

/// Opens the envelope of [`wire::text`]: the result as raw JSON, and the server's time.
///
/// # Errors
/// Any [`ParseError`]; [`ParseError::Refused`] when `retCode` is not 0,
/// [`ParseError::ResultMissing`] when it is and the result is absent, `null` or `{}`.
pub(super) fn open(text: &str) -> Result<(&str, UnixMs), ParseError> {
    let envelope: Envelope<'_> = wire::object(text)?;
    match envelope.ret_code.value() {
        Some(0.0) => {}
        // A code that is no whole number, or missing, is not the venue's own envelope.
        Some(code) if code.fract() == 0.0 => {
            return Err(ParseError::Refused {
                code: code as i64,
                message: Detail::new(envelope.ret_msg.get()),
            });
        }
        _ => {
            return Err(ParseError::Unusable {
                field: "retCode",
                value: envelope.ret_code.quoted(),
            });
        }
    }
    let result = envelope.result.map_or("", RawValue::get).trim();
    if is_nothing(result) {
        return Err(ParseError::ResultMissing);
    }
    match envelope.time.value() {
        Some(millis) if millis >= 1.0 => Ok((result, UnixMs::from_millis(millis as u64))),
        _ => Err(ParseError::Unusable {
            field: "time",
            value: envelope.time.quoted(),
        }),
    }
}

/// Whether a raw result is `null`, an empty object, or was not sent. Bybit sends `{}` beside a code
/// of 0 when it has nothing.
fn is_nothing(result: &str) -> bool {
    let empty_object = result
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|inside| inside.trim().is_empty());
    result.is_empty() || result == "null" || empty_object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &Result<(&str, u64), ParseError>) {
        let found = open(body).map(|(result, time)| (result, time.as_millis()));
        assert_eq!(&found, expected, "for {body}");
    }

    #[test]
    fn a_good_envelope_gives_result_and_time() {
        check(
            r#"{"retCode":0,"retMsg":"","result":{"list":[1]},"time":1692163167245}"#,
            &Ok((r#"{"list":[1]}"#, 1_692_163_167_245)),
        );
    }

    #[test]
    fn the_code_is_read_before_the_result() {
        check(
            r#"{"retCode":10006,"retMsg":"Too many visits!","result":{},"time":1}"#,
            &Err(ParseError::Refused {
                code: 10_006,
                message: Detail::new("Too many visits!"),
            }),
        );
        check(
            r#"{"retCode":10001,"result":null}"#,
            &Err(ParseError::Refused {
                code: 10_001,
                message: Detail::new(""),
            }),
        );
    }

    #[test]
    fn success_without_a_result_is_named() {
        for result in ["null", "{}", "{ }"] {
            check(
                &format!(r#"{{"retCode":0,"result":{result},"time":1}}"#),
                &Err(ParseError::ResultMissing),
            );
        }
        check(r#"{"retCode":0,"time":1}"#, &Err(ParseError::ResultMissing));
    }

    #[test]
    fn an_envelope_without_code_or_time_is_named() {
        check(
            "{}",
            &Err(ParseError::Unusable {
                field: "retCode",
                value: Detail::new("nothing"),
            }),
        );
        check(
            r#"{"retCode":0,"result":{"list":[]},"time":"soon"}"#,
            &Err(ParseError::Unusable {
                field: "time",
                value: Detail::new("soon"),
            }),
        );
        check(
            r#"{"retCode":0,"result":{"list":[]}}"#,
            &Err(ParseError::Unusable {
                field: "time",
                value: Detail::new("nothing"),
            }),
        );
    }

    #[test]
    fn a_body_cut_anywhere_is_an_error_and_never_data() {
        let whole = r#"{"retCode":0,"retMsg":"OK","result":{"list":[{"symbol":"BTCUSDT"}]},"time":1692163167245}"#;
        for end in 1..whole.len() {
            assert_eq!(
                open(whole.get(..end).unwrap()),
                Err(ParseError::Truncated),
                "cut after {end} bytes"
            );
        }
    }
}
