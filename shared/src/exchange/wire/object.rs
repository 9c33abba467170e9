//! A JSON object that is read field by field: a bad field costs that field alone.
//!
//! State: each field's raw text by name. A value is parsed when it is asked for, so a value of an
//! unexpected type fails there and not for the whole object.

use super::body::json;
use super::number::WireNumber;
use super::string::WireText;
use crate::exchange::ParseError;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// How much of an unreadable value is kept to be quoted.
const QUOTED_CHARS: usize = 32;

/// The fields of an object, still raw.
#[derive(Debug, Default)]
pub(in crate::exchange) struct Object<'a> {
    fields: BTreeMap<Cow<'a, str>, Field<'a>>,
    /// Whether a field's name is no text. It may be any field, so a reader of all fields must
    /// refuse.
    has_nameless: bool,
}

/// What was sent under a name.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    /// One value, however often.
    Sent(&'a RawValue),
    /// Sent more than once, with values that differ.
    Contradicted,
}

impl<'a> Object<'a> {
    /// Opens the text of a body.
    ///
    /// # Errors
    /// Any [`ParseError`] of a body that is no JSON object.
    pub(in crate::exchange) fn open(text: &'a str) -> Result<Self, ParseError> {
        json(text)
    }

    /// The object that `raw` holds, if it holds one.
    pub(in crate::exchange) fn read(raw: &'a RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok()
    }

    /// Whether a field was sent, whatever it holds.
    pub(in crate::exchange) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// The number of a field.
    pub(in crate::exchange) fn number(&self, name: &str) -> WireNumber {
        self.fields
            .get(name)
            .map_or(WireNumber::Absent, Field::number)
    }

    /// The text of a field, if it holds one.
    pub(in crate::exchange) fn text(&self, name: &str) -> Option<WireText<'a>> {
        serde_json::from_str(self.value(name)?.get()).ok()
    }

    /// The object of a field, if it holds one.
    pub(in crate::exchange) fn object(&self, name: &str) -> Option<Self> {
        Self::read(self.value(name)?)
    }

    /// The elements of a field, if it holds a list.
    pub(in crate::exchange) fn list(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(self.value(name)?.get()).ok()
    }

    /// A field's value, if there is one and only one.
    pub(in crate::exchange) fn value(&self, name: &str) -> Option<&'a RawValue> {
        match self.fields.get(name)? {
            Field::Sent(raw) if raw.get() != "null" => Some(raw),
            Field::Sent(_) | Field::Contradicted => None,
        }
    }

    /// Every field with its name; `None` when a name is no text.
    pub(super) fn into_fields(self) -> Option<impl Iterator<Item = (Cow<'a, str>, Field<'a>)>> {
        (!self.has_nameless).then(|| self.fields.into_iter())
    }

    /// The number of every field.
    pub(in crate::exchange) fn numbers(&self) -> impl Iterator<Item = WireNumber> {
        self.fields.values().map(Field::number)
    }
}

impl Field<'_> {
    fn number(&self) -> WireNumber {
        match self {
            // serde_json fails for a number out of range such as `1e999`. It is unusable like any
            // other.
            Self::Sent(raw) => serde_json::from_str(raw.get()).unwrap_or_else(|_| {
                WireNumber::Unusable(raw.get().chars().take(QUOTED_CHARS).collect())
            }),
            Self::Contradicted => WireNumber::Unusable("two different values".to_owned()),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut object = Object::default();
                while let Some((name, raw)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    object.has_nameless |= !name.is_text;
                    let field = object.fields.entry(name.name).or_insert(Field::Sent(raw));
                    // JSON allows a name twice and parsers differ in which value wins. Two equal
                    // values are one; two different ones cannot be told apart, so neither is used.
                    if !matches!(field, Field::Sent(first) if first.get() == raw.get()) {
                        *field = Field::Contradicted;
                    }
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

/// A field's name. A name that is no text never equals a name that is read.
struct Name<'a> {
    name: Cow<'a, str>,
    is_text: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_bytes<E: de::Error>(self, name: &'de [u8]) -> Result<Name<'de>, E> {
                Ok(Name {
                    name: String::from_utf8_lossy(name),
                    is_text: std::str::from_utf8(name).is_ok(),
                })
            }

            fn visit_bytes<E: de::Error>(self, name: &[u8]) -> Result<Name<'de>, E> {
                let is_text = std::str::from_utf8(name).is_ok();
                Ok(Name {
                    name: String::from_utf8_lossy(name).into_owned().into(),
                    is_text,
                })
            }
        }

        // Read as bytes, because serde_json refuses half of a surrogate pair where text is asked
        // for, and with it the whole object.
        deserializer.deserialize_bytes(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::super::body::text;
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &WireNumber) {
        let body = format!(r#"{{"before":1,{json},"after":2}}"#);
        let object = Object::open(&body).unwrap();
        assert_eq!(object.number("field"), *expected, "for {json}");
        let others = [object.number("before"), object.number("after")];
        assert_eq!(
            others,
            [WireNumber::Value(1.0), WireNumber::Value(2.0)],
            "for {json}"
        );
    }

    #[test]
    fn a_bad_field_costs_itself_alone() {
        let unusable = |text: &str| WireNumber::Unusable(text.to_owned());
        check(r#""field":"17111""#, &WireNumber::Value(17_111.0));
        check(r#""other":7"#, &WireNumber::Absent);
        check(r#""field":null"#, &WireNumber::Absent);
        check(r#""field":1e999"#, &unusable("1e999"));
        check(r#""field":"\ud800""#, &unusable(r#""\ud800""#));
        check(r#""field":[{"a":[]}]"#, &unusable("[…]"));
        check(r#""field":7,"field":7"#, &WireNumber::Value(7.0));
        check(r#""field":7,"field":8"#, &unusable("two different values"));
        check(
            r#""field":7,"field":8,"field":7"#,
            &unusable("two different values"),
        );
        check(r#""\ud800":7"#, &WireNumber::Absent);
    }

    #[test]
    fn a_bad_byte_spoils_the_field_in_which_it_stands() {
        let text = text(b"{\"a\":\"7\xff\",\"b\":\"\x01\",\"\xfe\":1,\"c\":3}").unwrap();
        let object = Object::open(&text).unwrap();
        assert_eq!(
            object.number("a"),
            WireNumber::Unusable("7\u{fffd}".to_owned())
        );
        assert_eq!(
            object.number("b"),
            WireNumber::Unusable("\u{fffd}".to_owned())
        );
        assert_eq!(object.number("c"), WireNumber::Value(3.0));
    }

    #[test]
    fn what_is_no_object_is_none() {
        assert!(matches!(Object::open("[1]"), Err(ParseError::Malformed(_))));
        assert!(matches!(Object::open("7"), Err(ParseError::Malformed(_))));
        assert!(matches!(
            Object::open("{\"a\":1"),
            Err(ParseError::Truncated)
        ));
        let object = Object::open(r#"{"a":[1,{"b":2}],"c":"d","e":null}"#).unwrap();
        assert!(
            object.object("a").is_none()
                && object.object("e").is_none()
                && object.list("c").is_none()
        );
        assert_eq!(object.list("a").map(|rows| rows.len()), Some(2));
        assert_eq!(
            object
                .text("c")
                .map(|text| text.get().to_owned())
                .as_deref(),
            Some("d")
        );
    }
}
