//! Texts in whose place something else may stand.
//!
//! Every JSON type has a visitor method that yields "no text". Without it one number in the place
//! of a text would make serde refuse the whole body.

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use std::borrow::Cow;
use std::fmt;

/// A text, or nothing where something else or nothing was sent: one such field must not make a
/// whole body unreadable.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::exchange) struct WireText<'a>(Option<Cow<'a, str>>);

impl WireText<'static> {
    /// A text of our own.
    pub(in crate::exchange) fn owned(text: &str) -> Self {
        Self(Some(Cow::Owned(text.to_owned())))
    }
}

impl<'a> WireText<'a> {
    /// The text, if one was sent.
    pub(in crate::exchange) fn sent(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The text; empty when none was sent.
    pub(in crate::exchange) fn get(&self) -> &str {
        self.sent().unwrap_or_default()
    }

    /// The text, borrowed where it can be; empty when none was sent.
    pub(in crate::exchange) fn into_inner(self) -> Cow<'a, str> {
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
}
