//! Lists of rows of which some may be odd: a bad row costs itself alone.
//!
//! A list is read whole first, which is fast. Only when that fails is it read row by row, and a row
//! that fails field by field. A field that cannot be read, or that stands twice with two values,
//! then counts as one with an unusable value.

use super::body::json;
use super::object::{Field, Object};
use crate::exchange::ParseError;
use serde::de::{Deserializer, Error, IntoDeserializer, MapAccess, Visitor, value};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;

/// Stands for a field that cannot be read: it deserialises neither as a number nor as a text.
const UNREADABLE: &str = "{}";

/// A row, or the beginning of what stands in its place.
pub(in crate::exchange) type Row<T> = Result<T, String>;

/// Reads the rows of `list`, the JSON text of an array.
///
/// # Errors
/// [`ParseError`] when it is no array.
pub(in crate::exchange) fn rows<'a, T: Deserialize<'a>>(
    list: &'a str,
) -> Result<Vec<Row<T>>, ParseError> {
    if let Ok(rows) = serde_json::from_str::<Vec<Whole<T>>>(list) {
        return Ok(rows.into_iter().map(|row| Ok(row.0)).collect());
    }
    // The slow path. serde_json stops at the first error, so each row is split off before it is
    // read.
    let rows: Vec<&'a RawValue> = json(list)?;
    Ok(rows
        .into_iter()
        .map(|raw| row::<Whole<T>>(raw).map(|row| row.0))
        .collect())
}

/// A row that must be an object. serde also reads a struct from an array, and would take its places
/// for the fields in their order.
struct Whole<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WholeVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for WholeVisitor<T> {
            type Value = Whole<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Whole<T>, A::Error> {
                T::deserialize(value::MapAccessDeserializer::new(map)).map(Whole)
            }
        }

        deserializer.deserialize_map(WholeVisitor(PhantomData))
    }
}

/// Reads one row, field by field where it cannot be read whole.
pub(in crate::exchange) fn row<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Row<T> {
    let whole = serde_json::from_str(raw.get());
    whole
        .or_else(|_| by_field(raw.get()))
        .map_err(|_| beginning(raw))
}

/// Reads one object, field by field where it cannot be read whole.
///
/// # Errors
/// [`ParseError`] when it is no object, or one of another shape.
pub(in crate::exchange) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ParseError> {
    json(text).or_else(|error| by_field(text).map_err(|_| error))
}

fn by_field<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, serde_json::Error> {
    let object: Object<'a> = serde_json::from_str(text)?;
    let fields = object
        .into_fields()
        .ok_or_else(|| serde_json::Error::custom("a field has no name"))?;
    T::deserialize(value::MapDeserializer::new(
        fields.map(|(name, field)| (name, Value::of(field))),
    ))
}

/// The beginning of a row, for a message.
fn beginning(raw: &RawValue) -> String {
    raw.get().chars().take(32).collect()
}

/// A field's JSON text, which can be read.
#[derive(Clone, Copy)]
struct Value<'a>(&'a str);

impl<'a> Value<'a> {
    fn of(field: Field<'a>) -> Self {
        match field {
            // A number out of range or half a surrogate pair passes as raw text, and fails only
            // when it is read.
            Field::Sent(raw)
                if serde_json::from_str::<super::number::WireNumber>(raw.get()).is_ok() =>
            {
                Self(raw.get())
            }
            Field::Sent(_) | Field::Contradicted => Self(UNREADABLE),
        }
    }
}

impl<'de> IntoDeserializer<'de, serde_json::Error> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        serde_json::Deserializer::from_str(self.0).deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, serde_json::Error> {
        serde_json::Deserializer::from_str(self.0).deserialize_option(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, serde_json::Error> {
        serde_json::Deserializer::from_str(self.0).deserialize_newtype_struct(name, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::super::{WireNumber, WireText};
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Wire<'a> {
        #[serde(borrow)]
        name: WireText<'a>,
        price: WireNumber,
        size: WireNumber,
    }

    /// Rows as `name price size`, with `-` for what is absent and `!` for what cannot be used.
    fn told(list: &str) -> Vec<String> {
        let number = |number: &WireNumber| match number {
            WireNumber::Absent => "-".to_owned(),
            WireNumber::Value(value) => value.to_string(),
            WireNumber::Unusable(_) => "!".to_owned(),
        };
        let rows: Vec<Row<Wire<'_>>> = rows(list).unwrap();
        rows.into_iter()
            .map(|row| match row {
                Ok(row) => {
                    format!(
                        "{} {} {}",
                        row.name.sent().unwrap_or("-"),
                        number(&row.price),
                        number(&row.size)
                    )
                }
                Err(beginning) => format!("none: {beginning}"),
            })
            .collect()
    }

    #[track_caller]
    fn check(odd: &str, expected: &str) {
        let list = format!(
            r#"[{{"name":"A","price":"1","size":"2"}},{odd},{{"name":"C","price":"5","size":"6"}}]"#
        );
        assert_eq!(told(&list), ["A 1 2", expected, "C 5 6"], "for {odd}");
    }

    #[test]
    fn a_row_that_is_none_costs_itself() {
        check("\"maintenance\"", "none: \"maintenance\"");
        check("null", "none: null");
        check("7", "none: 7");
        check("[1,2]", "none: [1,2]");
        check("{}", "- - -");
    }

    #[test]
    fn a_field_that_cannot_be_read_costs_itself() {
        check(r#"{"name":"B","price":1e999,"size":"2"}"#, "B ! 2");
        check(r#"{"name":"B","price":"\ud800","size":"2"}"#, "B ! 2");
        check(r#"{"name":"\udc00","price":"1","size":"2"}"#, "- 1 2");
        check(
            r#"{"name":"B","price":{"a":[1e999]},"size":[true]}"#,
            "B ! !",
        );
        // A name that cannot be read at all costs the row.
        check(
            r#"{"name":"B","\ud800":1,"price":"1","size":"2"}"#,
            r#"none: {"name":"B","\ud800":1,"price":""#,
        );
    }

    #[test]
    fn a_field_that_stands_twice_counts_once_when_both_say_the_same() {
        check(
            r#"{"name":"B","price":"1","price":"1","size":"2"}"#,
            "B 1 2",
        );
        check(
            r#"{"name":"B","price":"1","price":"7","size":"2"}"#,
            "B ! 2",
        );
        check(
            r#"{"name":"B","price":"1","price":"7","price":"1","size":"2"}"#,
            "B ! 2",
        );
        check(r#"{"name":"B","name":"X","price":"1","size":"2"}"#, "- 1 2");
    }

    #[test]
    fn a_list_that_is_none_is_refused() {
        for list in ["{}", "7", "[1", "null"] {
            assert!(rows::<Wire<'_>>(list).is_err(), "{list}");
        }
    }

    proptest! {
        #[test]
        fn no_list_makes_the_reader_panic(list in "[\\[\\]{}:,\"a0-9.eEn\\\\ud]{0,40}") {
            let _ = rows::<Wire<'_>>(&list);
        }
    }
}
