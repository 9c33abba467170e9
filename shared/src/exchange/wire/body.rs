//! A body as text, and text as JSON, with errors that keep their name.

use crate::exchange::{Detail, ParseError};
use serde::Deserialize;
use std::borrow::Cow;

/// Checks what can be told before parsing: something is there, and it is no web page.
///
/// Bytes that are no UTF-8 become U+FFFD, which no symbol and no number has, and so do control
/// characters, which JSON allows in no text: a bad byte costs the field it stands in and not the
/// whole answer. Checking once here lets serde_json borrow strings without checking each again.
pub(in crate::exchange) fn text(body: &[u8]) -> Result<Cow<'_, str>, ParseError> {
    let text = match String::from_utf8_lossy(body) {
        Cow::Borrowed(text) => without_controls(trimmed(text)),
        Cow::Owned(text) => Cow::Owned(without_controls(trimmed(&text)).into_owned()),
    };
    match text.as_bytes().first() {
        None => Err(ParseError::Empty),
        Some(b'<') => Err(ParseError::Html),
        // Nothing but an object or a list is an answer; what begins otherwise is no text at all, or
        // no answer.
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
    text.trim_start_matches('\u{feff}').trim()
}

/// The text with the control characters that JSON does not allow where they stand replaced.
fn without_controls(text: &str) -> Cow<'_, str> {
    if !has_controls(text.as_bytes()) || !has_foreign_controls(text) {
        return Cow::Borrowed(text);
    }
    let replaced = |c| match c {
        // Between values they mean nothing, and within a text a space is as good.
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
        let is_quote = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_in_string ^= is_quote;
        byte < b' ' && (is_in_string || !matches!(byte, b'\t' | b'\n' | b'\r'))
    })
}

/// Whether a byte is below a space. Eight at a time: a table has half a million of them, and hardly
/// ever one of these.
fn has_controls(bytes: &[u8]) -> bool {
    const SPACES: u64 = 0x2020_2020_2020_2020;
    const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = bytes.as_chunks::<8>();
    // The subtraction borrows into the high bit of a byte that is less than a space; a byte that
    // has it anyway is none.
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
