//! A JSON object that is read field by field: what is wrong with one field costs that field alone.

use super::ParseError;
use super::wire::{self, WireNumber, WireText};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// How much of an unreadable value is kept to be quoted.
const QUOTED_CHARS: usize = 32;

/// A body as text in which control characters that JSON allows nowhere are replaced, as bytes that no text has are, so that
/// they spoil the field in which they stand and no other.
///
/// # Errors
/// Any [`ParseError`] of a body that is no text.
pub(super) fn readable(body: &[u8]) -> Result<Cow<'_, str>, ParseError> {
    let is_foreign = |c: char| c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r');
    let text = wire::text(body)?;
    Ok(if text.contains(is_foreign) { text.replace(is_foreign, "\u{fffd}").into() } else { text })
}

/// The fields of an object, still raw.
#[derive(Debug, Default)]
pub(super) struct Object<'a>(BTreeMap<Cow<'a, str>, Field<'a>>);

#[derive(Clone, Copy, Debug)]
enum Field<'a> {
    Sent(&'a RawValue),
    /// Sent more than once, with values that differ.
    Contradicted,
}

impl<'a> Object<'a> {
    /// Opens the text of a body.
    ///
    /// # Errors
    /// Any [`ParseError`] of a body that is no JSON object.
    pub(super) fn open(text: &'a str) -> Result<Self, ParseError> {
        wire::json(text)
    }

    /// The object that `raw` holds, if it holds one.
    pub(super) fn read(raw: &'a RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok()
    }

    /// The number of a field.
    pub(super) fn number(&self, name: &str) -> WireNumber {
        self.0.get(name).map_or(WireNumber::Absent, Field::number)
    }

    /// The text of a field, if it holds one.
    pub(super) fn text(&self, name: &str) -> Option<WireText<'a>> {
        serde_json::from_str(self.value(name)?.get()).ok()
    }

    /// The object of a field, if it holds one.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        Self::read(self.value(name)?)
    }

    /// The elements of a field, if it holds a list.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(self.value(name)?.get()).ok()
    }

    /// A field's value, if there is one and only one.
    pub(super) fn value(&self, name: &str) -> Option<&'a RawValue> {
        match self.0.get(name)? {
            Field::Sent(raw) if raw.get() != "null" => Some(raw),
            Field::Sent(_) | Field::Contradicted => None,
        }
    }

    /// The number of every field.
    pub(super) fn numbers(&self) -> impl Iterator<Item = WireNumber> {
        self.0.values().map(Field::number)
    }
}

impl Field<'_> {
    fn number(&self) -> WireNumber {
        match self {
            // A number that is out of range is an error of its own, and rubbish as any other.
            Self::Sent(raw) => serde_json::from_str(raw.get())
                .unwrap_or_else(|_| WireNumber::Unusable(raw.get().chars().take(QUOTED_CHARS).collect())),
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
                let mut fields = BTreeMap::new();
                while let Some((Name(name), raw)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    let field = fields.entry(name).or_insert(Field::Sent(raw));
                    if !matches!(field, Field::Sent(first) if first.get() == raw.get()) {
                        *field = Field::Contradicted;
                    }
                }
                Ok(Object(fields))
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

/// A field's name. One that is no text is another field than any that is read.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_bytes<E: de::Error>(self, name: &'de [u8]) -> Result<Name<'de>, E> {
                Ok(Name(String::from_utf8_lossy(name)))
            }

            fn visit_bytes<E: de::Error>(self, name: &[u8]) -> Result<Name<'de>, E> {
                Ok(Name(String::from_utf8_lossy(name).into_owned().into()))
            }
        }

        // As bytes: half of a surrogate pair is refused where text is asked for, and the whole object with it.
        deserializer.deserialize_bytes(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &WireNumber) {
        let body = format!(r#"{{"before":1,{json},"after":2}}"#);
        let object = Object::open(&body).unwrap();
        assert_eq!(object.number("field"), *expected, "for {json}");
        let others = [object.number("before"), object.number("after")];
        assert_eq!(others, [WireNumber::Value(1.0), WireNumber::Value(2.0)], "for {json}");
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
        check(r#""field":7,"field":8,"field":7"#, &unusable("two different values"));
        check(r#""\ud800":7"#, &WireNumber::Absent);
    }

    #[test]
    fn a_bad_byte_spoils_the_field_in_which_it_stands() {
        let text = readable(b"{\"a\":\"7\xff\",\"b\":\"\x01\",\"\xfe\":1,\"c\":3}").unwrap();
        let object = Object::open(&text).unwrap();
        assert_eq!(object.number("a"), WireNumber::Unusable("7\u{fffd}".to_owned()));
        assert_eq!(object.number("b"), WireNumber::Unusable("\u{fffd}".to_owned()));
        assert_eq!(object.number("c"), WireNumber::Value(3.0));
    }

    #[test]
    fn what_is_no_object_is_none() {
        assert!(matches!(Object::open("[1]"), Err(ParseError::Malformed(_))));
        assert!(matches!(Object::open("7"), Err(ParseError::Malformed(_))));
        assert!(matches!(Object::open("{\"a\":1"), Err(ParseError::Truncated)));
        assert_eq!(readable(b""), Err(ParseError::Empty));
        let object = Object::open(r#"{"a":[1,{"b":2}],"c":"d","e":null}"#).unwrap();
        assert!(object.object("a").is_none() && object.object("e").is_none() && object.list("c").is_none());
        assert_eq!(object.list("a").map(|rows| rows.len()), Some(2));
        assert_eq!(object.text("c").map(|text| text.get().to_owned()).as_deref(), Some("d"));
    }
}
