//! Numbers that may be strings, absent or rubbish.
//!
//! Venues send numbers as strings to keep their decimals, and use `""` for "none". Absent and
//! unusable are kept apart: the first is ordinary, the second is reported.

use crate::exchange::Detail;
use crate::market::RowRefusal;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use std::fmt;

/// A number as venues send it: a string, a bare number, `""`, `null`, nothing at all, or rubbish.
///
/// Rubbish is kept as text so that the refusal can quote it; one bad field never makes the rest of
/// a body unreadable.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::exchange) enum WireNumber {
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
    pub(in crate::exchange) fn value(&self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(*value),
            Self::Absent | Self::Unusable(_) => None,
        }
    }

    /// The number through a checked type, or nothing.
    pub(in crate::exchange) fn checked<T: TryFrom<f64>>(&self) -> Option<T> {
        self.value().and_then(|value| T::try_from(value).ok())
    }

    /// Whether it is the word `true`, bare or as a text. Bybit's `isPreListing` is a bare boolean.
    pub(in crate::exchange) fn is_true(&self) -> bool {
        matches!(self, Self::Unusable(text) if text.eq_ignore_ascii_case("true"))
    }

    /// What was sent, for a message.
    pub(in crate::exchange) fn quoted(&self) -> Detail {
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
        // Rust parses "NaN" and "inf" as numbers.
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
                // serde fails unless the array is consumed, and the error would cost the whole
                // body.
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
pub(in crate::exchange) fn required<T: TryFrom<f64>>(
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
}
