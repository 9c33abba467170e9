//! A body as text, and text as JSON, with errors that name the cause.
//!
//! A block page, a captive portal, a cut transfer and a bug of the venue all fail to parse.
//! Operators must tell them apart, so each has an error of its own.

use crate::exchange::{Detail, ParseError};
use serde::Deserialize;
use std::borrow::Cow;

/// Checks what is visible before parsing: the body is not empty and is no web page.
///
/// Bytes that are no UTF-8 become U+FFFD, which no symbol and no number contains, and so do control
/// characters, which JSON allows in no text. A bad byte then costs the field that contains it and
/// not the whole answer. One check here lets serde_json borrow strings without checking each again.
pub(in crate::exchange) fn text(body: &[u8]) -> Result<Cow<'_, str>, ParseError> {
    let text = match String::from_utf8_lossy(body) {
        Cow::Borrowed(text) => without_controls(trimmed(text)),
        Cow::Owned(text) => Cow::Owned(without_controls(trimmed(&text)).into_owned()),
    };
    match text.as_bytes().first() {
        None => Err(ParseError::Empty),
        Some(b'<') => Err(ParseError::Html),
        // Only an object or a list is an answer. A body that begins otherwise is checked for its
        // encoding, so that a compressed or binary body is reported as such and not as bad JSON.
        Some(b'{' | b'[') => Ok(text),
        Some(_) => match std::str::from_utf8(body) {
            Err(error) => Err(ParseError::NotUtf8 {
                valid_up_to: error.valid_up_to(),
            }),
            Ok(_) => Ok(text),
        },
    }
}

fn trimmed(text: &str) -> &str {
    // Some servers send a byte order mark, which JSON does not allow.
    text.trim_start_matches('\u{feff}').trim()
}

/// The text with the control characters that JSON does not allow where they stand replaced.
fn without_controls(text: &str) -> Cow<'_, str> {
    if !has_controls(text.as_bytes()) || !has_foreign_controls(text) {
        return Cow::Borrowed(text);
    }
    let replaced = |c| match c {
        // Between values they mean nothing, and within a text a space serves as well.
        '\t' | '\n' | '\r' => ' ',
        '\0'..'\u{20}' => char::REPLACEMENT_CHARACTER,
        other => other,
    };
    text.chars().map(replaced).collect()
}

/// Whether there are control characters within strings, or others than line ends and tabs.
fn has_foreign_controls(text: &str) -> bool {
    let (mut is_in_string, mut is_escaped) = (false, false);
    text.bytes().any(|byte| {
        // A byte scan is enough: every byte of a multi-byte UTF-8 character is above 0x7f, so none
        // is mistaken for a quote, a backslash or a control character.
        let is_quote = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_in_string ^= is_quote;
        byte < b' ' && (is_in_string || !matches!(byte, b'\t' | b'\n' | b'\r'))
    })
}

/// Whether any byte is below a space. Eight at a time, because a ticker table has half a million
/// bytes and hardly ever a control character.
fn has_controls(bytes: &[u8]) -> bool {
    const SPACES: u64 = 0x2020_2020_2020_2020;
    const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = bytes.as_chunks::<8>();
    // The subtraction sets the high bit of a byte that is less than a space; `!word` excludes bytes
    // that have it anyway. A borrow can also mark the byte above a match, which changes nothing:
    // the question is only whether there is a match.
    let has_in = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        word.wrapping_sub(SPACES) & !word & HIGH_BITS != 0
    };
    words.iter().any(has_in) || rest.iter().any(|byte| *byte < b' ')
}

/// Parses borrowed JSON.
pub(in crate::exchange) fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ParseError> {
    serde_json::from_str(text).map_err(|e| malformed(&e))
}

fn malformed(error: &serde_json::Error) -> ParseError {
    if error.is_eof() {
        ParseError::Truncated
    } else {
        ParseError::Malformed(Detail::new(&error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_is_no_utf8_costs_the_text_it_stands_in() {
        assert_eq!(
            text(b"{\"a\":\"\xff\"}").as_deref(),
            Ok("{\"a\":\"\u{fffd}\"}")
        );
        assert_eq!(
            text(b"{\"a\":\"\x01\n\"}").as_deref(),
            Ok("{\"a\":\"\u{fffd} \"}")
        );
        assert_eq!(
            text(b"{\"\\\"\n\":\t1}").as_deref(),
            Ok("{\"\\\" \": 1}"),
            "the string goes on after an escaped quote"
        );
        for borrowed in ["{\"a\":1}", "{\n\t\"a\": \"\\\"\",\r\n \"b\": 1}"] {
            let sent = format!(" {borrowed} ");
            assert!(
                matches!(text(sent.as_bytes()), Ok(Cow::Borrowed(text)) if text == borrowed),
                "{borrowed}"
            );
        }
    }

    #[test]
    fn a_control_character_is_found_wherever_it_stands() {
        for length in 0..20 {
            assert!(
                !has_controls(&vec![b' '; length]) && !has_controls(&vec![0xff; length]),
                "{length}"
            );
            for place in 0..length {
                for control in [0, 0x1f] {
                    let mut bytes = vec![0x80; length];
                    bytes[place] = control;
                    assert!(has_controls(&bytes), "{control} at {place} of {length}");
                }
            }
        }
    }

    #[test]
    fn a_body_that_is_no_json_is_named_before_it_is_parsed() {
        assert_eq!(text(b""), Err(ParseError::Empty));
        assert_eq!(text(b" \r\n "), Err(ParseError::Empty));
        assert_eq!(text(b"\n<!DOCTYPE HTML><html>"), Err(ParseError::Html));
        assert_eq!(
            text(b"\x1f\x8b\x08"),
            Err(ParseError::NotUtf8 { valid_up_to: 1 })
        );
    }
}
