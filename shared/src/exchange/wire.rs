//! What every parser needs: a body as text, numbers that may be strings, rows of which some may be
//! odd, errors that keep their name.

mod object;
mod rows;

use super::{Detail, ParseError};
use crate::market::RowRefusal;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use std::borrow::Cow;
use std::fmt;

pub(super) use object::Object;
pub(super) use rows::{Row, object, row, rows};

/// Checks what can be told before parsing: something is there, and it is no web page.
///
/// Bytes that are no UTF-8 become U+FFFD, which no symbol and no number has, and so do control
/// characters, which JSON allows in no text: a bad byte costs the field it stands in and not the
/// whole answer. Checking once here lets serde_json borrow strings without checking each again.
pub(super) fn text(body: &[u8]) -> Result<Cow<'_, str>, ParseError> {
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
pub(super) fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ParseError> {
    serde_json::from_str(text).map_err(|e| malformed(&e))
}

fn malformed(error: &serde_json::Error) -> ParseError {
    if error.is_eof() {
        ParseError::Truncated
    } else {
        ParseError::Malformed(Detail::new(&error.to_string()))
    }
}

/// A number as venues send it: a string, a bare number, `""`, `null`, nothing at all, or rubbish.
///
/// Rubbish is kept as text so that the refusal can quote it; one bad field never makes the rest of
/// a body unreadable.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum WireNumber {
    /// Not sent, `null` or `""`.
    #[default]
    Absent,
    /// A finite number.
    Value(f64),
    /// Anything else.
    Unusable(String),
}

impl WireNumber {
    /// The number, if one was sent that can be used.
    pub(super) fn value(&self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(*value),
            Self::Absent | Self::Unusable(_) => None,
        }
    }

    /// The number through a checked type, or nothing.
    pub(super) fn checked<T: TryFrom<f64>>(&self) -> Option<T> {
        self.value().and_then(|value| T::try_from(value).ok())
    }

    /// Whether it is no number but the word `true`, bare or as a text.
    pub(super) fn is_true(&self) -> bool {
        matches!(self, Self::Unusable(text) if text.eq_ignore_ascii_case("true"))
    }

    /// What was sent, for a message.
    pub(super) fn quoted(&self) -> Detail {
        match self {
            Self::Absent => Detail::new("nothing"),
            Self::Value(value) => Detail::new(&value.to_string()),
            Self::Unusable(text) => Detail::new(text),
        }
    }

    fn from_text(text: &str) -> Self {
        if text.is_empty() {
            return Self::Absent;
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Self::Value(value),
            _ => Self::Unusable(text.chars().take(32).collect()),
        }
    }
}

impl<'de> Deserialize<'de> for WireNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;

        impl<'de> Visitor<'de> for NumberVisitor {
            type Value = WireNumber;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a number in a string, or null")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<WireNumber, E> {
                Ok(WireNumber::from_text(text))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<WireNumber, E> {
                Ok(WireNumber::Value(value))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<WireNumber, E> {
                Ok(WireNumber::Value(value as f64))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<WireNumber, E> {
                Ok(WireNumber::Value(value as f64))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<WireNumber, E> {
                Ok(WireNumber::Unusable(value.to_string()))
            }

            fn visit_unit<E: de::Error>(self) -> Result<WireNumber, E> {
                Ok(WireNumber::Absent)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<WireNumber, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(WireNumber::Unusable("[…]".to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WireNumber, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(WireNumber::Unusable("{…}".to_owned()))
            }
        }

        deserializer.deserialize_any(NumberVisitor)
    }
}

/// A number that every row must have, through a checked type.
pub(super) fn required<T: TryFrom<f64>>(
    field: &'static str,
    number: &WireNumber,
) -> Result<T, RowRefusal> {
    if *number == WireNumber::Absent {
        return Err(RowRefusal::Missing { field });
    }
    number.checked().ok_or_else(|| RowRefusal::Unusable {
        field,
        value: number.quoted().to_string(),
    })
}

/// A text, or nothing where something else or nothing was sent: one such field must not make a
/// whole body unreadable.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct WireText<'a>(Option<Cow<'a, str>>);

impl<'a> WireText<'a> {
    /// The text, if one was sent.
    pub(super) fn sent(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The text; empty when none was sent.
    pub(super) fn get(&self) -> &str {
        self.sent().unwrap_or_default()
    }

    /// The text, borrowed where it can be; empty when none was sent.
    pub(super) fn into_inner(self) -> Cow<'a, str> {
        self.0.unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for WireText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = WireText<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<WireText<'de>, E> {
                Ok(WireText(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<WireText<'de>, E> {
                Ok(WireText(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<WireText<'de>, E> {
                Ok(WireText::default())
            }

            fn visit_u64<E: de::Error>(self, _: u64) -> Result<WireText<'de>, E> {
                Ok(WireText::default())
            }

            fn visit_i64<E: de::Error>(self, _: i64) -> Result<WireText<'de>, E> {
                Ok(WireText::default())
            }

            fn visit_bool<E: de::Error>(self, _: bool) -> Result<WireText<'de>, E> {
                Ok(WireText::default())
            }

            fn visit_unit<E: de::Error>(self) -> Result<WireText<'de>, E> {
                Ok(WireText::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<WireText<'de>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(WireText::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WireText<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(WireText::default())
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &WireNumber) {
        assert_eq!(
            serde_json::from_str::<WireNumber>(json).as_ref().ok(),
            Some(expected),
            "for {json}"
        );
    }

    #[test]
    fn numbers_come_as_strings_or_bare() {
        check("\"65000.5\"", &WireNumber::Value(65_000.5));
        check("65000.5", &WireNumber::Value(65_000.5));
        check("-3", &WireNumber::Value(-3.0));
        check("7", &WireNumber::Value(7.0));
    }

    #[test]
    fn nothing_sent_is_absent_and_not_zero() {
        for json in ["\"\"", "null"] {
            check(json, &WireNumber::Absent);
        }
    }

    #[test]
    fn rubbish_is_kept_to_be_quoted() {
        for text in [
            "NaN",
            "inf",
            "-Infinity",
            "1e999",
            "0x10",
            "1,000",
            "abc",
            " 1",
        ] {
            check(
                &format!("\"{text}\""),
                &WireNumber::Unusable(text.to_owned()),
            );
        }
        check("[1,[2]]", &WireNumber::Unusable("[…]".to_owned()));
        check("{\"a\":{\"b\":1}}", &WireNumber::Unusable("{…}".to_owned()));
        check("true", &WireNumber::Unusable("true".to_owned()));
    }

    #[test]
    fn a_text_is_borrowed_and_anything_else_is_nothing() {
        assert!(matches!(
            serde_json::from_str("\"BTCUSDT\""),
            Ok(WireText(Some(Cow::Borrowed("BTCUSDT"))))
        ));
        assert_eq!(
            serde_json::from_str::<WireText<'_>>("\"a\\u0062\"")
                .unwrap()
                .get(),
            "ab"
        );
        for json in ["null", "7", "-7", "7.5", "true", "[1,[2]]", "{\"a\":1}"] {
            assert_eq!(
                serde_json::from_str::<WireText<'_>>(json).unwrap().sent(),
                None,
                "for {json}"
            );
        }
    }

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
