//! The prefix of every store key and of the channel, so that several environments can share one
//! store.
//!
//! Invariant: a [`KeyPrefix`] is safe as it is in a Redis key, in a cluster's hash tag and in the
//! rights of a Redis user. So nothing has to be escaped later.

use std::fmt;
use std::str::FromStr;

/// The longest prefix, bytes: enough for a name, and short beside the keys.
const MAX_BYTES: usize = 64;

/// The prefix; empty where one environment has the store to itself.
///
/// A part in braces, as in `{market}:`, keeps all keys in one slot of a Redis Cluster, where a
/// script can touch no other slot. No allowed character is a pattern in the rights of a Redis user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyPrefix(String);

/// Why a text is no prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeyPrefix {
    /// It is longer than 64 bytes.
    #[error("it has {bytes} bytes, and {MAX_BYTES} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A character is not allowed.
    #[error(
        "{found:?} is none of the allowed characters: letters, digits, : - _ . / and one pair of braces"
    )]
    Character {
        /// The first of them.
        found: char,
    },
    /// Braces that are not one pair around a name. Redis reads several pairs, an empty pair or a
    /// reversed one differently from what the text suggests.
    #[error("its braces are not one pair around a name, as in {{market}}:")]
    Braces,
}

impl KeyPrefix {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The full name of a key or a channel.
    #[must_use]
    pub fn of(&self, name: &str) -> String {
        format!("{}{name}", self.0)
    }
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyPrefix {
    type Err = BadKeyPrefix;

    fn from_str(text: &str) -> Result<Self, BadKeyPrefix> {
        if text.len() > MAX_BYTES {
            return Err(BadKeyPrefix::TooLong { bytes: text.len() });
        }
        let is_allowed = |found: char| found.is_ascii_alphanumeric() || ":-_./{}".contains(found);
        if let Some(found) = text.chars().find(|found| !is_allowed(*found)) {
            return Err(BadKeyPrefix::Character { found });
        }
        let braces: String = text
            .chars()
            .filter(|found| matches!(found, '{' | '}'))
            .collect();
        // Redis hashes the part between the first `{` and the next `}`, and the whole key when that
        // part is empty. Then the keys would lie in different slots.
        if !(braces.is_empty() || braces == "{}" && !text.contains("{}")) {
            return Err(BadKeyPrefix::Braces);
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_prefix_stands_before_every_name() {
        for (prefix, full) in [
            ("", "market:overview"),
            ("staging:", "staging:market:overview"),
            ("{market}:", "{market}:market:overview"),
        ] {
            assert_eq!(
                prefix.parse::<KeyPrefix>().unwrap().of("market:overview"),
                full
            );
        }
        assert_eq!(KeyPrefix::default(), "".parse().unwrap());
    }

    #[test]
    fn what_is_no_prefix_is_refused_by_name() {
        let long = "x".repeat(1_024);
        assert_eq!(
            long.parse::<KeyPrefix>(),
            Err(BadKeyPrefix::TooLong { bytes: 1_024 })
        );
        assert_eq!(
            "x".repeat(65).parse::<KeyPrefix>(),
            Err(BadKeyPrefix::TooLong { bytes: 65 })
        );
        assert!("x".repeat(64).parse::<KeyPrefix>().is_ok());
        for (text, found) in [
            ("a b", ' '),
            ("a\n", '\n'),
            ("\0", '\0'),
            ("a*", '*'),
            ("a?", '?'),
            ("[a]", '['),
            ("%R~", '%'),
            ("é", 'é'),
        ] {
            assert_eq!(
                text.parse::<KeyPrefix>(),
                Err(BadKeyPrefix::Character { found }),
                "{text:?}"
            );
        }
        for text in [
            "{", "}", "{}", "{}:", "}a{", "{a", "a}", "{a}{b}", "{{a}}", "{a}}",
        ] {
            assert_eq!(
                text.parse::<KeyPrefix>(),
                Err(BadKeyPrefix::Braces),
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_what_is_read_is_kept(text in ".{0,80}") {
            if let Ok(prefix) = text.parse::<KeyPrefix>() {
                prop_assert_eq!(prefix.as_str(), &*text);
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*'));
            }
        }
    }
}
